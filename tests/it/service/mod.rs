//! The daemon: when it looks and when it works, what it says, and what it is told.

mod admin;
mod lines;
mod notify;
mod outages;
mod rhythm;
mod secrets;
mod ticking;
mod words;
