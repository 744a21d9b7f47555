//! Every figure of the overviews equals SQL over the raw rows of the demo, for every party of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, Executor, Row, raw_sql};
use tallystick::app::state::DemoLogin;
use tallystick::auth::members::{parties_of, viewer};
use tallystick::domain::ids::{ClickId, ConversionId, PartyId, first_id_at, time_of};
use tallystick::domain::money::{Currency, Money};
use tallystick::domain::party::{Acting, Email, PartyKind, Viewer};
use tallystick::domain::report::Ratio;
use tallystick::domain::time::{DAY_MS, MINUTE_MS, Timestamp, Zone, waited};
use tallystick::reports::figures::{Report, run};
use tallystick::reports::query::{Effect, ReportQuery};
use tallystick::reports::top;
use tallystick::server::demo;
use tallystick::store::driver::Driver;
use tallystick::store::{Store, members};

use crate::demo::{END, Filled, SMALL, browser};
use crate::page::plain;
use crate::reports::{CURRENCIES, clicked, numbers, oracle, reported, scope, told};
use crate::support::Kind;

/// Everybody of the demo, as they look at their pages.
async fn everybody(store: &Store) -> Vec<Viewer> {
    let mut conn = store.read().await.unwrap();
    let mut all = Vec::new();
    for DemoLogin { email, .. } in demo::logins() {
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
    run(&mut store.snapshot_counted().await.unwrap(), viewer, &query, now).await.unwrap()
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

/// The lists of an overview against SQL of their own.
async fn check_lists(store: &Store, viewer: &Viewer, now: Timestamp) {
    let name = &viewer.party_name;
    let is_publisher = matches!(viewer.acting, Acting::Publisher(_));
    if !matches!(viewer.acting, Acting::Advertiser(_)) {
        let links = report(store, viewer, "range=30d&by=link", now).await;
        let text = format!(
            "select link_id, count(*) as clicks from clicks where {} group by link_id",
            clicked(viewer, &links)
        );
        let expected = pairs(store, &text).await;
        let ranked: Vec<_> =
            top::most_clicked(&links.rows).iter().map(|row| (row.key, row.figures.clicks.gross())).collect();
        assert!(ranked.is_sorted_by_key(|(_, clicks)| Reverse(*clicks)), "{name}: {ranked:?}");
        let (ranked, expected): (BTreeSet<_>, BTreeSet<_>) =
            (ranked.into_iter().collect(), expected.into_iter().collect());
        assert_eq!(ranked, expected, "most clicked links of {name}");
    }
    for code in CURRENCIES {
        let partner = if is_publisher { "advertiser" } else { "publisher" };
        let partners = report(store, viewer, &format!("range=30d&by={partner}"), now).await;
        let text = format!(
            "select {partner}_id, cast(sum(commission_minor) as bigint) as commission from conversions where {} and {}
            group by {partner}_id having sum(commission_minor) > 0 order by 2 desc, 1",
            earning(code),
            reported(viewer, &partners)
        );
        let currency: Currency = code.parse().unwrap();
        let ranked: Vec<_> = top::highest_earning(&partners.rows, currency)
            .iter()
            .map(|row| (row.key, row.figures.commission_minor(currency)))
            .collect();
        assert_eq!(ranked, pairs(store, &text).await, "highest-earning {partner}s of {name}");
        check_effective(store, viewer, code, now).await;
        // Of an admin, a conversion that belongs to nobody has no partner.
        let text = format!(
            "select coalesce({partner}_id, 0), count(*) from conversions where currency = '{code}' and event <> 'click'
            and state not in ('unattributed', 'rejected') and {} group by 1",
            reported(viewer, &partners)
        );
        let counted = partners.rows.iter().map(|row| (row.key, row.figures.not_rejected_in(currency)));
        let counted: BTreeSet<_> = counted.filter(|(_, conversions)| *conversions > 0).collect();
        let expected: BTreeSet<_> = pairs(store, &text).await.into_iter().collect();
        assert_eq!(counted, expected, "conversions in {code} of each {partner} of {name}");
    }
}

fn earning(currency: &str) -> String {
    format!("currency = '{currency}' and state not in ('unattributed', 'rejected', 'reversed')")
}

/// The most effective campaigns, by each of the three measures: campaign, numerator, denominator.
async fn check_effective(store: &Store, viewer: &Viewer, code: &str, now: Timestamp) {
    let campaigns = report(store, viewer, "range=30d&by=campaign", now).await;
    let (clicked, reported) = (clicked(viewer, &campaigns), reported(viewer, &campaigns));
    let unique = |filter: &str| {
        format!(
            "select campaign_id, count(*) as clicks from clicks where label = 'valid' and {clicked} {filter}
            group by campaign_id having count(*) >= 50"
        )
    };
    let of_currency = format!("and campaign_id in (select campaign_id from terms where currencies like '%{code}%')");
    let earned = format!(
        "select campaign_id, cast(sum(commission_minor) as bigint) as commission from conversions
        where {} and {reported} group by campaign_id",
        earning(code)
    );
    let converted = format!(
        "select campaign_id, count(*) as conversions from conversions
        where event <> 'click' and state not in ('unattributed', 'rejected') and {reported} group by campaign_id"
    );
    let currency: Currency = code.parse().unwrap();
    for (effect, clicks, tops) in [
        (Effect::Epc, unique(&of_currency), &earned),
        (Effect::Commission, unique(&of_currency), &earned),
        (Effect::ConversionRate, unique(""), &converted),
    ] {
        let tops: BTreeMap<i64, i64> = pairs(store, tops).await.into_iter().collect();
        let expected = pairs(store, &clicks).await.into_iter();
        let mut expected: Vec<(i64, i64, i64)> =
            expected.map(|(id, clicks)| (id, tops.get(&id).copied().unwrap_or(0), clicks)).collect();
        expected.sort_by(|a, b| match effect {
            Effect::Commission => b.1.cmp(&a.1).then(a.0.cmp(&b.0)),
            _ => (b.1 * a.2).cmp(&(a.1 * b.2)).then(a.0.cmp(&b.0)),
        });
        let ranked: Vec<_> = top::most_effective(&campaigns.rows, effect, currency)
            .iter()
            .map(|row| {
                let ratio = match effect {
                    Effect::ConversionRate => row.figures.conversion_rate(),
                    _ => row.figures.epc(currency),
                };
                (row.key, ratio.numerator, ratio.denominator)
            })
            .collect();
        assert_eq!(ranked, expected, "most effective campaigns of {} by {effect}, {code}", viewer.party_name);
    }
}

/// What the chart draws, day by day of the reader's zone.
async fn check_days(store: &Store, viewer: &Viewer, report: &Report) {
    let zone = Zone::parse(&viewer.time_zone).unwrap();
    let text =
        format!("select click_id, cast(1 as bigint) from clicks where label = 'valid' and {}", clicked(viewer, report));
    let mut expected: BTreeMap<_, i64> = BTreeMap::new();
    for (click, one) in pairs(store, &text).await {
        *expected.entry(zone.day_of(ClickId(click).time())).or_default() += one;
    }
    let drawn = report.days.iter().map(|(day, figures)| (*day, figures.clicks.unique));
    let drawn: BTreeMap<_, _> = drawn.filter(|(_, clicks)| *clicks > 0).collect();
    assert_eq!(drawn, expected, "days of {}", viewer.party_name);
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
                check_days(store, viewer, &report).await;
                let expected = oracle(store, viewer, &report).await;
                assert_eq!(told(&report.total), expected, "{kind:?} {} {url}", viewer.party_name);
                seen += i64::from(expected.0[0] > 0 && expected.1.iter().any(|money| money[0] > 0));
            }
            check_lists(store, viewer, now).await;
        }
        assert!(seen >= 20, "the oracle looked at figures: {seen}");
        filled.store.close().await;
    }
}

/// A tile as a person reads it: its label, its first value, what stands below.
type Tile = (String, String, String);

fn tiles(html: &str) -> Vec<Tile> {
    let parts = html.split("class=\"kpi\"").skip(1);
    let tiles = parts.map(|part| {
        let mut spans =
            part.split("<span").skip(1).map(|span| plain(&format!("<span{}", span.split("</span>").next().unwrap())));
        let mut next = || spans.next().unwrap_or_else(|| panic!("a tile has three texts: {part}"));
        (next(), next(), next())
    });
    tiles.collect()
}

fn tile(label: &str, values: Vec<String>, note: &str) -> Tile {
    let first = values.first().cloned().unwrap_or_else(|| "\u{2013}".to_owned());
    let others = values.get(1..).unwrap_or_default().join(" \u{b7} ");
    let below = [others.as_str(), note].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>();
    (label.to_owned(), first, below.join(" \u{b7} "))
}

fn money(minor: i64, code: &str) -> String {
    Money::new(minor, code.parse().unwrap()).to_string()
}

async fn one(store: &Store, text: &str) -> i64 {
    numbers(store, text).await[0]
}

/// What publishers' conversions in a state are worth together, in each currency that has such an account.
async fn worth(store: &Store, viewer: &Viewer, state: &str) -> Vec<String> {
    let party = match viewer.acting {
        Acting::Publisher(id) => format!("and party_id = {}", id.0),
        _ => String::new(),
    };
    let mut all = Vec::new();
    for code in CURRENCIES {
        let accounts = format!("select count(*) from accounts where kind = '{state}' and currency = '{code}' {party}");
        let sum = format!(
            "select cast(coalesce(sum(commission_minor), 0) as bigint) from conversions
            where state = '{state}' and currency = '{code}' and {}",
            scope(viewer)
        );
        if one(store, &accounts).await > 0 {
            all.push(money(one(store, &sum).await, code));
        }
    }
    all
}

/// How many conversions wait, tests aside, and what the tile says of the oldest.
async fn waits(store: &Store, which: &str) -> (String, String) {
    let text =
        format!("select count(*), coalesce(min(conversion_id), 0) from conversions where not is_test and {which}");
    let (count, oldest) = pairs(store, &text).await[0];
    let age = Timestamp::parse(END).unwrap().since(time_of(oldest));
    (count.to_string(), if count == 0 { "nothing waits".to_owned() } else { format!("oldest {}", waited(age)) })
}

/// All tiles of an overview, from SQL over the raw rows: those of the period from what the oracle says of it.
async fn expected_tiles(store: &Store, viewer: &Viewer, report: &Report) -> Vec<Tile> {
    let (counts, sums) = oracle(store, viewer, report).await;
    let [unique, duplicate, invalid, not_rejected, credited, ..] = counts[..] else { panic!("{counts:?}") };
    let mut used = Vec::new();
    for (code, sums) in CURRENCIES.into_iter().zip(sums) {
        let text =
            format!("select count(*) from conversions where currency = '{code}' and {}", reported(viewer, report));
        if one(store, &text).await > 0 {
            used.push((code, sums));
        }
    }
    let each = |value: fn(&[i64], &str) -> String| used.iter().map(|(code, sums)| value(sums, code)).collect();
    let ratio = |numerator, denominator| Ratio { numerator, denominator };
    let gross = unique + duplicate + invalid;
    let denied = format!("select count(*) from clicks where reason = 'consent_denied' and {}", clicked(viewer, report));
    let denied = match one(store, &denied).await {
        0 => String::new(),
        denied => format!(", {denied} without consent (cannot earn)"),
    };
    let clicks = tile("Unique clicks", vec![unique.to_string()], &format!("{gross} gross{denied}"));
    let count = |label| tile(label, vec![credited.to_string()], "");
    let rate = tile("CR", vec![ratio(not_rejected, unique).percent()], "not rejected, per unique click");
    let amount: Vec<String> = each(|sums, code| money(sums[1], code));
    let mine = scope(viewer);
    match viewer.acting.kind() {
        PartyKind::Publisher => {
            let approved = worth(store, viewer, "approved").await.join(", ");
            let approved = if approved.is_empty() { approved } else { approved + " approved and not yet payable" };
            let epc = |sums: &[i64], code: &str| {
                Ratio { numerator: sums[2], denominator: sums[4] }.money(code.parse().unwrap())
            };
            vec![
                tile("Earnings", each(|sums, code| money(sums[2], code)), ""),
                tile("EPC", each(epc), "per unique click"),
                clicks,
                count("Conversions"),
                rate,
                tile("Pending payout", worth(store, viewer, "payable").await, &approved),
            ]
        }
        PartyKind::Advertiser => {
            let (pending, oldest) = waits(store, &format!("state = 'pending' and {mine}")).await;
            let roas = |sums: &[i64], _: &str| {
                let ratio = Ratio { numerator: sums[1], denominator: sums[2] + sums[3] };
                ratio.scaled(100).map_or_else(|| "\u{2013}".to_owned(), |n| format!("{}.{:02}", n / 100, n % 100))
            };
            let PartyId(party) = viewer.party();
            let of_mine = format!("select count(*) from campaigns where advertiser_id = {party}");
            let live = one(store, &format!("{of_mine} and state = 'live'")).await;
            let all = one(store, &of_mine).await;
            let applied = format!("select count(*) from enrollments where state = 'applied' and {mine}");
            vec![
                tile("Live campaigns", vec![live.to_string()], &format!("of {all}")),
                tile("Applications of publishers", vec![one(store, &applied).await.to_string()], "waiting for you"),
                tile("Cost", each(|sums, code| money(sums[2] + sums[3], code)), "commission and fee"),
                count("Orders"),
                tile("Revenue", amount, ""),
                tile("ROAS", each(roas), "revenue per cost"),
                rate,
                tile("Awaiting review", vec![pending], &oldest),
                clicks,
            ]
        }
        PartyKind::Network => {
            let refused = "select count(*) from attempts where outcome = 'rejected'";
            let waiting = "select count(*) from parties where state = 'applied'";
            let two_weeks = Timestamp::parse(END).unwrap().0 - 14 * DAY_MS;
            let late = format!(
                "state = 'pending' and (badge in ('token', 'unverified') or held_reason <> '' and hold_released_at_ms is null)
                and {two_weeks} >= converted_at_ms + {DAY_MS} * (select validation_days from terms where version =
                conversions.terms_version and terms.campaign_id = conversions.campaign_id)"
            );
            let (left, since) = waits(store, &late).await;
            vec![
                tile("Order amount", amount, ""),
                tile("Network margin", each(|sums, code| money(sums[3], code)), "fees of what earns"),
                clicks,
                tile("Invalid clicks", vec![ratio(invalid, gross).percent()], "of gross clicks"),
                count("Conversions"),
                tile("Payouts due", worth(store, viewer, "payable").await, "payable to publishers"),
                tile("Refused reports", vec![one(store, refused).await.to_string()], "ever"),
                tile("Handed over by advertisers", vec![left], &since),
                tile("Waiting for admission", vec![one(store, waiting).await.to_string()], ""),
            ]
        }
    }
}

/// The pages themselves, for each of the eleven: every tile, the counter above them, the newest conversions below.
#[tokio::test]
async fn every_tile_of_the_demo_equals_sql_over_the_raw_rows() {
    for kind in Kind::all() {
        let filled = Filled::new(kind, END, SMALL).await;
        let (store, now) = (filled.store.clone(), Timestamp::parse(END).unwrap());
        let everybody = everybody(&store).await;
        let (running, database) = filled.start(END).await;
        for (DemoLogin { email, password, .. }, viewer) in demo::logins().iter().zip(&everybody) {
            let browser = browser(&running);
            let page = browser.submit("/api/log_in", &[("email", email), ("password", password)]).await;
            let report = report(&store, viewer, "range=30d", now).await;
            let expected = expected_tiles(&store, viewer, &report).await;
            assert_eq!(tiles(&page.text), expected, "{kind:?} {}", viewer.party_name);

            let since = first_id_at(now.plus_ms(-5 * MINUTE_MS));
            let text = format!(
                "select count(*) from clicks where label <> 'invalid' and click_id >= {since} and {}",
                scope(viewer)
            );
            let clicks = one(&store, &text).await;
            let counter = format!("{clicks} click{} in the last 5 minutes", if clicks == 1 { "" } else { "s" });
            assert!(page.plain().contains(&counter), "{kind:?} {}: {counter}", viewer.party_name);

            let text = format!(
                "select conversion_id, cast(1 as bigint) from conversions where {} order by conversion_id desc limit 10",
                scope(viewer)
            );
            let newest: Vec<String> =
                pairs(&store, &text).await.iter().map(|(id, _)| ConversionId(*id).to_string()).collect();
            let listed: Vec<&str> =
                page.text.split("href=\"/receipts/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
            assert_eq!(listed, newest, "{kind:?} {}", viewer.party_name);
        }
        store.close().await;
        running.stop().await;
        drop(database);
    }
}
