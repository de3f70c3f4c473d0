//! SSL: the mode, and what both modes have in common.

pub(super) mod advanced;
pub(super) mod basic;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::Answer;
use super::ask::Ask;
use super::certificate::Ssl;
use super::model::Model;

pub(super) fn show_mode(model: &Model) -> Answer {
    let (advanced, auto) = match &model.app.ssl {
        Ssl::Advanced { auto, .. } => (true, *auto),
        Ssl::None | Ssl::Basic(_) | Ssl::Custom(_) => (false, false),
    };
    Answer::ok(&json!({ "advancedSSL": advanced, "autoSSL": auto }))
}

/// What switching does to certificates is not documented; here a change of mode drops them.
pub(super) fn switch_mode(model: &mut Model, ask: &Ask) -> Answer {
    let Some(advanced) = ask.body["advancedSSL"].as_bool() else {
        return Answer::invalid("advancedSSL", "The advanced ssl field is required.");
    };
    let wanted = ask.body["autoSSL"].as_bool().unwrap_or(false);
    match &mut model.app.ssl {
        Ssl::Advanced { auto, .. } if advanced => *auto = wanted,
        ssl @ Ssl::Advanced { .. } => *ssl = Ssl::None,
        ssl @ (Ssl::None | Ssl::Basic(_) | Ssl::Custom(_)) if advanced => {
            let certificates = BTreeMap::new();
            *ssl = Ssl::Advanced { auto: wanted, certificates };
        }
        Ssl::None | Ssl::Basic(_) | Ssl::Custom(_) => {}
    }
    show_mode(model).changed()
}

/// Why an installation's body is refused, if it is.
fn refusal(model: &Model, body: &Value) -> Option<Answer> {
    let known = ["letsencrypt", "custom", "csr"];
    if !body["provider"].as_str().is_some_and(|provider| known.contains(&provider)) {
        return Some(Answer::invalid("provider", "The selected provider is invalid."));
    }
    let flag = ["enableHttp", "enableHsts"].into_iter().find(|field| !body[field].is_boolean());
    if let Some(field) = flag {
        return Some(Answer::invalid(field, "The field must be true or false."));
    }
    let by_challenge = body["provider"] == "letsencrypt";
    if by_challenge
        && body["authorizationMethod"] != "http-01"
        && body["authorizationMethod"] != "dns-01"
    {
        let text = "The selected authorization method is invalid.";
        return Some(Answer::invalid("authorizationMethod", text));
    }
    let demanded = model.demanded_ssl_field.as_deref().filter(|field| body[field].is_null());
    demanded.map(|field| Answer::invalid(field, "The field is required."))
}
