//! Conversions from a file: choose it, see what each row would become, record them.

use leptos::prelude::*;

use super::steps::{advertiser_of, integration_page_of, page_of, uploads_page_of};
use crate::app::api::report::RecordUpload;
use crate::app::page::{Request, role_page, zone_of};
use crate::app::ui::{Field, Hidden, ReasonLink, StatusTag, Submit};
use crate::app::uploads::SHAPE;
use crate::domain::ids::{CampaignId, UploadId};
use crate::domain::party::PartyKind;
use crate::domain::reason::Outcome;
use crate::domain::time::Zone;
use crate::store::campaigns::{self, Campaign};
use crate::store::uploads::{self, Upload, UploadRow};

const SHOWN_MAX: i64 = 100;
const EXAMPLE: &str = "order_id,event,amount,currency,click_id,occurred_at
A-1001,sale,49.90,EUR,CLICK_ID,2026-03-02T10:15:00Z
A-1002,sale,80.00,EUR,CLICK_ID,2026-03-02T11:40:00Z";

#[component]
pub fn UploadsPage() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Conversions from a file", async |request, viewer| {
        let (id, advertiser): (CampaignId, _) = (request.param("id")?, advertiser_of(&viewer)?);
        let mut conn = request.app.store.snapshot().await?;
        let campaign = campaigns::get_of_advertiser(&mut conn, advertiser, id).await?;
        let list = uploads::list_of_advertiser(&mut conn, advertiser, id, SHOWN_MAX).await?;
        let form = viewer.is_admitted().then(|| choose(&request, id));
        Ok(view! {
            {breadcrumb(&campaign, None)}
            <div class="page-head">
                <div>
                    <h1>"Conversions from a file"</h1>
                    <p class="sub">"For " {campaign.name.clone()} ", without a line of program."</p>
                </div>
                <div class="page-actions"><a class="btn" href=integration_page_of(id)>"Integration"</a></div>
            </div>
            {form}
            {files(list, &zone_of(&viewer))}
        }
        .into_any())
    })
}

fn breadcrumb(campaign: &Campaign, file: Option<String>) -> AnyView {
    let id = campaign.campaign_id;
    let here = "Conversions from a file";
    let last = match file {
        None => view! { <li aria-current="page">{here}</li> }.into_any(),
        Some(name) => view! {
            <li><a href=uploads_page_of(id)>{here}</a></li>
            <li aria-current="page">{name}</li>
        }
        .into_any(),
    };
    view! {
        <nav class="breadcrumb" aria-label="Breadcrumb">
            <ol>
                <li><a href="/advertiser/campaigns">"Campaigns"</a></li>
                <li><a href=page_of(id)>{campaign.name.clone()}</a></li>
                {last}
            </ol>
        </nav>
    }
    .into_any()
}

/// A form of parts, because of the file; the campaign goes first, so that it is known before the file is read.
fn choose(request: &Request, id: CampaignId) -> AnyView {
    view! {
        <section class="section">
            <h2>"Choose a file"</h2>
            <p>"A CSV file with names in its first line, as every spreadsheet writes it. Only order_id is needed:"</p>
            <pre class="code" tabindex="0" aria-label="A file as an example"><code>{EXAMPLE}</code></pre>
            <p class="hint">
                {format!(
                    "Columns: {}. Click ids are those that your landing page received. Times as in the example, at most \
                    30 days back. Your shop's word counts as with a key.",
                    SHAPE.columns.join(", "),
                )}
            </p>
            <form class="form" method="post" action="/uploads" enctype="multipart/form-data">
                <Hidden name="campaign_id" value=id.to_string()/>
                <Field
                    name="file"
                    label="File"
                    kind="file"
                    hint="At most 2,000 rows and 1 MiB. Nothing is recorded before you have seen the result of each row."
                    error=request.problem("file")
                />
                <div class="btn-row"><Submit label="Read the file"/></div>
            </form>
        </section>
    }
    .into_any()
}

fn files(list: Vec<Upload>, zone: &Zone) -> AnyView {
    if list.is_empty() {
        return view! { <p class="muted">"No file was read yet. Files are kept for thirty days."</p> }.into_any();
    }
    let rows: Vec<_> = list.into_iter().map(|file| file_row(&file, zone)).collect();
    view! {
        <section class="section">
            <h2>"Files of the last thirty days"</h2>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Files">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"File"</th>
                            <th scope="col">"Read"</th>
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

fn file_row(file: &Upload, zone: &Zone) -> impl IntoView + use<> {
    view! {
        <tr>
            <th scope="row">
                <a href=format!("{}/{}", uploads_page_of(file.campaign_id), file.upload_id)>{file.name.clone()}</a>
            </th>
            <td data-label="Read">{zone.show(file.upload_id.time())}</td>
            <td class="num" data-label="Rows">{file.rows_count}</td>
            <td data-label="State">{state(file, zone)}</td>
        </tr>
    }
}

fn state(file: &Upload, zone: &Zone) -> String {
    match (file.started_at_ms, file.recorded_at_ms) {
        (_, Some(at)) => format!("Its rows were recorded on {}.", zone.show(at)),
        (Some(at), None) => format!(
            "Recording began on {} and has not ended. If it was interrupted, record the rows again after two minutes: \
            those that are recorded are answered as repeats.",
            zone.show(at)
        ),
        (None, None) => "Read only: nothing is recorded.".to_owned(),
    }
}

#[component]
pub fn UploadPage() -> impl IntoView {
    role_page(PartyKind::Advertiser, "File", async |request, viewer| {
        let (id, upload): (CampaignId, UploadId) = (request.param("id")?, request.param("upload")?);
        let advertiser = advertiser_of(&viewer)?;
        let mut conn = request.app.store.snapshot().await?;
        let campaign = campaigns::get_of_advertiser(&mut conn, advertiser, id).await?;
        let file = uploads::get_of_advertiser(&mut conn, advertiser, id, upload).await?;
        let rows = uploads::rows(&mut conn, upload).await?;
        let may_record = viewer.is_admitted() && file.recorded_at_ms.is_none();
        Ok(view! {
            {breadcrumb(&campaign, Some(file.name.clone()))}
            <div class="page-head">
                <div>
                    <h1>{file.name.clone()}</h1>
                    <p class="sub">{state(&file, &zone_of(&viewer))}</p>
                </div>
            </div>
            <p class="lead">{summary(&file, &rows)}</p>
            {may_record.then(|| record(&file))}
            {results(&file, rows)}
        }
        .into_any())
    })
}

/// How many rows became, or would become, what.
fn summary(file: &Upload, rows: &[UploadRow]) -> String {
    let count = |is_in: &dyn Fn(&UploadRow) -> bool| rows.iter().filter(|row| is_in(row)).count();
    let new = count(&|row| row.outcome == Outcome::Created && !row.is_duplicate);
    let nobodys = count(&|row| row.outcome == Outcome::Unattributed && !row.is_duplicate);
    let known = count(&|row| row.is_duplicate);
    let refused = count(&|row| row.outcome == Outcome::Rejected);
    let verb = if file.recorded_at_ms.is_some() { "were" } else { "would be" };
    format!(
        "Of {} rows, {new} {verb} recorded as new conversions, {nobodys} more belong to nobody, {known} were known \
        already, and {refused} {verb} refused.",
        file.rows_count
    )
}

fn record(file: &Upload) -> AnyView {
    let action = ServerAction::<RecordUpload>::new();
    let (campaign, upload) = (file.campaign_id.to_string(), file.upload_id.to_string());
    view! {
        <ActionForm action=action>
            <Hidden name="campaign_id" value=campaign/>
            <Hidden name="upload_id" value=upload/>
            <div class="btn-row"><Submit label="Record these rows"/></div>
        </ActionForm>
        <p class="hint">"Rows that would be refused change nothing; correct them and send them in another file."</p>
    }
    .into_any()
}

fn results(file: &Upload, rows: Vec<UploadRow>) -> AnyView {
    let is_recorded = file.recorded_at_ms.is_some();
    let rows: Vec<_> = rows.into_iter().map(|row| result(row, is_recorded)).collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Rows">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col" class="num">"Line"</th>
                        <th scope="col">"Order"</th>
                        <th scope="col">{if is_recorded { "Result" } else { "It would be" }}</th>
                        <th scope="col">"What it means"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn result(row: UploadRow, is_recorded: bool) -> impl IntoView {
    let code = row.reason.map(|reason| view! { <ReasonLink code=reason.as_str()/> });
    let message = if is_recorded || row.reason.is_some() || row.is_duplicate {
        row.message
    } else {
        "A new conversion.".to_owned()
    };
    let order = match row.conversion_id {
        Some(id) => view! { <a href=format!("/receipts/{id}")>{row.order_id}</a> }.into_any(),
        None => row.order_id.into_any(),
    };
    view! {
        <tr>
            <td class="num" data-label="Line">{row.number}</td>
            <th scope="row">{order}</th>
            <td data-label="Result">
                <span>
                    <StatusTag state=row.outcome.as_str()/>
                    <span class="status-reason">{row.is_duplicate.then_some("repeat ")}{code}</span>
                </span>
            </td>
            <td data-label="What it means">{message}</td>
        </tr>
    }
}
