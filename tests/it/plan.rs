//! Properties of the pure planner, over random worlds.

use std::collections::BTreeMap;

use proptest::prelude::*;
use runcloud_domain_sync::clock::Timestamp;
use runcloud_domain_sync::domain::Domain;
use runcloud_domain_sync::ledger::{Cause, Known, Origin, Owned};
use runcloud_domain_sync::reconcile::certificate::Gate;
use runcloud_domain_sync::reconcile::plan::{
    Change, Inputs, Plan, Policy, Removal, WwwPolicy, plan,
};
use runcloud_domain_sync::runcloud::{Actual, ApiVersion, Entry, Kind};
use runcloud_domain_sync::wordpress::{
    Desired, Mapping, Network, Site, SiteState, Stage, Subdomains, Tables,
};

const NAMES: [&str; 11] = [
    "a.test",
    "www.a.test",
    "b.test",
    "www.b.test",
    "c.test",
    "shop.network.test",
    "network.test",
    "www.network.test",
    "primary.test",
    "*.wild.test",
    "x.wild.test",
];

#[derive(Clone, Debug)]
struct Case {
    tables: Tables,
    listed: Vec<(String, Entry)>,
    owned: Vec<&'static str>,
    policy: Policy,
}

impl Case {
    fn plan(&self) -> Plan {
        let desired = Desired::of(&self.tables, &[], &[], self.policy.subdomains);
        self.plan_with(&desired, &self.known())
    }

    fn plan_with(&self, desired: &Desired, known: &Known) -> Plan {
        let listed = self.listed.iter().map(|(name, entry)| (name.clone(), false, entry.clone()));
        let actual = Actual::new(listed);
        let (policy, now) = (&self.policy, Timestamp(0));
        let inputs = Inputs { desired, actual: &actual, known, policy, now };
        plan(&inputs)
    }

    fn known(&self) -> Known {
        let cause = Cause { mapping: Some(1), site: 2 };
        let owned = Owned { origin: Origin::Added, www: None, cause, id: None };
        let names = self.owned.iter().filter_map(|name| Domain::parse(name).ok());
        Known { owned: names.map(|name| (name, owned)).collect(), ..Known::default() }
    }

    /// The world after the plan was carried out.
    fn applied(&self, plan: &Plan) -> (Self, Known) {
        let mut after = self.clone();
        let mut known = self.known();
        for (name, _) in plan.astray.iter().filter(|(_, id)| id.is_none()) {
            known.owned.remove(name);
        }
        for (name, cause) in &plan.recaused {
            known.owned.get_mut(name).unwrap().cause = *cause;
        }
        for (name, cause) in &plan.adoptions {
            let owned = Owned { origin: Origin::Adopted, www: None, cause: *cause, id: None };
            known.owned.insert(name.clone(), owned);
        }
        for change in &plan.changes {
            after.apply(&mut known, change);
        }
        (after, known)
    }

    fn apply(&mut self, known: &mut Known, change: &Change) {
        match change {
            Change::Add { domain, www, cause, .. } => {
                let id = 1_000 + self.listed.len() as u64;
                let redirection = "none".to_owned();
                let entry = Entry { id, kind: Kind::Alias, www: Some(*www), redirection };
                self.listed.push((domain.to_string(), entry));
                let owned =
                    Owned { origin: Origin::Added, www: Some(*www), cause: *cause, id: None };
                known.owned.insert(domain.clone(), owned);
            }
            Change::Update { domain, entry, www, .. } => {
                let listed = self.listed.iter_mut().find(|(_, other)| other.id == entry.id);
                listed.unwrap().1.www = Some(*www);
                known.owned.get_mut(domain).unwrap().www = Some(*www);
            }
            Change::Remove { domain, id, .. } => {
                self.listed.retain(|(_, entry)| entry.id != *id);
                known.owned.remove(domain);
            }
        }
    }
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&NAMES[..])
}

fn tables() -> impl Strategy<Value = Tables> {
    let row = (1..4_i64, name(), any::<bool>(), any::<bool>(), any::<bool>());
    let mapping = row.prop_map(|(site, name, active, failed, shout)| Mapping {
        id: 0,
        site,
        domain: if shout { name.to_uppercase() } else { name.to_owned() },
        active,
        stage: if failed { Stage::Failed } else { Stage::Done },
    });
    let sites = prop::option::of(Just(vec![
        Site { id: 1, domain: "network.test".into(), path: "/".into(), state: SiteState::Live },
        Site {
            id: 2,
            domain: "shop.network.test".into(),
            path: "/".into(),
            state: SiteState::Live,
        },
        Site { id: 3, domain: "x.wild.test".into(), path: "/".into(), state: SiteState::Live },
    ]));
    (prop::collection::vec(mapping, 0..12), sites).prop_map(|(mut mappings, sites)| {
        for (id, mapping) in (1..).zip(&mut mappings) {
            mapping.id = id;
        }
        let networks =
            Some(vec![Network { id: 1, domain: "network.test".into(), path: "/".into() }]);
        Tables { mappings, sites, networks, main_sites: vec![], next_mapping: None }
    })
}

fn listing() -> impl Strategy<Value = Vec<(String, Entry)>> {
    let kind = prop::sample::select(vec![Kind::Alias, Kind::Alias, Kind::Redirect, Kind::Unknown]);
    let entries = prop::collection::btree_map(name(), (kind, any::<bool>()), 0..9);
    entries.prop_map(|entries: BTreeMap<&str, (Kind, bool)>| {
        let entry = |(id, (name, (kind, www))): (u64, (&str, (Kind, bool)))| {
            let kind = if name == "primary.test" { Kind::Primary } else { kind };
            (name.to_owned(), Entry { id, kind, www: Some(www), redirection: "none".into() })
        };
        (1..).zip(entries).map(entry).collect()
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let removal = prop::sample::select(vec![Removal::Owned, Removal::Mirror, Removal::Never]);
    let www = prop::sample::select(vec![WwwPolicy::Auto, WwwPolicy::Always, WwwPolicy::Never]);
    let subdomains = prop::sample::select(vec![Subdomains::Auto, Subdomains::On, Subdomains::Off]);
    let api = prop::sample::select(vec![ApiVersion::V2, ApiVersion::V3]);
    (removal, www, subdomains, api).prop_map(|(removal, www, subdomains, api)| Policy {
        removal,
        www,
        subdomains,
        max_removals: None,
        gate: Gate::Auto,
        api,
    })
}

fn case() -> impl Strategy<Value = Case> {
    let owned = prop::sample::subsequence(&NAMES[..], 0..NAMES.len());
    (tables(), listing(), owned, policy()).prop_map(|(tables, listed, owned, policy)| Case {
        tables,
        listed,
        owned,
        policy,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn after_a_plan_was_carried_out_there_is_nothing_to_do(case in case()) {
        let desired = Desired::of(&case.tables, &[], &[], case.policy.subdomains);
        let plan = case.plan();
        let (after, known) = case.applied(&plan);
        let again = after.plan_with(&desired, &known);
        prop_assert!(again.changes.is_empty(), "first {:#?}\nthen {:#?}", plan.changes, again.changes);
        prop_assert!(again.adoptions.is_empty(), "{:?}", again.adoptions);
    }

    #[test]
    fn the_order_of_rows_and_entries_does_not_matter(case in case(), by in 1..9_usize) {
        let mut turned = case.clone();
        let (rows, entries) = (&mut turned.tables.mappings, &mut turned.listed);
        let (row_count, entry_count) = (rows.len().max(1), entries.len().max(1));
        rows.rotate_left(by % row_count);
        entries.rotate_left(by % entry_count);
        let (plan, mut other) = (case.plan(), turned.plan());
        let mut rejected = plan.rejected.clone();
        rejected.sort();
        other.rejected.sort();
        prop_assert_eq!(Plan { rejected, ..plan }, other);
    }

    #[test]
    fn protected_and_unowned_names_are_never_removed(case in case()) {
        let owned = case.known().owned;
        for change in case.plan().changes {
            let Change::Remove { domain, id, .. } = change else { continue };
            let (_, entry) = case.listed.iter().find(|(_, entry)| entry.id == id).unwrap();
            prop_assert!(matches!(entry.kind, Kind::Alias | Kind::Unknown), "{domain} {entry:?}");
            prop_assert!(!domain.as_str().ends_with("network.test") || domain.as_str() == "shop.network.test");
            prop_assert!(owned.contains_key(&domain) || case.policy.removal == Removal::Mirror);
            prop_assert!(case.policy.removal != Removal::Never);
        }
    }

    #[test]
    fn nothing_is_changed_that_has_the_id_of_another_name(case in case(), by in 1..9_usize) {
        let mut known = case.known();
        for (name, entry) in &case.listed {
            let owned = Domain::parse(name).ok().and_then(|name| known.owned.get_mut(&name));
            if let Some(owned) = owned {
                owned.id = Some(entry.id);
            }
        }
        let mut turned = case.clone();
        let mut ids: Vec<u64> = case.listed.iter().map(|(_, entry)| entry.id).collect();
        let count = ids.len().max(1);
        ids.rotate_left(by % count);
        for ((_, entry), id) in turned.listed.iter_mut().zip(ids) {
            entry.id = id;
        }
        let desired = Desired::of(&case.tables, &[], &[], case.policy.subdomains);
        for change in turned.plan_with(&desired, &known).changes {
            let id = match &change {
                Change::Remove { id, .. } => *id,
                Change::Update { entry, .. } => entry.id,
                Change::Add { .. } => continue,
            };
            let owner = known.owned.iter().find(|(_, owned)| owned.id == Some(id));
            prop_assert!(owner.is_none_or(|(name, _)| name == change.domain()), "{change:?}");
        }
    }

    #[test]
    fn protected_names_redirects_and_the_primary_are_never_changed(case in case()) {
        for change in case.plan().changes {
            let name = change.domain().as_str();
            prop_assert!(!["network.test", "www.network.test", "primary.test"].contains(&name)
                || (name == "primary.test" && case.listed.iter().all(|(listed, _)| listed != name)));
            let listed = case.listed.iter().find(|(listed, _)| listed == name);
            prop_assert!(listed.is_none_or(|(_, entry)| entry.kind != Kind::Redirect));
        }
    }
}
