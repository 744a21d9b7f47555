//! Global Privacy Control: what the network does with a browser that asks not to be tracked, and where it says so.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Tracking;

/// The day on which this statement last changed.
const LAST_UPDATE: &str = "2026-11-22";

/// What `Sec-GPC: 1` means on this network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum OptOut {
    /// No consent: no cookie, no click id, no visitor key.
    Respect,
    /// It is stored with the click and changes nothing else.
    Record,
}

/// `/.well-known/gpc.json`, as the proposal of the W3C has it.
pub async fn statement(State(tracking): State<Tracking>) -> Response {
    let is_respected = tracking.opt_out == OptOut::Respect;
    let body = json!({ "gpc": is_respected, "lastUpdate": LAST_UPDATE }).to_string();
    let head = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=3600")];
    (head, body).into_response()
}
