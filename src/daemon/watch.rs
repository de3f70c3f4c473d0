use std::sync::Arc;
use std::time::{Duration, Instant};

use super::attendant::Attendant;
use super::schedule::{Next, Reason, Schedule};
use super::tell::Teller;
use super::trouble::Party;
use super::{Service, Setup};
use crate::admin::{ALIVE_EVERY, Admin, Door};
use crate::clock::{Moment, Timestamp};
use crate::ledger::{self, Lease, Ledger, LedgerError};
use crate::log::events;
use crate::reconcile::{Grace, PassError};
use crate::wordpress::{DatabaseError, Fingerprint, Lookout};

/// What a look at RunCloud costs before one was made: the primary's page and the SSL mode.
const LOOK_COST: u64 = 2;

/// A moment by every clock.
#[derive(Clone, Debug)]
pub struct Now {
    /// By a clock that only measures.
    pub at: Instant,
    /// By the others.
    pub moment: Moment,
}

/// The loop, with what it remembers between two looks.
pub struct Watch<'a> {
    pub(super) lease: &'a Lease,
    pub(super) setup: Setup,
    pub(super) attendant: Attendant<'a>,
    pub(super) admin: Arc<Admin>,
    /// Where metrics and health are to be had; none for nowhere.
    pub(super) door: Option<Door>,
    pub(super) lookout: Lookout,
    pub(super) schedule: Schedule,
    pub(super) grace: Grace,
    pub(super) teller: Teller,
    /// What is written down of it.
    pub(super) fares: ledger::Service,
    pub(super) next_pass: Option<Timestamp>,
    /// The last thing that an operator had said at the last look.
    pub(super) heard: Option<i64>,
    /// Whether it is written down that a change waits.
    pub(super) is_change_noted: bool,
    /// How many calls the last look at RunCloud cost that changed nothing.
    pub(super) look_cost: u64,
    /// How many passes in a row wanted another soon.
    pub(super) repeats: u32,
}

impl Now {
    /// This moment.
    pub fn here() -> Self {
        Self { at: Instant::now(), moment: Moment::now() }
    }

    /// So much later.
    #[must_use]
    pub fn later(&self, time: Duration) -> Self {
        let mut moment = self.moment.clone();
        moment.wall = moment.wall.plus(time);
        moment.uptime.seconds = Timestamp(moment.uptime.seconds).plus(time).0;
        Self { at: self.at + time, moment }
    }
}

impl<'a> Watch<'a> {
    /// A loop that has not looked yet.
    pub fn new(service: Service<'a>) -> Self {
        let Service { setup, lease, words, reload, command } = service;
        let admin = Arc::new(Admin::new());
        let mut watch = Self {
            lease,
            attendant: Attendant::new(words, reload, Arc::clone(&admin)),
            admin,
            door: None,
            lookout: Lookout::new(setup.network.database.clone()),
            schedule: Schedule::new(setup.pace),
            grace: Grace::new(setup.pace.grace),
            teller: Teller::new(command),
            setup,
            fares: ledger::Service::default(),
            next_pass: None,
            heard: None,
            is_change_noted: false,
            look_cost: LOOK_COST,
            repeats: 0,
        };
        watch.take_door();
        watch
    }

    /// Takes up what is known of the daemon before it was started.
    pub async fn begin(&mut self, ledger: &mut Ledger) {
        match ledger.service().await {
            Ok(before) => self.admin.begin(&before),
            Err(error) => tracing::debug!("{error}"),
        }
        self.show_known(ledger, &Moment::now()).await;
    }

    /// Shows what the ledger knows to whoever may ask, also where no pass is possible.
    async fn show_known(&self, ledger: &mut Ledger, now: &Moment) {
        if self.door.is_none() {
            return;
        }
        match ledger.survey(now).await {
            Ok(survey) => self.admin.knows(&survey),
            Err(error) => tracing::debug!("{error}"),
        }
    }

    /// Looks once, makes a pass where there is a reason, and returns how long to wait.
    pub async fn step(&mut self, ledger: &mut Ledger, now: &Now) -> Duration {
        if let Some(setup) = self.attendant.take_settings() {
            self.take_over(setup);
        }
        self.attendant.beat(self.setup.network.reader.tally());
        if let Some(door) = &mut self.door {
            door.open(&self.admin).await;
        }
        let began = Instant::now();
        let outcome = self.look(ledger, now).await;
        let now = now.later(began.elapsed());
        if let Err(error) = outcome {
            self.meet(&error, ledger, &now).await;
        }
        self.teller.heartbeat(&self.fares, &now);
        let status = self.teller.status(&self.fares, self.next_pass, now.moment.wall);
        self.attendant.notifier.status(&status);
        self.schedule.wait(now.at, fastrand::f64())
    }

    /// Waits for that long, or until there is something to do.
    pub async fn rest(&mut self, wait: Duration) {
        let words = self.attendant.words.clone();
        let resting = async {
            tokio::select! {
                biased;
                () = words.reconcile.notified() => true,
                () = words.stop.sleep(wait) => false,
            }
        };
        if self.attendant.attend(self.setup.network.reader.tally(), resting).await {
            self.schedule.ask();
        }
    }

    /// Ends the loop.
    pub async fn end(&mut self, ledger: &mut Ledger) {
        self.attendant.stopping(self.setup.network.reader.tally());
        if let Err(error) = ledger.note_service(&self.fares).await {
            tracing::debug!("{error}");
        }
        tracing::info!(message_id = events::STOPPED, "stopped");
    }

    fn take_over(&mut self, setup: Setup) {
        self.lookout = Lookout::new(setup.network.database.clone());
        self.grace = Grace::new(setup.pace.grace);
        self.schedule.begin_afresh(setup.pace);
        self.teller.begin_afresh();
        let is_elsewhere = self.setup.listen != setup.listen;
        self.setup = setup;
        if is_elsewhere {
            self.take_door();
        }
    }

    /// A door where the settings want it.
    fn take_door(&mut self) {
        self.door = self.setup.listen.clone().map(Door::new);
        self.attendant.asked_every = self.door.is_some().then_some(ALIVE_EVERY);
    }

    async fn look(&mut self, ledger: &mut Ledger, now: &Now) -> Result<(), PassError> {
        match self.consider(ledger, now).await {
            Ok((next, seen)) => self.act(next, seen, ledger, now).await,
            Err(error) => {
                // Nobody knows what is due, so nothing is before the next look.
                self.schedule.blind();
                Err(error)
            }
        }
    }

    /// What is to be done, and what the tables look like.
    async fn consider(
        &mut self,
        ledger: &mut Ledger,
        now: &Now,
    ) -> Result<(Next, Fingerprint), PassError> {
        let lease = self.lease.check();
        self.admin.note_lease(lease.is_ok());
        lease.map_err(LedgerError::from)?;
        let word = ledger.last_word().await?;
        if self.heard != word {
            self.heard = word;
            self.schedule.ask();
            self.show_known(ledger, &now.moment).await;
        }
        let seen = self.see().await?;
        if !self.schedule.is_failing() {
            self.teller.over(Party::Database, now.at);
        }
        let next = self.schedule.saw(&seen, now.at);
        if self.schedule.stirs() && !self.is_change_noted {
            ledger.note_change(Some(now.moment.wall)).await?;
            self.is_change_noted = true;
        }
        Ok((next, seen))
    }

    async fn act(
        &mut self,
        next: Next,
        seen: Fingerprint,
        ledger: &mut Ledger,
        now: &Now,
    ) -> Result<(), PassError> {
        match next {
            Next::Rest => Ok(()),
            Next::Pass(reason) => Box::pin(self.pass(ledger, seen, reason, now)).await,
            Next::Glance => {
                if self.glance(ledger, now).await? {
                    Box::pin(self.pass(ledger, seen, Reason::News, now)).await?;
                }
                Ok(())
            }
            Next::Probe => {
                self.probe(ledger, now).await?;
                Box::pin(self.pass(ledger, seen, Reason::Return, now)).await
            }
        }
    }

    /// What the tables look like.
    async fn see(&mut self) -> Result<Fingerprint, PassError> {
        let Setup { network, .. } = &self.setup;
        let looking = async {
            tokio::select! {
                seen = self.lookout.look() => seen.map_err(PassError::from),
                () = network.stop.wait() => Err(PassError::Stopped),
            }
        };
        let seen = self.attendant.attend(network.reader.tally(), looking).await;
        match &seen {
            // That there is no such table is an answer too.
            Ok(_) | Err(PassError::Database(DatabaseError::MissingTable { .. })) => {
                self.attendant.ready();
            }
            Err(_) => {}
        }
        seen
    }

    /// Says what went wrong, once, and writes it down.
    async fn meet(&mut self, error: &PassError, ledger: &mut Ledger, now: &Now) {
        self.mend(error, ledger).await;
        let is_new = self.teller.meet(error, now);
        let trouble = self.teller.trouble();
        if is_new && self.fares.trouble != trouble {
            self.fares.trouble = trouble;
            if let Err(error) = ledger.note_service(&self.fares).await {
                tracing::debug!("{error}");
            }
        }
    }

    /// A ledger that turned out to be damaged is set aside; the next pass has a new one.
    async fn mend(&self, error: &PassError, ledger: &mut Ledger) {
        let PassError::Ledger(damage) = error else { return };
        if !damage.is_unusable_file() {
            return;
        }
        match ledger.reopen(self.lease).await {
            Ok(()) => {
                let notice = ledger.notice.take().unwrap_or_default();
                tracing::warn!(message_id = events::LEDGER_BEGINS, "{notice}");
            }
            Err(error) => tracing::error!(message_id = events::NEEDS_A_PERSON, "{error}"),
        }
    }
}
