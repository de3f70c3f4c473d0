use std::path::Path;

use serde::Serialize;

use super::Status;
use crate::clock::Timestamp;
use crate::domain::Domain;
use crate::ledger::{AtWork, Coverage, Drift, Failure, Listed, Noted, Pass, Survey};

/// What is noted of names and is no reason to look at them.
const NO_NEWS: [&str; 2] = ["primary", "wildcard"];

/// The status for a machine.
#[derive(Serialize)]
pub(super) struct StatusJson<'a> {
    schema: u32,
    state_dir: &'a Path,
    /// The id of the process at work; none where none is, or the system does not say.
    process: Option<u32>,
    /// None where there is no ledger.
    ledger: Option<LedgerJson<'a>>,
}

#[derive(Serialize)]
struct LedgerJson<'a> {
    network: Option<&'a Domain>,
    server: Option<u64>,
    app: Option<u64>,
    /// The pass at work, or cut off by a crash.
    running: Option<PassJson<'a>>,
    last: Option<PassJson<'a>>,
    last_good: Option<Timestamp>,
    next: Option<Timestamp>,
    names: NamesJson,
    /// Of 24 hours.
    removals: BudgetJson<usize>,
    /// Of seven days.
    orders: BudgetJson<usize>,
    /// Of this calendar month (UTC).
    calls: BudgetJson<u64>,
    service: ServiceJson<'a>,
    certificates: CertificatesJson<'a>,
    paused: Option<PausedJson<'a>>,
    approval: Option<ApprovalJson<'a>>,
    blocked: Option<BlockedJson<'a>>,
    failing: Vec<FailingJson<'a>>,
    held: Vec<HeldJson<'a>>,
}

#[derive(Serialize)]
struct PassJson<'a> {
    id: i64,
    started: Timestamp,
    ended: Option<Timestamp>,
    result: Option<&'a str>,
    added: usize,
    updated: usize,
    removed: usize,
    failed: usize,
}

#[derive(Serialize)]
struct NamesJson {
    wanted: Option<usize>,
    present: Option<usize>,
    managed: usize,
    added: usize,
    adopted: usize,
    failing: usize,
    held: usize,
    unmanaged: usize,
    rejected: usize,
}

#[derive(Serialize)]
struct CertificatesJson<'a> {
    covered: usize,
    due: usize,
    ordered: usize,
    failed: Vec<FailingJson<'a>>,
    waiting: Vec<HeldJson<'a>>,
    next_end: Option<EndJson<'a>>,
}

#[derive(Serialize)]
struct EndJson<'a> {
    domain: &'a Domain,
    at: Timestamp,
}

#[derive(Serialize)]
struct BudgetJson<T> {
    spent: T,
    limit: Option<T>,
}

/// How the daemon fares; what it never came to is null.
#[derive(Serialize)]
struct ServiceJson<'a> {
    attempted: Option<Timestamp>,
    succeeded: Option<Timestamp>,
    /// What keeps it from its work, or did until it ended.
    trouble: Option<TroubleJson<'a>>,
}

#[derive(Serialize)]
struct TroubleJson<'a> {
    since: Timestamp,
    detail: &'a str,
}

#[derive(Serialize)]
struct PausedJson<'a> {
    since: Timestamp,
    until: Option<Timestamp>,
    reason: &'a str,
    left: Option<Drift>,
}

#[derive(Serialize)]
struct ApprovalJson<'a> {
    hash: &'a str,
    until: Timestamp,
    names: Vec<&'a Domain>,
}

#[derive(Serialize)]
struct BlockedJson<'a> {
    hash: &'a str,
    detail: &'a str,
    names: &'a [Domain],
}

#[derive(Serialize)]
struct FailingJson<'a> {
    domain: &'a Domain,
    detail: &'a str,
    next: Timestamp,
}

/// A name, or a row without one, that nothing is done about; `unmanaged` and `rejected` ones too.
#[derive(Serialize)]
struct HeldJson<'a> {
    subject: &'a str,
    reason: &'a str,
    detail: &'a str,
}

impl<'a> StatusJson<'a> {
    pub(super) fn of(status: &'a Status) -> Self {
        let process = match status.at_work {
            AtWork::Process(id) => Some(id),
            AtWork::Nobody | AtWork::Unknown => None,
        };
        let ledger = status.survey.as_ref().map(|survey| LedgerJson::of(status, survey));
        Self { schema: 1, state_dir: &status.directory, process, ledger }
    }
}

impl<'a> LedgerJson<'a> {
    fn of(status: &'a Status, survey: &'a Survey) -> Self {
        let last = survey.last.as_ref();
        let saw = last.and_then(|last| last.saw);
        let is_news = |(reason, _): &(&String, _)| !NO_NEWS.contains(&reason.as_str());
        let noted = survey.noted.iter().filter(is_news);
        Self {
            network: survey.bound.as_ref().and_then(|bound| bound.network.as_ref()),
            server: survey.binding.map(|binding| binding.server),
            app: survey.binding.map(|binding| binding.app),
            running: survey.begun.as_ref().map(PassJson::of),
            last: last.map(PassJson::of),
            last_good: survey.last_good,
            next: last.and_then(|last| last.next),
            names: NamesJson::of(survey),
            removals: BudgetJson {
                spent: survey.removals,
                limit: saw.map(|saw| saw.removal_limit),
            },
            orders: BudgetJson {
                spent: survey.coverage.orders,
                limit: saw.map(|saw| saw.order_limit),
            },
            calls: BudgetJson { spent: survey.calls, limit: status.monthly_calls },
            service: ServiceJson {
                attempted: survey.service.attempted,
                succeeded: survey.service.succeeded,
                trouble: survey.trouble().map(|(since, detail)| TroubleJson { since, detail }),
            },
            certificates: CertificatesJson::of(&survey.coverage),
            paused: survey.pause.as_ref().map(|pause| PausedJson {
                since: pause.since,
                until: pause.until(&survey.clock, &status.now),
                reason: &pause.reason,
                left: last.filter(|last| last.result == "paused").map(|last| last.left),
            }),
            approval: survey.approval.as_ref().map(|approval| ApprovalJson {
                hash: &approval.hash,
                until: approval.until,
                names: approval.names.iter().collect(),
            }),
            blocked: survey.blocked.as_ref().map(|blocked| BlockedJson {
                hash: &blocked.hash,
                detail: &blocked.why,
                names: &blocked.names.first,
            }),
            failing: survey.failing.first.iter().map(failing).collect(),
            held: held(noted),
        }
    }
}

impl<'a> CertificatesJson<'a> {
    fn of(coverage: &'a Coverage) -> Self {
        let failed = coverage.failed.first.iter().map(|failed| FailingJson {
            domain: &failed.domain,
            detail: &failed.reason,
            next: failed.retry_at,
        });
        let next_end = coverage.next_end.as_ref();
        Self {
            covered: coverage.covered,
            due: coverage.due,
            ordered: coverage.ordered,
            failed: failed.collect(),
            waiting: held(coverage.waiting.iter()),
            next_end: next_end.map(|(domain, at)| EndJson { domain, at: *at }),
        }
    }
}

fn held<'a>(listed: impl Iterator<Item = (&'a String, &'a Listed<Noted>)>) -> Vec<HeldJson<'a>> {
    let of = |(reason, listed): (&'a String, &'a Listed<Noted>)| {
        listed.first.iter().map(move |Noted { subject, detail }| HeldJson {
            subject,
            reason,
            detail,
        })
    };
    listed.flat_map(of).collect()
}

fn failing((domain, failure): &(Domain, Failure)) -> FailingJson<'_> {
    FailingJson { domain, detail: &failure.detail, next: failure.retry_at }
}

impl NamesJson {
    fn of(survey: &Survey) -> Self {
        let saw = survey.last.as_ref().and_then(|last| last.saw);
        let count = |reason| survey.count_noted(reason);
        let (unmanaged, rejected) = (count("unmanaged"), count("rejected"));
        let noted: usize = survey.noted.values().map(|listed| listed.count).sum();
        let no_news: usize = NO_NEWS.into_iter().map(count).sum();
        Self {
            wanted: saw.map(|saw| saw.wanted),
            present: saw.map(|saw| saw.present),
            managed: survey.added + survey.adopted,
            added: survey.added,
            adopted: survey.adopted,
            failing: survey.failing.count,
            held: noted - no_news - unmanaged - rejected,
            unmanaged,
            rejected,
        }
    }
}

impl<'a> PassJson<'a> {
    fn of(pass: &'a Pass) -> Self {
        Self {
            id: pass.id,
            started: pass.started,
            ended: pass.ended,
            result: pass.ended.map(|_| &*pass.result),
            added: pass.counts.added,
            updated: pass.counts.updated,
            removed: pass.counts.removed,
            failed: pass.counts.failed,
        }
    }
}
