//! Colours are for terminals: not for a pipe, and not where somebody said `NO_COLOR`.

use runcloud_domain_sync::simulator::Kind;

use super::{at_terminal, ran};
use crate::support::binary::for_world;
use crate::support::terminal::run_at_terminal;
use crate::support::world::World;

const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const RED: &str = "\u{1b}[31m";
/// A text and the colour it stands in.
type Expected = (&'static str, &'static str);

/// A world with a name that was added, one that was refused, and one to add.
async fn varied() -> World {
    let world = World::new().await.mapped(&["shop.example.com", "taken.test"]).await;
    world.runcloud.model().taken.insert("taken.test".into());
    world.runcloud.model().attach("moved.test", Kind::Redirect);
    assert_eq!(ran(&world, &["--once"]).await.code, 3);
    world.map(&["new.test", "moved.test"]).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_has_its_colours_at_a_terminal_and_nowhere_else() {
    let world = varied().await;
    let pages: [(&str, &[Expected]); 6] = [
        ("status", &[(YELLOW, "last pass"), (RED, "failing")]),
        ("plan", &[(GREEN, "+ new.test"), (YELLOW, "= moved.test")]),
        ("history", &[(RED, " taken.test"), ("", "shop.example.com")]),
        ("explain taken.test", &[(RED, "RunCloud"), (RED, "verdict"), (GREEN, "policy")]),
        ("doctor", &[(GREEN, "ok"), (YELLOW, "WARN"), (RED, " findings")]),
        ("--once", &[(GREEN, "+ new.test"), (RED, "! taken.test")]),
    ];
    for (command, expected) in pages {
        let command: Vec<&str> = command.split(' ').collect();
        if command != ["--once"] {
            let piped = ran(&world, &command).await.stdout;
            assert!(!piped.contains('\u{1b}'), "{command:?}: {piped:?}");
            let mut plain = for_world(&world);
            plain.args(&command).env("NO_COLOR", "1");
            let plain = run_at_terminal(plain, "").await.stdout;
            assert!(!plain.contains('\u{1b}'), "{command:?}: {plain:?}");
        }
        let page = at_terminal(&world, &command, "").await.stdout;
        for (colour, text) in expected {
            let is_so = |line: &str| match line.split_once(text) {
                Some((before, _)) if colour.is_empty() => !before.contains('\u{1b}'),
                Some((before, _)) => before.contains(colour),
                None => false,
            };
            assert!(page.lines().any(is_so), "{command:?}: {text} in {page:?}");
        }
    }
}
