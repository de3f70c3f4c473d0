//! What should be removed, and when, told again in a page and independently of the program.

use std::collections::{BTreeMap, BTreeSet};

const DAY: i64 = 86_400;

/// A network whose rows are all mappings of site 2, with one own name of that site.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The mapping table: names by id.
    pub rows: BTreeMap<i64, String>,
    /// Its `AUTO_INCREMENT`.
    pub next_id: i64,
    /// Whether `blogs` has site 2.
    pub has_site: bool,
    pub wall: i64,
    pub uptime: i64,
    pub boot: u32,
    /// How long a name must be missing, and since when it is, by uptime.
    pub grace: i64,
    pub missing: BTreeMap<String, i64>,
    pub approval: Option<Approval>,
    /// What RunCloud has besides its primary.
    pub listed: BTreeSet<String>,
    ours: BTreeSet<String>,
    highest: i64,
    /// Seconds that certainly passed, and the wall clock, boot and uptime they were counted at.
    counted: i64,
    counted_at: Option<(i64, u32, i64)>,
    /// When names were removed, and how many there were then.
    removed_at: Vec<(i64, usize)>,
    began: bool,
}

#[derive(Clone, Debug)]
pub struct Approval {
    pub names: BTreeSet<String>,
    pub until_wall: i64,
    pub until_counted: i64,
    pub begun: bool,
}

/// What a pass should do about removals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    pub removed: BTreeSet<String>,
    pub blocked: BTreeSet<String>,
}

impl Reference {
    /// A new network, and a RunCloud that has the own name of its site.
    pub fn new(wall: i64, uptime: i64, grace: i64, next_id: i64) -> Self {
        Self {
            rows: BTreeMap::new(),
            next_id,
            has_site: true,
            wall,
            uptime,
            boot: 0,
            grace,
            missing: BTreeMap::new(),
            approval: None,
            listed: BTreeSet::from([OWN.to_owned()]),
            ours: BTreeSet::new(),
            highest: 0,
            counted: 0,
            counted_at: None,
            removed_at: Vec::new(),
            began: false,
        }
    }

    /// A pass that read the tables and not RunCloud.
    pub fn failed_pass(&mut self) {
        self.count();
        let wanted = self.wanted();
        self.missing.retain(|name, _| !wanted.contains(name));
    }

    /// A pass that could.
    pub fn pass(&mut self) -> Expected {
        self.count();
        let wanted = self.wanted();
        let suspect = self.is_suspect();
        let gone: BTreeSet<String> =
            self.ours.iter().filter(|name| !wanted.contains(*name)).cloned().collect();
        let planned: BTreeSet<String> = gone.intersection(&self.listed).cloned().collect();
        let approved = self.approved(&planned);
        if !suspect {
            self.spend(&planned, &wanted);
        }
        let rest: BTreeSet<String> = planned.difference(&approved).cloned().collect();
        let stays = !rest.is_empty() && (suspect || self.is_too_much(&planned, &rest, &wanted));
        let may_go = if stays { approved.clone() } else { planned.clone() };
        let blocked = if stays { rest } else { BTreeSet::new() };
        let ripe = self.ripe(&may_go, if suspect { &may_go } else { &planned });
        if !suspect {
            self.highest = self.highest.max(self.last_id());
        }
        self.ours.retain(|name| self.listed.contains(name) || wanted.contains(name));
        self.listed.extend(wanted.iter().cloned());
        self.ours.extend(wanted);
        self.began = true;
        self.remove(&ripe, &approved, suspect);
        Expected { removed: ripe, blocked }
    }

    /// What an operator would let through now.
    pub fn approve(&mut self, names: BTreeSet<String>, ttl: i64) {
        let until_counted = self.counted + self.since_counted() + ttl;
        let until_wall = self.wall + ttl;
        self.approval = Some(Approval { names, until_wall, until_counted, begun: false });
    }

    fn wanted(&self) -> BTreeSet<String> {
        if self.has_site {
            self.rows.values().cloned().chain([OWN.to_owned()]).collect()
        } else {
            BTreeSet::new()
        }
    }

    fn last_id(&self) -> i64 {
        self.rows.keys().next_back().copied().unwrap_or(0)
    }

    fn is_suspect(&self) -> bool {
        let had_rows = self.ours.iter().any(|name| name != OWN);
        (self.rows.is_empty() && had_rows) || self.next_id <= self.highest.max(self.last_id())
    }

    fn is_too_much(
        &self,
        planned: &BTreeSet<String>,
        rest: &BTreeSet<String>,
        wanted: &BTreeSet<String>,
    ) -> bool {
        let is_everything =
            !self.ours.iter().any(|name| wanted.contains(name) && self.listed.contains(name));
        let is_replaced = planned.len() == 1 && !wanted.is_empty();
        let spent = self.removed_at.len();
        let most = self.removed_at.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let limit = self.ours.len().max(most).div_ceil(5).max(10);
        (is_everything && !is_replaced) || rest.len() + spent > limit
    }

    fn approved(&self, planned: &BTreeSet<String>) -> BTreeSet<String> {
        match &self.approval {
            Some(Approval { names, until_wall, until_counted, begun })
                if self.wall < *until_wall
                    && self.counted < *until_counted
                    && (*begun || names == planned) =>
            {
                planned.intersection(names).cloned().collect()
            }
            _ => BTreeSet::new(),
        }
    }

    /// Those that have been missing long enough; what a believable read misses begins to be missing.
    fn ripe(&mut self, may_go: &BTreeSet<String>, missed: &BTreeSet<String>) -> BTreeSet<String> {
        self.missing.retain(|name, _| missed.contains(name));
        for name in missed {
            self.missing.entry(name.clone()).or_insert(self.uptime);
        }
        let is_ripe = |name: &&String| self.uptime - self.missing[*name] >= self.grace;
        may_go.iter().filter(is_ripe).cloned().collect()
    }

    /// An approval of another plan is void, and so is that of a name that came back.
    fn spend(&mut self, planned: &BTreeSet<String>, wanted: &BTreeSet<String>) {
        if self.approval.as_ref().is_some_and(|a| !a.begun && a.names != *planned) {
            self.approval = None;
        }
        if let Some(approval) = &mut self.approval {
            approval.names.retain(|name| !wanted.contains(name));
        }
    }

    fn remove(&mut self, names: &BTreeSet<String>, approved: &BTreeSet<String>, suspect: bool) {
        if names.iter().any(|name| approved.contains(name)) {
            if suspect {
                self.highest = self.last_id();
            }
            self.approval.as_mut().unwrap().begun = true;
        }
        for name in names {
            let count = self.ours.len();
            self.listed.remove(name);
            self.ours.remove(name);
            let in_approval = self.approval.as_mut().is_some_and(|approval| {
                let counts = approval.begun && approval.names.contains(name);
                approval.names.remove(name);
                counts
            });
            if !in_approval {
                self.removed_at.push((self.counted, count));
            }
        }
    }

    fn since_counted(&self) -> i64 {
        match self.counted_at {
            None => 0,
            Some((_, boot, uptime)) if boot == self.boot => self.uptime - uptime,
            Some((wall, ..)) => self.uptime.min(self.wall - wall).max(0),
        }
    }

    fn count(&mut self) {
        self.counted += self.since_counted();
        self.counted_at = Some((self.wall, self.boot, self.uptime));
        self.removed_at.retain(|(at, _)| *at > self.counted - DAY);
        let (wall, counted) = (self.wall, self.counted);
        self.approval = self
            .approval
            .take()
            .filter(|approval| wall < approval.until_wall && counted < approval.until_counted);
    }
}

/// The own name of site 2.
pub const OWN: &str = "shop.network.test";
