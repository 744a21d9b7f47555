//! What every request passes, in one layer, because each layer more is paid for by every click: the size of its head,
//! the client's address, and the headers of its answer.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::client_address::{TrustedProxies, client_address};
use super::headers::SecurityHeaders;
use super::limits;
use crate::auth::address::ClientAddress;
use crate::domain::site::BaseUrl;

/// What the layer knows of this network.
#[derive(Debug, Clone)]
pub struct Gate {
    headers: SecurityHeaders,
    trusted: TrustedProxies,
}

impl Gate {
    pub fn new(base_url: &BaseUrl, trusted: TrustedProxies) -> Self {
        Self { headers: SecurityHeaders::new(base_url), trusted }
    }
}

/// Puts a [`ClientAddress`] into the request, or refuses it, and adds to the answer what its handler left out. The
/// listener says who the peer is.
pub async fn pass(
    State(gate): State<Gate>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut response = match limits::refusal(&request) {
        Some(refusal) => refusal,
        None => {
            let address = client_address(peer.ip(), request.headers(), &gate.trusted);
            request.extensions_mut().insert(ClientAddress(address));
            next.run(request).await
        }
    };
    gate.headers.add(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::header::X_CONTENT_TYPE_OPTIONS;
    use axum::routing::get;
    use axum::{Extension, Router};
    use tower::ServiceExt;

    use super::*;

    async fn answer(path: &str) -> Response {
        let base_url = BaseUrl::parse("https://network.example").unwrap();
        let gate = Gate::new(&base_url, TrustedProxies::parse("10.0.0.0/8").unwrap());
        let show = get(async |Extension(ClientAddress(address)): Extension<ClientAddress>| address.to_string());
        let router = Router::new().route("/", show).layer(axum::middleware::from_fn_with_state(gate, pass));
        let peer: SocketAddr = "10.0.0.1:4711".parse().unwrap();
        let request =
            Request::builder().uri(path).header("x-forwarded-for", "203.0.113.5").extension(ConnectInfo(peer));
        router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn the_request_carries_the_address() {
        let response = answer("/").await;
        assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        let body = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
        assert_eq!(&body[..], b"203.0.113.5");
    }

    #[tokio::test]
    async fn a_refusal_and_a_path_that_does_not_exist_have_the_headers_too() {
        for (path, status) in [(format!("/{}", "x".repeat(limits::URL_BYTES_MAX)), 414), ("/nothing".to_owned(), 404)] {
            let response = answer(&path).await;
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        }
    }
}
