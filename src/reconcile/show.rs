//! A plan as a person reads it and as a machine does. Pure.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::blocked::Blocked;
use super::certificate::{Action, Certificate, Mode, Waiting};
use super::plan::{Change, Held, HeldReason, Plan};
use super::report::some_of;
use crate::domain::Domain;

/// How many rejected rows a person is shown; JSON has them all.
const REJECTED_SHOWN: usize = 10;

/// The plan for a person: one line per name with its reason, a summary line last.
pub struct PlanText<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// How this program is called with its settings, for the commands it suggests.
    pub command: &'a str,
}

/// The plan for a machine: the JSON of the contract.
#[derive(Serialize)]
pub struct PlanJson<'a> {
    schema: u32,
    hash: String,
    summary: Summary,
    changes: Vec<ChangeJson<'a>>,
    held: Vec<HeldJson<'a>>,
    adopt: Vec<&'a Domain>,
    unmanaged: Vec<&'a String>,
    rejected: &'a [String],
    certificate: CertificateJson<'a>,
    blocked: Option<&'a Blocked>,
}

#[derive(Serialize)]
struct Summary {
    wanted: usize,
    present: usize,
    add: usize,
    remove: usize,
    update: usize,
    adopt: usize,
    held: usize,
    unmanaged: usize,
    rejected: usize,
}

#[derive(Serialize)]
struct ChangeJson<'a> {
    action: &'static str,
    domain: &'a Domain,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    www: Option<bool>,
    reason: String,
}

#[derive(Serialize)]
struct HeldJson<'a> {
    domain: &'a Domain,
    reason: HeldReason,
    detail: &'a str,
}

#[derive(Serialize)]
struct CertificateJson<'a> {
    mode: Option<Mode>,
    action: Action,
    names: &'a [Domain],
    waiting: &'a [Waiting],
}

impl Plan {
    /// Names exactly these changes: equal for equal changes, different otherwise.
    pub fn hash(&self) -> String {
        let changes = self.changes.iter();
        let changes = changes
            .map(|change| format!("{} {} {}", change.action(), change.domain(), reason(change)));
        let names = self.certificate.names.iter().map(|name| format!("certificate {name}"));
        digest(changes.chain(names))
    }

    fn summary(&self) -> Summary {
        Summary {
            wanted: self.wanted,
            present: self.present,
            add: self.additions(),
            remove: self.removals(),
            update: self.updates(),
            adopt: self.adoptions.len(),
            held: self.held.len(),
            unmanaged: self.unmanaged.len(),
            rejected: self.rejected.len(),
        }
    }
}

impl<'a> PlanJson<'a> {
    /// The JSON of a plan.
    pub fn of(plan: &'a Plan) -> Self {
        let Certificate { mode, action, names, waiting } = &plan.certificate;
        Self {
            schema: 1,
            hash: plan.hash(),
            summary: plan.summary(),
            changes: plan.changes.iter().map(change_json).collect(),
            held: plan.held.iter().map(held_json).collect(),
            adopt: plan.adoptions.keys().collect(),
            unmanaged: plan.unmanaged.iter().collect(),
            rejected: &plan.rejected,
            certificate: CertificateJson { mode: *mode, action: *action, names, waiting },
            blocked: plan.blocked.as_ref(),
        }
    }
}

/// The word of a reason, as JSON has it.
pub(super) fn word(reason: impl Serialize) -> String {
    let word = serde_json::to_value(reason).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}

/// Stands for exactly these lines: equal for equal ones, different otherwise.
pub(super) fn digest(lines: impl Iterator<Item = String>) -> String {
    let mut digest = Sha256::new();
    for line in lines {
        digest.update(line);
        digest.update("\n");
    }
    digest.finalize().iter().take(8).fold(String::new(), |mut hex, byte| {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn change_json(change: &Change) -> ChangeJson<'_> {
    let (id, www) = match change {
        Change::Add { www, .. } => (None, Some(*www)),
        Change::Update { entry, www, .. } => (Some(entry.id), Some(*www)),
        Change::Remove { id, .. } => (Some(*id), None),
    };
    let (action, domain) = (change.action(), change.domain());
    ChangeJson { action, domain, id, www, reason: reason(change) }
}

fn held_json(Held { domain, reason, detail }: &Held) -> HeldJson<'_> {
    HeldJson { domain, reason: *reason, detail }
}

pub(super) fn reason(change: &Change) -> String {
    match change {
        Change::Add { undo: Some(event), .. } => format!("undo of event {event}; no row wants it"),
        Change::Add { cause, www: true, .. } => format!("{cause}, with www"),
        Change::Add { cause, .. } => cause.to_string(),
        Change::Update { cause, www, .. } => {
            format!("www {}: {cause}", if *www { "on" } else { "off" })
        }
        Change::Remove { reason, .. } => reason.to_string(),
    }
}

impl fmt::Display for PlanText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = self.plan;
        let width = self.name_width();
        for change in &plan.changes {
            let mark = match change {
                Change::Add { .. } => '+',
                Change::Update { .. } => '~',
                Change::Remove { .. } => '-',
            };
            writeln!(f, "{mark} {:width$}  {}", change.domain(), reason(change))?;
        }
        for (domain, cause) in &plan.adoptions {
            writeln!(f, "* {domain:width$}  in both places: adopted ({cause})")?;
        }
        for (domain, reason) in plan.blocked.iter().flat_map(|blocked| &blocked.names) {
            writeln!(f, "! {domain:width$}  blocked: {reason}")?;
        }
        for Held { domain, detail, .. } in &plan.held {
            writeln!(f, "= {domain:width$}  held: {detail}")?;
        }
        for name in &plan.unmanaged {
            let name = name.escape_debug().to_string();
            writeln!(f, "? {name:width$}  unmanaged: not ours; left alone")?;
        }
        self.fmt_rejected(f)?;
        self.fmt_certificate(f)?;
        self.fmt_blocked(f)?;
        self.fmt_summary(f)
    }
}

impl PlanText<'_> {
    fn name_width(&self) -> usize {
        let plan = self.plan;
        let changed = plan.changes.iter().map(Change::domain);
        let held = plan.held.iter().map(|held| &held.domain);
        let blocked = plan.blocked.iter().flat_map(|blocked| blocked.names.keys());
        let names = changed.chain(plan.adoptions.keys()).chain(held).chain(blocked);
        let names = names.map(Domain::as_str);
        let unmanaged = plan.unmanaged.iter().map(String::as_str);
        names.chain(unmanaged).map(str::len).max().unwrap_or(0).min(40)
    }

    fn fmt_rejected(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rejected = &self.plan.rejected;
        for line in rejected.iter().take(REJECTED_SHOWN) {
            writeln!(f, "x {line}")?;
        }
        match rejected.len().saturating_sub(REJECTED_SHOWN) {
            0 => Ok(()),
            more => writeln!(f, "x and {more} more rows without a host name (--json has them all)"),
        }
    }

    fn fmt_certificate(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Certificate { action, names, waiting, .. } = &self.plan.certificate;
        match action {
            Action::Redeploy => writeln!(f, "certificate: redeploy, for {}", some_of(names))?,
            Action::Install => {
                writeln!(f, "certificate: install the first one, for {}", some_of(names))?;
            }
            Action::Order => writeln!(f, "certificate: order one each, for {}", some_of(names))?,
            Action::None => {}
        }
        let mut alike = BTreeMap::<&str, Vec<Domain>>::new();
        for Waiting { domain, detail, .. } in waiting {
            alike.entry(detail).or_default().push(domain.clone());
        }
        for (detail, names) in alike {
            writeln!(f, "certificate: waiting for {}: {detail}", some_of(&names))?;
        }
        Ok(())
    }

    fn fmt_blocked(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(blocked) = &self.plan.blocked else { return Ok(()) };
        let command = self.command;
        writeln!(f, "blocked: {blocked}")?;
        writeln!(f, "let it through once: {command} approve {}", blocked.hash())
    }

    fn fmt_summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { wanted, present, add, remove, update, adopt, held, unmanaged, rejected } =
            self.plan.summary();
        write!(
            f,
            "{wanted} wanted, {present} present: {add} to add, {update} to update, {remove} to \
             remove, {adopt} adopted, {held} held, {unmanaged} unmanaged, {rejected} rejected"
        )?;
        if self.plan.changes_anything() {
            write!(f, " (plan {})", self.plan.hash())?;
        }
        Ok(())
    }
}
