//! The pages of many reviews: the batches of the last thirty days with the form for a file, and one batch.

use leptos::prelude::*;

use super::file::SHAPE;
use super::place_of;
use crate::app::api::review::RunReviews;
use crate::app::conversions::queue_place;
use crate::app::error::ApiError;
use crate::app::figures::root;
use crate::app::page::{Request, zone_of};
use crate::app::ui::{Field, Hidden, StatusTag, Submit};
use crate::domain::ids::ReviewBatchId;
use crate::domain::party::{PartyKind, Viewer};
use crate::domain::review_batch::{BatchAction, RowOutcome, tried_kept_from};
use crate::domain::time::Zone;
use crate::store::review_batches::{self, Batch, BatchRow, OutcomeCount};

const BATCHES: i64 = 100;
const ROWS: i64 = 200;
const EXAMPLE: &str = "order_id,event,action,amount,reason,note
A-1001,sale,approve,,,
A-1002,sale,reject,,item_returned,sent back within the week
A-1003,sale,refund,30.00,partial_return,one of two pairs
A-1004,sale,reverse,,order_cancelled,";

/// The batches, below the frame.
pub async fn batches_page(request: Request, viewer: Viewer) -> Result<AnyView, ApiError> {
    let list = review_batches::list_of_party(&mut request.app.store.read().await?, viewer.party(), BATCHES).await?;
    let kind = viewer.acting.kind();
    let form = viewer.is_admitted().then(|| choose(&request, kind));
    Ok(view! {
        <div class="page-head">
            <div><h1>"Reviews together"</h1><p class="sub">"Many conversions decided at once, by a file or by choice."</p></div>
            <div class="page-actions">
                <a class="btn" href=queue_place(viewer.acting)>"To the queue"</a>
            </div>
        </div>
        {form}
        {batches(list, kind, &zone_of(&viewer))}
    }
    .into_any())
}

fn choose(request: &Request, kind: PartyKind) -> AnyView {
    let hint = format!(
        "Columns: {}. Without an event a row is about a sale. Give the campaign's id where several campaigns have orders of \
        the same id. The reasons are those of a single rejection, by their names: order_cancelled, item_returned and so on.",
        SHAPE.columns.join(", "),
    );
    view! {
        <section class="section">
            <h2>"Choose a file"</h2>
            <p>"A CSV file with names in its first line, as every spreadsheet writes it:"</p>
            <pre class="code" tabindex="0" aria-label="A file as an example"><code>{EXAMPLE}</code></pre>
            <p class="hint">{hint}</p>
            <form class="form" method="post" action="/reviews" enctype="multipart/form-data">
                <Hidden name="kind" value=kind.as_str()/>
                <Field
                    name="file"
                    label="File"
                    kind="file"
                    hint="At most 10,000 rows and 2 MiB. Nothing is decided before you have seen what each row would do."
                    error=request.problem("file")
                />
                <div class="btn-row"><Submit label="Read the file"/></div>
            </form>
        </section>
    }
    .into_any()
}

fn batches(list: Vec<Batch>, kind: PartyKind, zone: &Zone) -> AnyView {
    if list.is_empty() {
        let text = "Nothing was decided together yet. What is decided is listed here for thirty days, what is only tried \
            for one.";
        return view! { <p class="muted">{text}</p> }.into_any();
    }
    let rows: Vec<_> = list.into_iter().map(|batch| batch_row(&batch, kind, zone)).collect();
    view! {
        <section class="section">
            <h2>"The last thirty days"</h2>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Reviews together">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"What"</th>
                            <th scope="col">"Tried"</th>
                            <th scope="col" class="num">"Rows"</th>
                            <th scope="col">"State"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn batch_row(batch: &Batch, kind: PartyKind, zone: &Zone) -> impl IntoView + use<> {
    view! {
        <tr>
            <th scope="row"><a href=format!("{}/{}", place_of(kind), batch.review_batch_id)>{batch.name.clone()}</a></th>
            <td data-label="Tried">{zone.show(batch.review_batch_id.time())}</td>
            <td class="num" data-label="Rows">{batch.rows_count}</td>
            <td data-label="State">{state(batch, zone)}</td>
        </tr>
    }
}

fn state(batch: &Batch, zone: &Zone) -> String {
    match (batch.started_at_ms, batch.done_at_ms) {
        (_, Some(at)) => format!("Its rows were decided on {}.", zone.show(at)),
        (Some(at), None) => {
            format!("Started on {}. What is left is decided by itself; look again in a moment.", zone.show(at))
        }
        (None, None) => "Tried only: nothing is decided.".to_owned(),
    }
}

/// One batch, below the frame.
pub async fn batch_page(request: Request, viewer: Viewer) -> Result<AnyView, ApiError> {
    let id: ReviewBatchId = request.param("id")?;
    let after: i64 = request.query.get("after").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut conn = request.app.store.snapshot().await?;
    let batch = review_batches::get_of_party(&mut conn, viewer.party(), id).await?;
    let counts = review_batches::counts(&mut conn, id).await?;
    let rows = review_batches::rows(&mut conn, id, after, ROWS).await?;
    drop(conn);
    let kind = viewer.acting.kind();
    let next = (rows.len() as i64 == ROWS).then(|| rows[rows.len() - 1].number);
    let place = place_of(kind);
    let file = format!("/reviews.csv?as={}&id={id}", root(kind).trim_start_matches('/'));
    let ready = count(&counts, RowOutcome::Ready, None);
    let is_lately = id.time() >= tried_kept_from(request.now);
    let may_run = viewer.is_admitted() && batch.started_at_ms.is_none() && ready > 0 && is_lately;
    Ok(view! {
        <nav class="breadcrumb" aria-label="Breadcrumb">
            <ol>
                <li><a href=place.clone()>"Reviews together"</a></li>
                <li aria-current="page">{batch.name.clone()}</li>
            </ol>
        </nav>
        <div class="page-head">
            <div><h1>{batch.name.clone()}</h1><p class="sub">{state(&batch, &zone_of(&viewer))}</p></div>
            <div class="page-actions"><a class="btn" href=file>"All rows as CSV"</a></div>
        </div>
        <p class="lead">{summary(&batch, &counts)}</p>
        {may_run.then(|| run(kind, id, ready))}
        {results(rows)}
        {next.map(|number| view! {
            <nav class="pager" aria-label="Pages">
                <span>{format!("Of {} rows", batch.rows_count)}</span>
                <ul><li><a href=format!("{place}/{id}?after={number}")>"Further rows"</a></li></ul>
            </nav>
        })}
    }
    .into_any())
}

/// The rows of an outcome, of one action or of all.
fn count(counts: &[OutcomeCount], outcome: RowOutcome, action: Option<BatchAction>) -> i64 {
    let these = counts.iter().filter(|one| one.outcome == outcome && (action.is_none() || one.action == action));
    these.map(|one| one.rows_count).sum()
}

/// What was reversed and refunded, where there is any.
fn taken_back(counts: &[OutcomeCount], outcome: RowOutcome, verb: &str) -> String {
    let words = [(BatchAction::Reverse, "reversed"), (BatchAction::Refund, "refunded")];
    let told = words.into_iter().filter_map(|(action, word)| match count(counts, outcome, Some(action)) {
        0 => None,
        rows => Some(format!(", {rows} {verb} {word}")),
    });
    told.collect()
}

fn summary(batch: &Batch, counts: &[OutcomeCount]) -> String {
    let of = |outcome, action| count(counts, outcome, action);
    let (approve, reject) = (Some(BatchAction::Approve), Some(BatchAction::Reject));
    let refused = of(RowOutcome::Refused, None);
    let rows = if batch.rows_count == 1 { "1 row".to_owned() } else { format!("{} rows", batch.rows_count) };
    if batch.started_at_ms.is_none() {
        return format!(
            "Of {rows}, {} would be approved, {} would be rejected{}, and {refused} would be refused.",
            of(RowOutcome::Ready, approve),
            of(RowOutcome::Ready, reject),
            taken_back(counts, RowOutcome::Ready, "would be"),
        );
    }
    let were = |count: i64| if count == 1 { "1 was".to_owned() } else { format!("{count} were") };
    let left = match of(RowOutcome::Ready, None) {
        0 => String::new(),
        1 => ", 1 is left".to_owned(),
        left => format!(", {left} are left"),
    };
    format!(
        "Of {rows}, {} approved, {} rejected{}{left}, and {} refused.",
        were(of(RowOutcome::Done, approve)),
        were(of(RowOutcome::Done, reject)),
        taken_back(counts, RowOutcome::Done, "were"),
        were(refused),
    )
}

fn run(kind: PartyKind, id: ReviewBatchId, ready: i64) -> AnyView {
    let action = ServerAction::<RunReviews>::new();
    let word = if ready == 1 { "Decide this row".to_owned() } else { format!("Decide these {ready} rows") };
    view! {
        <ActionForm action=action>
            <Hidden name="kind" value=kind.as_str()/>
            <Hidden name="review_batch_id" value=id.to_string()/>
            <div class="btn-row"><button class="btn btn-primary" type="submit">{word}</button></div>
        </ActionForm>
        <p class="hint">
            "A conversion that has changed since is left alone, and says so. Rows that would be refused change nothing."
        </p>
    }
    .into_any()
}

fn results(rows: Vec<BatchRow>) -> AnyView {
    let rows: Vec<_> = rows.into_iter().map(result).collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Rows">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col" class="num">"Row"</th>
                        <th scope="col">"Order"</th>
                        <th scope="col">"Asked for"</th>
                        <th scope="col">"Result"</th>
                        <th scope="col">"What it means"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn result(row: BatchRow) -> impl IntoView {
    let order = match row.conversion_id {
        Some(id) => view! { <a href=format!("/receipts/{id}")>{row.order_id}</a> }.into_any(),
        None => row.order_id.into_any(),
    };
    let action = row.action.map_or("\u{2013}", BatchAction::as_str);
    let amount = if row.amount.is_empty() { String::new() } else { format!(" {}", row.amount) };
    let asked = match row.reason {
        Some(reason) => format!("{action}{amount}: {}", reason.sentence()),
        None => format!("{action}{amount}"),
    };
    let note = (!row.note.is_empty()).then(|| view! { <span class="sub">{row.note}</span> });
    view! {
        <tr>
            <td class="num" data-label="Row">{row.number}</td>
            <th scope="row">{order}<span class="sub">{row.event}</span></th>
            <td data-label="Asked for"><span>{asked}{note}</span></td>
            <td data-label="Result"><StatusTag state=row.outcome.as_str()/></td>
            <td data-label="What it means">{row.message}</td>
        </tr>
    }
}
