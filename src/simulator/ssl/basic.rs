//! Basic mode: one certificate for the whole web application.

use serde_json::json;

use super::refusal;
use crate::simulator::answer::Answer;
use crate::simulator::ask::Ask;
use crate::simulator::certificate::{Certificate, Ssl, SslShape};
use crate::simulator::lists;
use crate::simulator::model::Model;
use crate::simulator::network::ApiVersion;
use crate::simulator::routes::is;
use crate::simulator::wire::{DomainSslRow, SslRow};

/// The shapes on record: the certificate itself, the domains with one nested in each, or 404.
pub(in crate::simulator) fn show(model: &Model, ask: &Ask) -> Answer {
    let version = ask.version();
    match (&model.app.ssl, model.ssl_shape) {
        (Ssl::None, _) => Answer::no_ssl(),
        (Ssl::Basic(one) | Ssl::Custom(one), SslShape::Flat) => {
            Answer::ok(&SslRow::new(one, version))
        }
        (Ssl::Basic(one) | Ssl::Custom(one), SslShape::PerDomain) => {
            per_domain(model, version, |_| Some(one))
        }
        (Ssl::Advanced { certificates, .. }, _) => {
            per_domain(model, version, |domain| certificates.get(&domain))
        }
    }
}

/// In advanced mode it answers 200 and leaves an object without effect (seen live).
pub(in crate::simulator) fn install(model: &mut Model, ask: &Ask) -> Answer {
    if let Some(refusal) = refusal(model, &ask.body) {
        return refusal;
    }
    match &model.app.ssl {
        Ssl::Advanced { .. } => model.stray_ssl += 1,
        Ssl::Basic(_) | Ssl::Custom(_) => return Answer::message(422, "SSL is already installed."),
        Ssl::None if ask.body["provider"] == "letsencrypt" => model.install_basic(),
        Ssl::None => {
            let id = model.fresh_id();
            let names = model.served_names();
            let method = ask.body["provider"].as_str().unwrap_or_default().to_owned();
            let issued = Certificate::issued(id, names, model.clock.in_days(365));
            model.app.ssl = Ssl::Custom(Certificate { method, ..issued });
        }
    }
    Answer::ok(&json!({})).changed()
}

/// Only a Let's Encrypt certificate can be redeployed (documented).
pub(in crate::simulator) fn redeploy(model: &mut Model, id: &str) -> Answer {
    match &model.app.ssl {
        Ssl::Basic(certificate) if is(certificate.id, id) => model.order_basic(),
        Ssl::Custom(certificate) if is(certificate.id, id) => {
            return Answer::message(422, "Only Let's Encrypt certificates can be redeployed.");
        }
        _ => return Answer::not_found(),
    }
    Answer::ok(&json!({})).changed()
}

pub(in crate::simulator) fn remove(model: &mut Model, id: &str) -> Answer {
    match &model.app.ssl {
        Ssl::Basic(certificate) | Ssl::Custom(certificate) if is(certificate.id, id) => {
            model.app.ssl.uninstall(None);
            Answer::ok(&json!({})).changed()
        }
        _ => Answer::not_found(),
    }
}

/// Without pages: whether there are any is unknown.
fn per_domain<'a>(
    model: &'a Model,
    version: Option<ApiVersion>,
    certificate: impl Fn(u64) -> Option<&'a Certificate>,
) -> Answer {
    let order = lists::order(&model.app.domains, model.seed);
    let domains = order.into_iter().map(|at| &model.app.domains[at]);
    let rows = domains.map(|domain| DomainSslRow {
        id: domain.id,
        name: &domain.name,
        ssl: certificate(domain.id).map(|one| SslRow::new(one, version)),
    });
    Answer::ok(&json!({ "data": rows.collect::<Vec<_>>() }))
}
