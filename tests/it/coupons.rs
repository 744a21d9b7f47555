//! Orders by coupon and by customer: whose they are, what their reasons are, who sees what, and that all of it recomputes.

use serde_json::json;
use sqlx::{AssertSqlSafe, Executor, raw_sql};
use tallystick::domain::conversion::Badge;
use tallystick::domain::conversion_report::ReportFields;
use tallystick::domain::ids::ConversionId;
use tallystick::domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use tallystick::reports::verify::{told, verify};
use tallystick::store::StoreError;
use tallystick::store::conversions::{self, Conversion};
use tallystick::store::driver::Driver;
use tallystick::tracking::conversion::Reply;

use crate::customers::by_customer;
use crate::members::PASSWORD;
use crate::network::{Network, fields};
use crate::receipts::tamper;
use crate::reports::numbers;
use crate::support::{Answer, Kind, verified};

const A_MEMBER: &str = "garden.letters@parties.example";

/// A signed sale of 50.00 EUR.
pub fn sale(order: &str) -> ReportFields {
    fields("sale", order, Some(("50.00", "EUR")), "")
}

fn by_coupon(order: &str, code: &str) -> ReportFields {
    ReportFields { coupon: Some(code.to_owned()), ..sale(order) }
}

fn coupons_page(network: &Network) -> String {
    format!("/advertiser/campaigns/{}/coupons", network.w)
}

/// The advertiser gives a publisher of W a code.
async fn give(network: &Network, publisher: &str, code: &str, until: &str) -> Answer {
    let fields = [("publisher_id", publisher), ("code", code), ("valid_until", until)];
    network.shop.act(&coupons_page(network), "/api/create_coupon", "", &fields).await
}

async fn give_a(network: &Network, code: &str) {
    let page = give(network, &network.a_id.to_string(), code, "").await;
    assert!(page.text.contains(&format!("with the coupon {code} are Garden Letters")), "{}", page.plain());
}

pub async fn send(network: &Network, badge: Badge, fields: ReportFields) -> Reply {
    network.report(network.w, badge, fields).await
}

/// Sessions end when they were idle too long.
pub async fn log_in_again(network: &Network) {
    for (browser, name) in [(&network.shop, "nordlicht.outdoor"), (&network.a, "garden.letters")] {
        let email = format!("{name}@parties.example");
        let page = browser.submit("/api/log_in", &[("email", &email), ("password", PASSWORD)]).await;
        assert!(page.text.contains("rail-foot"), "{}", page.plain());
    }
}

/// Status, reason and publisher.
pub async fn outcome(network: &Network, reply: &Reply) -> (u16, Option<&'static str>, Option<i64>) {
    let stored = stored(network, reply).await;
    (reply.status, reply.body.reason.map(|code| code.as_str()), stored.publisher_id.map(|id| id.0))
}

pub async fn stored(network: &Network, reply: &Reply) -> Conversion {
    let id = reply.body.conversion_id.expect("a conversion");
    conversions::get(&mut network.app.store.read().await.unwrap(), id).await.unwrap()
}

#[tokio::test]
async fn an_order_by_coupon_is_its_publishers_and_each_party_sees_its_own() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let empty = network.a.get("/publisher/coupons").await;
        assert!(empty.text.contains("You have no coupon") && empty.text.contains("ask the advertiser"));
        give_a(&network, "Trail-10").await;
        let first = send(&network, Badge::Signed, by_coupon("C1", " trail-10 ")).await;
        assert_eq!(outcome(&network, &first).await, (201, None, Some(network.a_id.0)));
        let order = stored(&network, &first).await;
        assert_eq!((order.commission_minor, order.fee_minor, order.click_id), (500, 100, None));
        assert_eq!(order.link_id, Some(network.links[0].0), "the default link of the enrollment");
        // Two reports of another order: a repeat is one, and a pixel weakens nothing.
        let second = send(&network, Badge::Key, by_coupon("C2", "TRAIL-10")).await;
        send(&network, Badge::Key, by_coupon("C2", "TRAIL-10")).await;
        send(&network, Badge::Unverified, by_coupon("C2", "TRAIL-10")).await;
        assert_eq!(stored(&network, &second).await.badge, Badge::Key);
        let test = ReportFields { test: Some("1".to_owned()), ..by_coupon("C3", "TRAIL-10") };
        send(&network, Badge::Signed, test).await;

        let [own, rival] = [network.a.get("/publisher/coupons").await, network.b.get("/publisher/coupons").await];
        for text in ["Trail-10", "Winter boots", ">live<", "10.00 EUR"] {
            assert!(own.text.contains(text), "{text} in {}", own.plain());
        }
        assert!(own.text.contains("data-label=\"Conversions\" class=\"num\">2<"), "{}", own.text);
        assert!(!rival.text.contains("Trail-10"));
        let shop = network.shop.get(&coupons_page(&network)).await;
        assert!(shop.text.contains("10.00 EUR") && shop.text.contains("Garden Letters"), "{}", shop.plain());

        let path = format!("/receipts/{}", order.conversion_id);
        for browser in [&network.a, &network.shop, &network.admin] {
            let page = browser.get(&path).await;
            assert!(page.text.contains("same decision, same commission"), "{}", page.plain());
            assert!(page.plain().contains("Coupon Code Trail-10"), "{}", page.plain());
            assert!(page.plain().contains("Coupon Trail-10 Garden Letters signed coupon won : Credited."));
        }
        assert_eq!(network.b.get(&path).await.status, 404);
        let by_link = network.a.get("/reports.csv?as=publisher&by=link&range=all").await.text;
        assert!(by_link.contains("Letter & footer") && by_link.contains("10.00"), "{by_link}");
        verified(&network.app.store).await;
        network.app.stop().await;
    }
}

#[tokio::test]
async fn a_code_that_is_none_or_not_valid_is_told_and_a_later_report_is_judged_anew() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let a = Some(network.a_id.0);
        let reply = send(&network, Badge::Signed, by_coupon("C1", "SPRING")).await;
        assert_eq!(outcome(&network, &reply).await, (202, Some("coupon_unknown"), None));
        let page = network.shop.get(&format!("/receipts/{}", reply.body.conversion_id.unwrap())).await;
        assert!(page.text.contains("href=\"/reasons/coupon_unknown\""), "{}", page.plain());
        assert!(page.plain().contains("Coupon SPRING"));

        give(&network, &network.a_id.to_string(), "Spring", "2026-03-03").await;
        let again = send(&network, Badge::Signed, by_coupon("C1", "SPRING")).await;
        assert_eq!(outcome(&network, &again).await, (200, None, a), "the same order again");
        // The day ends in the advertiser's zone, five hours and three quarters before UTC's.
        network.app.clock.set("2026-03-03T18:14:59.999Z");
        let last = send(&network, Badge::Signed, by_coupon("C2", "SPRING")).await;
        assert_eq!(outcome(&network, &last).await, (201, None, a));
        network.app.clock.advance_ms(1);
        let late = send(&network, Badge::Signed, by_coupon("C3", "SPRING")).await;
        assert_eq!(outcome(&network, &late).await, (202, Some("coupon_expired"), None));
        let happened =
            ReportFields { occurred_at: Some("2026-03-03T18:14:59Z".to_owned()), ..by_coupon("C4", "SPRING") };
        assert_eq!(outcome(&network, &send(&network, Badge::Signed, happened).await).await, (201, None, a));

        log_in_again(&network).await;
        give_a(&network, "Summer").await;
        let page = network.shop.act(&coupons_page(&network), "/api/end_coupon", "End Summer", &[]).await;
        assert!(page.text.contains("The coupon has ended"), "{}", page.plain());
        let ended = send(&network, Badge::Signed, by_coupon("C5", "SUMMER")).await;
        assert_eq!(outcome(&network, &ended).await, (202, Some("coupon_expired"), None));
        for code in ["coupon_unknown", "coupon_expired"] {
            assert_eq!(network.a.get(&format!("/reasons/{code}")).await.status, 200);
        }
        verified(&network.app.store).await;
        network.app.stop().await;
    }
}

#[tokio::test]
async fn a_coupon_that_cannot_be_is_refused_with_what_was_entered() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let [a, b] = [network.a_id.to_string(), network.b_id.to_string()];
        give_a(&network, "TRAIL10").await;
        for (publisher, code, until, problem) in [
            (&b, "trail10", "", "one code names one publisher for ever"),
            (&a, "two words", "", "1 to 64 letters"),
            (&a, "OLD", "2026-03-01", "over before the coupon begins"),
            (&a, "ODD", "tomorrow", "Enter a day as in"),
            (&network.shop_id.to_string(), "MINE", "", "Choose a publisher that is in the campaign"),
        ] {
            let page = give(&network, publisher, code, until).await;
            assert!(page.text.contains(problem), "{code}: {}", page.plain());
            assert!(page.text.contains(&format!("value=\"{code}\"")), "{code} is still entered");
        }
        let rows = numbers(&network.app.store, "select count(*) as n from coupons").await;
        assert_eq!(rows, [1]);
        // Another campaign knows nothing of it.
        let usd = ReportFields { currency: Some("USD".to_owned()), ..by_coupon("C1", "TRAIL10") };
        let reply = network.report(network.x, Badge::Signed, usd).await;
        assert_eq!(outcome(&network, &reply).await, (202, Some("coupon_unknown"), None));
        network.app.stop().await;
    }
}

#[tokio::test]
async fn the_publishers_own_purchase_is_held_until_a_person_decides() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let token = network.click(0, 1, &[]).await;
        give_a(&network, "TRAIL10").await;
        let by_click =
            ReportFields { click_id: Some(token.clone()), ..by_customer("S1", "Garden.Letters@Parties.example") };
        let coupon = Some("TRAIL10".to_owned());
        let with_coupon = ReportFields { coupon, ..by_customer("S2", A_MEMBER) };
        for own in [by_click, with_coupon] {
            let reply = send(&network, Badge::Signed, own).await;
            assert_eq!(outcome(&network, &reply).await, (201, Some("self_referral"), Some(network.a_id.0)));
        }
        let asked = ReportFields { click_id: Some(token.clone()), ..by_customer("S4", A_MEMBER) };
        let told = outcome(&network, &send(&network, Badge::Unverified, asked).await).await;
        assert_eq!(told, (201, None, Some(network.a_id.0)), "a stranger does not learn whose address it is");
        let friend = ReportFields { click_id: Some(token), ..by_customer("S3", "ada@example.com") };
        let friend = send(&network, Badge::Signed, friend).await;
        // A rival's pixel cannot have somebody else's order held.
        send(&network, Badge::Unverified, by_customer("S3", A_MEMBER)).await;
        assert_eq!(stored(&network, &friend).await.held_reason, None);
        assert_eq!(network.a.get("/reasons/self_referral").await.status, 200);

        network.app.clock.advance_ms(31 * DAY_MS);
        network.app.run_tasks().await;
        let text = "select count(*) as n from conversions where state = 'pending' and held_reason = 'self_referral'";
        assert_eq!(numbers(&network.app.store, text).await, [2]);
        // Nobody is told who bought: neither an address nor a hash stands in what was decided on.
        for table in ["decisions", "evidence"] {
            let column = if table == "decisions" { "inputs" } else { "clicks" };
            let text = format!("select count(*) as n from {table} where {column} like '%@%' or {column} like '%hash%'");
            assert_eq!(numbers(&network.app.store, &text).await, [0], "{table}");
        }
        verified(&network.app.store).await;
        network.app.stop().await;
    }
}

pub async fn conversion_of(network: &Network, order: &str) -> ConversionId {
    let mut conn = network.app.store.read().await.unwrap();
    conversions::find_by_order(&mut conn, network.w, "sale", order).await.unwrap().unwrap().conversion_id
}

/// Every order of every subset of `reports` that holds the first.
fn sequences(reports: &[ReportFields]) -> Vec<Vec<usize>> {
    let mut found: Vec<Vec<usize>> = vec![Vec::new()];
    for place in 0.. {
        let Some(so_far) = found.get(place).cloned() else { break };
        let next = (0..reports.len()).filter(|next| !so_far.contains(next));
        found.extend(next.map(|next| [so_far.as_slice(), &[next]].concat()));
    }
    found.retain(|sequence| sequence.contains(&0));
    found
}

#[tokio::test]
async fn the_final_state_does_not_depend_on_the_order_of_the_reports() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        give_a(&network, "TRAIL10").await;
        give(&network, &network.b_id.to_string(), "RIVAL10", "").await;
        let rivals_click = network.click(1, 1, &[]).await;
        let reports = [
            (Badge::Signed, by_coupon("", "TRAIL10")),
            (Badge::Unverified, fields("sale", "", Some(("50.00", "EUR")), &rivals_click)),
            (Badge::Unverified, by_coupon("", "RIVAL10")),
            (Badge::Signed, by_coupon("", "RIVAL10")),
        ];
        let of_each: Vec<ReportFields> = reports.iter().map(|(_, fields)| fields.clone()).collect();
        let sequences = sequences(&of_each);
        assert_eq!(sequences.len(), 49);
        for (number, sequence) in sequences.iter().enumerate() {
            let order = format!("P{number}");
            for place in sequence {
                let (badge, fields) = &reports[*place];
                send(&network, *badge, ReportFields { order_id: Some(order.clone()), ..fields.clone() }).await;
                network.app.clock.advance_ms(SECOND_MS);
            }
            let id = conversion_of(&network, &order).await;
            let found = conversions::get(&mut network.app.store.read().await.unwrap(), id).await.unwrap();
            let state = (found.publisher_id, found.badge, found.commission_minor, found.click_id, found.held_reason);
            assert_eq!(state, (Some(network.a_id), Badge::Signed, 500, None, None), "{kind:?} {sequence:?}");
        }
        verified(&network.app.store).await;
        network.app.stop().await;
    }
}

#[tokio::test]
async fn what_is_changed_of_a_coupon_behind_the_rules_is_found() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        give_a(&network, "TRAIL10").await;
        give(&network, &network.b_id.to_string(), "RIVAL10", "").await;
        let reply = send(&network, Badge::Signed, by_coupon("C1", "TRAIL10")).await;
        let order = stored(&network, &reply).await;
        let (id, store) = (order.conversion_id, &network.app.store);
        verified(&network.app.store).await;
        let refused = numbers(store, "select count(*) as n from coupons where code = 'TRAIL10'").await;
        assert_eq!(refused, [1]);
        let [a, b] = [network.a_id.0, network.b_id.0];
        let found = async |field: Option<&str>| {
            let checks = verify(&mut store.snapshot().await.unwrap()).await.unwrap();
            let named: Vec<&String> = checks.iter().flat_map(|check| &check.bad).collect();
            assert!(named.iter().any(|row| row.contains(&id.to_string())), "{}", told(&checks));
            let page = network.admin.get(&format!("/receipts/{id}")).await;
            let told = field.is_none_or(|field| page.text.contains(&format!("The {field} ")));
            assert!(told, "{field:?}: {}", page.plain());
        };
        let inputs = |from: &str, to: &str| {
            format!("update decisions set inputs = replace(inputs, '{from}', '{to}') where conversion_id = {}", id.0)
        };
        tamper(store, "decisions", &inputs("TRAIL10", "RIVAL10")).await;
        found(Some("evidence")).await;
        tamper(store, "decisions", &inputs("RIVAL10", "TRAIL10")).await;
        let row = |coupon: &str| format!("update conversions set coupon_id = {coupon} where conversion_id = {}", id.0);
        tamper(store, "conversions", &row("null")).await;
        found(Some("coupon")).await;
        tamper(store, "conversions", &row(&order.coupon_id.unwrap().0.to_string())).await;
        let owner = |from: i64, to: i64| {
            format!("update coupons set publisher_id = {to} where publisher_id = {from} and code = 'TRAIL10'")
        };
        tamper(store, "coupons", &owner(a, b)).await;
        found(None).await;
        tamper(store, "coupons", &owner(b, a)).await;
        verified(&network.app.store).await;
        network.app.stop().await;
    }
}

#[tokio::test]
async fn a_coupon_keeps_its_publisher_and_is_never_deleted() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        give_a(&network, "TRAIL10").await;
        for text in ["update coupons set publisher_id = 1", "update coupons set code = 'X'", "delete from coupons"] {
            let mut w = network.app.store.write().await.unwrap();
            let refused = match w.driver() {
                Driver::Sqlite(c) => c.execute(raw_sql(AssertSqlSafe(text))).await.err(),
                Driver::Postgres(c) => c.execute(raw_sql(AssertSqlSafe(text))).await.err(),
            };
            let error = StoreError::from(refused.unwrap_or_else(|| panic!("{kind:?}: {text} was not refused")));
            assert!(error.is_refused_by("coupons_fixed"), "{kind:?} {text}: {error}");
        }
        network.app.stop().await;
    }
}

#[tokio::test]
async fn a_rivals_click_in_the_last_minute_is_told_with_both_paths() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let first = network.click(0, 1, &[]).await;
        network.app.clock.advance_ms(HOUR_MS);
        let second = network.click(1, 1, &[]).await;
        let both = format!("{first}.{second}");
        network.app.clock.advance_ms(MINUTE_MS - 1);
        let flagged = network.order(network.w, "R1", "50.00", &both).await;
        network.app.clock.advance_ms(1);
        let plain = network.order(network.w, "R2", "50.00", &both).await;
        for (order, is_told) in [(flagged, true), (plain, false)] {
            let page = network.b.get(&format!("/receipts/{order}")).await;
            assert_eq!(page.text.contains("Two publishers led here"), is_told, "{}", page.plain());
            assert_eq!(page.text.contains("59 s before the conversion"), is_told);
        }
        let held = "select count(*) as n from conversions where held_reason is not null";
        assert_eq!(numbers(&network.app.store, held).await, [0]);
        network.app.stop().await;
    }
}

#[tokio::test]
async fn the_json_interface_takes_coupon_and_customer_and_keeps_no_customer() {
    for kind in Kind::all() {
        let world = crate::world::World::new(kind).await;
        let page = format!("/advertiser/campaigns/{}/coupons", world.w);
        let form = world.advertiser.get(&page).await.form("/api/create_coupon", "Garden Letters");
        let option = form.text.split("<option").find(|option| option.contains("Garden Letters")).unwrap().to_owned();
        let a = crate::page::between(&option, "value=\"", "\"").unwrap().to_owned();
        world.advertiser.fill(&form, &[("publisher_id", &a), ("code", "GARDEN")]).await;
        let order = json!({"order_id": "J1", "event": "sale", "amount": "20.00", "currency": "EUR",
            "coupon": "garden", "customer_id": "ada@example.com"});
        let reply = world.shop_w.post(&world.key, &order).await;
        assert_eq!(reply.told(), (201, "created", false, ""), "{reply:?}");
        let again = world.shop_w.post(&world.key, &order).await;
        assert_eq!(again.told(), (200, "created", true, ""), "{again:?}");
        let own = world.publisher_a.get("/publisher/coupons").await;
        assert!(own.text.contains("GARDEN") && own.text.contains("2.00 EUR"), "{}", own.plain());
        let kept = "select count(*) as n from attempts where body like '%ada@%' or query like '%ada@%'";
        assert_eq!(numbers(&world.app.store, kept).await, [0]);
        world.app.stop().await;
    }
}
