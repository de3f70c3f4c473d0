//! What this program may do, and who may see what it knows. Pure.

use crate::config::Origin;
use crate::doctor::Look;
use crate::doctor::check::{Check, Finding};
use crate::doctor::facts::{Facts, FileMode};
use crate::wordpress::{Grant, Source, Survey};

pub(super) const CHECKS: &[Look] = &[
    settings_in_effect,
    secret_in_flag,
    secret_file,
    grants_missing,
    grants_too_wide,
    plugin_schema,
];

/// The version of the plugin's table that knows every stage (2.4.10).
const TABLE_VERSION: &str = "2.0.1-revision.20260109";
/// What a pass reads.
const TABLES: [&str; 3] = ["wu_domain_mappings", "blogs", "site"];
/// A user of this program's own, as the README has it.
const READER: &str = "'domain-sync'@'localhost'";
const READABLE_BY_ALL: u32 = 0o004;

fn settings_in_effect(facts: &Facts) -> Option<Finding> {
    let notices = &facts.settings.notices;
    if notices.is_empty() {
        return Check::SettingsInEffect.ok("each one");
    }
    let mend = "Set in config.toml what cannot be known without running PHP";
    Check::SettingsInEffect.warn(notices.join("; "), mend)
}

fn secret_in_flag(facts: &Facts) -> Option<Finding> {
    let Some(Source::MySql(login)) = &facts.settings.source else { return None };
    let is_flag = matches!(facts.settings.database_url(), Some(Origin::Flag(_)));
    (is_flag && login.is_url_with_password()).then_some(())?;
    Check::SecretInFlag.warn(
        "--database-url holds a password, which every user of this machine sees in the list of processes",
        "Give it as environment DATABASE_URL, or name a file in config.toml wordpress.database_url_file",
    )
}

fn secret_file(facts: &Facts) -> Option<Finding> {
    let is_open = |file: &&FileMode| file.mode & READABLE_BY_ALL != 0;
    let files = facts.secret_files.iter().filter(is_open);
    let files: Vec<String> = files.map(|file| file.path.display().to_string()).collect();
    (!files.is_empty()).then_some(())?;
    let files = files.join(" ");
    Check::SecretFile.warn(format!("everybody can read {files}"), format!("chmod o= {files}"))
}

fn grants_missing(facts: &Facts) -> Option<Finding> {
    let check = Check::GrantsMissing;
    let tables = facts.wordpress.tables.as_ref()?.as_ref().ok()?;
    let needed = [("blogs", tables.sites.is_none()), ("site", tables.networks.is_none())];
    let missing: Vec<_> =
        needed.into_iter().filter(|(_, is_missing)| *is_missing).map(|(name, _)| name).collect();
    if missing.is_empty() {
        return check.ok("every table of a pass can be read");
    }
    let evidence = format!(
        "{} cannot be read: without it removals are held, and the network's own names are not all known",
        missing.join(" and ")
    );
    let grants: Vec<_> = missing.into_iter().map(|name| grant(facts, name)).collect();
    check.warn(evidence, format!("As the database's administrator:\n{}", grants.join("\n")))
}

/// WordPress's own login has to write, so its rights are no fault, only more than is needed.
fn grants_too_wide(facts: &Facts) -> Option<Finding> {
    let check = Check::GrantsTooWide;
    let wide = wide(survey(facts)?.grants.as_ref()?);
    let grants = TABLES.map(|table| grant_to(facts, table, READER)).join("\n");
    let mend = format!(
        "Make a user that may only read, and give its login as DATABASE_URL:\n\
         CREATE USER {READER} IDENTIFIED BY 'PASSWORD';\n{grants}"
    );
    match facts.settings.database_url() {
        _ if wide.is_empty() => check.ok("the login may only read"),
        Some(origin) => check
            .warn(format!("the login ({origin}) may do more than read: {}", wide.join(", ")), mend),
        None => check
            .note("WordPress's own login is used, which may write; this program never does", mend),
    }
}

fn wide(grants: &[Grant]) -> Vec<String> {
    let words = |grant: &Grant| {
        let mut more = grant.beyond_reading();
        if grant.reads_everything() {
            more.push("SELECT");
        }
        (!more.is_empty()).then(|| format!("{} on {}", more.join(" "), grant.scope))
    };
    grants.iter().filter_map(words).collect()
}

fn plugin_schema(facts: &Facts) -> Option<Finding> {
    let check = Check::PluginSchema;
    let survey = survey(facts)?;
    let lacks = survey.stages.as_ref().is_some_and(|stages| !stages.contains("'ssl-failed'"));
    let version = survey.plugin.as_ref().and_then(|plugin| plugin.table_version.as_deref());
    let is_new = version.is_some_and(|version| version >= TABLE_VERSION);
    let mend = "Open the network admin once: the plugin brings its table up to date only there";
    if lacks && (is_new || survey.empty_stages > 0) {
        let rows = survey.empty_stages;
        let evidence = format!(
            "wu_domain_mappings does not know the stage ssl-failed, which the plugin stores: {rows} rows hold \
             an empty one instead"
        );
        return check.warn(evidence, mend);
    }
    match version {
        _ if lacks => check.note("wu_domain_mappings is as the plugin made it before 2.4.10", mend),
        Some(version) => check.ok(version),
        None => None,
    }
}

fn survey(facts: &Facts) -> Option<&Survey> {
    facts.wordpress.survey.as_ref()?.as_ref().ok()
}

/// How this login comes to read a table that tells more. An SQLite file has no logins.
pub(in crate::doctor) fn readable(facts: &Facts, table: &str) -> String {
    if let Some(Source::Sqlite(_)) = facts.settings.source {
        return String::new();
    }
    format!("To have it told, as the database's administrator:\n{}", grant(facts, table))
}

/// The statement that lets this login read a table.
fn grant(facts: &Facts, table: &str) -> String {
    let login = survey(facts).and_then(|survey| survey.login.as_ref());
    grant_to(facts, table, login.map_or("'USER'@'HOST'", |login| &login.account))
}

fn grant_to(facts: &Facts, table: &str, account: &str) -> String {
    let login = survey(facts).and_then(|survey| survey.login.as_ref());
    let database = login.map_or("DATABASE", |login| &login.database);
    let prefix = facts.settings.prefix.as_ref();
    let table = prefix.map_or_else(|| table.to_owned(), |prefix| prefix.table(table));
    format!("GRANT SELECT ON {database}.{table} TO {account};")
}
