//! Whether the ids lead to the web application that serves the network. Pure.

use std::path::Path;

use crate::doctor::Look;
use crate::doctor::check::{Check, Finding};
use crate::doctor::facts::Facts;
use crate::domain::Domain;
use crate::runcloud::{ApiError, Listed};

pub(super) const CHECKS: &[Look] = &[
    ids_swapped,
    server_exists,
    server_online,
    app_on_server,
    app_not_alias,
    app_of_wp_config,
    network_domain_in_app,
];

fn ids_swapped(facts: &Facts) -> Option<Finding> {
    let (server, app) = (facts.settings.server_id?, facts.settings.app_id?);
    are_swapped(facts).then_some(())?;
    let evidence = format!("the account has a server {app} and none {server}");
    let mend = format!("Set --server-id {app} and --app-id {server}");
    Check::IdsSwapped.fail(evidence, mend)
}

fn are_swapped(facts: &Facts) -> bool {
    facts.settings.app_id.is_some_and(|app| facts.api.servers.iter().any(|server| server.id == app))
}

fn server_exists(facts: &Facts) -> Option<Finding> {
    let (check, id) = (Check::ServerExists, facts.settings.server_id?);
    match facts.api.server.as_ref()? {
        Ok(server) => check.ok(server.name.as_deref().unwrap_or("it is there")),
        Err(_) if are_swapped(facts) => None,
        Err(ApiError::NotFound(_) | ApiError::Forbidden(_)) => {
            let known = list(&facts.api.servers);
            let evidence = format!("these credentials show no server {id}; they show {known}");
            check.fail(evidence, set("--server-id", &facts.api.servers))
        }
        Err(_) => None,
    }
}

fn server_online(facts: &Facts) -> Option<Finding> {
    let check = Check::ServerOnline;
    match facts.api.server.as_ref()?.as_ref().ok()?.online {
        Some(false) => check.fail(
            "RunCloud does not reach the server, so what is changed there does not arrive on it",
            "Look at the server in RunCloud's panel; its firewall must let port 34210 of RunCloud in",
        ),
        Some(true) => check.ok("RunCloud reaches the server"),
        None => None,
    }
}

fn app_on_server(facts: &Facts) -> Option<Finding> {
    let (check, api) = (Check::AppOnServer, &facts.api);
    let (server, app) = (facts.settings.server_id?, facts.settings.app_id?);
    match api.app.as_ref()? {
        Ok(found) => check.ok(found.name.as_deref().unwrap_or("it is there")),
        Err(ApiError::NotFound(_) | ApiError::Forbidden(_)) => check.fail(
            format!("server {server} has no web application {app}; it shows {}", list(&api.apps)),
            set("--app-id", &api.apps),
        ),
        Err(_) => None,
    }
}

fn app_not_alias(facts: &Facts) -> Option<Finding> {
    let parent = facts.api.app.as_ref()?.as_ref().ok()?.alias_of?;
    let evidence = format!("the web application is an alias of web application {parent}");
    Check::AppNotAlias
        .fail(evidence, format!("Set --app-id {parent}: its domains are the ones served"))
}

fn app_of_wp_config(facts: &Facts) -> Option<Finding> {
    let root = facts.api.app.as_ref()?.as_ref().ok()?.root.as_deref()?;
    let wp_config = facts.settings.wp_config.as_ref()?;
    let (of_api, of_file) = (app_directory(Path::new(root))?, app_directory(wp_config)?);
    if of_api == of_file {
        return Check::AppOfWpConfig.ok(root);
    }
    let evidence =
        format!("wp-config.php is {}, and the web application lies in {root}", wp_config.display());
    Check::AppOfWpConfig
        .warn(evidence, "Look whether --app-id and --wp-config are of one WordPress")
}

/// `APP` of `…/webapps/APP/…`, where RunCloud puts web applications.
fn app_directory(path: &Path) -> Option<&std::ffi::OsStr> {
    let mut parts = path.iter().skip_while(|part| *part != "webapps");
    parts.nth(1)
}

fn network_domain_in_app(facts: &Facts) -> Option<Finding> {
    let domains = facts.api.domains.as_ref()?.as_ref().ok()?;
    let network = facts.wordpress.desired.as_ref().and_then(|desired| desired.network.as_ref());
    let network = network.or(facts.settings.own.first())?;
    let is_there = |name: Domain| domains.get(&name).is_some() || domains.has_wildcard_for(&name);
    if network.variants().any(is_there) {
        return Check::NetworkDomainInApp.ok(network.as_str());
    }
    let app = facts.settings.app_id?;
    let evidence =
        format!("web application {app} does not serve {network}, the network's own domain");
    let mend = "Compare --app-id with the address of the web application that serves the network, and the \
                database with what that WordPress uses; if both are right, add the domain in RunCloud";
    Check::NetworkDomainInApp.fail(evidence, mend)
}

fn list(listed: &[Listed]) -> String {
    let shown = listed.iter().take(5).map(|one| format!("{} ({})", one.id, one.name));
    let shown: Vec<_> = shown.collect();
    match listed.len().saturating_sub(shown.len()) {
        _ if listed.is_empty() => "none".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn set(flag: &str, listed: &[Listed]) -> String {
    match listed {
        [one] => format!("Set {flag} {}, or use credentials of the right account", one.id),
        _ => format!("Set {flag} to the right one, or use credentials of the right account"),
    }
}
