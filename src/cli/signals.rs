use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

use super::exit::{Exit, Failure};
use crate::daemon::Words;
use crate::log::events;
use crate::stop::Stop;

/// Listens for SIGTERM and SIGINT: the first one lets the call in flight end and is recorded, the second
/// ends the process at once; what it was doing is settled by the next pass.
pub(super) fn listen() -> Result<Stop, Failure> {
    let mut terminate = on(SignalKind::terminate())?;
    let mut interrupt = on(SignalKind::interrupt())?;
    let stop = Stop::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        let name = either(&mut terminate, &mut interrupt).await;
        tracing::info!(
            message_id = events::STOPPING,
            "{name}: stopping after the call in flight; once more stops at once"
        );
        asked.request();
        either(&mut terminate, &mut interrupt).await;
        std::process::exit(Exit::Temporary as i32);
    });
    Ok(stop)
}

/// Listens for what a daemon is told besides: SIGHUP to read the settings again, SIGUSR1 to make a pass now.
pub(super) fn listen_as_daemon() -> Result<Words, Failure> {
    let (reload, reconcile) =
        (pass_on(SignalKind::hangup())?, pass_on(SignalKind::user_defined1())?);
    Ok(Words { stop: listen()?, reload, reconcile })
}

fn pass_on(kind: SignalKind) -> Result<Arc<Notify>, Failure> {
    let (mut signals, word) = (on(kind)?, Arc::new(Notify::new()));
    let told = Arc::clone(&word);
    tokio::spawn(async move {
        while signals.recv().await.is_some() {
            told.notify_one();
        }
    });
    Ok(word)
}

fn on(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(Failure::internal)
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
