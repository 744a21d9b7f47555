//! Pages on one host, tracking on another, where they are apart (trust.md S15): what belongs to the other host is not
//! here. So no page and no session's cookie is ever on the host whose links stand all over the web.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::domain::site::BaseUrl;
use crate::tracking;

/// For whoever watches over the process, for crawlers, and for browsers that ask whether an opt-out is respected.
const EVERYWHERE: [&str; 5] = ["/healthz", "/readyz", "/favicon.ico", "/robots.txt", "/.well-known/gpc.json"];

/// The tracking host, which is not the pages' own.
#[derive(Debug, Clone)]
pub struct Hosts(Arc<str>);

impl Hosts {
    /// Nothing where both are the same.
    pub fn new(base_url: &BaseUrl, tracking_url: &BaseUrl) -> Option<Self> {
        let is_apart = base_url.origin() != tracking_url.origin();
        is_apart.then(|| Self(tracking_url.authority().into()))
    }

    /// Any host but the tracking one has the pages: a proxy may ask by an address of its own.
    fn has(&self, host: &str, path: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let host = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(&host);
        // The same name, written to the root of all names.
        let host = host.strip_suffix('.').unwrap_or(host);
        EVERYWHERE.contains(&path) || (*host == *self.0) == is_tracking(path)
    }
}

/// Whether a path lies under one of tracking's routes.
fn is_tracking(path: &str) -> bool {
    let prefixes = tracking::ROUTES.iter().map(|(_, route)| route.split('{').next().unwrap_or(route));
    prefixes.into_iter().any(|prefix| if prefix.ends_with('/') { path.starts_with(prefix) } else { path == prefix })
}

/// Answers with 404 what belongs to the other host.
pub async fn keep_apart(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    if hosts.has(host, request.uri().path()) {
        return next.run(request).await;
    }
    (StatusCode::NOT_FOUND, "Nothing is here.\n").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_has_its_own_paths() {
        let url = |text: &str| BaseUrl::parse(text).unwrap();
        let hosts = Hosts::new(&url("https://network.example"), &url("https://track.example")).unwrap();
        for path in ["/c/abc", "/c/a/b", "/i/a/b", "/postback", "/pixel/a.gif", "/api/v1/conversions"] {
            assert!(hosts.has("track.example", path) && hosts.has("TRACK.example:443", path), "{path}");
            assert!(!hosts.has("network.example", path), "{path}");
        }
        for path in ["/", "/log-in", "/publisher", "/api/log_in", "/pkg/a/b", "/creatives/upload", "/c", "/campaigns"] {
            assert!(hosts.has("network.example", path) && hosts.has("10.0.0.1:3000", path), "{path}");
            assert!(!hosts.has("track.example", path), "{path}");
        }
        assert!(hosts.has("track.example", "/healthz") && hosts.has("", "/readyz"));
        assert!(Hosts::new(&url("https://network.example"), &url("https://network.example")).is_none());
    }
}
