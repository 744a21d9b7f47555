//! Statements: every line of an account with the balance after it, on the page and in the file; one's own accounts only.

use crate::network::Network;
use crate::page::between;
use crate::shop::Shop;
use crate::support::{Answer, Kind};

/// More than a page shows.
const ORDERS: usize = 53;

/// Orders of 10.00 by A's link, at 10 %.
async fn sell(network: &Network) {
    let click = network.click(0, 1, &[]).await;
    let shop = Shop::new(&network.app, &network.w.to_string());
    for number in 0..ORDERS {
        let order = format!("click_id={click}&order_id=order-{number:03}&amount=10.00&currency=EUR");
        assert_eq!(shop.report(&network.app, &order).await.status, 201);
        network.app.clock.advance_ms(1);
    }
}

/// The lines of a file below its head, each as its cells.
fn rows(file: &Answer) -> Vec<Vec<String>> {
    assert_eq!(file.status, 200, "{}", file.text);
    let mut reader = csv::Reader::from_reader(file.text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[tokio::test]
async fn every_line_is_on_the_page_and_in_the_file_with_the_balance_after_it() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let empty = network.a.get("/publisher/payouts/statement").await;
        assert!(empty.text.contains("Nothing is booked yet"), "{}", empty.plain());
        assert_eq!(rows(&network.a.get("/ledger.csv?as=publisher").await), Vec::<Vec<String>>::new());
        sell(&network).await;

        let page = network.a.get("/publisher/payouts/statement").await;
        let table = between(&page.text, "aria-label=\"Statement\"", "</table>").expect("the lines");
        assert_eq!(table.matches("<tr").count(), 1 + 50, "a page");
        let newest = table.split("<tr").nth(2).unwrap();
        for text in ["Commission of a pending conversion", "+1.00 EUR", "53.00 EUR", "Winter boots"] {
            assert!(newest.contains(text), "{text} in {newest}");
        }
        assert!(!page.text.contains("order-052"), "an order's number is its advertiser's");
        let before = between(&page.text, "before=", "\"").expect("older lines");
        let older = format!("/publisher/payouts/statement?account=pending&currency=EUR&before={before}");
        let older = network.a.get(&older).await;
        let table = between(&older.text, "aria-label=\"Statement\"", "</table>").expect("the older lines");
        assert_eq!(table.matches("<tr").count(), 1 + 3, "{table}");
        assert!(table.split("<tr").nth(2).unwrap().contains("3.00 EUR"), "{table}");

        let lines = rows(&network.a.get("/ledger.csv?as=publisher&account=pending&currency=EUR").await);
        assert_eq!(lines.len(), ORDERS);
        for (number, line) in lines.iter().enumerate() {
            assert_eq!(
                line[1..],
                [
                    "Commission of a pending conversion",
                    "conversion",
                    &line[3],
                    "Winter boots",
                    "",
                    "EUR",
                    "1.00",
                    &format!("{}.00", number + 1)
                ]
            );
        }
        network.app.stop().await;
    }
}

#[tokio::test]
async fn an_advertiser_reads_why_it_owes_and_nobody_reads_another_ones() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        sell(&network).await;
        let lines = rows(&network.shop.get("/ledger.csv?as=advertiser&account=accrued").await);
        assert_eq!(lines.len(), 2 * ORDERS, "commission and network fee of each order");
        assert_eq!(lines[0][5], "order-000");
        assert_eq!(lines.last().unwrap()[8], "63.60", "53 times 1.00 and 20 % of it");
        let page = network.shop.get("/advertiser/balance/statement?account=accrued&currency=EUR").await;
        assert!(page.text.contains("63.60 EUR") && page.text.contains("order-052"), "{}", page.plain());

        let rival = network.b.get("/publisher/payouts/statement").await;
        assert!(rival.text.contains("Nothing is booked yet"), "{}", rival.plain());
        for path in
            ["/publisher/payouts/statement?account=bank", "/publisher/payouts/statement?account=nonsense&currency=EUR"]
        {
            assert_eq!(network.a.get(path).await.status, 404, "{path}");
        }
        assert_eq!(network.a.get("/ledger.csv?as=admin").await.status, 403);

        let all = rows(&network.admin.get("/ledger.csv?as=admin").await);
        assert_eq!(all.len(), 2 * ORDERS);
        let ledger = network.admin.get("/admin/ledger").await;
        let accounts = ledger.text.split("href=\"/admin/ledger/").skip(1);
        let accounts: Vec<&str> = accounts.map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(accounts.len() >= 3, "{accounts:?}");
        for account in accounts {
            let page = network.admin.get(&format!("/admin/ledger/{account}")).await;
            let lines = rows(&network.admin.get(&format!("/ledger.csv?as=admin&account={account}")).await);
            let balance = &lines.last().unwrap()[8];
            let first = between(&page.text, "<tbody>", "</tr>").unwrap();
            assert!(first.contains(&format!("{balance} EUR")), "{balance} in {first}");
        }
        network.app.stop().await;
    }
}
