//! The pages of the reason codes: each code has one, and every refusal leads to it.

use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::click::ClickReason;
use tallystick::domain::conversion::Badge;
use tallystick::domain::reason::{ReasonCode, RejectReason};
use tallystick::domain::reason_book;

use crate::fixtures::{LiveCampaign, live_campaign};
use crate::network::{Network, fields};
use crate::shop::Shop;
use crate::support::{Kind, TestApp};

#[tokio::test]
async fn every_code_has_a_page_that_everybody_can_open() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let browser = app.browser();
        let list = browser.get("/reasons").await;
        assert_eq!(list.status, 200);
        let reports = ReasonCode::ALL.iter().map(|code| (code.as_str(), code.sentence(), code.remedy()));
        let clicks = ClickReason::ALL.iter().map(|code| (code.as_str(), code.sentence(), ""));
        // Its sentence begins in the middle of another.
        let rejections = RejectReason::ALL.iter().map(|code| (code.as_str(), &code.sentence()[1..], ""));
        for (code, sentence, remedy) in reports.chain(clicks).chain(rejections) {
            let path = reason_book::path(code);
            assert!(list.text.contains(&format!("href=\"{path}\"")), "{code} is in the list");
            let page = browser.get(&path).await;
            let text = crate::page::unescape(&page.text);
            assert_eq!(page.status, 200, "{code}");
            assert!(text.contains(sentence) && text.contains(remedy), "{code}: {text}");
            assert_eq!(text.matches("<h1").count(), 1, "{code}");
        }
        for path in ["/reasons/nonsense", "/reasons/FLOOD", "/reasons/too_fast%20", "/reasons/%00"] {
            let page = browser.get(path).await;
            assert_eq!(page.status, 404, "{path}");
            assert!(page.text.contains("Nothing is here"), "{path}");
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_refusal_names_the_page_of_its_reason() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let LiveCampaign { browser, campaign, .. } = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
        let shop = Shop::new(&app, &campaign.to_string());
        let order = |id: &str, amount: &str| format!("order_id={id}&amount={amount}&currency=EUR");
        let replies = [
            (shop.send(&format!("campaign={campaign}&order_id=1")).await, 401, "auth_missing"),
            (shop.report(&app, &order("1", "much")).await, 422, "bad_amount"),
            (shop.report(&app, &order("1", "5.00")).await, 202, "no_evidence"),
            (shop.report(&app, &order("1", "6.00")).await, 409, "order_conflict"),
            (shop.report(&app, &order("1", "5.00")).await, 200, "no_evidence"),
            (shop.post_text("tsk_none", "{}").await, 401, "auth_bad_token"),
        ];
        for (reply, status, code) in replies {
            assert_eq!((reply.status, reply.text("reason")), (status, code), "{reply:?}");
            assert_eq!(reply.text("reason_url"), format!("{}/reasons/{code}", app.url));
            let page = browser.get(reply.text("reason_url").strip_prefix(&app.url).unwrap()).await;
            let sentence = code.parse::<ReasonCode>().unwrap().sentence();
            assert!(page.status == 200 && crate::page::unescape(&page.text).contains(sentence), "{code}");
        }
        let path = format!("/advertiser/campaigns/{campaign}/integration");
        let attempts = browser.get(&path).await.text;
        assert!(
            attempts.contains("href=\"/reasons/bad_amount\"") && attempts.contains("href=\"/reasons/order_conflict\"")
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn a_credited_order_has_no_reason_and_lists_and_receipts_lead_to_theirs() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let token = network.click(0, 1, &[]).await;
        let sale = |order: &str, token: &str| fields("sale", order, Some(("49.90", "EUR")), token);
        let credited = network.report(network.w, Badge::Signed, sale("O1", &token)).await;
        assert_eq!((credited.body.reason, credited.body.reason_url), (None, None));
        let nobodys = network.report(network.w, Badge::Signed, sale("O2", "")).await.body.conversion_id.unwrap();
        for browser in [&network.shop, &network.admin] {
            let root = if std::ptr::eq(browser, &network.shop) { "/advertiser" } else { "/admin" };
            for path in [format!("{root}/conversions"), format!("/receipts/{nobodys}")] {
                let page = browser.get(&path).await;
                assert!(page.text.contains("href=\"/reasons/no_evidence\""), "{path}: {}", page.plain());
            }
        }
        network.app.stop().await;
    }
}
