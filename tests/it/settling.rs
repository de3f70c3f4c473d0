//! What a call did to the ledger: in memory, for `plan`, and on disk, for a pass, it is the same.

use std::collections::BTreeSet;
use std::time::Duration;

use fastrand::Rng;
use runcloud_domain_sync::clock::{Moment, Timestamp, Uptime};
use runcloud_domain_sync::domain::Domain;
use runcloud_domain_sync::ledger::{
    Approval, Bound, Cause, CertificateState, Failure, Intent, IntentAction, Known, Lease, Ledger,
    Restore, Rule,
};

use crate::support::world::{BINDING, state_directory};

const CALLS: usize = 400;
const NAMES: u32 = 8;

#[tokio::test]
async fn memory_and_disk_agree_on_what_a_call_did() {
    let directory = state_directory();
    let lease = Lease::acquire(directory.path()).unwrap();
    let mut ledger = Ledger::open(directory.path(), BINDING, &lease).await.unwrap();
    ledger.bind(&Bound::default()).await.unwrap();
    let mut rng = Rng::with_seed(1);
    let uptime = Uptime { boot: "boot".into(), seconds: 0 };
    let mut now = Moment { wall: Timestamp(1_800_000_000), uptime };
    for _ in 0..CALLS {
        let seconds = rng.i64(0..20_000);
        now.wall.0 += seconds;
        now.uptime.seconds += seconds;
        ledger.begin_pass(&now).await.unwrap();
        prepare(&mut ledger, &mut rng, &now).await;
        let mut known: Known = ledger.known().await.unwrap();
        let (domain, intent) = (name(&mut rng), intent(&mut rng));
        if intent.action == IntentAction::Remove && rng.bool() {
            known.settle_absent(&domain, &now);
            ledger.settle_absent(&domain, intent, now.wall).await.unwrap();
        } else {
            known.settle(&domain, intent, &now);
            ledger.settle(&domain, intent, "accepted", now.wall).await.unwrap();
        }
        assert_eq!(known, ledger.known().await.unwrap(), "{domain} {intent:?}");
    }
}

/// What may be there when a call is settled: names that were adopted, and have failed; ids, orders that were tried, an
/// approval, a removal that is taken back.
async fn prepare(ledger: &mut Ledger, rng: &mut Rng, now: &Moment) {
    let (domain, cause) = (name(rng), cause(rng));
    match rng.u8(..7) {
        0 => ledger.adopt(&[(domain, cause)].into(), Rule::Wanted, now.wall).await.unwrap(),
        1 => ledger.note_ids(&[(domain, rng.u64(1..9))].into()).await.unwrap(),
        2 => {
            let states = ledger.certificates().await.unwrap();
            let tried = states.into_iter().map(|(name, state)| {
                let (attempt, reason) = (state.attempt() + 1, "422 no".to_owned());
                let (since, retry_at) = (now.wall, now.wall);
                (name, CertificateState::Failed { since, attempt, retry_at, reason })
            });
            ledger.note_certificates(&tried.collect()).await.unwrap();
        }
        3 => {
            let (detail, stage) = ("422 no".to_owned(), String::new());
            let failure = Failure { attempts: 1, retry_at: now.wall, detail, cause, stage };
            ledger.fail(&domain, intent(rng), &failure, now.wall).await.unwrap();
        }
        4 => approve(ledger, BTreeSet::from([domain, name(rng)]), now).await,
        5 => {
            let restore = Restore { event: 1, www: false, cause };
            ledger.restore(&domain, restore, now.wall).await.unwrap();
        }
        _ => ledger.begin_approved("hash", None).await.unwrap(),
    }
    ledger.intend(&name(rng), intent(rng), now.wall).await.unwrap();
}

async fn approve(ledger: &mut Ledger, names: BTreeSet<Domain>, now: &Moment) {
    let tick = ledger.known().await.unwrap().clock.tick(now);
    let approval = Approval::new("hash".into(), names, Duration::from_hours(9), now, tick);
    ledger.approve(&approval, now.wall).await.unwrap();
}

fn name(rng: &mut Rng) -> Domain {
    let number = rng.u32(..NAMES);
    let www = if rng.bool() { "www." } else { "" };
    Domain::parse(&format!("{www}n{number}.test")).unwrap()
}

fn intent(rng: &mut Rng) -> Intent {
    let actions = [IntentAction::Add, IntentAction::Update, IntentAction::Remove];
    let rule = rng.choice([Rule::Wanted, Rule::Operator]).unwrap();
    Intent { action: rng.choice(actions).unwrap(), www: rng.bool(), cause: cause(rng), rule }
}

fn cause(rng: &mut Rng) -> Cause {
    Cause { mapping: rng.choice([None, Some(1), Some(2)]).unwrap(), site: 2 }
}
