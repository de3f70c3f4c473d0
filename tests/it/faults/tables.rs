//! Bad reads of the tables: what can be wrong with them or the way to them, and how it is undone.

use super::churn::Stir;
use super::doors::Door;

/// Something wrong with the tables, or with the way to them.
pub struct Damage {
    pub name: &'static str,
    pub how: How,
    /// The change of rows that goes before it.
    pub stir: Stir,
    /// Whether names that are gone may be added again meanwhile.
    pub revives: bool,
}

pub enum How {
    /// Statements that break the tables. What they did to rows is undone by writing the rows anew, the
    /// rest by the second statements.
    Broken { breaks: &'static str, mends: &'static str },
    /// Statements of a transaction, or of a lock, that stays open meanwhile.
    Open { begins: &'static str, ends: &'static str, door: Option<Door> },
    /// The rows of long ago, with the next id of then.
    OldCopy,
    /// The connection fails.
    Shut(Door),
}

impl Damage {
    /// Whether it can be told only by who has read all that was there before.
    pub fn needs_memory(&self) -> bool {
        matches!(self.how, How::OldCopy) || self.stir == Stir::NoNewName
    }
}

/// Something that can be told by itself.
pub const fn broken(name: &'static str, breaks: &'static str, mends: &'static str) -> Damage {
    Damage { name, how: How::Broken { breaks, mends }, stir: Stir::Any, revives: false }
}

/// Rows that are not what they were: only of rows that were read before can it be known.
pub const fn changed(name: &'static str, breaks: &'static str, mends: &'static str) -> Damage {
    Damage { name, how: How::Broken { breaks, mends }, stir: Stir::NoNewName, revives: false }
}

/// A transaction that stays open meanwhile.
pub const fn open(name: &'static str, begins: &'static str, ends: &'static str) -> Damage {
    Damage { name, how: How::Open { begins, ends, door: None }, stir: Stir::Any, revives: false }
}

/// Rows without a site count as if they had one.
const fn reviving(name: &'static str, breaks: &'static str, mends: &'static str) -> Damage {
    Damage { revives: true, ..broken(name, breaks, mends) }
}

const fn shut(name: &'static str, door: Door) -> Damage {
    Damage { name, how: How::Shut(door), stir: Stir::Any, revives: false }
}

/// `{reader}` stands for the account that reads.
pub static DAMAGES: [Damage; 38] = [
    shut("connection refused", Door::Nobody),
    shut("the connection closes at once", Door::Closing),
    shut("something else answers", Door::Stranger),
    shut("cut off within the login", Door::Cut(0..120)),
    shut("cut off within the statements", Door::Cut(120..700)),
    shut("cut off within the rows", Door::Cut(700..2_000)),
    shut("wrong password", Door::WrongPassword),
    shut("unknown user", Door::UnknownUser),
    shut("unknown database", Door::UnknownDatabase),
    broken(
        "the account is locked",
        "ALTER USER {reader} ACCOUNT LOCK",
        "ALTER USER {reader} ACCOUNT UNLOCK",
    ),
    broken(
        "the password is expired",
        "ALTER USER {reader} PASSWORD EXPIRE",
        "ALTER USER {reader} IDENTIFIED BY 'pass word'",
    ),
    // Grants.
    broken(
        "the mappings are not granted",
        "REVOKE SELECT ON wp_wu_domain_mappings FROM {reader}",
        "GRANT SELECT ON wp_wu_domain_mappings TO {reader}",
    ),
    broken(
        "one column of the mappings is not granted",
        "REVOKE SELECT ON wp_wu_domain_mappings FROM {reader}; \
         GRANT SELECT (id, blog_id, domain, active) ON wp_wu_domain_mappings TO {reader}",
        "GRANT SELECT ON wp_wu_domain_mappings TO {reader}",
    ),
    reviving(
        "blogs is not granted",
        "REVOKE SELECT ON wp_blogs FROM {reader}",
        "GRANT SELECT ON wp_blogs TO {reader}",
    ),
    broken(
        "site is not granted",
        "REVOKE SELECT ON wp_site FROM {reader}",
        "GRANT SELECT ON wp_site TO {reader}",
    ),
    broken(
        "sitemeta is not granted",
        "REVOKE SELECT ON wp_sitemeta FROM {reader}",
        "GRANT SELECT ON wp_sitemeta TO {reader}",
    ),
    // Tables.
    broken(
        "the mappings are missing",
        "RENAME TABLE wp_wu_domain_mappings TO away",
        "RENAME TABLE away TO wp_wu_domain_mappings",
    ),
    reviving("blogs is missing", "RENAME TABLE wp_blogs TO away", "RENAME TABLE away TO wp_blogs"),
    broken("site is missing", "RENAME TABLE wp_site TO away", "RENAME TABLE away TO wp_site"),
    broken(
        "sitemeta is missing",
        "RENAME TABLE wp_sitemeta TO away",
        "RENAME TABLE away TO wp_sitemeta",
    ),
    reviving(
        "blogs and site are missing",
        "RENAME TABLE wp_blogs TO away, wp_site TO away2",
        "RENAME TABLE away TO wp_blogs, away2 TO wp_site",
    ),
    broken(
        "every table is missing",
        "RENAME TABLE wp_blogs TO away, wp_site TO away2, wp_wu_domain_mappings TO away3",
        "RENAME TABLE away TO wp_blogs, away2 TO wp_site, away3 TO wp_wu_domain_mappings",
    ),
    broken(
        "mappings and blogs are swapped",
        "RENAME TABLE wp_wu_domain_mappings TO away, wp_blogs TO wp_wu_domain_mappings, \
         away TO wp_blogs",
        "RENAME TABLE wp_wu_domain_mappings TO away, wp_blogs TO wp_wu_domain_mappings, \
         away TO wp_blogs",
    ),
    broken(
        "mappings and site are swapped",
        "RENAME TABLE wp_wu_domain_mappings TO away, wp_site TO wp_wu_domain_mappings, \
         away TO wp_site",
        "RENAME TABLE wp_wu_domain_mappings TO away, wp_site TO wp_wu_domain_mappings, \
         away TO wp_site",
    ),
    broken(
        "blogs and site are swapped",
        "RENAME TABLE wp_blogs TO away, wp_site TO wp_blogs, away TO wp_site",
        "RENAME TABLE wp_blogs TO away, wp_site TO wp_blogs, away TO wp_site",
    ),
    changed(
        "a staging copy in the place of the mappings",
        "CREATE TABLE away LIKE wp_wu_domain_mappings; \
         INSERT INTO away SELECT * FROM wp_wu_domain_mappings ORDER BY id LIMIT 2; \
         RENAME TABLE wp_wu_domain_mappings TO away2, away TO wp_wu_domain_mappings",
        "RENAME TABLE wp_wu_domain_mappings TO away, away2 TO wp_wu_domain_mappings; \
         DROP TABLE away",
    ),
    broken(
        "a view without rows in the place of the mappings",
        "RENAME TABLE wp_wu_domain_mappings TO away; \
         CREATE VIEW wp_wu_domain_mappings AS SELECT * FROM away WHERE id < 0",
        "DROP VIEW wp_wu_domain_mappings; RENAME TABLE away TO wp_wu_domain_mappings",
    ),
    broken(
        "a view that is broken in the place of the mappings",
        "RENAME TABLE wp_wu_domain_mappings TO away; \
         CREATE VIEW wp_wu_domain_mappings AS SELECT * FROM away; \
         RENAME TABLE away TO away2",
        "DROP VIEW wp_wu_domain_mappings; RENAME TABLE away2 TO wp_wu_domain_mappings",
    ),
    broken(
        "a view without rows in the place of blogs",
        "RENAME TABLE wp_blogs TO away; CREATE VIEW wp_blogs AS SELECT * FROM away WHERE blog_id < 0",
        "DROP VIEW wp_blogs; RENAME TABLE away TO wp_blogs",
    ),
    // Columns.
    broken(
        "the mappings have no id",
        "ALTER TABLE wp_wu_domain_mappings RENAME COLUMN id TO away",
        "ALTER TABLE wp_wu_domain_mappings RENAME COLUMN away TO id",
    ),
    broken(
        "the mappings have no blog_id",
        "ALTER TABLE wp_wu_domain_mappings RENAME COLUMN blog_id TO away",
        "ALTER TABLE wp_wu_domain_mappings RENAME COLUMN away TO blog_id",
    ),
    broken(
        "the mappings have no domain",
        "ALTER TABLE wp_wu_domain_mappings RENAME COLUMN domain TO away",
        "ALTER TABLE wp_wu_domain_mappings RENAME COLUMN away TO domain",
    ),
    broken(
        "the mappings have no active",
        "ALTER TABLE wp_wu_domain_mappings RENAME COLUMN active TO away",
        "ALTER TABLE wp_wu_domain_mappings RENAME COLUMN away TO active",
    ),
    broken(
        "the mappings have no stage",
        "ALTER TABLE wp_wu_domain_mappings RENAME COLUMN stage TO away",
        "ALTER TABLE wp_wu_domain_mappings RENAME COLUMN away TO stage",
    ),
    broken(
        "blogs has no blog_id",
        "ALTER TABLE wp_blogs RENAME COLUMN blog_id TO away",
        "ALTER TABLE wp_blogs RENAME COLUMN away TO blog_id",
    ),
    broken(
        "blogs has no archived",
        "ALTER TABLE wp_blogs RENAME COLUMN archived TO away",
        "ALTER TABLE wp_blogs RENAME COLUMN away TO archived",
    ),
    broken(
        "site has no domain",
        "ALTER TABLE wp_site RENAME COLUMN domain TO away",
        "ALTER TABLE wp_site RENAME COLUMN away TO domain",
    ),
    broken(
        "stages that nobody knows",
        "ALTER TABLE wp_wu_domain_mappings MODIFY stage VARCHAR(20); \
         UPDATE wp_wu_domain_mappings SET stage = 'paused' WHERE id % 2 = 0 AND stage <> 'failed'",
        "UPDATE wp_wu_domain_mappings SET stage = 'done'; \
         ALTER TABLE wp_wu_domain_mappings MODIFY stage enum('checking-dns','checking-ssl-cert',\
         'done-without-ssl','done','failed','ssl-failed') DEFAULT 'checking-dns'",
    ),
];
