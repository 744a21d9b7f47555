//! Headers that every answer carries unless its handler chose another value (trust.md S13, S14).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::Next;
use axum::response::Response;

use crate::domain::site::BaseUrl;

/// No inline script or style, nothing from elsewhere; WebAssembly of our own for the islands.
const CSP: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
    object-src 'none'; frame-ancestors 'none'";

const EVERYWHERE: [(HeaderName, &str); 7] = [
    (CONTENT_SECURITY_POLICY, CSP),
    // Not `no-referrer`: forms without JavaScript are answered with a redirect to the page they came from.
    (REFERRER_POLICY, "same-origin"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    // Figures of one party must not wait in a cache for the next; assets and public files say otherwise themselves.
    (CACHE_CONTROL, "no-store"),
];

/// One year, sub-domains included. Only over https: over http browsers ignore it.
const HSTS: &str = "max-age=31536000; includeSubDomains";

/// The headers of this network.
#[derive(Debug, Clone)]
pub struct SecurityHeaders(Arc<[(HeaderName, HeaderValue)]>);

impl SecurityHeaders {
    pub fn new(base_url: &BaseUrl) -> Self {
        let secure = base_url.is_secure().then_some((STRICT_TRANSPORT_SECURITY, HSTS));
        let all = EVERYWHERE.into_iter().chain(secure);
        Self(all.map(|(name, value)| (name, HeaderValue::from_static(value))).collect())
    }
}

/// Adds what is missing. Belongs outside of everything that answers by itself, so that a refusal has them too.
pub async fn add(State(headers): State<SecurityHeaders>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in headers.0.iter() {
        response.headers_mut().entry(name).or_insert_with(|| value.clone());
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn headers(base_url: &str, path: &str) -> Vec<String> {
        let headers = SecurityHeaders::new(&BaseUrl::parse(base_url).unwrap());
        let own = get(async || [(CACHE_CONTROL, "public, max-age=60"), (CONTENT_SECURITY_POLICY, "sandbox")]);
        let router = Router::new().route("/own", own).layer(axum::middleware::from_fn_with_state(headers, add));
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let mut lines: Vec<String> =
            response.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    #[tokio::test]
    async fn an_answer_that_nobody_wrote_carries_them_all() {
        let expected = [
            "cache-control: no-store",
            &format!("content-security-policy: {CSP}"),
            "cross-origin-opener-policy: same-origin",
            "cross-origin-resource-policy: same-origin",
            "permissions-policy: camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
            "referrer-policy: same-origin",
            "strict-transport-security: max-age=31536000; includeSubDomains",
            "x-content-type-options: nosniff",
        ];
        assert_eq!(headers("https://network.example", "/nothing").await, expected);
        assert!(!CSP.contains("  ") && !CSP.contains("unsafe-inline"));
    }

    #[tokio::test]
    async fn a_handler_decides_for_itself_and_http_has_no_hsts() {
        let lines = headers("http://localhost:3000", "/own").await;
        assert!(lines.contains(&"cache-control: public, max-age=60".to_owned()), "{lines:?}");
        assert!(lines.contains(&"content-security-policy: sandbox".to_owned()), "{lines:?}");
        assert!(!lines.iter().any(|line| line.starts_with("strict-transport-security")), "{lines:?}");
        let twice = lines.windows(2).any(|pair| pair[0].split(':').next() == pair[1].split(':').next());
        assert!(!twice, "{lines:?}");
    }
}
