//! Many reviews together: chosen on the page of a queue, or sent in a file. First a dry run, which is kept with what each
//! row would do; a second step decides the rows.

mod choosing;
mod file;
mod pages;

use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, RawQuery, State};
use axum::response::Response;
use tower_sessions::Session;

pub use self::choosing::{FORM_ID, choosing};
use self::file::SHAPE;
pub use self::pages::{batch_page, batches_page};
use super::conversions::queue_of;
use super::csv_file::{self, FileRefused};
use super::error::ApiError;
use super::figures::{kind_of, root};
use super::forms;
use super::multipart::{self, File};
use super::state::App;
use crate::auth::session::{self, Flash};
use crate::domain::ids::{ConversionId, ReviewBatchId};
use crate::domain::party::{PartyKind, Viewer};
use crate::domain::review_batch::{BatchAction, ROWS_MAX, Wish};
use crate::reports::export::cell;
use crate::settlement::batch::{self, Asked, BatchRefused, Which};
use crate::store::review_batches::{self, BatchRow};
use crate::store::{StoreError, conversion_lists};

/// What the page of a dry run says on top.
pub const TRIED: &str = "Nothing is decided yet: this is what would happen to each row.";
/// Rows read at a time.
const PAGE: i64 = 500;

/// The batches of this kind of party.
pub fn place_of(kind: PartyKind) -> String {
    format!("{}/reviews", root(kind))
}

/// `POST /reviews`: a file; first `kind`, which says in whose name.
pub async fn upload(State(app): State<App>, session: Session, form: Result<Multipart, MultipartRejection>) -> Response {
    multipart::answer(take(&app, &session, form).await)
}

/// Gives the page to go to.
async fn take(app: &App, session: &Session, form: Result<Multipart, MultipartRejection>) -> Result<String, ApiError> {
    let mut form = form.map_err(|_| ApiError::NotFound)?;
    let kind = match multipart::first(&mut form, "kind").await?.parse() {
        Ok(kind @ (PartyKind::Advertiser | PartyKind::Network)) => kind,
        _ => return Err(ApiError::NotFound),
    };
    let viewer = forms::viewer_of(app, session, kind).await?;
    if !viewer.is_admitted() {
        return Err(ApiError::Forbidden);
    }
    let mut file = File::default();
    while let Some(field) = form.next_field().await.map_err(multipart::broken)? {
        if field.name() == Some("file") {
            file = multipart::file(field, SHAPE.bytes_max).await?;
        }
    }
    let name = csv_file::name_of(&file.name, "reviews.csv");
    let tried = match read(file) {
        Ok(asked) => match try_out(app, &viewer, &name, &asked).await {
            Err(BatchRefused::Store(error)) => return Err(error.into()),
            tried => tried.map_err(|refused| refused.to_string()),
        },
        Err(refused) => Err(refused.to_string()),
    };
    let (place, flash) = match tried {
        Ok(place) => (place, Flash::ok(TRIED)),
        Err(refused) => (place_of(kind), Flash::problem("file", &forms::sentence(&refused), [])),
    };
    session::put_flash(session, flash).await.map_err(|_| ApiError::Unavailable)?;
    Ok(place)
}

fn read(file: File) -> Result<Vec<Asked>, FileRefused> {
    if file.is_too_large {
        return Err(FileRefused::TooLarge(&SHAPE));
    }
    file::read(&csv_file::text(file.bytes)?)
}

/// The dry run; gives its page.
async fn try_out(app: &App, viewer: &Viewer, name: &str, asked: &[Asked]) -> Result<String, BatchRefused> {
    let id = batch::rehearse(&app.store, &app.environment, viewer, name, asked).await?;
    Ok(format!("{}/{id}", place_of(viewer.acting.kind())))
}

/// The dry run of conversions that were chosen on a page; gives its page.
pub async fn try_chosen(
    app: &App,
    viewer: &Viewer,
    ids: Vec<ConversionId>,
    wish: Wish,
) -> Result<String, BatchRefused> {
    let what = match wish.action {
        BatchAction::Approve => "Approve",
        BatchAction::Reject => "Reject",
        BatchAction::Reverse => "Reverse",
        BatchAction::Refund => "Refund",
    };
    let name = match ids.len() {
        1 => format!("{what} one conversion"),
        count => format!("{what} {count} conversions"),
    };
    let asked = |(id, number)| Asked { number, which: Which::Conversion(id), wish: Ok(wish.clone()) };
    let asked: Vec<Asked> = ids.into_iter().zip(1..).map(asked).collect();
    try_out(app, viewer, &name, &asked).await
}

/// The reader's whole queue without its tests, oldest first; at most as many as a batch takes.
pub async fn whole_queue(app: &App, viewer: &Viewer) -> Result<Vec<ConversionId>, StoreError> {
    let Some(queue) = queue_of(viewer.acting, app.environment.now()) else { return Ok(Vec::new()) };
    let mut conn = app.store.snapshot().await?;
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let rows = conversion_lists::list_queue(&mut conn, queue, after, PAGE).await?;
        after = rows.last().map(|row| row.conversion.conversion_id);
        let real = rows.iter().filter(|row| !row.conversion.is_test);
        ids.extend(real.map(|row| row.conversion.conversion_id));
        if (rows.len() as i64) < PAGE || ids.len() >= ROWS_MAX {
            ids.truncate(ROWS_MAX);
            return Ok(ids);
        }
    }
}

/// `GET /reviews.csv?as=advertiser&id=…`: every row of a batch, with what became of it.
pub async fn result_csv(State(app): State<App>, session: Session, RawQuery(query): RawQuery) -> Response {
    csv_file::answer(csv(&app, &session, &query.unwrap_or_default()).await)
}

async fn csv(app: &App, session: &Session, query: &str) -> Result<(String, String), ApiError> {
    let asked = |wanted: &str| {
        let found = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let viewer = forms::viewer_of(app, session, kind_of(&asked("as"))?).await?;
    let id: ReviewBatchId = asked("id").parse()?;
    let mut conn = app.store.snapshot().await?;
    review_batches::get_of_party(&mut conn, viewer.party(), id).await?;
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let mut write = |record: [String; 9]| writer.write_record(record).expect("a buffer takes what is written");
    write(["row", "order_id", "event", "action", "amount", "reason", "note", "outcome", "message"].map(str::to_owned));
    let mut after = 0;
    loop {
        let rows = review_batches::rows(&mut conn, id, after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = last.number;
        rows.iter().for_each(|row| write(record(row)));
    }
    let text = String::from_utf8(writer.into_inner().expect("a buffer is flushed")).expect("cells are UTF-8");
    Ok((format!("tallystick-reviews-{id}.csv"), text))
}

/// As the file's columns are; what people wrote starts no formula.
fn record(row: &BatchRow) -> [String; 9] {
    [
        row.number.to_string(),
        cell(&row.order_id),
        cell(&row.event),
        row.action.map(|action| action.to_string()).unwrap_or_default(),
        cell(&row.amount),
        row.reason.map(|reason| reason.to_string()).unwrap_or_default(),
        cell(&row.note),
        row.outcome.to_string(),
        cell(&row.message),
    ]
}
