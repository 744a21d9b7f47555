//! `POST /uploads`: a file with conversions, for advertisers without developers. It is kept with what each row would
//! become; a second step records the rows. Answers by a redirect with a flash, as every form does.

mod file;
mod rehearsal;

use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::response::Response;
use tower_sessions::Session;

use self::file::FileRow;
pub use self::file::SHAPE;
use super::advertiser::{advertiser_of, uploads_page_of};
use super::csv_file::{self, FileRefused};
use super::error::ApiError;
use super::forms;
use super::multipart::{self, File};
use super::state::App;
use crate::auth::session::{self, Flash};
use crate::domain::ids::{AdvertiserId, CampaignId, MemberId, UploadId};
use crate::domain::party::PartyKind;
use crate::domain::reason::Outcome;
use crate::domain::time::MINUTE_MS;
use crate::store::campaigns::{self, Campaign};
use crate::store::uploads::{self, Upload, UploadRow};
use crate::tracking::by_hand::Reply;

/// After every so many rows their results are kept.
const BATCH_ROWS: usize = 100;
/// Whoever began longer ago and has not ended was interrupted.
const INTERRUPTED_MS: i64 = 2 * MINUTE_MS;

pub async fn upload(State(app): State<App>, session: Session, form: Result<Multipart, MultipartRejection>) -> Response {
    multipart::answer(take(&app, &session, form).await)
}

/// Gives the page to go to.
async fn take(app: &App, session: &Session, form: Result<Multipart, MultipartRejection>) -> Result<String, ApiError> {
    let viewer = forms::viewer_of(app, session, PartyKind::Advertiser).await?;
    if !viewer.is_admitted() {
        return Err(ApiError::Forbidden);
    }
    let advertiser = advertiser_of(&viewer)?;
    let mut form = form.map_err(|_| ApiError::NotFound)?;
    let id: CampaignId = multipart::first(&mut form, "campaign_id").await?.parse()?;
    let campaign = campaigns::get_of_advertiser(&mut app.store.read().await?, advertiser, id).await?;
    let mut file = File::default();
    while let Some(field) = form.next_field().await.map_err(multipart::broken)? {
        if field.name() == Some("file") {
            file = multipart::file(field, SHAPE.bytes_max).await?;
        }
    }
    let page = uploads_page_of(id);
    let (place, flash) = match dry_run(app, &campaign, viewer.member_id, file).await? {
        Ok(upload) => (format!("{page}/{upload}"), Flash::ok("The file is read. Nothing is recorded yet.")),
        Err(refused) => (page, Flash::problem("file", &forms::sentence(&refused.to_string()), [])),
    };
    session::put_flash(session, flash).await.map_err(|_| ApiError::Unavailable)?;
    Ok(place)
}

/// Keeps the file with what its rows would become.
async fn dry_run(
    app: &App,
    campaign: &Campaign,
    member_id: MemberId,
    file: File,
) -> Result<Result<UploadId, FileRefused>, ApiError> {
    if file.is_too_large {
        return Ok(Err(FileRefused::TooLarge(&SHAPE)));
    }
    let read = csv_file::text(file.bytes).and_then(|text| file::read(&text).map(|rows| (text, rows)));
    let (content, rows) = match read {
        Ok(read) => read,
        Err(refused) => return Ok(Err(refused)),
    };
    let hand = app.hand(member_id, campaign);
    let results = rehearsal::rehearse(&hand, &rows).await?;
    let new = Upload {
        upload_id: app.environment.new_id(UploadId),
        campaign_id: campaign.campaign_id,
        member_id,
        name: csv_file::name_of(&file.name, "conversions.csv"),
        rows_count: rows.len() as i64,
        started_at_ms: None,
        recorded_at_ms: None,
    };
    let mut w = app.store.write().await?;
    uploads::insert(&mut w, &new, &content, &results).await?;
    w.commit().await?;
    Ok(Ok(new.upload_id))
}

/// Records the rows of a file that was read before; again, where that was interrupted: a row that is recorded already is
/// answered as a repeat. Gives how many rows were taken, and how many refused.
pub async fn record(
    app: &App,
    advertiser: AdvertiserId,
    campaign: CampaignId,
    member_id: MemberId,
    id: UploadId,
) -> Result<(usize, usize), ApiError> {
    let (campaign, upload, content) = {
        let mut conn = app.store.snapshot().await?;
        let found = campaigns::get_of_advertiser(&mut conn, advertiser, campaign).await?;
        let upload = uploads::get_of_advertiser(&mut conn, advertiser, campaign, id).await?;
        (found, upload, uploads::content_of_advertiser(&mut conn, advertiser, campaign, id).await?)
    };
    let now = app.environment.now();
    let mut w = app.store.write().await?;
    if !uploads::start(&mut w, upload.upload_id, now, now.plus_ms(-INTERRUPTED_MS)).await? {
        return Err(ApiError::invalid("", "Its rows are recorded, or being recorded: look again in a moment."));
    }
    w.commit().await?;
    let rows = file::read(&content).map_err(|error| ApiError::invalid("", error.to_string()))?;
    let hand = app.hand(member_id, &campaign);
    let mut results = Vec::with_capacity(rows.len());
    for batch in rows.chunks(BATCH_ROWS) {
        let first = results.len();
        for row in batch {
            results.push(result(row, hand.upload(row.fields.clone()).await?));
        }
        let mut w = app.store.write().await?;
        uploads::put_rows(&mut w, id, &results[first..]).await?;
        w.commit().await?;
    }
    let mut w = app.store.write().await?;
    uploads::set_recorded(&mut w, id, app.environment.now()).await?;
    w.commit().await?;
    let refused = results.iter().filter(|row| row.outcome == Outcome::Rejected).count();
    Ok((results.len() - refused, refused))
}

fn result(row: &FileRow, reply: Reply) -> UploadRow {
    let message = reply.body.sentence();
    UploadRow {
        number: row.line,
        order_id: row.fields.order_id.clone().unwrap_or_default(),
        outcome: reply.body.outcome,
        http_status: reply.status.into(),
        is_duplicate: reply.body.duplicate,
        reason: reply.body.reason,
        message,
        conversion_id: reply.body.conversion_id,
    }
}
