//! The record of every call, for tests to count and to look into.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
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
    /// When it arrived.
    pub at: Instant,
}

impl Call {
    /// Whether the method is one that can change something.
    pub fn is_write(&self) -> bool {
        self.method != "GET" && self.method != "HEAD"
    }
}

/// The calls so far.
#[derive(Debug, Default)]
pub(super) struct Journal(Mutex<Pages>);

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
            at: Instant::now(),
        });
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
