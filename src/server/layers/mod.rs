//! What stands in front of every handler, from the outside in: limits, headers, the client's address, forgery,
//! the session.

pub mod client_address;
pub mod csrf;
pub mod gate;
pub mod headers;
pub mod hosts;
pub mod limits;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tower_http::catch_panic::CatchPanicLayer;

use super::config::Config;
use crate::app::state::App;
use crate::auth::session_store;

/// The layers around pages and server functions; the last one named is the outermost.
pub fn around_pages(routes: Router, app: &App, config: &Config) -> Router {
    let csrf = csrf::Csrf::new(&config.base_url);
    let routes = routes
        .layer(session_store::layer(app.store.clone(), app.environment.clone(), &config.base_url))
        .layer(from_fn_with_state(csrf, csrf::protect));
    around_tracking(routes, config)
}

/// The layers around what visitors and shops call, and nothing that these do not need: other sites call them by
/// design, so they know no session and nothing to forge, and their answers are too short to be compressed.
pub fn around_tracking(routes: Router, config: &Config) -> Router {
    let gate = gate::Gate::new(&config.base_url, config.trusted_proxies.clone());
    let routes = match hosts::Hosts::new(&config.base_url, &config.tracking_url) {
        Some(hosts) => routes.layer(from_fn_with_state(hosts, hosts::keep_apart)),
        None => routes,
    };
    routes.layer(CatchPanicLayer::new()).layer(from_fn_with_state(gate, gate::pass))
}
