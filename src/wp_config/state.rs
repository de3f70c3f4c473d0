//! What the reading has found so far, and how certain it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::value::{CONDITION, Datum};

/// Whether the statement at hand is executed. Later ones are the less certain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    Certain,
    /// It depends on a condition that is not known.
    Perhaps,
    /// It is in a loop: even a condition that fails now may hold in the next round.
    Repeated,
    Never,
}

impl Mode {
    /// The mode of what is executed only if `condition` holds.
    pub(super) fn given(self, condition: Option<bool>) -> Self {
        match condition {
            Some(true) => self,
            Some(false) if self == Self::Repeated => self,
            Some(false) => Self::Never,
            None => self.max(Self::Perhaps),
        }
    }
}

/// A file and a 1-based line in it.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) file: Arc<Path>,
    pub(super) line: u32,
}

/// One assignment that may be the one that counts.
#[derive(Clone)]
pub(super) enum Definition {
    Sure { datum: Datum, place: Place },
    Perhaps { place: Place },
}

impl Definition {
    pub(super) fn place(&self) -> &Place {
        match self {
            Self::Sure { place, .. } | Self::Perhaps { place } => place,
        }
    }

    pub(super) fn datum(&self) -> Datum {
        match self {
            Self::Sure { datum, .. } => datum.clone(),
            Self::Perhaps { .. } => Datum::unknown(CONDITION),
        }
    }

    fn new(mode: Mode, datum: Datum, place: Place) -> Self {
        match mode {
            Mode::Certain => Self::Sure { datum, place },
            _ => Self::Perhaps { place },
        }
    }
}

/// Everything found so far.
#[derive(Default)]
pub(super) struct State {
    /// The first definition of each constant: PHP ignores later ones.
    pub(super) constants: BTreeMap<String, Definition>,
    /// The last assignment of each variable.
    variables: BTreeMap<String, Definition>,
    /// What waits for Bedrock's `Config::apply()`; until then the last one wins.
    configured: BTreeMap<String, Definition>,
    /// Something that may have defined anything, since the place it stands at.
    veil: Option<Definition>,
    /// Environment variables that the files set themselves.
    own_environment: BTreeSet<String>,
    /// Functions and classes, in lower case, that define constants when they are used.
    defining: BTreeSet<String>,
}

impl State {
    pub(super) fn define(&mut self, name: String, datum: Datum, place: Place, mode: Mode) {
        if mode == Mode::Never || self.constants.contains_key(&name) {
            return;
        }
        let definition = match &self.veil {
            // Defined at the latest here, but perhaps already behind the veil.
            Some(veil) if mode == Mode::Certain => veil.clone(),
            Some(_) => return,
            None => Definition::new(mode, datum, place),
        };
        self.constants.insert(name, definition);
    }

    /// Bedrock's `Config::define`.
    pub(super) fn configure(&mut self, name: String, datum: Datum, place: Place, mode: Mode) {
        if mode != Mode::Never {
            self.configured.insert(name, Definition::new(mode, datum, place));
        }
    }

    /// Bedrock's `Config::apply`.
    pub(super) fn apply_configured(&mut self) {
        for (name, definition) in std::mem::take(&mut self.configured) {
            self.constants.entry(name).or_insert(definition);
        }
    }

    pub(super) fn assign(&mut self, name: &str, datum: Datum, place: Place, mode: Mode) {
        if mode != Mode::Never {
            self.variables.insert(name.to_owned(), Definition::new(mode, datum, place));
        }
    }

    /// From here on anything may be defined; `why` is a verb phrase.
    pub(super) fn veil(&mut self, why: String, place: Place, mode: Mode) {
        if mode == Mode::Never {
            return;
        }
        let veil = Definition::Sure { datum: Datum::Unknown(why), place };
        // Where the last one wins, nothing found so far is certain any more.
        self.configured.clear();
        self.variables.clear();
        self.veil.get_or_insert(veil);
    }

    /// The definition of a constant; a veil stands for those not found.
    pub(super) fn constant(&self, name: &str) -> Option<&Definition> {
        self.constants.get(name).or(self.veil.as_ref())
    }

    /// What `Config::get` finds.
    pub(super) fn configured(&self, name: &str) -> Option<&Definition> {
        self.configured.get(name).or(self.veil.as_ref())
    }

    pub(super) fn variable(&self, name: &str) -> Option<&Definition> {
        self.variables.get(name).or(self.veil.as_ref())
    }

    /// PHP's `defined`. A constant from outside these files counts as not defined.
    pub(super) fn is_defined(&self, name: &str) -> Option<bool> {
        match self.constants.get(name) {
            Some(Definition::Sure { .. }) => Some(true),
            Some(Definition::Perhaps { .. }) => None,
            None if self.veil.is_some() => None,
            None => Some(false),
        }
    }

    pub(super) fn sets_environment(&mut self, variable: &str, mode: Mode) {
        if mode != Mode::Never {
            self.own_environment.insert(variable.to_owned());
        }
    }

    pub(super) fn has_own_environment(&self, variable: &str) -> bool {
        self.own_environment.contains(variable)
    }

    pub(super) fn declare_defining(&mut self, name: &str) {
        self.defining.insert(name.to_ascii_lowercase());
    }

    pub(super) fn is_defining(&self, name: &str) -> bool {
        self.defining.contains(&name.to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { file: Path::new("wp-config.php").into(), line: 1 }
    }

    fn text(text: &str) -> Datum {
        Datum::Text(text.to_owned())
    }

    #[test]
    fn the_first_definition_of_a_constant_wins_and_the_last_of_a_variable() {
        let mut state = State::default();
        for value in ["first", "last"] {
            state.define("X".to_owned(), text(value), place(), Mode::Certain);
            state.assign("x", text(value), place(), Mode::Certain);
        }
        assert!(state.constant("X").is_some_and(|found| found.datum() == text("first")));
        assert!(state.variable("x").is_some_and(|found| found.datum() == text("last")));
    }

    #[test]
    fn a_veil_hides_what_was_not_defined_before_it() {
        let mut state = State::default();
        state.define("X".to_owned(), text("known"), place(), Mode::Certain);
        state.veil("may be set elsewhere".to_owned(), place(), Mode::Perhaps);
        state.define("Y".to_owned(), text("late"), place(), Mode::Certain);
        assert!(state.constant("X").is_some_and(|found| found.datum() == text("known")));
        assert!(state.constant("Y").is_some_and(|found| found.datum().settle().is_err()));
        assert!(state.variable("x").is_some_and(|found| found.datum().settle().is_err()));
        assert_eq!(state.is_defined("Z"), None);
    }

    #[test]
    fn nothing_in_a_loop_is_never_executed() {
        assert!(Mode::Repeated.given(Some(false)) == Mode::Repeated);
        assert!(Mode::Perhaps.given(Some(false)) == Mode::Never);
    }
}
