//! RULES. Pure: no IO, no clock, no randomness, no float; compiles to WebAssembly.
//!
//! Everything that a party may ask "why?" about is decided here, by a function of stored inputs.

#[macro_use]
pub mod text;

pub mod account;
pub mod attribution;
#[cfg(test)]
mod attribution_tests;
pub mod campaign;
pub mod campaign_draft;
#[cfg(test)]
mod campaign_draft_tests;
pub mod campaign_rates;
pub mod click;
pub mod click_pay;
pub mod click_token;
pub mod commission;
pub mod condition;
pub mod consent;
pub mod conversion;
pub mod conversion_report;
pub mod coupon;
pub mod creative;
pub mod customer;
mod cut;
pub mod decision;
#[cfg(test)]
mod decision_tests;
pub mod deep_link;
pub mod durability;
pub mod enrollment;
pub mod environment;
pub mod evidence;
#[cfg(test)]
mod evidence_tests;
pub mod iban;
pub mod ids;
pub mod ledger;
pub mod ledger_changes;
pub mod line;
pub mod line_rate;
pub mod link;
pub mod link_macros;
pub mod money;
pub mod notice;
pub mod party;
pub mod payout;
pub mod payout_details;
#[cfg(test)]
mod payout_tests;
pub mod policy;
pub mod raster;
pub mod reason;
pub mod reason_book;
pub mod receipt;
pub mod refund;
pub mod report;
pub mod retention;
pub mod review;
pub mod review_batch;
#[cfg(test)]
mod review_tests;
pub mod rule;
pub mod schedule;
pub mod secret;
mod seen;
pub mod signature;
pub mod site;
pub mod statement;
pub mod sub_ids;
pub mod terms;
#[cfg(test)]
mod terms_tests;
pub mod time;
pub mod trace;
pub mod visitor;
#[cfg(test)]
mod window_tests;
