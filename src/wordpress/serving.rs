//! Whether WordPress serves a name: the plugin's own choice of a row, as `sunrise.php` makes it. Pure.
//!
//! The plugin looks for rows of the host and of the same with or without `www.`, takes one of them by an order
//! of its own, and serves the site of that one row if it is active and past its checks. Seen with the plugin
//! of April 2026 on WordPress 6.1.9.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::tables::{Mapping, SiteState, Stage, Tables};
use crate::domain::Domain;

/// Whether WordPress serves a name, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Serving {
    /// It serves this site, by this row; by none where the name is the site's own.
    Served {
        /// The row.
        mapping: Option<i64>,
        /// The site.
        site: i64,
    },
    /// It serves nothing by this row, which it takes before any other of the name.
    Refused {
        /// The row.
        mapping: i64,
        /// Why not.
        why: Refusal,
    },
    /// The site answers that it is gone (HTTP 410).
    Gone {
        /// The site.
        site: i64,
        /// What it is.
        state: SiteState,
    },
    /// It does not find this row by the name that browsers ask for.
    Spelled {
        /// The row.
        mapping: i64,
        /// What the row holds.
        stored: String,
    },
    /// No row and no site has the name.
    Nowhere,
}

/// Why WordPress serves nothing by a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The row is not active.
    Inactive,
    /// The plugin still looks whether the name arrives here.
    CheckingDns,
    /// The plugin still waits for a certificate.
    CheckingSsl,
    /// The plugin gave up waiting for the name, and nothing looks again.
    Failed,
    /// The plugin gave up waiting for a certificate, and nothing looks again.
    SslFailed,
    /// The row's site does not exist.
    NoSite,
}

/// By what the plugin prefers one row of a name to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rank {
    /// `primary_domain`.
    pub primary: bool,
    /// `secure`.
    pub secure: bool,
}

impl Serving {
    /// What the tables make of a name. `ranks` are those of the rows that [`candidates`] names.
    pub fn of(name: &Domain, tables: &Tables, ranks: &BTreeMap<i64, Rank>) -> Self {
        let hosts = hosts(name);
        let found = rows(name, tables).filter(|row| hosts.iter().any(|host| is_found(row, host)));
        let rank = |row: &&Mapping| {
            let Rank { primary, secure } = ranks.get(&row.id).copied().unwrap_or_default();
            (Reverse(primary), Reverse(row.active), Reverse(secure), row.id)
        };
        let chosen = found.min_by_key(rank).map(|row| by_row(row, tables));
        if let Some(served @ (Self::Served { .. } | Self::Gone { .. })) = chosen {
            return served;
        }
        // What the plugin does not serve, WordPress itself may.
        let own = own_site(name, tables).map(by_site);
        let spelled = || {
            let row = rows(name, tables).next()?;
            Some(Self::Spelled { mapping: row.id, stored: row.domain.clone() })
        };
        own.or(chosen).or_else(spelled).unwrap_or(Self::Nowhere)
    }
}

/// The ids of the rows that speak of a name, of it without `www.`, or with.
pub fn candidates(name: &Domain, tables: &Tables) -> Vec<i64> {
    rows(name, tables).map(|row| row.id).collect()
}

fn by_row(row: &Mapping, tables: &Tables) -> Serving {
    let why = match row.stage {
        Stage::CheckingDns => Some(Refusal::CheckingDns),
        Stage::CheckingSsl => Some(Refusal::CheckingSsl),
        Stage::Failed => Some(Refusal::Failed),
        Stage::SslFailed => Some(Refusal::SslFailed),
        Stage::Done | Stage::DoneWithoutSsl | Stage::Other => None,
    };
    let why = why.or((!row.active).then_some(Refusal::Inactive));
    let site = tables.sites.as_ref().map(|all| all.iter().find(|site| site.id == row.site));
    match (why, site) {
        (Some(why), _) => Serving::Refused { mapping: row.id, why },
        (None, Some(None)) => Serving::Refused { mapping: row.id, why: Refusal::NoSite },
        (None, Some(Some(site))) if site.state != SiteState::Live => {
            Serving::Gone { site: site.id, state: site.state }
        }
        (None, _) => Serving::Served { mapping: Some(row.id), site: row.site },
    }
}

fn by_site((site, state): (i64, SiteState)) -> Serving {
    match state {
        SiteState::Live => Serving::Served { mapping: None, site },
        state => Serving::Gone { site, state },
    }
}

/// WordPress's own look-up: a site in `blogs` has exactly this name.
fn own_site(name: &Domain, tables: &Tables) -> Option<(i64, SiteState)> {
    let sites = tables.sites.iter().flatten();
    let has_it = |text: &str| Domain::parse_without_port(text).is_ok_and(|own| own == *name);
    let mut own = sites.filter(|site| has_it(&site.domain));
    own.next().map(|site| (site.id, site.state))
}

/// The host that browsers ask for, and the same with `www.` or without.
fn hosts(name: &Domain) -> Vec<Domain> {
    name.variants().collect()
}

fn rows<'a>(name: &Domain, tables: &'a Tables) -> impl Iterator<Item = &'a Mapping> {
    let hosts = hosts(name);
    let speaks_of = move |row: &&Mapping| {
        Domain::parse(&row.domain).is_ok_and(|stored| hosts.contains(&stored))
    };
    tables.mappings.iter().filter(speaks_of)
}

/// As the database compares: without regard to case and to spaces at the end, and to nothing else.
fn is_found(row: &Mapping, host: &Domain) -> bool {
    row.domain.trim_end_matches(' ').eq_ignore_ascii_case(host.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::tables::Site;
    use super::*;

    fn tables(rows: &[(&str, bool, Stage)]) -> Tables {
        let mapping = |(id, (name, active, stage)): (i64, &(&str, bool, Stage))| Mapping {
            id,
            site: 2,
            domain: (*name).into(),
            active: *active,
            stage: *stage,
        };
        let site =
            |id, domain: &str, state| Site { id, domain: domain.into(), path: "/".into(), state };
        Tables {
            mappings: (1..).zip(rows).map(mapping).collect(),
            sites: Some(vec![
                site(1, "network.test", SiteState::Live),
                site(2, "shop.network.test", SiteState::Live),
                site(3, "gone.network.test", SiteState::Archived),
            ]),
            ..Tables::default()
        }
    }

    fn of(name: &str, rows: &[(&str, bool, Stage)]) -> Serving {
        Serving::of(&Domain::parse(name).unwrap(), &tables(rows), &BTreeMap::new())
    }

    fn served(mapping: i64) -> Serving {
        Serving::Served { mapping: Some(mapping), site: 2 }
    }

    #[test]
    fn stage_and_active_decide() {
        for stage in [Stage::Done, Stage::DoneWithoutSsl, Stage::Other] {
            assert_eq!(of("a.test", &[("a.test", true, stage)]), served(1));
            let why = Refusal::Inactive;
            assert_eq!(
                of("a.test", &[("a.test", false, stage)]),
                Serving::Refused { mapping: 1, why }
            );
        }
        for (stage, why) in [
            (Stage::CheckingDns, Refusal::CheckingDns),
            (Stage::CheckingSsl, Refusal::CheckingSsl),
            (Stage::Failed, Refusal::Failed),
            (Stage::SslFailed, Refusal::SslFailed),
        ] {
            assert_eq!(
                of("a.test", &[("a.test", true, stage)]),
                Serving::Refused { mapping: 1, why }
            );
        }
    }

    #[test]
    fn a_row_serves_its_name_with_www_and_without_whichever_it_holds() {
        for stored in ["a.test", "www.a.test", "A.Test", "a.test "] {
            for name in ["a.test", "www.a.test"] {
                assert_eq!(of(name, &[(stored, true, Stage::Done)]), served(1), "{stored}");
            }
        }
    }

    #[test]
    fn one_row_of_both_spellings_wins_also_where_the_other_would_be_served() {
        let rows = [("a.test", true, Stage::Failed), ("www.a.test", true, Stage::Done)];
        let primary = BTreeMap::from([(1, Rank { primary: true, secure: false })]);
        let name = Domain::parse("www.a.test").unwrap();
        let why = Refusal::Failed;
        let refused = Serving::Refused { mapping: 1, why };
        assert_eq!(Serving::of(&name, &tables(&rows), &primary), refused);
        assert_eq!(candidates(&name, &tables(&rows)), [1, 2]);
    }

    #[test]
    fn what_the_plugin_does_not_serve_a_site_s_own_name_may() {
        let rows = [("shop.network.test", true, Stage::CheckingDns)];
        let own = Serving::Served { mapping: None, site: 2 };
        assert_eq!(of("shop.network.test", &rows), own);
        assert_eq!(of("shop.network.test", &[]), own);
        let gone = Serving::Gone { site: 3, state: SiteState::Archived };
        assert_eq!(of("gone.network.test", &[]), gone);
        assert_eq!(of("other.test", &[]), Serving::Nowhere);
    }

    #[test]
    fn a_row_that_browsers_spell_otherwise_is_not_found() {
        for stored in ["m\u{fc}ller.de", "xn--mller-kva.de\n"] {
            let spelled = Serving::Spelled { mapping: 1, stored: stored.into() };
            assert_eq!(of("xn--mller-kva.de", &[(stored, true, Stage::Done)]), spelled);
        }
    }

    #[test]
    fn a_row_of_a_site_that_does_not_exist_serves_nothing() {
        let mut orphan = tables(&[("a.test", true, Stage::Done)]);
        orphan.mappings[0].site = 99;
        let name = Domain::parse("a.test").unwrap();
        let why = Refusal::NoSite;
        let refused = Serving::Refused { mapping: 1, why };
        assert_eq!(Serving::of(&name, &orphan, &BTreeMap::new()), refused);
    }
}
