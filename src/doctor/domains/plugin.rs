//! What the plugin itself does, or fails to do, about domains. Pure.

use std::time::Duration;

use crate::doctor::Look;
use crate::doctor::check::{Check, Finding};
use crate::doctor::facts::Facts;
use crate::doctor::ours::readable;
use crate::doctor::words::ago;
use crate::text::counted;
use crate::wordpress::{Jobs, OtherTable, Survey};

pub(super) const CHECKS: &[Look] =
    &[plugin_integration, plugin_jobs_failed, plugin_queue_stuck, second_network_table];

/// Action Scheduler runs what is due once a minute, where WordPress's cron runs.
const STUCK: Duration = Duration::from_hours(1);

fn plugin_integration(facts: &Facts) -> Option<Finding> {
    let check = Check::PluginIntegration;
    match &survey(facts)?.plugin {
        None => check.note("cannot be told: sitemeta cannot be read", readable(facts, "sitemeta")),
        Some(plugin) if plugin.integration_is_on => check.warn(
            "the plugin's own RunCloud integration is on: two writers make twice the calls, and it sets www \
             for every name and reorders certificates on its own",
            "Switch it off in the network admin: Ultimate Multisite, Settings, Integrations, RunCloud",
        ),
        Some(_) => check.ok("off, so this program is the only writer"),
    }
}

fn plugin_jobs_failed(facts: &Facts) -> Option<Finding> {
    let failed = jobs(facts)?.iter().filter(|jobs| jobs.status == "failed");
    let failed: Vec<String> = failed.map(in_words).collect();
    (!failed.is_empty()).then_some(())?;
    let evidence =
        format!("jobs of the plugin that failed in the last 7 days: {}", failed.join(", "));
    let mend = "Network admin, Tools, Scheduled Actions, Failed: it says why. What they were to add or remove, \
                this program does from the table";
    Check::PluginJobsFailed.warn(evidence, mend)
}

fn plugin_queue_stuck(facts: &Facts) -> Option<Finding> {
    let check = Check::PluginQueueStuck;
    let Some(jobs) = jobs(facts) else {
        survey(facts)?;
        let mend = readable(facts, "actionscheduler_actions");
        return check.note("cannot be told: actionscheduler_actions cannot be read", mend);
    };
    let is_late = |jobs: &&Jobs| {
        jobs.status != "failed" && jobs.oldest.is_some_and(|due| due.plus(STUCK) < facts.now)
    };
    let late: Vec<_> = jobs.iter().filter(is_late).collect();
    let Some(oldest) = late.iter().filter_map(|jobs| jobs.oldest).min() else {
        return check.ok("no job is late");
    };
    let kinds: Vec<String> = late.iter().map(|jobs| in_words(jobs)).collect();
    let evidence = format!(
        "jobs of the plugin wait, the oldest since {}: {}",
        ago(oldest, facts.now),
        kinds.join(", ")
    );
    let mend = "WordPress's cron does not run: have cron call `wp cron event run --due-now` every minute. Until \
                then no row gets past checking-dns, and WordPress serves none of them";
    check.warn(evidence, mend)
}

fn second_network_table(facts: &Facts) -> Option<Finding> {
    let has_rows = |table: &&OtherTable| table.rows != Some(0);
    let tables: Vec<_> = survey(facts)?.other_tables.iter().filter(has_rows).collect();
    let shown = tables.iter().map(|table| match table.rows {
        Some(rows) => format!(
            "{} ({})",
            table.name,
            counted(usize::try_from(rows).unwrap_or(usize::MAX), "row")
        ),
        None => format!("{} (rows unknown)", table.name),
    });
    let shown: Vec<String> = shown.collect();
    (!shown.is_empty()).then_some(())?;
    let evidence = format!(
        "{}: names mapped in a second network's admin, which WordPress serves to nobody and this program \
         ignores",
        shown.join(", ")
    );
    Check::SecondNetworkTable.warn(evidence, "Map them in the main network's admin instead")
}

fn survey(facts: &Facts) -> Option<&Survey> {
    facts.wordpress.survey.as_ref()?.as_ref().ok()
}

fn jobs(facts: &Facts) -> Option<&Vec<Jobs>> {
    survey(facts)?.jobs.as_ref()
}

fn in_words(jobs: &Jobs) -> String {
    format!("{} {}", jobs.count, jobs.hook)
}
