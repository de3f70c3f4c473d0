use std::collections::{BTreeMap, BTreeSet};

use super::certificate::Issued;
use crate::domain::Domain;

/// The domains of the web application, from one whole listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actual {
    entries: BTreeMap<Domain, Entry>,
    /// Bases of wildcards: `example.com` for `*.example.com`.
    wildcards: BTreeSet<Domain>,
    /// Names that are no host names, such as `*.example.com`, and second entries of one name.
    odd: BTreeSet<String>,
    /// The ids of all of them.
    ids: BTreeSet<u64>,
    has_repeated_names: bool,
    contradiction: Option<String>,
}

/// One domain of the web application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// RunCloud's id, needed to change or remove it.
    pub id: u64,
    /// What the domain is for.
    pub kind: Kind,
    /// Whether `www.` in front of the name is served and certified too; none where RunCloud does not
    /// say, as the API of 2023 did not.
    pub www: Option<bool>,
    /// `none`, `www` or `non-www`, as RunCloud says it.
    pub redirection: String,
}

/// What an entry says of itself, read by its id alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnWord {
    /// Its name, as RunCloud spells it.
    pub name: String,
    /// What the domain is for.
    pub kind: Kind,
    /// As in [`Entry`].
    pub www: Option<bool>,
    /// As in [`Entry`]; none where RunCloud does not say.
    pub redirection: Option<String>,
}

/// What a domain of a web application is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The application's own name; never touched.
    Primary,
    /// A name that redirects, or whose type this program does not know; never touched.
    Redirect,
    /// RunCloud did not say, as the API of 2023 did not.
    Unknown,
    /// One more name of the application.
    Alias,
}

/// Which certificates the web application has, and so who orders the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ssl {
    /// One Let's Encrypt certificate for all names.
    Basic(Issued),
    /// One certificate per name.
    Advanced,
    /// RunCloud orders and renews by itself.
    AutoSsl,
    /// Somebody installed a certificate of their own.
    Custom,
    /// No certificate is installed.
    None,
}

impl Actual {
    /// Builds the picture from `(name as listed, wildcard flag, entry)`.
    pub fn new(listed: impl IntoIterator<Item = (String, bool, Entry)>) -> Self {
        let mut actual = Self::default();
        let mut listed: Vec<_> = listed.into_iter().collect();
        let names: BTreeSet<&str> = listed.iter().map(|(name, ..)| name.as_str()).collect();
        actual.has_repeated_names = names.len() < listed.len();
        // Of two spellings of one name the one that must not be touched stands for both.
        listed.sort_by_key(|(_, _, entry)| (entry.kind, entry.id));
        for (name, wildcard, entry) in listed {
            actual.ids.insert(entry.id);
            actual.insert(name, wildcard, entry);
        }
        actual
    }

    fn insert(&mut self, name: String, wildcard: bool, entry: Entry) {
        let base = name.strip_prefix("*.").unwrap_or(&name);
        let Ok(domain) = Domain::parse(base) else {
            self.odd.insert(name);
            return;
        };
        if wildcard || base.len() < name.len() {
            self.wildcards.insert(domain.clone());
        }
        if base.len() < name.len() || self.entries.contains_key(&domain) {
            self.odd.insert(name);
        } else {
            self.entries.insert(domain, entry);
        }
    }

    /// The entries in the order of their names.
    pub fn entries(&self) -> &BTreeMap<Domain, Entry> {
        &self.entries
    }

    /// Listed names that are no host names of their own, as RunCloud spells them.
    pub fn odd(&self) -> &BTreeSet<String> {
        &self.odd
    }

    /// How many domains RunCloud listed.
    pub fn len(&self) -> usize {
        self.entries.len() + self.odd.len()
    }

    /// Whether RunCloud listed a name, in exactly one spelling, twice.
    pub fn has_repeated_names(&self) -> bool {
        self.has_repeated_names
    }

    /// What an entry says of itself against the list, once it was asked and did.
    pub fn contradiction(&self) -> Option<&str> {
        self.contradiction.as_deref()
    }

    /// Notes what an entry says of itself against the list, which is not to be believed then.
    pub fn contradict(&mut self, what: String) {
        self.contradiction = Some(what);
    }

    /// Whether RunCloud listed none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry of exactly this name.
    pub fn get(&self, domain: &Domain) -> Option<&Entry> {
        self.entries.get(domain)
    }

    /// The application's own name; none where RunCloud does not say which one that is.
    pub fn primary(&self) -> Option<&Domain> {
        let mut entries = self.entries.iter();
        entries.find(|(_, entry)| entry.kind == Kind::Primary).map(|(name, _)| name)
    }

    /// Whether there is an entry with this id, whatever its name is.
    pub fn has_id(&self, id: u64) -> bool {
        self.ids.contains(&id)
    }

    /// The bases of wildcards: `example.com` for `*.example.com`.
    pub fn wildcards(&self) -> &BTreeSet<Domain> {
        &self.wildcards
    }

    /// Whether a wildcard entry serves the name; it serves one label below its base.
    pub fn has_wildcard_for(&self, domain: &Domain) -> bool {
        domain.parent().is_some_and(|parent| self.wildcards.contains(&parent))
    }

    /// Whether the entry of this name serves every name one label below it.
    pub fn is_wildcard(&self, domain: &Domain) -> bool {
        self.wildcards.contains(domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actual(names: &[(&str, bool)]) -> Actual {
        let entry = |id| Entry { id, kind: Kind::Alias, www: None, redirection: "none".into() };
        Actual::new((1..).zip(names).map(|(id, (n, w))| ((*n).to_owned(), *w, entry(id))))
    }

    fn domain(name: &str) -> Domain {
        Domain::parse(name).unwrap()
    }

    #[test]
    fn spellings_of_one_name_are_one_entry_and_an_odd_one() {
        let listed = actual(&[("Example.COM", false), ("example.com", false), ("bad_name", false)]);
        assert_eq!(listed.get(&domain("example.com")).unwrap().id, 1);
        assert_eq!(listed.odd().iter().collect::<Vec<_>>(), ["bad_name", "example.com"]);
        assert_eq!(listed.len(), 3);
    }

    #[test]
    fn a_wildcard_serves_one_label() {
        for listed in [actual(&[("*.network.test", false)]), actual(&[("network.test", true)])] {
            assert!(listed.has_wildcard_for(&domain("shop.network.test")));
            assert!(!listed.has_wildcard_for(&domain("a.shop.network.test")));
            assert!(!listed.has_wildcard_for(&domain("network.test")));
        }
    }
}
