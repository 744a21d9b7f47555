//! Figures that are not pages: a report as a CSV file, and the stream that says when figures changed.

use axum::extract::{Path, RawQuery, State};
use axum::http::header;
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use tower_sessions::Session;

use crate::app::csv_file::{self, problem};
use crate::app::error::ApiError;
use crate::app::forms;
use crate::app::state::App;
use crate::domain::party::PartyKind;
use crate::reports::{ReportQuery, export, live as ticks, run};

/// The role of a URL.
pub fn kind_of(role: &str) -> Result<PartyKind, ApiError> {
    match role {
        "publisher" => Ok(PartyKind::Publisher),
        "advertiser" => Ok(PartyKind::Advertiser),
        "admin" => Ok(PartyKind::Network),
        _ => Err(ApiError::NotFound),
    }
}

/// `GET /reports.csv?as=publisher&…`: the rows of the report page with the same parameters.
pub async fn report_csv(State(app): State<App>, session: Session, RawQuery(query): RawQuery) -> Response {
    csv_file::answer(csv(&app, &session, &query.unwrap_or_default()).await)
}

async fn csv(app: &App, session: &Session, query: &str) -> Result<(String, String), ApiError> {
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let role = pairs.iter().find(|(name, _)| name == "as").map_or("", |(_, role)| role.as_ref());
    let kind = kind_of(role)?;
    let viewer = forms::viewer_of(app, session, kind).await?;
    let (query, notices) = ReportQuery::parse(pairs.iter().filter(|(name, _)| name != "as").map(|(n, v)| (n, v)), kind);
    if !notices.is_empty() {
        // A page shows something else and says so; a file could not say it.
        let wrong: Vec<&str> = notices.iter().map(|text| text.split(';').next().unwrap_or_default()).collect();
        return Err(ApiError::invalid("", format!("Nothing is exported: {}", wrong.join(" "))));
    }
    let mut conn = app.store.snapshot_counted().await?;
    if conn.lags() {
        // Here, too, a page says so.
        return Err(ApiError::Unavailable);
    }
    let report = run(&mut conn, &viewer, &query, app.environment.now()).await?;
    let name = format!("tallystick-{role}-by-{}-{}-{}.csv", query.by, report.from, report.to);
    Ok((name, export::csv(&report)))
}

/// `GET /live/{role}`: a tick now, and one whenever the viewer's own figures changed; without any data.
pub async fn live(State(app): State<App>, session: Session, Path(role): Path<String>) -> Response {
    let viewer = match kind_of(&role) {
        Ok(kind) => forms::viewer_of(&app, &session, kind).await,
        Err(error) => Err(error),
    };
    match viewer {
        Ok(viewer) => {
            let keep_alive = KeepAlive::new().interval(std::time::Duration::from_secs(ticks::KEEP_ALIVE_S));
            let stream = Sse::new(ticks::ticks(&app.store, viewer.party())).keep_alive(keep_alive);
            ([(header::CACHE_CONTROL, "no-store")], stream).into_response()
        }
        Err(error) => problem(&error),
    }
}
