//! Windows to the millisecond over HTTP: of a click by click id and by cookie, of a coupon, of a bound customer; by the
//! time of receipt and by what the sender says; where clocks change, in 2038 and in 2100. And every decision that was
//! stored on the way comes out again from its stored inputs.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::decision::{Decision, decide};
use tallystick::domain::evidence::Inputs;
use tallystick::domain::ids::{CampaignId, CouponId, MemberId, PublisherId};
use tallystick::domain::terms::Terms;
use tallystick::domain::time::{DAY_MS, SECOND_MS, Timestamp};
use tallystick::store::coupons::NewCoupon;
use tallystick::store::{Store, campaigns, conversions, coupons, terms};

use crate::fixtures::{live_campaign, publisher, terms_of};
use crate::replay::rows;
use crate::shop::{Shop, Visitor};
use crate::support::{Kind, TestApp, verified};
use crate::tracking::link;

/// Each lasts a week over what is named, and is over, a month later, before the next one begins.
const BEGINNINGS: [(&str, &str); 6] = [
    ("2026-03-27T12:00:00.001Z", "Berlin, 29 March: an hour is left out"),
    ("2026-10-24T22:00:00Z", "Berlin, 25 October: an hour is there twice"),
    ("2027-03-12T23:30:00.500Z", "New York, 14 March: an hour is left out"),
    ("2027-11-05T05:59:59.999Z", "New York, 7 November: an hour is there twice"),
    ("2038-01-15T03:14:07.999Z", "19 January 2038: seconds beyond 31 bits"),
    ("2100-02-26T00:00:00Z", "2100 has no 29 February"),
];
const WEEK_MS: i64 = 7 * DAY_MS;

struct Scene {
    app: TestApp,
    shop: Shop,
    link: String,
    campaign: CampaignId,
    publisher: PublisherId,
}

/// A campaign whose clicks count for 7 days, and whose customers stay for a month.
async fn scene(kind: Kind) -> Scene {
    let app = TestApp::start(kind).await;
    let campaign = live_campaign(&app, "Winter", ApprovalMode::Manual).await.campaign;
    let (_, publisher) = publisher(&app, "Garden Letters").await;
    let mut w = app.store.write().await.unwrap();
    let newer = Terms { binding_months: 1, ..terms_of(&app, campaign, 2) };
    terms::insert(&mut w, &newer, MemberId(1), app.environment.now()).await.unwrap();
    let found = campaigns::get(&mut w, campaign).await.unwrap();
    campaigns::update(&mut w, &campaigns::Campaign { terms_version: 2, ..found }).await.unwrap();
    w.commit().await.unwrap();
    let link = link(&app, publisher, campaign).await;
    Scene { shop: Shop::new(&app, &campaign.to_string()), app, link, campaign, publisher }
}

impl Scene {
    /// A coupon of this year, valid from then on for a week.
    async fn coupon(&self, code: &str, valid_from: Timestamp) {
        let coupon = NewCoupon {
            coupon_id: self.app.environment.new_id(CouponId),
            campaign_id: self.campaign,
            publisher_id: self.publisher,
            code,
            key: code,
            valid_from,
            valid_until: Some(valid_from.plus_ms(WEEK_MS)),
            at: self.app.environment.now(),
            by: MemberId(1),
        };
        let mut w = self.app.store.write().await.unwrap();
        coupons::insert(&mut w, &coupon).await.unwrap();
        w.commit().await.unwrap();
    }

    fn at(&self, at: Timestamp) {
        self.app.clock.set(&at.to_string());
    }

    /// Status and reason of a signed order.
    async fn told(&self, order: &str, named: &str, occurred_at: Option<Timestamp>) -> (u16, String) {
        let at = occurred_at.map_or(String::new(), |at| format!("&occurred_at={at}"));
        let query = format!("{named}&order_id={order}&amount=50.00&currency=EUR{at}");
        let reply = self.shop.report(&self.app, &query).await;
        (reply.status, reply.text("reason").to_owned())
    }

    /// The same of a pixel in the browser that clicked, and nothing but its cookie.
    async fn by_cookie(&self, visitor: &Visitor, order: &str) -> (u16, String) {
        let answer = visitor.pixel(&self.shop.campaign, &format!("order_id={order}&amount=50.00&currency=EUR")).await;
        let reason = answer.headers.get("reason-code").map_or("", |value| value.to_str().unwrap());
        (answer.status, reason.to_owned())
    }

    /// Whose it is, in which state, for how much, and by which click.
    async fn stored(&self, order: &str) -> (Option<PublisherId>, String, i64, bool) {
        let mut conn = self.app.store.read().await.unwrap();
        let found = conversions::find_by_order(&mut conn, self.campaign, "sale", order).await.unwrap().unwrap();
        let reason = found.reason.unwrap_or_default();
        (found.publisher_id, format!("{} {reason}", found.state), found.commission_minor, found.click_id.is_some())
    }
}

fn expected(is_inside: bool, reason: &str) -> (u16, String) {
    if is_inside { (201, String::new()) } else { (202, reason.to_owned()) }
}

/// The six moments around a window: how old it is then, whether it counts, and the reason why not.
fn moments<'r>(length: i64, before: &'r str, after: &'r str) -> [(i64, bool, &'r str); 6] {
    [
        (-1, false, before),
        (0, true, ""),
        (1, true, ""),
        (length - 1, true, ""),
        (length, false, after),
        (length + 1, false, after),
    ]
}

#[tokio::test]
async fn every_window_ends_to_the_millisecond_over_http() {
    for kind in Kind::all() {
        let scene = scene(kind).await;
        for (year, (text, why)) in BEGINNINGS.into_iter().enumerate() {
            let begins_at = Timestamp::parse(text).unwrap();
            let code = format!("WEEK{year}");
            scene.coupon(&code, begins_at).await;
            let (coupon, customer) = (format!("coupon={code}"), format!("customer_id=c{year}"));
            // Before the click: nobody's yet, whatever comes.
            scene.at(begins_at.plus_ms(-1));
            assert_eq!(
                scene.told(&format!("{year}B"), &coupon, None).await,
                expected(false, "coupon_expired"),
                "{why}"
            );
            scene.at(begins_at);
            let visitor = Visitor::new(&scene.app, u8::try_from(year).unwrap());
            let click = visitor.click(&scene.link).await.id;
            let by_id = format!("click_id={click}");
            let bought = scene.told(&format!("{year}first"), &format!("{by_id}&{customer}"), None).await;
            assert_eq!(bought, expected(true, ""), "{why}: the order that binds");

            for (age, is_inside, reason) in moments(WEEK_MS, "", "window_expired").into_iter().skip(1) {
                scene.at(begins_at.plus_ms(age));
                let [id, cookie, code] = ["id", "cookie", "code"].map(|way| format!("{year}{way}{age}"));
                assert_eq!(scene.told(&id, &by_id, None).await, expected(is_inside, reason), "{why}: id, {age}");
                let told = scene.by_cookie(&visitor, &cookie).await;
                assert_eq!(told, expected(is_inside, reason), "{why}: cookie, {age}");
                assert_eq!(scene.stored(&id).await, scene.stored(&cookie).await, "{why}: the way decides nothing");
                let reason = if is_inside { "" } else { "coupon_expired" };
                assert_eq!(scene.told(&code, &coupon, None).await, expected(is_inside, reason), "{why}: {age}");
            }
            scene.at(begins_at.plus_ms(WEEK_MS + DAY_MS));
            for (age, is_inside, reason) in moments(WEEK_MS, "before_click", "window_expired") {
                let (said, id, code) =
                    (begins_at.plus_ms(age), format!("{year}said{age}"), format!("{year}typed{age}"));
                assert_eq!(scene.told(&id, &by_id, Some(said)).await, expected(is_inside, reason), "{why}: {age}");
                let reason = if is_inside { "" } else { "coupon_expired" };
                assert_eq!(scene.told(&code, &coupon, Some(said)).await, expected(is_inside, reason), "{why}: {age}");
            }
            bound_for_a_month(&scene, year, begins_at, &customer, why).await;
        }
        verified(&scene.app.store).await;
        assert!(replayed(&scene.app.store).await > BEGINNINGS.len() * 30);
        scene.app.stop().await;
    }
}

/// From the order that bound the customer to the same time of the same day of the next month.
async fn bound_for_a_month(scene: &Scene, year: usize, begins_at: Timestamp, customer: &str, why: &str) {
    let length = begins_at.plus_months(1).since(begins_at);
    for (age, is_inside, reason) in moments(length, "no_evidence", "no_evidence") {
        // What happened up to 30 days ago may be said, and what is not over as it comes.
        let (said, order) = (begins_at.plus_ms(age), format!("{year}bound{age}"));
        scene.at(said.plus_ms(if age < 2 { DAY_MS } else { 0 }));
        let told = scene.told(&order, customer, Some(said)).await;
        assert_eq!(told, expected(is_inside, reason), "{why}: said, {age}");
        if age > 2 {
            let told = scene.told(&format!("{order}received"), customer, None).await;
            assert_eq!(told, expected(is_inside, reason), "{why}: received, {age}");
        }
    }
    scene.at(begins_at.plus_ms(length + 2 * SECOND_MS));
}

/// Decides again on every decision that was ever stored, also on those that later ones replaced; gives how many.
pub async fn replayed(store: &Store) -> usize {
    let all = rows(store, "select inputs, decision, function_version from decisions order by decision_id").await;
    let mut known: HashMap<CampaignId, Vec<Terms>> = HashMap::new();
    for (texts, version) in &all {
        let inputs: Inputs = serde_json::from_str(&texts[0]).unwrap();
        let stored: Decision = serde_json::from_str(&texts[1]).unwrap();
        if let Entry::Vacant(unknown) = known.entry(inputs.campaign_id) {
            unknown.insert(terms::list(&mut store.read().await.unwrap(), inputs.campaign_id).await.unwrap());
        }
        let again = decide(&inputs, &known[&inputs.campaign_id]).unwrap();
        assert_eq!((&again, again.function_version), (&stored, *version), "{}", texts[0]);
        assert_eq!(serde_json::to_string(&again).unwrap(), texts[1], "to the letter");
    }
    all.len()
}
