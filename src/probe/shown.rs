//! What a certificate that a server showed says: pure, from its bytes.

use std::collections::BTreeSet;
use std::fmt;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use crate::clock::Timestamp;
use crate::domain::Domain;

/// The certificate that a server showed for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The host names it is for, in lower case, some with `*` as first label: its DNS names, or its common name where
    /// it has none.
    pub names: BTreeSet<String>,
    /// Who issued it, as a person knows them: `Let's Encrypt R11`.
    pub issuer: String,
    /// The first second it is valid.
    pub not_before: Timestamp,
    /// The last second it is valid.
    pub not_after: Timestamp,
    /// Whether it was issued by nobody but itself, as web servers do that have none to show.
    pub is_self_signed: bool,
}

impl Shown {
    /// Whether a visitor of `domain` is content with it at `now`: it has the name or a wildcard for the first label,
    /// is within its dates and issued by somebody else. Whether visitors trust that somebody is not looked at.
    pub fn covers(&self, domain: &Domain, now: Timestamp) -> bool {
        let name = domain.as_str();
        let wildcard = name.split_once('.').map(|(_, rest)| format!("*.{rest}"));
        let has_name =
            self.names.contains(name) || wildcard.is_some_and(|name| self.names.contains(&name));
        let is_current = self.not_before <= now && now <= self.not_after;
        has_name && is_current && !self.is_self_signed
    }

    /// Reads a certificate in DER.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    pub(super) fn parse(der: &[u8]) -> Result<Self, String> {
        let (_, certificate) = X509Certificate::from_der(der)
            .map_err(|error| format!("it shows a certificate that cannot be read: {error}"))?;
        let validity = certificate.validity();
        Ok(Self {
            names: names(&certificate),
            issuer: who(certificate.issuer()),
            not_before: Timestamp(validity.not_before.timestamp()),
            not_after: Timestamp(validity.not_after.timestamp()),
            is_self_signed: certificate.issuer().as_raw() == certificate.subject().as_raw(),
        })
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LISTED: usize = 3;
        let listed: Vec<&str> = self.names.iter().take(LISTED).map(String::as_str).collect();
        match listed.as_slice() {
            [] => f.write_str("a certificate for no name")?,
            names => write!(f, "a certificate for {}", names.join(", "))?,
        }
        if self.names.len() > LISTED {
            write!(f, " and {} more", self.names.len() - LISTED)?;
        }
        let by = if self.is_self_signed { "itself" } else { &self.issuer };
        write!(f, ", issued by {by}, valid until {}", self.not_after)
    }
}

/// RFC 6125 §6.4.4: the common name counts only where there is no DNS name.
fn names(certificate: &X509Certificate<'_>) -> BTreeSet<String> {
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let general = alternatives.iter().flat_map(|extension| &extension.value.general_names);
    let dns = general.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    });
    let mut names: BTreeSet<String> = dns.collect();
    if names.is_empty() {
        let common = certificate.subject().iter_common_name().filter_map(text);
        names.extend(common.map(|name| name.to_ascii_lowercase()));
    }
    names.retain(|name| name.bytes().all(|octet| octet.is_ascii_graphic()));
    names
}

/// The organisation and the common name, which for Let's Encrypt is no more than `R11`.
fn who(name: &X509Name<'_>) -> String {
    let organization = name.iter_organization().find_map(text);
    let common = name.iter_common_name().find_map(text);
    match (organization, common) {
        (Some(organization), Some(common)) if !common.starts_with(&organization) => {
            format!("{organization} {common}")
        }
        (_, Some(one)) | (Some(one), None) => one,
        (None, None) => "somebody without a name".to_owned(),
    }
}

/// Without what would do more to a terminal than be read there.
fn text(attribute: &AttributeTypeAndValue<'_>) -> Option<String> {
    let text = attribute.as_str().ok()?;
    Some(text.chars().filter(|c| !c.is_control()).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOON: Timestamp = Timestamp(1_795_262_400);

    fn shown(names: &[&str]) -> Shown {
        Shown {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            issuer: "Let's Encrypt R11".into(),
            not_before: NOON,
            not_after: NOON.plus(Duration::from_hours(90 * 24)),
            is_self_signed: false,
        }
    }

    fn covers(shown: &Shown, name: &str, now: Timestamp) -> bool {
        shown.covers(&Domain::parse(name).unwrap(), now)
    }

    #[test]
    fn a_name_is_covered_by_itself_or_by_a_wildcard_of_one_level() {
        let shown = shown(&["example.com", "*.shops.example.com"]);
        for (name, is_covered) in [
            ("example.com", true),
            ("www.example.com", false),
            ("a.shops.example.com", true),
            ("a.b.shops.example.com", false),
            ("shops.example.com", false),
            ("example.org", false),
        ] {
            assert_eq!(covers(&shown, name, NOON), is_covered, "{name}");
        }
    }

    #[test]
    fn nothing_is_covered_before_after_or_by_the_server_itself() {
        let mut shown = shown(&["example.com"]);
        let second = Duration::from_secs(1);
        assert!(!covers(&shown, "example.com", Timestamp(NOON.0 - 1)));
        assert!(covers(&shown, "example.com", NOON));
        assert!(covers(&shown, "example.com", shown.not_after));
        assert!(!covers(&shown, "example.com", shown.not_after.plus(second)));
        shown.is_self_signed = true;
        assert!(!covers(&shown, "example.com", NOON));
    }

    #[test]
    fn what_is_no_certificate_says_so() {
        let said = Shown::parse(b"no DER").unwrap_err();
        assert!(said.starts_with("it shows a certificate that cannot be read"), "{said}");
    }

    #[test]
    fn a_person_reads_whose_it_is_and_how_long() {
        let mut shown = shown(&["a.test", "b.test", "c.test", "d.test", "e.test"]);
        insta::assert_snapshot!(shown, @"a certificate for a.test, b.test, c.test and 2 more, issued by Let's Encrypt R11, valid until 2027-02-19T12:00:00Z");
        shown.is_self_signed = true;
        shown.names.clear();
        insta::assert_snapshot!(shown, @"a certificate for no name, issued by itself, valid until 2027-02-19T12:00:00Z");
    }
}
