use runcloud_domain_sync::simulator::Kind;

use super::{at_terminal, ran, told, without_place};
use crate::support::world::World;

/// A converged world in whose RunCloud are names that no row wants.
async fn with_leftovers() -> World {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await.with(|runcloud| {
        runcloud.attach("old.test", Kind::Alias);
        runcloud.attach("hand.test", Kind::Alias);
        runcloud.attach("moved.test", Kind::Redirect);
    });
    world.converge().await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_each_name_is_shown_before_anything_is_done() {
    let world = with_leftovers().await;
    let names = ["old.test", "moved.test", "network.test", "a.test", "nobody.test"];
    let arguments: Vec<&str> = std::iter::once("adopt").chain(names).collect();
    let refused = ran(&world, &arguments).await;
    assert_eq!(refused.code, 64);
    insta::assert_snapshot!(refused.stdout + &refused.stderr, @"
    * a.test  it is managed already
    x moved.test  not adopted: it is a redirect in RunCloud, which is never touched
    x network.test  not adopted: it is the web application's own name, which is never touched
    x nobody.test  not adopted: RunCloud has no such name
    - old.test  no row wants it: the next pass removes it
    error: nothing was done: nobody is there to be asked; --yes does it
    ");
    world.rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_adopted_goes_with_the_next_pass_because_no_row_wants_it() {
    let world = with_leftovers().await;
    insta::assert_snapshot!(told(&world, &["adopt", "OLD.test", "--yes"]).await, @"
    - old.test  no row wants it: the next pass removes it
    adopted: 1 name
    ");
    let report = world.converge().await;
    assert_eq!(report.removed.len(), 1);
    assert_eq!(
        world.names(),
        ["a.test", "b.test", "hand.test", "moved.test", "network.test", "shop.network.test"]
    );
    let history = told(&world, &["history", "--domain", "old.test"]).await;
    assert!(history.contains("adopted: only RunCloud has it (operator)"), "{history}");
    assert!(history.contains("removed: no row wants it, and an operator adopted it"), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_adopted_and_mapped_after_that_stays_until_its_row_goes() {
    let world = with_leftovers().await;
    told(&world, &["adopt", "--all", "--yes"]).await;
    world.map(&["old.test", "hand.test"]).await;
    assert_eq!(world.converge().await.removed.len(), 0);
    world.unmap("old.test").await;
    assert_eq!(world.converge().await.removed.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_at_a_terminal_is_asked() {
    let world = with_leftovers().await;
    let no = at_terminal(&world, &["adopt", "--all"], "n\n").await;
    assert_eq!(no.code, 64, "{}", no.stdout);
    insta::assert_snapshot!(without_place(&world, &no.stdout), @"
    - hand.test  no row wants it: the next pass removes it
    - old.test  no row wants it: the next pass removes it
    Adopt 2 names? [y/N] error: nothing was done
    ");
    world.rest().await;
    let yes = at_terminal(&world, &["adopt", "--all"], "y\n").await;
    assert_eq!(yes.code, 0, "{}", yes.stdout);
    assert_eq!(world.converge().await.removed.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_day_allows_waits_for_an_approval() {
    let world = World::new().await.mapped(&["a.test"]).await.with(|runcloud| {
        for number in 0..12 {
            runcloud.attach(&format!("old{number:02}.test"), Kind::Alias);
        }
    });
    world.converge().await;
    let said = told(&world, &["adopt", "--all", "--yes"]).await;
    let first = "! old00.test  no row wants it: removed once you approve it (12 of 14 managed names would be \
                 removed; the limit is 10 in 24 h)";
    assert_eq!(said.lines().next(), Some(first), "{said}");
    assert_eq!(world.pass().await.unwrap().removed.len(), 0);
    assert_eq!(ran(&world, &["--once"]).await.code, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_pass_there_is_nothing_to_adopt_into() {
    let world = World::new().await.mapped(&["a.test"]).await;
    let refused = ran(&world, &["adopt", "--all", "--yes"]).await;
    assert_eq!(refused.code, 64);
    assert!(refused.stderr.contains("no pass was made yet"), "{}", refused.stderr);
    assert_eq!(ran(&world, &["adopt"]).await.code, 64, "names, or --all");
}
