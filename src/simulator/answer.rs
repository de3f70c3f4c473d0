//! What a handler gives back: a reply, and whether the model changed.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use super::faults::Reply;

/// A handler's result.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) reply: Reply,
    pub(super) changed: bool,
}

impl Answer {
    /// 200 with this body; creations answer 200 too (documented).
    pub(super) fn ok(body: &impl Serialize) -> Answer {
        match serde_json::to_string(body) {
            Ok(text) => Answer::from(Reply::json(200, text)),
            Err(error) => Answer::message(500, &error.to_string()),
        }
    }

    /// `{"message": …}`, the body of most errors.
    pub(super) fn message(code: u16, text: &str) -> Answer {
        Answer::from(Reply::json(code, json!({ "message": text }).to_string()))
    }

    /// A missing or foreign id.
    pub(super) fn not_found() -> Answer {
        Answer::message(404, "Resource not found.")
    }

    /// Client code compares this text literally; the status is inferred.
    pub(super) fn no_ssl() -> Answer {
        Answer::message(404, "SSL not installed!")
    }

    /// 422 in Laravel's shape (seen in client code; the texts are Laravel's own, never seen from RunCloud).
    pub(super) fn invalid(field: &str, text: &str) -> Answer {
        let errors = BTreeMap::from([(field, [text])]);
        let body = json!({ "message": "The given data was invalid.", "errors": errors });
        Answer::from(Reply::json(422, body.to_string()))
    }

    /// The same, and the model changed.
    pub(super) fn changed(self) -> Answer {
        Answer { changed: true, ..self }
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Answer {
        Answer { reply, changed: false }
    }
}
