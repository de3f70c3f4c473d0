//! The word to stop: given once, heard everywhere.

use tokio::sync::watch;

/// Whether the program was asked to stop. Clones hear the same word.
#[derive(Clone, Debug)]
pub struct Stop {
    asked: watch::Sender<bool>,
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl Stop {
    /// Nobody asked yet.
    pub fn new() -> Self {
        Self { asked: watch::Sender::new(false) }
    }

    /// Asks everybody to stop.
    pub fn request(&self) {
        self.asked.send_replace(true);
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        *self.asked.borrow()
    }

    /// Ends when somebody asks; at once where somebody did.
    pub async fn wait(&self) {
        // The sender lives in `self`, so the channel does not close.
        let _ = self.asked.subscribe().wait_for(|asked| *asked).await;
    }
}
