//! The product's own judgement of a click, its token and its destination, and nothing stored.

use std::net::IpAddr;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::{Request, Response};
use tallystick::store::{Store, StoreError};
use tallystick::tracking::Tracking;
use tallystick::tracking::redirect::make_click;

use super::serve::{failed, found, serve, slug};
use crate::product;

pub async fn run(database_url: &str) -> anyhow::Result<()> {
    let store = Store::open(database_url).await?;
    let (tracking, _writer) = product::tracking(store)?;
    serve(move |request| {
        let tracking = tracking.clone();
        async move { answer(&tracking, &request).await.unwrap_or_else(|_| failed(503)) }
    })
    .await
}

async fn answer(tracking: &Tracking, request: &Request<Incoming>) -> Result<Response<Body>, StoreError> {
    let Some(target) = tracking.links.find(slug(request)).await? else { return Ok(failed(404)) };
    let address = request.headers().get("x-forwarded-for").and_then(|value| value.to_str().ok());
    let address = address.and_then(|text| text.parse().ok()).unwrap_or(IpAddr::from([127, 0, 0, 1]));
    let query = request.uri().query().unwrap_or("");
    let followed = make_click(tracking, &target, address, query, request.method(), request.headers()).await?;
    Ok(found(followed.location.as_str()))
}
