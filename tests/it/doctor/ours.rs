use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use runcloud_domain_sync::clock::Timestamp;
use runcloud_domain_sync::ledger::{Lease, Ledger, Service};
use runcloud_domain_sync::simulator::Kind;

use super::SetUp;
use crate::support::world::BINDING;

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

/// What systemd 252 says of the shipped unit, of what it is asked for.
const SHIPPED: &str = "\
Id=runcloud-domain-sync.service
FragmentPath=/usr/lib/systemd/system/runcloud-domain-sync.service
DropInPaths=
NeedDaemonReload=no
User=runcloud-domain-sync
DynamicUser=yes
CapabilityBoundingSet=
DevicePolicy=closed
KeyringMode=private
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateIPC=yes
PrivateMounts=yes
PrivateTmp=yes
PrivateUsers=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=accept accept4 access alarm arch_prctl bind brk
";

impl SetUp {
    /// Gives it a systemd that has these units loaded.
    fn systemd(self, units: &str) -> Self {
        let path = self.state().join("bin");
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("units"), units).unwrap();
        // Like the real one it shows what it is asked for, and an empty line between two units.
        let script = "#!/bin/sh\n\
            [ \"$1 $2 $3 $5\" = 'show --no-pager --property runcloud-domain-sync*.service' ] || exit 1\n\
            exec grep -E \"^(|($(echo \"$4\" | tr , '|'))=.*)$\" \"$0/../units\"\n";
        let script = script.replace("$0/..", &path.display().to_string());
        let program = path.join("systemctl");
        std::fs::write(&program, script).unwrap();
        chmod(&program, 0o755);
        let path = format!("{}:/usr/bin:/bin", path.display());
        self.env("PATH", &path)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unit_as_it_is_shipped() {
    let timer = SHIPPED.replace("sync.service", "sync-once.service");
    let private_tmp = SHIPPED.replace("PrivateTmp=yes", "PrivateTmp=no");
    for units in [SHIPPED, &format!("{SHIPPED}\n{timer}"), &private_tmp] {
        let (found, _) = SetUp::fine().await.systemd(units).examined().await;
        assert_eq!(found["findings"], serde_json::json!([]), "{found:#}");
        let passed = found["passed"].as_array().unwrap();
        assert!(passed.contains(&"unit_hardening".into()), "{found:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_a_drop_in_weakened() {
    let weak = SHIPPED
        .replace(
            "DropInPaths=",
            "DropInPaths=/etc/systemd/system/runcloud-domain-sync.service.d/a.conf",
        )
        .replace("ProtectSystem=strict", "ProtectSystem=full")
        .replace("NoNewPrivileges=yes", "NoNewPrivileges=no")
        .replace("CapabilityBoundingSet=", "CapabilityBoundingSet=cap_net_admin")
        .replace("DynamicUser=yes", "DynamicUser=no")
        .replace("User=runcloud-domain-sync", "User=");
    let set_up = SetUp::fine().await.systemd(&format!("{SHIPPED}\n{weak}"));
    insta::assert_snapshot!(set_up.finds("unit_hardening").await, @"
    warn: runcloud-domain-sync.service is less locked up than it is shipped: CapabilityBoundingSet=cap_net_admin, NoNewPrivileges=no, ProtectSystem=full, it runs as root (by /etc/systemd/system/runcloud-domain-sync.service.d/a.conf) -> Take out what is not meant:
    systemctl cat runcloud-domain-sync.service
    systemctl edit runcloud-domain-sync.service
    systemctl restart runcloud-domain-sync.service
    ");
    // As systemd shows what was set back to nothing.
    let open = SHIPPED
        .replace("=AF_INET AF_INET6 AF_UNIX", "=~")
        .replace("SystemCallArchitectures=native", "SystemCallArchitectures=")
        .replace("=accept accept4 access alarm arch_prctl bind brk", "=~");
    let found = SetUp::fine().await.systemd(&open).finds("unit_hardening").await;
    let expected = ": RestrictAddressFamilies=~, SystemCallArchitectures=, SystemCallFilter=~ ->";
    assert!(found.contains(expected), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_was_edited_and_not_read() {
    let edited = SHIPPED.replace("NeedDaemonReload=no", "NeedDaemonReload=yes");
    insta::assert_snapshot!(SetUp::fine().await.systemd(&edited).finds("unit_hardening").await, @"
    warn: the files of runcloud-domain-sync.service were edited, and systemd has not read them since -> Have them read:
    systemctl daemon-reload
    systemctl restart runcloud-domain-sync.service
    ");
}

/// Writes into the ledger, as the daemon does.
async fn in_ledger(set_up: &SetUp, write: impl AsyncFnOnce(&mut Ledger)) {
    let lease = Lease::acquire(set_up.state()).unwrap();
    let mut ledger = Ledger::open(set_up.state(), BINDING, &lease).await.unwrap();
    write(&mut ledger).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_something_keeps_from_its_work() {
    let waiting = |since| Service {
        trouble: Some((since, "RunCloud does not answer".to_owned())),
        ..Service::default()
    };
    let hour_ago = Timestamp(Timestamp::now().0 - 3_600);
    let set_up = SetUp::fine().await;
    in_ledger(&set_up, async |ledger| ledger.note_service(&waiting(hour_ago)).await.unwrap()).await;
    let found = set_up.finds("daemon_trouble").await;
    assert!(found.starts_with("warn: it ended while it waited, since "), "{found}");
    assert!(found.contains(" UTC: RunCloud does not answer -> Look at the service:"), "{found}");

    let set_up = SetUp::fine().await;
    in_ledger(&set_up, async |ledger| ledger.note_service(&waiting(hour_ago)).await.unwrap()).await;
    let lease = Lease::acquire(set_up.state()).unwrap();
    let found = set_up.finds("daemon_trouble").await;
    assert!(found.starts_with("warn: it has been waiting for 6"), "{found}");
    assert!(found.contains(" min: RunCloud does not answer -> Mend what it says;"), "{found}");
    drop(lease);

    let set_up = SetUp::fine().await;
    let now = Timestamp::now();
    in_ledger(&set_up, async |ledger| ledger.note_service(&waiting(now)).await.unwrap()).await;
    let lease = Lease::acquire(set_up.state()).unwrap();
    assert_eq!(set_up.notes("daemon_trouble").await, "", "it may pass by itself");
    drop(lease);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_whose_calls_are_used_up() {
    let limited = "[api]\nmonthly_calls = 1000\n[dns]";
    let set_up = SetUp::fine().await.configure("[dns]", limited);
    let now = Timestamp::now();
    in_ledger(&set_up, async |ledger| ledger.count_calls(1_000, now).await.unwrap()).await;
    insta::assert_snapshot!(set_up.finds("monthly_calls").await, @"warn: 1000 of the 1000 calls of api.monthly_calls were made this month: until it ends, RunCloud is looked at once a day where nothing changes -> Raise api.monthly_calls where RunCloud's plan allows it, or look what makes the calls: `history` has every change, RUST_LOG=debug every call");
    let (found, _) = SetUp::fine().await.configure("[dns]", limited).examined().await;
    let passed = found["passed"].as_array().unwrap();
    assert!(passed.contains(&"monthly_calls".into()), "{found:#}");
}
