//! Everything between the wire and the handlers: the edge's filter, the throttle, and who may come in.

use tokio::time::Instant;

use super::answer::Answer;
use super::ask::Ask;
use super::clock::since_epoch;
use super::faults::Reply;
use super::model::Model;
use super::network::{ApiVersion, Credential, RateLimit};
use super::routes;

/// The throttle's current window.
#[derive(Debug, Default, Clone)]
pub(super) struct Window {
    since: Option<Instant>,
    calls: u32,
}

/// Lets a call through to its handler, or turns it away.
pub(super) fn pass(model: &mut Model, ask: &Ask) -> Answer {
    if is_filtered(ask) {
        return Reply::html(403).into();
    }
    let Some(limit) = model.rate_limit else {
        return admit(model, ask);
    };
    let left = model.window.spend(limit);
    let mut answer = match left {
        Some(_) => admit(model, ask),
        None => throttled(model, limit),
    };
    let shown = [("X-RateLimit-Limit", limit.calls), ("X-RateLimit-Remaining", left.unwrap_or(0))];
    answer.reply.headers.extend(shown.map(|(name, count)| (name.to_owned(), count.to_string())));
    answer
}

/// The edge turns libraries' own names away (seen live for one of them).
fn is_filtered(ask: &Ask) -> bool {
    let agent = ask.header("user-agent").unwrap_or_default().trim().to_ascii_lowercase();
    agent.is_empty() || ["python-requests", "reqwest/"].iter().any(|name| agent.starts_with(name))
}

fn admit(model: &mut Model, ask: &Ask) -> Answer {
    if !ask.header("accept").is_some_and(|accept| accept.contains("json")) {
        return to_login_page();
    }
    // Before any id is looked at: a 404 proves that the credential is good.
    if let Some(refusal) = refusal(&model.credential, ask) {
        return Answer::message(401, refusal);
    }
    routes::route(model, ask)
}

/// Without the Accept header, Laravel takes the client for a browser (inferred).
fn to_login_page() -> Answer {
    let mut page = Reply::html(302);
    page.headers.push(("Location".to_owned(), "/auth/login".to_owned()));
    page.into()
}

fn refusal(credential: &Credential, ask: &Ask) -> Option<&'static str> {
    let Some(sent) = ask.header("authorization") else {
        return Some("Missing API Token.");
    };
    let expected = match credential {
        Credential::Bearer(token) => Some(format!("Bearer {token}")),
        Credential::Basic { .. } if ask.version() == Some(ApiVersion::V3) => None,
        Credential::Basic { key, secret } => {
            Some(format!("Basic {}", base64(format!("{key}:{secret}").as_bytes())))
        }
    };
    (expected.as_deref() != Some(sent)).then_some("Unauthenticated.")
}

fn throttled(model: &Model, limit: RateLimit) -> Answer {
    let wait = model.window.left(limit).as_secs_f64().ceil().max(1.0);
    let reset = since_epoch(model.clock.now()).as_secs_f64() + wait;
    let mut answer = Answer::message(429, "Too Many Attempts.");
    // Both are Laravel's defaults (inferred).
    let headers = [("Retry-After", wait), ("X-RateLimit-Reset", reset)];
    answer
        .reply
        .headers
        .extend(headers.map(|(name, value)| (name.to_owned(), format!("{value:.0}"))));
    answer
}

impl Window {
    /// What is left after this call, or nothing if there was nothing.
    fn spend(&mut self, limit: RateLimit) -> Option<u32> {
        if self.left(limit).is_zero() {
            *self = Window { since: Some(Instant::now()), calls: 0 };
        }
        let left = limit.calls.checked_sub(self.calls + 1)?;
        self.calls += 1;
        Some(left)
    }

    fn left(&self, limit: RateLimit) -> std::time::Duration {
        self.since
            .map_or_else(Default::default, |since| limit.window.saturating_sub(since.elapsed()))
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) as usize & 63;
            text.push(if digit <= chunk.len() { char::from(DIGITS[value]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads_as_the_standard_says() {
        let encoded = ["", "f", "fo", "foo", "foob"].map(|text| base64(text.as_bytes()));
        assert_eq!(encoded, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }
}
