//! The answers about certificates: the mode, and the shapes in which an installed one is shown.

use std::fmt;
use std::time::UNIX_EPOCH;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::error::ApiError;
use super::loose::{Loose, json};
use crate::clock::Timestamp;

/// `GET …/ssl/advanced`; a switch that is missing is off.
#[derive(Debug, Default)]
pub(super) struct Mode {
    pub(super) advanced: bool,
    pub(super) auto: bool,
}

/// A certificate that RunCloud ordered or will order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issued {
    /// RunCloud's id of it, needed to order it again.
    pub id: u64,
    /// Until when it is valid; none where RunCloud does not say, as before the first one is issued.
    pub valid_until: Option<Timestamp>,
}

/// An installed certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Installed {
    pub(super) issued: Issued,
    /// Whether somebody brought it along, so that RunCloud cannot order it again.
    pub(super) is_custom: bool,
}

impl Mode {
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        #[derive(Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        struct Fields {
            #[serde(rename = "advancedSSL")]
            advanced: Loose,
            #[serde(rename = "autoSSL")]
            auto: Loose,
        }
        match json(body)? {
            Loose::<Fields>::Object(fields) => Ok(Self {
                advanced: fields.advanced.flag().unwrap_or_default(),
                auto: fields.auto.flag().unwrap_or_default(),
            }),
            _ => Err(ApiError::Body("it is no object with the SSL mode".into())),
        }
    }
}

impl Installed {
    /// The certificate that an answer shows: itself, in `data`, or one per domain in a list; none
    /// where it shows none, which is how RunCloud says that none is installed.
    pub(super) fn parse(body: &[u8]) -> Result<Option<Self>, ApiError> {
        match json(body)? {
            Loose::<Shown, Shared>::Object(shown) => Ok(shown.installed()),
            Loose::List(Shared(found)) => Ok(found),
            _ => Err(ApiError::Body("it is neither a certificate nor a list of them".into())),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Shown {
    id: Loose,
    method: Loose,
    #[serde(rename = "validUntil")]
    valid_until: Loose,
    data: Loose<Box<Shown>, Shared>,
}

impl Shown {
    fn installed(self) -> Option<Installed> {
        match (self.id.number(), self.data) {
            (Some(id), _) => {
                let is_custom = self.method.text().is_some_and(|method| method != "letsencrypt");
                let valid_until = self.valid_until.text().and_then(|text| point(&text));
                Some(Installed { issued: Issued { id, valid_until }, is_custom })
            }
            (None, Loose::Object(inner)) => inner.installed(),
            (None, Loose::List(Shared(found))) => found,
            (None, _) => None,
        }
    }
}

/// A date as RunCloud writes it: RFC 3339, or without `T` and zone, which is taken for UTC.
fn point(text: &str) -> Option<Timestamp> {
    let since = humantime::parse_rfc3339_weak(text.trim()).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::default().plus(since))
}

/// The one certificate behind a list of domains that each show theirs: the primary's, or else the
/// first. The list itself, which may have every domain, is not kept.
#[derive(Default)]
struct Shared(Option<Installed>);

impl<'de> Deserialize<'de> for Shared {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(SharedVisitor).map(Self)
    }
}

struct SharedVisitor;

impl<'de> Visitor<'de> for SharedVisitor {
    type Value = Option<Installed>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of domains with their certificates")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Row {
            r#type: Loose,
            ssl: Loose<Shown>,
        }
        let (mut primary, mut first) = (None, None);
        while let Some(row) = list.next_element()? {
            let Loose::<Row>::Object(row) = row else { continue };
            let Loose::Object(shown) = row.ssl else { continue };
            let found = shown.installed();
            if row.r#type.text().as_deref() == Some("primary") {
                primary = primary.or(found);
            }
            first = first.or(found);
        }
        Ok(primary.or(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(body: &str) -> Result<Option<Installed>, ApiError> {
        Installed::parse(body.as_bytes())
    }

    const ORDERED: Option<Installed> = Some(letsencrypt(9));

    const fn letsencrypt(id: u64) -> Installed {
        Installed { issued: Issued { id, valid_until: None }, is_custom: false }
    }

    #[test]
    fn the_shapes_of_a_certificate_are_one_answer() {
        for body in [
            r#"{"id":9,"method":"letsencrypt"}"#,
            r#"{"id":"9"}"#,
            r#"{"data":{"id":9,"method":"letsencrypt"}}"#,
            r#"{"data":[{"id":1,"ssl":null},{"id":2,"ssl":{"id":9,"method":"letsencrypt"}}]}"#,
            r#"{"data":[{"id":2,"ssl":{"data":{"id":9}}}]}"#,
            r#"[{"id":2,"ssl":{"id":9}}]"#,
            r#"{"data":[{"ssl":{"id":8}},{"ssl":{"id":9},"type":"primary"},{"ssl":{"id":7}}]}"#,
            r#"{"data":[{"ssl":{"id":9}},{"ssl":null,"type":"primary"}]}"#,
        ] {
            assert_eq!(installed(body), Ok(ORDERED), "{body}");
        }
        let custom = Some(Installed { is_custom: true, ..letsencrypt(3) });
        assert_eq!(installed(r#"{"id":3,"method":"custom"}"#), Ok(custom));
    }

    #[test]
    fn a_date_is_read_in_both_of_runcloud_s_forms() {
        for text in ["2026-11-21 12:00:00", "2026-11-21T12:00:00.000000Z"] {
            let body = format!(r#"{{"id":9,"validUntil":"{text}"}}"#);
            let found = installed(&body).unwrap().unwrap();
            assert_eq!(found.issued.valid_until, Some(Timestamp(1_795_262_400)), "{text}");
        }
        let odd = installed(r#"{"id":9,"validUntil":"soon"}"#).unwrap().unwrap();
        assert_eq!(odd.issued.valid_until, None);
    }

    #[test]
    fn what_shows_no_certificate_says_that_there_is_none() {
        for body in [
            r#"{"message":"SSL not installed!"}"#,
            "{}",
            "[]",
            r#"{"data":null}"#,
            r#"{"data":[]}"#,
            r#"{"data":[7,null,{"ssl":7}]}"#,
        ] {
            assert_eq!(installed(body), Ok(None), "{body}");
        }
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for body in ["", "<html>", "null", "7", r#""none""#, r#"{"id":9"#] {
            assert!(installed(body).is_err(), "{body}");
            assert!(Mode::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_switch_of_the_mode_that_is_missing_is_off() {
        let mode = |body: &str| {
            let Mode { advanced, auto } = Mode::parse(body.as_bytes()).unwrap();
            (advanced, auto)
        };
        assert_eq!(mode("{}"), (false, false));
        assert_eq!(mode(r#"{"advancedSSL":"1","autoSSL":0}"#), (true, false));
        assert_eq!(mode(r#"{"advancedSSL":true,"autoSSL":true}"#), (true, true));
    }
}
