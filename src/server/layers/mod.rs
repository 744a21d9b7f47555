//! What stands in front of every handler, from the outside in: limits, headers, the client's address, forgery,
//! the session.

pub mod client_address;
pub mod csrf;
pub mod headers;
pub mod limits;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tower_http::catch_panic::CatchPanicLayer;

use super::config::Config;
use crate::app::state::App;
use crate::auth::session_store;

/// Addresses that other sites call by design; their handlers ignore the session.
const PUBLIC: [&str; 4] = ["/postback", "/pixel", "/api/v1", "/c"];

/// The layers around the routes; the last one named is the outermost.
pub fn apply(routes: Router, app: &App, config: &Config) -> Router {
    let csrf = csrf::Csrf::new(&config.base_url, &PUBLIC);
    let headers = headers::SecurityHeaders::new(&config.base_url);
    let routes = routes
        .layer(session_store::layer(app.store.clone(), app.environment.clone(), &config.base_url))
        .layer(from_fn_with_state(csrf, csrf::protect))
        .layer(from_fn_with_state(config.trusted_proxies.clone(), client_address::find))
        .layer(CatchPanicLayer::new());
    limits::apply(routes).layer(from_fn_with_state(headers, headers::add))
}
