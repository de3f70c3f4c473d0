use std::fmt::{Debug, Write as _};
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::clock::Timestamp;

/// What a message says in words, or is of no use to a person.
const NOT_FOR_A_PERSON: [&str; 4] = ["action", "result", "pass_id", "message_id"];

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a person.
    Text,
    /// One object per line, for a collector.
    Json,
}

/// Writes one line per event. Nobody is told where it cannot be written: there is nobody else to tell.
pub struct Lines<W> {
    format: Format,
    to: Mutex<W>,
}

/// The fields of an event or a span.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl<W: Write> Lines<W> {
    /// Lines of that format.
    pub fn new(format: Format, to: W) -> Self {
        Self { format, to: Mutex::new(to) }
    }
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    W: Write + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.0.extend(of_span.0.clone());
            }
        }
        event.record(&mut fields);
        let level = *event.metadata().level();
        let mut line = match self.format {
            Format::Text => text(level, fields.0),
            Format::Json => json(level, event.metadata().target(), fields.0),
        };
        line.push('\n');
        let mut to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = to.write_all(line.as_bytes());
    }
}

/// The message, and what it does not say in words.
fn text(level: Level, mut fields: Map<String, Value>) -> String {
    let message = fields.remove("message");
    let message = message.as_ref().and_then(Value::as_str).unwrap_or_default();
    let mut line = format!("{level:>5} {}", printable(message));
    for (name, value) in &fields {
        let value = value.as_str().map_or_else(|| value.to_string(), printable);
        let is_said = name == "domain" && message.contains(&value);
        if is_said || NOT_FOR_A_PERSON.contains(&name.as_str()) {
            continue;
        }
        // A String takes whatever is written.
        let _ = write!(line, " {name}={value}");
    }
    line
}

/// Every line after the first is indented, so that no text from outside looks like an event, and no terminal
/// obeys it.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\n      "),
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
}

fn json(level: Level, target: &str, fields: Map<String, Value>) -> String {
    let mut object = Map::new();
    object.insert("time".to_owned(), Timestamp::now().to_string().into());
    object.insert("level".to_owned(), level.as_str().to_ascii_lowercase().into());
    object.insert("target".to_owned(), target.into());
    object.extend(fields);
    Value::Object(object).to_string()
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
}
