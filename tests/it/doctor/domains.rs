use std::time::SystemTime;

use runcloud_domain_sync::simulator::{Effect, Fault, Kind, LogLine};
use serde_json::json;

use super::SetUp;

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_does_not_add_up() {
    let set_up = SetUp::fine().await;
    let odd = Fault::on("GET", "/domains").with(Effect::Edit(|body| {
        body["meta"]["pagination"]["total"] = json!(17);
    }));
    set_up.world.runcloud.model().faults.push(odd.always());
    let found = set_up.finds("listing_adds_up").await;
    assert!(found.contains("17"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_runcloud_wrote_into_its_log() {
    let content = "domain is not found in the selected DNS provider".to_owned();
    let line = LogLine { kind: "Warning".into(), content, at: SystemTime::now() };
    let set_up = SetUp::fine().await.runcloud(|model| model.log.push(line));
    let found = set_up.finds("activity_log").await;
    assert!(found.contains("\"domain is not found in the selected DNS provider\""), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_somebody_else_has() {
    let set_up = SetUp::fine().await.runcloud(|model| model.taken.insert("new.test".into()));
    set_up.world.map(&["new.test"]).await;
    set_up.world.pass().await.unwrap();
    let found = set_up.finds("name_refused").await;
    assert!(found.contains("already been taken"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_another_web_application_has() {
    let set_up = SetUp::fine().await;
    let set_up = set_up.runcloud(|model| model.attach_neighbour("app-old", "new.test"));
    set_up.world.map(&["new.test"]).await;
    set_up.world.pass().await.unwrap();
    let found = set_up.finds("name_in_other_app").await;
    assert!(
        found.contains("new.test is in web application") && found.contains("(app-old)"),
        "{found}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_a_redirect() {
    let set_up = SetUp::fine().await.runcloud(|model| model.attach("new.test", Kind::Redirect));
    set_up.world.map(&["new.test"]).await;
    let found = set_up.finds("name_not_alias").await;
    assert!(found.contains("1 name (new.test)"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_the_plan() {
    let set_up = SetUp::fine().await;
    let limit =
        json!({ "message": "You have reached the maximum number of domains of your plan." });
    set_up
        .world
        .runcloud
        .model()
        .faults
        .push(Fault::on("POST", "/domains").answer(422, &limit).always());
    set_up.world.map(&["new.test"]).await;
    set_up.world.pass().await.unwrap();
    let found = set_up.finds("plan_limit").await;
    assert!(found.contains("Limits & Usage"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_fails() {
    let set_up = SetUp::fine().await;
    set_up.world.runcloud.model().faults.push(Fault::on("POST", "/domains").status(503).always());
    set_up.world.map(&["new.test"]).await;
    set_up.world.pass().await.unwrap();
    let found = set_up.finds("names_failing").await;
    assert!(found.contains("1 name (new.test): RunCloud is not available: 503"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_away_again_and_again() {
    let set_up = SetUp::fine().await;
    for _ in 0..3 {
        set_up.world.runcloud.model().detach("shop.example.com");
        set_up.world.pass().await.unwrap();
    }
    let found = set_up.finds("name_taken_away").await;
    assert!(found.contains("1 name (shop.example.com)"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn removals_that_wait_for_a_word() {
    let mut set_up = SetUp::fine().await;
    set_up.world.policy.max_removals = Some(0);
    set_up.world.unmap("shop.example.com").await;
    set_up.world.pass().await.unwrap();
    let found = set_up.finds("removals_blocked").await;
    assert!(found.contains("then `approve "), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_writer() {
    let on = "UPDATE wp_sitemeta SET meta_value = 'a:1:{s:8:\"runcloud\";b:1;}' \
              WHERE meta_key = 'wu_host_integrations_enabled'";
    let found = SetUp::fine().await.sql(on).await.finds("plugin_integration").await;
    assert!(found.contains("two writers"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sitemeta_that_cannot_be_read_is_worth_a_note() {
    let set_up = SetUp::fine().await;
    let tables = ["wp_wu_domain_mappings", "wp_blogs", "wp_site"];
    let url = set_up.world.tables.reader(&tables).await;
    let account = format!("'reader_{}'@'%'", set_up.world.tables.name);
    let grant = set_up.env("DATABASE_URL", &url).notes("plugin_integration").await;
    assert!(grant.contains("\nGRANT SELECT ON wp"), "{grant}");
    assert!(grant.ends_with(&format!(".wp_sitemeta TO {account};")), "{grant}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_cannot_be_read_is_worth_a_note() {
    let set_up = SetUp::fine().await.sql("DROP TABLE wp_actionscheduler_actions").await;
    let grant = set_up.notes("plugin_queue_stuck").await;
    assert!(grant.contains(".wp_actionscheduler_actions TO 'root'@'localhost';"), "{grant}");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_the_plugin_that_failed() {
    let failed = "INSERT INTO wp_actionscheduler_actions (hook, status, scheduled_date_gmt, last_attempt_gmt) \
                  VALUES ('wu_add_domain', 'failed', UTC_TIMESTAMP(), UTC_TIMESTAMP())";
    let found = SetUp::fine().await.sql(failed).await.finds("plugin_jobs_failed").await;
    assert!(found.contains("1 wu_add_domain"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_the_plugin_that_wait_for_ever() {
    let waiting = "INSERT INTO wp_actionscheduler_actions (hook, status, scheduled_date_gmt) VALUES \
                   ('wu_async_process_domain_stage', 'pending', UTC_TIMESTAMP() - INTERVAL 3 HOUR)";
    let found = SetUp::fine().await.sql(waiting).await.finds("plugin_queue_stuck").await;
    assert!(found.contains("the oldest since 3 h ago: 1 wu_async_process_domain_stage"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_network_s_table() {
    let second = "CREATE TABLE wp_wu_2_domain_mappings LIKE wp_wu_domain_mappings; \
                  INSERT INTO wp_wu_2_domain_mappings (blog_id, domain) VALUES (7, 'lost.test')";
    let found = SetUp::fine().await.sql(second).await.finds("second_network_table").await;
    assert!(found.contains("wp_wu_2_domain_mappings (1 row)"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_hijacks_the_network() {
    let set_up = SetUp::fine().await;
    set_up.world.row(2, "network.test", 1, "done").await;
    let found = set_up.finds("network_name_hijacked").await;
    assert!(found.contains("network.test is the network's own name"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_two_sites() {
    let set_up = SetUp::fine().await;
    set_up.world.row(1, "www.shop.example.com", 1, "done").await;
    let found = set_up.finds("name_of_two_sites").await;
    assert!(
        found.contains(
            "1 name (shop.example.com) mapped to more than one site (the first to 1 and 2)"
        ),
        "{found}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_without_a_host_name() {
    let set_up = SetUp::fine().await;
    set_up.world.map(&["https://new.test/"]).await;
    let found = set_up.finds("row_rejected").await;
    assert!(found.contains("1 row with no host name"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_without_a_site() {
    let set_up = SetUp::fine().await;
    set_up.world.row(99, "orphan.example", 1, "done").await;
    let found = set_up.finds("row_without_site").await;
    assert!(found.contains("orphan.example"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_whose_dns_the_plugin_gave_up_on() {
    let failed = "UPDATE wp_wu_domain_mappings SET stage = 'failed'";
    let found = SetUp::fine().await.sql(failed).await.finds("stage_failed").await;
    assert!(found.contains("--stage=checking-dns"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_whose_certificate_the_plugin_gave_up_on() {
    let failed = "UPDATE wp_wu_domain_mappings SET stage = 'ssl-failed'";
    let found = SetUp::fine().await.sql(failed).await.finds("stage_ssl_failed").await;
    assert!(found.contains("--stage=checking-ssl-cert"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_switched_off_by_accident() {
    let off = "UPDATE wp_wu_domain_mappings SET active = 0";
    let found = SetUp::fine().await.sql(off).await.finds("row_inactive").await;
    assert!(found.contains("inactive although done"), "{found}");
}
