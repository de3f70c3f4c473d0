//! How far the work at hand is, for whoever looks on. Nothing depends on it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// Says how far the work at hand is; clones say it of the same work.
#[derive(Clone, Debug)]
pub struct Progress(Arc<watch::Sender<Seen>>);

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What is being done.
    pub work: Work,
    /// How many names of it are done.
    pub done: usize,
    /// How many there are; none where nobody knows yet.
    pub total: Option<usize>,
    /// When this work began.
    pub since: Instant,
    /// When the first work of a whole began.
    pub busy_since: Instant,
    /// Until when RunCloud is left alone.
    pub waiting_until: Option<Instant>,
}

/// What is being done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Work {
    /// Nothing.
    #[default]
    Nothing,
    /// The tables are read, and whatever else has no number.
    Looking,
    /// RunCloud's list is read.
    Listing,
    /// Names are added.
    Adding,
    /// `www` flags are set.
    Updating,
    /// Names are removed.
    Removing,
    /// Certificates are ordered.
    Ordering,
}

/// Somebody is at work; when it is dropped, nobody is.
pub struct Busy<'a>(&'a Progress);

impl Progress {
    /// Begins a whole, which lasts as long as what is returned.
    pub fn start(&self) -> Busy<'_> {
        self.begin(Work::Looking, None);
        Busy(self)
    }

    /// Begins a part of it, of so many names where that is known.
    pub(crate) fn begin(&self, work: Work, total: Option<usize>) {
        let now = Instant::now();
        self.0.send_modify(|seen| {
            let busy_since = if seen.work == Work::Nothing { now } else { seen.busy_since };
            *seen = Seen { work, done: 0, total, since: now, busy_since, waiting_until: None };
        });
    }

    /// There turn out to be so many names.
    pub(crate) fn expect(&self, total: Option<usize>) {
        self.0.send_modify(|seen| seen.total = total);
    }

    /// So many names more are done.
    pub(crate) fn advance(&self, names: usize) {
        self.0.send_modify(|seen| seen.done += names);
    }

    /// RunCloud is left alone for so long; not at all where it is nothing.
    pub(crate) fn wait(&self, wait: Duration) {
        let until = (!wait.is_zero()).then(|| Instant::now() + wait);
        self.0.send_modify(|seen| seen.waiting_until = until);
    }

    /// How far it is, now and from now on.
    pub fn watch(&self) -> watch::Receiver<Seen> {
        self.0.subscribe()
    }
}

impl Default for Progress {
    fn default() -> Self {
        let now = Instant::now();
        Self(Arc::new(watch::Sender::new(Seen {
            work: Work::Nothing,
            done: 0,
            total: None,
            since: now,
            busy_since: now,
            waiting_until: None,
        })))
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.begin(Work::Nothing, None);
    }
}

impl Seen {
    /// How long the rest of this work takes, if it goes on as it went so far.
    pub fn left(&self, now: Instant) -> Option<Duration> {
        let done = u32::try_from(self.done).ok().filter(|done| *done > 0)?;
        let rest = u32::try_from(self.total?.checked_sub(self.done)?).ok()?;
        Some(now.saturating_duration_since(self.since) / done * rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_part_is_estimated_by_itself_and_the_whole_goes_on() {
        let progress = Progress::default();
        let watch = progress.watch();
        let busy = progress.start();
        tokio::time::advance(Duration::from_secs(5)).await;
        progress.begin(Work::Adding, Some(40));
        let began = Instant::now();
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(watch.borrow().left(Instant::now()), None);
        progress.advance(10);
        progress.expect(Some(40));
        let seen = *watch.borrow();
        assert_eq!((seen.since, seen.busy_since), (began, began - Duration::from_secs(5)));
        assert_eq!(seen.left(Instant::now()), Some(Duration::from_secs(30)));
        progress.wait(Duration::from_secs(7));
        assert!(watch.borrow().waiting_until.is_some());
        progress.wait(Duration::ZERO);
        assert_eq!(watch.borrow().waiting_until, None);
        drop(busy);
        assert_eq!(watch.borrow().work, Work::Nothing);
    }
}
