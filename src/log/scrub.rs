use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// A shorter secret is no secret, and would be found in any text.
const SHORTEST: usize = 8;
const INSTEAD: &str = "(secret)";

/// Takes secrets out of what others say: an answer that repeats a credential must not carry it into a log, the
/// ledger or a report.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scrub(Vec<SecretString>);

impl Scrub {
    /// One that knows these secrets.
    pub(crate) fn of(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        Self(secrets.into_iter().filter(|one| one.expose_secret().len() >= SHORTEST).collect())
    }

    /// The text without them.
    pub(crate) fn text(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| {
            let secret = secret.expose_secret();
            if text.contains(secret) { text.replace(secret, INSTEAD) } else { text }
        })
    }

    /// A body without them.
    pub(crate) fn body(&self, body: Vec<u8>) -> Vec<u8> {
        match String::from_utf8(body) {
            Ok(text) => self.text(text).into_bytes(),
            Err(error) => {
                let lossy = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let clean = self.text(lossy.clone());
                if clean == lossy { error.into_bytes() } else { clean.into_bytes() }
            }
        }
    }

    /// A body without them, also where JSON writes their letters as escapes.
    pub(crate) fn note(&self, body: Vec<u8>) -> Vec<u8> {
        match serde_json::from_slice(&body) {
            Ok(json) => self.json(json).to_string().into_bytes(),
            Err(_) => self.body(body),
        }
    }

    fn json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(all) => all.into_iter().map(|value| self.json(value)).collect(),
            Value::Object(fields) => {
                let fields = fields.into_iter();
                fields.map(|(name, value)| (self.text(name), self.json(value))).collect()
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_goes_and_the_rest_stays() {
        let scrub = Scrub::of(["0123456789".into(), "short".into()]);
        assert_eq!(scrub.text("a 0123456789, short".into()), "a (secret), short");
        assert_eq!(scrub.body(b"\xff 0123456789".into()), "\u{fffd} (secret)".as_bytes());
        assert_eq!(scrub.body(b"\xff 012345678".into()), b"\xff 012345678");
        let escaped = br#"{"message":"\u00301234567\u00389","errors":{"0123456789":[1]}}"#;
        let clean = scrub.note(escaped.to_vec());
        let clean = String::from_utf8(clean).unwrap();
        assert_eq!(clean, r#"{"errors":{"(secret)":[1]},"message":"(secret)"}"#);
    }
}
