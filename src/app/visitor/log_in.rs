//! Logging in.

use leptos::prelude::*;

use crate::app::api::member::LogIn;
use crate::app::page::{Request, public_page};
use crate::app::state::DemoLogin;
use crate::app::ui::{Field, Hidden, PasswordField, Submit};
use crate::domain::party::PartyKind;

#[component]
pub fn LogInPage() -> impl IntoView {
    public_page("Log in", async |request| Ok(view! { <LogInForm request=request/> }.into_any()))
}

#[component]
fn LogInForm(request: Request) -> impl IntoView {
    let action = ServerAction::<LogIn>::new();
    let logins = request.app.demo_logins.clone();
    view! {
        <div class="login-card">
            <h1>"Log in"</h1>
            <ActionForm action=action attr:class="form">
                <Field name="email" label="E-mail" kind="email" autocomplete="username" value=request.value("email", "")/>
                <PasswordField name="password" label="Password" autocomplete="current-password"/>
                <Submit label="Log in"/>
            </ActionForm>
            <p class="muted">"No account yet? " <a href="/sign-up">"Sign up"</a></p>
        </div>
        {(!logins.is_empty()).then(|| view! { <DemoLogins logins=logins.to_vec()/> })}
    }
}

/// The demo's members, for whoever tries it: one press logs in.
#[component]
fn DemoLogins(logins: Vec<DemoLogin>) -> impl IntoView {
    let password = logins.first().map(|login| login.password.clone()).unwrap_or_default();
    let rows = logins.into_iter().map(|login| view! { <OneDemoLogin login=login/> });
    view! {
        <section class="demo-logins">
            <h2>"This is a demo: enter as"</h2>
            <p>"One press logs in. Everybody's password is " <span class="mono">{password}</span></p>
            <ul>{rows.collect::<Vec<_>>()}</ul>
        </section>
    }
}

#[component]
fn OneDemoLogin(login: DemoLogin) -> impl IntoView {
    let action = ServerAction::<LogIn>::new();
    let (class, role) = match login.kind {
        PartyKind::Network => ("role-admin", "Admin"),
        PartyKind::Advertiser => ("role-advertiser", "Advertiser"),
        PartyKind::Publisher => ("role-publisher", "Publisher"),
    };
    view! {
        <li>
            <ActionForm action=action>
                <Hidden name="email" value=login.email.clone()/>
                <Hidden name="password" value=login.password/>
                <button type="submit" class=class>
                    <strong><em>{role}</em>" \u{b7} "{login.party}</strong>
                    <span>{login.name}", "{login.email}</span>
                </button>
            </ActionForm>
        </li>
    }
}
