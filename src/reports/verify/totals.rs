//! Report totals, added up again from raw clicks and conversions: for every reader, in quarters of an hour and in days
//! of its zone.

use std::collections::{BTreeMap, HashMap};

use super::{Check, id};
use crate::domain::time::{Day, MINUTE_MS, QUARTER_MS, Timestamp, Zone};
use crate::store::{Conn, StoreError, audit};

/// The network's own id among the readers.
const NETWORK: i64 = 1;

pub type Zones = HashMap<i64, Zone>;

/// Every party's time zone.
pub async fn zones(conn: &mut Conn) -> Result<Zones, StoreError> {
    let mut zones = Zones::new();
    for (party, name) in audit::zones(conn).await? {
        let zone =
            Zone::parse(&name).map_err(|error| StoreError::Corrupt { what: "time zone", why: error.to_string() })?;
        zones.insert(party, zone);
    }
    Ok(zones)
}

pub async fn checks(conn: &mut Conn, zones: &Zones, kept_from: Timestamp) -> Result<[Check; 3], StoreError> {
    Ok([noted(conn).await?, clicks(conn, zones, kept_from).await?, conversions(conn, zones).await?])
}

/// Clicks that are noted to be counted are left out of the totals below. None may be so for long.
async fn noted(conn: &mut Conn) -> Result<Check, StoreError> {
    let noted = usize::try_from(audit::count_noted(conn).await?).unwrap_or(usize::MAX);
    let mut check = Check::new("clicks that are not counted yet are of the last minute", noted);
    for bad in audit::old_notes(conn, MINUTE_MS).await? {
        check.bad.push(format!("click {}: {}", id(bad.click_id), bad.problem));
    }
    Ok(check)
}

/// Grain and bucket of a quarter of an hour for each of its readers.
pub fn buckets(zones: &Zones, readers: [i64; 3], quarter: i64) -> Vec<(i64, &'static str, i64)> {
    let mut all = Vec::new();
    for reader in readers.into_iter().filter(|reader| *reader != 0) {
        let Some(zone) = zones.get(&reader) else { continue };
        let day = zone.day_of(Timestamp(quarter * QUARTER_MS));
        all.extend([(reader, "quarter", quarter), (reader, "day", day.0)]);
    }
    all
}

pub fn bucket_text(grain: &str, bucket: i64) -> String {
    if grain == "day" { Day(bucket).to_string() } else { Timestamp(bucket * QUARTER_MS).to_string() }
}

/// When the bucket of a reader begins: totals of one that began before the raw clicks do cannot be counted again.
pub fn begins(zones: &Zones, reader: i64, grain: &str, bucket: i64) -> Timestamp {
    match zones.get(&reader) {
        Some(zone) if grain == "day" => zone.start_of(Day(bucket)),
        _ => Timestamp(bucket * QUARTER_MS),
    }
}

type ClickKey = (i64, String, i64, [i64; 4], String, String);

fn tell_clicks((reader, grain, bucket, ids, label, reason): &ClickKey) -> String {
    let [campaign, publisher, link, _] = ids.map(id);
    let when = bucket_text(grain, *bucket);
    let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    format!(
        "reader {} {grain} {when}, campaign {campaign}, publisher {publisher}, link {link}, {label}{reason}",
        id(*reader)
    )
}

async fn clicks(conn: &mut Conn, zones: &Zones, kept_from: Timestamp) -> Result<Check, StoreError> {
    let mut counted: BTreeMap<ClickKey, [i64; 2]> = BTreeMap::new();
    for raw in audit::raw_clicks(conn).await? {
        let ids = [raw.campaign_id, raw.publisher_id, raw.link_id, raw.creative_id];
        for (reader, grain, bucket) in buckets(zones, [NETWORK, raw.advertiser_id, raw.publisher_id], raw.quarter) {
            let key = (reader, grain.to_owned(), bucket, ids, raw.label.clone(), raw.reason.clone());
            counted.entry(key).or_default()[0] += raw.clicks;
        }
    }
    for total in audit::click_totals(conn).await? {
        let ids = [total.campaign_id, total.publisher_id, total.link_id, total.creative_id];
        let key = (total.reader_id, total.grain, total.bucket, ids, total.label, total.reason);
        counted.entry(key).or_default()[1] += total.clicks;
    }
    counted.retain(|(reader, grain, bucket, ..), _| begins(zones, *reader, grain, *bucket) >= kept_from);
    let mut check = Check::new("totals of clicks equal the clicks", counted.len());
    for (key, [raw, stored]) in &counted {
        check.require(raw == stored, || format!("{}: {stored} stored, {raw} counted", tell_clicks(key)));
    }
    Ok(check)
}

type ConversionKey = (i64, String, String, i64, [i64; 4], String, String, String);

fn tell_conversions((reader, grain, basis, bucket, ids, event, state, currency): &ConversionKey) -> String {
    let [campaign, publisher, link, _] = ids.map(id);
    let when = bucket_text(grain, *bucket);
    format!(
        "reader {} {grain} {when} by {basis}, campaign {campaign}, publisher {publisher}, link {link}, {event} {state} {currency}",
        id(*reader)
    )
}

async fn conversions(conn: &mut Conn, zones: &Zones) -> Result<Check, StoreError> {
    let mut counted: BTreeMap<ConversionKey, [[i64; 4]; 2]> = BTreeMap::new();
    let mut add = |key: ConversionKey, side: usize, sums: [i64; 4]| {
        let into = &mut counted.entry(key).or_default()[side];
        for (sum, one) in into.iter_mut().zip(sums) {
            *sum += one;
        }
    };
    for raw in audit::raw_conversions(conn).await? {
        let ids = [raw.campaign_id, raw.publisher_id, raw.link_id, raw.creative_id];
        let sums = [raw.conversions, raw.amount_minor, raw.commission_minor, raw.fee_minor];
        for (basis, quarter) in [("conversion", raw.converted_quarter), ("click", raw.clicked_quarter)] {
            for (reader, grain, bucket) in buckets(zones, [NETWORK, raw.advertiser_id, raw.publisher_id], quarter) {
                let names = (raw.event.clone(), raw.state.clone(), raw.currency.clone());
                let key = (reader, grain.to_owned(), basis.to_owned(), bucket, ids, names.0, names.1, names.2);
                add(key, 0, sums);
            }
        }
    }
    for total in audit::conversion_totals(conn).await? {
        let ids = [total.campaign_id, total.publisher_id, total.link_id, total.creative_id];
        let sums = [total.conversions, total.amount_minor, total.commission_minor, total.fee_minor];
        let names = (total.event, total.state, total.currency);
        add((total.reader_id, total.grain, total.basis, total.bucket, ids, names.0, names.1, names.2), 1, sums);
    }
    let mut check = Check::new("totals of conversions equal the conversions", counted.len());
    for (key, [raw, stored]) in &counted {
        check.require(raw == stored, || {
            format!(
                "{}: {stored:?} stored, {raw:?} counted (conversions, amount, commission, fee)",
                tell_conversions(key)
            )
        });
    }
    Ok(check)
}
