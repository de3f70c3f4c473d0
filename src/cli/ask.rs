use std::io::{IsTerminal, Write};

use super::exit::Failure;

/// Whether nobody can be asked: then what a command does needs no question, or `--yes` instead of one.
pub(super) fn is_nobody_there() -> bool {
    !std::io::stdin().is_terminal()
}

/// Asks the person at the terminal; whoever does not say yes means no.
///
/// # Errors
/// A usage error where the answer is not yes: nothing was done.
pub(super) fn confirm(question: &str) -> Result<(), Failure> {
    eprint!("{question} [y/N] ");
    // A terminal that went away gives no answer, and that is no.
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    let _ = std::io::stdin().read_line(&mut answer);
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::usage("nothing was done")),
    }
}

/// Asks the person at the terminal unless `--yes` was given; where nobody is there, `--yes` has to be.
///
/// # Errors
/// A usage error where nobody said yes: nothing was done.
pub(super) fn insist(yes: bool, question: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if is_nobody_there() {
        return Err(Failure::usage("nothing was done: nobody is there to be asked; --yes does it"));
    }
    confirm(question)
}
