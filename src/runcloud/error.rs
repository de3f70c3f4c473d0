use std::time::Duration;

use serde_json::Value;

/// How much of RunCloud's message is kept, in characters.
const MESSAGE: usize = 300;
/// How many fields of a refusal are kept; the calls send no more.
const FIELDS: usize = 20;

/// What the caller should do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The same call may succeed later.
    Transient,
    /// The call was wrong for this one name; others are not affected.
    Item,
    /// Every call will fail the same way until a person changes something.
    Fatal,
}

/// Why a call to RunCloud did not do what it was for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// No connection came about, so nothing was sent.
    #[error("cannot connect to RunCloud ({0}); is the network up, and the API URL right?")]
    Connect(String),
    /// The program was asked to stop, and made no further call or did not wait for what it read.
    #[error("asked to stop")]
    Stopped,
    /// The call was sent, and no whole answer came back: it may have taken effect.
    #[error("no whole answer from RunCloud: {0}")]
    Interrupted(String),
    /// HTTP 429: the rate limit or the monthly quota is used up.
    #[error("429 {message}{}", wait_hint(*.retry_after))]
    Throttled {
        /// RunCloud's message.
        message: String,
        /// How long RunCloud asks to wait.
        retry_after: Option<Duration>,
    },
    /// HTTP 5xx, or what RunCloud does not send, as 404 without JSON: the call may have taken effect.
    #[error("RunCloud is not available: {status} {message}")]
    Unavailable {
        /// The HTTP status.
        status: u16,
        /// RunCloud's message, or what kind of answer it was.
        message: String,
    },
    /// HTTP 403 without JSON: a filter in front of RunCloud, not RunCloud's own refusal.
    #[error("403 from a filter in front of RunCloud ({0})")]
    Filtered(String),
    /// HTTP 3xx: whatever answers is not the API.
    #[error("{status} redirect instead of an answer; is the API URL right?")]
    Redirected {
        /// The HTTP status.
        status: u16,
    },
    /// HTTP 401.
    #[error(
        "401 {0}: RunCloud refused the credentials. The token (or key and secret) may be wrong, or \
         API settings → IP Address Restriction may not list this server"
    )]
    Unauthorized(String),
    /// HTTP 403 with RunCloud's own message.
    #[error(
        "403 {0}: RunCloud forbids this. The plan may not include the API, or the server id may \
         belong to another account"
    )]
    Forbidden(String),
    /// The configured server or web application does not exist for these credentials.
    #[error(
        "404 {message}: RunCloud knows no web application {app} on server {server}. Compare the ids \
         with the dashboard's address (/servers/SERVER/webapps/APP)"
    )]
    UnknownApp {
        /// The configured server id.
        server: u64,
        /// The configured web application id.
        app: u64,
        /// RunCloud's message.
        message: String,
    },
    /// HTTP 404 on something smaller than the web application.
    #[error("404 {0}")]
    NotFound(String),
    /// Any other HTTP 4xx: RunCloud refused this call.
    #[error("{status} {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// RunCloud's message with its field errors.
        message: String,
        /// The fields the message is about.
        fields: Vec<String>,
    },
    /// A 2xx answer that is not what the call promises.
    #[error("RunCloud's answer cannot be used: {0}")]
    Body(String),
    /// A listing that does not add up, read several times.
    #[error("RunCloud's list of domains does not add up: {0}")]
    Listing(String),
}

impl ApiError {
    /// What the caller should do about it.
    pub fn class(&self) -> Class {
        match self {
            Self::Connect(_)
            | Self::Stopped
            | Self::Interrupted(_)
            | Self::Throttled { .. }
            | Self::Unavailable { .. }
            | Self::Filtered(_)
            | Self::Redirected { .. }
            | Self::Body(_)
            | Self::Listing(_) => Class::Transient,
            Self::NotFound(_) | Self::Refused { .. } => Class::Item,
            Self::Unauthorized(_) | Self::Forbidden(_) | Self::UnknownApp { .. } => Class::Fatal,
        }
    }

    /// Whether the next call would meet the same, whatever name it is for.
    pub fn is_about_everything(&self) -> bool {
        self.class() == Class::Fatal
            || matches!(self, Self::Connect(_) | Self::Stopped | Self::Throttled { .. })
    }

    /// Whether RunCloud certainly did not act on the call, so that repeating it is safe.
    pub(super) fn was_not_acted_on(&self) -> bool {
        matches!(
            self,
            Self::Connect(_) | Self::Stopped | Self::Throttled { .. } | Self::Filtered(_)
        )
    }

    /// The error an HTTP status other than 2xx stands for.
    pub(super) fn from_status(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let json = serde_json::from_slice::<Value>(body).ok().filter(Value::is_object);
        let message = json.as_ref().map_or_else(|| "without a JSON body".to_owned(), message_of);
        match status {
            300..=399 => Self::Redirected { status },
            401 => Self::Unauthorized(message),
            403 if json.is_none() => Self::Filtered(message),
            403 => Self::Forbidden(message),
            // Not RunCloud's: its own 404 says that something is gone, and is believed.
            404 if json.is_none() => Self::Unavailable { status, message },
            404 => Self::NotFound(message),
            429 => Self::Throttled { message, retry_after },
            ..200 | 408 | 425 | 500.. => Self::Unavailable { status, message },
            _ => Self::Refused {
                status,
                message,
                fields: json.as_ref().map(fields_of).unwrap_or_default(),
            },
        }
    }
}

fn wait_hint(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| {
        format!("; RunCloud asks to wait {}", humantime::format_duration(wait))
    })
}

/// RunCloud's own words, from `message`, `error` or `error.message`, with its field errors.
fn message_of(json: &Value) -> String {
    let said = [&json["message"], &json["error"]["message"], &json["error"]]
        .into_iter()
        .find_map(Value::as_str)
        .unwrap_or("without a message");
    let details = json["errors"].as_object().into_iter().flatten().flat_map(|(_, texts)| {
        let texts = texts.as_array().map_or(std::slice::from_ref(texts), Vec::as_slice);
        texts.iter().filter_map(Value::as_str)
    });
    let mut whole = said.to_owned();
    for detail in details.filter(|detail| !said.contains(*detail)) {
        whole.push(' ');
        whole.push_str(detail);
    }
    one_line(whole.trim_end_matches('.'))
}

fn fields_of(json: &Value) -> Vec<String> {
    let fields = json["errors"].as_object().into_iter().flatten();
    fields.take(FIELDS).map(|(field, _)| one_line(field)).collect()
}

/// Text from outside, fit for a log line: no control characters, bounded.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, body: &str) -> ApiError {
        ApiError::from_status(status, None, body.as_bytes())
    }

    #[test]
    fn a_refusal_carries_the_message_and_the_field_errors_once() {
        let body = r#"{"message":"The given data was invalid.",
            "errors":{"name":["The name has already been taken."]}}"#;
        let refused = error(422, body);
        assert_eq!(
            refused.to_string(),
            "422 The given data was invalid. The name has already been taken"
        );
        assert_eq!(refused.class(), Class::Item);
    }

    #[test]
    fn a_body_is_never_quoted() {
        let page = "<html>SECRET</html>";
        for status in [302, 401, 403, 404, 422, 429, 502] {
            assert!(!error(status, page).to_string().contains("SECRET"), "{status}");
        }
        let json = r#"{"data":{"pullKey1":"SECRET"},"message":"no"}"#;
        assert!(!error(422, json).to_string().contains("SECRET"));
    }

    #[test]
    fn a_filter_s_403_is_transient_and_runcloud_s_is_not() {
        assert_eq!(error(403, "<html>").class(), Class::Transient);
        assert_eq!(error(403, r#"{"message":"Forbidden"}"#).class(), Class::Fatal);
    }

    #[test]
    fn only_runcloud_s_own_404_says_that_something_is_gone() {
        assert_eq!(error(404, "<html>").class(), Class::Transient);
        assert_eq!(error(404, r#"{"message":"Resource no"#).class(), Class::Transient);
        let gone = ApiError::NotFound("Resource not found".into());
        assert_eq!(error(404, r#"{"message":"Resource not found."}"#), gone);
    }

    #[test]
    fn a_message_is_one_bounded_line() {
        let body = serde_json::json!({ "message": format!("a\nb{}", "c".repeat(1_000)) });
        let text = error(409, &body.to_string()).to_string();
        assert!(text.starts_with("409 a bc") && text.chars().count() <= 4 + MESSAGE);
        let field = |n: usize| (format!("{n}{}", "f".repeat(1_000)), Value::Null);
        let errors: serde_json::Map<_, _> = (0..99).map(field).collect();
        let body = serde_json::json!({ "errors": errors }).to_string();
        let ApiError::Refused { fields, .. } = error(422, &body) else { panic!("{body}") };
        assert!(fields.len() <= FIELDS && fields.iter().all(|f| f.chars().count() <= MESSAGE));
    }
}
