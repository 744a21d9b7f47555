//! Signing up, logging in and out.

use leptos::prelude::*;

use crate::app::error::ApiError;

/// Makes a member, its party and the membership, and logs it in.
#[server(endpoint = "sign_up")]
pub async fn sign_up(
    kind: String,
    party_name: String,
    website: String,
    name: String,
    email: String,
    password: String,
    time_zone: String,
) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form, sentence};
    use crate::auth::address::ClientAddress;
    use crate::auth::members::{SignUp, SignUpRefused, sign_up};
    use crate::auth::password::NewPassword;
    use crate::auth::session::{self, Lifetime};
    use crate::domain::party::{Email, Name, PartyKind, Website};
    use crate::domain::time::Zone;

    let page = if kind == "advertiser" { "/sign-up?as=advertiser" } else { "/sign-up" };
    let form = Form::new(
        page,
        &[
            ("kind", &kind),
            ("party_name", &party_name),
            ("website", &website),
            ("name", &name),
            ("email", &email),
            ("time_zone", &time_zone),
        ],
    );
    let app = forms::app();
    let kind = match kind.parse() {
        Ok(kind @ (PartyKind::Publisher | PartyKind::Advertiser)) => kind,
        _ => return form.refuse("kind", "Choose publisher or advertiser.").await,
    };
    let Ok(party_name) = Name::parse(&party_name) else {
        return form.refuse("party_name", "The name needs 1 to 80 characters.").await;
    };
    let Ok(website) = Website::parse(&website) else {
        return form.refuse("website", "Enter an address such as https://example.org, or leave it empty.").await;
    };
    let Ok(name) = Name::parse(&name) else {
        return form.refuse("name", "Your name needs 1 to 80 characters.").await;
    };
    let Ok(email) = Email::parse(&email) else {
        return form.refuse("email", "This is not an e-mail address.").await;
    };
    let Ok(zone) = Zone::parse(&time_zone) else {
        return form.refuse("time_zone", "Choose a time zone such as Europe/Berlin.").await;
    };
    let password = match NewPassword::parse(&password, &[email.as_str(), name.as_str(), party_name.as_str()]) {
        Ok(password) => password,
        Err(refused) => return form.refuse("password", sentence(&refused.to_string())).await,
    };
    let request = SignUp { email, name, password, kind, party_name, website, time_zone: zone };
    let ClientAddress(address) = forms::client_address().await?;
    let (store, environment) = (&app.store, &app.environment);
    match sign_up(store, environment, &app.passwords, &app.throttle, request, app.admission, address).await {
        Ok(member) => {
            let session = forms::session().await?;
            let begun = session::log_in(&session, member, Lifetime::Member, app.environment.now()).await;
            begun.map_err(|_| ApiError::Unavailable)?;
            forms::go(&format!("/{kind}"))
        }
        Err(refused @ SignUpRefused::EmailTaken) => form.refuse("email", sentence(&refused.to_string())).await,
        Err(refused) => form.refuse("", sentence(&refused.to_string())).await,
    }
}

/// Logs a member in and leads it to its first party's overview.
#[server(endpoint = "log_in")]
pub async fn log_in(email: String, password: String) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form, sentence};
    use crate::auth::address::ClientAddress;
    use crate::auth::{members, session};

    let app = forms::app();
    let form = Form::new("/log-in", &[("email", &email)]);
    let ClientAddress(address) = forms::client_address().await?;
    let attempt =
        members::log_in(&app.store, &app.environment, &app.passwords, &app.throttle, &email, &password, address);
    match attempt.await {
        Ok(known) => {
            let (session, now) = (forms::session().await?, app.environment.now());
            let begun = session::log_in(&session, known.member_id, known.lifetime, now).await;
            begun.map_err(|_| ApiError::Unavailable)?;
            forms::go(&forms::home_of(&app, known.member_id).await?)
        }
        Err(refused) => form.refuse("", sentence(&refused.to_string())).await,
    }
}

/// Ends the session for good.
#[server(endpoint = "log_out")]
pub async fn log_out() -> Result<(), ApiError> {
    use crate::app::forms;
    use crate::auth::session;

    session::log_out(&forms::session().await?).await.map_err(|_| ApiError::Unavailable)?;
    forms::go("/log-in")
}
