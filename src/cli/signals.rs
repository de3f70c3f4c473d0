use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::{Exit, Failure};
use crate::stop::Stop;

/// Listens for SIGTERM and SIGINT: the first one lets the call in flight end and is recorded, the second
/// ends the process at once; what it was doing is settled by the next pass.
pub(super) fn listen() -> Result<Stop, Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::internal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::internal)?;
    let stop = Stop::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        let name = either(&mut terminate, &mut interrupt).await;
        tracing::info!("{name}: stopping after the call in flight; once more stops at once");
        asked.request();
        either(&mut terminate, &mut interrupt).await;
        std::process::exit(Exit::Temporary as i32);
    });
    Ok(stop)
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
