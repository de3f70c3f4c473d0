//! What each setting is called in each layer.

/// The names one setting has in the layers.
pub(super) struct Names {
    pub(super) setting: &'static str,
    pub(super) flag: Option<&'static str>,
    pub(super) environment: &'static str,
    pub(super) key: &'static str,
    /// A constant, or `$table_prefix`.
    pub(super) wp_config: Option<&'static str>,
    /// A file in systemd's directory of credentials.
    pub(super) credential: Option<&'static str>,
}

impl Names {
    /// How to set it without wp-config.php.
    pub(super) fn instead(&self) -> String {
        let flag = self.flag.map(|flag| format!("{flag}, ")).unwrap_or_default();
        format!("{flag}environment {} or config.toml {}", self.environment, self.key)
    }
}

pub(super) const WP_CONFIG: Names = Names {
    setting: "wp-config.php",
    flag: Some("--wp-config"),
    environment: "WP_CONFIG",
    key: "wordpress.wp_config",
    wp_config: None,
    credential: Some("wp-config.php"),
};
pub(super) const DATABASE_URL: Names = Names {
    setting: "database",
    flag: Some("--database-url"),
    environment: "DATABASE_URL",
    key: "wordpress.database_url",
    wp_config: None,
    credential: Some("database-url"),
};
pub(super) const TABLE_PREFIX: Names = Names {
    setting: "table prefix",
    flag: Some("--table-prefix"),
    environment: "WP_TABLE_PREFIX",
    key: "wordpress.table_prefix",
    wp_config: Some("$table_prefix"),
    credential: None,
};
pub(super) const API_URL: Names = Names {
    setting: "API base",
    flag: Some("--api-url"),
    environment: "RUNCLOUD_API_URL",
    key: "runcloud.api_url",
    wp_config: None,
    credential: None,
};
pub(super) const SERVER_ID: Names = Names {
    setting: "server id",
    flag: Some("--server-id"),
    environment: "WU_RUNCLOUD_SERVER_ID",
    key: "runcloud.server_id",
    wp_config: Some("WU_RUNCLOUD_SERVER_ID"),
    credential: None,
};
pub(super) const APP_ID: Names = Names {
    setting: "app id",
    flag: Some("--app-id"),
    environment: "WU_RUNCLOUD_APP_ID",
    key: "runcloud.app_id",
    wp_config: Some("WU_RUNCLOUD_APP_ID"),
    credential: None,
};
pub(super) const API_TOKEN: Names = Names {
    setting: "API token",
    flag: None,
    environment: "WU_RUNCLOUD_API_TOKEN",
    key: "runcloud.api_token_file",
    wp_config: Some("WU_RUNCLOUD_API_TOKEN"),
    credential: Some("runcloud-api-token"),
};
pub(super) const API_KEY: Names = Names {
    setting: "API key",
    flag: None,
    environment: "WU_RUNCLOUD_API_KEY",
    key: "runcloud.api_key_file",
    wp_config: Some("WU_RUNCLOUD_API_KEY"),
    credential: Some("runcloud-api-key"),
};
pub(super) const API_SECRET: Names = Names {
    setting: "API secret",
    flag: None,
    environment: "WU_RUNCLOUD_API_SECRET",
    key: "runcloud.api_secret_file",
    wp_config: Some("WU_RUNCLOUD_API_SECRET"),
    credential: Some("runcloud-api-secret"),
};
pub(super) const STATE: Names = Names {
    setting: "state directory",
    flag: Some("--state-dir"),
    environment: "STATE_DIRECTORY",
    key: "state_dir",
    wp_config: None,
    credential: None,
};
