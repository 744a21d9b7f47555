//! The password, once more: before what a stolen cookie alone must not do.

use leptos::prelude::*;

use crate::app::api::confirm::ConfirmPassword;
use crate::app::error::ApiError;
use crate::app::forms;
use crate::app::page::{Request, party_page};
use crate::app::ui::{Hidden, PasswordField, Submit};
use crate::domain::party::Viewer;

#[component]
pub fn ConfirmPage() -> impl IntoView {
    party_page("Confirm that it is you", confirm_page)
}

async fn confirm_page(request: Request, _: Viewer) -> Result<AnyView, ApiError> {
    let action = ServerAction::<ConfirmPassword>::new();
    let to = request.query.get("to").unwrap_or_default();
    let to = forms::own_path(&to).to_owned();
    Ok(view! {
        <div class="login-card">
            <h1>"Confirm that it is you"</h1>
            <p>"What you were about to do needs your password, entered within the last five minutes."</p>
            <ActionForm action=action attr:class="form">
                <Hidden name="to" value=to/>
                <PasswordField
                    name="password"
                    label="Your password"
                    error=request.problem("password")
                    autocomplete="current-password"
                />
                <Submit label="Confirm"/>
            </ActionForm>
        </div>
    }
    .into_any())
}
