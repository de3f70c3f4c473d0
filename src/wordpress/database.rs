use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::mysql::MySqlRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, ColumnIndex, Connection, Database as Sqlx, Decode, Executor, Row};

use super::error::{DatabaseError, number};
use super::source::{Opened, Source};
use super::tables::{Cells, Mapping, Network, Site, Tables};
use crate::patience::{Patience, Wait};
use crate::stop::Stop;

/// After the first try; the next waits double.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The WordPress database of one network; it can only be read.
#[derive(Clone, Debug)]
pub struct Database {
    pub(super) source: Source,
    pub(super) prefix: TablePrefix,
    patience: Duration,
}

/// `$table_prefix`: letters, digits and underscores, as WordPress demands, and so safe in SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablePrefix(String);

impl TablePrefix {
    /// Takes a prefix that is safe to name tables with.
    pub fn new(text: &str) -> Option<Self> {
        let safe = |c: char| c.is_ascii_alphanumeric() || c == '_';
        (!text.is_empty() && text.len() <= 60 && text.chars().all(safe))
            .then(|| Self(text.to_owned()))
    }

    /// The whole name of a table.
    pub fn table(&self, name: &str) -> String {
        format!("{}{name}", self.0)
    }
}

impl Database {
    /// A database that is given about `patience` to be reachable; nothing is opened yet.
    pub fn new(source: Source, prefix: TablePrefix, patience: Duration) -> Self {
        Self { source, prefix, patience }
    }

    /// Reads the tables in one snapshot, again while the database is away and patience lasts.
    ///
    /// # Errors
    /// [`DatabaseError`]; a table that is missing or not granted is one only for the mappings.
    pub async fn read(&self) -> Result<Tables, DatabaseError> {
        let patience =
            Patience { first_wait: FIRST_WAIT, total: self.patience, throttled: Duration::ZERO };
        // Whoever reads gives the whole read up when asked to stop.
        let (nobody, scrub) = (Stop::new(), self.source.scrub());
        let read = || async { self.read_once().await.map_err(|error| error.scrubbed(&scrub)) };
        let wait = |error: &DatabaseError, time| {
            error.is_transient().then_some(Wait { time, within: self.patience })
        };
        patience.repeat(&nobody, read, wait).await
    }

    async fn read_once(&self) -> Result<Tables, DatabaseError> {
        let mut opened = self.source.open().await?;
        let reading = async {
            opened.begin().await?;
            let tables = self.read_tables(&mut opened).await?;
            opened.end().await?;
            Ok(tables)
        };
        tokio::time::timeout(READ_TIMEOUT, reading)
            .await
            .unwrap_or(Err(DatabaseError::TimedOut("reading the tables")))
    }

    async fn read_tables(&self, opened: &mut Opened) -> Result<Tables, DatabaseError> {
        Ok(Tables {
            mappings: self.read_mappings(opened).await?,
            sites: self.read_optional(opened, "blogs", Site::COLUMNS, Site::of).await?,
            networks: self.read_optional(opened, "site", Network::COLUMNS, Network::of).await?,
            main_sites: self.read_main_sites(opened).await?,
            next_mapping: self.read_next_mapping(opened).await?,
        })
    }

    async fn read_mappings(&self, opened: &mut Opened) -> Result<Vec<Mapping>, DatabaseError> {
        let table = self.table("wu_domain_mappings");
        match if_readable(opened.select(&table, Mapping::COLUMNS, Mapping::of).await)? {
            Some(rows) => Ok(rows),
            None => Err(self.missing(opened).await),
        }
    }

    /// The mapping table cannot be read: which table was looked for, and which there are.
    pub(super) async fn missing(&self, opened: &mut Opened) -> DatabaseError {
        let table = self.table("wu_domain_mappings");
        let mut similar = opened.similar_tables().await.unwrap_or_default();
        similar.retain(|other| *other != table);
        DatabaseError::MissingTable { table, similar }
    }

    /// Rows of a table that may be missing or not granted.
    async fn read_optional<const N: usize, T>(
        &self,
        opened: &mut Opened,
        name: &str,
        columns: [&str; N],
        of: fn(Cells<N>) -> T,
    ) -> Result<Option<Vec<T>>, DatabaseError> {
        if_readable(opened.select(&self.table(name), columns, of).await)
    }

    /// The counter shows what a `TRUNCATE` or the restore of an older copy did, which the rows do not.
    async fn read_next_mapping(&self, opened: &mut Opened) -> Result<Option<i64>, DatabaseError> {
        Ok(opened.next_id(&self.table("wu_domain_mappings")).await?)
    }

    /// `main_site` of each network where `sitemeta` can be read; it needs no grant on it.
    async fn read_main_sites(&self, opened: &mut Opened) -> Result<Vec<i64>, DatabaseError> {
        let ids = opened.rows(self.main_sites(), |[id]: Cells<1>| id?.trim().parse().ok()).await;
        Ok(if_readable(ids)?.into_iter().flatten().flatten().collect())
    }

    pub(super) fn main_sites(&self) -> String {
        let table = self.table("sitemeta");
        format!("SELECT CAST(meta_value AS CHAR) FROM `{table}` WHERE meta_key = 'main_site'")
    }

    pub(super) fn table(&self, name: &str) -> String {
        format!("{}{name}", self.prefix.0)
    }
}

impl Opened {
    async fn begin(&mut self) -> Result<(), sqlx::Error> {
        match self {
            Self::MySql(connection) => {
                // MySQL 8 shows AUTO_INCREMENT as it was a day ago unless told not to; MariaDB takes the
                // version comment for one.
                let live =
                    "SET @live = 1 /*!80000 , SESSION information_schema_stats_expiry = 0 */";
                connection.execute(sqlx::raw_sql(live)).await?;
                let start = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
                connection.execute(sqlx::raw_sql(start)).await.map(drop)
            }
            Self::Sqlite(connection) => connection.execute("BEGIN").await.map(drop),
        }
    }

    async fn end(self) -> Result<(), sqlx::Error> {
        match self {
            Self::MySql(mut connection) => {
                connection.execute(sqlx::raw_sql("COMMIT")).await?;
                connection.close().await
            }
            Self::Sqlite(mut connection) => {
                connection.execute("COMMIT").await?;
                connection.close().await
            }
        }
    }

    /// Every column as text: an enum of any version, a zero date or an odd integer type is no error.
    pub(super) async fn select<const N: usize, T>(
        &mut self,
        table: &str,
        columns: [&str; N],
        of: fn(Cells<N>) -> T,
    ) -> Result<Vec<T>, sqlx::Error> {
        let key = columns[0];
        let cells = columns.map(|column| format!("CAST(`{column}` AS CHAR)")).join(", ");
        self.rows(format!("SELECT {cells} FROM `{table}` ORDER BY `{key}`"), of).await
    }

    /// The id that the table's next row gets, where the database says.
    async fn next_id(&mut self, table: &str) -> Result<Option<i64>, sqlx::Error> {
        let sql = match self {
            Self::MySql(_) => format!(
                "SELECT CAST(auto_increment AS CHAR) FROM information_schema.tables \
                 WHERE table_schema = DATABASE() AND table_name = '{table}'"
            ),
            Self::Sqlite(_) => {
                format!("SELECT CAST(seq + 1 AS TEXT) FROM sqlite_sequence WHERE name = '{table}'")
            }
        };
        let ids = match self.rows(sql, |[id]: Cells<1>| id?.trim().parse().ok()).await {
            Err(error) if is_unreadable(&error) => vec![],
            ids => ids?,
        };
        Ok(ids.into_iter().flatten().next())
    }

    async fn similar_tables(&mut self) -> Result<Vec<String>, sqlx::Error> {
        let sql = match self {
            Self::MySql(_) => {
                "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
                 WHERE table_schema = DATABASE() AND table_name LIKE '%wu\\_domain\\_mappings'"
            }
            Self::Sqlite(_) => {
                "SELECT name FROM sqlite_master WHERE type = 'table' \
                 AND name LIKE '%wu\\_domain\\_mappings' ESCAPE '\\'"
            }
        };
        let names = self.rows(sql.to_owned(), |[name]: Cells<1>| name).await?;
        Ok(names.into_iter().flatten().collect())
    }

    pub(super) async fn rows<const N: usize, T>(
        &mut self,
        sql: String,
        of: fn(Cells<N>) -> T,
    ) -> Result<Vec<T>, sqlx::Error> {
        // The only text in it that is not this program's own is a checked table prefix, and numbers.
        let query = AssertSqlSafe(sql);
        let mut found = Vec::new();
        match self {
            Self::MySql(connection) => {
                let mut rows = sqlx::query(query).fetch(connection);
                while let Some(row) = rows.try_next().await? {
                    found.push(of(cells::<MySqlRow, N>(&row)?));
                }
            }
            Self::Sqlite(connection) => {
                let mut rows = sqlx::query(query).fetch(connection);
                while let Some(row) = rows.try_next().await? {
                    found.push(of(cells::<SqliteRow, N>(&row)?));
                }
            }
        }
        Ok(found)
    }
}

/// Bytes first: a column may hold what is no UTF-8, and one such row must not hide the others.
fn cells<'r, R, const N: usize>(row: &'r R) -> Result<Cells<N>, sqlx::Error>
where
    R: Row,
    usize: ColumnIndex<R>,
    Option<Vec<u8>>: Decode<'r, R::Database>,
    R::Database: Sqlx,
{
    let mut cells = [const { None }; N];
    for (index, cell) in cells.iter_mut().enumerate() {
        let bytes: Option<Vec<u8>> = row.try_get_unchecked(index)?;
        *cell = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    }
    Ok(cells)
}

/// None where the table is missing or not granted.
pub(super) fn if_readable<T>(rows: Result<T, sqlx::Error>) -> Result<Option<T>, DatabaseError> {
    match rows {
        Ok(rows) => Ok(Some(rows)),
        Err(error) if is_unreadable(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// 1142 and 1143: no grant (also what a missing table answers without one); 1146: no such table.
fn is_unreadable(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(answer) = error else { return false };
    match number(answer.as_ref()) {
        Some(number) => matches!(number, 1142 | 1143 | 1146),
        None => answer.message().contains("no such table"),
    }
}
