//! Conversions by an id that somebody has in hand: the order's, the receipt's, or the credited click's.
//!
//! A publisher finds what is credited to it, and what a report named a click of its own for.

use sqlx::query_as;

use super::conversion_lists::{Listed, listed};
use super::conversions::columns;
use super::driver::Conn;
use super::error::StoreError;
use crate::domain::ids::{ClickId, ConversionId, PublisherId};
use crate::domain::party::Acting;

/// By what a conversion is looked up.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    Order(&'a str),
    Conversion(ConversionId),
    /// The one that is credited.
    Click(ClickId),
}

macro_rules! found {
    ($key:literal) => {
        concat!(listed!(), $key, " = $1 order by conversion_id desc limit $2")
    };
    ($key:literal, publisher) => {
        concat!(
            listed!(),
            $key,
            " = $1 and (publisher_id = $3 or exists (select 1 from evidence e
                where e.conversion_id = conversions.conversion_id and e.clicks like $4))
            order by conversion_id desc limit $2"
        )
    };
    ($key:literal, advertiser) => {
        concat!(listed!(), $key, " = $1 and advertiser_id = $3 order by conversion_id desc limit $2")
    };
}

sql! {
    BY_ORDER = found!("order_id");
    BY_ORDER_OF_PUBLISHER = found!("order_id", publisher);
    BY_ORDER_OF_ADVERTISER = found!("order_id", advertiser);
    BY_ID = found!("conversion_id");
    BY_ID_OF_PUBLISHER = found!("conversion_id", publisher);
    BY_ID_OF_ADVERTISER = found!("conversion_id", advertiser);
    BY_CLICK = found!("click_id");
    BY_CLICK_OF_PUBLISHER = found!("click_id", publisher);
    BY_CLICK_OF_ADVERTISER = found!("click_id", advertiser);
}

/// The three texts of a key: for admins, publishers, advertisers.
const fn texts(key: Key<'_>) -> [&'static str; 3] {
    match key {
        Key::Order(_) => [BY_ORDER, BY_ORDER_OF_PUBLISHER, BY_ORDER_OF_ADVERTISER],
        Key::Conversion(_) => [BY_ID, BY_ID_OF_PUBLISHER, BY_ID_OF_ADVERTISER],
        Key::Click(_) => [BY_CLICK, BY_CLICK_OF_PUBLISHER, BY_CLICK_OF_ADVERTISER],
    }
}

/// How the column `clicks` of evidence names a publisher; an id has no character that means more to `like`.
fn naming(publisher: PublisherId) -> String {
    format!("%\"publisher_id\":\"{publisher}\"%")
}

/// The conversions with this key that the caller may know of, newest first.
pub async fn conversions(conn: &mut Conn, acting: Acting, key: Key<'_>, limit: i64) -> Result<Vec<Listed>, StoreError> {
    let [of_all, of_publisher, of_advertiser] = texts(key);
    let (text, party, naming) = match acting {
        Acting::Admin => (of_all, None, None),
        Acting::Publisher(publisher) => (of_publisher, Some(publisher.party()), Some(naming(publisher))),
        Acting::Advertiser(advertiser) => (of_advertiser, Some(advertiser.party()), None),
    };
    on_driver!(conn, |c| {
        let list = query_as(text);
        let list = match key {
            Key::Order(order) => list.bind(order),
            Key::Conversion(id) => list.bind(id),
            Key::Click(id) => list.bind(id),
        };
        let list = list.bind(limit);
        let list = match party {
            Some(party) => list.bind(party),
            None => list,
        };
        match &naming {
            Some(naming) => list.bind(naming),
            None => list,
        }
        .fetch_all(c)
        .await
    })
}
