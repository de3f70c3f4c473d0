//! The web application's domains: list, show, add, change, remove, and the DNS records they want.

use serde_json::{Value, json};

use super::answer::Answer;
use super::ask::Ask;
use super::faults::Effect;
use super::lists::{self, Listing, paginate};
use super::model::{Model, mix};
use super::network::{App, Domain, Kind};
use super::wire::{DnsRow, DomainRow};

pub(super) fn list(model: &mut Model, ask: &Ask) -> Answer {
    let domains = &model.app.domains;
    let of_this_call;
    let order: &[usize] = if matches!(ask.distortion, Some(Effect::ShuffleEveryCall)) {
        of_this_call = lists::order(domains, mix(model.seed, ask.number));
        &of_this_call
    } else {
        model.listing_order.get_or_insert_with(|| lists::order(domains, model.seed))
    };
    let listing = Listing { total: order.len(), default_size: 20, cap: model.page_size };
    paginate(ask, &listing, |at| DomainRow::from(&domains[order[at]]))
}

/// The domains of another web application, in the order in which they were added.
pub(super) fn list_of(app: &App, page_size: usize, ask: &Ask) -> Answer {
    let listing = Listing { total: app.domains.len(), default_size: 20, cap: page_size };
    paginate(ask, &listing, |at| DomainRow::from(&app.domains[at]))
}

pub(super) fn show(model: &Model, at: usize) -> Answer {
    Answer::ok(&DomainRow::from(&model.app.domains[at]))
}

pub(super) fn add(model: &mut Model, ask: &Ask) -> Answer {
    let Some(name) = ask.body["name"].as_str() else {
        return Answer::invalid("name", "The name field is required.");
    };
    if !is_host_name(name) {
        return Answer::invalid("name", "The name format is invalid.");
    }
    // Not documented: the same words for a name of this application and of another one, so that no client can tell
    // them apart by the text.
    if model.taken.contains(name) || holds(model, name) {
        return Answer::invalid("name", "The name has already been taken.");
    }
    let before =
        Settings { kind: Kind::Alias, www: model.default_www, redirection: "none".to_owned() };
    let settings = match Settings::read(&ask.body, before) {
        Ok(settings) => settings,
        Err(refusal) => return refusal,
    };
    // Not documented; it might demote the present primary.
    if settings.kind == Kind::Primary {
        return Answer::invalid("type", "The selected type is invalid.");
    }
    if conflicts(model, name, settings.www) {
        return Answer::invalid("name", "The name has already been taken.");
    }
    let mut domain = model.new_domain(name, settings.kind);
    settings.apply(&mut domain);
    let answer = Answer::ok(&DomainRow::from(&domain)).changed();
    model.note("Info", format!("Added domain {name}"));
    model.insert(domain);
    answer
}

/// Answers a message, not the object (documented).
pub(super) fn change(model: &mut Model, ask: &Ask, at: usize) -> Answer {
    let domain = &model.app.domains[at];
    let before =
        Settings { kind: domain.kind, www: domain.www, redirection: domain.redirection.clone() };
    let was_primary = domain.kind == Kind::Primary;
    let settings = match Settings::read(&ask.body, before) {
        Ok(settings) => settings,
        Err(refusal) => return refusal,
    };
    if was_primary != (settings.kind == Kind::Primary) {
        return Answer::invalid("type", "The selected type is invalid.");
    }
    if settings.www && conflicts(model, &domain.name, true) {
        return Answer::invalid("www", "The name has already been taken.");
    }
    settings.apply(&mut model.app.domains[at]);
    Answer::message(200, "Domain settings have been successfully updated.").changed()
}

/// Answers the removed object (documented); that the primary is refused is the safest guess.
pub(super) fn remove(model: &mut Model, at: usize) -> Answer {
    if model.app.domains[at].kind == Kind::Primary {
        return Answer::message(422, "The primary domain cannot be deleted.");
    }
    let domain = model.remove_at(at);
    model.note("Info", format!("Deleted domain {}", domain.name));
    Answer::ok(&DomainRow::from(&domain)).changed()
}

/// What should be in DNS, with a `www` record even when `www` is off (documented so).
pub(super) fn show_dns(model: &Model, at: usize) -> Answer {
    let name = &model.app.domains[at].name;
    let address = model.server.ip_address.clone();
    Answer::ok(&[
        DnsRow { r#type: "A", hostname: name.clone(), content: address },
        DnsRow { r#type: "CNAME", hostname: format!("www.{name}"), content: name.clone() },
    ])
}

/// The fields that a write can set.
struct Settings {
    kind: Kind,
    www: bool,
    redirection: String,
}

impl Settings {
    /// What the body says, over what holds without it.
    fn read(body: &Value, before: Settings) -> Result<Settings, Answer> {
        let kind = match body["type"].as_str() {
            None => before.kind,
            Some("primary") => Kind::Primary,
            Some("alias") => Kind::Alias,
            Some("redirect") => Kind::Redirect,
            Some(_) => return Err(Answer::invalid("type", "The selected type is invalid.")),
        };
        let www = match &body["www"] {
            Value::Null => before.www,
            // Laravel's notion of a boolean.
            www if [json!(true), json!(1), json!("1")].contains(www) => true,
            www if [json!(false), json!(0), json!("0")].contains(www) => false,
            _ => {
                return Err(Answer::invalid("www", "The www field must be true or false."));
            }
        };
        let redirection = match body["redirection"].as_str() {
            None => before.redirection,
            Some(known @ ("none" | "www" | "non-www")) => known.to_owned(),
            Some(_) => {
                return Err(Answer::invalid("redirection", "The selected redirection is invalid."));
            }
        };
        Ok(Settings { kind, www, redirection })
    }

    fn apply(self, domain: &mut Domain) {
        domain.kind = self.kind;
        domain.www = self.www;
        domain.redirection = self.redirection;
    }
}

/// Names differ by more than case, as in a database with a case-insensitive collation (inferred).
fn holds(model: &Model, name: &str) -> bool {
    let of_neighbours = model.neighbours.iter().flat_map(|app| &app.domains);
    model
        .app
        .domains
        .iter()
        .chain(of_neighbours)
        .any(|domain| domain.name.eq_ignore_ascii_case(name))
}

fn conflicts(model: &Model, name: &str, www: bool) -> bool {
    let below_www = name.strip_prefix("www.");
    let served_by_parent = |parent: &str| {
        let parents = model.app.domains.iter().filter(|domain| domain.www);
        parents.into_iter().any(|domain| domain.name.eq_ignore_ascii_case(parent))
    };
    model.www_entries_conflict
        && (below_www.is_some_and(served_by_parent)
            || (www && holds(model, &format!("www.{name}"))))
}

/// The rules are not public; these are RFC 1123's, without single labels and addresses.
fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_top = |label: &str| !label.bytes().all(|byte| byte.is_ascii_digit());
    name.len() <= 253
        && name.split('.').all(is_label)
        && name.rsplit_once('.').is_some_and(|(_, top)| is_top(top))
}
