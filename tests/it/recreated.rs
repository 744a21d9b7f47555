//! Clicks whose record was lost after a deferred answer: made again from their token, held for review, and replaced by
//! their own record where that comes after all.

use std::sync::Arc;

use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::click::{Click, ClickLabel, ClickReason};
use tallystick::domain::click_token::ClickToken;
use tallystick::domain::ids::{ClickId, ConversionId, PublisherId};
use tallystick::domain::report::Reader;
use tallystick::domain::secret::SecretKey;
use tallystick::domain::time::Zone;
use tallystick::store::conversions::Conversion;
use tallystick::store::{clicks, conversions, landings, links};
use tallystick::tracking::recorder::{self, Promise};

use crate::fixtures::{LiveCampaign, live_campaign, publisher};
use crate::shop::{Reply, Shop, Visitor};
use crate::support::{Kind, STRICT, TestApp, verified};
use crate::tracking::link;
use crate::uncounted::{counted, keep_all, many};

struct Scene {
    app: TestApp,
    live: LiveCampaign,
    publisher: PublisherId,
    link: String,
    shop: Shop,
}

async fn scene(kind: Kind) -> Scene {
    let app = TestApp::start(kind).await;
    let live = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
    let (_, publisher) = publisher(&app, "Garden Letters").await;
    let link = link(&app, publisher, live.campaign).await;
    let shop = Shop::new(&app, &live.campaign.to_string());
    Scene { app, live, publisher, link, shop }
}

impl Scene {
    /// The token of a click that was answered now, and whose record is nowhere.
    async fn lost(&self) -> ClickToken {
        let mut conn = self.app.store.read().await.unwrap();
        let link = links::list_of_publisher(&mut conn, self.publisher, 1).await.unwrap()[0].link_id;
        let id = self.app.environment.new_id(ClickId);
        ClickToken::new(&SecretKey::from_bytes([9; 32]), id, link, self.live.campaign, self.publisher)
    }

    async fn stored(&self, id: ClickId) -> Click {
        clicks::find(&mut self.app.store.read().await.unwrap(), id).await.unwrap().unwrap()
    }

    async fn order(&self, order: &str, token: &ClickToken) -> (Reply, Conversion) {
        let query = format!("click_id={token}&order_id={order}&amount=50.00&currency=EUR");
        let reply = self.shop.report(&self.app, &query).await;
        let id: ConversionId = reply.text("conversion_id").parse().unwrap();
        let conversion = conversions::get(&mut self.app.store.read().await.unwrap(), id).await.unwrap();
        (reply, conversion)
    }

    fn readers(&self) -> Arc<[Reader]> {
        let of = |party_id| Reader { party_id, zone: Zone::UTC };
        [Reader::network(), of(self.live.advertiser.party()), of(self.publisher.party())].into()
    }

    /// The click's own record, as the queue brings it late.
    async fn comes_after_all(&self, click: Click) {
        let (recorder, writer) = recorder::start(self.app.store.clone(), STRICT);
        assert_eq!(recorder.record(click, self.readers()).await, Promise::Durable);
        drop(recorder);
        writer.await.unwrap();
    }

    async fn verified(&self) {
        verified(&self.app.store).await;
    }
}

#[tokio::test]
async fn a_conversion_on_a_click_made_again_is_held_for_its_label_cannot_be_known() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let token = scene.lost().await;
        let (reply, conversion) = scene.order("O1", &token).await;
        assert_eq!(reply.told(), (201, "created", false, "fraud_rule"));
        assert_eq!((conversion.held_reason.as_deref(), conversion.commission_minor), (Some("fraud_rule"), 500));
        assert!(scene.stored(token.click_id).await.is_recreated);
        assert_eq!(scene.order("O1", &token).await.0.told(), (200, "created", true, "fraud_rule"));
        assert_eq!(scene.order("O2", &token).await.1.held_reason.as_deref(), Some("fraud_rule"), "and the next on it");
        scene.verified().await;
        scene.app.stop().await;
    }
}

#[tokio::test]
async fn the_clicks_own_record_takes_the_place_of_the_one_made_again() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let visitor = Visitor::new(&scene.app, 1);
        let first = ClickToken::read(&visitor.click(&scene.link).await.id).unwrap();
        let real = scene.stored(first.click_id).await;
        let lost = [scene.lost().await, scene.lost().await, scene.lost().await];
        for (number, token) in lost.iter().enumerate() {
            scene.order(&format!("O{number}"), token).await;
        }
        // Its landing came while it was the one made again.
        assert_eq!(visitor.land(&scene.shop.campaign, &lost[1].to_string()).await.status, 201);
        let own = |token: &ClickToken| Click { click_id: token.click_id, label: ClickLabel::Valid, ..real.clone() };
        // The first visitor again, a new one, and one of a flood.
        scene.comes_after_all(own(&lost[0])).await;
        scene.comes_after_all(Click { visitor: Some([9; 16]), ..own(&lost[1]) }).await;
        let flood = (ClickLabel::Invalid, Some(ClickReason::Flood));
        scene.comes_after_all(Click { label: flood.0, reason: flood.1, ..own(&lost[2]) }).await;
        let landing = landings::find(&mut scene.app.store.read().await.unwrap(), lost[1].click_id).await.unwrap();
        assert!(landing.is_some(), "{kind:?}: the landing stays");
        let labels = [(ClickLabel::Duplicate, None), (ClickLabel::Valid, None), flood];
        let held = [None, None, Some("flood")];
        for (number, token) in lost.iter().enumerate() {
            let stored = scene.stored(token.click_id).await;
            assert_eq!((stored.is_recreated, (stored.label, stored.reason)), (false, labels[number]));
            assert_eq!(stored.sub_ids, real.sub_ids);
            let (_, conversion) = scene.order(&format!("O{number}"), token).await;
            assert_eq!(conversion.held_reason.as_deref(), held[number], "a further report sees what the click was");
        }
        scene.verified().await;
        scene.app.stop().await;
    }
}

#[tokio::test]
async fn the_clicks_own_record_comes_among_many_while_totals_are_owed() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        let first = ClickToken::read(&Visitor::new(&scene.app, 1).click(&scene.link).await.id).unwrap();
        let real = scene.stored(first.click_id).await;
        let lost = scene.lost().await;
        scene.order("O1", &lost).await;
        let (recorder, writer) = recorder::start(scene.app.store.clone(), STRICT);
        keep_all(&recorder, many(&scene.app, &real, 1), &scene.readers()).await;
        let mut batch = many(&scene.app, &real, 2);
        batch.push(Click { click_id: lost.click_id, visitor: Some([9; 16]), ..real.clone() });
        keep_all(&recorder, batch, &scene.readers()).await;
        let own = scene.stored(lost.click_id).await;
        assert_eq!((own.is_recreated, own.label), (false, ClickLabel::Valid), "{kind:?}");
        scene.verified().await;
        assert_eq!(counted(&scene.app.store).await, [202, 202], "{kind:?}");
        drop(recorder);
        writer.await.unwrap();
        scene.app.stop().await;
    }
}
