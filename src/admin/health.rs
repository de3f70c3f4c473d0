//! Whether the daemon is alive and ready. Pure.

use std::time::{Duration, Instant};

/// How often the loop says that it lives, at least.
pub(crate) const ALIVE_EVERY: Duration = Duration::from_secs(30);
/// After so long a silence it is taken for dead.
const SILENCE: Duration = Duration::from_mins(2);
/// So many intervals may go by without a complete pass.
const INTERVALS: u32 = 3;

/// What was seen of the loop.
#[derive(Debug, Default)]
pub(super) struct Health {
    alive_at: Option<Instant>,
    /// Until when the last complete pass is young enough.
    good_until: Option<Instant>,
    has_lease: bool,
}

impl Health {
    pub(super) fn alive(&mut self, at: Instant) {
        self.alive_at = Some(at);
    }

    pub(super) fn note_lease(&mut self, is_held: bool) {
        self.has_lease = is_held;
    }

    pub(super) fn succeeded(&mut self, at: Instant, next: Duration) {
        self.good_until = Some(at + next * INTERVALS);
    }

    /// Why it is not alive, if it is not.
    pub(super) fn death(&self, now: Instant) -> Option<String> {
        let silence = self.alive_at.map(|at| now.saturating_duration_since(at));
        match silence {
            Some(silence) if silence < SILENCE => None,
            Some(silence) => Some(format!("the loop has not moved for {}s", silence.as_secs())),
            None => Some("the loop has not begun".to_owned()),
        }
    }

    /// Why it is not ready: each reason in a line.
    pub(super) fn obstacles(&self, now: Instant) -> Vec<String> {
        let mut reasons: Vec<String> = self.death(now).into_iter().collect();
        if !self.has_lease {
            reasons.push("the lease is not held".to_owned());
        }
        match self.good_until {
            None => reasons.push("no pass was complete yet".to_owned()),
            Some(until) if until <= now => {
                reasons.push(format!("no complete pass within {INTERVALS} intervals"));
            }
            Some(_) => {}
        }
        reasons
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_ends_with_three_intervals_the_lease_or_the_loop() {
        let (mut health, start) = (Health::default(), Instant::now());
        let later = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(health.obstacles(start).len(), 3);
        health.alive(start);
        health.note_lease(true);
        health.succeeded(start, Duration::from_secs(20));
        assert!(health.obstacles(later(59)).is_empty());
        assert_eq!(health.obstacles(later(60)), ["no complete pass within 3 intervals"]);
        health.note_lease(false);
        assert_eq!(health.obstacles(start), ["the lease is not held"]);
        assert_eq!(health.death(later(119)), None);
        assert_eq!(health.death(later(120)).as_deref(), Some("the loop has not moved for 120s"));
    }
}
