//! The word to stop: given once, heard by whoever waits.

use std::time::Duration;

use tokio::sync::watch;

/// Whether the program was asked to stop; its clones are one.
#[derive(Clone, Debug, Default)]
pub struct Stop(watch::Sender<bool>);

impl Stop {
    /// One that nobody has asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to stop; this cannot be taken back.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until somebody asks.
    pub async fn wait(&self) {
        let mut word = self.0.subscribe();
        // The one who could give the word is `self`, and does not go meanwhile.
        let _ = word.wait_for(|requested| *requested).await;
    }

    /// Waits for that long, or until somebody asks.
    pub async fn sleep(&self, time: Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.wait() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test]
    async fn all_clones_hear_it_early_or_late() {
        let stop = Stop::new();
        let clone = stop.clone();
        assert!(!clone.is_requested());
        tokio::join!(clone.wait(), async { stop.request() });
        assert!(clone.is_requested());
        clone.wait().await;
        stop.request();
        assert!(clone.is_requested());
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleep_ends_with_its_time_or_with_the_word() {
        let (stop, began) = (Stop::new(), Instant::now());
        stop.sleep(Duration::from_secs(7)).await;
        assert_eq!(began.elapsed().as_secs(), 7);
        tokio::join!(stop.sleep(Duration::from_hours(1)), async { stop.request() });
        stop.sleep(Duration::from_hours(1)).await;
        assert_eq!(began.elapsed().as_secs(), 7);
    }
}
