//! Which handler answers which method and path.

use super::answer::Answer;
use super::ask::Ask;
use super::model::Model;
use super::network::{ApiVersion, App};
use super::{account, domains, ssl};

/// Answers an authenticated call; ids that are not this network's are 404.
pub(super) fn route(model: &mut Model, ask: &Ask) -> Answer {
    let segments = ask.segments();
    match (ask.method.as_str(), segments.as_slice()) {
        ("GET", ["ping"]) => account::ping(),
        ("GET", ["servers"]) => account::list_servers(model, ask),
        (_, ["servers", server, ..]) if !is(model.server.id, server) => Answer::not_found(),
        ("GET", ["servers", _]) => account::show_server(model),
        ("GET", ["servers", _, "webapps"]) => account::list_apps(model, ask),
        (method, ["servers", _, "webapps", app, rest @ ..]) if !is(model.app.id, app) => {
            let neighbour = model.neighbours.iter().find(|neighbour| is(neighbour.id, app));
            neighbour.map_or_else(Answer::not_found, |app| {
                in_neighbour(app, model.page_size, ask, (method, rest))
            })
        }
        (method, ["servers", _, "webapps", _, rest @ ..]) => in_app(model, ask, (method, rest)),
        _ => Answer::not_found(),
    }
}

fn in_app(model: &mut Model, ask: &Ask, route: (&str, &[&str])) -> Answer {
    match route {
        ("GET", []) => account::show_app(&model.app),
        ("GET", ["log"]) => account::list_log(model, ask),
        ("POST", ["rebuild"]) => account::rebuild(model),
        ("GET", ["domains"]) => domains::list(model, ask),
        ("POST", ["domains"]) => domains::add(model, ask),
        (method, ["domains", id, rest @ ..]) => {
            let found = model.app.domains.iter().position(|domain| is(domain.id, id));
            found.map_or_else(Answer::not_found, |at| in_domain(model, ask, at, (method, rest)))
        }
        ("GET", ["ssl"]) => ssl::basic::show(model, ask),
        ("POST", ["ssl"]) => ssl::basic::install(model, ask),
        ("GET", ["ssl", "advanced"]) => ssl::show_mode(model),
        ("POST", ["ssl", "advanced"]) => ssl::switch_mode(model, ask),
        ("PUT", ["ssl", id]) => ssl::basic::redeploy(model, id),
        ("DELETE", ["ssl", id]) => ssl::basic::remove(model, id),
        _ => Answer::not_found(),
    }
}

fn in_neighbour(app: &App, page_size: usize, ask: &Ask, route: (&str, &[&str])) -> Answer {
    match route {
        ("GET", []) => account::show_app(app),
        ("GET", ["domains"]) => domains::list_of(app, page_size, ask),
        _ => Answer::not_found(),
    }
}

fn in_domain(model: &mut Model, ask: &Ask, at: usize, route: (&str, &[&str])) -> Answer {
    let domain = model.app.domains[at].id;
    match route {
        ("GET", []) => domains::show(model, at),
        ("DELETE", []) => domains::remove(model, at),
        // Documented for v3; whether v2 has it is unknown.
        ("PATCH", ["meta"]) if ask.version() == Some(ApiVersion::V3) => {
            domains::change(model, ask, at)
        }
        ("GET", ["dns"]) => domains::show_dns(model, at),
        ("GET", ["ssl"]) => ssl::advanced::show(model, ask, domain),
        ("POST", ["ssl"]) => ssl::advanced::install(model, ask, domain),
        ("PUT", ["ssl", id]) => ssl::advanced::redeploy(model, domain, id),
        ("DELETE", ["ssl", id]) => ssl::advanced::remove(model, domain, id),
        _ => Answer::not_found(),
    }
}

/// Whether a path segment is this id.
pub(super) fn is(id: u64, segment: &str) -> bool {
    segment.parse() == Ok(id)
}
