//! What a login may do, of what the database shows about it.

/// One line of `SHOW GRANTS`, without what it says of the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What may be done, such as `SELECT` or `ALL PRIVILEGES`.
    pub privileges: Vec<String>,
    /// Where, without quotes: `*.*`, `wordpress.*`, `wordpress.wp_blogs`.
    pub scope: String,
}

impl Grant {
    /// Reads a line; none where it grants a role, whose own rights have lines of their own.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (_, rest) = line.split_once(' ')?;
        let (privileges, rest) = rest.split_once(" ON ")?;
        let (scope, rest) = rest.split_once(" TO ")?;
        let mut privileges = split(privileges);
        if rest.ends_with("OPTION") {
            privileges.push("WITH GRANT OPTION".to_owned());
        }
        let scope = scope.trim_start_matches("TABLE ").replace('`', "").replace("\\_", "_");
        Some(Self { privileges, scope })
    }

    /// What it allows beyond reading.
    pub fn beyond_reading(&self) -> Vec<&str> {
        let reads = |privilege: &str| {
            let word = privilege.split('(').next().unwrap_or_default().trim();
            matches!(word, "SELECT" | "USAGE" | "SHOW VIEW" | "SHOW DATABASES")
        };
        self.privileges.iter().map(String::as_str).filter(|one| !reads(one)).collect()
    }

    /// Whether it allows to read the tables of every database.
    pub fn reads_everything(&self) -> bool {
        self.scope == "*.*" && self.privileges.iter().any(|one| one == "SELECT")
    }
}

/// Splits at commas that are not between the names of columns.
fn split(privileges: &str) -> Vec<String> {
    let mut depth = 0;
    let parts = privileges.split(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.map(|part| part.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(line: &str) -> Grant {
        Grant::parse(line).unwrap()
    }

    #[test]
    fn a_grant_is_what_and_where_and_no_password() {
        let all = grant(
            "GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` IDENTIFIED BY PASSWORD '*SECRET' WITH \
             GRANT OPTION",
        );
        assert_eq!(
            (all.scope.as_str(), all.beyond_reading()),
            ("*.*", vec!["ALL PRIVILEGES", "WITH GRANT OPTION"])
        );
        assert!(!format!("{all:?}").contains("SECRET"));
        let one = grant("GRANT SELECT ON `wordpress`.`wp_blogs` TO `sync`@`%`");
        assert_eq!((one.scope.as_str(), one.beyond_reading().len()), ("wordpress.wp_blogs", 0));
        assert!(!one.reads_everything());
        assert!(grant("GRANT SELECT, SHOW VIEW ON *.* TO `sync`@`%`").reads_everything());
    }

    #[test]
    fn columns_are_part_of_a_privilege() {
        let columns =
            grant("GRANT SELECT (`id`, `domain`), UPDATE (`stage`) ON `w`.`t` TO `u`@`%`");
        assert_eq!(columns.privileges.len(), 2);
        assert_eq!(columns.beyond_reading(), ["UPDATE (`stage`)"]);
    }

    #[test]
    fn a_role_is_no_grant_of_its_own() {
        assert_eq!(Grant::parse("GRANT `reader` TO `sync`@`%`"), None);
    }
}
