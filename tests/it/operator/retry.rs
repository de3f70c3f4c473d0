use runcloud_domain_sync::simulator::Fault;

use super::{NOON, told};
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_tried_again_at_once() {
    let mut world = World::new().await.mapped(&["taken.test", "b.test"]).await;
    world.now.wall = NOON;
    world.runcloud.model().taken.insert("taken.test".into());
    world.pass().await.unwrap();
    world.runcloud.model().taken.clear();
    assert_eq!(world.pass().await.unwrap().retry_later.len(), 1);
    let said = told(&world, &["retry", "https://www.TAKEN.test/cart"]).await;
    insta::assert_snapshot!(said, @"taken.test: it failed (422 The given data was invalid. The name has already been taken; it is not in this web application, so perhaps in another) and was to be tried again 2026-11-21 18:03 UTC; now the next pass tries it");
    let report = world.converge().await;
    assert_eq!(report.added.len(), 1);
    let again = told(&world, &["retry", "taken.test"]).await;
    insta::assert_snapshot!(again, @"taken.test: nothing is put off for it. Where it stands: runcloud-domain-sync --config CONFIG --wp-config DIR --api-url API --state-dir DIR explain taken.test");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_somebody_kept_removing_is_added_again() {
    let world = World::new().await.mapped(&["a.test", "b.test"]).await;
    world.converge().await;
    for _ in 0..3 {
        world.runcloud.model().detach("a.test");
        world.pass().await.unwrap();
    }
    world.runcloud.model().detach("a.test");
    assert_eq!(world.pass().await.unwrap().retry_later.len(), 1);
    let said = told(&world, &["retry", "a.test"]).await;
    assert!(said.starts_with("a.test: it was added again 3 times and gone each time"), "{said}");
    assert_eq!(world.converge().await.added.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_order_that_brought_nothing_goes_out_again() {
    let world = World::new().await.mapped(&["a.test"]).await;
    world.runcloud.model().faults.push(Fault::on("PUT", "/ssl/").status(422).always());
    world.pass().await.unwrap();
    world.runcloud.model().faults.clear();
    world.rest().await;
    let said = told(&world, &["retry", "a.test"]).await;
    assert!(said.starts_with("a.test: its certificate order brought nothing (422 "), "{said}");
    world.runcloud.forget_calls();
    world.pass().await.unwrap();
    assert_eq!(world.writes(), ["PUT /ssl/694"]);
}
