//! Style, fonts, icons and the islands: inside the binary, so that one file serves everything.
//! A debug build reads them from disk at every request.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::Embed;
use sha2::{Digest, Sha256};

#[derive(Embed)]
#[folder = "dist"]
#[allow_missing = true]
struct Assets;

/// Changes with the content of any asset: what carries it may be kept for ever.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for name in Assets::iter() {
        hash.update(name.as_bytes());
        hash.update(Assets::get(&name).map_or([0; 32], |file| file.metadata.sha256_hash()));
    }
    data_encoding::HEXLOWER.encode(&hash.finalize()[..8])
});

/// The folder of the assets in URLs: `/pkg/{version}`.
pub fn base() -> String {
    format!("/pkg/{}", *VERSION)
}

/// GET `/pkg/{version}/{file}`
pub async fn asset(Path((version, file)): Path<(String, String)>, headers: HeaderMap) -> Response {
    serve(&file, &headers, version == *VERSION && !cfg!(debug_assertions))
}

/// GET `/favicon.ico`, `/robots.txt`: what browsers and crawlers ask for by a fixed name.
pub async fn favicon(headers: HeaderMap) -> Response {
    serve("favicon.svg", &headers, false)
}

pub async fn robots(headers: HeaderMap) -> Response {
    serve("robots.txt", &headers, false)
}

fn serve(file: &str, headers: &HeaderMap, is_forever: bool) -> Response {
    let Some(found) = Assets::get(file) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // Weak, because compression may recode the body.
    let tag = format!("W/\"{}\"", data_encoding::HEXLOWER.encode(&found.metadata.sha256_hash()[..12]));
    let cache = if is_forever { "public, max-age=31536000, immutable" } else { "no-cache" };
    let head = [(ETAG, tag.clone()), (CACHE_CONTROL, cache.to_owned())];
    if headers.get(IF_NONE_MATCH).is_some_and(|asked| asked.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    (head, [(CONTENT_TYPE, content_type(file))], found.data).into_response()
}

fn content_type(file: &str) -> &'static str {
    match file.rsplit('.').next().unwrap_or("") {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
