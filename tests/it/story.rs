//! One exact life of the network, step by step, over HTTP alone; the figures stand in `fixtures/story.expected.json`.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};
use tallystick::domain::click_token::ClickToken;
use tallystick::domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};

use crate::page::{between, forms, plain};
use crate::receipts::tamper;
use crate::shop::{Click, Visitor};
use crate::support::{Browser, Kind};
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
    /// The path of the receipt that an answer named, by act.
    receipts: BTreeMap<String, String>,
}

impl Story {
    async fn new(kind: Kind) -> Self {
        let world = World::new(kind).await;
        let (v1, v2) = (Visitor::new(&world.app, 1), Visitor::new(&world.app, 2));
        Self {
            v1,
            v2,
            world,
            expected: expected(),
            v1_b_w: None,
            v2_a_w: None,
            v1_b_x: None,
            receipts: BTreeMap::new(),
        }
    }

    /// A signed report on campaign W; the receipt that it names is remembered.
    async fn signed(&mut self, act: &str, query: &str) -> Value {
        let reply = self.world.shop_w.report(&self.world.app, query).await;
        self.check(act, reply.status, &reply.body);
        let receipt = reply.body["receipt_url"].as_str().unwrap_or_default().replace(&self.world.app.url, "");
        self.receipts.insert(act.to_owned(), receipt);
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
        // 2
        app.clock.advance_ms(1_000);
        for status in [201, 200] {
            let landed = self.v1.land(&world.w, &first.id).await;
            assert_eq!(landed.status, status, "{}", landed.text);
            let page = world.publisher_a.get("/publisher/links").await.plain();
            assert!(page.contains("1 of 1, 100.0 %"), "{page}");
        }
        app.clock.advance_ms(-1_000);
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
            let receipt = reply.body["receipt_url"].as_str().unwrap().replace(&self.world.app.url, "");
            self.receipts.insert(act.to_owned(), receipt);
        }
        self.pixel("lead_pixel", &self.v1, "event=lead&order_id=LEAD-2").await;
        let advertiser = &self.world.advertiser;
        let rejected =
            review(advertiser, "LEAD-2", "/api/reject_conversion", &[("reason", "test_order"), ("note", "")]).await;
        assert!(rejected.contains("it was a test order"), "{rejected}");
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

/// A row of the advertiser's conversions, decided by its form.
async fn review(browser: &Browser, order: &str, action: &str, entered: &[(&str, &str)]) -> String {
    let page = browser.get("/advertiser/conversions").await;
    let row = page.text.split("<tr").find(|row| row.contains(order)).unwrap_or_else(|| panic!("{order} is listed"));
    let form = forms(row).into_iter().find(|form| form.action == action);
    let form = form.unwrap_or_else(|| panic!("{order} can be decided: {row}"));
    browser.fill(&form, entered).await.plain()
}

impl Story {
    /// The balances after a step, as the admin's ledger and the publishers' own pages show them.
    async fn figures(&self, step: &str) {
        let expected = self.expected["figures"][step].as_object().unwrap_or_else(|| panic!("step {step}"));
        let ledger = self.world.admin.get("/admin/ledger").await.plain();
        assert!(ledger.contains("All EUR accounts sum to zero."), "step {step}: {ledger}");
        for (account, amount) in expected {
            let line = format!("{account} {} EUR", amount.as_str().unwrap());
            assert!(ledger.contains(&line), "step {step}: {line} in {ledger}");
        }
        let publishers = [("Garden Letters", &self.world.publisher_a), ("Trail Notes", &self.world.publisher_b)];
        for (name, publisher) in publishers {
            let page = publisher.get("/publisher/payouts").await.plain();
            for (word, amount) in self.expected["publishers"][step][name].as_object().unwrap() {
                let line = format!("{word} {} EUR", amount.as_str().unwrap());
                assert!(page.contains(&line), "step {step}, {name}: {line} in {page}");
            }
        }
    }

    async fn reviewed(&self) {
        // 14
        let advertiser = &self.world.advertiser;
        let reason = [("reason", "order_cancelled"), ("note", "")];
        let rejected = review(advertiser, "ORDER-O2", "/api/reject_conversion", &reason).await;
        assert!(rejected.contains("the order was cancelled"), "{rejected}");
        for order in ["ORDER-O1", "ORDER-O3", "ORDER-O4", "click:"] {
            let approved = review(advertiser, order, "/api/approve_conversion", &[]).await;
            assert!(approved.contains("The conversion is approved."), "{order}: {approved}");
        }
        let owed = advertiser.get("/advertiser/balance").await.plain();
        assert!(owed.contains(self.expected["owes"]["14"].as_str().unwrap()), "{owed}");
    }

    async fn paid(&self) {
        // 15
        let form = self.world.admin.get("/admin/deposits").await.form("/api/book_deposit", "");
        let id = between(&form.text, "<option value=\"", "\"").expect("the advertiser can be chosen").to_owned();
        let owed = self.expected["owes"]["14"].as_str().unwrap();
        let fields = [("advertiser_id", id.as_str()), ("amount", owed), ("currency", "EUR"), ("reference", "SEPA 1")];
        let booked = self.world.admin.fill(&form, &fields).await.plain();
        assert!(booked.contains(&format!("{owed} EUR is booked.")), "{booked}");
        self.figures("15").await;
        // 16
        self.world.app.clock.set("2026-04-01T08:00:00Z");
        self.world.log_in_again().await;
        let admin = &self.world.admin;
        let run = admin.act("/admin/payouts", "/api/propose_payouts", "", &[("currency", "EUR")]).await;
        let carried = self.expected["carried"].as_str().unwrap();
        assert!(run.plain().contains(carried), "{}", run.plain());
        let approved = admin.fill(&run.form("/api/approve_payout_run", ""), &[]).await;
        let paid = admin.fill(&approved.form("/api/mark_payout_paid", ""), &[("reference", "SEPA-2026-04")]).await;
        assert!(paid.plain().contains("The payout is paid."), "{}", paid.plain());
        let told = self.world.publisher_a.get("/publisher/payouts").await.plain();
        assert!(told.contains("SEPA-2026-04"), "{told}");
        let told = self.world.publisher_b.get("/publisher/payouts").await.plain();
        assert!(told.contains(carried), "{told}");
    }
}

/// The fields of a receipt: what stands beside each label; what is hidden from this reader is left out.
fn receipt_fields(page: &str) -> BTreeMap<String, String> {
    let leaders = page.split("class=\"leader").skip(1).filter_map(|part| part.split("</div>").next());
    let pairs = leaders.filter_map(|part| Some((between(part, "<dt>", "</dt>")?, between(part, "<dd>", "</dd>")?)));
    let shown = pairs.map(|(label, value)| (plain(label), plain(value)));
    shown.filter(|(_, value)| value != "hidden from you").collect()
}

const SAME: &str = "Recomputed now from stored inputs: same decision, same commission.";

impl Story {
    async fn receipts_agree(&self) {
        // 17
        let [a, b, shop, admin] =
            [&self.world.publisher_a, &self.world.publisher_b, &self.world.advertiser, &self.world.admin];
        let readers: [(&str, &Browser); 5] =
            [("o1_signed", b), ("o2_signed", b), ("o3_signed", a), ("o4_signed", a), ("lead", a)];
        for (act, publisher) in readers {
            let path = &self.receipts[act];
            let mut seen: BTreeMap<String, String> = BTreeMap::new();
            for reader in [publisher, shop, admin] {
                let page = reader.get(path).await;
                assert_eq!(page.status, 200, "{act} {path}");
                assert!(page.text.contains(SAME), "{act}: {}", page.plain());
                for (label, value) in receipt_fields(&page.text) {
                    // The publisher sees the end of the order id only, each party its own time zone; all here are UTC.
                    if label == "Order id" {
                        continue;
                    }
                    let first = seen.entry(label.clone()).or_insert_with(|| value.clone());
                    assert_eq!(*first, value, "{act}: {label} is the same for everybody who sees it");
                }
            }
            assert!(seen.len() >= 12, "{act}: {seen:?}");
            let (commission, badge) = (&self.expected["receipts"][act][0], &self.expected["receipts"][act][1]);
            assert_eq!(seen["Commission"], commission.as_str().unwrap(), "{act}");
            assert_eq!(seen["Evidence"], badge.as_str().unwrap(), "{act}");
        }
        let o1 = shop.get(&self.receipts["o1_signed"]).await.plain();
        assert_eq!(o1.matches(" lost : ").count(), 2, "A's clicks stand as losing clicks: {o1}");
        let rival = a.get(&self.receipts["o2_signed"]).await;
        let missing = a.get("/receipts/0000000000000").await;
        assert_eq!((rival.status, missing.status), (404, 404));
    }

    /// 18: the only step that touches the database.
    async fn tampered(&self) {
        let o1 = self.receipts["o1_signed"].rsplit('/').next().unwrap();
        let id = o1.parse::<tallystick::domain::ids::ConversionId>().unwrap().0;
        let store = &self.world.app.store;
        assert_eq!(verify(&self.world.app.database.url).0, Some(0));
        let of_o1 = format!(
            "fact = 'conversion' and code = 'commission_accrued' and fact_id in
            (select event_id from conversion_events where conversion_id = {id})"
        );
        let cent = format!("update transfers set amount_minor = amount_minor + 1 where {of_o1}");
        tamper(store, "transfers", &cent).await;
        let (code, told) = verify(&self.world.app.database.url);
        assert_eq!(code, Some(3));
        assert!(told.contains(o1), "{told}");
        tamper(store, "conversions", &format!("update conversions set amount_minor = 1 where conversion_id = {id}"))
            .await;
        let page = self.world.advertiser.get(&self.receipts["o1_signed"]).await;
        assert!(!page.text.contains(SAME) && page.plain().contains("amount"), "{}", page.plain());
        let (code, told) = verify(&self.world.app.database.url);
        assert_eq!(code, Some(3));
        assert!(told.contains(&format!("conversion {o1}: its amount is")), "{told}");
    }
}

/// `tallystick verify` beside the running network: its exit code and what it prints.
fn verify(url: &str) -> (Option<i32>, String) {
    let program = env!("CARGO_BIN_EXE_tallystick");
    let output = Command::new(program).args(["verify", "--database-url", url]).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn the_story() {
    for kind in Kind::all() {
        let mut story = Story::new(kind).await;
        story.clicks().await;
        story.orders().await;
        story.no_clicks().await;
        story.late_and_changed().await;
        story.figures("13").await;
        story.reviewed().await;
        story.figures("14").await;
        story.paid().await;
        story.figures("16").await;
        story.receipts_agree().await;
        story.tampered().await;
        story.world.app.stop().await;
    }
}
