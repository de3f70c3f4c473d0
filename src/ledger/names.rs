//! Which names are ours, and what is remembered of rows without one.

use std::collections::{BTreeMap, BTreeSet};

use super::certificate::CertificateState;
use super::certificates::write_state;
use super::error::LedgerError;
use super::history::{Action, Line, Rule, Why};
use super::known::{Cause, Origin, Restore};
use super::read::counts;
use super::store::{Ledger, Table, change, delete};
use crate::clock::Timestamp;
use crate::domain::Domain;

/// In how many listings in a row a name has to be missing before it is forgotten.
const ABSENCES: i64 = 3;

impl Ledger {
    /// Adopts names: from now on they may be removed. By [`Rule::Wanted`] they were found in both places, by
    /// [`Rule::Operator`] only RunCloud has them.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn adopt(
        &mut self,
        names: &BTreeMap<Domain, Cause>,
        rule: Rule,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let pass = self.pass;
        let detail =
            if rule == Rule::Operator { "only RunCloud has it" } else { "it was in both places" };
        let mut transaction = change(&mut self.connection).await?;
        for (domain, cause) in names {
            sqlx::query(
                "INSERT OR IGNORE INTO owned (domain, origin, since, mapping, site) \
                 VALUES (?, ?, ?, ?, ?)",
            )
            .bind(domain.as_str())
            .bind(Origin::Adopted.word())
            .bind(now.0)
            .bind(cause.mapping)
            .bind(cause.site)
            .execute(&mut *transaction)
            .await?;
            let why = Some(Why { rule, cause: *cause });
            let line = Line::done(Action::Adopt, Some(domain), detail, now);
            Line { pass, why, ..line }.write(&mut transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Notes what wants the owned names now.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn recause(&mut self, names: &BTreeMap<Domain, Cause>) -> Result<(), LedgerError> {
        let mut transaction = change(&mut self.connection).await?;
        for (domain, cause) in names {
            sqlx::query("UPDATE owned SET mapping = ?, site = ? WHERE domain = ?")
                .bind(cause.mapping)
                .bind(cause.site)
                .bind(domain.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Counts the listings in a row in which names were not where they were: in neither place any more, or
    /// listed under this other id while their own is another name's. After three of them that is believed,
    /// and the name forgotten, or its id taken over: one odd page must not make an orphan.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn note_astray(
        &mut self,
        astray: &BTreeMap<Domain, Option<u64>>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let query = sqlx::query("SELECT domain, absent FROM owned WHERE absent > 0");
        let before = counts(&query.fetch_all(&mut self.connection).await?)?;
        let (mut forgotten, mut moves) = (Vec::new(), BTreeMap::new());
        let mut transaction = change(&mut self.connection).await?;
        for name in before.keys().chain(astray.keys()).collect::<BTreeSet<_>>() {
            let count = before.get(name).map_or(1, |count| count + 1);
            let count = if astray.contains_key(name) { count } else { 0 };
            match astray.get(name) {
                Some(None) if count >= ABSENCES => forgotten.push(name),
                Some(Some(id)) if count >= ABSENCES => drop(moves.insert(name.clone(), Some(*id))),
                _ => {}
            }
            sqlx::query("UPDATE owned SET absent = ? WHERE domain = ?")
                .bind(count)
                .bind(name.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        self.take_moves(&moves, now).await?;
        if forgotten.is_empty() { Ok(()) } else { self.forget(&forgotten, now).await }
    }

    /// Writes down that the entries of owned names are others than they were, as [`super::Known::take_moves`] does in
    /// memory.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn take_moves(
        &mut self,
        moves: &BTreeMap<Domain, Option<u64>>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        if moves.is_empty() {
            return Ok(());
        }
        let due = CertificateState::due(now);
        let mut transaction = change(&mut self.connection).await?;
        for (domain, id) in moves {
            sqlx::query("UPDATE owned SET id = ?, absent = 0 WHERE domain = ?")
                .bind(id.map(u64::cast_signed))
                .bind(domain.as_str())
                .execute(&mut *transaction)
                .await?;
            let known = sqlx::query("SELECT 1 FROM certificate WHERE domain = ?");
            let known = known.bind(domain.as_str()).fetch_optional(&mut *transaction).await?;
            if known.is_some() {
                write_state(&mut transaction, domain, &due).await?;
            }
        }
        Ok(transaction.commit().await?)
    }

    /// Writes down RunCloud's ids of the entries of owned names.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn note_ids(&mut self, ids: &BTreeMap<Domain, u64>) -> Result<(), LedgerError> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut transaction = change(&mut self.connection).await?;
        for (domain, id) in ids {
            sqlx::query("UPDATE owned SET id = ? WHERE domain = ?")
                .bind(id.cast_signed())
                .bind(domain.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// RunCloud's ids of the entries of those of the names that are owned, as far as they are known.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn entry_ids(
        &mut self,
        names: impl IntoIterator<Item = &Domain>,
    ) -> Result<BTreeMap<Domain, u64>, LedgerError> {
        let mut ids = BTreeMap::new();
        for domain in names {
            let id = sqlx::query_scalar("SELECT id FROM owned WHERE domain = ? AND id IS NOT NULL");
            let id: Option<i64> =
                id.bind(domain.as_str()).fetch_optional(&mut self.connection).await?;
            ids.extend(id.map(|id| (domain.clone(), id.cast_unsigned())));
        }
        Ok(ids)
    }

    /// Forgets ownership of names, and what is owed for them.
    async fn forget(&mut self, names: &[&Domain], now: Timestamp) -> Result<(), LedgerError> {
        let tables =
            [Table::Owned, Table::Certificate, Table::Failure, Table::Repair, Table::Approved];
        let pass = self.pass;
        let mut transaction = change(&mut self.connection).await?;
        for domain in names {
            for table in tables {
                delete(&mut transaction, table, domain).await?;
            }
            let detail = "no row wants it, and three listings in a row did not have it";
            let line = Line::done(Action::Forget, Some(domain), detail, now);
            Line { pass, ..line }.write(&mut transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Writes down that an operator wants a removed name back.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn restore(
        &mut self,
        domain: &Domain,
        restore: Restore,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let Restore { event, www, cause } = restore;
        let mut transaction = change(&mut self.connection).await?;
        sqlx::query("INSERT OR REPLACE INTO restore VALUES (?, ?, ?, ?, ?)")
            .bind(domain.as_str())
            .bind(event)
            .bind(www)
            .bind(cause.mapping)
            .bind(cause.site)
            .execute(&mut *transaction)
            .await?;
        let detail = format!("undo of event {event}");
        Line::done(Action::Undo, Some(domain), &detail, now).write(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Writes down the names that rows hold now, and forgets the rows that are gone.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn note_rows(
        &mut self,
        hold: &[(i64, &Domain)],
        gone: &[i64],
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let mut transaction = change(&mut self.connection).await?;
        for (mapping, domain) in hold {
            sqlx::query(
                "INSERT OR REPLACE INTO row (mapping, domain, since) \
                 VALUES (?, ?, coalesce((SELECT noticed FROM service), ?))",
            )
            .bind(mapping)
            .bind(domain.as_str())
            .bind(now.0)
            .execute(&mut *transaction)
            .await?;
        }
        for mapping in gone {
            sqlx::query("DELETE FROM row WHERE mapping = ?")
                .bind(mapping)
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }
}
