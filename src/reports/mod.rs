//! OUT: the one query path behind page, live update and CSV; charts, receipts, verification.
//!
//! A report is a URL ([`query`]). [`figures`] runs it for a viewer, whose own totals are the scope, and everything that
//! shows a figure shows one of these: [`top`] ranks them, [`chart`] draws them, [`export`] writes them as CSV, [`live`]
//! says when to ask again. A [`receipt`] is one conversion, decided again ([`recompute`]) when it is opened;
//! [`verify`] does that for everything, in a way of its own. [`find`] looks up one order by whatever id somebody has.

pub mod chart;
pub mod export;
pub mod figures;
pub mod find;
pub mod live;
pub mod paid_clicks;
pub mod query;
pub mod receipt;
pub mod recompute;
pub mod top;
pub mod verify;

pub use figures::{Report, run};
pub use query::ReportQuery;
