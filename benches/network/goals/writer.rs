//! P5: the product's recorder beside a plain writer of the same rows that counts nothing.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use futures::future::join_all;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, params_from_iter};
use serde_json::json;
use tallystick::domain::click::{Click, ClickLabel, Consent};
use tallystick::domain::ids::ClickId;
use tallystick::domain::link::SubIds;
use tallystick::domain::report::Reader;
use tallystick::domain::time::Zone;
use tallystick::domain::visitor::{DeviceClass, visitor_key};
use tallystick::store::Store;
use tokio::task::spawn_local;

use super::Bench;
use crate::contenders::tallystick::{Seeded, url};
use crate::numbers::{Dice, Spread, Zipf, count};
use crate::product::{self, Readers};
use crate::seed::Placed;
use crate::table::{Finding, Verdict};

/// Clicks under way at once, and rows in a transaction of the plain writer.
const UNDER_WAY: usize = 4_096;
/// 26 columns in each: below SQLite's 32,766 marks.
const ROWS_A_STATEMENT: usize = 512;
const COLUMNS: usize = 26;
/// As the store sets it: a checkpoint when the write-ahead log has 32 MiB.
const WAL_PAGES_MAX: i64 = 8_192;
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";

pub async fn measure(bench: &Bench) -> anyhow::Result<Vec<Finding>> {
    let folder = bench.folder("writer")?;
    let seeded = Seeded::new(&folder, "bench.db", &bench.plan).await?;
    let (mut recorded, mut plain) = (Vec::new(), Vec::new());
    for round in 1..=bench.plan.writer_rounds {
        let clicks = clicks(&seeded.network.links, bench.plan.writer_clicks, round as u64);
        let (own, other) = (seeded.copy("recorder.db")?, seeded.copy("plain.db")?);
        recorded.push(record(&own, &clicks).await?);
        let rows: Vec<Click> = clicks.into_iter().map(|(click, _)| click).collect();
        plain.push(write_plainly(&other, &rows)?);
        eprintln!("  round {round}: recorder {:.0}/s, plain {:.0}/s", recorded[round - 1], plain[round - 1]);
        remove(&own);
        remove(&other);
    }
    let ratio = Spread::of(recorded.iter().zip(&plain).map(|(own, other)| own / other));
    let (own, other) = (Spread::of(recorded), Spread::of(plain));
    let measured = format!(
        "{ratio}; {}/s with unique visitors and totals, against {}/s",
        count(own.median as u64),
        count(other.median as u64)
    );
    Ok(vec![
        Finding::new(
            "P5",
            "recorder against a plain writer without totals",
            "≥ 0.5",
            measured,
            Verdict::of(ratio.median >= 0.5),
        )
        .numbers(json!({ "ratio": ratio, "recorder_per_s": own, "plain_per_s": other })),
    ])
}

fn remove(file: &Path) {
    for end in ["", "-wal", "-shm"] {
        // What is not there need not be removed.
        let _ = std::fs::remove_file(format!("{}{end}", file.display()));
    }
}

/// Clicks as the redirect would make them, and who reads their totals.
fn clicks(links: &[Placed], wanted: usize, seed: u64) -> Vec<(Click, Readers)> {
    let (environment, mut dice, zipf) = (product::environment(), Dice::new(seed), Zipf::new(links.len()));
    let readers: Vec<Readers> = links.iter().map(readers).collect();
    let make = |_| {
        let place = zipf.draw(&mut dice);
        (click(environment.new_id(ClickId), &links[place], &mut dice), readers[place].clone())
    };
    (0..wanted).map(make).collect()
}

fn readers(link: &Placed) -> Readers {
    let of = |party_id| Reader { party_id, zone: Zone::UTC };
    [Reader::network(), of(link.advertiser_id.party()), of(link.publisher_id.party())].into()
}

/// A click on a link by somebody.
pub fn click(click_id: ClickId, link: &Placed, dice: &mut Dice) -> Click {
    let address = std::net::Ipv4Addr::from(dice.next() as u32);
    Click {
        click_id,
        campaign_id: link.campaign_id,
        publisher_id: link.publisher_id,
        link_id: link.link_id,
        creative_id: None,
        terms_version: 1,
        label: ClickLabel::Valid,
        reason: None,
        has_gesture: Some(true),
        sub_ids: SubIds([Some(format!("mail-{}", dice.below(500))), None, None, None, None]),
        landing_host: "www.shop.example".to_owned(),
        landing_path: "/boots/compare".to_owned(),
        referrer_host: Some("www.reviews.example".to_owned()),
        device: DeviceClass::Desktop,
        browser: "Firefox".to_owned(),
        system: "Linux".to_owned(),
        country: None,
        fetch_dest: Some("document".to_owned()),
        visitor: Some(visitor_key(&[7; 32], address.into(), AGENT, link.campaign_id)),
        consent: Consent::Unknown,
        is_deep_link_rejected: false,
        is_recreated: false,
    }
}

/// Clicks a second through the product's recorder, each waiting for its commit.
async fn record(file: &Path, clicks: &[(Click, Readers)]) -> anyhow::Result<f64> {
    let store = Store::open(&url(file)).await?;
    let (recorder, writer) = product::recorder(store.clone());
    let clicks: Rc<[(Click, Readers)]> = clicks.into();
    let next = Rc::new(Cell::new(0));
    let begun = Instant::now();
    let workers = (0..UNDER_WAY).map(|_| {
        let (recorder, clicks, next) = (recorder.clone(), clicks.clone(), next.clone());
        spawn_local(async move {
            while let Some((click, readers)) = clicks.get(next.replace(next.get() + 1)) {
                recorder.record(click.clone(), readers.clone()).await;
            }
        })
    });
    join_all(workers).await;
    let rate = clicks.len() as f64 / begun.elapsed().as_secs_f64();
    drop(recorder);
    writer.await?;
    store.close().await;
    Ok(rate)
}

/// Rows a second with statements of many rows, the same promise of a commit, and nothing else.
fn write_plainly(file: &Path, clicks: &[Click]) -> anyhow::Result<f64> {
    let connection = Connection::open(file)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES_MAX)?;
    let text = |rows: usize| {
        let row = format!("({})", ["?"; COLUMNS].join(","));
        format!("insert into clicks values {}", vec![row.as_str(); rows].join(","))
    };
    let mut whole = connection.prepare(&text(ROWS_A_STATEMENT))?;
    let begun = Instant::now();
    for batch in clicks.chunks(UNDER_WAY) {
        let transaction = connection.unchecked_transaction()?;
        for rows in batch.chunks(ROWS_A_STATEMENT) {
            let values = params_from_iter(rows.iter().flat_map(columns));
            if rows.len() == ROWS_A_STATEMENT {
                whole.execute(values)?;
            } else {
                transaction.execute(&text(rows.len()), values)?;
            }
        }
        transaction.commit()?;
    }
    Ok(clicks.len() as f64 / begun.elapsed().as_secs_f64())
}

/// In the order of the table; nothing is copied.
fn columns(click: &Click) -> [ToSqlOutput<'_>; COLUMNS] {
    let value = ToSqlOutput::Borrowed;
    let number = |number: i64| value(ValueRef::Integer(number));
    let [sub1, sub2, sub3, sub4, sub5] = click.sub_ids.0.each_ref().map(|sub| text(sub.as_deref()));
    [
        number(click.click_id.0),
        number(click.campaign_id.0),
        number(click.publisher_id.0),
        number(click.link_id.0),
        text(None),
        number(click.terms_version),
        text(Some(click.label.as_str())),
        text(None),
        number(1),
        sub1,
        sub2,
        sub3,
        sub4,
        sub5,
        text(Some(&click.landing_host)),
        text(Some(&click.landing_path)),
        text(click.referrer_host.as_deref()),
        text(Some(click.device.as_str())),
        text(Some(&click.browser)),
        text(Some(&click.system)),
        text(None),
        text(click.fetch_dest.as_deref()),
        value(click.visitor.as_ref().map_or(ValueRef::Null, |key| ValueRef::Blob(key))),
        text(Some(click.consent.as_str())),
        number(0),
        number(0),
    ]
}

/// Null where there is none.
fn text(text: Option<&str>) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(text.map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes())))
}
