//! The embedded WordPress: the tables of a network in an SQLite file, and the changes that customers
//! make in them. The reconciler reads the same file through a connection of its own.

use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::super::exit::{Exit, Failure};

/// The site whose customer maps and unmaps the names.
const SITE: i64 = 2;

/// The tables as WordPress on SQLite has them, with a network of three sites in sub-directories.
const TABLES: &str = "
    CREATE TABLE wp_site (
        id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
        domain TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
        path TEXT NOT NULL DEFAULT '' COLLATE NOCASE
    );
    CREATE TABLE wp_blogs (
        blog_id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
        site_id INTEGER NOT NULL DEFAULT 0,
        domain TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
        path TEXT NOT NULL DEFAULT '' COLLATE NOCASE,
        registered TEXT NOT NULL DEFAULT '0000-00-00 00:00:00',
        last_updated TEXT NOT NULL DEFAULT '0000-00-00 00:00:00',
        public INTEGER NOT NULL DEFAULT 1,
        archived INTEGER NOT NULL DEFAULT 0,
        mature INTEGER NOT NULL DEFAULT 0,
        spam INTEGER NOT NULL DEFAULT 0,
        deleted INTEGER NOT NULL DEFAULT 0,
        lang_id INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE wp_wu_domain_mappings (
        id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
        blog_id INTEGER NOT NULL,
        domain TEXT NOT NULL COLLATE NOCASE,
        active INTEGER DEFAULT 1,
        primary_domain INTEGER DEFAULT 0,
        secure INTEGER DEFAULT 0,
        stage TEXT DEFAULT 'checking-dns' COLLATE NOCASE,
        date_created TEXT DEFAULT NULL,
        date_modified TEXT DEFAULT NULL
    );
    INSERT INTO wp_site (domain, path) VALUES ('network.example', '/');
    INSERT INTO wp_blogs (site_id, domain, path) VALUES
        (1, 'network.example', '/'),
        (1, 'network.example', '/town/'),
        (1, 'network.example', '/country/');
";

/// The WordPress database, opened for writing.
pub(super) struct WordPress {
    connection: SqliteConnection,
}

impl WordPress {
    /// Makes the network, with nothing mapped yet.
    pub(super) async fn install(directory: &Path) -> Result<Self, Failure> {
        let options = SqliteConnectOptions::new().filename(file(directory)).create_if_missing(true);
        let mut connection = options.connect().await.map_err(Failure::internal)?;
        sqlx::raw_sql(TABLES).execute(&mut connection).await.map_err(Failure::internal)?;
        Ok(Self { connection })
    }

    /// Opens the network of a demo that stays up.
    pub(super) async fn open(directory: &Path) -> Result<Self, Failure> {
        let options = SqliteConnectOptions::new().filename(file(directory));
        let connection = options.connect().await.map_err(|_| no_demo(directory))?;
        Ok(Self { connection })
    }

    /// A customer maps a name; the row's id comes back.
    pub(super) async fn map(&mut self, name: &str) -> Result<i64, Failure> {
        let sql = "INSERT INTO wp_wu_domain_mappings (blog_id, domain) VALUES (?, ?)";
        let query = sqlx::query(sql).bind(SITE).bind(name);
        let done = query.execute(&mut self.connection).await.map_err(Failure::internal)?;
        Ok(done.last_insert_rowid())
    }

    /// Many names are mapped at once.
    pub(super) async fn map_all(&mut self, names: &[String]) -> Result<(), Failure> {
        let mut burst = self.connection.begin().await.map_err(Failure::internal)?;
        for name in names {
            sqlx::query("INSERT INTO wp_wu_domain_mappings (blog_id, domain) VALUES (3, ?)")
                .bind(name)
                .execute(&mut *burst)
                .await
                .map_err(Failure::internal)?;
        }
        burst.commit().await.map_err(Failure::internal)
    }

    /// A customer takes a mapping away; how many rows it had comes back.
    pub(super) async fn unmap(&mut self, name: &str) -> Result<u64, Failure> {
        let query = sqlx::query("DELETE FROM wp_wu_domain_mappings WHERE domain = ?").bind(name);
        let done = query.execute(&mut self.connection).await.map_err(Failure::internal)?;
        Ok(done.rows_affected())
    }
}

/// Where a demo's directory has the WordPress database.
pub(super) fn file(directory: &Path) -> PathBuf {
    directory.join("wordpress.sqlite")
}

fn no_demo(directory: &Path) -> Failure {
    let message = format!(
        "{} is not the directory of a running demo. Start one with `demo --keep` and use the \
         command that it prints",
        directory.display()
    );
    Failure::new(Exit::Usage, message)
}
