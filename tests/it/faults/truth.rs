//! What the tables really say, kept beside them, so that a fault in them can be seen and undone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

pub const MAIN: i64 = 1;
/// The network's own name: RunCloud's primary, and never anybody's to remove.
pub const NETWORK: &str = "network.test";
pub const STAGES: [&str; 6] =
    ["'checking-dns'", "'checking-ssl-cert'", "'done'", "'ssl-failed'", "NULL", "'failed'"];

/// What the contract says a name is: the greater one wins where rows disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    NotWanted,
    Kept,
    Wanted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    Live,
    Archived,
    Spam,
    Deleted,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub site: i64,
    pub name: String,
    /// As SQL writes it.
    pub active: &'static str,
    /// As SQL writes it.
    pub stage: &'static str,
}

/// The rows of the tables, by their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truth {
    pub rows: BTreeMap<i64, Row>,
    pub sites: BTreeMap<i64, Site>,
    /// The id that the mapping table gives out next.
    next_id: i64,
}

impl Truth {
    /// Four sites with nothing mapped.
    pub fn new() -> Self {
        let sites = (MAIN..=4).map(|site| (site, Site::Live)).collect();
        Self { rows: BTreeMap::new(), sites, next_id: 8 }
    }

    pub fn map(&mut self, site: i64, name: &str) {
        let row = Row { site, name: name.to_owned(), active: "1", stage: "'done'" };
        self.rows.insert(self.next_id, row);
        self.next_id += 1;
    }

    pub fn standing(&self, name: &str) -> Standing {
        let rows = self.rows.values().filter(|row| row.name == name);
        let sites = self.sites.iter().filter(|(id, _)| own_name(**id) == name);
        let by_site = sites.map(|(_, site)| site.standing());
        rows.map(|row| self.standing_of(row)).chain(by_site).max().unwrap_or(Standing::NotWanted)
    }

    /// Every name that a row or a site wants or keeps.
    pub fn claimed(&self) -> BTreeSet<String> {
        let mapped = self.rows.values().map(|row| row.name.clone());
        let names = mapped.chain(self.sites.keys().map(|id| own_name(*id)));
        names.filter(|name| self.standing(name) >= Standing::Kept).collect()
    }

    pub fn is_claimed(&self, name: &str) -> bool {
        name == NETWORK || self.standing(name) >= Standing::Kept
    }

    fn standing_of(&self, row: &Row) -> Standing {
        let by_site = self.sites.get(&row.site).map_or(Standing::NotWanted, |site| site.standing());
        let is_kept = row.stage == "'failed'" || row.active != "1";
        by_site.min(if is_kept { Standing::Kept } else { Standing::Wanted })
    }

    /// Statements that make the tables say this, whatever their rows are.
    pub fn to_sql(&self) -> String {
        let mut sql = String::from(
            "START TRANSACTION; DELETE FROM wp_wu_domain_mappings; DELETE FROM wp_blogs; \
             DELETE FROM wp_site; INSERT INTO wp_site VALUES (1, 'network.test', '/');",
        );
        for (id, Row { site, name, active, stage }) in &self.rows {
            write!(
                sql,
                "INSERT INTO wp_wu_domain_mappings (id, blog_id, domain, active, stage) \
                 VALUES ({id}, {site}, '{name}', {active}, {stage});"
            )
            .unwrap();
        }
        for (id, site) in &self.sites {
            let state = |state: Site| i32::from(*site == state);
            let (archived, spam, deleted) =
                (state(Site::Archived), state(Site::Spam), state(Site::Deleted));
            write!(
                sql,
                "INSERT INTO wp_blogs (blog_id, site_id, domain, path, archived, spam, deleted) \
                 VALUES ({id}, 1, '{}', '/', {archived}, {spam}, {deleted});",
                own_name(*id)
            )
            .unwrap();
        }
        sql + "COMMIT;"
    }

    /// The same for a table whose next id may be any.
    pub fn to_sql_with_next_id(&self) -> String {
        let next_id = self.next_id;
        self.to_sql() + &format!("ALTER TABLE wp_wu_domain_mappings AUTO_INCREMENT = {next_id}")
    }
}

impl Site {
    fn standing(self) -> Standing {
        if self == Self::Live { Standing::Wanted } else { Standing::Kept }
    }
}

/// The own name of a site.
pub fn own_name(site: i64) -> String {
    match site {
        MAIN => NETWORK.to_owned(),
        2 => "shop.network.test".to_owned(),
        other => format!("site{other}.network.test"),
    }
}
