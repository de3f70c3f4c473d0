//! Text for a terminal of 80 columns, and numbers as people say them. Pure.
//!
//! Styles stand in the text as escape sequences; whoever prints it leaves them out where nobody sees colours.

use std::time::Duration;

use anstyle::{AnsiColor, Style};

const WIDTH: usize = 80;
/// What nothing is wrong with,
pub const GOOD: Style = AnsiColor::Green.on_default();
/// what a person may want to look at,
pub const ODD: Style = AnsiColor::Yellow.on_default();
/// what is wrong,
pub const BAD: Style = AnsiColor::Red.on_default();
/// and the rest.
pub const PLAIN: Style = Style::new();

/// Broken between words where it is too wide: the first line after `first`, which has the style, the others after
/// `rest`. Spaces between words stay, so that columns do; a word is never split.
pub fn wrapped(style: Style, first: &str, rest: &str, text: &str) -> String {
    let width = |text: &str| text.chars().count();
    let mut done = format!("{style}{first}{style:#}");
    let (mut room, mut line) = (WIDTH.saturating_sub(width(first)), String::new());
    for (index, word) in text.split([' ', '\n']).enumerate() {
        let is_too_wide = width(&line) + 1 + width(word) > room;
        if is_too_wide && !word.is_empty() && !line.trim().is_empty() {
            done.extend([line.trim_end(), "\n", rest]);
            room = WIDTH.saturating_sub(width(rest));
            word.clone_into(&mut line);
        } else {
            line.extend([if index == 0 { "" } else { " " }, word]);
        }
    }
    done + line.trim_end()
}

/// `1 name`, `2 names`.
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A span in the largest unit that has two of them, as a person says it.
pub fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spans_are_said_in_their_largest_unit() {
        let said = |seconds| span(Duration::from_secs(seconds));
        assert_eq!([said(0), said(119), said(120)], ["0 s", "119 s", "2 min"]);
        assert_eq!([said(7_199), said(7_200)], ["119 min", "2 h"]);
        assert_eq!([said(172_799), said(172_800)], ["47 h", "2 days"]);
    }

    #[test]
    fn what_is_too_wide_goes_on_below() {
        let text = format!("{} {} end", "a".repeat(40), "b".repeat(30));
        assert_eq!(
            wrapped(PLAIN, "label  ", "       ", &text),
            format!("label  {} {}\n       end", "a".repeat(40), "b".repeat(30))
        );
        let long = "c".repeat(100);
        assert_eq!(wrapped(PLAIN, "- ", "  ", &format!("a {long}")), format!("- a\n  {long}"));
        assert_eq!(wrapped(PLAIN, "", "", "  1  a.test  \nb"), "  1  a.test   b");
        assert_eq!(wrapped(BAD, "FAIL ", "", "x"), "\u{1b}[31mFAIL \u{1b}[0mx");
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_no_word_is_lost(
            words in prop::collection::vec("[a-zü]{0,30}", 0..40), indent in 0..20_usize,
        ) {
            let (text, indent) = (words.join(" "), " ".repeat(indent));
            let lines = wrapped(PLAIN, &indent, &indent, &text);
            prop_assert!(lines.lines().all(|line| line.chars().count() <= WIDTH), "{}", lines);
            prop_assert!(lines.split_whitespace().eq(text.split_whitespace()), "{}", lines);
        }
    }
}
