//! The settings that a package brings along.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use runcloud_domain_sync::config::{self, Config, Environment, Flags};
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The config.toml that is installed.
fn installed() -> String {
    fs::read_to_string(Path::new(ROOT).join("systemd/config.toml")).unwrap()
}

/// It again with every key set to what its comment shows.
fn spelled_out() -> String {
    let is_key = |line: &str| line.starts_with(|c: char| c.is_ascii_lowercase());
    let line = |line: &str| match line.strip_prefix('#') {
        Some(rest) if is_key(rest) => rest.to_owned(),
        _ => line.to_owned(),
    };
    installed().lines().map(line).collect::<Vec<_>>().join("\n")
}

/// `section.key` of each line that sets one.
fn keys(text: &str) -> BTreeSet<String> {
    let table: toml::Table = text.parse().unwrap();
    let keys = table.iter().flat_map(|(name, value)| match value.as_table() {
        Some(section) => section.keys().map(|key| format!("{name}.{key}")).collect(),
        None => vec![name.clone()],
    });
    keys.collect()
}

/// A host where the files that config.toml names are in a directory of the test's.
struct Host(TempDir);

impl Host {
    fn new() -> Self {
        let host = Self(tempfile::tempdir().unwrap());
        let wp_config =
            "<?php define('DB_NAME', 'wp'); define('DB_USER', 'u'); define('DB_PASSWORD', 'p');
            define('DB_HOST', 'localhost'); define('WU_RUNCLOUD_SERVER_ID', 1);
            define('WU_RUNCLOUD_APP_ID', 1); define('WU_RUNCLOUD_API_TOKEN', 'a-token');";
        host.write("wp-config.php", wp_config);
        for secret in ["runcloud-api-token", "runcloud-api-key", "runcloud-api-secret"] {
            host.write(secret, "a-secret\n");
        }
        host.write("database-url", "mysql://domain-sync:p@localhost/wordpress\n");
        host
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn load(&self, text: &str) -> Result<Config, String> {
        let here = self.0.path().to_str().unwrap();
        self.write("config.toml", &text.replace("/etc/runcloud-domain-sync", here));
        let flags = Flags {
            config: Some(self.0.path().join("config.toml")),
            wp_config: Some(here.to_owned()),
            ..Flags::default()
        };
        config::load(&flags, &Environment::new()).map_err(|error| error.to_string())
    }

    /// The names that may stand where a wrong one was put.
    fn known(&self, section: &str) -> Option<Vec<String>> {
        let header = if section.is_empty() { String::new() } else { format!("[{section}]\n") };
        let problem = self.load(&format!("{header}no_such_key = 1\n")).err()?;
        let (_, names) = problem.split_once("unknown field `no_such_key`, expected")?;
        Some(names.split('`').skip(1).step_by(2).map(str::to_owned).collect())
    }
}

#[test]
fn config_toml_has_every_key_and_no_other() {
    let host = Host::new();
    let known = host.known("").unwrap().into_iter().flat_map(|name| match host.known(&name) {
        Some(keys) => keys.into_iter().map(|key| format!("{name}.{key}")).collect(),
        None => vec![name],
    });
    assert_eq!(keys(&spelled_out()), known.collect::<BTreeSet<_>>());
}

#[test]
fn config_toml_as_installed_sets_nothing_and_shows_the_defaults() {
    let host = Host::new();
    assert_eq!(keys(&installed()), BTreeSet::new());
    let [bare, installed, spelled_out] = [String::new(), installed(), spelled_out()].map(|text| {
        let config = host.load(&text).unwrap();
        let policy = config.policy;
        (
            (config.poll, config.interval, config.grace, config.keep, config.state_dir),
            (policy.removal, policy.www, policy.subdomains, policy.gate),
            (config.rules, config.probe.accept, config.probe.resolvers),
        )
    });
    assert_eq!(bare, installed);
    assert_eq!(bare, spelled_out);
}

#[test]
fn what_lies_beside_config_toml_is_read_where_systemd_hands_over_nothing() {
    let host = Host::new();
    host.write("config.toml", "");
    let path = |name: &str| host.0.path().join(name);
    let flags = Flags { config: Some(path("config.toml")), ..Flags::default() };
    let load = |environment| config::load(&flags, &environment).map_err(|error| error.to_string());
    let config = load(Environment::new()).unwrap();
    assert_eq!((config.endpoint.server_id, config.endpoint.app_id), (1, 1));
    fs::create_dir(path("none")).unwrap();
    let handed = ("CREDENTIALS_DIRECTORY".to_owned(), path("none").display().to_string());
    let problem = load(Environment::from([handed])).err().unwrap();
    assert!(problem.contains("nothing says where WordPress is"), "{problem}");
}

#[test]
fn every_key_has_a_sentence() {
    let text = installed();
    let lines: Vec<_> = text.lines().collect();
    for pair in
        lines.windows(2).filter(|pair| pair[1].starts_with('#') && !pair[1].starts_with("# "))
    {
        let is_sentence = pair[0].starts_with("# ") && pair[0].ends_with('.');
        assert!(is_sentence || pair[1] == "#", "{} has no sentence above it", pair[1]);
    }
}
