//! Headers that every answer carries unless its handler chose another value (trust.md S13, S14).

use std::sync::Arc;

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};

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

    /// Adds what an answer lacks. Belongs outside of everything that answers by itself, so that a refusal has them too.
    pub fn add(&self, headers: &mut HeaderMap) {
        headers.reserve(self.0.len());
        for (name, value) in self.0.iter() {
            headers.entry(name).or_insert_with(|| value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(base_url: &str, own: &[(HeaderName, &'static str)]) -> Vec<String> {
        let mut headers: HeaderMap =
            own.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        SecurityHeaders::new(&BaseUrl::parse(base_url).unwrap()).add(&mut headers);
        let mut lines: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    #[test]
    fn an_answer_that_nobody_wrote_carries_them_all() {
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
        assert_eq!(headers("https://network.example", &[]), expected);
        assert!(!CSP.contains("  ") && !CSP.contains("unsafe-inline"));
    }

    #[test]
    fn a_handler_decides_for_itself_and_http_has_no_hsts() {
        let lines = headers(
            "http://localhost:3000",
            &[(CACHE_CONTROL, "public, max-age=60"), (CONTENT_SECURITY_POLICY, "sandbox")],
        );
        assert!(lines.contains(&"cache-control: public, max-age=60".to_owned()), "{lines:?}");
        assert!(lines.contains(&"content-security-policy: sandbox".to_owned()), "{lines:?}");
        assert!(!lines.iter().any(|line| line.starts_with("strict-transport-security")), "{lines:?}");
        let twice = lines.windows(2).any(|pair| pair[0].split(':').next() == pair[1].split(':').next());
        assert!(!twice, "{lines:?}");
    }
}
