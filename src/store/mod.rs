//! SQL, and nothing but SQL: one noun, one file; every text once, on SQLite and on PostgreSQL.
//!
//! `find` gives an Option, `get` makes an absent row an error, `list` is capped, `insert` and `update` write.
//! A function that finds or lists a party's data takes the scope as an argument.

#[macro_use]
pub mod driver;
pub mod api_keys;
pub mod attempts;
pub mod audit;
pub mod audit_clicks;
pub mod audit_landings;
pub mod audit_money;
pub mod campaigns;
pub mod changes;
pub mod click_days;
pub mod clicks;
pub mod conversion_lists;
pub mod conversions;
pub mod counting;
pub mod coupons;
pub mod creatives;
pub mod customers;
pub mod deferrals;
pub mod deposits;
pub mod enrollments;
pub mod error;
pub mod evidence;
pub mod find;
pub mod holds;
pub mod landings;
pub mod leases;
pub mod ledger;
pub mod links;
pub mod members;
pub mod notices;
pub mod parties;
pub mod payables;
pub mod payout_details;
pub mod payouts;
pub mod receipts;
pub mod refunds;
pub mod report_quotas;
pub mod retention;
pub mod review_batches;
pub mod rollups;
pub mod rows;
pub mod salts;
pub mod sessions;
pub mod statements;
pub mod terms;
pub mod totals;
mod types;
pub mod uncounted;
pub mod uploads;

pub use driver::{Conn, Store, Writer};
pub use error::StoreError;

/// Every text of the store, for the test that prepares them all: name, database (or both), text.
#[doc(hidden)]
pub fn every_sql() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    [
        api_keys::SQL,
        attempts::SQL,
        audit::SQL,
        audit_clicks::SQL,
        audit_landings::SQL,
        audit_money::SQL,
        campaigns::SQL,
        changes::SQL,
        click_days::SQL,
        clicks::SQL,
        conversion_lists::SQL,
        conversions::SQL,
        coupons::SQL,
        creatives::SQL,
        customers::SQL,
        deferrals::SQL,
        deposits::SQL,
        driver::SQL,
        enrollments::SQL,
        evidence::SQL,
        find::SQL,
        holds::SQL,
        landings::SQL,
        leases::SQL,
        ledger::SQL,
        links::SQL,
        members::SQL,
        notices::SQL,
        parties::SQL,
        payables::SQL,
        payout_details::SQL,
        payouts::SQL,
        receipts::SQL,
        refunds::SQL,
        report_quotas::SQL,
        retention::SQL,
        review_batches::SQL,
        rollups::SQL,
        salts::SQL,
        sessions::SQL,
        statements::SQL,
        terms::SQL,
        totals::SQL,
        uncounted::SQL,
        uploads::SQL,
    ]
    .into_iter()
    .flatten()
    .copied()
}
