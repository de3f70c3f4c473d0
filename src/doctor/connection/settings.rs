//! Whether there are settings, and whether they go together. Pure.

use crate::config::{Examined, Sourced, Topic};
use crate::doctor::Look;
use crate::doctor::check::{Check, Finding};
use crate::doctor::facts::Facts;
use crate::runcloud::{ApiVersion, Credentials};

pub(in crate::doctor) const CHECKS: &[Look] = &[
    config_file,
    wp_config,
    database_settings,
    table_prefix,
    server_id,
    app_id,
    credentials_given,
    api_url,
    key_and_secret_for_v3,
    token_for_v2,
    credentials_conflict,
];

pub(super) const NEW_TOKEN: &str = "Create a token in RunCloud (Workspace, Settings, API Management) and set it as \
                         WU_RUNCLOUD_API_TOKEN";

fn config_file(facts: &Facts) -> Option<Finding> {
    let mend = "Correct it there; the README has every key with its values";
    problem(facts, Topic::ConfigFile, Check::ConfigFile, mend)
}

fn wp_config(facts: &Facts) -> Option<Finding> {
    let mend = "Give --wp-config the file or its directory, and run as a user that may read it";
    let found = problem(facts, Topic::WpConfig, Check::WpConfig, mend);
    found.or_else(|| Check::WpConfig.ok(value(&facts.settings, "wp-config.php")?))
}

fn database_settings(facts: &Facts) -> Option<Finding> {
    let mend =
        "Give --wp-config …/wp-config.php, or --database-url mysql://USER:PASSWORD@HOST/NAME";
    problem(facts, Topic::Database, Check::DatabaseSettings, mend)
}

fn table_prefix(facts: &Facts) -> Option<Finding> {
    let mend = "Set --table-prefix to what stands as $table_prefix in wp-config.php";
    let found = problem(facts, Topic::TablePrefix, Check::TablePrefix, mend);
    found.or_else(|| Check::TablePrefix.ok(value(&facts.settings, "table prefix")?))
}

fn server_id(facts: &Facts) -> Option<Finding> {
    let mend =
        "Set --server-id to the number after /servers/ in the address of RunCloud's dashboard";
    let found = problem(facts, Topic::ServerId, Check::ServerId, mend);
    found.or_else(|| Check::ServerId.ok(value(&facts.settings, "server id")?))
}

fn app_id(facts: &Facts) -> Option<Finding> {
    let mend = "Set --app-id to the last number in the address of the web application in RunCloud's \
                dashboard";
    let found = problem(facts, Topic::AppId, Check::AppId, mend);
    found.or_else(|| Check::AppId.ok(value(&facts.settings, "app id")?))
}

fn credentials_given(facts: &Facts) -> Option<Finding> {
    let found = problem(facts, Topic::Credentials, Check::CredentialsGiven, NEW_TOKEN);
    found.or_else(|| Check::CredentialsGiven.ok(kind_of(facts.settings.credentials.as_ref()?)))
}

fn api_url(facts: &Facts) -> Option<Finding> {
    let mend =
        "Leave --api-url and RUNCLOUD_API_URL out, or give https://manage.runcloud.io/api/v3";
    let found = problem(facts, Topic::ApiUrl, Check::ApiUrl, mend);
    found.or_else(|| Check::ApiUrl.ok(value(&facts.settings, "API base")?))
}

pub(super) fn key_and_secret_for_v3(facts: &Facts) -> Option<Finding> {
    let (version, is_token) = base_and_kind(&facts.settings)?;
    (version == ApiVersion::V3 && !is_token).then_some(())?;
    let evidence = format!(
        "{}, which only API v2 takes; the API base is {}",
        credentials_in_words(&facts.settings)?,
        origin(&facts.settings, "API base")?
    );
    let mend = format!("{NEW_TOKEN}; or leave the API base out, which means v2 for key and secret");
    Check::KeyAndSecretForV3.fail(evidence, mend)
}

fn token_for_v2(facts: &Facts) -> Option<Finding> {
    let (version, is_token) = base_and_kind(&facts.settings)?;
    (version == ApiVersion::V2 && is_token).then_some(())?;
    let evidence = format!(
        "{}, which is meant for API v3; the API base is {}, the legacy one",
        credentials_in_words(&facts.settings)?,
        origin(&facts.settings, "API base")?
    );
    Check::TokenForV2.warn(evidence, "Leave the API base out, which means v3 for a token")
}

fn credentials_conflict(facts: &Facts) -> Option<Finding> {
    let token = facts.settings.outranked_token.as_ref()?;
    let evidence = format!(
        "{} win over the API token ({token}), so the legacy API v2 is used",
        credentials_in_words(&facts.settings)?
    );
    let mend =
        "Take the key and secret away, or the token; the token is what the current API wants";
    Check::CredentialsConflict.warn(evidence, mend)
}

/// What is wrong with a setting, all of it.
fn problem(facts: &Facts, topic: Topic, check: Check, mend: &str) -> Option<Finding> {
    let problems = facts.settings.problems.iter().filter(|problem| problem.topic == topic);
    let texts: Vec<&str> = problems.map(|problem| problem.text.as_str()).collect();
    (!texts.is_empty()).then_some(())?;
    check.fail(texts.join("; "), mend)
}

fn value<'a>(settings: &'a Examined, name: &str) -> Option<&'a str> {
    Some(setting(settings, name)?.value.as_str())
}

/// A setting's value and where it came from.
fn origin(settings: &Examined, name: &str) -> Option<String> {
    let setting = setting(settings, name)?;
    Some(format!("{} ({})", setting.value, setting.origin))
}

fn setting<'a>(settings: &'a Examined, name: &str) -> Option<&'a Sourced<String>> {
    settings.origins.iter().find(|setting| setting.setting == name)
}

/// The kind of the credentials and where they came from, and nothing of what they are.
pub(super) fn credentials_in_words(settings: &Examined) -> Option<String> {
    let credentials = settings.credentials.as_ref()?;
    let name = match credentials {
        Credentials::Token(_) => "API token",
        Credentials::KeyAndSecret { .. } => "API key",
    };
    Some(format!("{} ({})", kind_of(credentials), setting(settings, name)?.origin))
}

pub(super) fn kind_of(credentials: &Credentials) -> &'static str {
    match credentials {
        Credentials::Token(_) => "an API token",
        Credentials::KeyAndSecret { .. } => "an API key and secret",
    }
}

/// The version at the end of the base, and whether the credentials are a token.
fn base_and_kind(settings: &Examined) -> Option<(ApiVersion, bool)> {
    let path = settings.base.as_ref()?.path().trim_end_matches('/');
    let versions = [("/v2", ApiVersion::V2), ("/v3", ApiVersion::V3)];
    let (_, version) = versions.into_iter().find(|(end, _)| path.ends_with(end))?;
    Some((version, matches!(settings.credentials.as_ref()?, Credentials::Token(_))))
}
