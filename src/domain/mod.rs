//! Host names. [`Domain`] is the only way one enters the program.
//!
//! Pure: no I/O, no clock. Whatever a row, a listing or a command line holds is text until
//! [`Domain::parse`] has made it an A-label host name; two spellings of a name are one value.

mod rejection;

pub use rejection::{Reason, Rejection};

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// The longest host name DNS can carry, in octets without the trailing dot (RFC 1035 §2.3.4).
const MAX_OCTETS: usize = 253;
/// The longest label DNS can carry, in octets (RFC 1035 §2.3.4).
const MAX_LABEL_OCTETS: usize = 63;

/// A host name as RunCloud and certificates know it: A-labels, lower case, two labels or more. Its clones share the
/// text: a pass holds each name in many places.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(Arc<str>);

impl Domain {
    /// Makes a host name of `text`: surrounding white space (a stored newline too) and one trailing
    /// dot are dropped, Unicode becomes A-labels, letters become lower case.
    ///
    /// # Errors
    /// A [`Rejection`] that quotes the text and says why it is no host name.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        normalise(text).map_err(|reason| Rejection::new(text, reason))
    }

    /// Like [`Domain::parse`], for WordPress's own tables, whose names may carry a port (`host:8080`).
    ///
    /// # Errors
    /// As [`Domain::parse`].
    pub fn parse_without_port(text: &str) -> Result<Self, Rejection> {
        let trimmed = text.trim();
        match trimmed.rsplit_once(':') {
            Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
                Self::parse(host)
            }
            _ => Self::parse(trimmed),
        }
    }

    /// The name in A-labels.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name is what a customer registers: one label below a public suffix.
    pub fn is_apex(&self) -> bool {
        psl::domain_str(&self.0) == Some(&*self.0)
    }

    /// The name with `www.` in front, where that still is a host name.
    pub fn with_www(&self) -> Option<Self> {
        (self.0.len() + 4 <= MAX_OCTETS).then(|| Self(format!("www.{}", self.0).into()))
    }

    /// The name without a leading `www.`, where it has one and two labels remain.
    pub fn without_www(&self) -> Option<Self> {
        let rest = self.0.strip_prefix("www.")?;
        rest.contains('.').then(|| Self(rest.into()))
    }

    /// The name itself, with `www.` and without.
    pub fn variants(&self) -> impl Iterator<Item = Self> + use<> {
        [Some(self.clone()), self.with_www(), self.without_www()].into_iter().flatten()
    }

    /// The name above: everything after the first label, where two labels remain.
    pub fn parent(&self) -> Option<Self> {
        let (_, rest) = self.0.split_once('.')?;
        rest.contains('.').then(|| Self(rest.into()))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for Domain {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

fn normalise(text: &str) -> Result<Domain, Reason> {
    let trimmed = text.trim();
    let stripped = trimmed.strip_suffix('.');
    let name = stripped.unwrap_or(trimmed);
    check_before_idna(name)?;
    let ascii = Uts46::new()
        .to_ascii(name.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow, DnsLength::Ignore)
        .map_err(|_| Reason::NotIdna)?;
    // UTS 46 maps other full stops (such as U+3002) to ".", so the trailing one may show only now.
    let ascii = match ascii.strip_suffix('.') {
        Some(rest) if stripped.is_none() => rest,
        _ => &ascii,
    };
    check_labels(ascii)?;
    Ok(Domain(ascii.into()))
}

/// What is better said of the text as it stands than of what IDNA makes of it.
fn check_before_idna(name: &str) -> Result<(), Reason> {
    if name.is_empty() {
        return Err(Reason::Empty);
    }
    if name.contains("://") {
        return Err(Reason::Scheme);
    }
    if name.contains('*') {
        return Err(Reason::Wildcard);
    }
    let unbracketed = name.trim_start_matches('[').trim_end_matches(']');
    if unbracketed.parse::<Ipv4Addr>().is_ok() || unbracketed.parse::<Ipv6Addr>().is_ok() {
        return Err(Reason::IpAddress);
    }
    Ok(())
}

fn check_labels(name: &str) -> Result<(), Reason> {
    if name.len() > MAX_OCTETS {
        return Err(Reason::TooLong);
    }
    for label in name.split('.') {
        check_label(label)?;
    }
    let Some((_, last)) = name.rsplit_once('.') else {
        return Err(Reason::SingleLabel);
    };
    // A name that ends in a number is an IPv4 address to every URL parser (WHATWG URL §3.5).
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reason::IpAddress);
    }
    Ok(())
}

fn check_label(label: &str) -> Result<(), Reason> {
    if label.is_empty() {
        return Err(Reason::EmptyLabel);
    }
    if label.len() > MAX_LABEL_OCTETS {
        return Err(Reason::LabelTooLong);
    }
    if let Some(odd) =
        label.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-'))
    {
        return Err(Reason::Character(odd));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(Reason::Hyphen);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> String {
        Domain::parse(text).map_or_else(|r| r.reason.to_string(), |d| d.to_string())
    }

    #[test]
    fn spellings_of_one_name_are_one_name() {
        for text in [
            "example.com",
            "EXAMPLE.com",
            " example.com\n",
            "example.com.",
            "example.com.\r\n",
            "\texample。com",
            "\u{ff45}xample.com",
        ] {
            assert_eq!(parsed(text), "example.com", "{text:?}");
        }
    }

    #[test]
    fn unicode_becomes_a_labels_and_a_labels_stay() {
        assert_eq!(parsed("Müller.de"), "xn--mller-kva.de");
        assert_eq!(parsed("xn--mller-kva.de"), "xn--mller-kva.de");
        assert_eq!(parsed("straße.de"), "xn--strae-oqa.de");
        assert_eq!(parsed("пример.рф"), "xn--e1afmkfd.xn--p1ai");
        assert_eq!(parsed("r3---sn.example.com"), "r3---sn.example.com");
    }

    #[test]
    fn what_is_no_host_name_says_why() {
        for (text, why) in [
            ("", "it is empty"),
            (" .\n", "it is empty"),
            ("localhost", "it has only one label"),
            ("https://example.com", "it is a URL"),
            ("*.example.com", "it is a wildcard"),
            ("127.0.0.7", "it is an IP address"),
            ("[::1]", "it is an IP address"),
            ("example.123", "it is an IP address"),
            ("a..example.com", "it has an empty label"),
            (".example.com", "it has an empty label"),
            ("example.com..", "it has an empty label"),
            ("-a.example.com", "a label begins or ends with a hyphen"),
            ("a_b.example.com", "it contains '_'"),
            ("exa mple.com", "it contains ' '"),
            ("example.com/shop", "it contains '/'"),
            ("example.com:8080", "it contains ':'"),
            ("a\0.example.com", "it contains '\\0'"),
            ("xn--a.example.com", "it is not a valid internationalised name"),
        ] {
            assert_eq!(parsed(text), why, "{text:?}");
        }
        let label = "a".repeat(64);
        assert_eq!(parsed(&format!("{label}.com")), "a label is longer than 63 octets");
        let name = format!("{}com", "abcdefgh.".repeat(28));
        assert_eq!(parsed(&name), "it is longer than 253 octets");
    }

    #[test]
    fn a_port_is_dropped_where_wordpress_stores_one() {
        let name = Domain::parse_without_port(" Network.test:8080 ").unwrap();
        assert_eq!(name.as_str(), "network.test");
        assert!(Domain::parse_without_port("network.test:http").is_err());
    }

    #[test]
    fn an_apex_is_one_label_below_a_public_suffix() {
        for (name, apex) in [
            ("example.com", true),
            ("www.example.com", false),
            ("example.co.uk", true),
            ("co.uk", false),
            ("shop.example.co.uk", false),
            ("xn--mller-kva.de", true),
            ("network.test", true),
        ] {
            assert_eq!(Domain::parse(name).unwrap().is_apex(), apex, "{name}");
        }
    }

    #[test]
    fn www_goes_on_and_off() {
        let apex = Domain::parse("example.com").unwrap();
        let www = apex.with_www().unwrap();
        assert_eq!(www.as_str(), "www.example.com");
        assert_eq!(www.without_www(), Some(apex.clone()));
        assert_eq!(apex.without_www(), None);
        assert_eq!(Domain::parse("www.com").unwrap().without_www(), None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_stable_name_or_a_reason(text in any::<String>()) {
            if let Ok(name) = Domain::parse(&text) {
                prop_assert_eq!(Domain::parse(name.as_str()), Ok(name.clone()));
                prop_assert!(name.as_str().len() <= MAX_OCTETS && name.as_str().contains('.'));
            }
        }

        #[test]
        fn case_and_white_space_never_matter(name in "[a-z]{1,9}(-[a-z0-9]{1,9})?\\.[a-z]{2,6}") {
            let shouted = format!(" {}.\n", name.to_uppercase());
            prop_assert_eq!(Domain::parse(&shouted), Domain::parse(&name));
        }
    }
}
