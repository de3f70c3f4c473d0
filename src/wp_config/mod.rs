//! Reads WordPress's `wp-config.php`, and what it includes, without running PHP.
//!
//! Here lives everything that knows PHP's syntax, Bedrock's and Docker's conventions, `.env` files
//! and `DB_HOST`. A file is lexed, then walked once, statement by statement; an expression is
//! evaluated only as far as its value follows from the text and the environment.
//!
//! Invariants: no I/O – the caller reads the files that [`parse`] asks for; nothing is executed;
//! never a guess – what PHP might see differently is [`Undetermined`], with the reason; no value
//! appears in a message.

mod branches;
mod calls;
mod db_host;
mod dotenv;
mod expression;
mod inclusion;
mod lexer;
mod names;
mod operands;
mod paths;
mod reader;
mod state;
mod statements;
mod strings;
mod value;
mod walk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use db_host::{DbHost, DbHostError, parse_db_host};
pub use value::Value;

use reader::Reader;
use state::{Definition, State};

/// What the reading may know.
pub struct Sources {
    /// The `wp-config.php`; absolute and without symbolic links, as PHP's `__DIR__` is.
    pub entry: PathBuf,
    /// The files read so far; `None` for one that does not exist or cannot be read.
    pub files: BTreeMap<PathBuf, Option<String>>,
    /// The environment variables that PHP sees.
    pub environment: BTreeMap<String, String>,
}

/// The outcome of [`parse`].
pub enum Parsed {
    /// Another file is needed: add it, or `None`, to the sources and parse again.
    Needs(PathBuf),
    /// Nothing more is needed.
    Complete(WpConfig),
}

/// Reads the entry file as far as the sources go. At most 20 files are asked for, each once.
pub fn parse(sources: &Sources) -> Parsed {
    match Reader::new(sources).read_entry() {
        Ok(state) => Parsed::Complete(WpConfig { state }),
        Err(needed) => Parsed::Needs(needed),
    }
}

/// The constants and the table prefix that a `wp-config.php` sets.
pub struct WpConfig {
    state: State,
}

impl WpConfig {
    /// The value of a constant; `Ok(None)` when it is defined nowhere.
    pub fn constant(&self, name: &str) -> Result<Option<Value>, Undetermined> {
        settle(name, self.state.constant(name))
    }

    /// The value of `$table_prefix`; `Ok(None)` when it is never assigned.
    pub fn table_prefix(&self) -> Result<Option<String>, Undetermined> {
        let prefix = settle(TABLE_PREFIX, self.definition(TABLE_PREFIX))?;
        Ok(prefix.map(Value::into_text))
    }

    /// The file and the 1-based line that set a constant, or `$table_prefix`.
    pub fn line_of(&self, name: &str) -> Option<(&Path, u32)> {
        let place = self.definition(name)?.place();
        Some((&place.file, place.line))
    }

    fn definition(&self, name: &str) -> Option<&Definition> {
        match name.strip_prefix('$') {
            Some(variable) => self.state.variable(variable),
            None => self.state.constant(name),
        }
    }
}

/// Something is set, but its value cannot be known without running PHP.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {why} ({} line {line})", file.display())]
pub struct Undetermined {
    /// The constant, or `$table_prefix`.
    pub name: String,
    /// The file that sets it, or may set it.
    pub file: PathBuf,
    /// The 1-based line in that file.
    pub line: u32,
    /// A verb phrase such as "depends on a condition".
    pub why: String,
}

const TABLE_PREFIX: &str = "$table_prefix";

fn settle(name: &str, found: Option<&Definition>) -> Result<Option<Value>, Undetermined> {
    let Some(definition) = found else {
        return Ok(None);
    };
    let undetermined = |why| Undetermined {
        name: name.to_owned(),
        file: definition.place().file.to_path_buf(),
        line: definition.place().line,
        why,
    };
    definition.datum().settle().map(Some).map_err(undetermined)
}
