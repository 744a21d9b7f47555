//! Every figure of the overviews equals SQL over the raw rows of the demo, for every party of it.

use sqlx::{AssertSqlSafe, Executor, Row, raw_sql};
use tallystick::auth::members::{parties_of, viewer};
use tallystick::domain::ids::first_id_at;
use tallystick::domain::money::Currency;
use tallystick::domain::party::{Acting, Email, Viewer};
use tallystick::domain::time::{Timestamp, Zone};
use tallystick::reports::figures::{Report, run};
use tallystick::reports::query::{Effect, ReportQuery};
use tallystick::reports::top;
use tallystick::server::demo;
use tallystick::store::driver::Driver;
use tallystick::store::{Store, members};

use crate::demo::{END, Filled, SMALL};
use crate::reports::{oracle, told};
use crate::support::Kind;

/// Everybody of the demo, as they look at their pages.
async fn everybody(store: &Store) -> Vec<Viewer> {
    let mut conn = store.read().await.unwrap();
    let mut all = Vec::new();
    for (email, _) in demo::logins() {
        let member = members::find_by_email(&mut conn, &Email::parse(&email).unwrap()).await.unwrap().unwrap();
        let kind = parties_of(&mut conn, member.member_id).await.unwrap()[0].kind;
        all.push(viewer(&mut conn, member.member_id, kind).await.unwrap().unwrap());
    }
    all
}

async fn report(store: &Store, viewer: &Viewer, url: &str, now: Timestamp) -> Report {
    let pairs: Vec<_> = url::form_urlencoded::parse(url.as_bytes()).into_owned().collect();
    let (query, notices) = ReportQuery::parse(pairs, viewer.acting.kind());
    assert!(notices.is_empty(), "{url}: {notices:?}");
    run(&mut store.snapshot().await.unwrap(), viewer, &query, now).await.unwrap()
}

/// Rows of two integers.
async fn pairs(store: &Store, text: &str) -> Vec<(i64, i64)> {
    let mut conn = store.read().await.unwrap();
    match conn.driver() {
        Driver::Sqlite(c) => {
            let rows = c.fetch_all(raw_sql(AssertSqlSafe(text.to_owned()))).await.unwrap();
            rows.iter().map(|row| (row.get(0), row.get(1))).collect()
        }
        Driver::Postgres(c) => {
            let rows = c.fetch_all(raw_sql(AssertSqlSafe(text.to_owned()))).await.unwrap();
            rows.iter().map(|row| (row.get(0), row.get(1))).collect()
        }
    }
}

/// The three lists of a publisher's overview against SQL of their own.
async fn check_lists(store: &Store, viewer: &Viewer, publisher: i64, now: Timestamp) {
    let links = report(store, viewer, "range=30d&by=link", now).await;
    let zone = Zone::parse(&viewer.time_zone).unwrap();
    let (from, to) = (zone.start_of(links.from), zone.start_of(links.to.plus(1)));
    let clicked = format!("click_id >= {} and click_id < {}", first_id_at(from), first_id_at(to));
    let text = format!(
        "select link_id, count(*) as clicks from clicks where publisher_id = {publisher} and {clicked}
        group by link_id order by 2 desc"
    );
    let expected = pairs(store, &text).await;
    let ranked: Vec<_> =
        top::most_clicked(&links.rows).iter().map(|row| (row.key, row.figures.clicks.gross())).collect();
    let gross = |list: &[(i64, i64)]| list.iter().map(|(_, clicks)| *clicks).collect::<Vec<_>>();
    assert_eq!(gross(&ranked), gross(&expected), "most clicked links of {}", viewer.party_name);
    assert!(ranked.iter().all(|row| expected.contains(row)));

    let eur = Currency::EUR;
    let earning = format!(
        "publisher_id = {publisher} and not is_test and currency = 'EUR'
        and state not in ('unattributed', 'rejected', 'reversed') and converted_at_ms >= {} and converted_at_ms < {}",
        from.0, to.0
    );
    let text = format!(
        "select advertiser_id, cast(sum(commission_minor) as bigint) as commission from conversions
        where {earning} group by advertiser_id having sum(commission_minor) > 0 order by 2 desc"
    );
    let advertisers = report(store, viewer, "range=30d&by=advertiser", now).await;
    let ranked: Vec<_> = top::highest_earning(&advertisers.rows, eur)
        .iter()
        .map(|row| (row.key, row.figures.commission_minor(eur)))
        .collect();
    assert_eq!(ranked, pairs(store, &text).await, "highest-earning advertisers of {}", viewer.party_name);

    let campaigns = report(store, viewer, "range=30d&by=campaign", now).await;
    let text = format!(
        "select campaign_id, count(*) as clicks from clicks where publisher_id = {publisher}
        and label = 'valid' and {clicked} group by campaign_id having count(*) >= 50"
    );
    let unique = pairs(store, &text).await;
    let text = format!(
        "select campaign_id, cast(sum(commission_minor) as bigint) as commission from conversions
        where {earning} group by campaign_id"
    );
    let earned = pairs(store, &text).await;
    let of = |campaign: i64| earned.iter().find(|(id, _)| *id == campaign).map_or(0, |(_, minor)| *minor);
    let mut expected: Vec<(i64, i64, i64)> = unique.iter().map(|(id, clicks)| (*id, of(*id), *clicks)).collect();
    expected.sort_by(|a, b| (b.1 * a.2).cmp(&(a.1 * b.2)).then(a.0.cmp(&b.0)));
    let ranked: Vec<_> = top::most_effective(&campaigns.rows, Effect::Epc, eur)
        .iter()
        .map(|row| (row.key, row.figures.commission_minor(eur), row.figures.clicks.unique))
        .collect();
    assert_eq!(ranked, expected, "most effective campaigns of {}", viewer.party_name);
}

#[tokio::test]
async fn every_overview_of_the_demo_equals_sql_over_the_raw_rows() {
    for kind in Kind::all() {
        let filled = Filled::new(kind, END, SMALL).await;
        let (store, now) = (&filled.store, Timestamp::parse(END).unwrap());
        let everybody = everybody(store).await;
        assert_eq!(everybody.len(), 11);
        let mut seen = 0;
        for viewer in &everybody {
            for url in ["range=30d", "range=all", "range=30d&on=click", "range=90d&by=campaign"] {
                let report = report(store, viewer, url, now).await;
                let expected = oracle(store, viewer, &report).await;
                assert_eq!(told(&report.total), expected, "{kind:?} {} {url}", viewer.party_name);
                seen += i64::from(expected.0[0] > 0 && expected.1.iter().any(|money| money[0] > 0));
            }
            if let Acting::Publisher(publisher) = viewer.acting {
                check_lists(store, viewer, publisher.0, now).await;
            }
        }
        assert!(seen >= 20, "the oracle looked at figures: {seen}");
        filled.store.close().await;
    }
}
