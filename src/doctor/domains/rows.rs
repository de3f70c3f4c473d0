//! Rows that WordPress does not serve, or that mean no name. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::doctor::Look;
use crate::doctor::check::{Check, Finding};
use crate::doctor::facts::Facts;
use crate::doctor::words::names_of;
use crate::domain::Domain;
use crate::text::counted;
use crate::wordpress::{Mapping, Stage};

pub(super) const CHECKS: &[Look] = &[
    network_name_hijacked,
    name_of_two_sites,
    row_rejected,
    row_without_site,
    stage_failed,
    stage_ssl_failed,
    row_inactive,
];

/// How many rows are named.
const SHOWN: usize = 5;

fn network_name_hijacked(facts: &Facts) -> Option<Finding> {
    let (name, cause) = facts.wordpress.desired.as_ref()?.hijacks.first_key_value()?;
    let evidence = format!("{name} is the network's own name, and {cause} maps it to another site");
    let mend = "Delete that row in the network admin (Ultimate Multisite, Domains): once it is done, WordPress \
                serves that site instead of the network";
    Check::NetworkNameHijacked.fail(evidence, mend)
}

/// WordPress takes a name with and without `www.` for one.
fn name_of_two_sites(facts: &Facts) -> Option<Finding> {
    let mut sites = BTreeMap::<Domain, BTreeSet<i64>>::new();
    for (row, name) in live(facts)? {
        sites.entry(name.without_www().unwrap_or(name)).or_default().insert(row.site);
    }
    let shared: Vec<_> = sites.iter().filter(|(_, sites)| sites.len() > 1).collect();
    let (_, first) = shared.first()?;
    let first = first.iter().map(i64::to_string).collect::<Vec<_>>().join(" and ");
    let evidence = format!(
        "{} mapped to more than one site (the first to {first}): WordPress serves one of them",
        names_of(shared.iter().map(|(name, _)| *name))
    );
    Check::NameOfTwoSites
        .warn(evidence, "Delete the rows that are wrong (Ultimate Multisite, Domains)")
}

fn row_rejected(facts: &Facts) -> Option<Finding> {
    let rejected = &facts.wordpress.desired.as_ref()?.rejected;
    let first = rejected.first()?;
    let rows = counted(rejected.len(), "row");
    let evidence = format!("{rows} with no host name; {}: {}", first.cause, first.rejection);
    Check::RowRejected.warn(evidence, "Correct or delete them (Ultimate Multisite, Domains)")
}

fn row_without_site(facts: &Facts) -> Option<Finding> {
    let sites = sites(facts)?;
    let orphans = mappings(facts)?.iter().filter(|row| !sites.contains(&row.site));
    let evidence = rows_of(&orphans.collect::<Vec<_>>())?;
    let evidence = format!("{evidence}: their sites do not exist, so nobody is served there");
    Check::RowWithoutSite.warn(evidence, "Delete them (Ultimate Multisite, Domains)")
}

fn stage_failed(facts: &Facts) -> Option<Finding> {
    let evidence = rows_of(&at_stage(facts, Stage::Failed)?)?;
    let evidence = format!(
        "{evidence} at stage failed: the plugin did not see them arrive within its 25 minutes, does not serve \
         them, and looks at them no more"
    );
    Check::StageFailed.warn(evidence, again("its DNS", "checking-dns"))
}

fn stage_ssl_failed(facts: &Facts) -> Option<Finding> {
    let evidence = rows_of(&at_stage(facts, Stage::SslFailed)?)?;
    let evidence = format!(
        "{evidence} at stage ssl-failed: the plugin saw no certificate within its 25 minutes, does not serve \
         them, and looks at them no more"
    );
    Check::StageSslFailed.warn(evidence, again("its certificate", "checking-ssl-cert"))
}

/// What makes the plugin look at a row once more; a change of stage alone queues nothing.
fn again(what: &str, stage: &str) -> String {
    format!(
        "When {what} is right, let the plugin look at a name once more, by its ID:\n\
         wp wu domain update ID --stage={stage}\n\
         wp eval \"wu_enqueue_async_action('wu_async_process_domain_stage',['domain_id'=>ID],'domain');\""
    )
}

fn row_inactive(facts: &Facts) -> Option<Finding> {
    let is_done = |row: &&Mapping| matches!(row.stage, Stage::Done | Stage::DoneWithoutSsl);
    let rows = live(facts)?.map(|(row, _)| row).filter(|row| !row.active).filter(is_done);
    let evidence = rows_of(&rows.collect::<Vec<_>>())?;
    let evidence = format!(
        "{evidence} inactive although done: saving a domain's form while its check runs switches it off"
    );
    Check::RowInactive
        .warn(evidence, "Switch Active on again, or delete them (Ultimate Multisite, Domains)")
}

fn at_stage(facts: &Facts, stage: Stage) -> Option<Vec<&Mapping>> {
    Some(live(facts)?.map(|(row, _)| row).filter(|row| row.stage == stage).collect())
}

/// Rows with a host name, of sites that exist as far as that can be told.
fn live(facts: &Facts) -> Option<impl Iterator<Item = (&Mapping, Domain)>> {
    let sites = sites(facts);
    let rows = mappings(facts)?.iter();
    let rows = rows.filter(move |row| sites.as_ref().is_none_or(|sites| sites.contains(&row.site)));
    Some(rows.filter_map(|row| Some((row, Domain::parse(&row.domain).ok()?))))
}

fn mappings(facts: &Facts) -> Option<&Vec<Mapping>> {
    Some(&facts.wordpress.tables.as_ref()?.as_ref().ok()?.mappings)
}

fn sites(facts: &Facts) -> Option<BTreeSet<i64>> {
    let sites = facts.wordpress.tables.as_ref()?.as_ref().ok()?.sites.as_ref()?;
    Some(sites.iter().map(|site| site.id).collect())
}

/// `2 rows (12 a.test, 15 b.test)`; none where there are none.
fn rows_of(rows: &[&Mapping]) -> Option<String> {
    (!rows.is_empty()).then_some(())?;
    let shown = rows
        .iter()
        .take(SHOWN)
        .map(|row| format!("{} {}", row.id, row.domain.trim().escape_debug()));
    let shown = shown.collect::<Vec<_>>().join(", ");
    let more = match rows.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("{} ({shown}{more})", counted(rows.len(), "row")))
}
