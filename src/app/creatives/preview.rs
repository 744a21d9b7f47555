//! `GET /creatives/{creative}/image`: a banner as its parties see it on our pages, paused or not.

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tower_sessions::Session;

use crate::app::error::ApiError;
use crate::app::forms;
use crate::app::state::App;
use crate::domain::enrollment::EnrollmentState;
use crate::domain::ids::CreativeId;
use crate::domain::party::{Acting, PartyKind, Viewer};
use crate::domain::raster::ImageFormat;
use crate::store::creatives::{self, Creative};
use crate::store::{Conn, StoreError, campaigns, enrollments};

pub async fn preview(State(app): State<App>, session: Session, Path(creative): Path<String>) -> Response {
    match find(&app, &session, &creative).await {
        Ok((format, content)) => {
            let mut response = content.into_response();
            let head = response.headers_mut();
            head.insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
            head.insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
            head.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
            response
        }
        Err(error) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, format!("{error}\n")).into_response()
        }
    }
}

async fn find(app: &App, session: &Session, creative: &str) -> Result<(ImageFormat, Vec<u8>), ApiError> {
    let mut viewers = Vec::new();
    for kind in [PartyKind::Publisher, PartyKind::Advertiser, PartyKind::Network] {
        match forms::viewer_of(app, session, kind).await {
            Ok(viewer) => viewers.push(viewer),
            Err(ApiError::Forbidden) => {}
            Err(error) => return Err(error),
        }
    }
    let id: CreativeId = creative.parse()?;
    let mut conn = app.store.read().await?;
    let creative = creatives::find(&mut conn, id).await?.ok_or(ApiError::NotFound)?;
    let format = creative.image_format.ok_or(ApiError::NotFound)?;
    for viewer in viewers {
        if is_party(&mut conn, &viewer, &creative).await? {
            return Ok((format, creatives::image(&mut conn, id).await?));
        }
    }
    Err(ApiError::NotFound)
}

/// The advertiser of its campaign, a publisher who may place it, the network.
async fn is_party(conn: &mut Conn, viewer: &Viewer, creative: &Creative) -> Result<bool, StoreError> {
    match viewer.acting {
        Acting::Admin => Ok(true),
        Acting::Advertiser(advertiser) => {
            match campaigns::get_of_advertiser(conn, advertiser, creative.campaign_id).await {
                Ok(_) => Ok(true),
                Err(StoreError::NotFound) => Ok(false),
                Err(error) => Err(error),
            }
        }
        Acting::Publisher(publisher) => {
            let enrollment = enrollments::find(conn, publisher, creative.campaign_id).await?;
            Ok(enrollment.is_some_and(|enrollment| enrollment.state == EnrollmentState::Approved))
        }
    }
}
