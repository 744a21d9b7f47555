//! Notices: what a party was told.

use leptos::prelude::*;

use crate::app::error::ApiError;

/// Says that the caller's party has read what it was told up to the notice `newest`.
#[server(endpoint = "see_notices")]
pub async fn see_notices(kind: String, newest: String) -> Result<(), ApiError> {
    use crate::app::figures::root;
    use crate::app::forms;
    use crate::domain::ids::NoticeId;
    use crate::domain::party::PartyKind;
    use crate::store::notices;

    let kind: PartyKind = kind.parse().map_err(|_| ApiError::NotFound)?;
    let viewer = forms::viewer(kind).await?;
    let (newest, app): (NoticeId, _) = (newest.parse()?, forms::app());
    let mut w = app.store.write().await?;
    notices::get_of_party(&mut w, viewer.party(), newest).await?;
    notices::set_seen(&mut w, viewer.party(), newest, app.environment.now()).await?;
    w.commit().await?;
    forms::go_with(&format!("{}/notices", root(kind)), "All notices are read.").await
}
