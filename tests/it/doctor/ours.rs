use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use runcloud_domain_sync::ledger::Lease;
use runcloud_domain_sync::simulator::Kind;

use super::SetUp;

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_without_effect() {
    let set_up = SetUp::fine().await.edit("'network.test'", "'*.network.test'");
    let found = set_up.finds("settings_in_effect").await;
    assert!(found.contains("DOMAIN_CURRENT_SITE"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_on_the_command_line() {
    let set_up = SetUp::fine().await;
    let tables = ["wp_wu_domain_mappings", "wp_blogs", "wp_site"];
    let url = set_up.world.tables.reader(&tables).await;
    let found = set_up.with(&["--database-url", &url]).finds("secret_in_flag").await;
    assert!(!found.contains("pass%20word"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_everybody_can_read() {
    let set_up = SetUp::fine().await;
    let token = set_up.state().join("token");
    std::fs::write(&token, crate::support::binary::TOKEN).unwrap();
    chmod(&token, 0o644);
    let named = format!("[runcloud]\napi_token_file = {token:?}\n[dns]");
    let found = set_up.configure("[dns]", &named).finds("secret_file").await;
    assert!(found.contains("chmod o= /"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_may_not_read_the_sites() {
    let set_up = SetUp::fine().await;
    let url = set_up.world.tables.reader(&["wp_wu_domain_mappings", "wp_sitemeta"]).await;
    let found = set_up.env("DATABASE_URL", &url).finds("grants_missing").await;
    assert!(found.contains("blogs and site cannot be read"), "{found}");
    assert!(found.contains(".wp_blogs TO 'reader_wp"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_may_write() {
    let set_up = SetUp::fine().await;
    let url = set_up.world.tables.reader(&["*"]).await;
    let name = &set_up.world.tables.name;
    set_up.world.sql(&format!("GRANT INSERT, DELETE ON {name}.* TO reader_{name}@'%'")).await;
    let found = set_up.env("DATABASE_URL", &url).finds("grants_too_wide").await;
    assert!(
        found.contains("(environment DATABASE_URL) may do more than read: INSERT DELETE on wp"),
        "{found}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_the_plugin_did_not_bring_up_to_date() {
    let old = "ALTER TABLE wp_wu_domain_mappings MODIFY stage \
               ENUM('checking-dns','checking-ssl-cert','done-without-ssl','done','failed')";
    let found = SetUp::fine().await.sql(old).await.finds("plugin_schema").await;
    assert!(found.contains("does not know the stage ssl-failed"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_directory_that_is_a_file() {
    let set_up = SetUp::fine().await;
    let file = set_up.state().join("wp-config.php");
    let found =
        set_up.with(&["--state-dir", file.to_str().unwrap()]).finds("state_directory").await;
    assert!(found.contains("it is no directory"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_directory_that_everybody_can_write() {
    let set_up = SetUp::fine().await;
    chmod(set_up.state(), 0o777);
    let found = set_up.finds("state_open").await;
    assert!(found.contains("chmod o-w"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_none() {
    let set_up = SetUp::fine().await;
    std::fs::write(
        set_up.state().join("ledger.sqlite"),
        "not a database, and long enough".repeat(100),
    )
    .unwrap();
    let found = set_up.finds("ledger_usable").await;
    assert!(found.contains("is damaged"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_of_another_network() {
    let set_up = SetUp::fine().await.sql(
        "UPDATE wp_site SET domain = 'other.network'; UPDATE wp_blogs SET domain = 'other.network' WHERE blog_id = 1",
    );
    let set_up = set_up.await.runcloud(|model| {
        model.attach("other.network", Kind::Alias);
    });
    let found = set_up.finds("ledger_binding").await;
    assert!(found.contains("--state-dir"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn passes_that_are_made_no_more() {
    let mut set_up = SetUp::fine().await;
    set_up.world.jump(-3 * 86_400);
    // The later pass is the last one, whatever its clock said.
    set_up.world.pass().await.unwrap();
    let found = set_up.finds("last_pass").await;
    assert!(found.contains("the last one ended 3 days ago"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_pass_that_ended_badly() {
    let mut set_up = SetUp::fine().await;
    set_up.world.database_url = Some("mysql://root@127.0.0.1:1/wp".into());
    set_up.world.patience.total = Duration::from_millis(1);
    assert!(set_up.world.pass().await.is_err());
    let found = set_up.finds("last_pass_result").await;
    assert!(found.contains("cannot be reached"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_at_work_is_worth_a_note() {
    let mend = SetUp::fine().await.notes("lease").await;
    assert!(mend.contains("journalctl"), "{mend}");
    let set_up = SetUp::fine().await;
    let lease = Lease::acquire(set_up.state()).unwrap();
    let (found, _) = set_up.examined().await;
    assert!(found["passed"].as_array().unwrap().contains(&"lease".into()), "{found:#}");
    drop(lease);
}
