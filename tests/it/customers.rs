//! Orders by customer: whose they are while the customer is bound, and after.

use tallystick::domain::conversion::Badge;
use tallystick::domain::conversion_report::ReportFields;
use tallystick::domain::party::Acting;
use tallystick::domain::reason::RejectReason;
use tallystick::settlement::review;

use crate::coupons::{conversion_of, log_in_again, outcome, sale, send, stored};
use crate::network::Network;
use crate::support::{Kind, verified};
use crate::world::{draft, entered};

#[tokio::test]
async fn a_customer_stays_with_the_publisher_of_the_first_order_for_the_months_of_the_terms() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let (a, b) = (Some(network.a_id.0), Some(network.b_id.0));
        let nobody = (202, Some("no_evidence"), None);
        let known = async |order: &str| {
            let reply = send(&network, Badge::Key, by_customer(order, "Ada@Example.com")).await;
            outcome(&network, &reply).await
        };
        let clicked = async |order: &str, link, badge| {
            let token = network.click(link, 1, &[]).await;
            let report = ReportFields { click_id: Some(token), ..by_customer(order, "ada@example.com") };
            send(&network, badge, report).await
        };
        clicked("K1", 0, Badge::Signed).await;
        assert_eq!(known("K2").await, nobody, "off by default");
        bind_for(&network, "1").await;
        clicked("K3", 1, Badge::Unverified).await;
        assert_eq!(known("K4").await, nobody, "a browser's report binds nobody");
        network.app.clock.set("2026-03-03T10:00:00Z");
        let first = clicked("K5", 0, Badge::Signed).await;
        assert_eq!(known("K6").await, (201, None, a));
        assert_eq!(known("K7").await, (201, None, a));
        clicked("K8", 1, Badge::Signed).await;
        assert_eq!(known("K9").await, (201, None, a), "another publisher's click does not bind again");
        network.app.clock.set("2026-04-03T09:59:59.999Z");
        assert_eq!(known("K10").await, (201, None, a), "the last millisecond of the month");
        network.app.clock.set("2026-04-03T10:00:00Z");
        assert_eq!(known("K11").await, nobody);
        clicked("K12", 1, Badge::Signed).await;
        assert_eq!(known("K13").await, (201, None, b), "bound anew once the first binding is over");

        let shop = network.viewer(Acting::Advertiser(network.shop_id));
        let (store, environment) = (&network.app.store, &network.app.environment);
        let bound = stored(&network, &first).await;
        log_in_again(&network).await;
        let page = network.a.get(&format!("/receipts/{}", conversion_of(&network, "K6").await)).await;
        assert!(
            page.plain().contains("A bound customer Garden Letters key customer won : Credited."),
            "{}",
            page.plain()
        );
        assert!(page.plain().contains("Bound since") && page.text.contains("same decision, same commission"));
        assert!(!page.text.contains("ada@"));
        verified(&network.app.store).await;

        // The order that bound is rejected: it binds nobody any more, and the next one did so from its own time on.
        let reason = Some(RejectReason::OrderCancelled);
        let id = bound.conversion_id;
        review::reject(store, environment, &shop, id, bound.version, reason, "").await.unwrap();
        let happened = Some("2026-03-20T10:00:00Z".to_owned());
        let past = ReportFields { occurred_at: happened, ..by_customer("K14", "ada@example.com") };
        let reply = send(&network, Badge::Key, past).await;
        assert_eq!(outcome(&network, &reply).await, (201, None, b));
        verified(&network.app.store).await;
        network.app.stop().await;
    }
}

/// Under new terms customers are bound for so many months.
pub async fn bind_for(network: &Network, months: &str) {
    let mut draft = draft("Winter boots", "2.50", "7");
    draft.push(("draft[binding_months]", months.to_owned()));
    let path = format!("/advertiser/campaigns/{}/edit", network.w);
    let page = network.shop.act(&path, "/api/update_campaign", "", &entered(&draft)).await;
    assert_eq!(page.status, 200, "{}", page.plain());
    let again = network.shop.get(&path).await;
    assert!(again.text.contains(&format!("value=\"{months}\"")), "{}", again.text);
}

pub fn by_customer(order: &str, customer: &str) -> ReportFields {
    ReportFields { customer_id: Some(customer.to_owned()), ..sale(order) }
}
