//! Failures on order: which calls they hit, how many of them, and what happens then.

use std::time::Duration;

use serde_json::Value;

use super::ask::Ask;

/// A failure on order; a call goes to the first fault that matches it, and to that one only.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The calls that it matches.
    pub on: Match,
    /// How many of those pass unharmed first.
    pub skip: u32,
    /// How many are hit then; after that the fault is gone.
    pub times: u32,
    /// What happens to them.
    pub effect: Effect,
}

/// The calls that a fault matches.
#[derive(Debug, Clone, Default)]
pub struct Match {
    /// The HTTP method; nothing means any.
    pub method: Option<String>,
    /// The path.
    pub path: PathMatch,
    /// The `name` in the request's body; nothing means any.
    pub name: Option<String>,
}

/// Which paths a fault matches.
#[derive(Debug, Clone, Default)]
pub enum PathMatch {
    /// All of them.
    #[default]
    Any,
    /// Path and query have this in them.
    Contains(String),
    /// The path, without the query, ends so.
    Ends(String),
}

/// What happens to a call that a fault hits.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Answers this; the call is not done.
    Status(Reply),
    /// Does the call, then answers this.
    AfterStatus(Reply),
    /// Answers 429; the call is not done.
    RateLimited {
        /// The `Retry-After` header, if there is one.
        retry_after: Option<String>,
    },
    /// Closes the connection without a byte; the call is not done.
    Reset,
    /// Does the call, then closes the connection without a byte.
    ResetAfter,
    /// Waits, or until calls are resumed, then does the call and answers, unless the client has gone by then.
    Hang(Duration),
    /// Does the call, then waits, or until calls are resumed, before it answers.
    HangAfter(Duration),
    /// Does the call, announces the whole answer, sends that many bytes of its body and closes the connection.
    TruncateBody(usize),
    /// Does the call, announces the whole answer, sends that many bytes of its body and nothing more until the
    /// client has gone or calls are resumed.
    StallBody(usize),
    /// Answers 200 with this body; the call is not done.
    Body(String),
    /// Does the call, then changes the JSON of its answer.
    Edit(fn(&mut Value)),
    /// A list's `total` is another one in every other call.
    UnstableTotals,
    /// Every page but the first begins with the last row of the page before it, in place of its own first row.
    RepeatIds,
    /// That page of a list comes back empty.
    DropPage(u32),
    /// A list has another order in every call.
    ShuffleEveryCall,
}

/// A whole HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub code: u16,
    /// The body.
    pub body: String,
    /// The `Content-Type` header.
    pub content_type: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
}

impl Fault {
    /// Calls of that method with that text in path and query.
    pub fn on(method: &str, path_contains: &str) -> Match {
        let path = PathMatch::Contains(path_contains.to_owned());
        Match { method: Some(method.to_owned()), path, name: None }
    }

    /// Calls of that method whose path ends so: `/domains` and not `/domains/5`.
    pub fn at(method: &str, path_ends: &str) -> Match {
        let path = PathMatch::Ends(path_ends.to_owned());
        Match { method: Some(method.to_owned()), path, name: None }
    }

    /// Every call.
    pub fn any() -> Match {
        Match::default()
    }

    /// Hits that many calls instead of one.
    #[must_use]
    pub fn times(self, times: u32) -> Fault {
        Fault { times, ..self }
    }

    /// Hits every call, for as long as the fault is in the model.
    #[must_use]
    pub fn always(self) -> Fault {
        self.times(u32::MAX)
    }

    /// Lets that many matching calls pass first.
    #[must_use]
    pub fn skip(self, skip: u32) -> Fault {
        Fault { skip, ..self }
    }
}

impl Match {
    /// Only calls whose body has this `name`.
    #[must_use]
    pub fn naming(self, name: &str) -> Match {
        Match { name: Some(name.to_owned()), ..self }
    }

    /// Hits one call with the effect.
    pub fn with(self, effect: Effect) -> Fault {
        Fault { on: self, skip: 0, times: 1, effect }
    }

    /// Answers with this status, as [`Reply::status`] words it, and does not do the call.
    pub fn status(self, code: u16) -> Fault {
        self.with(Effect::Status(Reply::status(code)))
    }

    /// Does the call, then answers with this status.
    pub fn after_status(self, code: u16) -> Fault {
        self.with(Effect::AfterStatus(Reply::status(code)))
    }

    /// Answers with this status and JSON body, and does not do the call.
    pub fn answer(self, code: u16, body: &Value) -> Fault {
        self.with(Effect::Status(Reply::json(code, body.to_string())))
    }

    fn covers(&self, ask: &Ask) -> bool {
        let method =
            self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&ask.method));
        let name = self.name.as_ref().is_none_or(|name| ask.body["name"] == name.as_str());
        let path = match &self.path {
            PathMatch::Any => true,
            PathMatch::Contains(text) => format!("{}?{}", ask.path, ask.query).contains(text),
            PathMatch::Ends(tail) => ask.path.ends_with(tail),
        };
        method && name && path
    }
}

impl Reply {
    /// A JSON answer.
    pub fn json(code: u16, body: String) -> Reply {
        Reply { code, body, content_type: "application/json".to_owned(), headers: Vec::new() }
    }

    /// An HTML page, as a gateway or an edge filter sends it.
    pub fn html(code: u16) -> Reply {
        let body =
            format!("<html><head><title>{code}</title></head><body><h1>{code}</h1></body></html>");
        let content_type = "text/html; charset=UTF-8".to_owned();
        Reply { code, body, content_type, headers: Vec::new() }
    }

    /// An HTML page from 500 on, else `{"message": …}`.
    pub fn status(code: u16) -> Reply {
        if code >= 500 {
            return Reply::html(code);
        }
        Reply::json(
            code,
            serde_json::json!({ "message": format!("Simulated {code}.") }).to_string(),
        )
    }
}

/// The effect of the first fault that matches the call; a fault that has hit its last call goes.
pub(super) fn take(faults: &mut Vec<Fault>, ask: &Ask) -> Option<Effect> {
    let at = faults.iter().position(|fault| fault.times > 0 && fault.on.covers(ask))?;
    let fault = &mut faults[at];
    if fault.skip > 0 {
        fault.skip -= 1;
        return None;
    }
    fault.times -= 1;
    let effect = fault.effect.clone();
    if fault.times == 0 {
        faults.remove(at);
    }
    Some(effect)
}
