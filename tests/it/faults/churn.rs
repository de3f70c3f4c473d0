//! What customers and operators do meanwhile: rows come, go and change, and so do domains in RunCloud.

use std::collections::BTreeSet;

use fastrand::Rng;
use runcloud_domain_sync::simulator::{Kind, Model};

use super::truth::{MAIN, Row, STAGES, Site, Standing, Truth};

/// How many names one run may lose: more would meet the budget of a day, which is not what is shown here.
const LOSSES: usize = 4;
/// So many of them are kept for faults that need one.
const RESERVE: usize = 2;
/// So many rows stay, so that it never looks as if everything had gone.
const ANCHORS: i64 = 4;
const FIRST_ID: i64 = 8;
/// So often a change is drawn anew.
const TRIES: usize = 8;
/// How many names there are to map.
const NAMES: usize = 24;
const HAND_EDITS: usize = 2;

/// Which change a fault needs to have anything to spoil.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stir {
    Any,
    NewName,
    NewWww,
    Loss,
    /// Nothing that makes a row speak of another name: nobody has read that yet.
    NoNewName,
}

/// Random changes, and what is left of the losses.
pub struct Churn {
    losses: usize,
    detached: BTreeSet<String>,
    attached: usize,
}

type Step = fn(&mut Truth, &mut Rng);

/// What makes a row speak of a name of which it did not speak before.
const NEW: [Step; 5] = [map, map_www, map_again, recreate, rename];
const CHANGES: [Step; 6] = [remap, toggle, stage, site_state, site_comes_or_goes, unmap];

impl Churn {
    pub fn new() -> Self {
        Self { losses: LOSSES, detached: BTreeSet::new(), attached: 0 }
    }

    /// One change of the rows; none where each that was tried changes nothing or loses too much.
    pub fn stir(&mut self, truth: &mut Truth, stir: Stir, rng: &mut Rng) {
        for _ in 0..TRIES {
            let mut next = truth.clone();
            step(stir, rng)(&mut next, rng);
            let lost = truth.claimed().difference(&next.claimed()).count();
            let reserve = if stir == Stir::Loss { 0 } else { RESERVE.min(self.losses) };
            if next != *truth && lost + reserve <= self.losses && is_anchored(&next) {
                self.losses -= lost;
                *truth = next;
                return;
            }
        }
    }

    /// One edit by hand in RunCloud; returns a name that is nobody's business from now on.
    pub fn edit_by_hand(
        &mut self,
        model: &mut Model,
        truth: &Truth,
        rng: &mut Rng,
    ) -> Option<String> {
        if rng.bool() && self.attached < HAND_EDITS {
            self.attached += 1;
            let name = format!("hand{}.test", self.attached);
            model.attach(&name, Kind::Alias);
            return Some(name);
        }
        let is_ours = |name: &str| truth.is_claimed(name) && !self.detached.contains(name);
        let aliases = model.app.domains.iter().filter(|domain| domain.kind == Kind::Alias);
        let ours: Vec<_> = aliases.filter(|domain| is_ours(&domain.name)).collect();
        let name = rng.choice(ours)?.name.clone();
        if self.detached.len() < HAND_EDITS {
            model.detach(&name);
            self.detached.insert(name);
        }
        None
    }
}

fn step(stir: Stir, rng: &mut Rng) -> Step {
    match stir {
        Stir::Any if rng.bool() => *rng.choice(&NEW).unwrap(),
        Stir::Any | Stir::NoNewName => *rng.choice(&CHANGES).unwrap(),
        Stir::NewName => map,
        Stir::NewWww => map_own_www,
        Stir::Loss => lose,
    }
}

fn is_anchored(truth: &Truth) -> bool {
    let anchors = truth.rows.range(FIRST_ID..FIRST_ID + ANCHORS);
    anchors.into_iter().all(|(_, row)| truth.sites.contains_key(&row.site))
}

fn map(truth: &mut Truth, rng: &mut Rng) {
    let site = any_site(truth, rng);
    let name = free_name(truth, rng);
    truth.map(site, &name);
}

/// The `www.` of a mapped name, mostly for the same site.
fn map_www(truth: &mut Truth, rng: &mut Rng) {
    let Some(row) = any_row(truth, rng).cloned() else { return };
    let other = any_site(truth, rng);
    let site = if rng.u8(..4) > 0 { row.site } else { other };
    let www = format!("www.{}", row.name);
    if !row.name.starts_with("www.") && !truth.is_claimed(&www) {
        truth.map(site, &www);
    }
}

/// The `www.` of a name that is wanted, for the same site: one entry serves both.
fn map_own_www(truth: &mut Truth, rng: &mut Rng) {
    let Some(row) = any_row(truth, rng).cloned() else { return };
    let www = format!("www.{}", row.name);
    let is_bare = !row.name.starts_with("www.") && !truth.is_claimed(&www);
    if is_bare && truth.standing(&row.name) == Standing::Wanted {
        truth.map(row.site, &www);
    }
}

/// Takes away a name that has an entry of its own.
fn lose(truth: &mut Truth, rng: &mut Rng) {
    let Some(id) = any_id(truth, rng) else { return };
    let mut without = truth.clone();
    let Some(row) = without.rows.remove(&id) else { return };
    let is_served_yet = [row.name.clone(), format!("www.{}", row.name)];
    let has_own_entry = !is_served_yet.iter().any(|name| without.is_claimed(name));
    if !row.name.starts_with("www.") && has_own_entry {
        *truth = without;
    }
}

/// A second row for a mapped name.
fn map_again(truth: &mut Truth, rng: &mut Rng) {
    let site = any_site(truth, rng);
    let Some(row) = any_row(truth, rng).cloned() else { return };
    truth.map(site, &row.name);
}

/// The same row under another id, as the plugin leaves it where a customer starts over.
fn recreate(truth: &mut Truth, rng: &mut Rng) {
    let Some(id) = any_id(truth, rng) else { return };
    let Some(row) = truth.rows.remove(&id) else { return };
    truth.map(row.site, &row.name);
}

fn unmap(truth: &mut Truth, rng: &mut Rng) {
    if let Some(id) = any_id(truth, rng) {
        truth.rows.remove(&id);
    }
}

fn rename(truth: &mut Truth, rng: &mut Rng) {
    let name = free_name(truth, rng);
    edit(truth, rng, |row, _| row.name = name);
}

fn remap(truth: &mut Truth, rng: &mut Rng) {
    let site = any_site(truth, rng);
    edit(truth, rng, |row, _| row.site = site);
}

fn toggle(truth: &mut Truth, rng: &mut Rng) {
    edit(truth, rng, |row, rng| row.active = rng.choice(["1", "1", "0", "NULL"]).unwrap());
}

fn stage(truth: &mut Truth, rng: &mut Rng) {
    edit(truth, rng, |row, rng| row.stage = rng.choice(STAGES).unwrap());
}

fn site_state(truth: &mut Truth, rng: &mut Rng) {
    let state = rng.choice([Site::Live, Site::Live, Site::Archived, Site::Spam, Site::Deleted]);
    let site = any_site(truth, rng);
    if site != MAIN {
        truth.sites.insert(site, state.unwrap());
    }
}

fn site_comes_or_goes(truth: &mut Truth, _: &mut Rng) {
    if truth.sites.remove(&4).is_none() {
        truth.sites.insert(4, Site::Live);
    }
}

fn edit(truth: &mut Truth, rng: &mut Rng, change: impl FnOnce(&mut Row, &mut Rng)) {
    if let Some(row) = any_id(truth, rng).and_then(|id| truth.rows.get_mut(&id)) {
        change(row, rng);
    }
}

/// A row that is no anchor.
fn any_id(truth: &Truth, rng: &mut Rng) -> Option<i64> {
    let loose: Vec<i64> = truth.rows.range(FIRST_ID + ANCHORS..).map(|(id, _)| *id).collect();
    rng.choice(loose)
}

fn any_row<'a>(truth: &'a Truth, rng: &mut Rng) -> Option<&'a Row> {
    rng.choice(truth.rows.values())
}

fn any_site(truth: &Truth, rng: &mut Rng) -> i64 {
    *rng.choice(truth.sites.keys()).unwrap()
}

fn free_name(truth: &Truth, rng: &mut Rng) -> String {
    let names = (0..NAMES).map(|number| format!("n{number}.test"));
    let free: Vec<String> = names.filter(|name| !truth.is_claimed(name)).collect();
    rng.choice(free).unwrap_or_else(|| "last.test".to_owned())
}
