//! How large a request may be (trust.md S25). Each refusal has its own status and a sentence.

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::limit::RequestBodyLimitLayer;

/// Path and query.
pub const URL_BYTES_MAX: usize = 8 * 1_024;
pub const HEADERS_MAX: usize = 64;
/// Names and values together.
pub const HEADER_BYTES_MAX: usize = 16 * 1_024;
pub const BODY_BYTES_MAX: usize = 64 * 1_024;

/// Puts the limits around all routes that `router` has by now: call it after they are added.
pub fn apply<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX)).layer(axum::middleware::from_fn(check_head))
}

async fn check_head(request: Request, next: Next) -> Response {
    let url_bytes = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    if url_bytes > URL_BYTES_MAX {
        return (StatusCode::URI_TOO_LONG, "The address is longer than 8 KiB.\n").into_response();
    }
    let headers = request.headers();
    let header_bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > HEADERS_MAX || header_bytes > HEADER_BYTES_MAX {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return (status, "The headers are more than 64, or larger than 16 KiB.\n").into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, Bytes};
    use axum::routing::any;
    use tower::ServiceExt;

    use super::*;

    async fn status(request: axum::http::request::Builder, body: Body) -> u16 {
        let router = apply(Router::new().fallback(any(async |body: Bytes| body.len().to_string())));
        router.oneshot(request.body(body).unwrap()).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn an_address_has_8_kib() {
        let url = |bytes: usize| format!("/{}", "x".repeat(bytes - 1));
        assert_eq!(status(Request::builder().uri(url(URL_BYTES_MAX)), Body::empty()).await, 200);
        assert_eq!(status(Request::builder().uri(url(URL_BYTES_MAX + 1)), Body::empty()).await, 414);
    }

    #[tokio::test]
    async fn there_are_64_headers_of_16_kib_together() {
        let many = |count: usize| (0..count).fold(Request::builder(), |r, _| r.header("a", "b"));
        assert_eq!(status(many(HEADERS_MAX), Body::empty()).await, 200);
        assert_eq!(status(many(HEADERS_MAX + 1), Body::empty()).await, 431);
        let large = |bytes: usize| Request::builder().header("a", "x".repeat(bytes - 1));
        assert_eq!(status(large(HEADER_BYTES_MAX), Body::empty()).await, 200);
        assert_eq!(status(large(HEADER_BYTES_MAX + 1), Body::empty()).await, 431);
    }

    #[tokio::test]
    async fn a_body_has_64_kib_whether_its_length_is_told_or_not() {
        let stream = |bytes: usize| {
            Body::from_stream(futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; bytes]))]))
        };
        for (bytes, expected) in [(BODY_BYTES_MAX, 200), (BODY_BYTES_MAX + 1, 413)] {
            let told = Request::builder().method("POST").header("content-length", bytes);
            assert_eq!(status(told, stream(bytes)).await, expected);
            assert_eq!(status(Request::builder().method("POST"), stream(bytes)).await, expected);
        }
    }
}
