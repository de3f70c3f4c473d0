use std::fmt;

/// How much of a rejected text is kept, in characters: enough to find the row, not a page of it.
const QUOTED: usize = 80;

/// A text that is no host name, as data: reported, never a reason to delete anything.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rejection {
    /// The text as it was found, control characters escaped, at most 80 characters of it.
    pub text: String,
    /// Why it is no host name.
    pub reason: Reason,
}

impl Rejection {
    pub(super) fn new(text: &str, reason: Reason) -> Self {
        let mut quoted: String = text.chars().take(QUOTED).flat_map(char::escape_debug).collect();
        if text.chars().nth(QUOTED).is_some() {
            quoted.push('…');
        }
        Self { text: quoted, reason }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is not a host name: {}", self.text, self.reason)
    }
}

impl std::error::Error for Rejection {}

/// Why a text is no host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Reason {
    /// Nothing is left after trimming.
    #[error("it is empty")]
    Empty,
    /// It begins with a scheme such as `https://`.
    #[error("it is a URL")]
    Scheme,
    /// It contains `*`.
    #[error("it is a wildcard")]
    Wildcard,
    /// It is, or browsers take it for, an IP address.
    #[error("it is an IP address")]
    IpAddress,
    /// It has no dot.
    #[error("it has only one label")]
    SingleLabel,
    /// Two dots follow one another, or it begins with one.
    #[error("it has an empty label")]
    EmptyLabel,
    /// A label exceeds 63 octets.
    #[error("a label is longer than 63 octets")]
    LabelTooLong,
    /// The name exceeds 253 octets.
    #[error("it is longer than 253 octets")]
    TooLong,
    /// A label begins or ends with a hyphen.
    #[error("a label begins or ends with a hyphen")]
    Hyphen,
    /// It contains something other than letters, digits and hyphens.
    #[error("it contains '{}'", .0.escape_debug())]
    Character(char),
    /// UTS 46 refuses it.
    #[error("it is not a valid internationalised name")]
    NotIdna,
}
