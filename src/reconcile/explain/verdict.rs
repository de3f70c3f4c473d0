//! The one sentence that a chain comes to, and the mend where there is one. The first link that is not as it should be
//! decides.

use serde::Serialize;

use super::chain::why_kept;
use super::unwanted::unwanted;
use super::visitor::{live, uncovered, unserved};
use super::{Facts, Protection};
use crate::ledger::AtWork;
use crate::reconcile::show::word;
use crate::wordpress::{Kept, Standing};

/// What a chain comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// As a word for machines.
    pub reason: Reason,
    /// More closely: the word that `plan --json` has for what is held or waits, or why WordPress does not serve a row;
    /// none where the reason says it all.
    pub because: Option<String>,
    /// As a sentence, without a full stop.
    pub sentence: String,
    /// What to do about it: a sentence, and commands on lines of their own; none where nothing is to be done, or
    /// nothing but to wait.
    pub mend: Option<String>,
}

/// Why a name is, or is not, live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is in RunCloud, covered and served.
    Live,
    /// The tables cannot be read, and the ledger knows nothing of it.
    Unread,
    /// A row maps the network's own name to another site.
    Hijack,
    /// It is one of the network's own names, RunCloud's primary or on the keep list.
    Protected,
    /// No row has it.
    NoRow,
    /// Only its name with or without `www.` has a row.
    NoRowOfItsOwn,
    /// Only RunCloud has it.
    Unmanaged,
    /// An operator wants it back, and the next pass adds it.
    Restoring,
    /// No row wants it any more, and it is about to be removed.
    RemovalPending,
    /// No row wants it any more, and its removal waits for an approval.
    RemovalBlocked,
    /// No row wants it any more, and something else holds its removal.
    RemovalHeld,
    /// The site of its row does not exist.
    SiteMissing,
    /// Its row, or its site, keeps it from being added.
    Kept,
    /// The last pass held it.
    Held,
    /// RunCloud refused it, and it is tried again later.
    RetryLater,
    /// Nothing is written because an operator paused the program.
    Paused,
    /// Nothing is at work.
    NotAtWork,
    /// The last pass ended in an error.
    PassFailed,
    /// The next pass adds it.
    Pending,
    /// It has no certificate, because it points to another server.
    DnsElsewhere,
    /// It has no certificate, because it is not in DNS.
    DnsNotFound,
    /// Its certificate is ordered and not seen yet.
    CertificateOrdered,
    /// The last order for it brought nothing.
    CertificateFailed,
    /// No certificate is ordered for it yet.
    CertificateDue,
    /// The plugin still looks at it, and WordPress does not serve it until then.
    PluginChecks,
    /// The plugin gave up, and nothing looks again.
    PluginGaveUp,
    /// WordPress does not serve it for another reason.
    NotServed,
}

pub(super) fn verdict(facts: &Facts<'_>) -> Verdict {
    unread(facts)
        .or_else(|| protected(facts))
        .or_else(|| unwanted(facts))
        .or_else(|| held(facts))
        .or_else(|| missing(facts))
        .or_else(|| uncovered(facts))
        .or_else(|| unserved(facts))
        .unwrap_or_else(|| live(facts))
}

impl Verdict {
    pub(super) fn because(self, word: impl Into<String>) -> Self {
        Self { because: Some(word.into()), ..self }
    }
}

pub(super) fn of(reason: Reason, sentence: String) -> Verdict {
    Verdict { reason, because: None, sentence, mend: None }
}

pub(super) fn mended(reason: Reason, sentence: String, mend: String) -> Verdict {
    Verdict { mend: Some(mend), ..of(reason, sentence) }
}

fn unread(facts: &Facts<'_>) -> Option<Verdict> {
    let Err(why) = &facts.tables else { return None };
    let is_known = facts.record().is_some_and(|record| {
        record.owned.is_some() || record.failure.is_some() || record.noted.is_some()
    });
    let sentence = format!(
        "it cannot be said: the tables were not read ({why}), and the ledger does not know it"
    );
    (!is_known).then(|| of(Reason::Unread, sentence))
}

fn protected(facts: &Facts<'_>) -> Option<Verdict> {
    let tables = facts.tables.as_ref().ok();
    if let Some(cause) = tables.and_then(|tables| tables.hijack) {
        let mapping = cause.mapping.unwrap_or_default();
        return Some(mended(
            Reason::Hijack,
            format!(
                "{cause} maps the network's own name to another site, which WordPress serves there \
                 where the mapping is in use"
            ),
            format!("delete mapping {mapping} in Ultimate Multisite → Domains"),
        ));
    }
    let why = match tables.and_then(|tables| tables.protection) {
        Some(Protection::Network) => "one of the network's own names",
        Some(Protection::Keep) => "on the keep list (sync.keep)",
        None if facts.noted("primary").is_some() => "the web application's own name in RunCloud",
        None => return None,
    };
    Some(of(Reason::Protected, format!("it is {why}, which is never added, changed or removed")))
}

/// What its row, its site or the last pass holds.
fn held(facts: &Facts<'_>) -> Option<Verdict> {
    if facts.is_present() {
        return None;
    }
    if let Some(Standing::Kept(kept)) = facts.standing() {
        let sentence = format!("it is not added, because {}", why_kept(kept));
        let mend = mend_of_kept(kept, facts);
        return Some(Verdict { mend, ..of(Reason::Kept, sentence) }.because(word(kept)));
    }
    let noted = facts.record()?.noted.as_ref()?;
    let mend = match noted.word.as_str() {
        "unmanaged" | "primary" => return None,
        "conflict" => Some(format!(
            "find out who removes it in RunCloud, then:\n{} retry {}",
            facts.command, facts.name
        )),
        "redirect" => Some("make it an alias in RunCloud, or delete it there".to_owned()),
        "dns_elsewhere" => Some("let the customer point it to this server".to_owned()),
        "dns_not_found" => Some("let the customer enter it in DNS".to_owned()),
        _ => None,
    };
    let sentence = format!("it is not added: {}", noted.detail);
    Some(Verdict { mend, ..of(Reason::Held, sentence) }.because(&noted.word))
}

fn mend_of_kept(kept: Kept, facts: &Facts<'_>) -> Option<String> {
    let row = facts.tables.as_ref().ok()?.rows.first().map(|row| row.id);
    let row = row.map_or_else(|| "its row".to_owned(), |id| format!("mapping {id}"));
    match kept {
        Kept::StageFailed => Some(format!(
            "check its DNS, then set {row} to the stage \"Checking DNS\" in Ultimate Multisite → Domains"
        )),
        Kept::Inactive => Some(format!(
            "switch {row} to active in Ultimate Multisite → Domains; saving it while it is checked \
             switches it off by accident"
        )),
        Kept::SiteArchived => {
            Some("unarchive the site in WordPress, if it should be served".to_owned())
        }
        Kept::SiteSpam => Some("clear the site's spam mark in WordPress, if it is none".to_owned()),
        Kept::SiteDeleted => {
            Some("activate the site in WordPress, if it should be served".to_owned())
        }
        Kept::SubdomainsOff => {
            Some("set subdomains = \"auto\" in config.toml [sync], if it should be".to_owned())
        }
    }
}

/// What RunCloud did not take.
pub(super) fn refused(facts: &Facts<'_>) -> Option<Verdict> {
    let failure = facts.record()?.failure.as_ref()?;
    let what = match (facts.standing(), facts.is_present()) {
        (Some(Standing::Wanted | Standing::Kept(_)), true) => "RunCloud refused a change of it",
        (_, true) => "no row wants it any more, and RunCloud refused its removal",
        (_, false) => "RunCloud refused it",
    };
    let next = failure.retry_at.for_reader_at(facts.now.wall);
    Some(mended(
        Reason::RetryLater,
        format!("{what} ({}); it is tried again {next}", failure.detail),
        format!("when the cause is mended:\n{} retry {}", facts.command, facts.name),
    ))
}

/// What is left undone for an operator's word.
pub(super) fn paused(facts: &Facts<'_>) -> Option<Verdict> {
    facts.ledger.as_ref()?.survey.pause.as_ref()?;
    let what = match facts.standing() {
        Some(Standing::Wanted) => "it is wanted and not added",
        _ if facts.is_present() => "no row wants it any more, and it is not removed",
        _ => "an operator wants it back, and it is not added",
    };
    Some(mended(
        Reason::Paused,
        format!("{what}, because an operator paused the program"),
        format!("end the pause:\n{} resume", facts.command),
    ))
}

/// What is wanted and not in RunCloud.
fn missing(facts: &Facts<'_>) -> Option<Verdict> {
    let command = facts.command;
    if let Some(refused) = refused(facts) {
        return Some(refused);
    }
    if facts.is_present() || facts.noted("unmanaged").is_some() {
        return None;
    }
    let Some(ledger) = &facts.ledger else {
        return Some(mended(
            Reason::NotAtWork,
            "it is wanted, and no pass was made yet".to_owned(),
            format!("look, then run it once:\n{command} plan\n{command} --once"),
        ));
    };
    let last = ledger.survey.last.as_ref();
    if let Some(paused) = paused(facts) {
        return Some(paused);
    }
    if ledger.at_work == AtWork::Nobody {
        return Some(mended(
            Reason::NotAtWork,
            "it is wanted; the next pass adds it, and no process is at work".to_owned(),
            format!("start the service, or run it once:\n{command} --once"),
        ));
    }
    let is_good = |result: &str| ["converged", "partial", "blocked"].contains(&result);
    if let Some(failed) = last.filter(|last| !is_good(&last.result) && last.result != "paused") {
        return Some(of(
            Reason::PassFailed,
            format!("it is wanted and not added, because the last pass failed: {}", failed.result),
        ));
    }
    Some(of(Reason::Pending, "it is wanted, and the next pass adds it".to_owned()))
}
