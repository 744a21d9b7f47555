//! The shop at the end of every tracking link of the demo, so that one can go the whole way by hand: follow a link, buy,
//! and see the conversion arrive. It stands for the advertisers' own sites; only the demo has it.
//!
//! It reports as the simplest shops do: the page that thanks for the order carries the pixel. No script is needed.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use leptos::prelude::*;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::campaigns::OFFERS;
use crate::app::shell::Mark;
use crate::app::state::App;
use crate::domain::ids::CampaignId;
use crate::domain::money::Money;
use crate::domain::site::BaseUrl;
use crate::store::campaigns::{self, Campaign};
use crate::store::{StoreError, terms};

/// Method and path of the shop's routes.
pub const ROUTES: &[(&str, &str)] = &[("GET", "/demo/shop/{campaign}/{*page}"), ("GET", "/demo/order/{campaign}")];

/// What an order costs where the campaign is not one of the demo's own.
const PRICE_MINOR: i64 = 4_990;

pub fn routes(app: &App) -> Router {
    Router::new()
        .route("/demo/shop/{campaign}/{*page}", get(page))
        .route("/demo/order/{campaign}", get(order))
        .with_state(app.clone())
}

/// A page of the campaign's shop.
pub fn address(base_url: &BaseUrl, campaign: CampaignId, page: &str) -> String {
    base_url.join(&format!("/demo/shop/{campaign}/{page}"))
}

/// What the landing page was called with, and hands on to the order.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Visit {
    click_id: String,
    order_id: String,
}

/// A campaign as its shop sees it.
struct Shop {
    campaign: Campaign,
    price: Money,
}

async fn find(app: &App, campaign: &str) -> Result<Option<Shop>, StoreError> {
    let Ok(id) = campaign.parse::<CampaignId>() else { return Ok(None) };
    let mut conn = app.store.read().await?;
    let campaign = match campaigns::get(&mut conn, id).await {
        Err(StoreError::NotFound) => return Ok(None),
        found => found?,
    };
    let currency = terms::in_force(&mut conn, id, app.environment.now()).await?.first_currency();
    let offer = OFFERS.iter().find(|offer| offer.name == campaign.name);
    let price_minor = offer.map_or(PRICE_MINOR, |offer| offer.amounts.0);
    Ok(Some(Shop { campaign, price: Money::new(price_minor, currency) }))
}

/// The landing page, and every other: one thing to buy.
async fn page(State(app): State<App>, Path((id, _)): Path<(String, String)>, Query(visit): Query<Visit>) -> Response {
    // The order's number is made here: whoever loads the page of thanks again has not bought again.
    let order_id = format!("SHOP-{:08}", u32::from_be_bytes(app.environment.random()) % 100_000_000);
    match find(&app, &id).await {
        Ok(Some(shop)) => document(&app, &shop, offered(&shop, &visit.click_id, order_id)),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => unavailable(&error),
    }
}

/// Thanks for the order, with the pixel that reports it.
async fn order(State(app): State<App>, Path(id): Path<String>, Query(visit): Query<Visit>) -> Response {
    match find(&app, &id).await {
        Ok(Some(shop)) if !visit.order_id.is_empty() => document(&app, &shop, thanks(&shop, &visit)),
        Ok(_) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => unavailable(&error),
    }
}

fn unavailable(error: &StoreError) -> Response {
    tracing::error!(%error, "the demo's shop");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

fn offered(shop: &Shop, click_id: &str, order_id: String) -> AnyView {
    let came = match click_id {
        "" => view! { "You came without a click id: only the cookie of an earlier click can say who sent you." }
            .into_any(),
        id => view! { "A tracking link brought you, with the click id " <span class="mono">{id.to_owned()}</span> "." }
            .into_any(),
    };
    view! {
        <h1>{shop.campaign.name.clone()}</h1>
        <p>{shop.campaign.description.clone()}</p>
        <form class="form" method="get" action=format!("/demo/order/{}", shop.campaign.campaign_id)>
            <input type="hidden" name="click_id" value=click_id.to_owned()/>
            <input type="hidden" name="order_id" value=order_id/>
            <button class="btn btn-primary" type="submit">{format!("Buy for {}", shop.price)}</button>
        </form>
        <p class="hint">{came}</p>
    }
    .into_any()
}

fn thanks(shop: &Shop, visit: &Visit) -> AnyView {
    view! {
        <h1>"Thank you for your order"</h1>
        <dl class="facts">
            <div><dt>"Order"</dt><dd class="mono">{visit.order_id.clone()}</dd></div>
            <div><dt>"Amount"</dt><dd>{shop.price.to_string()}</dd></div>
        </dl>
        <p class="hint">
            "This page carries the pixel, which has just reported the order. Its conversion is now with the publisher, "
            "with the advertiser and with the network:"
        </p>
        <p class="btn-row">
            <a class="btn" href="/publisher/conversions">"As the publisher"</a>
            <a class="btn" href="/advertiser/conversions">"As the advertiser"</a>
            <a class="btn btn-quiet" href="/log-in">"Log in as somebody else"</a>
        </p>
        <img class="visually-hidden" src=pixel(shop, visit) alt="" width="1" height="1"/>
    }
    .into_any()
}

/// The pixel's address, as an advertiser's shop would write it.
fn pixel(shop: &Shop, visit: &Visit) -> String {
    let Money { minor, currency } = shop.price;
    let mut query = Serializer::new(String::new());
    query.append_pair("order_id", &visit.order_id).append_pair("event", "sale");
    query.append_pair("amount", &currency.decimal(minor)).append_pair("currency", currency.code());
    if !visit.click_id.is_empty() {
        query.append_pair("click_id", &visit.click_id);
    }
    format!("/pixel/{}.gif?{}", shop.campaign.campaign_id, query.finish())
}

/// A page of its own, in nobody's frame: the shop is not the network.
fn document(app: &App, shop: &Shop, content: AnyView) -> Response {
    let (base, name) = (app.assets.clone(), shop.campaign.advertiser_name.clone());
    let page = view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="robots" content="noindex"/>
                <title>{format!("{name}, a shop of the demo")}</title>
                <link rel="icon" type="image/svg+xml" href=format!("{base}/favicon.svg")/>
                <link rel="stylesheet" href=format!("{base}/tallystick.css")/>
            </head>
            <body class="public-shell">
                <header class="public-head"><strong>{name}</strong></header>
                <main class="content" id="content"><div class="login-card">{content}</div></main>
                <footer class="foot">
                    <p>"A shop made up for the demo: nothing is sold here."</p>
                    <a href="/"><Mark/>"Tallystick"</a>
                </footer>
            </body>
        </html>
    };
    Html(page.to_html()).into_response()
}
