//! No other site may make a member's browser act here (trust.md S8).
//!
//! Server functions are public addresses without protection of their own: this stands in front of all of them.
//! `tower_http::csrf` is close but passes a request with a cookie and neither header, and takes the `Host` that the
//! client sent as its own origin, where we know ours from `BASE_URL`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{COOKIE, ORIGIN, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::domain::site::BaseUrl;

const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Our own origin.
#[derive(Debug, Clone)]
pub struct Csrf(Arc<str>);

impl Csrf {
    pub fn new(base_url: &BaseUrl) -> Self {
        Self(base_url.origin().into())
    }

    /// Whether a request that changes something comes from our own pages, or from no page at all.
    fn is_own(&self, headers: &HeaderMap) -> bool {
        // Every value counts: of two that differ, one was added by somebody.
        let mut sites = headers.get_all(SEC_FETCH_SITE).iter().peekable();
        if sites.peek().is_some() {
            return sites.all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
        }
        let mut origins = headers.get_all(ORIGIN).iter().peekable();
        if origins.peek().is_some() {
            return origins.all(|origin| origin.as_bytes() == self.0.as_bytes());
        }
        // No browser of today; a program may pass, a member's cookie may not.
        !headers.contains_key(COOKIE)
    }
}

/// Answers a forged request with 403, before its body is read. Requests that may be answered from either side say
/// on what that depended; answers to GET do not depend on it, and their caches stay whole.
pub async fn protect(State(csrf): State<Csrf>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let mut response = if csrf.is_own(request.headers()) {
        next.run(request).await
    } else {
        tracing::warn!(event = "input_validation_fail", reason = "cross_site", path = request.uri().path());
        (StatusCode::FORBIDDEN, "This request came from another site, so nothing was done.\n").into_response()
    };
    response.headers_mut().append(VARY, HeaderValue::from_static("Sec-Fetch-Site, Origin"));
    response
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, Bytes};
    use axum::http::Method;
    use axum::routing::any;
    use tower::ServiceExt;

    use super::*;

    fn router() -> Router {
        let base_url = BaseUrl::parse("https://network.example").unwrap();
        let csrf = Csrf::new(&base_url);
        Router::new().fallback(any(async |_: Bytes| "done")).layer(axum::middleware::from_fn_with_state(csrf, protect))
    }

    async fn send(method: Method, path: &str, headers: &[(&str, &str)], body: Body) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        router().oneshot(request.body(body).unwrap()).await.unwrap()
    }

    async fn status(method: Method, path: &str, headers: &[(&str, &str)]) -> u16 {
        send(method, path, headers, Body::empty()).await.status().as_u16()
    }

    #[tokio::test]
    async fn only_our_own_pages_change_anything() {
        let own = ("origin", "https://network.example");
        let cookie = ("cookie", "__Host-sid=x");
        let cases: &[(&[(&str, &str)], u16)] = &[
            (&[("sec-fetch-site", "same-origin"), cookie], 200),
            (&[("sec-fetch-site", "none"), cookie], 200),
            (&[("sec-fetch-site", "cross-site"), own], 403),
            (&[("sec-fetch-site", "same-site"), own], 403),
            (&[("sec-fetch-site", "Same-Origin")], 403),
            (&[("sec-fetch-site", ""), cookie], 403),
            (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], 403),
            (&[own, cookie], 200),
            (&[("origin", "null"), cookie], 403),
            (&[("origin", "null")], 403),
            (&[("origin", "http://network.example")], 403),
            (&[("origin", "https://network.example:8443")], 403),
            (&[("origin", "https://network.example.evil.example")], 403),
            (&[("origin", "https://sub.network.example")], 403),
            (&[own, ("origin", "https://evil.example")], 403),
            (&[("host", "evil.example"), ("origin", "https://evil.example")], 403),
            (&[cookie], 403),
            (&[], 200),
        ];
        for (headers, expected) in cases {
            for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
                assert_eq!(status(method, "/api/approve_payout", headers).await, *expected, "{headers:?}");
            }
            assert_eq!(status(Method::GET, "/api/approve_payout", headers).await, 200, "reading is free");
        }
    }

    #[tokio::test]
    async fn a_refusal_says_so_does_not_read_the_body_and_tells_caches_why() {
        let unread =
            Body::from_stream(futures::stream::poll_fn(|_| -> std::task::Poll<Option<std::io::Result<Bytes>>> {
                panic!("the body was read")
            }));
        let response = send(Method::POST, "/x", &[("sec-fetch-site", "cross-site")], unread).await;
        assert_eq!(response.status(), 403);
        assert_eq!(response.headers()[VARY], "Sec-Fetch-Site, Origin");
        let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        assert!(body.starts_with(b"This request came from another site"));
        let passed = send(Method::POST, "/x", &[], Body::empty()).await;
        assert_eq!(passed.headers()[VARY], "Sec-Fetch-Site, Origin");
    }
}
