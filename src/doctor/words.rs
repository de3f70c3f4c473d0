//! Numbers and names as people read them. Pure.

use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::reconcile::some_of;

/// `1 name (a.test)`, `7 names (a.test, … and 2 more)`.
pub(super) fn names_of<'a>(names: impl IntoIterator<Item = &'a Domain>) -> String {
    let names: Vec<Domain> = names.into_iter().cloned().collect();
    format!("{} ({})", count(names.len(), "name"), some_of(&names))
}

/// `1 row`, `2 rows`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// `89 days`, `26 h`, `90 min`: so many seconds in the largest unit that has two of them, whatever their sign.
pub(super) fn span(seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// How long ago a point was.
pub(super) fn ago(point: Timestamp, now: Timestamp) -> String {
    format!("{} ago", span(now.0 - point.0))
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
    fn a_span_is_a_number_of_its_largest_unit() {
        assert_eq!([span(119), span(-120), span(7_199)], ["119 s", "2 min", "119 min"]);
        assert_eq!([span(93_600), span(172_800)], ["26 h", "2 days"]);
        assert_eq!(ago(Timestamp(0), Timestamp(86_400)), "24 h ago");
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
