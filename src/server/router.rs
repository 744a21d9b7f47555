//! Every route in one table, and the layers around them.

use std::pin::Pin;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRef, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures::Stream;
use leptos::prelude::*;
use leptos::server_fn::error::SERVER_FN_ERROR_HEADER;
use leptos_axum::{LeptosRoutes, generate_route_list};
use tokio_stream::StreamExt;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

use super::assets;
use super::config::Config;
use super::demo::shop;
use super::layers::{self, limits};
use super::refunds;
use crate::app::creatives;
use crate::app::error::ApiError;
use crate::app::figures;
use crate::app::reviews;
use crate::app::routes::Pages;
use crate::app::shell::document;
use crate::app::state::App;
use crate::app::statement;
use crate::app::uploads;
use crate::tracking::{self, Tracking};

/// Method and path of every route that is not a page or a server function; the access test walks it.
pub const ROUTES: &[(&str, &str)] = &[
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/favicon.ico"),
    ("GET", "/robots.txt"),
    ("GET", "/pkg/{version}/{*file}"),
    ("GET", "/reports.csv"),
    ("GET", "/reviews.csv"),
    ("GET", "/ledger.csv"),
    ("GET", "/live/{role}"),
    ("GET", "/creatives/{creative}/image"),
    ("POST", "/creatives/upload"),
    ("POST", "/uploads"),
    ("POST", "/reviews"),
];

/// A refusal is a sentence; more is none of ours.
const REFUSAL_BYTES_MAX: usize = 64 * 1_024;

/// The whole network as one service.
pub fn router(app: &App, tracking: Tracking, config: &Config) -> Router {
    let pages = generate_route_list(|| view! { <Pages/> });
    let routes = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/favicon.ico", get(assets::favicon))
        .route("/robots.txt", get(assets::robots))
        .route("/pkg/{version}/{*file}", get(assets::asset))
        .route("/reports.csv", get(figures::report_csv))
        .route("/reviews.csv", get(reviews::result_csv))
        .route("/ledger.csv", get(statement::ledger_csv))
        .route("/live/{role}", get(figures::live))
        .route("/creatives/{creative}/image", get(creatives::preview))
        .route("/api/{*function}", post(server_function))
        .leptos_routes_with_handler(pages, get(page))
        .fallback(get(page))
        .with_state(app.clone());
    // Only the demo has a shop of its own, as only the demo has log-ins to show.
    let routes = if config.demo_logins.is_empty() { routes } else { routes.merge(shop::routes(app)) };
    // Forms with a file are those that may be larger; their handlers limit each of their parts.
    let upload = Router::new()
        .route("/creatives/upload", post(creatives::upload).layer(DefaultBodyLimit::disable()))
        .route("/uploads", post(uploads::upload).layer(DefaultBodyLimit::disable()))
        .route("/reviews", post(reviews::upload).layer(DefaultBodyLimit::disable()));
    let upload = limits::bodies(upload.with_state(app.clone()), creatives::FORM_BYTES_MAX);
    let routes = limits::bodies(routes, limits::BODY_BYTES_MAX).merge(upload);
    let pages = layers::around_pages(routes, app, config).layer(compression());
    let called = tracking::routes(tracking.clone()).merge(refunds::routes(tracking));
    let tracked = limits::bodies(called, limits::BODY_BYTES_MAX);
    pages.merge(layers::around_tracking(tracked, config))
}

/// The path of every page, as the router writes it; the access test walks them.
pub fn page_paths() -> Vec<String> {
    let pages = generate_route_list(|| view! { <Pages/> });
    pages.into_iter().map(|page| page.path().to_owned()).collect()
}

/// Leptos asks for its options; nothing of ours reads them.
impl FromRef<App> for LeptosOptions {
    fn from_ref(_: &App) -> Self {
        Self::builder().output_name("tallystick").build()
    }
}

/// Text above 1 KiB; never the live stream, never images.
fn compression() -> CompressionLayer<impl Predicate> {
    let worth = SizeAbove::new(1_024)
        .and(NotForContentType::SSE)
        .and(NotForContentType::new("font/"))
        .and(NotForContentType::const_new("image/gif"))
        .and(NotForContentType::const_new("image/jpeg"))
        .and(NotForContentType::const_new("image/png"))
        .and(NotForContentType::const_new("image/webp"));
    CompressionLayer::new().compress_when(worth)
}

/// The process runs.
async fn healthz() -> &'static str {
    "ok\n"
}

/// The database answers.
async fn readyz(State(app): State<App>) -> Response {
    match app.store.read().await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {error}\n")).into_response(),
    }
}

async fn server_function(State(app): State<App>, request: Request) -> Response {
    let context = move || provide_context(app.clone());
    under_its_status(leptos_axum::handle_server_fns_with_context(context, request).await.into_response()).await
}

/// Whatever a server function refuses, Leptos answers a program with 500 and the refusal in the body: the status is the
/// refusal's own. (A page without scripts is led back to its form before it gets here.)
async fn under_its_status(answer: Response) -> Response {
    let is_refusal = answer.headers().contains_key(SERVER_FN_ERROR_HEADER);
    if answer.status() != StatusCode::INTERNAL_SERVER_ERROR || !is_refusal {
        return answer;
    }
    let (mut head, body) = answer.into_parts();
    let Ok(body) = axum::body::to_bytes(body, REFUSAL_BYTES_MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if let Ok(refusal) = serde_json::from_slice::<ApiError>(&body) {
        head.status = StatusCode::from_u16(refusal.status()).unwrap_or(head.status);
    }
    Response::from_parts(head, Body::from(body))
}

/// Renders a page completely before the first byte leaves. What Leptos would add as inline scripts is dropped:
/// no page needs it, and the content security policy forbids it (web.md, way A).
async fn page(State(app): State<App>, request: Request) -> Response {
    let base = app.assets.clone();
    leptos_axum::handle_response_inner(
        move || provide_context(app.clone()),
        move || document(&base),
        request,
        |page, _chunks, _supports_out_of_order| {
            Box::pin(async move {
                let html = page.to_html_stream_in_order().collect::<String>().await;
                Box::pin(tokio_stream::once(html)) as Pin<Box<dyn Stream<Item = String> + Send>>
            })
        },
    )
    .await
    .map(Body::new)
}
