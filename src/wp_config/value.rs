//! What an expression is worth: what callers see ([`Value`]) and what the reader knows ([`Datum`]).

use std::fmt;

/// The known value of a constant.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// A string; PHP's `null` is the empty one.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
}

impl Value {
    /// The value as PHP casts it to a string: `true` is `1`, `false` is empty.
    pub fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Integer(number) => number.to_string(),
            Self::Boolean(true) => "1".to_owned(),
            Self::Boolean(false) => String::new(),
        }
    }
}

// Texts are passwords and keys: a debug print must not carry them into a log.
impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => formatter.write_str("Text(redacted)"),
            Self::Integer(_) => formatter.write_str("Integer(redacted)"),
            Self::Boolean(value) => write!(formatter, "Boolean({value})"),
        }
    }
}

/// The worth of an expression as far as it is known without running PHP.
#[derive(Clone, PartialEq)]
pub(super) enum Datum {
    Text(String),
    Integer(i64),
    Boolean(bool),
    Null,
    /// Names of constants that PHP itself defines, joined by `|`.
    Symbol(String),
    /// An environment variable that is not set here: good for a default, never for a value.
    Unset(Unset),
    /// The verb phrase that says why it is unknown: "calls `vault()`".
    Unknown(String),
}

/// What PHP hands out for an environment variable that is not set, and the variable's name.
#[derive(Clone, PartialEq)]
pub(super) enum Unset {
    False(String),
    Null(String),
}

/// Why everything inside a condition that cannot be evaluated is unknown.
pub(super) const CONDITION: &str = "depends on a condition";

/// Longer texts are not built up: a doubling file must not exhaust the memory.
const LONGEST: usize = 64 * 1024;

impl Datum {
    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown(why.into())
    }

    /// What callers may see, or the reason why they may not.
    pub(super) fn settle(&self) -> Result<Value, String> {
        match self {
            Self::Text(text) => Ok(Value::Text(text.clone())),
            Self::Integer(number) => Ok(Value::Integer(*number)),
            Self::Boolean(value) => Ok(Value::Boolean(*value)),
            Self::Null => Ok(Value::Text(String::new())),
            Self::Symbol(names) if is_php_flag(names) => Ok(Value::Text(names.clone())),
            Self::Symbol(_) | Self::Unset(_) | Self::Unknown(_) => Err(self.reason()),
        }
    }

    /// The text PHP casts this to, or the reason why that is unknown.
    pub(super) fn text(&self) -> Result<String, String> {
        match self {
            Self::Symbol(_) => Err(self.reason()),
            known_or_not => known_or_not.settle().map(Value::into_text),
        }
    }

    /// The verb phrase for a value that is not known.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Unknown(why) => why.clone(),
            Self::Unset(Unset::False(name) | Unset::Null(name)) => {
                format!("needs the environment variable {name}, which is not set here")
            }
            Self::Symbol(name) => {
                format!("depends on the constant {name}, which is not defined before it")
            }
            Self::Text(_) | Self::Integer(_) | Self::Boolean(_) | Self::Null => {
                "is computed".to_owned()
            }
        }
    }

    /// Whether PHP takes this for true; `None` when that is unknown.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Text(text) => Some(!text.is_empty() && text != "0"),
            Self::Integer(number) => Some(*number != 0),
            Self::Boolean(value) => Some(*value),
            Self::Null | Self::Unset(_) => Some(false),
            Self::Symbol(_) | Self::Unknown(_) => None,
        }
    }

    /// Whether PHP's `isset` holds; `None` when that is unknown.
    pub(super) fn is_set(&self) -> Option<bool> {
        match self {
            Self::Null | Self::Unset(Unset::Null(_)) => Some(false),
            Self::Symbol(_) | Self::Unknown(_) => None,
            _ => Some(true),
        }
    }

    /// The `.` of PHP.
    pub(super) fn concatenate(&self, other: &Self) -> Self {
        match (self.text(), other.text()) {
            (Ok(left), Ok(right)) if left.len() + right.len() > LONGEST => {
                Self::unknown("is too long")
            }
            (Ok(left), Ok(right)) => Self::Text(left + &right),
            (Err(why), _) | (_, Err(why)) => Self::Unknown(why),
        }
    }

    /// The `|` of PHP, for the flags that only PHP knows the numbers of.
    pub(super) fn bit_or(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Integer(left), Self::Integer(right)) => Self::Integer(left | right),
            (Self::Symbol(left), Self::Symbol(right)) if left.len() + right.len() < LONGEST => {
                Self::Symbol(format!("{left}|{right}"))
            }
            (Self::Symbol(_), unknown) | (unknown, _) => Self::Unknown(unknown.reason()),
        }
    }

    /// The `===` of PHP.
    pub(super) fn identical(&self, other: &Self) -> Option<bool> {
        let (left, right) = (self.comparable()?, other.comparable()?);
        Some(left == right)
    }

    /// The `==` of PHP, where it does not take texts for numbers.
    pub(super) fn equal(&self, other: &Self) -> Option<bool> {
        let (left, right) = (self.comparable()?, other.comparable()?);
        match (&left, &right) {
            _ if left == right => Some(true),
            (Self::Boolean(_), _) | (_, Self::Boolean(_)) => Some(left.truth()? == right.truth()?),
            (Self::Null, Self::Text(text)) | (Self::Text(text), Self::Null) => {
                Some(text.is_empty())
            }
            (Self::Null, Self::Integer(number)) | (Self::Integer(number), Self::Null) => {
                Some(*number == 0)
            }
            (Self::Text(text), other) | (other, Self::Text(text)) => {
                text_equals(text, &other.text().ok()?)
            }
            _ => Some(false),
        }
    }

    /// This value as a comparison sees it: an unset variable is `false` or `null`.
    fn comparable(&self) -> Option<Self> {
        match self {
            Self::Unset(Unset::False(_)) => Some(Self::Boolean(false)),
            Self::Unset(Unset::Null(_)) => Some(Self::Null),
            Self::Symbol(_) | Self::Unknown(_) => None,
            known => Some(known.clone()),
        }
    }
}

/// Different texts are unequal, unless PHP might read both as the same number.
fn text_equals(left: &str, right: &str) -> Option<bool> {
    let numeric =
        |text: &str| text.trim().starts_with(|first: char| "+-.0123456789".contains(first));
    if numeric(left) && numeric(right) && left != right { None } else { Some(left == right) }
}

fn is_php_flag(names: &str) -> bool {
    names.contains('|') || names.starts_with("MYSQLI_") || names.starts_with("MYSQL_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Datum {
        Datum::Text(text.to_owned())
    }

    #[test]
    fn debug_never_prints_a_text() {
        assert_eq!(format!("{:?}", Value::Text("secret".to_owned())), "Text(redacted)");
    }

    #[test]
    fn values_are_cast_to_text_as_php_does() {
        assert_eq!(Value::Boolean(true).into_text(), "1");
        assert_eq!(Value::Boolean(false).into_text(), "");
        assert_eq!(Value::Integer(-7).into_text(), "-7");
    }

    #[test]
    fn an_unset_variable_is_false_in_a_comparison_and_nothing_as_a_value() {
        let unset = Datum::Unset(Unset::False("X".to_owned()));
        assert_eq!(unset.identical(&Datum::Boolean(false)), Some(true));
        assert_eq!(unset.identical(&text("production")), Some(false));
        assert!(unset.settle().is_err());
    }

    #[test]
    fn texts_that_look_like_different_numbers_are_not_compared_loosely() {
        assert_eq!(text("1").equal(&text("01")), None);
        assert_eq!(text("a").equal(&text("b")), Some(false));
        assert_eq!(Datum::Null.equal(&text("")), Some(true));
    }

    #[test]
    fn a_lone_unknown_constant_is_a_value_only_when_it_is_a_flag_of_php() {
        assert!(Datum::Symbol("VAULT_PASSWORD".to_owned()).settle().is_err());
        assert!(Datum::Symbol("MYSQLI_CLIENT_SSL".to_owned()).settle().is_ok());
    }
}
