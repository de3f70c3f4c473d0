use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::doctor::facts::Unit;
use crate::doctor::ours::PROPERTIES;

/// The service, its instances, and the one of the timer.
const UNITS: &str = "runcloud-domain-sync*.service";
/// systemd answers at once, or is not there.
const PATIENCE: Duration = Duration::from_secs(3);

/// This program's services that systemd has loaded. Where systemd does not run the machine there is none.
pub(super) async fn look() -> Vec<Unit> {
    let mut command = Command::new("systemctl");
    command.args(["show", "--no-pager", "--property", &PROPERTIES.join(","), UNITS]);
    // No secret of this program's environment goes to a child.
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    match timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) if output.status.success() => {
            units_in(&String::from_utf8_lossy(&output.stdout))
        }
        _ => vec![],
    }
}

/// One `NAME=value` per line, and an empty line between two units.
fn units_in(shown: &str) -> Vec<Unit> {
    let property = |line: &str| {
        let (name, value) = line.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    };
    let units = shown.split("\n\n").map(|unit| unit.lines().filter_map(property).collect());
    units.map(|properties| Unit { properties }).filter(|unit| !unit.properties.is_empty()).collect()
}
