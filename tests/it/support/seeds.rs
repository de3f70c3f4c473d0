//! The seeds of random tests; those that failed once are kept in a file and tried first ever after.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, PoisonError};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/failing-seeds");
/// Tests of one process share the file.
static ALONE: Mutex<()> = Mutex::new(());

/// The seeds of one random test.
pub struct Seeds {
    test: &'static str,
}

impl Seeds {
    pub fn of(test: &'static str) -> Self {
        Self { test }
    }

    /// The seeds that failed once, then 0 up to `count`.
    pub fn up_to(&self, count: u64) -> Vec<u64> {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = std::fs::read_to_string(FILE).unwrap();
        self.among(&kept).into_iter().chain(0..count).collect()
    }

    /// Keeps a seed that failed.
    pub fn keep(&self, seed: u64) {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = OpenOptions::new().read(true).append(true).open(FILE).unwrap();
        let mut kept = String::new();
        read_from_start(&mut file, &mut kept);
        if !self.among(&kept).contains(&seed) {
            writeln!(file, "{} {seed}", self.test).unwrap();
        }
    }

    fn among(&self, kept: &str) -> Vec<u64> {
        let lines = kept.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once(' '));
        pairs
            .filter(|(test, _)| *test == self.test)
            .map(|(_, seed)| seed.parse().unwrap())
            .collect()
    }
}

fn read_from_start(file: &mut File, text: &mut String) {
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_string(text).unwrap();
}

#[test]
fn seeds_of_one_test_are_told_from_those_of_others() {
    let kept = "# a comment\nfaults 7\nmodel 8\nfaults 9\n";
    assert_eq!(Seeds::of("faults").among(kept), [7, 9]);
    assert_eq!(Seeds::of("model").among(kept), [8]);
}
