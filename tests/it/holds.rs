//! Holds: a rule only stops approval by itself, and a person lets a conversion go on with a reason (domain.md section 10).

use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::conversion::ConversionState;
use tallystick::domain::time::DAY_MS;
use tallystick::settlement::review::approve_due;
use tallystick::store::conversions::{self, Conversion};

use crate::fixtures::{LiveCampaign, live_campaign, publisher};
use crate::members::PASSWORD;
use crate::shop::{Shop, Visitor};
use crate::support::{Kind, TestApp, verified};
use crate::tracking::link;

const LIST: &str = "/advertiser/conversions";

async fn found(app: &TestApp, shop: &Shop, order: &str) -> Conversion {
    let campaign = shop.campaign.parse().unwrap();
    let found = conversions::find_by_order(&mut app.store.read().await.unwrap(), campaign, "sale", order).await;
    found.unwrap().unwrap()
}

/// A click of a program that does not name itself.
pub async fn nameless_click(app: &TestApp, link: &str) -> String {
    let answer = Visitor::new(app, 1).ask(link, &[("user-agent", "")]).await;
    let location = url::Url::parse(answer.location()).unwrap();
    location.query_pairs().find(|(name, _)| name == "click_id").expect("it has an id").1.into_owned()
}

#[tokio::test]
async fn a_released_hold_lets_the_deadline_approve_and_new_evidence_holds_again() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let LiveCampaign { browser, campaign, .. } = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
        let (reader, publisher) = publisher(&app, "Garden Letters").await;
        let click = nameless_click(&app, &link(&app, publisher, campaign).await).await;
        let shop = Shop::new(&app, &campaign.to_string());
        let order = |id: &str, amount: &str| format!("order_id={id}&amount={amount}&currency=EUR&click_id={click}");
        app.clock.advance_ms(60_000);
        let held = shop.report(&app, &order("H1", "50.00")).await;
        assert_eq!(held.told(), (201, "created", false, "fraud_rule"));
        let reason = found(&app, &shop, "H1").await.held_reason.expect("it is held");

        let refused = browser.act(LIST, "/api/release_hold", "", &[("why", "  ")]).await.plain();
        assert!(refused.contains("a hold is released with a reason"), "{refused}");
        let released = browser.act(LIST, "/api/release_hold", "", &[("why", "Our own app: it has no name.")]).await;
        assert!(released.plain().contains("The hold is released"), "{}", released.plain());
        assert!(!released.text.contains("/api/release_hold"), "there is nothing to release any more");
        assert!(!released.plain().contains(&reason), "why it was held is no longer why it waits");
        let row = found(&app, &shop, "H1").await;
        assert_eq!((row.state, row.held_reason.as_deref()), (ConversionState::Pending, Some(&*reason)));
        assert!(row.hold_released_at_ms.is_some());
        let receipt = reader.get(&format!("/receipts/{}", row.conversion_id)).await.plain();
        assert!(receipt.contains("Hold released") && receipt.contains("Our own app: it has no name."), "{receipt}");
        assert!(receipt.contains("same decision, same commission"), "{receipt}");
        verified(&app.store).await;
        let again = shop.report(&app, &order("H1", "50.00")).await;
        assert_eq!(again.told(), (200, "created", true, ""), "why it was held is no longer told");

        // Released for what a pixel said; the shop's own word changes the amount.
        let pixel = Visitor::new(&app, 2).pixel(&shop.campaign, &order("H2", "1.00")).await;
        assert_eq!(pixel.status, 201);
        browser.act(LIST, "/api/release_hold", "", &[("why", "Known customer.")]).await;
        assert!(found(&app, &shop, "H2").await.hold_released_at_ms.is_some());
        assert_eq!(shop.report(&app, &order("H2", "90.00")).await.status, 200);
        let again = found(&app, &shop, "H2").await;
        assert_eq!((again.amount_minor, again.hold_released_at_ms), (Some(9_000), None), "looked at anew");
        verified(&app.store).await;
        let page = format!("/advertiser/campaigns/{campaign}/quality");
        let quality = browser.get(&format!("{page}?seconds=61")).await.plain();
        for said in [
            "Before: 2 conversions. Held for a person to look at: 2. After: 0 were not held.",
            "fraud_rule 2 1 1 0 0",
            "With 0 seconds, as the terms say now: 0 held. With 61 seconds: 2 held.",
        ] {
            assert!(quality.contains(said), "{said}: {quality}");
        }
        let quality = browser.get(&format!("{page}?seconds=60")).await.plain();
        assert!(quality.contains("With 60 seconds: 0 held."), "{quality}");
        for bad in ["-1", "3601", "soon", "99999999999999999999"] {
            assert_eq!(browser.get(&format!("{page}?seconds={bad}")).await.status, 200);
        }

        app.clock.advance_ms(31 * DAY_MS);
        assert_eq!(approve_due(&app.store, &app.environment).await.unwrap(), 1);
        assert_eq!(found(&app, &shop, "H1").await.state, ConversionState::Approved);
        assert_eq!(found(&app, &shop, "H2").await.state, ConversionState::Pending);
        let fields = [("email", "owner.of.winter@parties.example"), ("password", PASSWORD)];
        assert_eq!(browser.submit("/api/log_in", &fields).await.status, 200);
        let list = browser.get(LIST).await.plain();
        assert!(list.contains("Release the hold") && list.contains("the advertiser must decide"), "{list}");
        verified(&app.store).await;
        app.stop().await;
    }
}
