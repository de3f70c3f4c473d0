use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::tables::{Mapping, Site, SiteState, Stage, Tables};
use crate::domain::{Domain, Rejection};
use crate::ledger::Cause;

/// What WordPress's tables want of RunCloud.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// Every name a row or a site speaks of, besides protected ones.
    pub claims: BTreeMap<Domain, Claim>,
    /// The own names of sites, mapped or not.
    pub site_names: BTreeSet<Domain>,
    /// The network's own names and the keep list: never added, changed or removed.
    pub protected: BTreeSet<Domain>,
    /// The network's own names that a row maps to another site: WordPress would serve that site there.
    pub hijacks: BTreeMap<Domain, Cause>,
    /// The name that each row of the mapping table holds, by its id.
    pub rows: BTreeMap<i64, Domain>,
    /// Rows whose name is none, in the order of their ids.
    pub rejected: Vec<Rejected>,
    /// What an operator should hear once, such as a table that cannot be read.
    pub notices: Vec<String>,
    /// The network's own domain; none where `site` cannot be read.
    pub network: Option<Domain>,
    /// What shows whether the tables are whole.
    pub canaries: Canaries,
}

/// What shows whether the tables are whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Canaries {
    /// How many rows the mapping table has.
    pub mappings: usize,
    /// The highest id in it; 0 where it has no row.
    pub highest_mapping: i64,
    /// The id its next row gets; none where the database does not say.
    pub next_mapping: Option<i64>,
    /// Whether `blogs` has site 1; none where it cannot be read.
    pub has_first_site: Option<bool>,
    /// Whether `site` has a row; none where it cannot be read.
    pub has_network: Option<bool>,
}

/// What the rows say of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whether it is to be there.
    pub standing: Standing,
    /// The row, or the site, that says so.
    pub cause: Cause,
    /// The row's stage.
    pub stage: Stage,
}

/// Whether a name is to be in RunCloud; the later one wins where rows disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Its site does not exist.
    NotWanted,
    /// Left where it is, and not added.
    Kept(Kept),
    /// Added and kept.
    Wanted,
}

/// Why a name is left where it is and not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// `subdomains = "off"`, and the name is a site's own.
    SubdomainsOff,
    /// The site is deleted, which WordPress can undo.
    SiteDeleted,
    /// The site is marked as spam.
    SiteSpam,
    /// The site is archived.
    SiteArchived,
    /// `active` is 0, which WordPress stores by accident.
    Inactive,
    /// The plugin gave up waiting for DNS.
    StageFailed,
}

/// A row whose name is no host name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The row.
    pub cause: Cause,
    /// What it holds, and why that is no host name.
    pub rejection: Rejection,
}

/// What to do about the own names of sites, such as `shop.network.example`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subdomains {
    /// Wanted, unless a wildcard in RunCloud serves them.
    #[default]
    Auto,
    /// Wanted.
    On,
    /// Never added.
    Off,
}

impl Desired {
    /// Joins the tables. `own` are names of the network known from elsewhere (`DOMAIN_CURRENT_SITE`),
    /// `keep` the keep list.
    pub fn of(tables: &Tables, own: &[Domain], keep: &[Domain], subdomains: Subdomains) -> Self {
        let network = NetworkNames::of(tables, own);
        let mut desired = Self {
            network: network.first.clone().or_else(|| own.first().cloned()),
            canaries: canaries(tables),
            notices: notices(tables),
            ..Self::default()
        };
        desired.protected = with_variants(keep.iter());
        desired.protected.extend(network.names.iter().cloned());
        let sites: Option<BTreeMap<i64, SiteState>> =
            tables.sites.as_ref().map(|all| all.iter().map(|site| (site.id, site.state)).collect());
        for mapping in &tables.mappings {
            desired.take_mapping(mapping, sites.as_ref(), &network);
        }
        for site in tables.sites.iter().flatten() {
            desired.take_site(site, subdomains);
        }
        desired
    }

    /// Whether a row or a site wants or keeps the name.
    pub fn is_claimed(&self, name: &Domain) -> bool {
        self.claims.get(name).is_some_and(|claim| claim.standing != Standing::NotWanted)
    }

    /// Whether a row or a site wants the name.
    pub fn is_wanted(&self, name: &Domain) -> bool {
        self.claims.get(name).is_some_and(|claim| claim.standing == Standing::Wanted)
    }

    /// Wants the names whose rows have stage `failed` and which were seen to arrive here after all: the plugin
    /// gave up after 25 minutes, and nothing of it looks again.
    pub fn take_arrived(&mut self, has_arrived: impl Fn(&Domain) -> bool) {
        for (domain, claim) in &mut self.claims {
            if claim.standing == Standing::Kept(Kept::StageFailed) && has_arrived(domain) {
                claim.standing = Standing::Wanted;
            }
        }
    }

    fn take_mapping(
        &mut self,
        mapping: &Mapping,
        sites: Option<&BTreeMap<i64, SiteState>>,
        network: &NetworkNames,
    ) {
        let cause = Cause { mapping: Some(mapping.id), site: mapping.site };
        let parsed = Domain::parse(&mapping.domain);
        if let Ok(domain) = &parsed {
            self.rows.insert(mapping.id, domain.clone());
        }
        match parsed {
            Err(rejection) => self.rejected.push(Rejected { cause, rejection }),
            Ok(domain) if self.protected.contains(&domain) => {
                if network.is_hijacked(&domain, mapping.site) {
                    let first = self.hijacks.entry(domain).or_insert(cause);
                    *first = cause.min(*first);
                }
            }
            Ok(domain) => {
                let standing = standing_of(mapping, sites);
                self.claim(domain, Claim { standing, cause, stage: mapping.stage });
            }
        }
    }

    fn take_site(&mut self, site: &Site, subdomains: Subdomains) {
        let cause = Cause { mapping: None, site: site.id };
        match Domain::parse_without_port(&site.domain) {
            Err(rejection) => self.rejected.push(Rejected { cause, rejection }),
            Ok(domain) if self.protected.contains(&domain) => {}
            Ok(domain) => {
                let standing = match (site.state, subdomains) {
                    (SiteState::Live, Subdomains::Off) => Standing::Kept(Kept::SubdomainsOff),
                    (state, _) => standing_in(state),
                };
                self.site_names.insert(domain.clone());
                self.claim(domain, Claim { standing, cause, stage: Stage::default() });
            }
        }
    }

    /// Rows of one name: the stronger standing wins, then the earlier row, then a site's own name.
    fn claim(&mut self, domain: Domain, claim: Claim) {
        let rank = |claim: &Claim| {
            let Cause { mapping, site } = claim.cause;
            Reverse((Reverse(claim.standing), mapping.is_none(), mapping, site))
        };
        let known = self.claims.entry(domain).or_insert(claim);
        if rank(&claim) > rank(known) {
            *known = claim;
        }
    }
}

fn canaries(tables: &Tables) -> Canaries {
    let has_first_site = |sites: &Vec<Site>| sites.iter().any(|site| site.id == 1);
    Canaries {
        mappings: tables.mappings.len(),
        highest_mapping: tables.mappings.iter().map(|row| row.id).max().unwrap_or_default(),
        next_mapping: tables.next_mapping,
        has_first_site: tables.sites.as_ref().map(has_first_site),
        has_network: tables.networks.as_ref().map(|networks| !networks.is_empty()),
    }
}

fn standing_of(mapping: &Mapping, sites: Option<&BTreeMap<i64, SiteState>>) -> Standing {
    let by_site = match sites {
        None => Standing::Wanted,
        Some(sites) => sites.get(&mapping.site).map_or(Standing::NotWanted, |s| standing_in(*s)),
    };
    let by_row = match (mapping.stage, mapping.active) {
        (Stage::Failed, _) => Standing::Kept(Kept::StageFailed),
        (_, false) => Standing::Kept(Kept::Inactive),
        (_, true) => Standing::Wanted,
    };
    by_site.min(by_row)
}

fn standing_in(state: SiteState) -> Standing {
    match state {
        SiteState::Live => Standing::Wanted,
        SiteState::Deleted => Standing::Kept(Kept::SiteDeleted),
        SiteState::Spam => Standing::Kept(Kept::SiteSpam),
        SiteState::Archived => Standing::Kept(Kept::SiteArchived),
    }
}

/// The names of the networks themselves, and the sites they belong to.
struct NetworkNames {
    /// The domain of the first network in `site`.
    first: Option<Domain>,
    /// With and without `www.`.
    names: BTreeSet<Domain>,
    main_sites: BTreeSet<i64>,
}

impl NetworkNames {
    fn of(tables: &Tables, own: &[Domain]) -> Self {
        let networks = tables.networks.as_deref().unwrap_or_default();
        let sites = tables.sites.as_deref().unwrap_or_default();
        // WordPress finds the main site by address; the first site of an installation is one.
        let is_main = |site: &Site| {
            site.id == 1
                || tables.main_sites.contains(&site.id)
                || networks.iter().any(|n| (&n.domain, &n.path) == (&site.domain, &site.path))
        };
        let main: Vec<&Site> = sites.iter().filter(|site| is_main(site)).collect();
        let stored = networks.iter().map(|network| &network.domain);
        let stored = stored.chain(main.iter().map(|site| &site.domain));
        let names: Vec<Domain> =
            stored.filter_map(|text| Domain::parse_without_port(text).ok()).collect();
        let first = networks.iter().min_by_key(|network| network.id);
        Self {
            first: first.and_then(|first| Domain::parse_without_port(&first.domain).ok()),
            names: with_variants(names.iter().chain(own)),
            main_sites: main.iter().map(|site| site.id).chain([1]).collect(),
        }
    }

    fn is_hijacked(&self, domain: &Domain, site: i64) -> bool {
        self.names.contains(domain) && !self.main_sites.contains(&site)
    }
}

/// Each name with and without `www.`.
fn with_variants<'a>(names: impl Iterator<Item = &'a Domain>) -> BTreeSet<Domain> {
    names.flat_map(Domain::variants).collect()
}

fn notices(tables: &Tables) -> Vec<String> {
    let mut notices = Vec::new();
    if tables.sites.is_none() {
        notices.push(
            "the table `blogs` cannot be read: every mapping counts as if its site existed, and \
             sites' own names are not looked after (GRANT SELECT on it to change that)"
                .to_owned(),
        );
    }
    if tables.networks.is_none() {
        notices.push(
            "the table `site` cannot be read: the network's own names are protected only as far as \
             DOMAIN_CURRENT_SITE, RunCloud's primary and sync.keep name them"
                .to_owned(),
        );
    }
    notices
}

#[cfg(test)]
mod tests {
    use super::super::tables::Network;
    use super::*;

    fn domain(name: &str) -> Domain {
        Domain::parse(name).unwrap()
    }

    fn mapping(id: i64, site: i64, name: &str) -> Mapping {
        Mapping { id, site, domain: name.into(), active: true, stage: Stage::Done }
    }

    fn site(id: i64, name: &str, path: &str) -> Site {
        Site { id, domain: name.into(), path: path.into(), state: SiteState::Live }
    }

    fn network() -> Tables {
        Tables {
            mappings: vec![],
            sites: Some(vec![site(1, "network.test", "/"), site(2, "shop.network.test", "/")]),
            networks: Some(vec![Network {
                id: 1,
                domain: "network.test".into(),
                path: "/".into(),
            }]),
            main_sites: vec![],
            next_mapping: None,
        }
    }

    fn standing(tables: &Tables, name: &str) -> Option<Standing> {
        let desired = Desired::of(tables, &[], &[], Subdomains::Auto);
        desired.claims.get(&domain(name)).map(|claim| claim.standing)
    }

    #[test]
    fn a_row_is_wanted_kept_or_not_wanted() {
        let mut tables = network();
        let failed = Mapping { stage: Stage::Failed, ..mapping(2, 2, "failed.test") };
        let inactive = Mapping { active: false, ..mapping(3, 2, "inactive.test") };
        tables.mappings =
            vec![mapping(1, 2, "a.test"), failed, inactive, mapping(4, 99, "orphan.test")];
        assert_eq!(standing(&tables, "a.test"), Some(Standing::Wanted));
        assert_eq!(standing(&tables, "failed.test"), Some(Standing::Kept(Kept::StageFailed)));
        assert_eq!(standing(&tables, "inactive.test"), Some(Standing::Kept(Kept::Inactive)));
        assert_eq!(standing(&tables, "orphan.test"), Some(Standing::NotWanted));
    }

    #[test]
    fn of_two_rows_the_stronger_wins_whatever_their_order() {
        let mut tables = network();
        let weak = Mapping { stage: Stage::Failed, ..mapping(1, 2, "EXAMPLE.com") };
        for rows in
            [[weak.clone(), mapping(2, 2, "example.com\n")], [mapping(2, 2, "example.com\n"), weak]]
        {
            tables.mappings = rows.into();
            assert_eq!(standing(&tables, "example.com"), Some(Standing::Wanted));
        }
    }

    #[test]
    fn rows_of_a_site_that_is_not_live_are_kept() {
        for (state, kept) in [
            (SiteState::Archived, Kept::SiteArchived),
            (SiteState::Spam, Kept::SiteSpam),
            (SiteState::Deleted, Kept::SiteDeleted),
        ] {
            let mut tables = network();
            tables.sites = Some(vec![Site { state, ..site(2, "s.network.test", "/") }]);
            tables.mappings = vec![mapping(1, 2, "a.test")];
            assert_eq!(standing(&tables, "a.test"), Some(Standing::Kept(kept)));
            assert_eq!(standing(&tables, "s.network.test"), Some(Standing::Kept(kept)));
        }
    }

    #[test]
    fn without_blogs_every_row_counts_and_that_is_said() {
        let mut tables = network();
        tables.sites = None;
        tables.mappings = vec![mapping(1, 99, "orphan.test")];
        assert_eq!(standing(&tables, "orphan.test"), Some(Standing::Wanted));
        let desired = Desired::of(&tables, &[], &[], Subdomains::Auto);
        assert!(desired.notices[0].contains("`blogs` cannot be read"));
    }

    #[test]
    fn the_network_s_own_names_are_protected_with_and_without_www() {
        let mut tables = network();
        tables.mappings = vec![
            mapping(1, 1, "network.test"),
            mapping(2, 2, "www.network.test"),
            mapping(3, 2, "kept.test"),
            mapping(4, 2, "current.test"),
        ];
        let (own, keep) = ([domain("www.current.test")], [domain("kept.test")]);
        let desired = Desired::of(&tables, &own, &keep, Subdomains::Auto);
        for name in
            ["network.test", "www.network.test", "kept.test", "www.kept.test", "current.test"]
        {
            assert!(desired.protected.contains(&domain(name)), "{name}");
            assert!(!desired.claims.contains_key(&domain(name)), "{name}");
        }
        let hijacked: Vec<_> = desired.hijacks.keys().map(Domain::as_str).collect();
        assert_eq!(hijacked, ["current.test", "www.network.test"]);
    }

    #[test]
    fn a_site_s_own_name_is_wanted_unless_it_is_the_network_s() {
        let mut tables = network();
        tables
            .sites
            .as_mut()
            .unwrap()
            .extend([site(4, "other.test:8080", "/x/"), site(5, "network.test", "/y/")]);
        assert_eq!(standing(&tables, "shop.network.test"), Some(Standing::Wanted));
        assert_eq!(standing(&tables, "other.test"), Some(Standing::Wanted));
        assert_eq!(standing(&tables, "network.test"), None);
        let off = Desired::of(&tables, &[], &[], Subdomains::Off);
        let kept = Standing::Kept(Kept::SubdomainsOff);
        assert_eq!(off.claims[&domain("other.test")].standing, kept);
    }

    #[test]
    fn what_is_no_host_name_is_reported_and_nothing_else() {
        let mut tables = network();
        tables.mappings = vec![mapping(1, 2, "not a name"), mapping(2, 2, "")];
        let desired = Desired::of(&tables, &[], &[], Subdomains::Auto);
        assert_eq!(desired.rejected.len(), 2);
        assert_eq!(desired.claims.len(), 1);
    }
}
