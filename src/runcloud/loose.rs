//! JSON whose types are not to be relied on.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeOwned, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;

use super::error::ApiError;

/// Reads a body as `T`, whose own errors must not quote it.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Data => ApiError::Body(error.to_string()),
        _ => ApiError::Body(format!("it is not JSON (line {})", error.line())),
    })
}

/// A JSON value of whatever type came. What nobody asked for, an object where a flag is due, is
/// passed over without being kept: a value is never larger in memory than what is read from it.
#[derive(Debug, Default)]
pub(super) enum Loose<O = IgnoredAny, L = IgnoredAny> {
    /// Not there, or null.
    #[default]
    Missing,
    Bool(bool),
    Number {
        /// None where it is negative or has a fraction.
        whole: Option<u64>,
        is_zero: bool,
    },
    Text(String),
    Object(O),
    List(L),
}

impl<O, L> Loose<O, L> {
    /// An id or a count: a number, or a string of digits.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Number { whole, .. } => *whole,
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A flag: true, a number other than 0, or a string that says so. None where the value is not
    /// there or is no flag at all.
    pub(super) fn flag(&self) -> Option<bool> {
        match self {
            Self::Bool(set) => Some(*set),
            Self::Number { is_zero, .. } => Some(!is_zero),
            Self::Text(text) => Some(matches!(text.trim(), "1" | "true" | "yes" | "on")),
            Self::Missing | Self::Object(_) | Self::List(_) => None,
        }
    }

    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'de, O: Deserialize<'de>, L: Deserialize<'de>> Deserialize<'de> for Loose<O, L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyType(PhantomData))
    }
}

struct AnyType<O, L>(PhantomData<(O, L)>);

impl<'de, O: Deserialize<'de>, L: Deserialize<'de>> Visitor<'de> for AnyType<O, L> {
    type Value = Loose<O, L>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Loose::Missing)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Loose::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Loose::Number { whole: Some(value), is_zero: value == 0 })
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Loose::Number { whole: u64::try_from(value).ok(), is_zero: value == 0 })
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Loose::Number { whole: None, is_zero: value == 0.0 })
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Loose::Text(value.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        O::deserialize(MapAccessDeserializer::new(map)).map(Loose::Object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        L::deserialize(SeqAccessDeserializer::new(list)).map(Loose::List)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loose(json: &str) -> Loose {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_flag_comes_in_many_types() {
        for yes in ["true", "1", "7", "0.5", r#""1""#, r#""true""#, r#"" yes ""#] {
            assert_eq!(loose(yes).flag(), Some(true), "{yes}");
        }
        for no in ["false", "0", "-0", "0.0", r#""0""#, r#""""#, r#""maybe""#] {
            assert_eq!(loose(no).flag(), Some(false), "{no}");
        }
        for nothing in ["null", "[]", "[1]", "{}", r#"{"a":{"b":[1,{}]}}"#] {
            assert_eq!(loose(nothing).flag(), None, "{nothing}");
        }
    }

    #[test]
    fn an_id_is_a_number_or_a_string_of_digits() {
        for id in ["710", r#""710""#, r#"" 710 ""#] {
            assert_eq!(loose(id).number(), Some(710), "{id}");
        }
        for none in ["null", "-1", "7.5", "1e400", r#""7a""#, "[7]", r#"{"id":7}"#, "true"] {
            assert_eq!(serde_json::from_str::<Loose>(none).ok().and_then(|l| l.number()), None);
        }
        assert_eq!(loose("18446744073709551615").number(), Some(u64::MAX));
        assert_eq!(loose("18446744073709551616").number(), None);
    }
}
