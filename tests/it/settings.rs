//! Settings from every layer: the strongest wins, and each says where it came from.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use runcloud_domain_sync::config::{self, Config, Environment, Flags};
use runcloud_domain_sync::runcloud::{ApiVersion, Credentials};
use runcloud_domain_sync::wordpress::Source;
use tempfile::TempDir;

const WP_CONFIG: &str = "<?php
define('DB_NAME', 'wp'); define('DB_USER', 'u'); define('DB_PASSWORD', 'SECRET');
define('DB_HOST', 'localhost'); $table_prefix = 'wpc_';
define('WU_RUNCLOUD_SERVER_ID', '4'); define('WU_RUNCLOUD_APP_ID', 40);
define('WU_RUNCLOUD_API_TOKEN', 'SECRET-4');
";

struct Layers {
    directory: TempDir,
    flags: Flags,
    environment: Environment,
}

impl Layers {
    /// Each layer has the server id of its strength: 1 for the flag, 4 for wp-config.php.
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("wp-config.php"), WP_CONFIG).unwrap();
        let layers = Self { directory, flags: Flags::default(), environment: BTreeMap::new() };
        layers.file("[runcloud]\nserver_id = 3\n");
        Self {
            flags: Flags {
                config: Some(layers.path("config.toml")),
                wp_config: Some(layers.path("").display().to_string()),
                server_id: Some("1".into()),
                ..Flags::default()
            },
            environment: [("WU_RUNCLOUD_SERVER_ID".to_owned(), "2".to_owned())].into(),
            ..layers
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    fn file(&self, text: &str) {
        std::fs::write(self.path("config.toml"), text).unwrap();
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    fn load(&self) -> Result<Config, String> {
        config::load(&self.flags, &self.environment).map_err(|error| error.to_string())
    }

    fn origin(&self, setting: &str) -> String {
        let config = self.load().unwrap_or_else(|problem| panic!("{problem}"));
        let found = config.origins.iter().find(|found| found.setting == setting).unwrap();
        let shown = format!("{} ({})", found.value, found.origin);
        shown.replace(self.directory.path().to_str().unwrap(), "DIR")
    }

    fn problem(&self) -> String {
        self.load().err().unwrap_or_default()
    }
}

#[test]
fn the_strongest_layer_wins_and_is_named() {
    let mut layers = Layers::new();
    assert_eq!(layers.origin("server id"), "1 (flag --server-id)");
    layers.flags.server_id = None;
    assert_eq!(layers.origin("server id"), "2 (environment WU_RUNCLOUD_SERVER_ID)");
    layers.environment.insert("WU_RUNCLOUD_SERVER_ID".into(), String::new());
    assert_eq!(layers.origin("server id"), "3 (config.toml runcloud.server_id)");
    layers.file("");
    let constant = "4 (WU_RUNCLOUD_SERVER_ID in DIR/wp-config.php line 4)";
    assert_eq!(layers.origin("server id"), constant);
    assert_eq!(layers.origin("table prefix"), "wpc_ ($table_prefix in DIR/wp-config.php line 3)");
    assert_eq!(layers.origin("API base"), "https://manage.runcloud.io/api/v3 (default)");
    let secret = "(secret) (WU_RUNCLOUD_API_TOKEN in DIR/wp-config.php line 5)";
    assert_eq!(layers.origin("API token"), secret);
    assert_eq!(layers.origin("DB_PASSWORD").split(' ').next(), Some("(secret)"));
}

#[test]
fn a_token_means_v3_and_key_and_secret_of_a_stronger_layer_mean_v2() {
    let token = Layers::new().load().unwrap_or_else(|problem| panic!("{problem}"));
    assert!(matches!(token.endpoint.credentials, Credentials::Token(_)));
    assert_eq!(token.policy.api, ApiVersion::V3);
    let pair = Layers::new().set("WU_RUNCLOUD_API_KEY", "k").set("WU_RUNCLOUD_API_SECRET", "s");
    let pair = pair.load().unwrap_or_else(|problem| panic!("{problem}"));
    assert!(matches!(pair.endpoint.credentials, Credentials::KeyAndSecret { .. }));
    assert_eq!(pair.endpoint.base.path(), "/api/v2");
    assert_eq!(pair.policy.api, ApiVersion::V2);
}

#[test]
fn half_a_pair_and_a_token_no_header_can_carry_are_said() {
    let half = Layers::new().set("WU_RUNCLOUD_API_KEY", "k").problem();
    assert!(half.contains("WU_RUNCLOUD_API_SECRET is not"), "{half}");
    let broken = Layers::new().set("WU_RUNCLOUD_API_TOKEN", "SECRET two").problem();
    assert!(broken.contains("holds white space"), "{broken}");
    assert!(!broken.contains("SECRET"), "{broken}");
}

#[test]
fn credentials_come_from_systemd_and_from_files_too() {
    let layers = Layers::new();
    std::fs::write(layers.path("runcloud-api-token"), "from-systemd\n").unwrap();
    let directory = layers.path("").display().to_string();
    let layers = layers.set("CREDENTIALS_DIRECTORY", &directory);
    let origin = layers.origin("API token");
    assert!(origin.starts_with("(secret) (credential DIR/"), "{origin}");

    std::fs::write(layers.path("runcloud-api-token"), "\n").unwrap();
    let origin = layers.origin("API token");
    assert!(origin.contains("in DIR/wp-config.php"), "a blank one is none: {origin}");

    let layers = Layers::new();
    std::fs::write(layers.path("token"), "from-file\n").unwrap();
    layers.file(&format!("[runcloud]\napi_token_file = \"{}\"\n", layers.path("token").display()));
    assert_eq!(layers.origin("API token"), "(secret) (config.toml runcloud.api_token_file)");
    layers.file("[runcloud]\napi_token_file = \"/nowhere\"\n");
    assert!(layers.problem().contains("cannot read /nowhere"), "{}", layers.problem());
}

#[test]
fn a_wp_config_that_systemd_hands_over_wins_over_config_toml() {
    let mut layers = Layers::new();
    layers.flags.wp_config = None;
    layers.file("[wordpress]\nwp_config = \"/nowhere\"\n");
    let directory = layers.path("").display().to_string();
    let layers = layers.set("CREDENTIALS_DIRECTORY", &directory);
    let found = "DIR/wp-config.php (credential DIR/wp-config.php)";
    assert_eq!(layers.origin("wp-config.php"), found);

    std::fs::create_dir(layers.path("blank")).unwrap();
    std::fs::write(layers.path("blank/wp-config.php"), "\n").unwrap();
    let blank = layers.path("blank").display().to_string();
    let mut layers = layers.set("CREDENTIALS_DIRECTORY", &blank);
    assert!(layers.problem().contains("/nowhere"), "a blank one is none: {}", layers.problem());
    layers.flags.wp_config = Some("/elsewhere".to_owned());
    assert!(layers.problem().contains("/elsewhere"), "{}", layers.problem());
}

#[test]
fn a_file_with_a_secret_that_everybody_can_read_is_warned_of() {
    let layers = Layers::new();
    let (token, config) = (layers.path("token"), layers.path("config.toml"));
    let permit = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode));
    let notices = || layers.load().unwrap_or_else(|problem| panic!("{problem}")).notices;
    std::fs::write(&token, "from-file\n").unwrap();
    layers.file(&format!("[runcloud]\napi_token_file = \"{}\"\n", token.display()));
    permit(&config, 0o644).unwrap();
    permit(&token, 0o644).unwrap();
    let (path, warned) = (token.display(), notices());
    let expected = format!("everybody can read {path}, which holds a secret: chmod o= {path}");
    assert_eq!(warned, [expected], "config.toml holds none");
    permit(&token, 0o640).unwrap();
    assert_eq!(notices(), [""; 0]);
    layers.file("[wordpress]\ndatabase_url = \"mysql://u:p@127.0.0.1/wp\"\n");
    assert!(matches!(&*notices(), [one] if one.contains("config.toml, which holds a secret")));
}

#[test]
fn a_database_url_stands_for_all_of_its_constants() {
    let layers = Layers::new().set("DATABASE_URL", "sqlite:///x/.ht.sqlite?mode=ro");
    let config = layers.load().unwrap_or_else(|problem| panic!("{problem}"));
    assert!(matches!(config.source, Source::Sqlite(path) if path == Path::new("/x/.ht.sqlite")));
    let other = Layers::new().set("DATABASE_URL", "postgres://u:SECRET@h/d").problem();
    assert!(other.contains("neither mysql:// nor sqlite://"), "{other}");
    assert!(!other.contains("SECRET"), "{other}");
}

#[test]
fn what_would_spin_is_refused() {
    let layers = Layers::new();
    layers.file("[sync]\npoll = \"0s\"\n");
    assert!(layers.problem().contains("sync.poll is at least 1s"), "{}", layers.problem());
}

#[test]
fn only_https_or_this_machine_gets_the_credentials() {
    for (url, ok) in [
        ("https://manage.runcloud.io/api/v3", true),
        ("http://127.0.0.1:8080/api/v3", true),
        ("http://[::1]:8080/api/v3", true),
        ("http://localhost/api/v2", true),
        ("http://manage.runcloud.io/api/v3", false),
        ("http://127.0.0.1.example.com/api/v3", false),
        ("https://user:SECRET@manage.runcloud.io/api/v3", false),
        ("https://manage.runcloud.io/api/v3?x=1", false),
        ("ftp://127.0.0.1/", false),
        ("manage.runcloud.io", false),
    ] {
        let problem = Layers::new().set("RUNCLOUD_API_URL", url).problem();
        assert_eq!(problem.is_empty(), ok, "{url}: {problem}");
        assert!(!problem.contains("SECRET"), "{problem}");
    }
}
