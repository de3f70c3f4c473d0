//! What the loop does once there is a reason: asks RunCloud whether it is back, looks elsewhere, makes a pass.

use std::time::{Duration, Instant};

use super::allowance::Allowance;
use super::schedule::{Ahead, Reason, Setback};
use super::watch::{Now, Watch};
use crate::admin::{Arrivals, Passed};
use crate::clock::Timestamp;
use crate::ledger::{Action, Ledger, LedgerError};
use crate::reconcile::{PassError, Report, glance, pass};
use crate::runcloud::{ApiError, Calls};
use crate::wordpress::Fingerprint;

/// After a 429 that names no time; RunCloud's window is a minute.
const UNNAMED_WAIT: Duration = Duration::from_mins(1);
/// A minute becomes an hour.
const MOST_DOUBLINGS: u32 = 6;
/// After a pass met what a person has to mend here, such as the database of another network.
const MEND_WAIT: Duration = Duration::from_mins(1);

impl Watch<'_> {
    /// Asks with one call whether RunCloud is back.
    pub(super) async fn probe(&mut self, ledger: &mut Ledger, now: &Now) -> Result<(), PassError> {
        let (reader, began) = (&self.setup.network.reader, Instant::now());
        let outcome = self.attendant.attend(reader.tally(), reader.probe()).await;
        let (outcome, now) = (outcome.map_err(PassError::from), now.later(began.elapsed()));
        if let Err(error) = &outcome {
            self.schedule.still_away(setback_of(error), now.at);
        }
        let counted = self.count_calls(&reader.tally().take(), ledger, &now).await;
        let counted = counted.map_err(PassError::from);
        if let (Ok(()), Err(error)) = (&outcome, &counted) {
            // RunCloud is back and the ledger away: each question more would be a call.
            self.schedule.failed(setback_of(error), true, now.at);
        }
        outcome.and(counted)
    }

    /// Looks at what is waited for elsewhere; returns whether there is a reason for a pass.
    pub(super) async fn glance(
        &mut self,
        ledger: &mut Ledger,
        now: &Now,
    ) -> Result<bool, PassError> {
        // Whatever comes in between, it is not made again at once.
        self.schedule.glanced(None, now.at);
        let (network, began) = (&self.setup.network, Instant::now());
        let work = Box::pin(glance(network, ledger, now.moment.wall));
        let has_news = match self.attendant.attend(network.reader.tally(), work).await {
            Err(PassError::Stopped) => return Err(PassError::Stopped),
            Err(error) => {
                // The pass meets it too, and knows how to tell of it.
                tracing::debug!("{error}");
                true
            }
            Ok(has_news) => has_news,
        };
        let after = now.later(began.elapsed());
        self.count_calls(&network.reader.tally().take(), ledger, &after).await?;
        if !has_news {
            let next = ledger.next_look(now.moment.wall).await?;
            let wait = next.map(|point| point.since(after.moment.wall));
            self.schedule.glanced(wait, after.at);
        }
        Ok(has_news)
    }

    pub(super) async fn pass(
        &mut self,
        ledger: &mut Ledger,
        seen: Fingerprint,
        reason: Reason,
        now: &Now,
    ) -> Result<(), PassError> {
        tracing::debug!("a pass begins: {}", reason.word());
        self.fares.attempted = Some(now.moment.wall);
        self.admin.attempted(now.moment.wall);
        let (network, began) = (&self.setup.network, Instant::now());
        let writer = network.reader.writer(self.lease);
        let (mut report, moment) = (Report::default(), &now.moment);
        let work = pass::run_once(network, &writer, ledger, &mut self.grace, moment, &mut report);
        let outcome = self.attendant.attend(network.reader.tally(), Box::pin(work)).await;
        let (took, calls) = (began.elapsed(), network.reader.tally().take());
        let (began, now) = (now, now.later(took));
        self.admin.ended(&Passed { report: &report, is_complete: outcome.is_ok(), took });
        let counted = self.count_calls(&calls, ledger, &now).await;
        if outcome.is_ok() && report.is_idle() {
            self.look_cost = calls.metered().max(1);
        }
        let outcome = match outcome.and(counted.map_err(PassError::from)) {
            Ok(()) => {
                let passed = self.passed(ledger, seen, &report, began, took).await;
                passed.map_err(PassError::from)
            }
            Err(error) => {
                if !report.notices.is_empty() {
                    self.teller.tell_notices(report.notices, now.at);
                }
                Err(error)
            }
        };
        if let Err(error) = &outcome {
            self.schedule.failed(setback_of(error), calls.were_answered(), now.at);
        }
        outcome
    }

    /// Writes down calls that were made.
    async fn count_calls(
        &self,
        calls: &Calls,
        ledger: &mut Ledger,
        now: &Now,
    ) -> Result<(), LedgerError> {
        let wall = now.moment.wall;
        ledger.count_calls(calls.metered(), wall).await?;
        let told = self.setup.network.reader.tally().rate_limit();
        self.admin.called(calls, told, ledger.calls_in_month(wall).await?);
        Ok(())
    }

    /// Plans what comes next. What fell due while the pass was at work is not what it left for later.
    async fn passed(
        &mut self,
        ledger: &mut Ledger,
        seen: Fingerprint,
        report: &Report,
        began: &Now,
        took: Duration,
    ) -> Result<(), LedgerError> {
        let (now, start) = (began.later(took), began.moment.wall);
        let wall = now.moment.wall;
        let next_try = ledger.next_try(start).await?.map(|point| point.since(wall));
        let grace = self.grace.next(&began.moment).map(|left| left.saturating_sub(took));
        let pause_ends = ledger.pause_ends(&now.moment).await?;
        let due = [next_try, grace, self.again(report), pause_ends].into_iter().flatten().min();
        let glance = ledger.next_look(start).await?.map(|point| point.since(wall));
        let allowance = self.allowance(ledger, wall).await?;
        let drift = allowance.map_or(Duration::ZERO, |left| left.interval(self.look_cost));
        let ahead = Ahead { due, glance, drift };
        let next = self.schedule.passed(seen, ahead, now.at, fastrand::f64());
        self.admin.succeeded(wall, now.at, next.max(drift).max(self.setup.pace.interval));
        if self.door.is_some() {
            self.show(ledger, report, &now).await?;
        }
        self.teller.tell(report, allowance, now.at);
        self.teller.all_over(now.at);
        self.fares.succeeded = Some(wall);
        self.fares.trouble = None;
        self.next_pass = Some(wall.plus(next));
        ledger.note_next_pass(wall.plus(next)).await?;
        ledger.note_change(None).await?;
        self.is_change_noted = false;
        ledger.note_service(&self.fares).await
    }

    /// Shows what a pass left behind, which is counted only where somebody may ask.
    async fn show(
        &self,
        ledger: &mut Ledger,
        report: &Report,
        now: &Now,
    ) -> Result<(), LedgerError> {
        let wall = now.moment.wall;
        let added = ledger.first_arrivals(&report.added, Action::Add, wall).await?;
        let covered = ledger.first_arrivals(&report.covered, Action::Cover, wall).await?;
        self.admin.arrived(&Arrivals { added, covered });
        self.admin.knows(&ledger.survey(&now.moment).await?);
        Ok(())
    }

    /// How soon another pass should come that has no time of its own, each time twice as late.
    fn again(&mut self, report: &Report) -> Option<Duration> {
        let again = report.again.map(|wait| wait * 2_u32.pow(self.repeats.min(MOST_DOUBLINGS)));
        self.repeats = if again.is_some() { self.repeats.saturating_add(1) } else { 0 };
        again
    }

    async fn allowance(
        &self,
        ledger: &mut Ledger,
        now: Timestamp,
    ) -> Result<Option<Allowance>, LedgerError> {
        let Some(limit) = self.setup.monthly_calls else { return Ok(None) };
        let used = ledger.calls_in_month(now).await?;
        Ok(Some(Allowance { limit, used, left: now.left_of_month() }))
    }
}

fn setback_of(error: &PassError) -> Setback {
    match error {
        PassError::Api(ApiError::Throttled { retry_after, .. }) => {
            Setback::Passing(Some(retry_after.unwrap_or(UNNAMED_WAIT)))
        }
        PassError::Ledger(LedgerError::OtherNetwork { .. }) => Setback::Passing(Some(MEND_WAIT)),
        error if error.is_fatal() => Setback::Refusal,
        _ => Setback::Passing(None),
    }
}
