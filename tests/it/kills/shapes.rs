//! The shapes of plan that are interrupted: what was there, what one settled pass made of it, and what changed since.

use runcloud_domain_sync::ledger::IntentAction;
use runcloud_domain_sync::simulator::{ApiVersion, Kind, Model, Ssl};

use Edit::{Map, Rename, Unmap};

use crate::identity::swap_entries;

/// A plan in the making.
pub struct Shape {
    pub name: &'static str,
    /// What config.toml says.
    pub config: &'static str,
    /// What RunCloud is like from the beginning.
    pub runcloud: fn(&mut Model),
    /// The names that a first pass finds mapped; without any there is no first pass and no ledger.
    pub before: &'static [&'static str],
    /// What changed in the tables after it.
    pub edits: &'static [Edit],
    /// What changed in RunCloud by hand.
    pub by_hand: fn(&mut Model),
    /// The calls that an earlier pass left open.
    pub open: &'static [(&'static str, IntentAction)],
    /// The limit beyond which an operator let the removals through, where one did.
    pub approved_beyond: Option<usize>,
}

/// A change of the mapping table.
pub enum Edit {
    Map(&'static str),
    Unmap(&'static str),
    Rename { from: &'static str, to: &'static str },
}

const PLAIN: Shape = Shape {
    name: "",
    config: "",
    runcloud: |_| {},
    before: &[],
    edits: &[],
    by_hand: |_| {},
    open: &[],
    approved_beyond: None,
};

pub const SHAPES: [Shape; 19] = [
    Shape {
        name: "first additions",
        edits: &[Map("a.test"), Map("b.test"), Map("c.test")],
        ..PLAIN
    },
    Shape {
        name: "first additions with www",
        edits: &[Map("a.test"), Map("www.a.test"), Map("b.test"), Map("www.c.test")],
        ..PLAIN
    },
    Shape {
        name: "later additions",
        before: &["a.test", "b.test"],
        edits: &[Map("c.test"), Map("d.test")],
        ..PLAIN
    },
    Shape {
        name: "removals",
        before: &["a.test", "b.test", "c.test", "d.test"],
        edits: &[Unmap("a.test"), Unmap("c.test")],
        ..PLAIN
    },
    Shape {
        name: "adoption and removal",
        runcloud: |model| attach(model, &["old.test", "there.test"]),
        before: &["old.test", "stays.test", "too.test"],
        edits: &[Unmap("old.test"), Map("there.test")],
        ..PLAIN
    },
    Shape {
        name: "www on",
        before: &["a.test", "b.test"],
        edits: &[Map("www.a.test"), Map("www.b.test")],
        ..PLAIN
    },
    Shape {
        name: "www off",
        before: &["a.test", "www.a.test", "b.test", "www.b.test"],
        edits: &[Unmap("www.a.test"), Unmap("www.b.test")],
        ..PLAIN
    },
    Shape {
        name: "all kinds at once",
        before: &["a.test", "b.test", "c.test", "www.c.test"],
        edits: &[
            Map("d.test"),
            Map("e.test"),
            Map("www.a.test"),
            Unmap("b.test"),
            Unmap("www.c.test"),
        ],
        ..PLAIN
    },
    Shape {
        name: "one certificate each",
        runcloud: advanced,
        edits: &[Map("a.test"), Map("b.test"), Map("c.test")],
        ..PLAIN
    },
    Shape {
        name: "one certificate each, www on",
        runcloud: advanced,
        before: &["a.test", "b.test"],
        edits: &[Map("www.a.test"), Map("c.test"), Unmap("b.test")],
        ..PLAIN
    },
    Shape {
        name: "a refused addition",
        runcloud: |model| model.taken.extend(["taken.test".into()]),
        before: &["a.test"],
        edits: &[Map("b.test"), Map("taken.test"), Map("z.test")],
        ..PLAIN
    },
    Shape {
        name: "calls left open before",
        before: &["there.test", "missing.test", "kept.test"],
        edits: &[Map("sent.test"), Map("unsent.test"), Unmap("there.test"), Unmap("missing.test")],
        by_hand: |model| {
            attach(model, &["sent.test"]);
            model.detach("missing.test");
        },
        open: &[
            ("sent.test", IntentAction::Add),
            ("unsent.test", IntentAction::Add),
            ("there.test", IntentAction::Remove),
            ("missing.test", IntentAction::Remove),
        ],
        ..PLAIN
    },
    Shape {
        name: "a renamed row",
        before: &["a.test", "b.test"],
        edits: &[Rename { from: "a.test", to: "z.test" }],
        ..PLAIN
    },
    Shape {
        name: "mirror",
        config: "[sync]\nremoval = \"mirror\"\n",
        before: &["a.test"],
        edits: &[Map("b.test")],
        by_hand: |model| attach(model, &["hand1.test", "hand2.test"]),
        ..PLAIN
    },
    Shape {
        name: "many pages",
        runcloud: |model| model.page_size = 2,
        before: &["a.test", "b.test", "c.test", "d.test"],
        edits: &[Map("e.test"), Unmap("b.test")],
        ..PLAIN
    },
    Shape {
        name: "entries exchanged by hand",
        before: &["a.test", "b.test", "c.test"],
        edits: &[Map("www.b.test"), Unmap("a.test")],
        by_hand: swap_entries,
        ..PLAIN
    },
    Shape {
        name: "added again by hand",
        runcloud: advanced,
        before: &["a.test", "b.test"],
        edits: &[Map("c.test")],
        by_hand: |model| {
            model.detach("a.test");
            attach(model, &["a.test"]);
        },
        ..PLAIN
    },
    Shape {
        name: "approved removals",
        config: "[sync]\nmax_removals_per_day = 1\n",
        before: &["a.test", "b.test", "c.test", "d.test"],
        edits: &[Map("e.test"), Unmap("a.test"), Unmap("b.test"), Unmap("c.test")],
        approved_beyond: Some(1),
        ..PLAIN
    },
    Shape {
        name: "the legacy API",
        runcloud: |model| model.version = ApiVersion::V2,
        before: &["a.test", "b.test"],
        edits: &[Map("c.test"), Unmap("a.test")],
        ..PLAIN
    },
];

fn attach(model: &mut Model, names: &[&str]) {
    for name in names {
        model.attach(name, Kind::Alias);
    }
}

fn advanced(model: &mut Model) {
    model.app.ssl = Ssl::Advanced { auto: false, certificates: <_>::default() };
}
