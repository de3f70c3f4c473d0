//! The real binary, run as its user would.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::world::{PREFIX, World};

pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The binary with an empty environment: what it knows, it was told.
pub fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runcloud-domain-sync"));
    command.env_clear().env("PATH", "/usr/bin:/bin").current_dir("/");
    command
}

pub fn run(command: &mut Command) -> Ran {
    let Output { status, stdout, stderr } = command.output().unwrap();
    Ran {
        code: status.code().unwrap_or(-1),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// Writes the wp-config.php that an operator of the world's network would have.
pub fn write_wp_config(world: &World, directory: &Path) {
    let model = world.runcloud.model();
    let text = format!(
        "<?php\n\
         define( 'DB_NAME', '{}' );\n\
         define( 'DB_USER', 'root' );\n\
         define( 'DB_PASSWORD', '' );\n\
         define( 'DB_HOST', '{}' );\n\
         $table_prefix = '{PREFIX}';\n\
         define( 'MULTISITE', true );\n\
         define( 'DOMAIN_CURRENT_SITE', 'network.test' );\n\
         define( 'WU_RUNCLOUD_API_TOKEN', '{TOKEN}' ); // Automatically injected\n\
         define( 'WU_RUNCLOUD_SERVER_ID', '{}' );\n\
         define( 'WU_RUNCLOUD_APP_ID', '{}' );\n\
         require_once ABSPATH . 'wp-settings.php';\n",
        world.tables.name,
        world.tables.socket_host(),
        model.server.id,
        model.app.id,
    );
    std::fs::write(directory.join("wp-config.php"), text).unwrap();
}

/// What the simulated RunCloud lets in.
pub const TOKEN: &str = "simulated-token-that-is-longer-than-fifty-characters-00000";

/// A config.toml with the world's name server, and with certificate orders as close as a test needs them.
pub fn configure(world: &World, more: &str) -> PathBuf {
    let path = world.state.path().join("config.toml");
    let text = format!(
        "{more}\n[dns]\nresolvers = [\"{}\"]\n[ssl]\nmin_interval = \"0s\"\n",
        world.dns.address()
    );
    std::fs::write(&path, text).unwrap();
    path
}

/// The binary set up for a world as its operator would have it, short of the command.
pub fn for_world(world: &World) -> Command {
    for_world_with(world, "")
}

/// The same with more in config.toml.
pub fn for_world_with(world: &World, more: &str) -> Command {
    write_wp_config(world, world.state.path());
    let mut command = binary();
    command
        .arg("--config")
        .arg(configure(world, more))
        .arg("--wp-config")
        .arg(world.state.path())
        .arg("--api-url")
        .arg(world.runcloud.url())
        .arg("--state-dir")
        .arg(world.state.path());
    command
}

/// Runs the binary off the test's thread, which the simulator needs.
pub async fn run_for(mut command: Command) -> Ran {
    tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap()
}
