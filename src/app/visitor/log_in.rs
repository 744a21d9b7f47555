//! Logging in.

use leptos::prelude::*;

use crate::app::api::member::LogIn;
use crate::app::page::{Request, public_page};
use crate::app::ui::{Field, Hidden, PasswordField, Submit};

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
            {(!logins.is_empty()).then(|| view! { <DemoLogins logins=logins.to_vec()/> })}
        </div>
    }
}

/// The demo's members, for whoever tries it: one press logs in.
#[component]
fn DemoLogins(logins: Vec<(String, String)>) -> impl IntoView {
    let rows = logins.into_iter().map(|(email, password)| view! { <DemoLogin email=email password=password/> });
    view! {
        <section class="demo-logins">
            <h2>"Log-ins of this demo"</h2>
            <ul>{rows.collect::<Vec<_>>()}</ul>
        </section>
    }
}

#[component]
fn DemoLogin(email: String, password: String) -> impl IntoView {
    let action = ServerAction::<LogIn>::new();
    let role = ["admin", "advertiser"].into_iter().find(|role| email.starts_with(role)).unwrap_or("publisher");
    view! {
        <li>
            <ActionForm action=action>
                <Hidden name="email" value=email.clone()/>
                <Hidden name="password" value=password.clone()/>
                <button type="submit" class=format!("role-{role}")>
                    <strong>{email}</strong> <span>"Password: " {password}</span>
                </button>
            </ActionForm>
        </li>
    }
}
