//! The walk over the tokens of one file: where it is and how certain it is to be executed.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::lexer::{Kind, Token};
use super::reader::{Flow, Reader};
use super::state::{Mode, Place};
use super::value::Datum;

/// How the walk came to a file or statement.
#[derive(Clone, Copy)]
pub(super) struct Position {
    pub(super) mode: Mode,
    /// Statements, expressions and files around this one.
    pub(super) depth: usize,
    /// Conditions around this one, even those that hold.
    pub(super) branches: usize,
}

/// Deeper nesting is not followed, so that no file can exhaust the stack.
const DEEPEST: usize = 100;

pub(super) struct Walk<'r, 's> {
    pub(super) reader: &'r mut Reader<'s>,
    pub(super) tokens: &'r [Token],
    pub(super) at: usize,
    pub(super) file: Arc<Path>,
    pub(super) namespace: String,
    pub(super) position: Position,
    /// The best mode that is left: after a return under a condition nothing is certain.
    floor: Mode,
}

impl<'r, 's> Walk<'r, 's> {
    pub(super) fn new(
        reader: &'r mut Reader<'s>,
        tokens: &'r [Token],
        file: Arc<Path>,
        position: Position,
    ) -> Self {
        let (namespace, floor) = (String::new(), Mode::Certain);
        Self { reader, tokens, at: 0, file, namespace, position, floor }
    }

    /// Walks the whole file.
    pub(super) fn read(mut self) -> Flow<()> {
        while self.at < self.tokens.len() {
            self.statement()?;
        }
        Ok(())
    }

    pub(super) fn mode(&self) -> Mode {
        self.position.mode
    }

    /// Walks something that is executed in another mode.
    pub(super) fn under<T>(
        &mut self,
        mode: Mode,
        walk: impl FnOnce(&mut Self) -> Flow<T>,
    ) -> Flow<T> {
        let outer = self.position;
        self.position = Position { mode, branches: outer.branches + 1, ..outer };
        let result = walk(self);
        self.position = Position { mode: outer.mode.max(self.floor), ..outer };
        result
    }

    /// Walks something one level deeper; `None` when that is too deep.
    pub(super) fn deeper<T>(&mut self, walk: impl FnOnce(&mut Self) -> Flow<T>) -> Flow<Option<T>> {
        if self.position.depth >= DEEPEST {
            return Ok(None);
        }
        self.position.depth += 1;
        let result = walk(self);
        self.position.depth -= 1;
        result.map(Some)
    }

    /// The rest of the file may not be reached.
    pub(super) fn doubt(&mut self) {
        if self.mode() != Mode::Never {
            self.floor = self.floor.max(Mode::Perhaps);
            self.position.mode = self.mode().max(self.floor);
        }
    }

    pub(super) fn kind(&self) -> Option<&'r Kind> {
        self.kind_after(0)
    }

    pub(super) fn kind_after(&self, ahead: usize) -> Option<&'r Kind> {
        self.tokens.get(self.at + ahead).map(|token| &token.kind)
    }

    pub(super) fn is_sign(&self, ahead: usize, sign: &str) -> bool {
        matches!(self.kind_after(ahead), Some(Kind::Sign(found)) if *found == sign)
    }

    pub(super) fn take(&mut self, sign: &str) -> bool {
        let found = self.is_sign(0, sign);
        self.at += usize::from(found);
        found
    }

    /// The keyword or name at hand, in lower case.
    pub(super) fn word(&self, ahead: usize) -> Option<String> {
        match self.kind_after(ahead) {
            Some(Kind::Name(name)) => Some(name.to_ascii_lowercase()),
            _ => None,
        }
    }

    pub(super) fn place(&self) -> Place {
        let token = self.tokens.get(self.at).or(self.tokens.last());
        Place { file: Arc::clone(&self.file), line: token.map_or(1, |token| token.line) }
    }

    pub(super) fn assign(&mut self, name: &str, datum: Datum) {
        let (place, mode) = (self.place(), self.mode());
        self.reader.state.assign(name, datum, place, mode);
    }

    /// From here on anything may be set; `why` is a verb phrase.
    pub(super) fn veil(&mut self, why: impl Into<String>) {
        let (place, mode) = (self.place(), self.mode());
        self.reader.state.veil(why.into(), place, mode);
    }

    /// What is not understood may hide anything, even where it seems not to be executed.
    pub(super) fn not_understood(&mut self) -> Datum {
        let why = "may be set in or after code that cannot be read";
        let place = self.place();
        self.reader.state.veil(why.to_owned(), place, Mode::Certain);
        Datum::unknown("is not understood")
    }

    /// Skips from an opening bracket to behind its closing one, and says what was skipped.
    pub(super) fn skip_brackets(&mut self) -> Range<usize> {
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(kind) = self.kind() {
            self.at += 1;
            match kind {
                Kind::Sign("(" | "[" | "{" | "#[") => depth += 1,
                Kind::Sign(")" | "]" | "}") => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        start..self.at
    }

    /// Skips a function or class from behind its keyword, and says where its body is.
    pub(super) fn skip_to_body(&mut self) -> Range<usize> {
        loop {
            match self.kind() {
                Some(Kind::Sign("{")) => return self.skip_brackets(),
                Some(Kind::Sign("(" | "[" | "#[")) => {
                    self.skip_brackets();
                }
                Some(Kind::Sign(";" | ")" | "}")) | None => return self.at..self.at,
                Some(_) => self.at += 1,
            }
        }
    }

    /// Whether these tokens, once executed, may define a constant or assign a global variable.
    pub(super) fn may_define(&self, range: Range<usize>) -> bool {
        self.tokens[range].iter().any(|token| match &token.kind {
            Kind::Name(name) => {
                let name = name.trim_start_matches('\\').to_ascii_lowercase();
                DEFINING.split(' ').any(|word| word == name) || self.reader.state.is_defining(&name)
            }
            Kind::Variable(name) => name == "GLOBALS",
            _ => false,
        })
    }
}

const DEFINING: &str = "define eval global include include_once require require_once putenv";
