use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::database::{Database, if_readable};
use super::error::DatabaseError;
use super::source::Opened;
use super::tables::{Cells, Mapping, Network, Site};

/// A look reads no more than some numbers; 100 000 rows take MariaDB a twentieth of a second.
const LOOK_TIMEOUT: Duration = Duration::from_secs(10);
/// Knuth's multiplicative constant. A CRC is linear: the values of two rows that are exchanged would leave
/// the exclusive or of their CRCs as it was.
const SCATTER: u64 = 2_654_435_761;

/// What the tables look like, short of their content: two that differ show a change of a row that counts.
///
/// For MySQL it is the number of rows, the highest id and sums over a CRC of each row, for each table that
/// can be read; a table that cannot be read is a value too, so that a grant counts as a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint([Option<Print>; 4]);

/// One table's part.
type Print = Vec<Option<String>>;

/// Looks at the tables again and again, over one connection that stays open.
pub struct Lookout {
    database: Database,
    opened: Option<Opened>,
    /// Which file is open, for SQLite: one that was put in its place is another.
    file: Option<(u64, u64)>,
    /// SQLite's number of what others have written, with what was seen at it.
    unchanged: Option<(i64, Fingerprint)>,
}

impl Lookout {
    /// A look-out for the tables of `database`; nothing is opened yet.
    pub fn new(database: Database) -> Self {
        Self { database, opened: None, file: None, unchanged: None }
    }

    /// What the tables look like now. A connection that broke since the last look is made anew.
    ///
    /// # Errors
    /// [`DatabaseError`], at once: whoever looks again and again needs no patience.
    pub async fn look(&mut self) -> Result<Fingerprint, DatabaseError> {
        let is_fresh = self.opened.is_none();
        let seen = match self.look_once().await {
            Err(error) if error.is_transient() && !is_fresh => self.look_once().await,
            outcome => outcome,
        };
        seen.map_err(|error| error.scrubbed(&self.database.source.scrub()))
    }

    async fn look_once(&mut self) -> Result<Fingerprint, DatabaseError> {
        let file = self.database.source.file();
        let kept = self.opened.take().filter(|_| file == self.file);
        let mut opened = if let Some(opened) = kept {
            opened
        } else {
            (self.unchanged, self.file) = (None, file);
            self.database.source.open().await?
        };
        let looking = tokio::time::timeout(LOOK_TIMEOUT, self.fingerprint(&mut opened));
        let seen =
            looking.await.unwrap_or(Err(DatabaseError::TimedOut("looking at the tables")))?;
        // One that failed is dropped.
        self.opened = Some(opened);
        Ok(seen)
    }

    async fn fingerprint(&mut self, opened: &mut Opened) -> Result<Fingerprint, DatabaseError> {
        let version = opened.data_version().await?;
        if let (Some(version), Some((then, seen))) = (version, &self.unchanged)
            && version == *then
        {
            return Ok(seen.clone());
        }
        let seen = self.database.fingerprint(opened).await?;
        self.unchanged = version.map(|version| (version, seen.clone()));
        Ok(seen)
    }
}

impl Database {
    async fn fingerprint(&self, opened: &mut Opened) -> Result<Fingerprint, DatabaseError> {
        let mappings =
            opened.print(&self.prefix.table("wu_domain_mappings"), Mapping::COLUMNS).await;
        let Some(mappings) = if_readable(mappings)? else {
            return Err(self.missing(opened).await);
        };
        let sites = opened.print(&self.prefix.table("blogs"), Site::COLUMNS).await;
        let networks = opened.print(&self.prefix.table("site"), Network::COLUMNS).await;
        let main_sites = opened.rows(self.main_sites(), |[id]: Cells<1>| id).await;
        Ok(Fingerprint([
            Some(mappings),
            if_readable(sites)?,
            if_readable(networks)?,
            if_readable(main_sites)?,
        ]))
    }
}

impl Opened {
    async fn print<const N: usize>(
        &mut self,
        table: &str,
        columns: [&str; N],
    ) -> Result<Print, sqlx::Error> {
        match self {
            Self::MySql(_) => {
                let print = self.rows(checksum(table, columns), |cells: Cells<4>| cells).await?;
                Ok(print.into_iter().flatten().collect())
            }
            // SQLite has no checksum, and the file is at hand.
            Self::Sqlite(_) => {
                let rows = self.select(table, columns, hash::<N>).await?;
                let mut whole = DefaultHasher::new();
                rows.hash(&mut whole);
                Ok(vec![Some(whole.finish().to_string())])
            }
        }
    }

    /// A number that changes when somebody else wrote to the file; none for MySQL.
    async fn data_version(&mut self) -> Result<Option<i64>, sqlx::Error> {
        if let Self::MySql(_) = self {
            return Ok(None);
        }
        let versions = self.rows("PRAGMA data_version".to_owned(), |[version]: Cells<1>| version);
        let version = versions.await?.into_iter().flatten().next();
        Ok(version.and_then(|version| version.parse().ok()))
    }
}

#[allow(clippy::needless_pass_by_value, reason = "rows are handed over as a whole")]
fn hash<const N: usize>(cells: Cells<N>) -> u64 {
    let mut hasher = DefaultHasher::new();
    cells.hash(&mut hasher);
    hasher.finish()
}

/// NULL and the empty string differ, and no value can end one column and begin the next.
fn checksum<const N: usize>(table: &str, columns: [&str; N]) -> String {
    let cells = columns.map(|column| format!("COALESCE(CAST(`{column}` AS BINARY), 0x00)"));
    let crc = format!("CRC32(CONCAT_WS(0x1F, {}))", cells.join(", "));
    let numbers = [
        "COUNT(*)".to_owned(),
        format!("MAX(`{}`)", columns[0]),
        format!("SUM({crc})"),
        format!("BIT_XOR({crc} * {SCATTER})"),
    ];
    let numbers = numbers.map(|number| format!("CAST({number} AS CHAR)")).join(", ");
    format!("SELECT {numbers} FROM `{table}`")
}
