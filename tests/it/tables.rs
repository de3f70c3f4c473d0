//! The tables as the real plugin made them, and as years of use leave them, read from a real MariaDB
//! and from SQLite by the same queries.

use std::time::Duration;

use runcloud_domain_sync::wordpress::{
    Database, DatabaseError, Desired, Login, Source, Standing, Subdomains, TablePrefix, Tables,
};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Executor, SqliteConnection, sqlite::SqliteConnectOptions,
};

use crate::support::mariadb;

fn reading(url: &str, prefix: &str) -> Database {
    let source = Source::MySql(Login::Url(url.to_owned().into()));
    Database::new(source, TablePrefix::new(prefix).unwrap(), Duration::from_millis(10))
}

/// What the tables want, one line per name.
fn wanted(tables: &Tables) -> String {
    let desired = Desired::of(tables, &[], &[], Subdomains::Auto);
    let claims = desired.claims.iter().map(|(name, claim)| {
        let standing = match claim.standing {
            Standing::Wanted => "wanted".to_owned(),
            Standing::Kept(kept) => format!("kept, {kept:?}"),
            Standing::NotWanted => "not wanted".to_owned(),
        };
        format!("{name}: {standing} ({})", claim.cause)
    });
    let protected = desired.protected.iter().map(|name| format!("{name}: protected"));
    let rejected = desired.rejected.iter().map(|row| format!("{}: {}", row.cause, row.rejection));
    claims.chain(protected).chain(rejected).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_real_tables_under_two_prefixes() {
    for prefix in ["wp_", "wpx_"] {
        let database = mariadb::Database::with_tables(prefix).await;
        let tables = reading(&database.url(), prefix).read().await.unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(wanted(&tables), @"
    example.com: wanted (mapping 2 of site 2)
    orphan.example: not wanted (mapping 4 of site 99)
    other.test: wanted (own name of site 4)
    probe.example: kept, StageFailed (mapping 7 of site 2)
    shop.network.test: wanted (mapping 1 of site 2)
    www.example.com: wanted (mapping 3 of site 2)
    net2.test: protected
    network.test: protected
    www.net2.test: protected
    www.network.test: protected
    ");
        }
    }
}

#[tokio::test]
async fn three_grants_are_enough() {
    let database = mariadb::Database::with_tables("wp_").await;
    let whole = reading(&database.url(), "wp_").read().await.unwrap();
    let url = database.reader(&["wp_wu_domain_mappings", "wp_blogs", "wp_site"]).await;
    let granted = reading(&url, "wp_").read().await.unwrap();
    assert_eq!(wanted(&granted), wanted(&whole));
}

#[tokio::test]
async fn without_a_grant_on_blogs_and_site_the_rows_count_as_they_are() {
    let database = mariadb::Database::with_tables("wp_").await;
    let url = database.reader(&["wp_wu_domain_mappings"]).await;
    let tables = reading(&url, "wp_").read().await.unwrap();
    assert_eq!((tables.sites.is_none(), tables.networks.is_none()), (true, true));
    let desired = Desired::of(&tables, &[], &[], Subdomains::Auto);
    assert_eq!(desired.notices.len(), 2);
    assert!(wanted(&tables).contains("orphan.example: wanted"));
}

#[tokio::test]
async fn a_wrong_prefix_names_the_right_one() {
    let database = mariadb::Database::with_tables("wpx_").await;
    let all = reading(&database.url(), "wp_").read().await.unwrap_err();
    assert!(matches!(all, DatabaseError::MissingTable { .. }) && !all.is_transient());
    insta::assert_snapshot!(all, @"
    there is no readable table wp_wu_domain_mappings, but there is wpx_wu_domain_mappings: set --table-prefix to wpx_
    ");
    let url = database.reader(&["wpx_wu_domain_mappings"]).await;
    let granted = reading(&url, "wp_").read().await.unwrap_err();
    assert_eq!(granted.to_string(), all.to_string());
    let empty = mariadb::Database::empty().await;
    insta::assert_snapshot!(reading(&empty.url(), "wp_").read().await.unwrap_err(), @"
    there is no readable table wp_wu_domain_mappings, and none whose name ends in wu_domain_mappings: is Ultimate Multisite set up in this database, and has the user SELECT on the table?
    ");
}

#[tokio::test]
async fn a_refused_login_is_no_passing_trouble() {
    let database = mariadb::Database::with_tables("wp_").await;
    for url in [database.url_for("nobody", "SECRET"), format!("{}_missing", database.url())] {
        let error = reading(&url, "wp_").read().await.unwrap_err();
        assert!(matches!(error, DatabaseError::Login(_)) && !error.is_transient(), "{error}");
        assert!(!error.to_string().contains("SECRET"), "{error}");
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_passing_trouble() {
    let error = reading("mysql://root@127.0.0.1:1/wp", "wp_").read().await.unwrap_err();
    assert!(error.is_transient(), "{error}");
}

#[tokio::test]
async fn collations_enums_nulls_and_zero_dates_of_every_age_are_read() {
    let database = mariadb::Database::with_tables("wp_").await;
    database
        .run(
            "SET SESSION sql_mode = '';
             ALTER TABLE wp_blogs CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
             ALTER TABLE wp_site CONVERT TO CHARACTER SET latin1;
             ALTER TABLE wp_wu_domain_mappings MODIFY stage \
                 ENUM('checking-dns','checking-ssl-cert','done-without-ssl','done','failed');
             INSERT INTO wp_wu_domain_mappings (blog_id, domain, active, stage, date_created) VALUES \
                 (2, 'empty-stage.test', 1, 'ssl-failed', '0000-00-00 00:00:00'), \
                 (2, 'null-stage.test', 1, NULL, NULL), \
                 (2, 'null-active.test', NULL, 'done', NULL), \
                 (2, CONCAT('newline.test', CHAR(10)), 1, 'done', NULL), \
                 (2, 'MÜLLER.example', 1, 'checking-ssl-cert', NULL)",
        )
        .await;
    let text = wanted(&reading(&database.url(), "wp_").read().await.unwrap());
    for line in [
        "empty-stage.test: wanted",
        "null-stage.test: wanted",
        "null-active.test: kept, Inactive",
        "newline.test: wanted",
        "xn--mller-kva.example: wanted",
        "network.test: protected",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn ten_thousand_rows_of_garbage_hide_nothing() {
    let database = mariadb::Database::with_tables("wp_").await;
    database
        .run(
            "SET SESSION sql_mode = '';
             INSERT INTO wp_wu_domain_mappings (blog_id, domain, stage) \
             SELECT seq, ELT(1 + seq % 5, CONCAT('under_score', seq, '.test'), REPEAT('x', 180), \
                 CONCAT('http://', seq, '.test/'), CONCAT('127.0.0.', seq % 256), ''), 'done' \
             FROM seq_1_to_10000;
             INSERT INTO wp_wu_domain_mappings (blog_id, domain) VALUES (2, 'needle.test');
             ALTER TABLE wp_wu_domain_mappings MODIFY domain VARBINARY(191);
             INSERT INTO wp_wu_domain_mappings (blog_id, domain) VALUES (2, X'FF00FE2E74657374')",
        )
        .await;
    let tables = reading(&database.url(), "wp_").read().await.unwrap();
    let desired = Desired::of(&tables, &[], &[], Subdomains::Auto);
    assert_eq!(desired.rejected.len(), 10_001);
    assert!(wanted(&tables).contains("needle.test: wanted"));
}

#[tokio::test]
async fn sqlite_answers_the_same_queries() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".ht.sqlite");
    let mut writer: SqliteConnection = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .connect()
        .await
        .unwrap();
    let tables =
        "CREATE TABLE wp_blogs (blog_id INTEGER PRIMARY KEY, site_id INTEGER, domain TEXT, \
                      path TEXT, archived INTEGER, spam INTEGER, deleted INTEGER);
                  CREATE TABLE wp_site (id INTEGER PRIMARY KEY, domain TEXT, path TEXT);
                  INSERT INTO wp_site VALUES (1, 'network.test', '/');
                  INSERT INTO wp_blogs VALUES (1, 1, 'network.test', '/', 0, 0, 0), \
                      (2, 1, 'shop.network.test', '/', 0, 0, 0);";
    writer.execute(sqlx::raw_sql(tables)).await.unwrap();
    let source = || Source::Sqlite(path.clone());
    let read = |prefix| {
        let prefix = TablePrefix::new(prefix).unwrap();
        Database::new(source(), prefix, Duration::from_millis(10))
    };
    let missing = read("wp_").read().await.unwrap_err();
    assert!(matches!(missing, DatabaseError::MissingTable { .. }), "{missing}");

    let mappings = "CREATE TABLE wp_wu_domain_mappings (id INTEGER PRIMARY KEY AUTOINCREMENT, \
                        blog_id INTEGER, domain TEXT, active INTEGER, stage TEXT);
                    INSERT INTO wp_wu_domain_mappings (blog_id, domain, active, stage) VALUES \
                        (2, 'a.test', 1, 'done'), (2, 'b.test', 1, 'failed'), (9, 'c.test', 1, '')";
    writer.execute(sqlx::raw_sql(AssertSqlSafe(mappings))).await.unwrap();
    insta::assert_snapshot!(wanted(&read("wp_").read().await.unwrap()), @"
    a.test: wanted (mapping 1 of site 2)
    b.test: kept, StageFailed (mapping 2 of site 2)
    c.test: not wanted (mapping 3 of site 9)
    shop.network.test: wanted (own name of site 2)
    network.test: protected
    www.network.test: protected
    ");
    let wrong = read("blog_").read().await.unwrap_err().to_string();
    assert!(wrong.contains("set --table-prefix to wp_"), "{wrong}");
}
