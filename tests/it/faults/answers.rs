//! Bad answers of RunCloud: what can be wrong with them, and to which calls.

use std::time::Duration;

use runcloud_domain_sync::simulator::{Effect, Fault, Match, Reply};
use serde_json::{Value, json};

use super::churn::Stir;
use super::kinds::{Bad, Kind};

/// Longer than the patience of a run.
const SLOW: Duration = Duration::from_millis(60);

/// Calls of one sort, and the change of rows that leads to them.
pub struct Place {
    name: &'static str,
    calls: fn() -> Vec<Match>,
    /// How many of them a pass makes at least, besides the one that is spoilt.
    further: u32,
    stir: Stir,
}

impl Place {
    pub const ALL: Self =
        Self { name: "every call", calls: || vec![Fault::any()], further: 3, stir: Stir::Any };
    pub const LISTING: Self = Self {
        name: "list of domains",
        calls: || vec![Fault::at("GET", "/domains")],
        further: 2,
        stir: Stir::Any,
    };
    pub const ENTRY: Self = Self {
        name: "entry",
        calls: || vec![Fault::on("GET", "/domains/")],
        further: 0,
        stir: Stir::Loss,
    };
    pub const READS: [Self; 4] = [
        Self::LISTING,
        Self::ENTRY,
        Self {
            name: "certificate mode",
            calls: || vec![Fault::at("GET", "/ssl/advanced")],
            further: 0,
            stir: Stir::NewName,
        },
        Self {
            name: "certificate",
            calls: || vec![Fault::at("GET", "/ssl")],
            further: 0,
            stir: Stir::NewName,
        },
    ];
    pub const WRITES: [Self; 4] = [
        Self {
            name: "addition",
            calls: || vec![Fault::at("POST", "/domains")],
            further: 0,
            stir: Stir::NewName,
        },
        Self {
            name: "update",
            calls: || vec![Fault::at("PATCH", "/meta")],
            further: 0,
            stir: Stir::NewWww,
        },
        Self {
            name: "removal",
            calls: || vec![Fault::on("DELETE", "/domains/")],
            further: 0,
            stir: Stir::Loss,
        },
        Self {
            name: "order",
            calls: || vec![Fault::on("PUT", "/ssl"), Fault::on("POST", "/ssl")],
            further: 0,
            stir: Stir::NewName,
        },
    ];

    pub fn kind(&self, what: &str, effect: Effect) -> Kind {
        let bad = Bad::Answers {
            calls: (self.calls)(),
            most_skipped: self.further,
            effect,
            stir: self.stir,
        };
        Kind { name: format!("{}: {what}", self.name), bad }
    }
}

/// What can be wrong with the answer to any read.
pub fn bad_reads() -> Vec<(String, Effect)> {
    let bodies = [
        ("200 with no body", ""),
        ("200 with half of the JSON", r#"{"data":[{"id":693,"name":"netw"#),
        ("200 with null", "null"),
        ("200 with a number", "7"),
        ("200 with a string", r#""data""#),
        ("200 with a bare list", "[]"),
        ("200 with an empty object", "{}"),
        ("200 with an error in it", r#"{"message":"Server Error"}"#),
        ("200 with `data` null", r#"{"data":null}"#),
        ("200 with `data` a string", r#"{"data":"none"}"#),
        ("200 with `data` an object", r#"{"data":{}}"#),
        ("200 with `data` a number", r#"{"data":7}"#),
        ("200 with `data` false", r#"{"data":false}"#),
        ("200 with `data` a list of null", r#"{"data":[null]}"#),
        ("200 with `data` empty", r#"{"data":[]}"#),
    ];
    let bodies = bodies.map(|(what, body)| (what.to_owned(), Effect::Body(body.to_owned())));
    let endless = [
        ("200 with brackets without end".to_owned(), Effect::Body("[".repeat(100_000))),
        ("200 with nine megabytes of blanks".to_owned(), Effect::Body(" ".repeat(9 << 20))),
    ];
    not_done().into_iter().chain(cut_off()).chain(bodies).chain(endless).collect()
}

/// The call is not done, and the answer says so or is somebody else's.
pub fn not_done() -> Vec<(String, Effect)> {
    let statuses = [301, 401, 403, 404, 408, 422, 425, 429, 500, 502, 503, 504];
    let statuses = statuses.map(|code| (format!("{code}"), Effect::Status(Reply::status(code))));
    let pages = [200, 403, 404, 422]
        .map(|code| (format!("{code} with a page of a filter"), Effect::Status(Reply::html(code))));
    let an_hour = Effect::RateLimited { retry_after: Some("3600".to_owned()) };
    let rest = [("429 for an hour".to_owned(), an_hour), ("reset".to_owned(), Effect::Reset)];
    statuses.into_iter().chain(pages).chain(rest).collect()
}

/// The call is done, and the answer says something else.
pub fn done() -> Vec<(String, Effect)> {
    let statuses = [404, 408, 409, 422, 429, 500, 502, 503, 504];
    let statuses = statuses.map(|code| {
        (format!("{code} after it was done"), Effect::AfterStatus(Reply::status(code)))
    });
    let page = Effect::AfterStatus(Reply::html(200));
    let rest = [
        ("200 with a page after it was done".to_owned(), page),
        ("reset after it was done".to_owned(), Effect::ResetAfter),
    ];
    statuses.into_iter().chain(rest).chain(cut_off()).collect()
}

/// A true answer that does not arrive in one piece, or not soon.
fn cut_off() -> Vec<(String, Effect)> {
    vec![
        ("the head of the answer".to_owned(), Effect::TruncateBody(0)),
        ("half of the answer".to_owned(), Effect::TruncateBody(25)),
        ("an answer that is late".to_owned(), Effect::HangAfter(SLOW)),
        ("a call that is late".to_owned(), Effect::Hang(SLOW)),
    ]
}

/// What can be wrong with a list of domains besides.
pub const LISTINGS: [(&str, Effect); 38] = [
    ("totals change", Effect::UnstableTotals),
    ("ids are repeated", Effect::RepeatIds),
    ("the first page is empty", Effect::DropPage(1)),
    ("the second page is empty", Effect::DropPage(2)),
    ("pages are shuffled", Effect::ShuffleEveryCall),
    ("no primary", Effect::Edit(no_primary)),
    ("the list of another application", Effect::Edit(|body| each(body, foreign))),
    ("every type unknown", Effect::Edit(|body| set(body, "type", "parked"))),
    ("every type missing", Effect::Edit(|body| set(body, "type", ()))),
    ("every type a number", Effect::Edit(|body| set(body, "type", 2))),
    ("every type redirect", Effect::Edit(|body| set(body, "type", "redirect"))),
    ("every type primary", Effect::Edit(|body| set(body, "type", "primary"))),
    ("ids missing", Effect::Edit(|body| set(body, "id", ()))),
    ("ids negative", Effect::Edit(|body| set(body, "id", -1))),
    ("ids fractions", Effect::Edit(|body| set(body, "id", 693.5))),
    ("ids words", Effect::Edit(|body| set(body, "id", "seven"))),
    ("one id for all", Effect::Edit(|body| set(body, "id", 693))),
    (
        "ids as text",
        Effect::Edit(|body| each(body, |row| row["id"] = row["id"].to_string().into())),
    ),
    ("names missing", Effect::Edit(|body| set(body, "name", ()))),
    ("names numbers", Effect::Edit(|body| set(body, "name", 7))),
    ("names empty", Effect::Edit(|body| set(body, "name", ""))),
    ("one name for all", Effect::Edit(|body| set(body, "name", "same.test"))),
    ("names in capitals", Effect::Edit(|body| each(body, capital))),
    ("www missing", Effect::Edit(|body| set(body, "www", ()))),
    ("www a word", Effect::Edit(|body| set(body, "www", "perhaps"))),
    ("redirection a number", Effect::Edit(|body| set(body, "redirection", 1))),
    ("no totals", Effect::Edit(|body| body["meta"] = Value::Null)),
    ("totals are words", Effect::Edit(|body| total(body, "total", "many"))),
    ("total too high", Effect::Edit(|body| total(body, "total", 99))),
    ("total too low", Effect::Edit(|body| total(body, "total", 2))),
    ("total 0 with rows", Effect::Edit(|body| total(body, "total", 0))),
    ("nothing and total 0", Effect::Edit(nothing)),
    ("one page of many", Effect::Edit(|body| total(body, "total_pages", 1))),
    ("no pages", Effect::Edit(|body| total(body, "total_pages", 0))),
    ("pages without end", Effect::Edit(|body| total(body, "total_pages", u64::MAX))),
    ("always the first page", Effect::Edit(|body| total(body, "current_page", 1))),
    ("the last row of a page missing", Effect::Edit(|body| drop(rows(body).pop()))),
    ("a row that is text", Effect::Edit(|body| rows(body).push(json!("a.test")))),
];

/// Entries that are not what they are.
pub const ENTRIES: [(&str, &str); 4] = [
    ("another name", r#"{"name":"same.test","type":"alias","www":0}"#),
    ("the name of a site", r#"{"name":"shop.network.test","type":"alias","www":1}"#),
    ("a name that is none", r#"{"name":"-","type":"alias","www":0}"#),
    ("no name", r#"{"type":"alias","www":0}"#),
];

/// Lists that add up, and in which entries are missing or are not what they were.
pub const NAMES: [(&str, Effect); 4] = [
    ("the last name another", Effect::Edit(|body| rename(body, "same.test"))),
    ("the last name that of a site", Effect::Edit(|body| rename(body, "shop.network.test"))),
    ("the last id new", Effect::Edit(new_id)),
    ("the last entry missing from rows and total", Effect::Edit(short)),
];

/// Lists that add up, and in which entries have changed places.
pub const TURNED: [(&str, Effect); 6] = [
    ("the names of each page turned around", Effect::Edit(|body| turn(body, "name"))),
    ("the ids of each page turned around", Effect::Edit(|body| turn(body, "id"))),
    ("everything but the ids of each page one further", Effect::Edit(further)),
    ("the last two names of each page the other way round", Effect::Edit(swap)),
    ("the www flags of each page turned around", Effect::Edit(|body| turn(body, "www"))),
    ("the types of each page turned around", Effect::Edit(|body| turn(body, "type"))),
];

fn rows(body: &mut Value) -> &mut Vec<Value> {
    body["data"].as_array_mut().unwrap()
}

fn each(body: &mut Value, change: fn(&mut Value)) {
    rows(body).iter_mut().for_each(change);
}

fn set(body: &mut Value, field: &str, value: impl Into<Value> + Copy) {
    for row in rows(body) {
        row[field] = value.into();
    }
}

fn total(body: &mut Value, field: &str, value: impl Into<Value>) {
    body["meta"]["pagination"][field] = value.into();
}

fn rename(body: &mut Value, name: &str) {
    if let Some(row) = rows(body).last_mut() {
        row["name"] = name.into();
    }
}

fn new_id(body: &mut Value) {
    if let Some(row) = rows(body).last_mut() {
        row["id"] = (9_000 + row["id"].as_u64().unwrap()).into();
    }
}

/// Each row has what its counterpart from the other end of the page has.
fn turn(body: &mut Value, field: &str) {
    let rows = rows(body);
    let values: Vec<Value> = rows.iter().rev().map(|row| row[field].clone()).collect();
    for (row, value) in rows.iter_mut().zip(values) {
        row[field] = value;
    }
}

fn swap(body: &mut Value) {
    if let [.., first, second] = rows(body).as_mut_slice() {
        std::mem::swap(&mut first["name"], &mut second["name"]);
    }
}

/// Each id has the entry of the one before it.
fn further(body: &mut Value) {
    let rows = rows(body);
    let ids: Vec<Value> = rows.iter().map(|row| row["id"].clone()).collect();
    for (row, id) in rows.iter_mut().zip(ids.into_iter().cycle().skip(1)) {
        row["id"] = id;
    }
}

/// One row fewer on each page.
fn short(body: &mut Value) {
    rows(body).pop();
    let pagination = &body["meta"]["pagination"];
    let [before, pages] =
        [&pagination["total"], &pagination["total_pages"]].map(|number| number.as_u64().unwrap());
    total(body, "total", before - pages);
}

fn no_primary(body: &mut Value) {
    rows(body).retain(|row| row["type"] != "primary");
    let before = body["meta"]["pagination"]["total"].as_u64().unwrap();
    total(body, "total", before - 1);
}

fn nothing(body: &mut Value) {
    rows(body).clear();
    total(body, "total", 0);
    total(body, "total_pages", 1);
}

fn foreign(row: &mut Value) {
    row["name"] = format!("x{}.invalid", row["id"]).into();
}

fn capital(row: &mut Value) {
    row["name"] = row["name"].as_str().unwrap().to_uppercase().into();
}
