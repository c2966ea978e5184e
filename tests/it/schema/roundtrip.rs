//! Round trips: foreign databases, rendered as a declaration, have no difference to it.

use mayfly_schema::write::write;
use support::cluster::{endpoint, run};

use super::place::Place;

/// Applied as rendered, in both forms, and once more with an additional column, so that no shortcut applies.
async fn round(place: &mut Place) {
    let there = place.read().await;
    for whole in [false, true] {
        let written = write(&there, whole).to_string();
        let outcome = place.apply(&written).await;
        assert!(outcome.plan.is_empty(), "{:#?}", outcome.plan);
    }
    let written = write(&there, true).to_string();
    let more = written.replacen(r#""columns":{"#, r#""columns":{"one more":{"type":"int"},"#, 1);
    let outcome = place.dry_run(&more).await;
    assert_eq!(outcome.plan.steps.len(), 1, "{:#?}", outcome.plan);
}

#[test]
fn a_video_store() {
    run(async {
        let mut place = Place::new().await;
        place.run(include_str!("roundtrip/video_store.sql")).await;
        round(&mut place).await;
        place.drop().await;
    });
}

#[test]
fn a_music_shop() {
    run(async {
        let mut place = Place::new().await;
        place.run(include_str!("roundtrip/music_shop.sql")).await;
        round(&mut place).await;
        place.drop().await;
    });
}

#[test]
fn the_platforms_own_tables() {
    run(async {
        let admin = endpoint().admin("postgres").await.unwrap();
        admin.batch_execute("DROP DATABASE IF EXISTS schema_platform").await.unwrap();
        admin.batch_execute("CREATE DATABASE schema_platform").await.unwrap();
        let mut client = endpoint().admin("schema_platform").await.unwrap();
        mayfly_schema::migrate(&mut client).await.unwrap();
        let mut place = Place { client, options: mayfly_schema::Options::default() };
        let there = place.read().await;
        assert!(there.tables.len() > 5);
        round(&mut place).await;
    });
}
