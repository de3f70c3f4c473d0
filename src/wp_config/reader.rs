//! One reading: the entry file, the files it includes, and the environment it asks for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Sources;
use super::dotenv::{self, Variables};
use super::lexer::lex;
use super::paths;
use super::state::{Mode, Place, State};
use super::walk::{Position, Walk};

/// Why the walk does not go on.
pub(super) enum Halt {
    /// A file is missing from the sources.
    Needs(PathBuf),
    /// WordPress takes over, or the script ends.
    Stop,
    /// The file at hand ends.
    Return,
}

pub(super) type Flow<T> = Result<T, Halt>;

/// An environment variable as the files see it.
pub(super) enum Variable {
    Set(String),
    Unset,
    /// A verb phrase says why it is unknown.
    Unknown(String),
}

/// How often a file may be included again.
#[derive(Clone, Copy)]
pub(super) enum Inclusion {
    Once,
    Always,
}

/// How many files are asked for.
const MOST_FILES: usize = 20;
/// How many inclusions are followed, so that files including each other come to an end.
const MOST_INCLUSIONS: usize = 64;

pub(super) struct Reader<'s> {
    sources: &'s Sources,
    pub(super) state: State,
    dotenv: Option<Variables>,
    included: BTreeSet<PathBuf>,
    inclusions: usize,
}

impl<'s> Reader<'s> {
    pub(super) fn new(sources: &'s Sources) -> Self {
        let included = BTreeSet::from([sources.entry.clone()]);
        Self { sources, state: State::default(), dotenv: None, included, inclusions: 0 }
    }

    /// Everything found, or the file that is needed first.
    pub(super) fn read_entry(mut self) -> Result<State, PathBuf> {
        let entry = self.sources.entry.as_path();
        match self.read_file(entry, start_of(entry), Position::default()) {
            Err(Halt::Needs(path)) => return Err(path),
            Ok(()) | Err(Halt::Stop | Halt::Return) => {}
        }
        self.state.apply_configured();
        Ok(self.state)
    }

    /// Follows an inclusion of a known path at `place`.
    pub(super) fn include(
        &mut self,
        path: &Path,
        inclusion: Inclusion,
        place: Place,
        position: Position,
    ) -> Flow<()> {
        let again = !self.included.insert(path.to_owned());
        if again && matches!(inclusion, Inclusion::Once) {
            return Ok(());
        }
        self.inclusions += 1;
        if self.inclusions > MOST_INCLUSIONS {
            let why = "may be set in one of too many included files";
            self.state.veil(why.to_owned(), place, position.mode);
            return Ok(());
        }
        self.read_file(path, place, position)
    }

    /// The text of a file; `None` when it does not exist or cannot be read.
    pub(super) fn file(&mut self, path: &Path) -> Flow<Option<&'s str>> {
        match self.sources.files.get(path) {
            Some(text) => Ok(text.as_deref()),
            None if self.sources.files.len() < MOST_FILES => Err(Halt::Needs(path.to_owned())),
            None => {
                let why = format!("may be set in or after {}, one file too many", path.display());
                self.state.veil(why, start_of(&self.sources.entry), Mode::Certain);
                Err(Halt::Stop)
            }
        }
    }

    /// An environment variable: of the environment, else of the `.env` file.
    pub(super) fn variable(&mut self, name: &str) -> Flow<Variable> {
        if self.state.has_own_environment(name) {
            let why = format!("depends on the environment variable {name}, which PHP code sets");
            return Ok(Variable::Unknown(why));
        }
        if let Some(value) = self.sources.environment.get(name) {
            return Ok(Variable::Set(value.clone()));
        }
        if self.dotenv.is_none() {
            self.dotenv = Some(self.read_dotenv()?);
        }
        Ok(match self.dotenv.as_ref().and_then(|variables| variables.get(name)) {
            Some(Some(value)) => Variable::Set(value.clone()),
            Some(None) => Variable::Unknown(format!(
                "depends on {name} in .env, which is not in a form that phpdotenv reads"
            )),
            None => Variable::Unset,
        })
    }

    fn read_file(&mut self, path: &Path, place: Place, position: Position) -> Flow<()> {
        let Some(text) = self.file(path)? else {
            let why = format!("may be set in {}, which cannot be read", path.display());
            self.state.veil(why, place, position.mode);
            return Ok(());
        };
        let tokens = lex(text);
        let file: Arc<Path> = path.into();
        match Walk::new(self, &tokens, file, position).read() {
            Err(Halt::Return) => Ok(()),
            other => other,
        }
    }

    /// The nearest `.env`, and the `.env.local` beside it, whose values come first.
    fn read_dotenv(&mut self) -> Flow<Variables> {
        let mut variables = Variables::new();
        for directory in self.sources.entry.ancestors().skip(1).take(3) {
            let Some(text) = self.file(&paths::resolve(".env", directory))? else {
                continue;
            };
            let local = self.file(&paths::resolve(".env.local", directory))?;
            for text in [Some(text), local].into_iter().flatten() {
                dotenv::read(text, &self.sources.environment, &mut variables);
            }
            break;
        }
        Ok(variables)
    }
}

fn start_of(file: &Path) -> Place {
    Place { file: file.into(), line: 1 }
}

impl Default for Position {
    fn default() -> Self {
        Self { mode: Mode::Certain, depth: 0, branches: 0 }
    }
}
