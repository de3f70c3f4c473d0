//! What a name's certificate state becomes by what was seen. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Mode, is_misdirected, schedule};
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::ledger::{CertificateOrder, CertificateState, Verdict};
use crate::probe::{DnsVerdict, Seen};

/// RunCloud may show a new certificate before its web server does.
const BELIEVE_RUNCLOUD: Duration = Duration::from_mins(5);
/// AutoSSL is given so long after a name points here (its speed is not documented).
const AUTO_SSL: Duration = Duration::from_hours(1);
/// How often a name is looked at that AutoSSL has to cover.
const AUTO_SSL_LOOK: Duration = Duration::from_mins(10);

/// What a look at one name showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// A certificate that covers it, and its `www.` where that is served too.
    Covered {
        /// When the certificate begins.
        from: Timestamp,
        /// When it ends.
        until: Timestamp,
        /// Who issued it.
        issuer: String,
    },
    /// The web server's certificate, and the name is not in it.
    Uncovered,
    /// A certificate that is not RunCloud's, such as a proxy's, and the name is not in it.
    Foreign(String),
    /// None, for this reason.
    Unseen(String),
}

/// What is known beside the states.
pub struct Scene<'a> {
    /// How the web application gets certificates.
    pub mode: Mode,
    /// What looks showed, by name.
    pub sights: &'a BTreeMap<Domain, Sight>,
    /// Until when RunCloud says that its certificate is valid: the application's, or the name's own.
    pub vouched: &'a BTreeMap<Domain, Timestamp>,
    /// Where names point.
    pub verdicts: &'a BTreeMap<Domain, Verdict>,
    /// The time.
    pub now: Timestamp,
}

/// What became of the states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The states that changed.
    pub states: BTreeMap<Domain, CertificateState>,
    /// Names that an order covered, and those that it did not, with the reason.
    pub left_out: BTreeMap<Domain, String>,
    /// Names that came to be covered.
    pub covered: BTreeSet<Domain>,
    /// Whether an order for all names was seen to bring nothing to any.
    pub failed_as_a_whole: bool,
    /// Whether an order brought a certificate.
    pub issued: bool,
}

impl Sight {
    /// What a handshake says of a name, and of its `www.` where that is served too.
    pub fn of(seen: &Seen, domain: &Domain, www: Option<&Domain>, now: Timestamp) -> Self {
        let shown = match seen {
            Seen::Failed(why) => return Self::Unseen(why.clone()),
            Seen::Shown(shown) => shown,
        };
        if shown.covers(domain, now) && www.is_none_or(|www| shown.covers(www, now)) {
            let (from, until) = (shown.not_before, shown.not_after);
            return Self::Covered { from, until, issuer: shown.issuer.clone() };
        }
        if shown.is_self_signed || shown.issuer.contains("Let's Encrypt") {
            Self::Uncovered
        } else {
            Self::Foreign(shown.issuer.clone())
        }
    }
}

/// Whether a name is to be looked at now.
pub fn wants_look(state: Option<&CertificateState>, now: Timestamp) -> bool {
    match state {
        // Whoever waits is told as soon as somebody looks.
        None | Some(CertificateState::Due { .. } | CertificateState::Ordered { .. }) => true,
        Some(state) => is_due(state, now),
    }
}

/// Whether the time has come that a name waited for.
pub fn is_due(state: &CertificateState, now: Timestamp) -> bool {
    !now.is_before(state.next(), schedule::LONGEST)
}

/// Orders under way that a look leaves as they are, with the time of the next look; none where it shows something
/// new of any, or RunCloud has to be asked what became of it.
pub fn unchanged(
    orders: &BTreeMap<Domain, CertificateState>,
    sights: &BTreeMap<Domain, Sight>,
    now: Timestamp,
) -> Option<BTreeMap<Domain, CertificateState>> {
    let still = |(domain, state): (&Domain, &CertificateState)| match *state {
        CertificateState::Ordered { since, attempt, before, .. }
            if sights.get(domain) == Some(&Sight::Uncovered)
                && age(since, now) < BELIEVE_RUNCLOUD =>
        {
            let next = schedule::next_look(since, now);
            Some((domain.clone(), CertificateState::Ordered { since, attempt, next, before }))
        }
        _ => None,
    };
    orders.iter().map(still).collect()
}

/// An order that was cut off twice is taken for sent: it is looked at, and not sent again until that shows nothing.
/// What a name is owed since then is another order.
pub fn cut_off(
    states: &BTreeMap<Domain, CertificateState>,
    orders: &[CertificateOrder],
    now: Timestamp,
) -> BTreeMap<Domain, CertificateState> {
    let open = |domain: &Domain, since: Timestamp| {
        let is_for = |order: &&CertificateOrder| {
            let is_for = order.domain.as_ref().is_none_or(|name| name == domain);
            is_for && order.open && order.at >= since
        };
        let mut open = orders.iter().filter(is_for);
        Some((open.next()?, open.next_back()?))
    };
    let due_since = |state: &CertificateState| match state {
        CertificateState::Due { since, .. } | CertificateState::Failed { since, .. } => {
            Some(*since)
        }
        CertificateState::Ordered { .. } | CertificateState::Covered { .. } => None,
    };
    let due = states.iter().filter_map(|(domain, state)| Some((domain, state, due_since(state)?)));
    due.filter_map(|(domain, state, since)| {
        let (first, last) = open(domain, since)?;
        let before = first.before.unwrap_or(Timestamp::NEVER);
        Some((domain.clone(), ordered(state.attempt() + 1, last.at.min(now), before)))
    })
    .collect()
}

/// The state of a name whose order was just taken. `before` is the end of RunCloud's certificate until then, as
/// [`CertificateState::Ordered`] has it.
pub fn ordered(attempt: u32, now: Timestamp, before: Timestamp) -> CertificateState {
    CertificateState::Ordered { since: now, attempt, next: schedule::next_look(now, now), before }
}

/// The state of a name whose order brought nothing.
pub fn failed(attempt: u32, now: Timestamp, reason: String) -> CertificateState {
    let retry_at = schedule::next_order(attempt, now);
    CertificateState::Failed { since: now, attempt, retry_at, reason }
}

/// How old an order is. One that is far ahead was written by a clock that was, and is as old as can be.
fn age(since: Timestamp, now: Timestamp) -> Duration {
    let is_possible = since <= now.plus(schedule::GIVE_UP);
    if is_possible { now.since(since) } else { Duration::MAX }
}

/// The state of a name that RunCloud alone says is covered.
fn vouched_for(
    domain: &Domain,
    from: Timestamp,
    until: Timestamp,
    now: Timestamp,
) -> CertificateState {
    let next = schedule::next_daily(domain, now);
    let issuer = "RunCloud (not seen on the wire)".to_owned();
    CertificateState::Covered { since: now, from, until, issuer, next }
}

/// Moves every name on by what was seen. `names` are those that a certificate may be ordered for; of others
/// only what covers them is noted.
pub fn settle(
    states: &BTreeMap<Domain, CertificateState>,
    names: &BTreeSet<Domain>,
    scene: &Scene<'_>,
) -> Settled {
    let mut settled = Settled::default();
    for (domain, sight) in scene.sights {
        let state = states.get(domain);
        let may_order = names.contains(domain);
        if let Some(next) =
            scene.observe(domain, state, sight).filter(|n| may_order || n.is_covered())
        {
            if next.is_covered() && !state.is_some_and(CertificateState::is_covered) {
                settled.covered.insert(domain.clone());
            }
            settled.states.insert(domain.clone(), next);
        }
    }
    scene.conclude(states, &mut settled);
    settled
}

impl Scene<'_> {
    /// What one look says by itself; what it means for an order is decided for all its names together.
    fn observe(
        &self,
        domain: &Domain,
        state: Option<&CertificateState>,
        sight: &Sight,
    ) -> Option<CertificateState> {
        let now = self.now;
        let next = schedule::next_daily(domain, now);
        match (state, sight) {
            (
                Some(CertificateState::Covered { since, until: before, .. }),
                Sight::Covered { from, until, issuer },
            ) if before == until => {
                let (from, until, issuer) = (*from, *until, issuer.clone());
                Some(CertificateState::Covered { since: *since, from, until, issuer, next })
            }
            (_, Sight::Covered { from, until, issuer }) => {
                let (from, until, issuer) = (*from, *until, issuer.clone());
                Some(CertificateState::Covered { since: now, from, until, issuer, next })
            }
            (
                None | Some(CertificateState::Covered { .. }),
                Sight::Uncovered | Sight::Foreign(_),
            ) => Some(CertificateState::due(now)),
            (
                Some(CertificateState::Covered { since, from, until, issuer, .. }),
                Sight::Unseen(_),
            ) => {
                let (since, from, until, issuer) = (*since, *from, *until, issuer.clone());
                Some(CertificateState::Covered { since, from, until, issuer, next })
            }
            (Some(state), sight) if self.mode == Mode::AutoSsl => {
                let is_hidden = !matches!(sight, Sight::Uncovered);
                let vouched = self.vouched.get(domain).filter(|until| is_hidden && **until > now);
                vouched.map_or_else(
                    || self.await_auto_ssl(domain, state),
                    |until| Some(vouched_for(domain, now, *until, now)),
                )
            }
            (Some(_), _) | (None, Sight::Unseen(_)) => None,
        }
    }

    /// RunCloud issues by itself; after an hour without effect that is a finding.
    fn await_auto_ssl(
        &self,
        domain: &Domain,
        state: &CertificateState,
    ) -> Option<CertificateState> {
        let now = self.now;
        let since = match state {
            CertificateState::Due { since, .. } => *since,
            CertificateState::Failed { reason, .. } => {
                return Some(CertificateState::Failed {
                    since: now,
                    attempt: 0,
                    retry_at: schedule::next_daily(domain, now),
                    reason: reason.clone(),
                });
            }
            CertificateState::Ordered { .. } | CertificateState::Covered { .. } => return None,
        };
        let verdict = self.verdicts.get(domain);
        let points_since = match verdict.map(|verdict| &verdict.verdict) {
            Some(DnsVerdict::Here) => verdict.map_or(since, |verdict| verdict.since.max(since)),
            Some(DnsVerdict::Unknown(_)) | None => since,
            Some(DnsVerdict::Elsewhere(_) | DnsVerdict::NotFound) => return None,
        };
        Some(if now.since(points_since) < AUTO_SSL {
            CertificateState::Due { since, attempt: 0, next: now.plus(AUTO_SSL_LOOK) }
        } else {
            let reason = "AutoSSL issued no certificate within an hour: look at SSL and the activity log in \
                          RunCloud";
            let retry_at = schedule::next_daily(domain, now);
            CertificateState::Failed { since: now, attempt: 0, retry_at, reason: reason.to_owned() }
        })
    }

    /// Decides what came of the orders under way.
    fn conclude(&self, states: &BTreeMap<Domain, CertificateState>, settled: &mut Settled) {
        let mut pending = BTreeMap::new();
        for (domain, state) in states {
            let CertificateState::Ordered { since, attempt, next, before } = state else {
                continue;
            };
            let is_covered = settled.states.get(domain).is_some_and(CertificateState::is_covered);
            settled.issued |= is_covered;
            if !is_covered {
                pending.insert(domain, (*since, *attempt, *next, *before));
            }
        }
        pending.retain(|domain, (since, _, _, before)| {
            !self.believe_runcloud(domain, *since, *before, settled)
        });
        let is_for_all = matches!(self.mode, Mode::Basic | Mode::None);
        let is_issued = is_for_all && settled.issued;
        for (domain, (since, attempt, next, before)) in pending {
            let is_over = age(since, self.now) >= schedule::GIVE_UP;
            let is_due = !self.now.is_before(next, schedule::LONGEST);
            if is_issued {
                self.leave_out(domain, attempt, settled);
            } else if is_over {
                let reason = self.why_not(domain);
                settled.failed_as_a_whole |= is_for_all;
                settled.states.insert(domain.clone(), failed(attempt, self.now, reason));
            } else if is_due {
                let next = schedule::next_look(since, self.now);
                let still = CertificateState::Ordered { since, attempt, next, before };
                settled.states.insert(domain.clone(), still);
            }
        }
    }

    /// Where the wire shows nothing of use, RunCloud's new date counts for names that point here; where it
    /// shows the server's own certificate, the date says only that the order is over.
    fn believe_runcloud(
        &self,
        domain: &Domain,
        since: Timestamp,
        before: Timestamp,
        settled: &mut Settled,
    ) -> bool {
        let Some(until) = self.vouched.get(domain).filter(|until| **until > before) else {
            return false;
        };
        let is_hidden =
            matches!(self.sights.get(domain), None | Some(Sight::Unseen(_) | Sight::Foreign(_)));
        let verdict = self.verdicts.get(domain).map(|verdict| &verdict.verdict);
        if !is_hidden || verdict.is_some_and(is_misdirected) {
            settled.issued |= age(since, self.now) >= BELIEVE_RUNCLOUD;
            return false;
        }
        settled.states.insert(domain.clone(), vouched_for(domain, since, *until, self.now));
        settled.covered.insert(domain.clone());
        settled.issued = true;
        true
    }

    /// The certificate came without this name.
    fn leave_out(&self, domain: &Domain, attempt: u32, settled: &mut Settled) {
        let verdict = self.verdicts.get(domain).map(|verdict| &verdict.verdict);
        let (state, why) = match verdict {
            Some(verdict) if is_misdirected(verdict) => (
                CertificateState::due(self.now),
                format!("the certificate came without it: it {verdict}"),
            ),
            _ => {
                let why = "the certificate came without it".to_owned();
                (failed(attempt, self.now, why.clone()), why)
            }
        };
        settled.left_out.insert(domain.clone(), why);
        settled.states.insert(domain.clone(), state);
    }

    fn why_not(&self, domain: &Domain) -> String {
        let why = match self.sights.get(domain) {
            Some(Sight::Unseen(why)) => format!(" ({why})"),
            Some(Sight::Foreign(issuer)) => format!(" (the server shows one of {issuer})"),
            _ => String::new(),
        };
        format!("an order brought no certificate within 30 minutes{why}")
    }
}
