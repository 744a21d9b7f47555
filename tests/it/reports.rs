//! Page, CSV and totals say the same as the raw rows, for everybody, in every zone, whatever the filter.

use sqlx::{AssertSqlSafe, Row, raw_sql};
use tallystick::domain::conversion::Badge;
use tallystick::domain::ids::first_id_at;
use tallystick::domain::money::Currency;
use tallystick::domain::party::{Acting, PartyKind, Viewer};
use tallystick::domain::report::Basis;
use tallystick::domain::time::{HOUR_MS, MINUTE_MS, Timestamp, Zone};
use tallystick::reports::figures::{Figures, sum};
use tallystick::reports::query::dimensions;
use tallystick::reports::{Report, ReportQuery, export, run};
use tallystick::store::Store;
use tallystick::store::driver::Driver;

use crate::network::{Network, fields};
use crate::support::Kind;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Clicks and conversions over nine days, over all links, with repeats, invalid ones, tests, leads and strangers.
pub async fn traffic(network: &Network) {
    let mut dice = Dice(7);
    let mut tokens: [Vec<String>; 2] = [Vec::new(), Vec::new()];
    for number in 0..90 {
        network.app.clock.advance_ms(2 * HOUR_MS + dice.roll(60) as i64 * MINUTE_MS);
        let link = dice.roll(4) as usize;
        let headers: &[(&str, &str)] = match dice.roll(8) {
            0 => &[("sec-purpose", "prefetch")],
            1 => &[("sec-fetch-dest", "image")],
            2 => &[("sec-gpc", "1")],
            3 => &[("sec-fetch-dest", "document"), ("sec-fetch-user", "?1")],
            4 => &[("sec-fetch-dest", "document")],
            _ => &[],
        };
        let visitor = dice.roll(6) as u8;
        let token = network.click(link, visitor, headers).await;
        let side = link / 2;
        if !token.is_empty() {
            // Two of three arrive, and one of these says so twice.
            for _ in 0..number % 3 {
                network.land([network.w, network.x][side], &token, "/welcome").await;
            }
            tokens[side].push(token);
        }
        let campaign = [network.w, network.x][side];
        let currency = ["EUR", "USD"][side];
        let token = tokens[side].last().cloned().unwrap_or_default();
        let order = format!("ORDER-{number}");
        let amount = format!("{}.{:02}", 5 + dice.roll(90), dice.roll(100));
        match dice.roll(5) {
            0 | 1 => drop(network.order(campaign, &order, &amount, &token).await),
            2 => drop(network.report(campaign, Badge::Signed, fields("lead", "", None, &token)).await),
            3 => {
                let pixel = fields("sale", &order, Some((&amount, currency)), "");
                network.report(campaign, Badge::Unverified, pixel).await;
            }
            _ => {
                let mut test = fields("sale", &order, Some((&amount, currency)), &token);
                test.test = Some("1".to_owned());
                network.report(campaign, Badge::Signed, test).await;
            }
        }
    }
}

pub async fn numbers(store: &Store, text: &str) -> Vec<i64> {
    let mut conn = store.read().await.unwrap();
    match conn.driver() {
        Driver::Sqlite(c) => {
            let row = sqlx::Executor::fetch_one(c, raw_sql(AssertSqlSafe(text.to_owned()))).await.unwrap();
            (0..row.len()).map(|column| row.get(column)).collect()
        }
        Driver::Postgres(c) => {
            let row = sqlx::Executor::fetch_one(c, raw_sql(AssertSqlSafe(text.to_owned()))).await.unwrap();
            (0..row.len()).map(|column| row.get(column)).collect()
        }
    }
}

/// Whose rows a viewer's figures are made of.
pub fn scope(viewer: &Viewer) -> String {
    match viewer.acting {
        Acting::Publisher(id) => format!("publisher_id = {}", id.0),
        Acting::Advertiser(id) => {
            format!("campaign_id in (select campaign_id from campaigns where advertiser_id = {})", id.0)
        }
        Acting::Admin => "1 = 1".to_owned(),
    }
}

fn filter(viewer: &Viewer, report: &Report) -> String {
    let mut filter = scope(viewer);
    for (column, id) in [
        ("campaign_id", report.query.campaign.map(|id| id.0)),
        ("link_id", report.query.link.map(|id| id.0)),
        ("publisher_id", report.query.publisher.map(|id| id.0)),
    ] {
        filter.extend(id.map(|id| format!(" and {column} = {id}")));
    }
    filter
}

fn bounds(viewer: &Viewer, report: &Report) -> (Timestamp, Timestamp) {
    let zone = Zone::parse(&viewer.time_zone).unwrap();
    (zone.start_of(report.from), zone.start_of(report.to.plus(1)))
}

/// The clicks of a report, as a condition.
pub fn clicked(viewer: &Viewer, report: &Report) -> String {
    let (from, to) = bounds(viewer, report);
    format!("click_id >= {} and click_id < {} and {}", first_id_at(from), first_id_at(to), filter(viewer, report))
}

/// The conversions of a report, as a condition.
pub fn reported(viewer: &Viewer, report: &Report) -> String {
    let (from, to) = bounds(viewer, report);
    let at = match report.query.on {
        Basis::Conversion => "converted_at_ms".to_owned(),
        Basis::Click => "coalesce((click_id >> 21) + 1577836800000, converted_at_ms)".to_owned(),
    };
    format!("not is_test and {at} >= {} and {at} < {} and {}", from.0, to.0, filter(viewer, report))
}

/// What SQL over the raw rows says of a report: unique, duplicate, invalid, conversions not rejected, conversions,
/// clicks with an id, landed; then per currency the conversions that earn, their amount, commission and fee, and the
/// unique clicks of its campaigns.
pub async fn oracle(store: &Store, viewer: &Viewer, report: &Report) -> (Vec<i64>, Vec<Vec<i64>>) {
    let (clicked, reported) = (clicked(viewer, report), reported(viewer, report));
    let count =
        |label: &str| format!("cast(coalesce(sum(case when label = '{label}' then 1 else 0 end), 0) as bigint)");
    let clicks =
        format!("select {}, {}, {} from clicks where {clicked}", count("valid"), count("duplicate"), count("invalid"));
    let mut counts = numbers(store, &clicks).await;
    for states in ["'unattributed', 'rejected'", "'unattributed'"] {
        let text = format!(
            "select count(*) from conversions where event <> 'click' and state not in ({states}) and {reported}"
        );
        counts.extend(numbers(store, &text).await);
    }
    let with_id = "label <> 'invalid' or reason in ('no_user_agent', 'flood')";
    for clicks in [with_id, "click_id in (select click_id from landings)"] {
        let text = format!("select count(*) from clicks where ({clicks}) and {clicked}");
        counts.extend(numbers(store, &text).await);
    }
    let mut money = Vec::new();
    for currency in CURRENCIES {
        let earning =
            format!("state not in ('unattributed', 'rejected', 'reversed') and currency = '{currency}' and {reported}");
        let sum = |column: &str| format!("cast(coalesce(sum({column}), 0) as bigint)");
        let fee = if matches!(viewer.acting, Acting::Publisher(_)) { "0".to_owned() } else { sum("fee_minor") };
        let text = format!(
            "select count(case when event <> 'click' then 1 end), {}, {}, cast({fee} as bigint), case when exists
                (select 1 from conversions where currency = '{currency}' and {reported}) then (select count(*)
                from clicks where label = 'valid' and {clicked} and campaign_id in
                (select campaign_id from terms where currencies like '%{currency}%')) else 0 end
                from conversions where {earning}",
            sum("amount_minor"),
            sum("commission_minor"),
        );
        money.push(numbers(store, &text).await);
    }
    (counts, money)
}

/// Those of the demo and of the test network.
pub const CURRENCIES: [&str; 2] = ["EUR", "USD"];

pub fn told(figures: &Figures) -> (Vec<i64>, Vec<Vec<i64>>) {
    let (rate, clicks) = (figures.conversion_rate(), figures.clicks);
    let mut counts = vec![rate.denominator, clicks.duplicate, clicks.invalid, rate.numerator, figures.conversions()];
    counts.extend([clicks.with_id, clicks.landed]);
    let money = CURRENCIES.map(|code| {
        let currency: Currency = code.parse().unwrap();
        let sums = figures.earned.get(&currency).map(|earned| earned.all.earning()).unwrap_or_default();
        let epc = figures.epc(currency);
        vec![sums.conversions, sums.amount_minor, epc.numerator, sums.fee_minor, epc.denominator]
    });
    (counts, money.to_vec())
}

/// Adds up the columns of a CSV file.
fn csv_sums(text: &str, names: &[&str]) -> Vec<i64> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heads = reader.headers().unwrap().clone();
    let columns: Vec<usize> = names.iter().map(|name| heads.iter().position(|head| head == *name).unwrap()).collect();
    let mut sums = vec![0; names.len()];
    for record in reader.records() {
        let record = record.unwrap();
        for (sum, column) in sums.iter_mut().zip(&columns) {
            *sum += record[*column].parse::<i64>().unwrap();
        }
    }
    sums
}

#[tokio::test]
async fn every_figure_equals_sql_over_the_raw_rows() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        traffic(&network).await;
        let mut dice = Dice(11);
        let mut seen_something = 0;
        for viewer in network.everybody() {
            let of_kind = viewer.acting.kind();
            for _ in 0..25 {
                let pick = |dice: &mut Dice, texts: &[&str]| texts[dice.roll(texts.len() as u64) as usize].to_owned();
                let mut url = pick(&mut dice, &["range=7d", "range=30d", "range=all", "range=yesterday", "range=mtd"]);
                if dice.roll(4) == 0 {
                    url = format!("range=custom&from=2026-03-0{}&to=2026-03-08", 3 + dice.roll(5));
                }
                url += &pick(&mut dice, &["", "&on=click"]);
                let by = dimensions(of_kind)[dice.roll(dimensions(of_kind).len() as u64) as usize];
                url += &format!("&by={by}");
                url += &match dice.roll(4) {
                    0 => format!("&campaign={}", network.w),
                    1 if of_kind != PartyKind::Advertiser => format!("&link={}", network.links[0].0),
                    2 if of_kind != PartyKind::Publisher => format!("&publisher={}", network.b_id),
                    _ => String::new(),
                };
                let pairs = url::form_urlencoded::parse(url.as_bytes()).into_owned().collect::<Vec<_>>();
                let (query, notices) = ReportQuery::parse(pairs, of_kind);
                assert_eq!(notices, Vec::<String>::new(), "{url}");
                let mut conn = network.app.store.snapshot_counted().await.unwrap();
                let report = run(&mut conn, &viewer, &query, network.app.environment.now()).await.unwrap();
                drop(conn);
                let expected = oracle(&network.app.store, &viewer, &report).await;
                assert_eq!(told(&report.total), expected, "{kind:?} {of_kind} {url}");
                assert_eq!(sum(&report.rows), report.total);
                let by_days = report.days.iter().map(|(_, figures)| figures.clicks.gross()).sum::<i64>();
                assert_eq!(by_days, report.total.clicks.gross());
                let invalid: i64 = report.total.invalid.values().sum();
                assert_eq!(invalid, report.total.clicks.invalid);
                let names = ["clicks_unique", "clicks_duplicate", "clicks_invalid", "clicks_with_id", "clicks_landed"];
                let csv = csv_sums(&export::csv(&report), &names);
                assert_eq!(csv, [&expected.0[..3], &expected.0[5..]].concat(), "{url}");
                seen_something += i64::from(expected.0[6] > 0 && expected.1[0][0] > 0);
            }
        }
        assert!(seen_something > 30, "the oracle looked at figures: {seen_something}");
        network.app.stop().await;
    }
}

#[tokio::test]
async fn pages_and_files_show_the_same_and_nobody_sees_a_rivals_figures() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        for visitor in 0..4 {
            network.click(0, visitor, &[]).await;
        }
        let token = network.click(0, 0, &[]).await;
        network.click(1, 9, &[]).await;
        network.click(0, 5, &[("sec-purpose", "prefetch")]).await;
        let order = network.order(network.w, "ORDER-4711", "49.90", &token).await;

        let page = network.a.get("/publisher/reports?by=link").await.text;
        for text in ["=Letter &amp; footer", "speculative", "4.99", "49.90", "25.0 %"] {
            assert!(page.contains(text), "{text} in {page}");
        }
        assert!(!page.contains("Fee") && !page.contains(" style="), "a publisher is not told the fee");
        let overview = network.a.get("/publisher").await.text;
        for text in ["4.99 EUR", "clicks in the last 5 minutes", "Nordlicht Outdoor", &format!("/receipts/{order}")] {
            assert!(overview.contains(text), "{text} in {overview}");
        }
        assert!(overview.contains("\u{2026}4711") && !overview.contains("ORDER-4711"));
        let csv = network.a.get("/reports.csv?as=publisher&by=link").await;
        assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
        assert!(csv.text.contains("'=Letter & footer,") && csv.text.contains("4.99") && !csv.text.contains("fee"));

        let rival = network.b.get("/publisher/reports?by=link").await.text;
        assert!(!rival.contains("4.99") && !rival.contains("Letter"));
        let foreign = format!("/publisher/reports?range=all&link={}&campaign={}", network.links[0].0, network.w);
        assert!(network.b.get(&foreign).await.text.contains("Nothing fits these filters"));

        let shop = network.shop.get("/advertiser/reports?by=publisher").await.text;
        assert!(shop.contains("Garden Letters") && shop.contains("1.00") && shop.contains("Fee, EUR"));
        let admin = network.admin.get("/admin").await.text;
        assert!(admin.contains("Waiting for admission") && admin.contains("49.90 EUR") && admin.contains("1.00 EUR"));
        for (browser, path) in [(&network.shop, "/reports.csv?as=publisher"), (&network.a, "/reports.csv?as=admin")] {
            assert_eq!(browser.get(path).await.status, 403, "{path}");
        }
        assert_eq!(network.app.browser().get("/reports.csv?as=admin").await.status, 401);
        assert_eq!(network.a.get("/reports.csv?as=visitor").await.status, 404);
        network.app.stop().await;
    }
}

#[tokio::test]
async fn a_bad_parameter_is_a_notice_and_never_an_error() {
    let network = Network::start(Kind::Sqlite).await;
    for url in ["?range=%00", "?by=%3Cscript%3E", "?campaign='--", "?zzz=%3Cb%3E", "?from=2026-13-40", "?range=custom"]
    {
        let page = network.a.get(&format!("/publisher/reports{url}")).await;
        assert_eq!(page.status, 200, "{url}");
        assert!(page.text.contains("class=\"flash\"") && !page.text.contains("<b>"), "{url}: {}", page.text);
        let file = network.a.get(&format!("/reports.csv{url}&as=publisher")).await;
        assert!(file.status == 422 && file.text.starts_with("Nothing is exported: "), "{url}: {}", file.text);
    }
    let wrong = "The period would end, on 2026-03-01, before it begins, on 2026-03-14; the last 30 days are shown.";
    for path in ["/publisher", "/publisher/reports"] {
        let page = network.a.get(&format!("{path}?range=custom&from=2026-03-14&to=2026-03-01")).await.plain();
        assert!(page.contains(wrong), "{path}: {page}");
    }
    network.app.stop().await;
}

#[tokio::test]
async fn days_are_those_of_the_readers_zone() {
    let network = Network::start(Kind::Sqlite).await;
    // 23:30 of 8 March in New York, 16:30 of the 9th in Auckland: clocks went forward in New York that day.
    network.app.clock.set("2026-03-09T03:30:00Z");
    network.click(0, 1, &[]).await;
    network.click(1, 2, &[]).await;
    let cases = [(Acting::Publisher(network.a_id), "2026-03-08"), (Acting::Publisher(network.b_id), "2026-03-09")];
    for (acting, expected) in cases {
        let (query, _) = ReportQuery::parse([("range", "7d")], acting.kind());
        let mut conn = network.app.store.read().await.unwrap();
        let report = run(&mut conn, &network.viewer(acting), &query, network.app.environment.now()).await.unwrap();
        let days: Vec<_> = report.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!((days, report.days.len()), (vec![expected], 7));
    }
    network.app.stop().await;
}
