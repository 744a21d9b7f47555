//! The receipt: every party opens the same one, sees what is its own to see, and reads when something was changed.

use sqlx::{AssertSqlSafe, Executor, raw_sql};
use tallystick::domain::conversion::Badge;
use tallystick::domain::time::MINUTE_MS;
use tallystick::store::Store;
use tallystick::store::driver::Driver;

use crate::network::{Network, fields};
use crate::support::Kind;

/// What nobody may do: changes rows behind the rules, with the triggers that refuse it out of the way.
pub async fn tamper(store: &Store, table: &str, text: &str) {
    let mut w = store.write().await.unwrap();
    let changed = match w.driver() {
        Driver::Sqlite(c) => {
            let names = "select name from sqlite_master where type = 'trigger' and tbl_name = $1";
            let triggers: Vec<String> = sqlx::query_scalar(names).bind(table).fetch_all(&mut *c).await.unwrap();
            for trigger in triggers {
                c.execute(raw_sql(AssertSqlSafe(format!("drop trigger {trigger}")))).await.unwrap();
            }
            c.execute(raw_sql(AssertSqlSafe(text.to_owned()))).await.unwrap().rows_affected()
        }
        Driver::Postgres(c) => {
            let disable = format!("alter table {table} disable trigger user");
            c.execute(raw_sql(AssertSqlSafe(disable))).await.unwrap();
            c.execute(raw_sql(AssertSqlSafe(text.to_owned()))).await.unwrap().rows_affected()
        }
    };
    assert!(changed > 0, "{text} changed nothing");
    w.commit().await.unwrap();
}

const SAME: &str = "Recomputed now from stored inputs: same decision, same commission.";
const OTHER: &str = "it does not come out the same";

#[tokio::test]
async fn the_parties_open_it_and_nobody_else_can_tell_that_it_exists() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let first = network.click(0, 1, &[]).await;
        network.app.clock.advance_ms(10 * MINUTE_MS);
        let second = network.click(1, 1, &[("referer", "https://boots.example/tested")]).await;
        let both = format!("{first}.{second}");
        let order = network.order(network.w, "ORDER-4711", "49.90", &both).await;
        let path = format!("/receipts/{order}");

        let [b, shop, admin] = [&network.b, &network.shop, &network.admin];
        let mut pages = Vec::new();
        for browser in [b, shop, admin] {
            let page = browser.get(&path).await;
            assert_eq!(page.status, 200);
            for text in
                [SAME, "49.90 EUR", "4.99 EUR", "10 % of a sale (rule 1)", "7 days", "A later click was credited."]
            {
                assert!(page.text.contains(text), "{text} in {}", page.text);
            }
            assert!(page.text.contains("boots.example") && page.text.contains("Boot Review"));
            assert!(!page.text.contains(OTHER) && !page.text.contains(" style="));
            pages.push(page.text);
        }
        let [b_page, shop_page, admin_page] = [&pages[0], &pages[1], &pages[2]];
        assert!(b_page.contains("\u{2026}4711") && !b_page.contains("ORDER-4711"));
        assert!(shop_page.contains("ORDER-4711") && admin_page.contains("ORDER-4711"));
        assert!(!b_page.contains("1.00 EUR") && shop_page.contains("1.00 EUR") && admin_page.contains("1.00 EUR"));
        assert!(!b_page.contains("fee accrued") && shop_page.contains("fee accrued"));
        assert!(!b_page.contains("Garden Letters") && !shop_page.contains("Garden Letters"), "a rival has no name");
        assert!(admin_page.contains("Garden Letters"));
        assert!(b_page.contains(&network.links[1].1) && !shop_page.contains(&network.links[1].1));

        let missing = format!("/receipts/{}", network.links[0].0);
        for stranger in [&network.a] {
            let (theirs, none) = (stranger.get(&path).await, stranger.get(&missing).await);
            assert_eq!((theirs.status, none.status), (404, 404));
            assert_eq!(theirs.text, none.text);
            assert_eq!(stranger.get("/receipts/0").await.text, none.text);
        }
        let nobody = network.app.browser().get(&path).await;
        assert_eq!((nobody.status, nobody.location()), (302, "/log-in"));
        network.app.stop().await;
    }
}

#[tokio::test]
async fn what_was_changed_is_named() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let token = network.click(0, 1, &[]).await;
        let amount = Some(("49.90", "EUR"));
        network.report(network.w, Badge::Unverified, fields("sale", "O1", amount, "")).await;
        let mut paths = Vec::new();
        for order in ["O1", "O2", "O3", "O4", "O5", "O6"] {
            let id = network.order(network.w, order, "49.90", &token).await;
            let path = format!("/receipts/{id}");
            assert!(network.a.get(&path).await.text.contains(SAME), "{order} is untouched");
            paths.push((id.0, path));
        }
        let of_transfers = |id: i64, code: &str| {
            format!(
                "code = '{code}' and fact_id in (select event_id from conversion_events where conversion_id = {id})"
            )
        };
        let cases = [
            (
                "conversions",
                format!("update conversions set amount_minor = 9990 where conversion_id = {}", paths[0].0),
                "amount",
            ),
            (
                "conversions",
                format!("update conversions set terms_version = 2 where conversion_id = {}", paths[1].0),
                "terms version",
            ),
            (
                "transfers",
                format!(
                    "update transfers set amount_minor = 500 where {}",
                    of_transfers(paths[2].0, "commission_accrued")
                ),
                "ledger",
            ),
            (
                "evidence",
                format!("update evidence set amount_minor = 9990 where conversion_id = {}", paths[3].0),
                "evidence",
            ),
            (
                "conversion_events",
                format!("update conversion_events set to_state = 'unattributed' where conversion_id = {}", paths[4].0),
                "state",
            ),
            ("transfers", format!("delete from transfers where {}", of_transfers(paths[5].0, "fee_accrued")), "ledger"),
        ];
        for ((table, text, field), (_, path)) in cases.iter().zip(&paths) {
            tamper(&network.app.store, table, text).await;
            for browser in [&network.a, &network.shop, &network.admin] {
                let page = browser.get(path).await.text;
                assert!(page.contains(OTHER) && !page.contains(SAME), "{kind:?} {text}");
                assert!(page.contains(&format!("The {field} ")), "{kind:?} {text}: {page}");
            }
        }
        let fee = network.a.get(&paths[5].1).await.text;
        assert!(fee.contains("(hidden from you)") && !fee.contains("1.00 EUR"), "a publisher is not told the fee");
        network.app.stop().await;
    }
}
