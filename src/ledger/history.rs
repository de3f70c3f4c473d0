//! What was changed, tried or said: one line per name, written in the transaction that it tells of.

use std::fmt;

use sqlx::SqliteConnection;

use super::known::{Cause, IntentAction};
use crate::clock::Timestamp;
use crate::domain::Domain;

/// How many events are remembered.
const EVENTS: i64 = 10_000;
/// RunCloud's answer to a call that it took.
pub const ACCEPTED: &str = "accepted";

/// Something that was changed, tried or said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number, in the order of time; never given again.
    pub id: i64,
    /// When it happened first: a failure that repeats itself word for word is one event.
    pub first: Timestamp,
    /// When it happened last.
    pub at: Timestamp,
    /// How often it happened.
    pub times: u32,
    /// In which pass; none where an operator said it.
    pub pass: Option<i64>,
    /// What was done.
    pub action: Action,
    /// What came of it.
    pub outcome: Outcome,
    /// The name; none where it is about no single one.
    pub domain: Option<Domain>,
    /// Why; none where an operator gave no rule.
    pub why: Option<Why>,
    /// The `www` flag that was set.
    pub www: Option<bool>,
    /// RunCloud's answer, or what an operator said.
    pub detail: String,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A name was added to RunCloud.
    Add,
    /// Its `www` flag was changed there.
    Update,
    /// It was removed from there.
    Remove,
    /// It was found in both places, or an operator said so: from now on it may be removed.
    Adopt,
    /// It was gone from both places, and is no longer remembered.
    Forget,
    /// Its certificate was ordered.
    Order,
    /// A certificate was seen to cover it.
    Cover,
    /// An operator let blocked removals through.
    Approve,
    /// An operator stopped all writing.
    Pause,
    /// An operator, or the end of its time, ended a pause.
    Resume,
    /// An operator asked for another try at once.
    Retry,
    /// An operator asked for a removed name to be added again.
    Undo,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It took effect.
    Done,
    /// It did not, for the reason in the detail.
    Failed,
    /// The answer was lost, and a later listing did not show it.
    NoEffect,
}

/// By which rule a name is changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A row or a site wants it so.
    #[default]
    Wanted,
    /// A row or a site wants it, and somebody else took it away.
    Repair,
    /// The row, or the site's name, that wanted it is gone.
    RowGone,
    /// Its row is there, its site is not.
    SiteGone,
    /// The row, or the address in DNS, that wanted its `www` is gone.
    WwwGone,
    /// `removal = "mirror"`, and nothing ever wanted it.
    Mirror,
    /// An operator asked for it.
    Operator,
}

/// Why a name is changed: the rule, and the row or site it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Why {
    /// The rule.
    pub rule: Rule,
    /// The row or site.
    pub cause: Cause,
}

/// An event about to be written.
pub(super) struct Line<'a> {
    pub(super) at: Timestamp,
    pub(super) pass: Option<i64>,
    pub(super) action: Action,
    pub(super) outcome: Outcome,
    pub(super) domain: Option<&'a Domain>,
    pub(super) why: Option<Why>,
    pub(super) www: Option<bool>,
    pub(super) detail: &'a str,
}

impl<'a> Line<'a> {
    /// What was done, by an operator where no pass is given.
    pub(super) fn done(
        action: Action,
        domain: Option<&'a Domain>,
        detail: &'a str,
        at: Timestamp,
    ) -> Self {
        let outcome = Outcome::Done;
        Self { at, pass: None, action, outcome, domain, why: None, www: None, detail }
    }

    /// Writes it down.
    pub(super) async fn write(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        self.write_as(connection, self.at, 1).await
    }

    /// Writes it down in place of the name's last event where that says the same: failures repeat
    /// themselves for days, and the bound is for what happened besides.
    pub(super) async fn write_again(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<(), sqlx::Error> {
        let before: Option<(i64, i64, Option<i64>)> = sqlx::query_as(
            "DELETE FROM event WHERE id = (SELECT max(id) FROM event WHERE domain IS ?1) \
             AND action = ?2 AND outcome = ?3 AND detail = ?4 RETURNING first, times, pass",
        )
        .bind(self.domain.map(Domain::as_str))
        .bind(self.action.word())
        .bind(self.outcome.word())
        .bind(self.detail)
        .fetch_optional(&mut *connection)
        .await?;
        match before {
            None => self.write(connection).await,
            Some((first, times, pass)) => {
                // What a pass first says of the one name, it may say again of many names alike.
                let times = if pass == self.pass { times } else { times + 1 };
                self.write_as(connection, Timestamp(first), times).await
            }
        }
    }

    async fn write_as(
        &self,
        connection: &mut SqliteConnection,
        first: Timestamp,
        times: i64,
    ) -> Result<(), sqlx::Error> {
        let cause = self.why.map(|why| why.cause);
        sqlx::query(
            "INSERT INTO event (first, at, times, pass, action, outcome, domain, rule, mapping, site, \
             www, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(first.0)
        .bind(self.at.0)
        .bind(times)
        .bind(self.pass)
        .bind(self.action.word())
        .bind(self.outcome.word())
        .bind(self.domain.map(Domain::as_str))
        .bind(self.why.map(|why| why.rule.word()))
        .bind(cause.and_then(|cause| cause.mapping))
        .bind(cause.map(|cause| cause.site))
        .bind(self.www)
        .bind(self.detail)
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// Forgets the oldest events beyond the bound.
pub(super) async fn forget_oldest(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?")
        .bind(EVENTS)
        .execute(connection)
        .await?;
    Ok(())
}

impl Action {
    const WORDS: [(Self, &str); 12] = [
        (Self::Add, "add"),
        (Self::Update, "update"),
        (Self::Remove, "remove"),
        (Self::Adopt, "adopt"),
        (Self::Forget, "forget"),
        (Self::Order, "order"),
        (Self::Cover, "cover"),
        (Self::Approve, "approve"),
        (Self::Pause, "pause"),
        (Self::Resume, "resume"),
        (Self::Retry, "retry"),
        (Self::Undo, "undo"),
    ];

    /// Its word in the ledger and in JSON.
    pub fn word(self) -> &'static str {
        let known = Self::WORDS.into_iter().find(|(action, _)| *action == self);
        known.map_or("", |(_, word)| word)
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(_, known)| *known == word).map(|(action, _)| action)
    }
}

impl From<IntentAction> for Action {
    fn from(action: IntentAction) -> Self {
        match action {
            IntentAction::Add => Self::Add,
            IntentAction::Update => Self::Update,
            IntentAction::Remove => Self::Remove,
        }
    }
}

impl Outcome {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::NoEffect => "no_effect",
        }
    }

    pub(super) fn from_word(word: &str) -> Self {
        match word {
            "done" => Self::Done,
            "no_effect" => Self::NoEffect,
            _ => Self::Failed,
        }
    }
}

impl Rule {
    const WORDS: [(Self, &str); 7] = [
        (Self::Wanted, "wanted"),
        (Self::Repair, "repair"),
        (Self::RowGone, "row_gone"),
        (Self::SiteGone, "site_gone"),
        (Self::WwwGone, "www_gone"),
        (Self::Mirror, "mirror"),
        (Self::Operator, "operator"),
    ];

    pub(super) fn word(self) -> &'static str {
        let known = Self::WORDS.into_iter().find(|(rule, _)| *rule == self);
        known.map_or("", |(_, word)| word)
    }

    pub(super) fn from_word(word: &str) -> Self {
        let known = Self::WORDS.into_iter().find(|(_, known)| *known == word);
        known.map_or(Self::Wanted, |(rule, _)| rule)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, cause } = self;
        let site = cause.site;
        match (rule, cause.mapping) {
            (Rule::Wanted, _) => write!(f, "{cause}"),
            (Rule::Repair, _) => write!(f, "{cause}; it was gone from RunCloud"),
            (Rule::RowGone, Some(mapping)) => write!(f, "mapping {mapping} is gone"),
            (Rule::RowGone, None) if site == 0 => {
                f.write_str("no row wants it, and an operator adopted it")
            }
            (Rule::RowGone, None) => write!(f, "site {site} no longer has it"),
            (Rule::SiteGone, Some(mapping)) => {
                write!(f, "site {site} of mapping {mapping} is gone")
            }
            (Rule::SiteGone, None) => write!(f, "site {site} is gone"),
            (Rule::WwwGone, _) => f.write_str("nothing wants its www any more"),
            (Rule::Mirror, _) => f.write_str("nothing wants it (removal = \"mirror\")"),
            (Rule::Operator, _) => f.write_str("an operator asked for it"),
        }
    }
}
