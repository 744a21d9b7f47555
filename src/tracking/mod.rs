//! THE HOT PATH, public and anonymous: links are followed, conversions are reported.
//!
//! - [`redirect`]: a click comes in, is judged, recorded, and led on
//! - [`link_cache`]: where links lead, in memory
//! - `creative_cache`, `image`: banners on publishers' pages
//! - [`recorder`]: one writer stores clicks in batches; the answer waits for the commit
//! - `click_writer`: that writer; `seen_visitors`, `uncounted`: what it remembers of a day, and of what it counts later
//! - [`landing`]: the advertiser's page says that a click has arrived; [`landing_recorder`] stores it
//! - [`postback`], [`pixel`], [`api`]: reports of conversions come in
//! - [`by_hand`]: a member sends a test, or a stored request again
//! - [`conversion`]: one report becomes evidence, a decision, a commission and its ledger transfers

pub mod api;
pub mod by_hand;
mod click_sums;
mod click_writer;
pub mod conversion;
mod conversion_beside;
mod conversion_clicks;
mod conversion_terms;
pub mod cookie;
pub mod crawler;
mod creative_cache;
pub mod flood;
mod image;
mod kept;
pub mod landing;
pub mod landing_recorder;
pub mod link_cache;
pub mod opt_out;
pub mod pixel;
pub mod postback;
pub mod recorder;
pub mod redirect;
mod reply;
mod report;
pub mod request;
pub mod salts;
mod seen_visitors;
mod uncounted;

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get, post};
use tokio::task::JoinHandle;
use tower_http::compression::CompressionLayer;

use crate::domain::environment::Environment;
use crate::domain::secret::SecretKey;
use crate::domain::site::BaseUrl;
use crate::store::Store;

/// How a network tracks.
#[derive(Debug, Clone)]
pub struct Settings {
    pub secret_key: SecretKey,
    /// Of the pages.
    pub base_url: BaseUrl,
    /// Of the tracking end points.
    pub tracking_url: BaseUrl,
    pub recorder: recorder::RecorderSettings,
    /// New orders of a campaign and UTC day that unverified reports may make.
    pub unverified_per_day_max: i64,
    /// What `Sec-GPC: 1` means.
    pub opt_out: opt_out::OptOut,
}

/// What the public end points work with.
#[derive(Clone)]
pub struct Tracking(Arc<Parts>);

pub struct Parts {
    pub store: Store,
    pub environment: Environment,
    pub secret_key: SecretKey,
    /// Of the pages: receipts are there.
    pub base_url: BaseUrl,
    /// New orders of a campaign and UTC day that unverified reports may make.
    pub unverified_per_day_max: i64,
    /// Of these end points: names and flags of cookies follow from it.
    pub tracking_url: BaseUrl,
    pub opt_out: opt_out::OptOut,
    pub links: link_cache::LinkCache,
    pub creatives: creative_cache::CreativeCache,
    pub recorder: recorder::Recorder,
    pub landings: landing_recorder::LandingRecorder,
    pub salts: salts::Salts,
    pub flood: flood::Flood,
    pub crawlers: crawler::Crawlers,
}

impl std::ops::Deref for Tracking {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Tracking {
    /// Starts the writers of clicks and landings; they end when the last handle is gone, after they have stored what they
    /// were given.
    pub fn start(store: Store, environment: Environment, settings: Settings) -> (Self, JoinHandle<()>) {
        let Settings { secret_key, base_url, tracking_url, recorder, unverified_per_day_max, opt_out } = settings;
        let (recorder, clicks) = recorder::start(store.clone(), recorder);
        let (landings, landed) = landing_recorder::start(store.clone());
        let writers = tokio::spawn(async move {
            // A writer that panicked has nothing more to store.
            let _ = tokio::join!(clicks, landed);
        });
        let parts = Parts {
            links: link_cache::LinkCache::new(store.clone(), base_url.is_development()),
            creatives: creative_cache::CreativeCache::new(store.clone()),
            salts: salts::Salts::default(),
            flood: flood::Flood::default(),
            crawlers: crawler::Crawlers::new(),
            store,
            environment,
            secret_key,
            base_url,
            unverified_per_day_max,
            tracking_url,
            opt_out,
            recorder,
            landings,
        };
        (Self(Arc::new(parts)), writers)
    }
}

/// Method and path of every tracking route.
pub const ROUTES: &[(&str, &str)] = &[
    ("ANY", "/c/{slug}"),
    ("ANY", "/c/{campaign}/{publisher}"),
    ("GET", "/i/{creative}/{publisher}"),
    ("GET", "/.well-known/gpc.json"),
    ("GET", "/t.js"),
    ("POST", "/landing"),
    ("ANY", "/postback"),
    ("GET", "/pixel/{file}"),
    ("POST", "/api/v1/conversions"),
    // The server leads it to what keeps the money.
    ("POST", "/api/v1/refunds"),
];

pub fn routes(tracking: Tracking) -> Router {
    Router::new()
        .route("/c/{slug}", any(redirect::click))
        .route("/c/{campaign}/{publisher}", any(redirect::built_by_hand))
        .route("/i/{creative}/{publisher}", get(image::image))
        .route("/.well-known/gpc.json", get(opt_out::statement))
        .route("/t.js", get(landing::script).layer(CompressionLayer::new()))
        .route("/landing", post(landing::land))
        .route("/postback", any(postback::postback))
        .route("/pixel/{file}", get(pixel::pixel))
        .route("/api/v1/conversions", post(api::create))
        .with_state(tracking)
}
