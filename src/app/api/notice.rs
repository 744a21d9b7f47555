//! Notices: what a party was told.

use leptos::prelude::*;

use crate::app::error::ApiError;

/// Says that the caller's party has read these notices: those of one page.
#[server(endpoint = "see_notices")]
pub async fn see_notices(kind: String, #[server(default)] ids: Vec<String>) -> Result<(), ApiError> {
    use crate::app::figures::root;
    use crate::app::forms;
    use crate::app::notices::PAGE;
    use crate::domain::ids::{NotAnId, NoticeId};
    use crate::domain::party::PartyKind;
    use crate::store::notices;

    let kind: PartyKind = kind.parse().map_err(|_| ApiError::NotFound)?;
    let viewer = forms::viewer(kind).await?;
    let ids: Vec<NoticeId> = ids.iter().map(|id| id.parse()).collect::<Result<_, NotAnId>>()?;
    if ids.len() as i64 > PAGE {
        return Err(ApiError::NotFound);
    }
    let app = forms::app();
    let mut w = app.store.write().await?;
    for id in ids {
        notices::get_of_party(&mut w, viewer.party(), id).await?;
        notices::set_seen(&mut w, viewer.party(), id, app.environment.now()).await?;
    }
    w.commit().await?;
    forms::go_with(&format!("{}/notices", root(kind)), "The notices that you saw are marked as read.").await
}
