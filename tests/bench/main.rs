//! The figures that the program is held to, each beside its bound: `cargo bench`.
//!
//! Nothing here judges speed, which depends on the machine. A run that does not do its work, makes more calls
//! than its bound allows, or lets an answer blow it up, panics.

mod daemon;
mod hostile;
mod network;
mod planning;
mod plugin;
mod table;

use std::time::Duration;

use network::{Measured, Network, PAGE};
use table::Table;

/// How many names the pass with nothing to do looks after.
const AT_REST: usize = 10_000;
/// How many names RunCloud has before the additions, besides the primary: one certificate holds 100 names.
const PRESENT: usize = 40;
const ADDITIONS: usize = 40;
/// What the program may take, in MiB.
const MEMORY: u32 = 32;
/// What a row may take to RunCloud besides the poll.
const QUIET: Duration = Duration::from_secs(3);
/// Calls that a pass may make besides the listing and the writes of single names: for the server's address, the SSL
/// mode, the certificate and its order.
const CALLS_BESIDES: usize = 4;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut figures = Table::new(["figure", "measured", "bound"]);
    measure_planning(&mut figures);
    runtime.block_on(measure_rest(&mut figures));
    runtime.block_on(measure_hostility(&mut figures));
    runtime.block_on(measure_daemon(&mut figures));
    let ours = runtime.block_on(measure_additions(&mut figures));
    let comparison = runtime.block_on(compare(ours));
    println!("{figures}\n{comparison}");
    println!(
        "The plugin from 2.4.9 on orders nothing: the call it makes for that shows the SSL mode and no certificate."
    );
}

fn measure_planning(figures: &mut Table) {
    let time = planning::median();
    let names = planning::NAMES;
    figures.row([
        format!("planning {names} wanted against {names} present, half of them different"),
        milliseconds(time),
        "150 ms".to_owned(),
    ]);
}

async fn measure_rest(figures: &mut Table) {
    let network = Network::new(AT_REST, AT_REST).await;
    let first = network.pass().await;
    let pass = network.pass().await;
    assert_eq!((first.writes, pass.writes), (0, 0), "there was nothing to write");
    let bound = AT_REST.div_ceil(PAGE) + CALLS_BESIDES;
    assert!(pass.calls <= bound, "{} calls, and {bound} are allowed", pass.calls);
    let figure = |what: &str| format!("pass with nothing to do over {AT_REST} names: {what}");
    figures.row([figure("time"), milliseconds(pass.time), "2000 ms".to_owned()]);
    figures.row([figure("peak memory"), mebibytes(pass.peak_memory), format!("{MEMORY} MiB")]);
    figures.row([figure("calls"), pass.calls.to_string(), bound.to_string()]);
    let status = format!("status of {AT_REST} names: time");
    figures.row([status, milliseconds(network.status()), "20 ms".to_owned()]);
    figures.row([
        format!("first pass over {AT_REST} names, which adopts them: peak memory"),
        mebibytes(first.peak_memory),
        "none".to_owned(),
    ]);
}

async fn measure_hostility(figures: &mut Table) {
    let peaks = hostile::peaks(AT_REST).await;
    let worst = peaks.iter().max_by_key(|(_, peak)| *peak).expect("hostile answers");
    let (answer, peak) = *worst;
    assert!(peak.is_some_and(|peak| peak < MEMORY * 1_024), "{answer}: {}", mebibytes(peak));
    let figure = format!("each of {} hostile answers to {AT_REST} names: peak memory", peaks.len());
    figures.row([figure, mebibytes(peak), format!("{MEMORY} MiB")]);
}

async fn measure_daemon(figures: &mut Table) {
    let daemon = daemon::measure().await;
    let figure = |what: &str| format!("daemon: {what}");
    let size = std::fs::metadata(env!("CARGO_BIN_EXE_runcloud-domain-sync"));
    let size = size.expect("the binary").len() / 1_024;
    let size = u32::try_from(size).ok();
    figures.row([figure("size of the stripped binary"), mebibytes(size), "12 MiB".to_owned()]);
    figures.row([figure("start to READY=1"), milliseconds(daemon.ready), "50 ms".to_owned()]);
    let resident = mebibytes(daemon.resident);
    figures.row([figure("resident memory while idle"), resident, "12 MiB".to_owned()]);
    let share =
        daemon.share.map_or("unknown here".to_owned(), |share| format!("{:.3} %", share * 100.0));
    figures.row([figure("share of a core while idle"), share, "0.1 %".to_owned()]);
    let bound = format!("{} ms", (daemon::POLL + QUIET).as_millis());
    let arrival = milliseconds(daemon.arrival);
    figures.row([figure("a row to RunCloud, 95th percentile"), arrival, bound]);
}

async fn measure_additions(figures: &mut Table) -> Spent {
    let network = Network::new(PRESENT + ADDITIONS, PRESENT).await;
    // The primary is in the listing too.
    let bound = ADDITIONS + (PRESENT + 1).div_ceil(PAGE) + CALLS_BESIDES;
    let Measured { calls, time, .. } = network.pass().await;
    assert!(calls <= bound, "{calls} calls, and {bound} are allowed");
    assert_eq!(network.names(), PRESENT + 1 + ADDITIONS, "every name was added");
    let orders = network.orders();
    assert_eq!(orders, 1, "one order for the batch");
    assert_eq!(network.pass().await.writes, 0, "a second pass has nothing to write");
    let figure = |what: &str| format!("{ADDITIONS} additions to {PRESENT} names: {what}");
    figures.row([figure("calls"), calls.to_string(), bound.to_string()]);
    figures.row([figure("certificate orders"), orders.to_string(), "1".to_owned()]);
    figures.row([figure("time"), milliseconds(time), "none".to_owned()]);
    Spent { calls, orders }
}

/// What the additions cost.
struct Spent {
    calls: usize,
    orders: usize,
}

async fn compare(ours: Spent) -> Table {
    let newer = plugin::add_with_2_4_9(PRESENT, ADDITIONS).await;
    let older = plugin::add_with_2_0(PRESENT, ADDITIONS).await;
    let mut table = Table::new([
        &*format!("the same {ADDITIONS} additions"),
        "this program",
        "plugin 2.4.9 and later",
        "plugin 2.0 to 2.4.8",
    ]);
    let row = |what: &str, of: fn(&Spent) -> usize| {
        [what.to_owned(), of(&ours).to_string(), of(&newer).to_string(), of(&older).to_string()]
    };
    table.row(row("calls", |spent| spent.calls));
    table.row(row("certificate orders", |spent| spent.orders));
    table
}

fn milliseconds(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1_000.0)
}

fn mebibytes(kibibytes: Option<u32>) -> String {
    kibibytes.map_or("unknown here".to_owned(), |k| format!("{:.1} MiB", f64::from(k) / 1_024.0))
}
