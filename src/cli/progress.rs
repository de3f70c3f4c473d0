//! One line at the foot of a terminal that says how far it is, once it takes longer than a second. Nothing
//! of it is in a pipe, a journal or beside JSON.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::termios::tcgetwinsize;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use crate::progress::{Progress, Seen, Work};
use crate::text::span;

/// What takes no longer needs no line.
const SHORT: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_millis(200);
/// Of a terminal that does not say.
const USUAL_WIDTH: usize = 80;
/// Back to the begin of the line, and everything on it gone.
const CLEAR: &[u8] = b"\r\x1b[K";

/// Whether the line is there now.
static IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// The line; it goes when this is dropped.
pub(super) struct Line(Option<JoinHandle<()>>);

impl Line {
    /// Shows how far it is, where a person looks on.
    pub(super) fn show(progress: &Progress, json: bool) -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        if json || is_dumb || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        Self(Some(tokio::spawn(keep_up(progress.watch()))))
    }
}

/// Keeps the line up with what is done, and wakes for nothing else.
async fn keep_up(mut progress: watch::Receiver<Seen>) {
    let (mut ticks, mut drawn) = (interval(EVERY), None);
    loop {
        let (now, seen) = (Instant::now(), *progress.borrow_and_update());
        let is_short = now.saturating_duration_since(seen.busy_since) < SHORT;
        let text = if is_short { None } else { in_words(&seen, now) };
        if text != drawn || (text.is_some() && !IS_SHOWN.load(Ordering::Relaxed)) {
            draw(text.as_deref());
            drawn = text;
        }
        if seen.work == Work::Nothing && progress.changed().await.is_err() {
            return;
        }
        ticks.tick().await;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.abort();
            draw(None);
        }
    }
}

/// stderr for log lines: what is written there takes the place of the line, which comes back below.
pub(super) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut stderr = std::io::stderr().lock();
        if IS_SHOWN.swap(false, Ordering::Relaxed) {
            stderr.write_all(CLEAR)?;
        }
        stderr.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

/// A terminal that went away has nobody to tell.
fn draw(text: Option<&str>) {
    let mut stderr = std::io::stderr().lock();
    let is_shown = IS_SHOWN.swap(text.is_some(), Ordering::Relaxed);
    if is_shown {
        let _ = stderr.write_all(CLEAR);
    }
    if let Some(text) = text {
        // A line that wraps could not be taken back.
        let width = tcgetwinsize(&stderr).map_or(0, |size| usize::from(size.ws_col));
        let width = if width == 0 { USUAL_WIDTH } else { width };
        let text: String = text.chars().take(width - 1).collect();
        let _ = stderr.write_all(text.as_bytes());
    }
    let _ = stderr.flush();
}

/// What is being done, how far it is, what it waits for, and how long it takes; none where nothing is done.
fn in_words(seen: &Seen, now: Instant) -> Option<String> {
    let work = match seen.work {
        Work::Nothing => return None,
        Work::Looking => "looking at both sides",
        Work::Listing => "reading RunCloud's list",
        Work::Adding => "adding names",
        Work::Updating => "setting www",
        Work::Removing => "removing names",
        Work::Ordering => "ordering certificates",
    };
    let text = match (seen.done, seen.total) {
        (_, Some(total)) => format!("{work}: {} of {total}", seen.done),
        (0, None) => work.to_owned(),
        (done, None) => format!("{work}: {done}"),
    };
    let wait = seen.waiting_until.map(|until| until.saturating_duration_since(now));
    if let Some(wait) = wait.filter(|wait| *wait >= SHORT) {
        return Some(format!("{text}, RunCloud asks to wait {} s", wait.as_secs()));
    }
    Some(match seen.left(now).filter(|left| *left >= SHORT) {
        Some(left) => format!("{text}, about {} left", span(left)),
        None => text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_how_far_and_how_long() {
        let now = Instant::now();
        let seen = |work, done, total| Seen {
            work,
            done,
            total,
            since: now,
            busy_since: now,
            waiting_until: None,
        };
        let later = now + Duration::from_mins(1);
        let line = |seen: Seen| in_words(&seen, later);
        assert_eq!(line(seen(Work::Nothing, 0, None)), None);
        assert_eq!(line(seen(Work::Looking, 0, None)).unwrap(), "looking at both sides");
        let adding = seen(Work::Adding, 120, Some(4_800));
        assert_eq!(line(adding).unwrap(), "adding names: 120 of 4800, about 39 min left");
        let waiting = Seen { waiting_until: Some(later + Duration::from_secs(43)), ..adding };
        assert_eq!(line(waiting).unwrap(), "adding names: 120 of 4800, RunCloud asks to wait 43 s");
        let over = Seen { waiting_until: Some(now), ..adding };
        assert_eq!(line(over), line(adding));
        let listing = seen(Work::Listing, 40, None);
        assert_eq!(line(listing).unwrap(), "reading RunCloud's list: 40");
    }
}
