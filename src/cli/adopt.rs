use std::collections::{BTreeMap, BTreeSet};

use clap::{ArgGroup, Args};

use super::args::Settings;
use super::ask::insist;
use super::exit::{Exit, Failure};
use super::place;
use super::plan::{known, load, network, print_text};
use super::progress::Line;
use crate::clock::Moment;
use crate::domain::Domain;
use crate::ledger::{Ledger, Rule};
use crate::reconcile::adoption::{Adoption, Asked, NOTHING};
use crate::reconcile::pass;
use crate::runcloud::Patience;
use crate::stop::Stop;
use crate::text::counted;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true))]
pub(super) struct AdoptFlags {
    /// Names that only RunCloud has, in any spelling
    #[arg(value_name = "NAME", group = "which")]
    names: Vec<String>,
    /// Every name that only RunCloud has
    #[arg(long, group = "which")]
    all: bool,
    /// Do it without a question
    #[arg(long)]
    yes: bool,
}

/// Puts names that only RunCloud has under management: as no row wants them, they go.
pub(super) async fn adopt(settings: &Settings, flags: &AdoptFlags) -> Result<Exit, Failure> {
    let asked = if flags.all { Asked::All } else { Asked::Names(names(&flags.names)?) };
    let config = load(settings)?;
    let (state_dir, binding) = (config.state_dir.clone(), config.binding());
    let known = known(&config).await?;
    if known.bound.is_none() {
        return Err(Failure::usage(
            "nothing was adopted: no pass was made yet. The first one adopts by itself what rows want",
        ));
    }
    let network = network(config, Patience::COMMAND, Stop::new())?;
    let now = Moment::now();
    let line = Line::show(network.reader.progress(), false);
    let adoptions = pass::look_at_adoption(&network, known, &asked, &now).await?;
    drop(line);
    for adoption in &adoptions {
        print_text(adoption)?;
    }
    let exit =
        if adoptions.iter().any(Adoption::is_refused) { Exit::Partial } else { Exit::Converged };
    let names: BTreeMap<Domain, _> = adoptions
        .into_iter()
        .filter(Adoption::is_made)
        .map(|adoption| (adoption.domain, NOTHING))
        .collect();
    if names.is_empty() {
        print_text(&"there is nothing to adopt")?;
        return Ok(exit);
    }
    insist(flags.yes, &format!("Adopt {}?", counted(names.len(), "name")))?;
    Ledger::join(&state_dir, binding).await?.adopt(&names, Rule::Operator, now.wall).await?;
    print_text(&format!("adopted: {}", counted(names.len(), "name")))?;
    Ok(exit)
}

fn names(texts: &[String]) -> Result<BTreeSet<Domain>, Failure> {
    texts.iter().map(|text| place::name(text)).collect()
}
