//! Bad rows: gone, of long ago, or not what they were.

use super::churn::Stir;
use super::doors::Door;
use super::tables::{Damage, How, broken, changed, open};

/// The table as it is within an import, put in the place of the whole one at once: a committed DELETE by itself would be
/// what an operator may do.
macro_rules! import {
    ($name:literal, $rows:literal, $shape:literal, $mends:literal) => {
        changed(
            $name,
            concat!(
                "CREATE TABLE away LIKE wp_wu_domain_mappings; ",
                $shape,
                "INSERT INTO away SELECT * FROM wp_wu_domain_mappings WHERE ",
                $rows,
                "; RENAME TABLE wp_wu_domain_mappings TO away2, away TO wp_wu_domain_mappings; \
                 DROP TABLE away2",
            ),
            $mends,
        )
    };
}

pub static DAMAGES: [Damage; 37] = [
    // Rows that are gone.
    broken("the mappings are emptied", "DELETE FROM wp_wu_domain_mappings", ""),
    broken("the mappings are truncated", "TRUNCATE wp_wu_domain_mappings", ""),
    broken("blogs is emptied", "DELETE FROM wp_blogs", ""),
    broken("blogs is truncated", "TRUNCATE wp_blogs", ""),
    broken("site is emptied", "DELETE FROM wp_site", ""),
    broken("site is truncated", "TRUNCATE wp_site", ""),
    broken("blogs has no site 1", "DELETE FROM wp_blogs WHERE blog_id = 1", ""),
    broken("blogs has only site 2", "DELETE FROM wp_blogs WHERE blog_id <> 2", ""),
    broken(
        "every table is emptied",
        "DELETE FROM wp_blogs; DELETE FROM wp_site; DELETE FROM wp_wu_domain_mappings",
        "",
    ),
    import!(
        "an import that has come to the third row and makes the counter last",
        "id <= 10",
        "ALTER TABLE away MODIFY id bigint(20) NOT NULL; ",
        "ALTER TABLE wp_wu_domain_mappings MODIFY id bigint(20) NOT NULL AUTO_INCREMENT"
    ),
    import!("an import that has come to the sixth row", "id <= 13", "", ""),
    import!("a restore whose first rows are missing", "id BETWEEN 10 AND 14", "", ""),
    Damage {
        name: "an old copy is restored",
        how: How::OldCopy,
        stir: Stir::NewName,
        revives: true,
    },
    open(
        "half of the rows are gone in an open transaction",
        "START TRANSACTION; DELETE FROM wp_wu_domain_mappings WHERE id % 2 = 0",
        "ROLLBACK",
    ),
    open(
        "every row is gone in an open transaction",
        "START TRANSACTION; DELETE FROM wp_wu_domain_mappings; DELETE FROM wp_blogs",
        "ROLLBACK",
    ),
    open(
        "every row is garbled in an open transaction",
        "START TRANSACTION; UPDATE wp_wu_domain_mappings SET domain = CONCAT('x-', id, '.invalid')",
        "ROLLBACK",
    ),
    Damage {
        name: "the mappings are locked",
        how: How::Open {
            begins: "LOCK TABLES wp_wu_domain_mappings WRITE",
            ends: "UNLOCK TABLES",
            door: Some(Door::Hasty),
        },
        stir: Stir::Any,
        revives: false,
    },
    Damage {
        name: "blogs is locked",
        how: How::Open {
            begins: "LOCK TABLES wp_blogs WRITE",
            ends: "UNLOCK TABLES",
            door: Some(Door::Hasty),
        },
        stir: Stir::Any,
        revives: false,
    },
    // Rows that are not what they were.
    changed(
        "some names are none",
        "UPDATE wp_wu_domain_mappings SET domain = 'not a name' WHERE id % 3 = 0",
        "",
    ),
    changed(
        "every name with www is none",
        "UPDATE wp_wu_domain_mappings SET domain = 'www.' WHERE domain LIKE 'www.%'",
        "",
    ),
    changed(
        "every name without www is none",
        "UPDATE wp_wu_domain_mappings SET domain = '-' WHERE domain NOT LIKE 'www.%'",
        "",
    ),
    changed("every name is none", "UPDATE wp_wu_domain_mappings SET domain = 'not a name'", ""),
    changed("names are empty", "UPDATE wp_wu_domain_mappings SET domain = ''", ""),
    changed(
        "names are NULL",
        "ALTER TABLE wp_wu_domain_mappings MODIFY domain VARCHAR(191) NULL; \
         UPDATE wp_wu_domain_mappings SET domain = NULL WHERE id % 2 = 0",
        "UPDATE wp_wu_domain_mappings SET domain = ''; \
         ALTER TABLE wp_wu_domain_mappings MODIFY domain VARCHAR(191) NOT NULL",
    ),
    changed(
        "names are no UTF-8",
        "ALTER TABLE wp_wu_domain_mappings MODIFY domain VARBINARY(191) NOT NULL; \
         UPDATE wp_wu_domain_mappings SET domain = CONCAT(0xC328FF, domain) WHERE id % 2 = 0",
        "UPDATE wp_wu_domain_mappings SET domain = ''; \
         ALTER TABLE wp_wu_domain_mappings MODIFY domain VARCHAR(191) NOT NULL",
    ),
    changed(
        "names are URLs",
        "UPDATE wp_wu_domain_mappings SET domain = CONCAT('https://', domain, '/')",
        "",
    ),
    changed(
        "names are wildcards",
        "UPDATE wp_wu_domain_mappings SET domain = CONCAT('*.', domain)",
        "",
    ),
    changed(
        "names are addresses",
        "UPDATE wp_wu_domain_mappings SET domain = CONCAT('192.0.2.', id % 250)",
        "",
    ),
    changed(
        "names are too long",
        "UPDATE wp_wu_domain_mappings SET domain = RPAD(domain, 191, 'x') WHERE id % 2 = 1",
        "",
    ),
    broken(
        "names in capitals, with blanks and a dot",
        "UPDATE wp_wu_domain_mappings SET domain = CONCAT(' ', UPPER(domain), '. ')",
        "",
    ),
    broken("every row is inactive", "UPDATE wp_wu_domain_mappings SET active = 0", ""),
    broken("every row's active is NULL", "UPDATE wp_wu_domain_mappings SET active = NULL", ""),
    broken("every row has failed", "UPDATE wp_wu_domain_mappings SET stage = 'failed'", ""),
    broken("every site is archived", "UPDATE wp_blogs SET archived = 1", ""),
    broken("every site is deleted", "UPDATE wp_blogs SET deleted = 1", ""),
    broken(
        "dates are zero",
        "SET SESSION sql_mode = ''; \
         UPDATE wp_wu_domain_mappings SET date_created = '0000-00-00', date_modified = '2026-13-99'",
        "",
    ),
    broken("site holds another name", "UPDATE wp_site SET domain = 'other.test'", ""),
];
