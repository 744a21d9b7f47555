//! The accept loop of the small contenders: HTTP/1.1, nothing around it.

use std::convert::Infallible;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Says where it listens, and answers until it is ended from outside.
pub async fn serve<F, A>(handle: F) -> anyhow::Result<()>
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Response<Body>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://localhost:{}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let handle = handle.clone();
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request| {
                let answer = handle(request);
                async move { Ok::<_, Infallible>(answer.await) }
            });
            // A broken connection is the client's affair.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// The redirect that they all give.
pub fn found(location: &str) -> Response<Body> {
    Response::builder()
        .status(302)
        .header("location", location)
        .header("cache-control", "no-store, private")
        .body(Body::empty())
        .expect("a location is a header")
}

pub fn failed(status: u16) -> Response<Body> {
    Response::builder().status(status).body(Body::empty()).expect("a status")
}

/// What stands after `/c/`.
pub fn slug<B>(request: &Request<B>) -> &str {
    request.uri().path().strip_prefix("/c/").unwrap_or("")
}
