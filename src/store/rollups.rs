//! Report totals: kept for each reader in quarters of an hour UTC and in days of the reader's own zone, written in
//! the transaction of what they count.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use sqlx::{PgConnection, SqliteConnection, query, query_scalar};

use super::changes::Change;
use super::conversions::Conversion;
use super::driver::{Conn, Driver, Writer};
use super::error::StoreError;
use super::rows::MultiRow;
use crate::domain::ids::{PartyId, PublisherId};
use crate::domain::report::{ClickKey, ConversionKey, ConversionSums, CountedConversion, Reader};
use crate::domain::time::Zone;

macro_rules! click_columns {
    () => {
        "reader_id, grain, bucket, campaign_id, publisher_id, link_id, creative_id, label, reason, clicks"
    };
}

macro_rules! conversion_columns {
    () => {
        "reader_id, grain, basis, bucket, campaign_id, publisher_id, link_id, creative_id, event, state, currency,
        conversions, amount_minor, commission_minor, fee_minor"
    };
}

macro_rules! click_tail {
    () => {
        "on conflict (reader_id, grain, bucket, campaign_id, publisher_id, link_id, creative_id, label, reason)
        do update set clicks = click_rollups.clicks + excluded.clicks"
    };
}

macro_rules! conversion_tail {
    () => {
        "on conflict (reader_id, grain, basis, bucket, campaign_id, publisher_id, link_id, creative_id, event, state,
        currency) do update set conversions = conversion_rollups.conversions + excluded.conversions,
        amount_minor = conversion_rollups.amount_minor + excluded.amount_minor,
        commission_minor = conversion_rollups.commission_minor + excluded.commission_minor,
        fee_minor = conversion_rollups.fee_minor + excluded.fee_minor"
    };
}

sql! {
    ZONE = "select time_zone from parties where party_id = $1";
    CLICKS_UNNEST [postgres] = concat!("insert into click_rollups (", click_columns!(), ") select * from unnest(
        $1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[],
        $9::text[], $10::bigint[]) ", click_tail!());
    CONVERSIONS_UNNEST [postgres] = concat!("insert into conversion_rollups (", conversion_columns!(), ") select *
        from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
        $8::bigint[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[])
        ", conversion_tail!());
}

pub static CLICK_ROWS: MultiRow =
    MultiRow::new(concat!("insert into click_rollups (", click_columns!(), ") values"), 10, click_tail!());
pub static CONVERSION_ROWS: MultiRow = MultiRow::new(
    concat!("insert into conversion_rollups (", conversion_columns!(), ") values"),
    15,
    conversion_tail!(),
);

/// Sums by key: folded, so that no statement meets a key twice, and sorted, so that nodes do not deadlock.
pub type ClickDeltas = BTreeMap<ClickKey, i64>;
pub type ConversionDeltas = BTreeMap<ConversionKey, ConversionSums>;

fn tell(w: &mut Writer, readers: impl Iterator<Item = PartyId>) {
    for reader in readers {
        w.changed(Change::Figures(reader));
    }
}

/// Adds clicks to the totals and tells the readers.
pub async fn add_clicks(w: &mut Writer, deltas: &ClickDeltas) -> Result<(), StoreError> {
    tell(w, deltas.keys().map(|key| key.reader_id));
    let rows: Vec<(&ClickKey, i64)> = deltas.iter().map(|(key, clicks)| (key, *clicks)).collect();
    let result = match w.driver() {
        Driver::Sqlite(c) => click_rows(c, &rows).await,
        Driver::Postgres(c) => clicks_unnest(c, &rows).await,
    };
    w.settle(result)
}

async fn click_rows(c: &mut SqliteConnection, rows: &[(&ClickKey, i64)]) -> sqlx::Result<()> {
    for (text, rows) in CLICK_ROWS.chunks(rows) {
        let mut insert = query(text);
        for (key, clicks) in rows {
            insert = insert.bind(key.reader_id).bind(key.grain).bind(key.bucket).bind(key.campaign_id);
            insert = insert.bind(key.publisher_id).bind(key.link_id).bind(key.creative_id);
            insert = insert.bind(key.label).bind(key.reason).bind(clicks);
        }
        insert.execute(&mut *c).await?;
    }
    Ok(())
}

async fn clicks_unnest(c: &mut PgConnection, rows: &[(&ClickKey, i64)]) -> sqlx::Result<()> {
    query(CLICKS_UNNEST)
        .bind(rows.iter().map(|(key, _)| key.reader_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.grain).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.bucket).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.campaign_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.publisher_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.link_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.creative_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.label).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.reason).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, clicks)| *clicks).collect::<Vec<_>>())
        .execute(c)
        .await
        .map(drop)
}

/// Adds conversions to the totals (or takes them away, by negative sums) and tells the readers.
pub async fn add_conversions(w: &mut Writer, deltas: &ConversionDeltas) -> Result<(), StoreError> {
    tell(w, deltas.keys().map(|key| key.reader_id));
    let rows: Vec<(&ConversionKey, &ConversionSums)> = deltas.iter().filter(|(_, sums)| !sums.is_zero()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let result = match w.driver() {
        Driver::Sqlite(c) => conversion_rows(c, &rows).await,
        Driver::Postgres(c) => conversions_unnest(c, &rows).await,
    };
    w.settle(result)
}

/// Moves a conversion from what it was to what it is now, in the totals of all its readers. A test is in none.
pub async fn change_conversion(
    w: &mut Writer,
    before: Option<&Conversion>,
    after: Option<&Conversion>,
) -> Result<(), StoreError> {
    change_conversions(w, &[(before, after)]).await
}

/// As [`change_conversion`] for all the conversions of one fact: in one statement, so that its rows are locked in
/// their order and two transactions do not wait for each other.
pub async fn change_conversions(
    w: &mut Writer,
    changes: &[(Option<&Conversion>, Option<&Conversion>)],
) -> Result<(), StoreError> {
    let mut deltas = ConversionDeltas::new();
    let mut known = HashMap::new();
    for (before, after) in changes {
        for (conversion, sign) in [(*before, -1), (*after, 1)] {
            let Some(counted) = conversion.and_then(Conversion::counted) else { continue };
            let readers = match known.entry((counted.advertiser_id, counted.publisher_id)) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(readers(w, &counted).await?),
            };
            for key in ConversionKey::of(&counted, readers) {
                deltas.entry(key).or_default().add(&counted.sums, sign);
            }
        }
    }
    add_conversions(w, &deltas).await
}

/// The network, the advertiser, and the publisher if there is one, each with its own zone.
async fn readers(conn: &mut Conn, counted: &CountedConversion) -> Result<Vec<Reader>, StoreError> {
    let mut readers = vec![Reader::network()];
    let parties = [Some(counted.advertiser_id.party()), counted.publisher_id.map(PublisherId::party)];
    for party in parties.into_iter().flatten() {
        let zone: String = on_driver!(conn, |c| query_scalar(ZONE).bind(party).fetch_one(c).await)?;
        let zone =
            Zone::parse(&zone).map_err(|error| StoreError::Corrupt { what: "time zone", why: error.to_string() })?;
        readers.push(Reader { party_id: party, zone });
    }
    Ok(readers)
}

async fn conversion_rows(c: &mut SqliteConnection, rows: &[(&ConversionKey, &ConversionSums)]) -> sqlx::Result<()> {
    for (text, rows) in CONVERSION_ROWS.chunks(rows) {
        let mut insert = query(text);
        for (key, sums) in rows {
            insert = insert.bind(key.reader_id).bind(key.grain).bind(key.basis).bind(key.bucket);
            insert = insert.bind(key.campaign_id).bind(key.publisher_id).bind(key.link_id).bind(key.creative_id);
            insert = insert.bind(&key.event).bind(key.state).bind(key.currency).bind(sums.conversions);
            insert = insert.bind(sums.amount_minor).bind(sums.commission_minor).bind(sums.fee_minor);
        }
        insert.execute(&mut *c).await?;
    }
    Ok(())
}

async fn conversions_unnest(c: &mut PgConnection, rows: &[(&ConversionKey, &ConversionSums)]) -> sqlx::Result<()> {
    query(CONVERSIONS_UNNEST)
        .bind(rows.iter().map(|(key, _)| key.reader_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.grain).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.basis).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.bucket).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.campaign_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.publisher_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.link_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.creative_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.event.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.state).collect::<Vec<_>>())
        .bind(rows.iter().map(|(key, _)| key.currency).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, sums)| sums.conversions).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, sums)| sums.amount_minor).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, sums)| sums.commission_minor).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, sums)| sums.fee_minor).collect::<Vec<_>>())
        .execute(c)
        .await
        .map(drop)
}
