//! Signing up as a publisher or an advertiser.

use leptos::prelude::*;

use crate::app::api::member::SignUp;
use crate::app::page::{Request, public_page};
use crate::app::ui::{Field, PasswordField, Select, Submit};

#[component]
pub fn SignUpPage() -> impl IntoView {
    public_page("Sign up", async |request| Ok(view! { <SignUpForm request=request/> }.into_any()))
}

#[component]
fn SignUpForm(request: Request) -> impl IntoView {
    let action = ServerAction::<SignUp>::new();
    let role = request.query.get("as").filter(|role| role == "advertiser").unwrap_or_else(|| "publisher".to_owned());
    let kinds = [
        ("publisher", "Publisher: I place links and earn commissions"),
        ("advertiser", "Advertiser: I run campaigns and pay for sales"),
    ];
    view! {
        <div class="login-card">
            <h1>"Sign up"</h1>
            <ActionForm action=action attr:class="form">
                <Select
                    name="kind"
                    label="I am a"
                    options=kinds.map(|(key, text)| (key.to_owned(), text.to_owned())).to_vec()
                    value=request.value("kind", &role)
                    error=request.problem("kind")
                />
                <Field
                    name="party_name"
                    label="Company or site"
                    autocomplete="organization"
                    value=request.value("party_name", "")
                    error=request.problem("party_name")
                />
                <Field
                    name="website"
                    label="Web site"
                    kind="url"
                    required=false
                    autocomplete="url"
                    value=request.value("website", "")
                    error=request.problem("website")
                />
                <Field
                    name="name"
                    label="Your name"
                    autocomplete="name"
                    value=request.value("name", "")
                    error=request.problem("name")
                />
                <Field
                    name="email"
                    label="E-mail"
                    kind="email"
                    autocomplete="username"
                    value=request.value("email", "")
                    error=request.problem("email")
                />
                <PasswordField
                    name="password"
                    label="Password"
                    autocomplete="new-password"
                    hint="At least 12 characters; a few unusual words are best."
                    error=request.problem("password")
                />
                <Field
                    name="time_zone"
                    label="Time zone of your reports"
                    value=request.value("time_zone", "UTC")
                    hint="As in Europe/Berlin or America/New_York. Your days begin and end by it."
                    error=request.problem("time_zone")
                />
                <Submit label="Sign up"/>
            </ActionForm>
            <p class="muted">"Already here? " <a href="/log-in">"Log in"</a></p>
        </div>
    }
}
