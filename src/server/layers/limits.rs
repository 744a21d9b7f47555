//! How large a request may be (trust.md S25). Each refusal has its own status and a sentence.

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tower_http::limit::RequestBodyLimitLayer;

/// Path and query.
pub const URL_BYTES_MAX: usize = 8 * 1_024;
pub const HEADERS_MAX: usize = 64;
/// Names and values together.
pub const HEADER_BYTES_MAX: usize = 16 * 1_024;
pub const BODY_BYTES_MAX: usize = 64 * 1_024;

/// Limits the bodies of all routes that `router` has by now: call it after they are added.
pub fn bodies<S: Clone + Send + Sync + 'static>(router: Router<S>, bytes_max: usize) -> Router<S> {
    router.layer(RequestBodyLimitLayer::new(bytes_max))
}

/// The answer to a request whose address or headers are too large.
pub fn refusal<B>(request: &axum::http::Request<B>) -> Option<Response> {
    let url_bytes = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    if url_bytes > URL_BYTES_MAX {
        return Some((StatusCode::URI_TOO_LONG, "The address is longer than 8 KiB.\n").into_response());
    }
    let headers = request.headers();
    let header_bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    (headers.len() > HEADERS_MAX || header_bytes > HEADER_BYTES_MAX).then(|| {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        (status, "The headers are more than 64, or larger than 16 KiB.\n").into_response()
    })
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, Bytes};
    use axum::extract::Request;
    use axum::routing::any;
    use tower::ServiceExt;

    use super::*;

    async fn status(request: axum::http::request::Builder, content: Body) -> u16 {
        let router = bodies(Router::new().fallback(any(async |body: Bytes| body.len().to_string())), BODY_BYTES_MAX);
        router.oneshot(request.body(content).unwrap()).await.unwrap().status().as_u16()
    }

    fn head(request: axum::http::request::Builder) -> u16 {
        refusal(&request.body(()).unwrap()).map_or(200, |refusal| refusal.status().as_u16())
    }

    #[test]
    fn an_address_has_8_kib() {
        let url = |bytes: usize| format!("/{}", "x".repeat(bytes - 1));
        assert_eq!(head(Request::builder().uri(url(URL_BYTES_MAX))), 200);
        assert_eq!(head(Request::builder().uri(url(URL_BYTES_MAX + 1))), 414);
    }

    #[test]
    fn there_are_64_headers_of_16_kib_together() {
        let many = |count: usize| (0..count).fold(Request::builder(), |r, _| r.header("a", "b"));
        assert_eq!(head(many(HEADERS_MAX)), 200);
        assert_eq!(head(many(HEADERS_MAX + 1)), 431);
        let large = |bytes: usize| Request::builder().header("a", "x".repeat(bytes - 1));
        assert_eq!(head(large(HEADER_BYTES_MAX)), 200);
        assert_eq!(head(large(HEADER_BYTES_MAX + 1)), 431);
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
