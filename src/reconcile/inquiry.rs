//! Asks entries what they are themselves: a list may give one's id to another, and only the entry itself is what is
//! changed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::apply::{Applier, LOST_IN_A_ROW};
use super::failures::Attempt;
use super::identity::{Identities, Moves, Question};
use super::network::{Network, PassError};
use super::proof::{Suspicion, listing_suspicion};
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
    /// shows that it is not to be believed. Those that could not be asked stay in doubt.
    ///
    /// # Errors
    /// [`PassError::Stopped`], and where the credentials are refused.
    pub(super) async fn inquire(
        &self,
        known: &Known,
        desired: &Desired,
        actual: &mut Actual,
    ) -> Result<Answers, PassError> {
        if listing_suspicion(actual, known).is_some_and(|why| why != Suspicion::NoneOfOurs) {
            return Ok(Answers::default());
        }
        let mut questions = Identities::new(known, actual).questions(desired).into_iter();
        let (mut heard, mut asked, began) = (Heard::default(), 0, Instant::now());
        for question in questions.by_ref() {
            if heard.confirms(&question) {
                continue;
            }
            asked += 1;
            let answer = match self.reader.entry(question.subject().1).await {
                Err(error @ (ApiError::Stopped | ApiError::Unauthorized(_))) => {
                    return Err(error.into());
                }
                answer => answer,
            };
            let goes_on = heard.take_in(question, answer);
            if goes_on.is_break() || asked == MOST_ASKED || began.elapsed() > LONGEST {
                break;
            }
        }
        let open = questions.filter(|question| !heard.confirms(question));
        let open: Vec<Domain> = open.map(|question| question.subject().0.clone()).collect();
        let Heard { confirmed, mut unsure, contradiction, .. } = heard;
        if let Some(contradiction) = contradiction {
            actual.contradict(contradiction);
        }
        unsure.extend(open);
        Ok(Answers { moves: moves(&confirmed, known), unsure })
    }
}

/// What entries answered until now.
#[derive(Default)]
struct Heard {
    /// Ids whose entry has the name under which it is listed.
    confirmed: BTreeMap<u64, Domain>,
    unsure: BTreeSet<Domain>,
    contradiction: Option<String>,
    /// How many could not be asked.
    lost: u32,
}

impl Heard {
    /// Whether the entry that is listed under this name says that it is the one; whatever RunCloud keeps of the
    /// one before does not matter then.
    fn confirms(&self, question: &Question) -> bool {
        self.confirmed.values().any(|name| name == question.subject().0)
    }

    /// Takes in an entry's answer, and tells whether it is worth asking the next.
    fn take_in(
        &mut self,
        question: Question,
        answer: Result<Option<OwnWord>, ApiError>,
    ) -> ControlFlow<()> {
        let own = match answer {
            Ok(Some(own)) => Domain::parse(&own.name),
            Ok(None) | Err(ApiError::NotFound(_)) => return ControlFlow::Continue(()),
            Err(error) => return self.miss(&question, &error),
        };
        self.contradiction = own.as_ref().ok().and_then(|own| question.contradiction(own));
        if self.contradiction.is_some() {
            return ControlFlow::Break(());
        }
        match (own, question) {
            (Ok(_), Question::Listed(name, id)) => drop(self.confirmed.insert(id, name)),
            (Ok(own), Question::Absent(name, _)) if own == name => drop(self.unsure.insert(name)),
            (Ok(_), Question::Before(..) | Question::Absent(..)) => {}
            // Such as a wildcard, which is no managed name's entry, whatever the list says.
            (Err(_), question) => drop(self.unsure.insert(question.subject().0.clone())),
        }
        ControlFlow::Continue(())
    }

    /// An entry that could not be asked stays in doubt. What every call would meet the next one does, too.
    fn miss(&mut self, question: &Question, error: &ApiError) -> ControlFlow<()> {
        let (name, id) = question.subject();
        tracing::debug!("{name}: entry {id} cannot be read: {error}");
        self.unsure.insert(name.clone());
        self.lost += u32::from(error.class() == Class::Transient);
        if error.is_about_everything() || self.lost >= LOST_IN_A_ROW {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
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
            Ok(Some(own)) if Domain::parse(&own.name).ok().as_ref() != Some(attempt.domain) => {
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
