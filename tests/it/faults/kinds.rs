//! The catalogue: every kind of bad read or answer, each with a name.

use std::sync::LazyLock;

use runcloud_domain_sync::simulator::{Effect, Match};

use super::answers::{self, Place};
use super::churn::Stir;
use super::rows;
use super::tables::{self, Damage};

/// A kind of bad read or answer.
pub struct Kind {
    pub name: String,
    pub bad: Bad,
}

pub enum Bad {
    /// RunCloud answers some calls badly.
    Answers {
        calls: Vec<Match>,
        /// So many of the calls may pass unharmed.
        most_skipped: u32,
        effect: Effect,
        stir: Stir,
    },
    /// RunCloud loses three calls of ten, half of them after they took effect.
    Lottery,
    /// Nothing listens where RunCloud should be.
    NoRunCloud,
    /// The tables cannot be read, or hold what is not so.
    Tables(&'static Damage),
}

/// The kinds that the seeds of `faults` draw from. Later ones have seeds of their own, so that those stay what they are: a
/// seed of before means another run wherever one is added here.
pub static FIRST: LazyLock<usize> = LazyLock::new(|| first().len());

/// Where those of `names` end.
pub static SECOND: LazyLock<usize> = LazyLock::new(|| *FIRST + answers::NAMES.len());

pub static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let lists = answers::NAMES.iter().chain(&answers::TURNED);
    let lists = lists.map(|(what, effect)| Place::LISTING.kind(what, effect.clone()));
    first().into_iter().chain(lists).collect()
});

fn first() -> Vec<Kind> {
    let mut kinds = vec![
        Kind { name: "RunCloud: calls are lost at random".into(), bad: Bad::Lottery },
        Kind { name: "RunCloud: connection refused".into(), bad: Bad::NoRunCloud },
    ];
    let listing = Place::LISTING;
    kinds.extend(answers::LISTINGS.iter().map(|(what, effect)| listing.kind(what, effect.clone())));
    kinds.extend(
        answers::ENTRIES.map(|(what, body)| Place::ENTRY.kind(what, Effect::Body(body.to_owned()))),
    );
    for place in Place::READS {
        kinds.extend(
            answers::bad_reads().into_iter().map(|(what, effect)| place.kind(&what, effect)),
        );
    }
    for place in Place::WRITES {
        kinds.extend(
            answers::not_done().into_iter().map(|(what, effect)| place.kind(&what, effect)),
        );
        kinds.extend(answers::done().into_iter().map(|(what, effect)| place.kind(&what, effect)));
    }
    kinds.extend(
        answers::not_done().into_iter().map(|(what, effect)| Place::ALL.kind(&what, effect)),
    );
    kinds.extend(
        tables::DAMAGES.iter().chain(&rows::DAMAGES).map(|damage| Kind {
            name: format!("tables: {}", damage.name),
            bad: Bad::Tables(damage),
        }),
    );
    kinds
}

#[test]
fn there_are_sixty_kinds_at_least_and_each_has_its_name() {
    let names: std::collections::BTreeSet<&str> =
        KINDS.iter().map(|kind| kind.name.as_str()).collect();
    assert_eq!(names.len(), KINDS.len());
    assert!(names.len() >= 60, "{}", names.len());
}
