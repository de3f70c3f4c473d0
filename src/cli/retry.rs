use clap::Args;

use super::args::Settings;
use super::exit::{Exit, Failure};
use super::place;
use super::plan::print_text;
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::ledger::{Operator, PutOff};

#[derive(Debug, Args)]
pub(super) struct RetryFlags {
    /// The name, in any spelling, or more than one
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

/// Forgets what names are put off for, so that the next pass tries them.
pub(super) async fn retry(settings: &Settings, flags: &RetryFlags) -> Result<Exit, Failure> {
    let names = flags.names.iter().map(|text| place::name(text));
    let names: Vec<Domain> = names.collect::<Result<_, _>>()?;
    let mut operator = place::join(settings).await?;
    for name in names {
        retry_one(&mut operator, &name, &settings.command()).await?;
    }
    Ok(Exit::Converged)
}

async fn retry_one(operator: &mut Operator, asked: &Domain, command: &str) -> Result<(), Failure> {
    let now = Timestamp::now();
    let mut found = false;
    // A name and its `www.` are one entry in RunCloud, and either may be the one that waits.
    for name in asked.variants() {
        let put_off = operator.retry(&name, now).await?;
        if put_off != PutOff::default() {
            found = true;
            print_text(&format!("{name}: {}", told(&put_off, now)))?;
        }
    }
    if found {
        return Ok(());
    }
    print_text(&format!(
        "{asked}: nothing is put off for it. Where it stands: {command} explain {asked}"
    ))
}

fn told(PutOff { failure, repair, order }: &PutOff, now: Timestamp) -> String {
    match (failure, repair, order) {
        (Some(failure), ..) => format!(
            "it failed ({}) and was to be tried again {}; now the next pass tries it",
            failure.detail,
            failure.retry_at.for_reader_at(now)
        ),
        (None, Some(repair), _) => format!(
            "it was added again {} times and gone each time; that is forgotten, and the next pass adds it \
             where it is missing",
            repair.repairs
        ),
        (None, None, Some((reason, retry_at))) => format!(
            "its certificate order brought nothing ({reason}) and was to be repeated {}; now the next pass \
             orders it, within the budgets",
            retry_at.for_reader_at(now)
        ),
        (None, None, None) => String::new(),
    }
}
