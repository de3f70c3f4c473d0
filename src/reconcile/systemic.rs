//! When many names fail alike it is not about the names. Pure.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::report::some_of;
use crate::domain::Domain;

/// Fewer names than this are no pattern.
const FEWEST: usize = 3;

/// One finding that stands for many failed names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Systemic {
    /// What all of them met, with `…` for the name.
    pub reason: String,
    /// The names.
    pub names: Vec<Domain>,
    /// How many names were tried.
    pub tried: usize,
}

impl Systemic {
    /// The finding, where more than half of the names that were tried failed alike.
    pub(super) fn of<'a>(
        tried: usize,
        failed: impl IntoIterator<Item = (&'a Domain, &'a str)>,
    ) -> Option<Self> {
        let mut alike = BTreeMap::<String, Vec<Domain>>::new();
        for (name, what) in failed {
            alike.entry(what.replace(name.as_str(), "…")).or_default().push(name.clone());
        }
        let most = alike.into_iter().max_by_key(|(_, names)| names.len());
        let (reason, names) = most.filter(|(_, n)| n.len() >= FEWEST && n.len() * 2 > tried)?;
        Some(Self { reason, names, tried })
    }
}

impl fmt::Display for Systemic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, names, tried } = self;
        let count = names.len();
        write!(f, "{count} of {tried} names failed alike ({}): {reason}", some_of(names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(tried: usize, failed: &[(&str, &str)]) -> Option<usize> {
        let failed = failed.iter().map(|(name, what)| (Domain::parse(name).unwrap(), *what));
        let failed: Vec<_> = failed.collect();
        let pairs = failed.iter().map(|(name, what)| (name, *what));
        Systemic::of(tried, pairs).map(|finding| finding.names.len())
    }

    #[test]
    fn more_than_half_that_fail_alike_are_one_finding() {
        let alike = [("a.test", "422 a.test"), ("b.test", "422 b.test"), ("c.test", "422 c.test")];
        assert_eq!(found(5, &alike), Some(3));
        assert_eq!(found(6, &alike), None, "half is not more than half");
        assert_eq!(found(2, &alike[..2]), None, "two are no pattern");
        assert_eq!(found(3, &[("a.test", "x"), ("b.test", "y"), ("c.test", "z")]), None);
    }
}
