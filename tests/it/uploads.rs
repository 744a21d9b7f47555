//! Conversions from a file: a dry run that stores nothing, then each row as if a program had sent it.

use tallystick::domain::campaign::ApprovalMode;
use tallystick::domain::conversion::{Badge, ConversionState};
use tallystick::domain::conversion_report::ReportFields;
use tallystick::domain::ids::CampaignId;
use tallystick::domain::rule::AMOUNT_MAX_MINOR;
use tallystick::domain::time::DAY_MS;
use tallystick::server::retention;
use tallystick::store::{attempts, conversions, uploads};

use crate::fixtures::{LiveCampaign, live_campaign, publisher};
use crate::network::Network;
use crate::shop::Visitor;
use crate::support::{Answer, Browser, Kind, TestApp, verified};
use crate::tracking::link;

/// Sends a file; gives the page it leads to, and its path.
async fn send(browser: &Browser, campaign: &str, name: &str, content: &str) -> (Answer, String) {
    let fields = [("campaign_id", campaign)];
    let answer = browser.upload("/uploads", &fields, (name, "text/csv", content.as_bytes())).await;
    assert_eq!(answer.status, 302, "{}", answer.text);
    let place = answer.location().to_owned();
    (browser.get(&place).await, place)
}

#[tokio::test]
async fn a_file_is_tried_first_and_then_recorded_row_by_row() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let LiveCampaign { browser, advertiser, campaign } = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
        let (_, publisher) = publisher(&app, "Garden Letters").await;
        let click = Visitor::new(&app, 1).click(&link(&app, publisher, campaign).await).await.id;
        let id = campaign.to_string();
        app.clock.advance_ms(60_000);
        let file = format!(
            "order_id,amount,currency,click_id\nF1,80.00,EUR,{click}\nF2,\"49,90\",EUR,{click}\nF3,5.00,EUR,\n\
             F1,80.00,EUR,{click}\nF1,81.00,EUR,{click}\n,1.00,EUR,\n"
        );
        let (tried, place) = send(&browser, &id, "March <b>.csv", &file).await;
        let page = tried.plain();
        for said in [
            "Nothing is recorded yet.",
            "Of 6 rows, 1 would be recorded as new conversions, 1 more belong to nobody, 1 were known already, and 3 would be refused.",
            "2 F1 created A new conversion.",
            "3 F2 rejected bad_amount",
            "4 F3 unattributed no_evidence",
            "5 F1 created repeat The same order as in line 2.",
            "6 F1 rejected order_conflict The same order as in line 2.",
            "rejected order_id_missing",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(!tried.text.contains("<b>"), "a name is text");
        let mut conn = app.store.read().await.unwrap();
        assert_eq!(conversions::find_by_order(&mut conn, campaign, "sale", "F1").await.unwrap(), None);
        assert!(attempts::list_of_advertiser(&mut conn, advertiser, campaign, 9).await.unwrap().is_empty());
        drop(conn);

        let done = browser.act(&place, "/api/record_upload", "", &[]).await;
        let page = done.plain();
        assert!(page.contains("3 rows are recorded or were known, 3 were refused."), "{page}");
        assert!(page.contains("6 F1 rejected order_conflict"), "{page}");
        assert!(!done.text.contains("/api/record_upload") && page.contains("Its rows were recorded on"), "{page}");
        let found = async |order: &str| {
            let found = conversions::find_by_order(&mut app.store.read().await.unwrap(), campaign, "sale", order).await;
            found.unwrap()
        };
        let first = found("F1").await.unwrap();
        assert_eq!((first.badge, first.publisher_id, first.amount_minor), (Badge::Key, Some(publisher), Some(8_000)));
        assert_eq!(found("F3").await.unwrap().state, ConversionState::Unattributed);
        assert_eq!(found("F2").await, None);
        let log = attempts::list_of_advertiser(&mut app.store.read().await.unwrap(), advertiser, campaign, 9).await;
        let log = log.unwrap();
        assert!(log.len() == 6 && log.iter().all(|kept| kept.endpoint == "upload" && kept.member_id.is_some()));

        // The corrected file: what is known is told, the rest is new.
        let corrected = "order_id;amount;currency\nF1;80.00;EUR\nF2;49.90;EUR\n";
        let (again, place) = send(&browser, &id, "again.csv", corrected).await;
        assert!(again.plain().contains("1 more belong to nobody, 1 were known already"), "{}", again.plain());
        assert!(again.plain().contains("2 F1 created repeat The order was known already"), "{}", again.plain());
        verified(&app.store).await;

        // Somebody began to record it, and did not end.
        let upload = place.rsplit('/').next().unwrap().parse().unwrap();
        let now = app.environment.now();
        let mut w = app.store.write().await.unwrap();
        assert!(uploads::start(&mut w, upload, now, now).await.unwrap());
        w.commit().await.unwrap();
        assert!(browser.get(&place).await.plain().contains("Recording began on"));
        let twice = browser.act(&place, "/api/record_upload", "", &[]).await.plain();
        assert!(twice.contains("being recorded: look again in a moment"), "{twice}");
        assert_eq!(found("F2").await, None);
        app.clock.advance_ms(121_000);
        let done = browser.act(&place, "/api/record_upload", "", &[]).await.plain();
        assert!(done.contains("2 rows are recorded or were known, 0 were refused."), "{done}");
        verified(&app.store).await;

        app.clock.advance_ms(31 * DAY_MS);
        retention::requests(&app.store, &app.environment).await.unwrap();
        let mut conn = app.store.read().await.unwrap();
        let kept = uploads::list_of_advertiser(&mut conn, advertiser, campaign, 9).await.unwrap();
        assert!(kept.is_empty(), "files go as requests do");
        drop(conn);
        app.stop().await;
    }
}

/// Of each row the line, the outcome, the status, whether it is a repeat, and the reason.
async fn told(app: &TestApp, place: &str) -> Vec<String> {
    let upload = place.rsplit('/').next().unwrap().parse().unwrap();
    let rows = uploads::rows(&mut app.store.read().await.unwrap(), upload).await.unwrap();
    let told = rows.iter().map(|row| {
        format!("{} {:?} {} {} {:?}", row.number, row.outcome, row.http_status, row.is_duplicate, row.reason)
    });
    told.collect()
}

/// Sends a file, and records it: the dry run has told the same of every row.
async fn is_told_before(app: &TestApp, browser: &Browser, campaign: CampaignId, content: &str) -> Vec<String> {
    let (_, place) = send(browser, &campaign.to_string(), "tricky.csv", content).await;
    let tried = told(app, &place).await;
    browser.act(&place, "/api/record_upload", "", &[]).await;
    let recorded = told(app, &place).await;
    assert_eq!(tried, recorded, "{content}");
    recorded
}

/// Files in which rows bear on each other, one after the other on the same network; `A` and `B` are click ids.
const TRICKY: &[&str] = &[
    // What is refused leaves no order behind.
    "order_id,amount,currency,click_id\nR1,x,EUR,A\nR1,49.90,EUR,A\nR1,x,EUR,A\nR1,49.90,EUR,A\n",
    "order_id,amount,currency\nR2,x,EUR\nR2,x,EUR\n",
    "order_id,amount,currency,click_id\nR3,1.00,EUR,nothing\nR3,1.00,USD,A\nR3,1.00,EUR,A\nR3,2.00,EUR,A\n",
    // The same amount, written otherwise; then another, and then the first once more.
    "order_id,amount,currency,click_id\nS1,49.9,EUR,A\nS1,49.90,EUR,A\nS1,049.90,EUR,A\nS1,50.00,EUR,A\nS1,49.90,EUR,A\n",
    "order_id,event,amount,currency,click_id\nS2,,5.00,EUR,A\nS2,sale,5.00,EUR,A\nS2,lead,,,A\nS2,lead,,EUR,A\nS2,nothing,,,A\n",
    "order_id,amount,currency,click_id\nS3,,,A\nS3,,EUR,A\nS3,5.00,EUR,A\ns3,5.00,EUR,A\n",
    // Nobody's, and nobody's again; then a click is told, and the repeat is somebody's.
    "order_id,amount,currency,click_id\nN1,5.00,EUR,\nN1,5.00,EUR,\nN1,6.00,EUR,\nN1,5.00,EUR,A\nN1,5.00,EUR,\n",
    "order_id,amount,currency,coupon\nN2,5.00,EUR,\nN2,5.00,EUR,NONE\nN2,5.00,EUR,\n",
    "order_id,amount,currency,click_id,test\nT1,5.00,EUR,A,1\nT1,5.00,EUR,A,\nT1,5.00,EUR,A,maybe\n",
    // The order id that a click makes, by whichever of its ways.
    "order_id,event,click_id\n,lead,A\n,lead,B\n,lead,A\n,lead,B.A\n,lead,\n,,A\nA1,lead,A\n",
    // Known from the files before.
    "order_id,amount,currency,click_id\nR1,49.90,EUR,A\nR1,50.00,EUR,A\nN1,5.00,EUR,\nN3,5.00,EUR,\nS1,49.9,EUR,B\n",
];

#[tokio::test]
async fn the_dry_run_tells_what_recording_will_answer_to_every_row() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let LiveCampaign { browser, campaign, .. } = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
        let (_, publisher) = publisher(&app, "Garden Letters").await;
        let link = link(&app, publisher, campaign).await;
        let first = Visitor::new(&app, 1).click(&link).await.id;
        app.clock.advance_ms(1_000);
        let second = Visitor::new(&app, 2).click(&link).await.id;
        app.clock.advance_ms(60_000);
        for file in TRICKY {
            let content = [(",A", &first), (",B", &second), (".A", &first)]
                .iter()
                .fold((*file).to_owned(), |text, (mark, id)| text.replace(mark, &format!("{}{id}", &mark[..1])));
            is_told_before(&app, &browser, campaign, &content).await;
        }
        verified(&app.store).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn the_dry_run_counts_large_amounts_together() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        for number in 0..99 {
            let order_id = Some(format!("FULL-{number}"));
            let (amount_minor, currency) = (Some(AMOUNT_MAX_MINOR), Some("EUR".to_owned()));
            let fields = ReportFields { order_id, amount_minor, currency, ..ReportFields::default() };
            assert_eq!(network.report(network.w, Badge::Key, fields).await.status, 202);
        }
        // Ten more fit.
        let rows = (0..12).map(|row| format!("L{row},999999999999.99,EUR\n")).collect::<String>();
        let content = format!("order_id,amount,currency\n{rows}L3,999999999999.99,EUR\nL0,1.00,EUR\nL11,1.00,EUR\n");
        let told = is_told_before(&network.app, &network.shop, network.w, &content).await;
        let refused = told.iter().filter(|row| row.contains("BadAmount")).count();
        assert_eq!((told.len(), refused), (15, 2), "{told:?}");
        network.app.stop().await;
    }
}

#[tokio::test]
async fn a_file_that_is_none_is_refused_with_a_sentence() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let LiveCampaign { browser, campaign, .. } = live_campaign(&app, "Winter", ApprovalMode::Manual).await;
        let many = format!("order_id\n{}", "A\n".repeat(2_001));
        let large = format!("order_id\n{}", "A".repeat(1_024 * 1_024));
        for (content, said) in [
            ("", "There is no column order_id in the first line"),
            ("order_id,customer_id\nA,anna@example.com\n", "No column is named \"customer_id\""),
            ("order_id,amount\nA\n", "Line 2 cannot be read: it has 1 fields, and the head has 2."),
            (&many, "The file has more than 2000 rows"),
            (&large, "The file is larger than 1 MiB"),
        ] {
            let page = send(&browser, &campaign.to_string(), "a.csv", content).await.0.plain();
            assert!(page.contains(said), "{said}: {page}");
            assert!(page.contains("No file was read yet"), "{said}: nothing is kept");
        }
        app.stop().await;
    }
}
