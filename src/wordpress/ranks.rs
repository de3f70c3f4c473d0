use std::collections::BTreeMap;

use super::database::Database;
use super::error::DatabaseError;
use super::serving::Rank;
use super::tables::Cells;

impl Database {
    /// By what the plugin prefers each of these rows. A table without the columns prefers none.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn ranks(&self, mappings: &[i64]) -> Result<BTreeMap<i64, Rank>, DatabaseError> {
        if mappings.is_empty() {
            return Ok(BTreeMap::new());
        }
        let ids = mappings.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "SELECT CAST(`id` AS CHAR), CAST(`primary_domain` AS CHAR), CAST(`secure` AS CHAR) FROM `{}` \
             WHERE `id` IN ({ids})",
            self.prefix.table("wu_domain_mappings")
        );
        let mut opened = self.source.open().await?;
        match opened.rows(sql, rank_of).await {
            Ok(rows) => Ok(rows.into_iter().flatten().collect()),
            Err(sqlx::Error::Database(_)) => Ok(BTreeMap::new()),
            Err(error) => Err(error.into()),
        }
    }
}

fn rank_of([id, primary, secure]: Cells<3>) -> Option<(i64, Rank)> {
    let is_set = |cell: Option<String>| cell.is_some_and(|text| text.trim() == "1");
    let rank = Rank { primary: is_set(primary), secure: is_set(secure) };
    Some((id?.trim().parse().ok()?, rank))
}
