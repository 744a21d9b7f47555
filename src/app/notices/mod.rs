//! What the network tells a party: a page for each role, and a line above its overview while something is new.

use leptos::prelude::*;

use super::api::notice::SeeNotices;
use super::error::ApiError;
use super::figures::root;
use super::page::{Request, zone_of};
use super::ui::Hidden;
use crate::domain::ids::NoticeId;
use crate::domain::party::Viewer;
use crate::domain::time::Zone;
use crate::store::notices::{self, Notice};
use crate::store::{Conn, StoreError};

/// Notices on a page.
pub const PAGE: i64 = 50;
/// Notices that are new are counted up to here.
const COUNTED_MAX: i64 = 100;

/// The whole page below the frame.
pub async fn notices_page(request: Request, viewer: Viewer) -> Result<AnyView, ApiError> {
    let before: Option<NoticeId> = request.query.get("before").and_then(|text| text.parse().ok());
    let mut conn = request.app.store.snapshot().await?;
    let list = notices::list_of_party(&mut conn, viewer.party(), before, PAGE).await?;
    let new = notices::count_new_of_party(&mut conn, viewer.party(), COUNTED_MAX).await?;
    drop(conn);
    let older = (list.len() as i64 == PAGE).then(|| list[list.len() - 1].notice_id);
    let unread: Vec<NoticeId> = list.iter().filter(|one| one.seen_at_ms.is_none()).map(|one| one.notice_id).collect();
    let seeing = (!unread.is_empty()).then(|| seeing(&viewer, &unread, new));
    let content = if list.is_empty() { empty() } else { table(list, &zone_of(&viewer)) };
    Ok(view! {
        <div class="page-head">
            <div><h1>"Notices"</h1><p class="sub">"What the network tells you, newest first."</p></div>
            {seeing}
        </div>
        {content}
        {older.map(|id| view! {
            <nav class="pager" aria-label="Pages">
                <span>"Newest first"</span>
                <ul><li><a href=format!("{}?before={id}", request.path)>"Older"</a></li></ul>
            </nav>
        })}
    }
    .into_any())
}

/// Marks what is on this page as read, and nothing that is not: `new` are new altogether.
fn seeing(viewer: &Viewer, unread: &[NoticeId], new: i64) -> AnyView {
    let action = ServerAction::<SeeNotices>::new();
    let kind = viewer.acting.kind().as_str();
    let word = if unread.len() as i64 == new { "Mark all as read" } else { "Mark these as read" };
    let ids: Vec<_> = unread.iter().map(|id| view! { <Hidden name="ids[]" value=id.to_string()/> }).collect();
    view! {
        <div class="page-actions">
            <ActionForm action=action>
                <Hidden name="kind" value=kind/>
                {ids}
                <button class="btn" type="submit">{word}</button>
            </ActionForm>
        </div>
    }
    .into_any()
}

fn empty() -> AnyView {
    view! {
        <div class="empty">
            <h2>"Nothing to tell you yet"</h2>
            <p>"Deadlines that pass, what the network does about them, and other terms will be told here."</p>
        </div>
    }
    .into_any()
}

fn table(list: Vec<Notice>, zone: &Zone) -> AnyView {
    let rows: Vec<_> = list.into_iter().map(|notice| row(notice, zone)).collect();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Notices">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Notice"</th>
                        <th scope="col">"Told"</th>
                        <th scope="col">"About"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(notice: Notice, zone: &Zone) -> impl IntoView + use<> {
    let at = notice.notice_id.time();
    let is_new = notice.seen_at_ms.is_none();
    let name = notice.code.place_name();
    let about = notice.code.place(&notice.object).map(|href| view! { <a href=href>{name}</a> });
    view! {
        <tr>
            <th scope="row">{notice.text}{is_new.then(|| view! { <span class="sub">"new"</span> })}</th>
            <td data-label="Told"><time datetime=at.to_string()>{zone.show(at)}</time></td>
            <td data-label="About">{about}</td>
        </tr>
    }
}

/// Above the overview: how many notices are new, with the way to them; nothing where none is.
pub async fn banner(conn: &mut Conn, viewer: &Viewer) -> Result<Option<AnyView>, StoreError> {
    let new = notices::count_new_of_party(conn, viewer.party(), COUNTED_MAX).await?;
    let text = match new {
        0 => return Ok(None),
        COUNTED_MAX.. => format!("{COUNTED_MAX} or more notices are new. "),
        1 => "One notice is new. ".to_owned(),
        new => format!("{new} notices are new. "),
    };
    let href = format!("{}/notices", root(viewer.acting.kind()));
    Ok(Some(view! { <p class="flash" role="status"><span>{text}<a href=href>"Read"</a></span></p> }.into_any()))
}
