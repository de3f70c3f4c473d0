//! Whether the state directory and the ledger can be used. Pure.

use crate::doctor::Look;
use crate::doctor::check::{Check, Finding};
use crate::doctor::facts::{Directory, Facts, Place};
use crate::doctor::words::statement;
use crate::ledger::{LedgerError, Look as Ledger};

pub(super) const CHECKS: &[Look] =
    &[state_directory, state_owner, state_open, ledger_usable, ledger_binding];

const WRITABLE_BY_ALL: u32 = 0o002;

fn state_directory(facts: &Facts) -> Option<Finding> {
    let check = Check::StateDirectory;
    let Directory { path, is } = facts.state.directory.as_ref()?;
    let path = path.display();
    let mend = "Set --state-dir, or run as the user of the service; the unit makes it by itself";
    match is {
        Place::Directory { is_writable: true, .. } => check.ok(path.to_string()),
        Place::Directory { .. } => {
            check.fail(format!("{path} cannot be written by this user"), mend)
        }
        Place::Nothing { can_be_made: true } => {
            check.note(format!("{path} is not there yet; the first pass makes it"), "")
        }
        Place::Nothing { can_be_made: false } => {
            check.fail(format!("{path} is not there and cannot be made by this user"), mend)
        }
        Place::Unusable(why) => check.fail(format!("{path} cannot be used: {why}"), mend),
    }
}

fn state_owner(facts: &Facts) -> Option<Finding> {
    let Directory { path, is: Place::Directory { owner, of_others, .. } } =
        facts.state.directory.as_ref()?
    else {
        return None;
    };
    let (file, other) = of_others.first()?;
    let path = path.display();
    let evidence = format!(
        "{path} belongs to user {owner} and {file} in it to user {other}: who owns the one cannot write the \
         other"
    );
    Check::StateOwner.fail(evidence, format!("chown -R --reference={path} {path}"))
}

fn state_open(facts: &Facts) -> Option<Finding> {
    let Directory { path, is: Place::Directory { mode, .. } } = facts.state.directory.as_ref()?
    else {
        return None;
    };
    (mode & WRITABLE_BY_ALL != 0).then_some(())?;
    let path = path.display();
    let evidence = format!("everybody can write into {path}: the ledger says what may be removed");
    Check::StateOpen.warn(evidence, format!("chmod o-w {path}"))
}

fn ledger_usable(facts: &Facts) -> Option<Finding> {
    let check = Check::LedgerUsable;
    let is_unusable = matches!(facts.state.directory.as_ref()?.is, Place::Unusable(_));
    match facts.state.ledger.as_ref()? {
        Ok(Ledger::Known(known)) => check.ok(format!("{} names are owned", known.owned.len())),
        Ok(Ledger::Missing) => check.note("there is none yet, so nothing is owned or removed", ""),
        Ok(Ledger::Unusable(why)) => check.fail(
            why.as_str(),
            "Restore it from a backup, or go on: the next pass sets it aside for a new one, and removes \
             nothing until names are adopted again",
        ),
        // Checks of their own.
        Err(LedgerError::Bound { .. } | LedgerError::OtherNetwork { .. }) => None,
        Err(_) if is_unusable => None,
        Err(error) => check.fail(
            statement(error),
            "Look at the disk and the file's permissions; nothing is written to RunCloud meanwhile",
        ),
    }
}

fn ledger_binding(facts: &Facts) -> Option<Finding> {
    let error = match facts.state.ledger.as_ref()? {
        Ok(Ledger::Known(known)) => {
            let network = facts.wordpress.desired.as_ref()?.network.as_ref();
            known.check_network(network).err()?.to_string()
        }
        Err(error @ LedgerError::Bound { .. }) => error.to_string(),
        _ => return None,
    };
    let (evidence, mend) = error.split_once(". ").unwrap_or((&error, ""));
    Check::LedgerBinding.fail(evidence, mend)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::config::Examined;
    use crate::doctor::{Api, Lease, State, Verdict, Wire, WordPress};

    fn facts(is: Place) -> Facts {
        let directory = Some(Directory { path: "/var/lib/x".into(), is });
        Facts {
            now: Timestamp(0),
            settings: Examined::default(),
            api: Api::default(),
            wordpress: WordPress::default(),
            state: State { directory, ledger: None, glance: None, lease: Lease::Unknown },
            wire: Wire::default(),
            secret_files: vec![],
            units: vec![],
        }
    }

    fn directory(is_writable: bool, of_others: Vec<(String, u32)>) -> Place {
        Place::Directory { is_writable, mode: 0o40_755, owner: 997, of_others }
    }

    #[test]
    fn what_another_user_left_behind_is_a_finding() {
        let left = facts(directory(true, vec![("ledger.sqlite".into(), 0)]));
        let found = state_owner(&left).unwrap();
        assert_eq!(found.verdict, Verdict::Fail);
        assert!(found.evidence.contains("belongs to user 997 and ledger.sqlite in it to user 0"));
        assert_eq!(found.mend, "chown -R --reference=/var/lib/x /var/lib/x");
        assert_eq!(state_owner(&facts(directory(true, vec![]))), None);
    }

    #[test]
    fn a_directory_of_another_user_is_a_finding() {
        let verdict = |is| state_directory(&facts(is)).unwrap().verdict;
        assert_eq!(verdict(directory(true, vec![])), Verdict::Ok);
        assert_eq!(verdict(directory(false, vec![])), Verdict::Fail);
        assert_eq!(verdict(Place::Nothing { can_be_made: true }), Verdict::Note);
        assert_eq!(verdict(Place::Nothing { can_be_made: false }), Verdict::Fail);
    }
}
