//! The README's commands, settings and samples are executed here, so that they stay true.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use runcloud_domain_sync::config::{self, Flags};
use runcloud_domain_sync::wordpress::{Database, Login, Source, TablePrefix};

use crate::support::binary::{Ran, binary, run, run_for, write_wp_config};
use crate::support::mariadb;
use crate::support::world::World;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn readme() -> String {
    std::fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap()
}

/// The fenced blocks of one language.
fn blocks(language: &str) -> Vec<String> {
    let text = readme();
    let fence = format!("```{language}\n");
    let fences = text.split(&fence).skip(1);
    fences.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// Runs a command of the README on a world's network instead of a server's.
async fn run_on(world: &World, command: &str) -> Ran {
    write_wp_config(world, world.state.path());
    let directory = world.state.path().to_str().unwrap();
    let arguments = command.replace("/home/runcloud/webapps/APP", directory);
    let mut here = binary();
    here.args(arguments.split_whitespace().skip(1))
        .env("WP_CONFIG", directory)
        .env("RUNCLOUD_API_URL", world.runcloud.url())
        .env("STATE_DIRECTORY", directory);
    run_for(here).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_does_what_it_is_there_for() {
    let world = World::new().await.mapped(&["shop.example.com"]).await;
    let blocks = blocks("sh");
    for command in blocks.iter().flat_map(|block| block.lines()) {
        match command {
            "cargo run --release -- demo" => assert_eq!(run(binary().arg("demo")).code, 0),
            "tests/run" => {
                let mode =
                    std::fs::metadata(Path::new(ROOT).join(command)).unwrap().permissions().mode();
                assert_eq!(mode & 0o111, 0o111, "{command} is what runs this test");
            }
            "cargo install --locked --path ." => is_executed_by(".ci/run", command),
            "cargo install --locked cargo-deb" | "systemd/build-deb" => {
                is_executed_by("tests/package", command);
            }
            _ if command.starts_with("apt-get install ./target/debian/") => {
                is_executed_by("tests/systemd", "apt-get install -qq /check/package.deb");
            }
            _ if ["ln", "systemctl"].contains(&command.split(' ').next().unwrap()) => {
                is_executed_by("tests/systemd", command);
                is_executed_by("systemd/debian/postinst", command);
            }
            _ if command == approval() => {}
            _ => {
                assert!(command.starts_with("runcloud-domain-sync "), "{command} is not tested");
                let is_done = world.names().contains(&"shop.example.com".to_owned());
                let code = match command.rsplit(' ').next() {
                    Some("plan") if !is_done => 2,
                    // The plugin's own integration is on.
                    Some("doctor") => 3,
                    _ => 0,
                };
                let ran = run_on(&world, command).await;
                assert_eq!(ran.code, code, "{}", ran.stderr);
            }
        }
    }
    assert!(world.names().contains(&"shop.example.com".to_owned()));
}

/// What a test cannot do to the machine it runs on is done by a script, to one of its own.
fn is_executed_by(script: &str, command: &str) {
    let text = std::fs::read_to_string(Path::new(ROOT).join(script)).unwrap();
    assert!(text.contains(command), "{command} is not in {script}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_of_a_plan_is_what_plan_prints() {
    let world = World::new().await.mapped(&["shop.example.com"]).await;
    let plan =
        run_on(&world, "runcloud-domain-sync --wp-config /home/runcloud/webapps/APP plan").await;
    assert_eq!(blocks("text")[0], plan.stdout);
}

/// The command that approves.
fn approval() -> String {
    let blocks = blocks("sh");
    let approval = blocks.iter().find(|block| block.contains(" approve ")).unwrap();
    approval.trim_end().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_of_a_block_is_what_is_printed_and_its_approval_works() {
    let names: Vec<String> = (1..98).map(|n| format!("customer-{n:02}.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::new().await.mapped(&names).await;
    write_wp_config(&world, world.state.path());
    let directory = world.state.path().to_str().unwrap();
    let once = || {
        let mut once = binary();
        once.arg("--once")
            .env("WP_CONFIG", directory)
            .env("RUNCLOUD_API_URL", world.runcloud.url())
            .env("STATE_DIRECTORY", directory);
        once
    };
    assert_eq!(run_for(once()).await.code, 0);
    for name in &names[..39] {
        world.unmap(name).await;
    }
    let blocked = run_for(once()).await;
    assert_eq!(blocked.code, 4, "{}", blocked.stderr);
    // Whoever types a command elsewhere has not this one's environment.
    let said = blocked.stderr.replace(&format!(" --state-dir {directory}"), "");
    assert_eq!(said.lines().last(), Some(&*format!("error: {}", blocks("text")[1].trim_end())));
    assert_eq!(run_on(&world, &approval()).await.code, 0);
    assert_eq!(run_for(once()).await.code, 0);
    assert_eq!(world.names().len(), 98 - 39 + 1);
}

#[tokio::test]
async fn the_grants_are_enough() {
    let database = mariadb::Database::with_tables("wp_").await;
    let user = format!("sync_{}", database.name);
    database.run(&format!("CREATE USER {user}@'%' IDENTIFIED BY 'x'")).await;
    for grants in blocks("sql") {
        let here = grants.replace("wordpress.", &format!("{}.", database.name));
        database.run(&here.replace("'domain-sync'@'localhost'", &format!("{user}@'%'"))).await;
    }
    let source = Source::MySql(Login::Url(database.url_for(&user, "x").into()));
    let patience = std::time::Duration::from_millis(10);
    let tables = Database::new(source, TablePrefix::new("wp_").unwrap(), patience).read().await;
    let tables = tables.unwrap();
    assert!(tables.sites.is_some() && tables.networks.is_some());
}

#[test]
fn the_sample_of_config_toml_is_accepted() {
    let directory = tempfile::tempdir().unwrap();
    let here = |name: &str| directory.path().join(name);
    let wp_config =
        "<?php define('DB_NAME', 'wp'); define('DB_USER', 'u'); define('DB_PASSWORD', 'p');
        define('DB_HOST', 'localhost'); define('WU_RUNCLOUD_SERVER_ID', 1);
        define('WU_RUNCLOUD_APP_ID', 2);";
    std::fs::write(here("wp-config.php"), wp_config).unwrap();
    std::fs::write(here("token"), "a-token\n").unwrap();
    std::fs::set_permissions(here("token"), Permissions::from_mode(0o600)).unwrap();
    let [sample] = <[String; 1]>::try_from(blocks("toml")).unwrap();
    let root = directory.path().to_str().unwrap();
    let sample = sample
        .replace("/home/runcloud/webapps/APP", root)
        .replace("/etc/runcloud-domain-sync/token", &format!("{root}/token"));
    std::fs::write(here("config.toml"), sample).unwrap();
    let flags = Flags { config: Some(here("config.toml")), ..Flags::default() };
    let config = config::load(&flags, &<_>::default()).map_err(|error| error.to_string());
    let config = config.map(|config| (config.keep.len(), config.notices)).unwrap();
    assert_eq!(config, (1, vec![]));
}

#[test]
fn every_flag_and_exit_code_of_the_help_is_in_it() {
    let readme = readme();
    let help = run(binary().arg("--help")).stdout;
    let flags = help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2);
    let flags = flags.map(|word| word.split('[').next().unwrap().trim_end_matches(':'));
    for flag in flags.filter(|flag| !["--help", "--version"].contains(flag)) {
        assert!(readme.contains(flag), "{flag} is not in the README");
    }
    for code in [0, 1, 2, 3, 4, 5, 6, 7, 64, 78] {
        assert!(readme.contains(&format!("\n| {code} | ")), "exit code {code}");
    }
}
