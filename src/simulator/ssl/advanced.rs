//! Advanced mode: one certificate for each domain.

use serde_json::json;

use super::refusal;
use crate::simulator::answer::Answer;
use crate::simulator::ask::Ask;
use crate::simulator::certificate::{Certificate, Ssl};
use crate::simulator::model::Model;
use crate::simulator::orders::PlacedBy;
use crate::simulator::routes::is;
use crate::simulator::wire::SslRow;

pub(in crate::simulator) fn show(model: &Model, ask: &Ask, domain: u64) -> Answer {
    match installed(model, domain) {
        Some(certificate) => Answer::ok(&SslRow::new(certificate, ask.version())),
        None => Answer::no_ssl(),
    }
}

/// Answers 200 before anything is issued (seen live).
pub(in crate::simulator) fn install(model: &mut Model, ask: &Ask, domain: u64) -> Answer {
    if let Some(refusal) = refusal(model, &ask.body) {
        return refusal;
    }
    if !matches!(model.app.ssl, Ssl::Advanced { .. }) {
        return Answer::message(422, "Advanced SSL is not enabled.");
    }
    if installed(model, domain).is_some() {
        return Answer::message(422, "SSL is already installed.");
    }
    model.install_for(domain, PlacedBy::Client);
    Answer::ok(&json!({})).changed()
}

pub(in crate::simulator) fn redeploy(model: &mut Model, domain: u64, id: &str) -> Answer {
    if !installed(model, domain).is_some_and(|certificate| is(certificate.id, id)) {
        return Answer::not_found();
    }
    model.order_for(domain, PlacedBy::Client);
    Answer::ok(&json!({})).changed()
}

pub(in crate::simulator) fn remove(model: &mut Model, domain: u64, id: &str) -> Answer {
    if !installed(model, domain).is_some_and(|certificate| is(certificate.id, id)) {
        return Answer::not_found();
    }
    model.app.ssl.uninstall(Some(domain));
    Answer::ok(&json!({})).changed()
}

fn installed(model: &Model, domain: u64) -> Option<&Certificate> {
    match &model.app.ssl {
        Ssl::Advanced { certificates, .. } => certificates.get(&domain),
        Ssl::None | Ssl::Basic(_) | Ssl::Custom(_) => None,
    }
}
