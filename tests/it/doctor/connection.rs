use runcloud_domain_sync::simulator::{Credential, Effect, Fault, Reply};

use super::SetUp;
use crate::support::binary::TOKEN;
use crate::support::mariadb::Database;

#[tokio::test(flavor = "multi_thread")]
async fn config_toml_with_a_key_nobody_knows() {
    let set_up = SetUp::fine().await.configure("[dns]", "[sync]\npol = \"5s\"\n[dns]");
    let found = set_up.finds("config_file").await;
    assert!(found.contains("line 3: unknown field `pol`"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wp_config_that_is_not_there_hides_what_stands_in_it() {
    let found = SetUp::fine().await.with(&["--wp-config", "/nowhere"]).finds("wp_config").await;
    assert!(found.contains("cannot read /nowhere"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn database_constants_under_a_condition() {
    let condition = "if ($_SERVER['HTTP_HOST'] == 'x') {\ndefine( 'DB_NAME'";
    let set_up = SetUp::fine().await.edit("define( 'DB_NAME'", condition);
    let found =
        set_up.edit("define( 'DB_PASSWORD'", "}\ndefine( 'DB_PASSWORD'").finds("database_settings");
    let found = found.await;
    assert!(found.contains("DB_NAME depends on a condition"), "{found}");
    assert!(found.contains("DB_USER depends on a condition"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_prefix_that_is_none() {
    let found =
        SetUp::fine().await.with(&["--table-prefix", "wp`; DROP"]).finds("table_prefix").await;
    assert!(found.contains("may hold letters"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_base_that_would_show_the_credentials() {
    let set_up = SetUp::fine().await.with(&["--api-url", "http://manage.runcloud.io/api/v3"]);
    let found = set_up.finds("api_url").await;
    assert!(found.contains("plain http"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_credentials() {
    let found = SetUp::fine()
        .await
        .edit("WU_RUNCLOUD_API_TOKEN", "WU_OTHER")
        .finds("credentials_given")
        .await;
    assert!(found.contains("no RunCloud credentials"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_its_secret() {
    let set_up = SetUp::fine().await.edit("WU_RUNCLOUD_API_TOKEN", "WU_RUNCLOUD_API_KEY");
    let found = set_up.finds("credentials_given").await;
    assert!(found.contains("WU_RUNCLOUD_API_SECRET is not"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn key_and_secret_where_v3_is_meant() {
    let set_up = SetUp::fine().await.edit("WU_RUNCLOUD_API_TOKEN", "WU_OTHER");
    let set_up = set_up.env("WU_RUNCLOUD_API_KEY", "k").env("WU_RUNCLOUD_API_SECRET", "s");
    let found = set_up.finds("key_and_secret_for_v3").await;
    assert!(found.contains("which only API v2 takes"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_where_v2_is_meant() {
    let set_up = SetUp::fine().await;
    let v2 = set_up.world.runcloud.url().replace("/v3", "/v2");
    let found = set_up.with(&["--api-url", &v2]).finds("token_for_v2").await;
    assert!(found.contains("the legacy one"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_and_secret_that_win_over_the_token() {
    let set_up = SetUp::fine().await;
    let (key, secret) = ("k".to_owned(), "s".to_owned());
    set_up.world.runcloud.model().credential = Credential::Basic { key, secret };
    let v2 = set_up.world.runcloud.url().replace("/v3", "/v2");
    let set_up = set_up.env("WU_RUNCLOUD_API_KEY", "k").env("WU_RUNCLOUD_API_SECRET", "s");
    let found = set_up.with(&["--api-url", &v2]).finds("credentials_conflict").await;
    assert!(found.contains("WU_RUNCLOUD_API_TOKEN in"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_id_that_is_no_number() {
    let found = SetUp::fine().await.with(&["--server-id", "seven"]).finds("server_id").await;
    assert!(found.contains("\"seven\" (flag --server-id) is not a number"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_app_id() {
    let found = SetUp::fine().await.edit("WU_RUNCLOUD_APP_ID", "WU_OTHER").finds("app_id").await;
    assert!(found.contains("no app id"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runcloud_that_cannot_be_reached() {
    let found = SetUp::fine().await.with(&["--api-url", "http://127.0.0.1:1/api/v3"]);
    let found = found.finds("api_reachable").await;
    assert!(found.contains("Connection refused"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn something_else_that_answers() {
    let set_up = SetUp::fine().await;
    let page = Fault::any().with(Effect::Status(Reply::html(200))).always();
    set_up.world.runcloud.model().faults.push(page);
    let found = set_up.finds("api_answers").await;
    assert!(found.contains("it is not JSON"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_in_front_of_runcloud() {
    let set_up = SetUp::fine().await;
    let filter = Fault::any().with(Effect::Status(Reply::html(403))).always();
    set_up.world.runcloud.model().faults.push(filter);
    set_up.finds("api_filter").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_that_is_used_up() {
    let set_up = SetUp::fine().await;
    let limited = Effect::RateLimited { retry_after: Some("3600".into()) };
    set_up.world.runcloud.model().faults.push(Fault::any().with(limited).always());
    let found = set_up.finds("rate_limit").await;
    assert!(found.contains("asks to wait 1h"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused() {
    let set_up = SetUp::fine().await.edit(TOKEN, &"x".repeat(60));
    let found = set_up.finds("credentials_accepted").await;
    assert!(found.contains("IP Address Restriction"), "{found}");
    assert!(!found.contains("API key of v2"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_in_the_place_of_a_token() {
    let found = SetUp::fine().await.edit(TOKEN, "a-key").finds("credentials_accepted").await;
    assert!(found.contains("is it the API key of v2?"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_without_the_api() {
    let set_up = SetUp::fine().await;
    set_up.world.runcloud.model().faults.push(Fault::any().status(403).always());
    set_up.finds("api_allowed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_ids_in_each_other_s_place() {
    let set_up = SetUp::fine().await.anew().with(&["--server-id", "646", "--app-id", "1903"]);
    let found = set_up.finds("ids_swapped").await;
    assert!(found.contains("Set --server-id 1903 and --app-id 646"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_the_account_has_not() {
    let found = SetUp::fine().await.anew().with(&["--server-id", "7"]).finds("server_exists").await;
    assert!(found.contains("no server 7; they show 1903 (server hello)"), "{found}");
    assert!(found.contains("Set --server-id 1903"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_application_that_the_server_has_not() {
    let set_up = SetUp::fine().await.anew().with(&["--app-id", "7"]);
    let found = set_up.runcloud(|model| model.attach_neighbour("app-other", "other.test"));
    let found = found.finds("app_on_server").await;
    assert!(found.contains("no web application 7; it shows 646 (app-network), 6"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away() {
    let set_up = SetUp::fine().await.runcloud(|model| model.server.online = false);
    set_up.finds("server_online").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_application_that_is_an_alias() {
    let set_up = SetUp::fine().await.runcloud(|model| model.app.alias = Some(640));
    let found = set_up.finds("app_not_alias").await;
    assert!(found.contains("Set --app-id 640"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wp_config_of_another_web_application() {
    let set_up = SetUp::fine().await;
    let elsewhere = set_up.state().join("webapps/app-shop");
    std::fs::create_dir_all(&elsewhere).unwrap();
    let wp_config = elsewhere.join("wp-config.php");
    std::fs::rename(set_up.state().join("wp-config.php"), &wp_config).unwrap();
    let set_up = set_up.with(&["--wp-config", wp_config.to_str().unwrap()]);
    let found = set_up.finds("app_of_wp_config").await;
    assert!(found.contains("lies in /home/runcloud/webapps/app-network"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_application_that_serves_another_network() {
    let set_up = SetUp::fine().await.runcloud(|model| model.detach("network.test"));
    let found = set_up.finds("network_domain_in_app").await;
    assert!(found.contains("646 does not serve network.test"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_may_only_read() {
    let set_up = SetUp::fine().await;
    set_up.world.runcloud.model().faults.push(Fault::on("POST", "/domains").status(403).always());
    set_up.world.map(&["new.test"]).await;
    assert!(set_up.world.pass().await.is_err());
    let found = set_up.finds("write_permission").await;
    assert!(found.contains("403 Simulated 403"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong() {
    let set_up = SetUp::fine().await.runcloud(|model| model.clock_ahead = 3_600);
    let found = set_up.finds("clock").await;
    assert!(
        found.contains("60 min behind RunCloud's") || found.contains("59 min behind"),
        "{found}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_from_the_future() {
    let mut set_up = SetUp::fine().await;
    set_up.world.jump(2 * 86_400);
    set_up.world.pass().await.unwrap();
    let found = set_up.finds("ledger_clock").await;
    assert!(found.contains("from now"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away() {
    let set_up = SetUp::fine().await.with(&["--database-url", "mysql://root@127.0.0.1:1/wp"]);
    let found = set_up.finds("database_reachable").await;
    assert!(found.contains("cannot be reached"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_file_that_is_not_there() {
    let set_up = SetUp::fine().await.with(&["--database-url", "sqlite:///nowhere/wp.sqlite"]);
    let found = set_up.finds("database_reachable").await;
    assert!(found.contains("no SQLite file /nowhere/wp.sqlite"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_database_password() {
    let set_up = SetUp::fine().await;
    let url = set_up.world.tables.url_for("nobody", "SECRET");
    let found = set_up.env("DATABASE_URL", &url).finds("database_login").await;
    assert!(!found.contains("SECRET"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_table_prefix() {
    let found = SetUp::fine().await.with(&["--table-prefix", "wp2_"]).finds("mappings_table").await;
    assert!(found.contains("wp_wu_domain_mappings"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_the_plugin() {
    let set_up = SetUp::fine().await;
    let empty = Database::empty().await;
    let found = set_up.env("DATABASE_URL", &empty.url()).examined().await.0;
    let names = super::names(&found);
    assert_eq!(names, ["mappings_table", "grants_too_wide"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_lacks_a_column() {
    let set_up = SetUp::fine().await.sql("ALTER TABLE wp_wu_domain_mappings DROP COLUMN stage");
    let found = set_up.await.finds("table_columns").await;
    assert!(found.contains("Unknown column"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_without_transactions() {
    let set_up = SetUp::fine().await.sql("ALTER TABLE wp_blogs ENGINE = MyISAM").await;
    let mend = set_up.notes("table_engine").await;
    assert_eq!(mend, "After a backup, in SQL:\nALTER TABLE wp_blogs ENGINE = InnoDB;");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_one_side_down_the_other_is_looked_at() {
    let set_up = SetUp::fine().await.with(&["--api-url", "http://127.0.0.1:1/api/v3"]);
    let set_up = set_up.sql("UPDATE wp_wu_domain_mappings SET stage = 'ssl-failed'").await;
    let found = set_up.examined().await.0;
    assert_eq!(super::names(&found), ["api_reachable", "stage_ssl_failed"]);
    let set_up = SetUp::fine().await.with(&["--database-url", "mysql://root@127.0.0.1:1/wp"]);
    let set_up = set_up.runcloud(|model| model.server.online = false);
    let found = set_up.examined().await.0;
    assert_eq!(super::names(&found), ["server_online", "database_reachable"]);
}
