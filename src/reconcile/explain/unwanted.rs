//! Why a name that no row wants is where it is.

use super::verdict::{Reason, Verdict, mended, of, paused, refused};
use super::{Facts, FromTables};
use crate::ledger::{Action, Outcome};
use crate::wordpress::Standing;

/// What no row wants.
pub(super) fn unwanted(facts: &Facts<'_>) -> Option<Verdict> {
    let tables = facts.tables.as_ref().ok()?;
    match facts.standing() {
        Some(Standing::Wanted | Standing::Kept(_)) => return None,
        Some(Standing::NotWanted) => return Some(site_missing(facts, tables)),
        None => {}
    }
    let record = facts.record();
    if record.is_some_and(|record| record.owned.is_some()) {
        return Some(going(facts));
    }
    if record.is_some_and(|record| record.restore.is_some()) {
        let restoring = || {
            let sentence = "no row wants it; an operator wants it back, and the next pass adds it";
            of(Reason::Restoring, sentence.to_owned())
        };
        return Some(refused(facts).or_else(|| paused(facts)).unwrap_or_else(restoring));
    }
    if facts.noted("unmanaged").is_some() {
        return Some(mended(
            Reason::Unmanaged,
            "only RunCloud has it: no row wants it, and this program leaves it alone".to_owned(),
            format!(
                "map it in WordPress, or let this program remove it:\n{} adopt {}",
                facts.command, facts.name
            ),
        ));
    }
    Some(no_row(facts, tables))
}

fn site_missing(facts: &Facts<'_>, tables: &FromTables<'_>) -> Verdict {
    let row = tables.rows.first();
    let (mapping, site) = row.map_or((0, 0), |row| (row.id, row.site));
    let fate = match facts.record().and_then(|record| record.owned) {
        Some(_) => "so it is removed",
        None => "so it is not added",
    };
    mended(
        Reason::SiteMissing,
        format!("the site {site} of mapping {mapping} does not exist, {fate}"),
        format!(
            "delete mapping {mapping} in Ultimate Multisite → Domains, or map the name to a site that exists"
        ),
    )
}

/// What is still in RunCloud although no row wants it.
fn going(facts: &Facts<'_>) -> Verdict {
    let command = facts.command;
    let record = facts.record();
    if let Some(refused) = refused(facts) {
        return refused;
    }
    if let Some(hash) = record.and_then(|record| record.blocked.as_ref()) {
        return mended(
            Reason::RemovalBlocked,
            "no row wants it any more, and its removal is blocked with others".to_owned(),
            format!(
                "look at them, and if all are meant let them through:\n{command} plan\n\
                 {command} approve {hash}"
            ),
        );
    }
    if let Some(noted) = record.and_then(|record| record.noted.as_ref()) {
        return of(
            Reason::RemovalHeld,
            format!("no row wants it any more; it stays: {}", noted.detail),
        )
        .because(&noted.word);
    }
    if let Some(paused) = paused(facts) {
        return paused;
    }
    mended(
        Reason::RemovalPending,
        "no row wants it any more, so it is removed once it was missing for removal_grace"
            .to_owned(),
        "if it should stay, map it again in WordPress".to_owned(),
    )
}

fn no_row(facts: &Facts<'_>, tables: &FromTables<'_>) -> Verdict {
    if let Some(sibling) = tables.siblings.first() {
        let is_www = facts.name.without_www().is_some();
        return match (is_www, facts.is_present()) {
            (true, true) => of(
                Reason::NoRowOfItsOwn,
                format!(
                    "no row has it; mapping {} does without www, whose entry serves both",
                    sibling.id
                ),
            ),
            _ => mended(
                Reason::NoRowOfItsOwn,
                format!(
                    "no row has it, only mapping {} with the other spelling of www",
                    sibling.id
                ),
                "map this name too, or set www = \"always\" in config.toml [sync]".to_owned(),
            ),
        };
    }
    let command = facts.command;
    let events = facts.record().map(|record| record.events.as_slice()).unwrap_or_default();
    let removal = events.iter().rev().find(|event| {
        event.action == Action::Remove
            && event.outcome == Outcome::Done
            && event.domain.as_ref() == Some(facts.name)
    });
    match removal {
        Some(event) => mended(
            Reason::NoRow,
            format!(
                "no row wants it, and it was removed {}",
                event.at.for_reader_at(facts.now.wall)
            ),
            format!(
                "map it again in WordPress, or take the removal back:\n{command} history undo {}",
                event.id
            ),
        ),
        None => mended(
            Reason::NoRow,
            "no row wants it".to_owned(),
            "map it in Ultimate Multisite → Domains to the customer's site".to_owned(),
        ),
    }
}
