//! The salts of visitors: the next day's is there before the day turns.

use tallystick::domain::time::DAY_MS;
use tallystick::store::Store;
use tallystick::tracking::salts::Salts;

use crate::support::{Kind, TestApp};

#[tokio::test]
async fn the_day_turns_while_the_database_is_away() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let (environment, store) = (&app.environment, Store::open(&app.database.url).await.unwrap());
        let (ours, theirs) = (Salts::default(), Salts::default());
        let today = ours.of(&store, environment, environment.now()).await.unwrap();
        assert_eq!(theirs.of(&app.store, environment, environment.now()).await, Some(today), "one for all processes");
        store.close().await;
        app.clock.advance_ms(DAY_MS);
        let tomorrow = ours.of(&store, environment, environment.now()).await.unwrap();
        assert_ne!(tomorrow, today);
        assert_eq!(theirs.of(&app.store, environment, environment.now()).await, Some(tomorrow));
        app.clock.advance_ms(DAY_MS);
        assert_eq!(ours.of(&store, environment, environment.now()).await, None, "a day without a database");
        assert!(theirs.of(&app.store, environment, environment.now()).await.is_some());
        app.stop().await;
    }
}
