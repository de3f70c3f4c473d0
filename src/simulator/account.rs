//! Ping, the server, the web application and its activity log.

use serde_json::json;

use super::answer::Answer;
use super::ask::Ask;
use super::lists::{Listing, paginate};
use super::model::Model;
use super::network::App;
use super::wire::{AppRow, LogRow, ServerRow};

pub(super) fn ping() -> Answer {
    Answer::ok(&json!({ "message": "pong" }))
}

pub(super) fn list_servers(model: &Model, ask: &Ask) -> Answer {
    let listing = Listing { total: 1, default_size: 20, cap: model.page_size };
    paginate(ask, &listing, |_| ServerRow::from(model))
}

pub(super) fn show_server(model: &Model) -> Answer {
    Answer::ok(&ServerRow::from(model))
}

pub(super) fn list_apps(model: &Model, ask: &Ask) -> Answer {
    let apps: Vec<&App> = std::iter::once(&model.app).chain(&model.neighbours).collect();
    let listing = Listing { total: apps.len(), default_size: 20, cap: model.page_size };
    paginate(ask, &listing, |at| AppRow::from(apps[at]))
}

pub(super) fn show_app(app: &App) -> Answer {
    Answer::ok(&AppRow::from(app))
}

/// The newest line first (documented).
pub(super) fn list_log(model: &Model, ask: &Ask) -> Answer {
    let total = model.log.len();
    let listing = Listing { total, default_size: 15, cap: model.page_size };
    paginate(ask, &listing, |at| LogRow::from(&model.log[total - 1 - at]))
}

pub(super) fn rebuild(model: &mut Model) -> Answer {
    model.note("Info", "Web Application configuration was rebuilt".to_owned());
    show_app(&model.app).changed()
}
