use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

const FILE: &str = "lease";
/// How often the kernel's list of locks is read before a lock is not in it: what changes while it is read may be left
/// out.
const LOOKS: usize = 5;
/// What stands before the holder's id.
const PROCESS: &str = "process ";

/// The right to change RunCloud and the ledger: one process has it at a time, by `flock`, so that
/// the kernel takes it back from a process that dies.
#[derive(Debug)]
pub struct Lease {
    directory: PathBuf,
    file: File,
}

/// Who has the lease, as far as it can be told without taking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtWork {
    /// This process.
    Process(u32),
    /// No process that can be seen from here.
    Nobody,
    /// The system does not say.
    Unknown,
}

/// Why the lease could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another process has it.
    #[error(
        "another instance is at work on {directory}: {holder}. Stop it first, or look with `plan`"
    )]
    Held {
        /// The state directory.
        directory: String,
        /// The other process, as it wrote itself into the lock file.
        holder: String,
    },
    /// It was taken, and its file is gone since, or another one.
    #[error(
        "the file `lease` in {directory} was removed or replaced, so that another instance may be at work: \
         nothing is done until a restart"
    )]
    Gone {
        /// The state directory.
        directory: String,
    },
    /// The state directory cannot be written as things are, such as on a full disk.
    #[error(
        "the state directory {directory} cannot be written for now: {error}. Nothing is done until it can be"
    )]
    NoRoom {
        /// The state directory.
        directory: String,
        /// The operating system's reason.
        error: std::io::Error,
    },
    /// The state directory cannot be made or written.
    #[error("the state directory {directory} cannot be written: {error}. Set --state-dir")]
    Directory {
        /// The state directory.
        directory: String,
        /// The operating system's reason.
        error: std::io::Error,
    },
}

impl Lease {
    /// Takes the lease on a state directory, which is made where it is missing.
    ///
    /// # Errors
    /// [`LeaseError::Held`] at once where another process has it; this never waits.
    pub fn acquire(directory: &Path) -> Result<Self, LeaseError> {
        let unusable = |error: std::io::Error| {
            let directory = directory.display().to_string();
            if may_pass(&error) {
                LeaseError::NoRoom { directory, error }
            } else {
                LeaseError::Directory { directory, error }
            }
        };
        std::fs::create_dir_all(directory).map_err(unusable)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(directory.join(FILE))
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // A holder that has not written its name yet is still a holder.
                let _ = file.read_to_string(&mut holder);
                let holder = if holder.is_empty() { "a process".into() } else { holder };
                return Err(LeaseError::Held {
                    directory: directory.display().to_string(),
                    holder: holder.trim().to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        sign(&mut file).map_err(unusable)?;
        Ok(Self { directory: directory.to_owned(), file })
    }

    /// Checks that the lock file is the one that was taken: under another one, another process can have the lease.
    ///
    /// # Errors
    /// [`LeaseError::Gone`] where it was removed or replaced.
    pub fn check(&self) -> Result<(), LeaseError> {
        let id = |metadata: Metadata| (metadata.dev(), metadata.ino());
        let there = std::fs::metadata(self.directory.join(FILE)).map(id).ok();
        if there.is_some() && there == self.file.metadata().map(id).ok() {
            return Ok(());
        }
        Err(LeaseError::Gone { directory: self.directory.display().to_string() })
    }
}

impl AtWork {
    /// Who has the lease on a state directory. Looking at the kernel's list of locks disturbs nobody, where
    /// even a moment's lock of one's own could keep a daemon from starting.
    pub fn on(directory: &Path) -> Self {
        let path = directory.join(FILE);
        let (Ok(metadata), Ok(holder)) = (path.metadata(), std::fs::read_to_string(&path)) else {
            return Self::Unknown;
        };
        let holder = holder.trim().strip_prefix(PROCESS).unwrap_or_default();
        let file = format!(":{}", metadata.ino());
        let is_held = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [_, "FLOCK", _, "WRITE", process, inode, ..] = words[..] else { return false };
            process == holder && inode.ends_with(&file)
        };
        for _ in 0..LOOKS {
            let Ok(locks) = std::fs::read_to_string("/proc/locks") else { return Self::Unknown };
            if let (true, Ok(process)) = (locks.lines().any(is_held), holder.parse()) {
                return Self::Process(process);
            }
        }
        Self::Nobody
    }
}

impl Drop for Lease {
    /// A child that is being started may hold the file open for a moment longer than this process.
    fn drop(&mut self) {
        // What cannot be unlocked is unlocked when the last of them closes it.
        let _ = self.file.unlock();
    }
}

/// Whether it is the disk, which an operator frees or repairs, and no setting.
fn may_pass(error: &std::io::Error) -> bool {
    use ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let kinds = [StorageFull, ReadOnlyFilesystem, QuotaExceeded, FileTooLarge];
    kinds.contains(&error.kind()) || Errno::from_io_error(error) == Some(Errno::IO)
}

/// Written over what is there, which needs no room on a full disk.
fn sign(file: &mut File) -> std::io::Result<()> {
    let name = format!("{PROCESS}{}\n", std::process::id());
    file.rewind()?;
    file.write_all(name.as_bytes())?;
    file.set_len(name.len() as u64)
}
