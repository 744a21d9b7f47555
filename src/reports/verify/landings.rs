//! Landings: each is of a click that had an id; their totals, and those of gestures, are added up again.

use std::collections::BTreeMap;

use super::totals::{Zones, begins, bucket_text, buckets};
use super::{Check, id};
use crate::domain::ids::first_id_at;
use crate::domain::time::{Day, Timestamp};
use crate::store::{Conn, StoreError, audit_landings};

/// The network's own id among the readers.
const NETWORK: i64 = 1;

/// Clicks before `kept_from` are forgotten, and their landings with them; what is left of them says nothing.
pub async fn checks(conn: &mut Conn, zones: &Zones, kept_from: Timestamp) -> Result<[Check; 3], StoreError> {
    let landed = usize::try_from(audit_landings::count_landings(conn).await?).unwrap_or(usize::MAX);
    let mut fit = Check::new("landings are of clicks that had an id", landed);
    for bad in audit_landings::bad_landings(conn, first_id_at(kept_from)).await? {
        fit.bad.push(format!("click {}: {}", id(bad.click_id), bad.problem));
    }
    Ok([fit, totals(conn, zones, kept_from).await?, gestures(conn, kept_from).await?])
}

async fn totals(conn: &mut Conn, zones: &Zones, kept_from: Timestamp) -> Result<Check, StoreError> {
    let mut counted: BTreeMap<(i64, String, i64, [i64; 4]), [i64; 2]> = BTreeMap::new();
    for raw in audit_landings::raw_landings(conn).await? {
        let ids = [raw.campaign_id, raw.publisher_id, raw.link_id, raw.creative_id];
        for (reader, grain, bucket) in buckets(zones, [NETWORK, raw.advertiser_id, raw.publisher_id], raw.quarter) {
            counted.entry((reader, grain.to_owned(), bucket, ids)).or_default()[0] += raw.landings;
        }
    }
    for total in audit_landings::landing_totals(conn).await? {
        let ids = [total.campaign_id, total.publisher_id, total.link_id, total.creative_id];
        counted.entry((total.reader_id, total.grain, total.bucket, ids)).or_default()[1] += total.landings;
    }
    counted.retain(|(reader, grain, bucket, _), _| begins(zones, *reader, grain, *bucket) >= kept_from);
    let mut check = Check::new("totals of landings equal the landings", counted.len());
    for ((reader, grain, bucket, ids), [raw, stored]) in &counted {
        let [campaign, publisher, link, _] = ids.map(id);
        check.require(raw == stored, || {
            format!(
                "reader {} {grain} {}, campaign {campaign}, publisher {publisher}, link {link}: {stored} landings stored, {raw} counted",
                id(*reader),
                bucket_text(grain, *bucket)
            )
        });
    }
    Ok(check)
}

async fn gestures(conn: &mut Conn, kept_from: Timestamp) -> Result<Check, StoreError> {
    let mut counted: BTreeMap<(i64, i64, i64), [(i64, i64); 2]> = BTreeMap::new();
    for raw in audit_landings::raw_gestures(conn).await? {
        let key = (raw.utc_day, raw.campaign_id, raw.publisher_id);
        counted.entry(key).or_default()[0] = (raw.clicks, raw.gestures);
    }
    for stored in audit_landings::day_gestures(conn).await? {
        let key = (stored.utc_day, stored.campaign_id, stored.publisher_id);
        counted.entry(key).or_default()[1] = (stored.clicks, stored.gestures);
    }
    counted.retain(|(day, ..), _| *day >= kept_from.utc_day());
    let mut check = Check::new("totals of gestures equal the clicks", counted.len());
    for ((day, campaign, publisher), [raw, stored]) in &counted {
        check.require(raw == stored, || {
            let (campaign, publisher) = (id(*campaign), id(*publisher));
            format!(
                "{}, campaign {campaign}, publisher {publisher}: {stored:?} stored, {raw:?} counted (clicks, gestures)",
                Day(*day)
            )
        });
    }
    Ok(check)
}
