//! The preloaded library that ends the program at a write to its ledger, sends it a signal there, or makes the ledger
//! read-only.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/ledger_io.c");

pub struct Preload {
    directory: TempDir,
}

/// What a whole pass does to the ledger's files.
#[derive(Clone, Copy)]
pub struct LedgerUse {
    /// Writes, truncations, syncs and unlinks.
    pub operations: u64,
    pub writes: u64,
}

impl Preload {
    pub fn build() -> Self {
        let preload = Self { directory: tempfile::tempdir().unwrap() };
        let compiler = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([preload.library(), SOURCE.into()])
            .output();
        let output = compiler.expect("cc is missing: apt-get install gcc libc6-dev");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        preload
    }

    /// Ends the command at the N-th operation.
    pub fn kill_at(&self, command: &mut Command, operation: u64) {
        command.env("LD_PRELOAD", self.library()).env("LEDGER_KILL_AT", operation.to_string());
    }

    /// Ends the command in the middle of the N-th write.
    pub fn tear_at(&self, command: &mut Command, write: u64) {
        command.env("LD_PRELOAD", self.library()).env("LEDGER_TEAR_AT", write.to_string());
    }

    /// Sends the command a signal right before the N-th operation.
    pub fn signal_at(&self, command: &mut Command, operation: u64, signal: u8) {
        command.env("LD_PRELOAD", self.library()).env("LEDGER_SIGNAL_AT", operation.to_string());
        command.env("LEDGER_SIGNAL", signal.to_string());
    }

    /// The command's state directory is read-only as long as the file is there.
    pub fn read_only_while(&self, command: &mut Command, file: &Path) {
        command.env("LD_PRELOAD", self.library()).env("LEDGER_READ_ONLY", file);
    }

    /// Only counts; the numbers are in the file once the command has ended.
    pub fn count(&self, command: &mut Command, into: &Path) {
        command.env("LD_PRELOAD", self.library()).env("LEDGER_COUNT", into);
    }

    fn library(&self) -> PathBuf {
        self.directory.path().join("ledger_io.so")
    }
}

impl LedgerUse {
    pub fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).expect("the library was not loaded");
        let mut numbers = text.split_whitespace().map(|number| number.parse().unwrap());
        let mut next = || numbers.next().unwrap();
        Self { operations: next(), writes: next() }
    }
}
