//! Asks entries what they are themselves: a list may give one's id to another, and only the entry itself is what is
//! changed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::apply::{Applier, LOST_IN_A_ROW};
use super::failures::Attempt;
use super::identity::{Identities, Moves, Question};
use super::network::{Network, PassError};
use super::proof::{NONE_OF_OURS, listing_suspicion};
use super::retry;
use crate::domain::Domain;
use crate::ledger::Known;
use crate::runcloud::{Actual, ApiError, Class, Kind, OwnWord};
use crate::wordpress::Desired;

/// How many entries are asked in one pass; the others stay in doubt until the next.
const MOST_ASKED: usize = 100;
/// How long a pass goes on asking.
const LONGEST: Duration = Duration::from_mins(1);

/// What came of asking.
#[derive(Default)]
pub(super) struct Answers {
    /// What entries say of owned names, as far as they confirm the list.
    pub(super) moves: Moves,
    /// Names of which this list says nothing: their entry is there although it is not listed, or could not be asked.
    pub(super) unsure: BTreeSet<Domain>,
}

impl Network {
    /// Asks the entries about which this list and the ledger disagree. The first that says otherwise than the list
    /// shows that it is not to be believed. Where RunCloud does not tell, they stay in doubt.
    ///
    /// # Errors
    /// [`PassError::Stopped`].
    pub(super) async fn inquire(
        &self,
        known: &Known,
        desired: &Desired,
        actual: &mut Actual,
    ) -> Result<Answers, PassError> {
        if listing_suspicion(actual, known).is_some_and(|why| why != NONE_OF_OURS) {
            return Ok(Answers::default());
        }
        let mut questions = Identities::new(known, actual).questions(desired).into_iter();
        let (mut confirmed, mut answers) = (BTreeMap::new(), Answers::default());
        let (began, mut lost) = (Instant::now(), 0);
        for question in questions.by_ref().take(MOST_ASKED) {
            let (name, id) = question.subject();
            // The new entry says it is the one; whatever RunCloud keeps of the old one does not matter.
            if confirmed.values().any(|confirmed| confirmed == name) {
                continue;
            }
            let own = match self.reader.entry(id).await {
                Ok(own) => own.as_ref().and_then(own_name),
                Err(ApiError::NotFound(_)) => None,
                Err(error @ ApiError::Stopped) => return Err(error.into()),
                Err(error) => {
                    tracing::debug!("{name}: entry {id} cannot be read: {error}");
                    answers.unsure.insert(name.clone());
                    lost += u32::from(error.class() == Class::Transient);
                    // What every call would meet the next one does.
                    if error.is_about_everything() || lost >= LOST_IN_A_ROW {
                        break;
                    }
                    continue;
                }
            };
            if let Some(contradiction) = own.as_ref().and_then(|own| question.contradiction(own)) {
                actual.contradict(contradiction);
                break;
            }
            match (own, question) {
                (Some(_), Question::Listed(name, id)) => drop(confirmed.insert(id, name)),
                (Some(own), Question::Absent(name, _)) if own == name => {
                    answers.unsure.insert(name);
                }
                (None, Question::Listed(..)) | (_, Question::Before(..) | Question::Absent(..)) => {
                }
            }
            if began.elapsed() > LONGEST {
                break;
            }
        }
        answers.unsure.extend(questions.map(|question| question.subject().0.clone()));
        Ok(Answers { moves: moves(&confirmed, known), ..answers })
    }
}

/// What the entries that were asked say of owned names: an id is one name's only.
fn moves(confirmed: &BTreeMap<u64, Domain>, known: &Known) -> Moves {
    let others = known.owned.iter().filter(|(name, owned)| {
        let has_it = owned.id.and_then(|id| confirmed.get(&id));
        has_it.is_some_and(|holder| holder != *name)
    });
    let mut moves: Moves = others.map(|(name, _)| (name.clone(), None)).collect();
    let owned = confirmed.iter().filter(|(_, name)| known.owned.contains_key(*name));
    moves.extend(owned.map(|(id, name)| (name.clone(), Some(*id))));
    moves
}

/// What an entry says that is about to be changed.
pub(super) enum Asked {
    /// It is the one: this is how it is.
    Shown(OwnWord),
    /// It does not say, or is gone; the list decides.
    Silent,
    /// It is another one, or cannot be read: the change is tried again later.
    Refused,
}

impl Applier<'_> {
    /// Asks the entry with this id whether it has the name and may be changed.
    pub(super) async fn ask(
        &mut self,
        attempt: &Attempt<'_>,
        id: u64,
        lost: &mut u32,
    ) -> Result<Asked, PassError> {
        let what = match self.network.reader.entry(id).await {
            Ok(Some(own)) if own_name(&own).as_ref() != Some(attempt.domain) => {
                let name = own.name.escape_debug();
                format!("RunCloud's entry {id} has the name {name}, and is not changed for it")
            }
            Ok(Some(OwnWord { kind: Kind::Primary, .. })) => {
                format!("RunCloud's entry {id} is the primary domain, and is not changed")
            }
            Ok(Some(OwnWord { kind: Kind::Redirect, .. })) => {
                format!("RunCloud's entry {id} is a redirect, and is not changed")
            }
            Ok(Some(own)) => return Ok(Asked::Shown(own)),
            // Where it is gone, the change itself and a listing tell.
            Ok(None) | Err(ApiError::NotFound(_)) => return Ok(Asked::Silent),
            Err(error) if error.is_about_everything() || *lost >= LOST_IN_A_ROW => {
                return Err(error.into());
            }
            Err(error) => {
                *lost += u32::from(error.class() == Class::Transient);
                format!("its entry cannot be read: {error}")
            }
        };
        self.fail(Attempt { ..*attempt }, retry::Kind::Passing, &what).await?;
        Ok(Asked::Refused)
    }
}

/// The name that an entry has; none where that is no host name.
fn own_name(own: &OwnWord) -> Option<Domain> {
    let base = own.name.strip_prefix("*.").unwrap_or(&own.name);
    Domain::parse(base).ok()
}
