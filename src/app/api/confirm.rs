//! Entering the password once more.

use leptos::prelude::*;

use crate::app::error::ApiError;

/// The member is who logged in: for five minutes, what a stolen cookie alone must not do may be done. Leads back to `to`.
#[server(endpoint = "confirm_password")]
pub async fn confirm_password(password: String, #[server(default)] to: String) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::auth::session;

    let viewer = forms::anybody().await?;
    if let Some(problem) = forms::password_problem(&viewer, &password).await? {
        return Form::new(forms::confirm_page(&to), &[]).refuse("password", problem).await;
    }
    let (app, session) = (forms::app(), forms::session().await?);
    let is_there = session::step_up(&session, &app.store, app.environment.now()).await;
    if !is_there.map_err(|_| ApiError::Unavailable)? {
        return Err(ApiError::Unauthenticated);
    }
    forms::go_with(forms::own_path(&to), "It is you. Now press once more what you were about to do.").await
}
