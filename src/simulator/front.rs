//! From a request to an answer on the wire, with whatever befalls it on the way.

use std::future::ready;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;
use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::sync::watch;

use super::ask::Ask;
use super::faults::{self, Effect, Reply};
use super::gate;
use super::journal::{Journal, Stage};
use super::listener::Cut;
use super::model::Model;

/// What every connection shares.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) model: Mutex<Model>,
    pub(super) journal: Arc<Journal>,
    /// Says that hanging calls go on.
    pub(super) resumed: watch::Sender<()>,
    pub(super) stopped: watch::Receiver<bool>,
}

/// How an answer leaves.
enum Delivery {
    Whole(Reply),
    Part(Reply, usize),
    Stalled(Reply, usize),
    Nothing,
}

/// Answers one request.
pub(super) async fn serve(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response<Body> {
    let mut ask = Ask::read(request).await;
    // Who sees the call arrive may resume it at once.
    let resumed = shared.resumed.subscribe();
    shared.journal.arrived(&mut ask);
    let effect = shared.befalls(&ask);
    let delivery = shared.perform(&mut ask, effect, resumed.clone()).await;
    if let Delivery::Whole(reply) | Delivery::Part(reply, _) | Delivery::Stalled(reply, _) =
        &delivery
    {
        shared.journal.answered(ask.number, reply.code);
        cut.answers(ask.number);
    }
    match delivery {
        Delivery::Whole(reply) => respond(reply),
        Delivery::Part(reply, length) => {
            cut.within_body(part(&reply, length));
            respond(reply)
        }
        Delivery::Stalled(reply, length) => {
            let length = part(&reply, length);
            stall(reply, length, resumed, shared.stopped.clone())
        }
        Delivery::Nothing => {
            cut.before_answer();
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

/// So many bytes of the reply that it is not whole.
fn part(reply: &Reply, length: usize) -> usize {
    length.min(reply.body.len().saturating_sub(1))
}

impl Shared {
    /// Faults on order come before the random gateway errors.
    fn befalls(&self, ask: &Ask) -> Option<Effect> {
        let mut model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        faults::take(&mut model.faults, ask).or_else(|| model.mishap(ask.number))
    }

    async fn perform(
        &self,
        ask: &mut Ask,
        effect: Option<Effect>,
        resumed: watch::Receiver<()>,
    ) -> Delivery {
        match effect {
            Some(Effect::Status(reply)) => Delivery::Whole(reply),
            Some(Effect::AfterStatus(reply)) => {
                self.answer(ask);
                Delivery::Whole(reply)
            }
            Some(Effect::RateLimited { retry_after }) => Delivery::Whole(too_many(retry_after)),
            Some(Effect::Reset) => Delivery::Nothing,
            Some(Effect::ResetAfter) => {
                self.answer(ask);
                Delivery::Nothing
            }
            Some(Effect::Hang(time)) => self.after(time, resumed, || self.answer(ask)).await,
            Some(Effect::HangAfter(time)) => {
                let reply = self.answer(ask);
                self.after(time, resumed, || reply).await
            }
            Some(Effect::TruncateBody(length)) => Delivery::Part(self.answer(ask), length),
            Some(Effect::StallBody(length)) => Delivery::Stalled(self.answer(ask), length),
            Some(Effect::Body(body)) => Delivery::Whole(Reply::json(200, body)),
            Some(Effect::Edit(edit)) => Delivery::Whole(edited(self.answer(ask), edit)),
            distortion => {
                ask.distortion = distortion;
                Delivery::Whole(self.answer(ask))
            }
        }
    }

    /// Does the call.
    fn answer(&self, ask: &Ask) -> Reply {
        let mut model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        model.settle();
        let mut answer = gate::pass(&mut model, ask);
        answer.reply.headers.extend(model.date_header());
        if answer.changed {
            self.journal.took_effect(ask.number);
        }
        self.journal.reached(ask.number, Stage::Done);
        answer.reply
    }

    /// Gives the reply after that time or once calls are resumed, or none once the simulator has stopped.
    async fn after(
        &self,
        time: Duration,
        mut resumed: watch::Receiver<()>,
        reply: impl FnOnce() -> Reply,
    ) -> Delivery {
        let mut stopped = self.stopped.clone();
        tokio::select! {
            () = tokio::time::sleep(time) => Delivery::Whole(reply()),
            _ = resumed.changed() => Delivery::Whole(reply()),
            _ = stopped.wait_for(|stopped| *stopped) => Delivery::Nothing,
        }
    }
}

/// An answer that is no JSON stays as it is.
fn edited(reply: Reply, edit: fn(&mut Value)) -> Reply {
    let Ok(mut body) = serde_json::from_str(&reply.body) else { return reply };
    edit(&mut body);
    Reply { body: body.to_string(), ..reply }
}

fn too_many(retry_after: Option<String>) -> Reply {
    let mut reply = Reply::status(429);
    reply.headers.extend(retry_after.map(|value| ("Retry-After".to_owned(), value)));
    reply
}

/// A reply that is no valid HTTP, which only a fault can hold, goes out as 500.
fn respond(reply: Reply) -> Response<Body> {
    let mut response =
        Response::builder().status(reply.code).header(header::CONTENT_TYPE, reply.content_type);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let whole = response.body(Body::from(reply.body));
    whole.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// Announces the whole reply and sends that many bytes of it, and the rest once calls are resumed; when the simulator
/// stops, the connection is closed.
fn stall(
    mut reply: Reply,
    length: usize,
    mut resumed: watch::Receiver<()>,
    mut stopped: watch::Receiver<bool>,
) -> Response<Body> {
    let mut begin = std::mem::take(&mut reply.body).into_bytes();
    reply.headers.push((header::CONTENT_LENGTH.to_string(), begin.len().to_string()));
    let rest = begin.split_off(length);
    let end = async move {
        tokio::select! {
            _ = resumed.changed() => Ok(rest),
            _ = stopped.wait_for(|stopped| *stopped) => {
                Err(io::Error::from(io::ErrorKind::ConnectionReset))
            }
        }
    };
    let mut response = respond(reply);
    *response.body_mut() =
        Body::from_stream(stream::once(ready(Ok(begin))).chain(stream::once(end)));
    response
}
