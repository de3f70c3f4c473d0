//! Numbers and names as people read them. Pure.

use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::reconcile::some_of;
use crate::text::{counted, span};

/// `1 name (a.test)`, `7 names (a.test, … and 2 more)`.
pub(super) fn names_of<'a>(names: impl IntoIterator<Item = &'a Domain>) -> String {
    let names: Vec<Domain> = names.into_iter().cloned().collect();
    format!("{} ({})", counted(names.len(), "name"), some_of(&names))
}

/// How far apart two points are, whichever comes first.
pub(super) fn between(one: Timestamp, other: Timestamp) -> String {
    span(one.since(other).max(other.since(one)))
}

/// How long ago a point was.
pub(super) fn ago(point: Timestamp, now: Timestamp) -> String {
    format!("{} ago", span(now.since(point)))
}

/// What an error states, without the advice that follows: a check has its own.
pub(super) fn statement(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let end = [". ", "; is ", "; check "].iter().filter_map(|mark| text.find(mark)).min();
    text.get(..end.unwrap_or(text.len())).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_told_by_their_distance() {
        let (early, late) = (Timestamp(0), Timestamp(86_400));
        assert_eq!(ago(early, late), "24 h ago");
        assert_eq!([between(early, late), between(late, early)], ["24 h", "24 h"]);
    }

    #[test]
    fn a_statement_ends_where_the_advice_begins() {
        assert_eq!(
            statement(&"cannot connect (no route); is the network up?"),
            "cannot connect (no route)"
        );
        assert_eq!(statement(&"429 Too Many Attempts"), "429 Too Many Attempts");
    }
}
