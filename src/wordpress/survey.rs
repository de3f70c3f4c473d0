//! What is around the tables: the plugin's settings and queue, other networks' tables, and what this login
//! may do. Nothing of it decides what is wanted.

use std::time::Duration;

use super::database::{Database, if_readable};
use super::error::DatabaseError;
use super::grant::Grant;
use super::source::Opened;
use super::tables::Cells;
use crate::clock::Timestamp;

const TIMEOUT: Duration = Duration::from_secs(20);
/// The plugin's jobs about domains, in Action Scheduler's table.
const HOOKS: &str = "'wu_add_domain', 'wu_remove_domain', 'wu_add_subdomain', 'wu_remove_subdomain', \
                     'wu_async_process_domain_stage'";

/// What is around the tables of one network. What cannot be read is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The database's name, and who this login is to it; none for SQLite.
    pub login: Option<LoginName>,
    /// What this login may do; none where the database does not say.
    pub grants: Option<Vec<Grant>>,
    /// What the plugin keeps in `sitemeta`.
    pub plugin: Option<Plugin>,
    /// Tables that decide what is wanted, of an engine without transactions.
    pub plain_tables: Vec<PlainTable>,
    /// The values that `stage` can have, as the table's definition lists them.
    pub stages: Option<String>,
    /// How many rows hold the empty stage, which WordPress stores where the definition lacks the value.
    pub empty_stages: usize,
    /// The plugin's jobs about domains that are not done.
    pub jobs: Option<Vec<Jobs>>,
    /// Mapping tables of other networks, as far as they can be seen.
    pub other_tables: Vec<OtherTable>,
}

/// Who this login is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginName {
    /// The database.
    pub database: String,
    /// `'user'@'host'`, as a GRANT names it.
    pub account: String,
}

/// What the plugin keeps in `sitemeta`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plugin {
    /// Whether its own RunCloud integration is switched on.
    pub integration_is_on: bool,
    /// Which version of the table it made last; none where it never did.
    pub table_version: Option<String>,
}

/// Jobs of one kind that are not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jobs {
    /// The action, such as `wu_add_domain`.
    pub hook: String,
    /// `pending`, `in-progress` or `failed`.
    pub status: String,
    /// How many.
    pub count: u64,
    /// When the first of them was due.
    pub oldest: Option<Timestamp>,
}

/// A table whose changes are seen one statement after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainTable {
    /// Its name, such as `wp_blogs`.
    pub name: String,
    /// Its engine, such as `MyISAM`.
    pub engine: String,
}

/// A mapping table of another network of this WordPress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherTable {
    /// Its name, such as `wp_wu_2_domain_mappings`.
    pub name: String,
    /// How many rows it has; none where they cannot be read.
    pub rows: Option<u64>,
}

impl Database {
    /// Looks around the tables, once. Of the jobs that failed, those after `since` count.
    ///
    /// # Errors
    /// [`DatabaseError`] where the database cannot be asked at all.
    pub async fn survey(&self, since: Timestamp) -> Result<Survey, DatabaseError> {
        let mut opened = self.source.open().await?;
        let reading = async {
            Ok(Survey {
                login: opened.login().await?,
                grants: opened.grants().await?,
                plugin: self.read_plugin(&mut opened).await?,
                plain_tables: self.read_plain_tables(&mut opened).await?,
                stages: self.read_stages(&mut opened).await?,
                empty_stages: self.count_empty_stages(&mut opened).await?,
                jobs: self.read_jobs(&mut opened, since).await?,
                other_tables: self.read_other_tables(&mut opened).await?,
            })
        };
        let survey = tokio::time::timeout(TIMEOUT, reading).await;
        survey.unwrap_or(Err(DatabaseError::TimedOut("looking around the tables")))
    }

    async fn read_plugin(&self, opened: &mut Opened) -> Result<Option<Plugin>, DatabaseError> {
        let sql = format!(
            "SELECT CAST(meta_key AS CHAR), CAST(meta_value AS CHAR) FROM `{}` WHERE meta_key IN \
             ('wu_host_integrations_enabled', 'wpdb_wu_domain_mappings_version')",
            self.prefix.table("sitemeta")
        );
        let rows = if_readable(opened.rows(sql, |cells: Cells<2>| cells).await)?;
        Ok(rows.map(|rows| {
            let mut plugin = Plugin::default();
            for [key, value] in rows {
                let value = value.unwrap_or_default();
                if key.as_deref() == Some("wu_host_integrations_enabled") {
                    plugin.integration_is_on |= is_enabled(&value, "runcloud");
                } else {
                    plugin.table_version = Some(value);
                }
            }
            plugin
        }))
    }

    async fn read_plain_tables(
        &self,
        opened: &mut Opened,
    ) -> Result<Vec<PlainTable>, DatabaseError> {
        if let Opened::Sqlite(_) = opened {
            return Ok(vec![]);
        }
        let read = ["wu_domain_mappings", "blogs", "site", "sitemeta"];
        let read = read.map(|name| format!("'{}'", self.prefix.table(name))).join(", ");
        let sql = format!(
            "SELECT CAST(t.table_name AS CHAR), CAST(t.engine AS CHAR) FROM information_schema.tables t \
             JOIN information_schema.engines e ON e.engine = t.engine \
             WHERE t.table_schema = DATABASE() AND t.table_name IN ({read}) AND e.transactions <> 'YES' \
             ORDER BY t.table_name"
        );
        let tables = opened.rows(sql, |[name, engine]: Cells<2>| {
            Some(PlainTable { name: name?, engine: engine? })
        });
        Ok(if_readable(tables.await)?.into_iter().flatten().flatten().collect())
    }

    async fn read_stages(&self, opened: &mut Opened) -> Result<Option<String>, DatabaseError> {
        if let Opened::Sqlite(_) = opened {
            return Ok(None);
        }
        let sql = format!(
            "SELECT CAST(column_type AS CHAR) FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND table_name = '{}' AND column_name = 'stage'",
            self.prefix.table("wu_domain_mappings")
        );
        let types = if_readable(opened.rows(sql, |[kind]: Cells<1>| kind).await)?;
        Ok(types.into_iter().flatten().flatten().next())
    }

    async fn count_empty_stages(&self, opened: &mut Opened) -> Result<usize, DatabaseError> {
        let sql = format!(
            "SELECT CAST(COUNT(*) AS CHAR) FROM `{}` WHERE CAST(stage AS CHAR) = ''",
            self.prefix.table("wu_domain_mappings")
        );
        let counts = if_readable(opened.rows(sql, |[count]: Cells<1>| count).await)?;
        Ok(counts.and_then(number).unwrap_or_default())
    }

    async fn read_jobs(
        &self,
        opened: &mut Opened,
        since: Timestamp,
    ) -> Result<Option<Vec<Jobs>>, DatabaseError> {
        let since = since.to_string().replace('T', " ").replace('Z', "");
        let sql = format!(
            "SELECT CAST(hook AS CHAR), CAST(status AS CHAR), CAST(COUNT(*) AS CHAR), \
             CAST(MIN(scheduled_date_gmt) AS CHAR) FROM `{}` WHERE hook IN ({HOOKS}) AND \
             (status IN ('pending', 'in-progress') OR (status = 'failed' AND last_attempt_gmt >= '{since}')) \
             GROUP BY hook, status ORDER BY hook, status",
            self.prefix.table("actionscheduler_actions")
        );
        let jobs = opened.rows(sql, |[hook, status, count, oldest]: Cells<4>| Jobs {
            hook: hook.unwrap_or_default(),
            status: status.unwrap_or_default(),
            count: count.and_then(|count| count.parse().ok()).unwrap_or_default(),
            oldest: oldest.as_deref().and_then(Timestamp::parse),
        });
        if_readable(jobs.await)
    }

    async fn read_other_tables(
        &self,
        opened: &mut Opened,
    ) -> Result<Vec<OtherTable>, DatabaseError> {
        let mut tables = Vec::new();
        for name in opened.mapping_tables().await?.into_iter().flatten() {
            if !self.is_of_another_network(&name) {
                continue;
            }
            let sql = format!("SELECT CAST(COUNT(*) AS CHAR) FROM `{name}`");
            let counts = if_readable(opened.rows(sql, |[count]: Cells<1>| count).await)?;
            let rows = counts.and_then(number);
            tables.push(OtherTable { name, rows });
        }
        Ok(tables)
    }

    /// The plugin names the tables of a second network so, and nothing serves them.
    fn is_of_another_network(&self, table: &str) -> bool {
        let start = self.prefix.table("wu_");
        let id = table.strip_prefix(&start).and_then(|id| id.strip_suffix("_domain_mappings"));
        id.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

impl Opened {
    async fn login(&mut self) -> Result<Option<LoginName>, sqlx::Error> {
        let Self::MySql(_) = self else { return Ok(None) };
        let sql = "SELECT CAST(DATABASE() AS CHAR), CAST(CURRENT_USER() AS CHAR)";
        let names = self.rows(sql.to_owned(), |cells: Cells<2>| cells).await?;
        Ok(names.into_iter().next().and_then(|[database, account]| {
            let account = account?.replacen('@', "'@'", 1);
            Some(LoginName { database: database?, account: format!("'{account}'") })
        }))
    }

    async fn grants(&mut self) -> Result<Option<Vec<Grant>>, sqlx::Error> {
        let Self::MySql(_) = self else { return Ok(None) };
        let lines = self.rows("SHOW GRANTS".to_owned(), |[line]: Cells<1>| line).await;
        let Ok(lines) = lines else { return Ok(None) };
        Ok(Some(lines.iter().flatten().filter_map(|line| Grant::parse(line)).collect()))
    }

    async fn mapping_tables(&mut self) -> Result<Vec<Option<String>>, sqlx::Error> {
        let sql = match self {
            Self::MySql(_) => {
                "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
                 WHERE table_schema = DATABASE() AND table_name LIKE '%\\_domain\\_mappings' \
                 ORDER BY table_name"
            }
            Self::Sqlite(_) => {
                "SELECT name FROM sqlite_master WHERE type = 'table' \
                 AND name LIKE '%\\_domain\\_mappings' ESCAPE '\\' ORDER BY name"
            }
        };
        self.rows(sql.to_owned(), |[name]: Cells<1>| name).await
    }
}

fn number<T: std::str::FromStr>(counts: Vec<Option<String>>) -> Option<T> {
    counts.into_iter().flatten().next()?.trim().parse().ok()
}

/// Whether a PHP-serialised array has `name` as a key whose value is true, or as a value.
fn is_enabled(serialised: &str, name: &str) -> bool {
    let quoted = format!("s:{}:\"{name}\";", name.len());
    serialised.match_indices(&quoted).any(|(at, _)| {
        let before = serialised[..at].rsplit(['{', ';']).find(|part| !part.is_empty());
        let is_value = before.is_some_and(|part| part.starts_with("i:"));
        let after = &serialised[at + quoted.len()..];
        is_value || ["b:1;", "i:1;", "s:1:\"1\";"].iter().any(|truth| after.starts_with(truth))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integration_is_on_where_the_serialised_list_says_so() {
        for on in [
            r#"a:1:{s:8:"runcloud";b:1;}"#,
            r#"a:2:{s:10:"cloudflare";b:0;s:8:"runcloud";i:1;}"#,
            r#"a:1:{i:0;s:8:"runcloud";}"#,
        ] {
            assert!(is_enabled(on, "runcloud"), "{on}");
        }
        for off in [
            "",
            "a:0:{}",
            r#"a:1:{s:8:"runcloud";b:0;}"#,
            r#"a:2:{s:8:"runcloud";b:0;s:10:"cloudflare";b:1;}"#,
            r#"a:1:{s:9:"runcloud2";b:1;}"#,
        ] {
            assert!(!is_enabled(off, "runcloud"), "{off}");
        }
    }
}
