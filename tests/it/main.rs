//! The tests that need more than one room: real tables, a RunCloud on loopback, the real binary.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
#![allow(clippy::too_many_lines, reason = "a snapshot is data")]
#![allow(unreachable_pub, reason = "a test crate has no outside")]

mod answers;
mod approve;
mod certificates;
mod commands;
mod daemon;
mod demo;
mod doctor;
mod faults;
mod hostile;
mod house;
mod identity;
mod isolation;
mod kills;
mod model;
mod operator;
mod orders;
mod package;
mod pages;
mod plan;
mod probe;
mod progress;
mod readme;
mod recovery;
mod removals;
mod scenarios;
mod service;
mod settings;
mod settling;
mod stopping;
mod support;
mod tables;
mod usage;
mod wp_config;
mod writers;
