//! Whether WordPress's tables can be read. Pure.

use crate::doctor::Look;
use crate::doctor::check::{Check, Finding};
use crate::doctor::facts::Facts;
use crate::text::counted;
use crate::wordpress::{DatabaseError, PlainTable};

pub(super) const CHECKS: &[Look] =
    &[database_reachable, database_login, mappings_table, table_columns, table_engine];

fn database_reachable(facts: &Facts) -> Option<Finding> {
    let check = Check::DatabaseReachable;
    match error(facts) {
        Some(
            away @ (DatabaseError::Unreachable(_)
            | DatabaseError::TimedOut(_)
            | DatabaseError::Failed(_)),
        ) => check.fail(
            away.to_string(),
            "Look whether it runs (systemctl status mariadb) and DB_HOST is what WordPress uses",
        ),
        Some(none @ (DatabaseError::NoSuchFile(_) | DatabaseError::NotADatabase(_))) => {
            check.fail(none.to_string(), "Set --database-url to the file that WordPress uses")
        }
        Some(_) => None,
        None => facts.wordpress.tables.as_ref().and_then(|_| check.ok("it answers")),
    }
}

fn database_login(facts: &Facts) -> Option<Finding> {
    let refused = error(facts)?;
    matches!(refused, DatabaseError::Login(_) | DatabaseError::BadUrl).then_some(())?;
    let mend = "Use the login of wp-config.php, or make one: CREATE USER, then GRANT SELECT as the README has it";
    Check::DatabaseLogin.fail(refused.to_string(), mend)
}

fn mappings_table(facts: &Facts) -> Option<Finding> {
    let (check, tables) = (Check::MappingsTable, facts.wordpress.tables.as_ref()?);
    match tables {
        Ok(tables) => check.ok(counted(tables.mappings.len(), "row")),
        Err(missing @ DatabaseError::MissingTable { similar, .. }) => {
            let mend = if similar.is_empty() {
                "Run Ultimate Multisite's setup wizard, or GRANT SELECT on the table"
            } else {
                "Set --table-prefix to what stands as $table_prefix in wp-config.php"
            };
            check.fail(missing.to_string(), mend)
        }
        Err(_) => None,
    }
}

fn table_columns(facts: &Facts) -> Option<Finding> {
    let odd = error(facts)?;
    matches!(odd, DatabaseError::Schema(_)).then_some(())?;
    let mend = "Open the network admin once, so that WordPress and the plugin bring their tables up to date";
    Check::TableColumns.fail(odd.to_string(), mend)
}

fn table_engine(facts: &Facts) -> Option<Finding> {
    let (check, survey) = (Check::TableEngine, facts.wordpress.survey.as_ref()?.as_ref().ok()?);
    let Some(PlainTable { name, engine }) = survey.plain_tables.first() else {
        return check.ok("tables are read as they are at one moment");
    };
    let more = match survey.plain_tables.len() - 1 {
        0 => String::new(),
        more => format!(", and {} like it", counted(more, "table")),
    };
    let evidence = format!(
        "{name} is of {engine}{more}: a change made in several statements can be read half done, and only \
         removal_grace outlasts it"
    );
    let all = survey.plain_tables.iter();
    let all = all.map(|table| format!("\nALTER TABLE {} ENGINE = InnoDB;", table.name));
    check.note(evidence, format!("After a backup, in SQL:{}", all.collect::<String>()))
}

fn error(facts: &Facts) -> Option<&DatabaseError> {
    let tables = facts.wordpress.tables.as_ref().and_then(|tables| tables.as_ref().err());
    tables.or_else(|| facts.wordpress.survey.as_ref()?.as_ref().err())
}
