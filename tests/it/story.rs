//! One exact life of the network, step by step, over HTTP alone; the figures stand in `fixtures/story.expected.json`.

use serde_json::{Value, json};
use tallystick::domain::click_token::ClickToken;
use tallystick::domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};

use crate::shop::{Click, Visitor};
use crate::support::Kind;
use crate::world::{World, draft, entered};

/// What must be, written by hand from the story.
fn expected() -> Value {
    serde_json::from_str(include_str!("../fixtures/story.expected.json")).unwrap()
}

/// What one act of the story ends in: status, outcome, whether it is a repeat, the reason.
fn told(expected: &Value, act: &str) -> (u16, String, bool, String) {
    let row = &expected["reports"][act];
    assert!(row.is_array(), "{act} is expected");
    let text = |index: usize| row[index].as_str().unwrap().to_owned();
    (row[0].as_u64().unwrap() as u16, text(1), row[2].as_bool().unwrap(), text(3))
}

struct Story {
    world: World,
    expected: Value,
    v1: Visitor,
    v2: Visitor,
    /// The newest click of each visitor that matters later.
    v1_b_w: Option<Click>,
    v2_a_w: Option<Click>,
    v1_b_x: Option<Click>,
}

impl Story {
    async fn new(kind: Kind) -> Self {
        let world = World::new(kind).await;
        let (v1, v2) = (Visitor::new(&world.app, 1), Visitor::new(&world.app, 2));
        Self { v1, v2, world, expected: expected(), v1_b_w: None, v2_a_w: None, v1_b_x: None }
    }

    /// A signed report on campaign W.
    async fn signed(&self, act: &str, query: &str) -> Value {
        let reply = self.world.shop_w.report(&self.world.app, query).await;
        self.check(act, reply.status, &reply.body);
        reply.body
    }

    /// A pixel on campaign W by a visitor, or by a stranger without cookies.
    async fn pixel(&self, act: &str, visitor: &Visitor, query: &str) {
        let answer = visitor.pixel(&self.world.w, query).await;
        let (status, _, _, reason) = told(&self.expected, act);
        let told = answer.headers.get("reason-code").map_or("", |reason| reason.to_str().unwrap());
        assert_eq!((answer.status, told), (status, reason.as_str()), "{act}");
        assert!(answer.text.starts_with("GIF89a"));
    }

    fn check(&self, act: &str, status: u16, body: &Value) {
        let text = |name: &str| body[name].as_str().unwrap_or("").to_owned();
        let got = (status, text("outcome"), body["duplicate"] == true, text("reason"));
        assert_eq!(got, told(&self.expected, act), "{act}: {body}");
    }

    async fn clicks(&mut self) {
        let (app, world) = (&self.world.app, &self.world);
        // 1
        let first = self.v1.click(&world.a_w).await;
        assert_eq!(first.max_age_seconds, 604_800);
        // 3
        app.clock.advance_ms(2 * MINUTE_MS);
        let again = self.v1.click(&world.a_w).await;
        assert_eq!(again.max_age_seconds, 604_800);
        assert_ne!(again.id, first.id);
        // 4
        let before = self.v1.cookies.borrow().clone();
        self.v1_b_x = Some(self.v1.click(&world.b_x).await);
        let cookies = self.v1.cookies.borrow().clone();
        assert_eq!(cookies.len(), 2, "a cookie for each campaign");
        assert!(before.iter().all(|(name, value)| cookies.get(name) == Some(value)), "W's cookie stays");
        // 5
        app.clock.advance_ms(HOUR_MS);
        self.v1_b_w = Some(self.v1.click(&world.b_w).await);
    }

    async fn orders(&mut self) {
        let stranger = Visitor::new(&self.world.app, 9);
        let b = self.v1_b_w.as_ref().unwrap().id.clone();
        // 6
        let o1 = "order_id=ORDER-O1&amount=49.90&currency=EUR";
        self.pixel("o1_pixel", &self.v1, o1).await;
        let body = self.signed("o1_signed", &format!("click_id={b}&{o1}")).await;
        assert_eq!(body["upgraded"], true);
        // 7
        let o2 = "order_id=ORDER-O2&amount=20.00&currency=EUR";
        self.signed("o2_signed", &format!("click_id={b}&{o2}")).await;
        self.pixel("o2_pixel", &self.v1, o2).await;
        // 8
        self.v2_a_w = Some(self.v2.click(&self.world.a_w).await);
        let a = self.v2_a_w.as_ref().unwrap().id.clone();
        let o3 = "order_id=ORDER-O3&amount=30.00&currency=EUR";
        self.pixel("o3_pixel", &stranger, o3).await;
        self.signed("o3_signed", &format!("click_id={a}&{o3}")).await;
        // 9
        self.pixel("o4_stranger", &stranger, "order_id=ORDER-O4&amount=0.01&currency=EUR").await;
        self.signed("o4_signed", &format!("click_id={a}&order_id=ORDER-O4&amount=80.00&currency=EUR")).await;
        // 10
        let lead = json!({ "event": "lead", "click_id": a });
        for act in ["lead", "lead_again"] {
            let reply = self.world.shop_w.post(&self.world.key, &lead).await;
            self.check(act, reply.status, &reply.body);
        }
        self.pixel("lead_pixel", &self.v1, "event=lead&order_id=LEAD-2").await;
    }

    async fn no_clicks(&self) {
        // 11
        let crawler = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
        let cases: [(&[(&str, &str)], u16); 4] = [
            (&[("user-agent", crawler)], 302),
            (&[("sec-purpose", "prefetch"), ("sec-fetch-dest", "document")], 503),
            (&[("sec-fetch-dest", "iframe")], 302),
            (&[("sec-fetch-dest", "image")], 204),
        ];
        for (headers, status) in cases {
            let answer = Visitor::new(&self.world.app, 7).ask(&self.world.a_w, headers).await;
            assert_eq!(answer.status, status, "{headers:?}");
            assert!(!answer.headers.contains_key("set-cookie") && !answer.location().contains("click_id"));
        }
    }

    async fn late_and_changed(&mut self) {
        // 12
        let a = self.v2_a_w.as_ref().unwrap().id.clone();
        let clicked = ClickToken::read(&a).unwrap().time();
        self.world.app.clock.set(&clicked.plus_ms(7 * DAY_MS + 2 * HOUR_MS).to_string());
        let occurred = clicked.plus_ms(6 * DAY_MS + 23 * HOUR_MS);
        let t1 = format!("click_id={a}&order_id=TEST-T1&amount=10.00&currency=EUR&occurred_at={occurred}&test=1");
        self.signed("t1", &t1).await;
        self.signed("o5", &format!("click_id={a}&order_id=ORDER-O5&amount=60.00&currency=EUR")).await;
        // 13
        self.world.log_in_again().await;
        let edit = format!("/advertiser/campaigns/{}/edit", self.world.x);
        let changed = draft("Campaign X", "", "1");
        let page = self.world.advertiser.act(&edit, "/api/update_campaign", "", &entered(&changed)).await;
        assert!(page.text.contains("Version 2 of the terms is in force"), "{}", page.plain());
        let old = ClickToken::read(&self.v1_b_x.as_ref().unwrap().id).unwrap().time();
        self.keeps_its_window(old).await;
        assert_eq!(self.v1.click(&self.world.b_x).await.max_age_seconds, 86_400);
    }

    /// The click of step 4 was made under 7 days: just inside them it still counts.
    async fn keeps_its_window(&self, clicked: Timestamp) {
        let id = &self.v1_b_x.as_ref().unwrap().id;
        let at = clicked.plus_ms(7 * DAY_MS - 1);
        let query = format!("click_id={id}&order_id=TEST-X1&amount=5.00&currency=EUR&occurred_at={at}&test=1");
        let shop_x = crate::shop::Shop::new(&self.world.app, &self.world.x);
        let reply = shop_x.report(&self.world.app, &query).await;
        self.check("x_old_click", reply.status, &reply.body);
    }
}

#[tokio::test]
async fn the_story() {
    for kind in Kind::all() {
        let mut story = Story::new(kind).await;
        story.clicks().await;
        story.orders().await;
        story.no_clicks().await;
        story.late_and_changed().await;
        story.world.app.stop().await;
    }
}
