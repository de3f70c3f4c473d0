//! The record of every call, for tests to count and to look into.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use super::ask::Ask;

/// A call that arrived.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its number since the start, from 1.
    pub number: u64,
    /// The HTTP method.
    pub method: String,
    /// The path, with the version.
    pub path: String,
    /// The query, without the question mark.
    pub query: String,
    /// The body; null when there was no JSON in it.
    pub body: Value,
    /// The status that was sent; 0 while there is no answer, and for ever if none was sent.
    pub status: u16,
    /// Whether it changed the model.
    pub effect: bool,
    /// How far it has come.
    pub stage: Stage,
    /// When it arrived.
    pub at: Instant,
}

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It is here.
    Arrived,
    /// It is done, whatever the answer is going to be.
    Done,
    /// Its answer is on the wire, or as much of it as a fault lets through.
    Sent,
}

impl Call {
    /// Whether the method is one that can change something.
    pub fn is_write(&self) -> bool {
        self.method != "GET" && self.method != "HEAD"
    }
}

/// The calls so far.
#[derive(Debug, Default)]
pub(super) struct Journal {
    pages: Mutex<Pages>,
    /// Says that some call has come further.
    news: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Pages {
    last_number: u64,
    calls: Vec<Call>,
}

impl Journal {
    /// Enters a call and gives it its number.
    pub(super) fn arrived(&self, ask: &mut Ask) {
        let mut pages = self.pages();
        pages.last_number += 1;
        ask.number = pages.last_number;
        pages.calls.push(Call {
            number: ask.number,
            method: ask.method.clone(),
            path: ask.path.clone(),
            query: ask.query.clone(),
            body: ask.body.clone(),
            status: 0,
            effect: false,
            stage: Stage::Arrived,
            at: Instant::now(),
        });
        drop(pages);
        self.news.send_replace(());
    }

    /// Notes how far the call has come.
    pub(super) fn reached(&self, number: u64, stage: Stage) {
        self.edit(number, |call| call.stage = stage);
        self.news.send_replace(());
    }

    /// Waits until the call has come that far.
    pub(super) async fn until(&self, number: u64, stage: Stage) {
        let has_come = |(): &()| {
            let pages = self.pages();
            pages.calls.iter().any(|call| call.number == number && call.stage >= stage)
        };
        // The sender is this journal's own, so that it cannot be gone.
        let _ = self.news.subscribe().wait_for(has_come).await;
    }

    /// Notes that the call changed the model.
    pub(super) fn took_effect(&self, number: u64) {
        self.edit(number, |call| call.effect = true);
    }

    /// Notes the status that goes out.
    pub(super) fn answered(&self, number: u64, status: u16) {
        self.edit(number, |call| call.status = status);
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.pages().calls.clone()
    }

    pub(super) fn forget(&self) {
        self.pages().calls.clear();
    }

    /// Does nothing for a call that has been forgotten meanwhile.
    fn edit(&self, number: u64, change: impl FnOnce(&mut Call)) {
        if let Some(call) = self.pages().calls.iter_mut().rev().find(|call| call.number == number) {
            change(call);
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
