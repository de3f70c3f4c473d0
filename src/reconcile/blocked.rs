//! Removals that a guard blocked, as one. Pure.

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::show::digest;
use crate::domain::Domain;

/// Removals that wait for an operator's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// What stops them.
    pub guard: Guard,
    /// How many removals 24 hours allow.
    pub limit: usize,
    /// How many names are managed.
    pub managed: usize,
    /// How many were removed in the last 24 hours.
    pub spent: usize,
    /// The names, and why each would go.
    pub names: BTreeMap<Domain, String>,
    /// Why the tables are not believed, where that is what stops them.
    pub suspicion: Option<String>,
}

/// What stops removals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// More than 24 hours allow.
    Budget,
    /// Every managed name would go.
    Everything,
    /// The tables look like an accident.
    Unproven,
}

impl Blocked {
    /// Stands for exactly these names: what `approve` is given.
    pub fn hash(&self) -> String {
        digest(self.names.keys().map(|name| format!("remove {name}")))
    }

    /// The numbers, and how to look and to let it through with `command`, which is this program with its
    /// settings.
    pub fn message(&self, command: &str) -> String {
        format!(
            "{self}. Look: {command} plan. Let it through once: {command} approve {}",
            self.hash()
        )
    }
}

/// `blocked` in the JSON of the contract.
impl Serialize for Blocked {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut json = to.serialize_struct("Blocked", 5)?;
        json.serialize_field("guard", &self.guard)?;
        json.serialize_field("planned", &self.names.len())?;
        json.serialize_field("limit", &self.limit)?;
        json.serialize_field("names", &self.names.keys().collect::<Vec<_>>())?;
        json.serialize_field("hash", &self.hash())?;
        json.end()
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { managed, spent, limit, names, .. } = self;
        write!(f, "{} of {managed} managed names would be removed", names.len())?;
        match self.guard {
            Guard::Budget if *spent > 0 => {
                write!(f, ", {spent} were in the last 24 h; the limit is {limit} in 24 h")
            }
            Guard::Budget => write!(f, "; the limit is {limit} in 24 h"),
            Guard::Everything => f.write_str(", and none would be left"),
            Guard::Unproven => {
                write!(f, ", but {}", self.suspicion.as_deref().unwrap_or("the reads are suspect"))
            }
        }
    }
}
