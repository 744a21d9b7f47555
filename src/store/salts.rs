//! The random salt of a UTC day, from which visitor keys are made; deleted after 48 hours.

use sqlx::{query, query_scalar};

use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::time::Timestamp;

sql! {
    FIND = "select salt from visitor_salts where utc_day = $1";
    INSERT = "insert into visitor_salts (utc_day, salt, created_at_ms) values ($1, $2, $3) on conflict do nothing";
}

pub async fn find(conn: &mut Conn, utc_day: i64) -> Result<Option<[u8; 32]>, StoreError> {
    let salt: Option<Vec<u8>> = on_driver!(conn, |c| query_scalar(FIND).bind(utc_day).fetch_optional(c).await)?;
    let corrupt = |bytes: Vec<u8>| StoreError::Corrupt { what: "salt", why: format!("{} bytes", bytes.len()) };
    salt.map(|salt| salt.try_into().map_err(corrupt)).transpose()
}

/// The first process of the day wins; the others take its salt.
pub async fn insert(w: &mut Writer, utc_day: i64, salt: &[u8; 32], at: Timestamp) -> Result<(), StoreError> {
    on_driver!(w, |c| query(INSERT).bind(utc_day).bind(&salt[..]).bind(at).execute(c).await.map(drop))
}
