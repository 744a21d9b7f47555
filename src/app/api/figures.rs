//! The figures of an overview, again: what a live page asks for when something changed.

use leptos::prelude::*;

use crate::app::error::ApiError;

/// The live part of the role's overview as HTML, the same fragment that the page was sent with.
#[server(endpoint = "live_overview")]
pub async fn live_overview(role: String, query: String) -> Result<String, ApiError> {
    use crate::app::figures::{kind_of, overview_html};
    use crate::app::forms;
    use crate::reports::ReportQuery;

    let kind = kind_of(&role)?;
    let viewer = forms::viewer(kind).await?;
    let (query, _) = ReportQuery::parse(url::form_urlencoded::parse(query.as_bytes()), kind);
    overview_html(&forms::app(), &viewer, &query).await
}
