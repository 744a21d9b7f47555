//! What server functions do at their edges: who is calling, refusing with the entered values kept, going on.

use leptos::prelude::expect_context;
use tower_sessions::Session;

use super::conversions::HANDED_OVER;
use super::error::ApiError;
use super::state::App;
use crate::auth::address::ClientAddress;
use crate::auth::members::{self, LogInRefused};
use crate::auth::session::{self, Flash};
use crate::domain::conversion::ConversionState;
use crate::domain::ids::{MemberId, NotAnId, PublisherId};
use crate::domain::party::{Acting, PartyKind, PartyState, Viewer};
use crate::domain::review::StepRefused;
use crate::settlement::payout::PayoutRefused;
use crate::settlement::refund::RefundRefused;
use crate::settlement::review::ReviewRefused;
use crate::store::StoreError;

/// What was on the page is not what is stored any more.
pub const CHANGED_MEANWHILE: &str = "It was changed in the meantime: look at it and save again.";

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::Conflict => Self::Conflict,
            other => {
                tracing::error!(error = %other, "store");
                Self::Unavailable
            }
        }
    }
}

impl From<NotAnId> for ApiError {
    /// What is no id names nothing.
    fn from(_: NotAnId) -> Self {
        Self::NotFound
    }
}

/// The application, as given to this request.
pub fn app() -> App {
    expect_context::<App>()
}

/// The request's session.
pub async fn session() -> Result<Session, ApiError> {
    leptos_axum::extract::<Session>().await.map_err(|_| ApiError::Unavailable)
}

/// Who is calling, acting for a party of this kind.
///
/// # Errors
/// `Unauthenticated` without a session; `Forbidden` for a member without such a party.
pub async fn viewer(kind: PartyKind) -> Result<Viewer, ApiError> {
    let app = app();
    let session = session().await?;
    viewer_of(&app, &session, kind).await
}

pub async fn viewer_of(app: &App, session: &Session, kind: PartyKind) -> Result<Viewer, ApiError> {
    let now = app.environment.now();
    let member = session::member_of(session, now).await.map_err(|_| ApiError::Unavailable)?;
    let member = member.ok_or(ApiError::Unauthenticated)?;
    let mut conn = app.store.read().await?;
    members::viewer(&mut conn, member, kind).await?.ok_or(ApiError::Forbidden)
}

/// As [`viewer`], for what only an admitted party may do.
pub async fn admitted(kind: PartyKind) -> Result<Viewer, ApiError> {
    let viewer = viewer(kind).await?;
    if viewer.is_admitted() { Ok(viewer) } else { Err(ApiError::Forbidden) }
}

/// Who is calling, for whichever of their parties: what concerns the member alone.
pub async fn anybody() -> Result<Viewer, ApiError> {
    let (app, session) = (app(), session().await?);
    for kind in [PartyKind::Publisher, PartyKind::Advertiser, PartyKind::Network] {
        match viewer_of(&app, &session, kind).await {
            Err(ApiError::Forbidden) => {}
            answer => return answer,
        }
    }
    Err(ApiError::Forbidden)
}

/// What a stolen cookie alone must not do: the password was entered in the last five minutes, or a form without scripts
/// is led to where it is asked for, and from there back to `page`.
///
/// # Errors
/// `Reauth`: too long ago.
pub async fn stepped_up(page: &str) -> Result<(), ApiError> {
    let now = app().environment.now();
    let is_lately = session::is_stepped_up(&session().await?, now).await.map_err(|_| ApiError::Unavailable)?;
    if is_lately {
        return Ok(());
    }
    leptos_axum::redirect(&confirm_page(page));
    Err(ApiError::Reauth)
}

/// Where the password is asked for, and then leads to `page`, a path of our own.
pub fn confirm_page(page: &str) -> String {
    format!("/confirm?to={}", own_path(page))
}

/// The path that `text` is, if it is a member's page for certain; else the start page. Other paths of ours lead on to
/// wherever somebody wants them to, tracking links above all.
pub fn own_path(text: &str) -> &str {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_".contains(&byte));
    let role = text.strip_prefix('/').and_then(|path| path.split('/').next());
    if is_plain && role.is_some_and(|role| ["admin", "advertiser", "publisher"].contains(&role)) { text } else { "/" }
}

/// Who is calling for which publisher, in whatever state: see [`waits_for`].
pub async fn publisher() -> Result<(Viewer, PublisherId), ApiError> {
    let viewer = viewer(PartyKind::Publisher).await?;
    let publisher = publisher_of(&viewer)?;
    Ok((viewer, publisher))
}

/// The publisher for whom the viewer acts: the scope of all that it may see.
pub fn publisher_of(viewer: &Viewer) -> Result<PublisherId, ApiError> {
    match viewer.acting {
        Acting::Publisher(publisher) => Ok(publisher),
        Acting::Advertiser(_) | Acting::Admin => Err(ApiError::Forbidden),
    }
}

/// Why a publisher cannot join campaigns or make links for now; nothing for an admitted one.
pub const fn waits_for(viewer: &Viewer) -> Option<&'static str> {
    match viewer.party_state {
        PartyState::Admitted => None,
        PartyState::Applied => Some(
            "The network still looks at your application. Once it has admitted you, you can join campaigns and make links.",
        ),
        PartyState::Declined => Some("The network declined your application: you cannot join campaigns or make links."),
        PartyState::Suspended => Some("The network has suspended you: you cannot join campaigns or make links."),
    }
}

/// A form that may be refused: its page, and the values to fill in again. Never put a secret in here.
pub struct Form {
    page: String,
    values: Vec<(&'static str, String)>,
}

impl Form {
    pub fn new(page: impl Into<String>, values: &[(&'static str, &str)]) -> Self {
        Self::of(page, values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
    }

    pub fn of(page: impl Into<String>, values: Vec<(&'static str, String)>) -> Self {
        Self { page: page.into(), values }
    }

    /// Back to the form's page, or a place of it, with what was entered: a button was pressed that saves nothing.
    pub async fn keep(self, place: Option<&str>, message: &str) -> Result<(), ApiError> {
        let values = self.values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let flash = Flash { values, ..Flash::ok(message) };
        session::put_flash(&session().await?, flash).await.map_err(|_| ApiError::Unavailable)?;
        let place = place.map(|place| format!("#{place}")).unwrap_or_default();
        leptos_axum::redirect(&format!("{}{place}", self.page));
        Ok(())
    }

    /// Back to the form's page, which shows `message` under `field` (or on top, where that is empty).
    pub async fn refuse<T>(self, field: &str, message: impl Into<String>) -> Result<T, ApiError> {
        let message = message.into();
        let flash = Flash::problem(field, &message, self.values);
        session::put_flash(&session().await?, flash).await.map_err(|_| ApiError::Unavailable)?;
        leptos_axum::redirect(&self.page);
        Err(ApiError::invalid(field, message))
    }
}

/// On to `page`, which shows `message` on top.
pub async fn go_with(page: &str, message: &str) -> Result<(), ApiError> {
    session::put_flash(&session().await?, Flash::ok(message)).await.map_err(|_| ApiError::Unavailable)?;
    leptos_axum::redirect(page);
    Ok(())
}

/// As [`go_with`], and hands the page a value, once. Never a secret: it is stored until the page is read.
pub async fn go_with_value(page: &str, message: &str, name: &str, value: &str) -> Result<(), ApiError> {
    let mut flash = Flash::ok(message);
    flash.values.insert(name.to_owned(), value.to_owned());
    session::put_flash(&session().await?, flash).await.map_err(|_| ApiError::Unavailable)?;
    leptos_axum::redirect(page);
    Ok(())
}

/// Who reviews conversions, acting for a party of this kind, and the list to go back to, with its filter.
pub async fn reviewer(kind: &str, filter: &str) -> Result<(Viewer, String), ApiError> {
    let (kind, place) = match kind.parse() {
        Ok(kind @ PartyKind::Advertiser) => (kind, "/advertiser/conversions"),
        Ok(kind @ PartyKind::Network) => (kind, "/admin/conversions"),
        _ => return Err(ApiError::NotFound),
    };
    let viewer = admitted(kind).await?;
    let page = match filter.parse::<ConversionState>() {
        Ok(state) => format!("{place}?state={state}"),
        Err(_) if filter == HANDED_OVER => format!("{place}?state={HANDED_OVER}"),
        Err(_) => place.to_owned(),
    };
    Ok((viewer, page))
}

/// What a refused review says to the person, or the error that it is.
pub fn review_problem(refused: ReviewRefused) -> Result<String, ApiError> {
    match refused {
        ReviewRefused::Store(error) => Err(error.into()),
        ReviewRefused::Step(step) => Ok(format!("Nothing was changed: {step}.")),
        changed @ ReviewRefused::Changed(_) => Ok(format!("Nothing was decided: {changed}. Look again.")),
    }
}

/// Under which field a refused refund says what to the person, or the error that it is.
pub fn refund_problem(refused: RefundRefused) -> Result<(&'static str, String), ApiError> {
    match refused {
        RefundRefused::Store(error) => Err(error.into()),
        changed @ RefundRefused::Changed(_) => Ok(("", format!("Nothing was taken back: {changed}. Look again."))),
        RefundRefused::OtherContent(_) => {
            Ok(("", "Nothing was taken back: another refund came in since you looked. Look again.".to_owned()))
        }
        RefundRefused::Step(StepRefused::NoteMissing) => Ok(("refund_note", sentence(&refused.to_string()))),
        RefundRefused::Beyond(_) => Ok(("amount", sentence(&refused.to_string()))),
        other => Ok(("", format!("Nothing was taken back: {other}."))),
    }
}

/// What a refused step of a payout says to the person, or the error that it is.
pub fn payout_problem(refused: PayoutRefused) -> Result<String, ApiError> {
    match refused {
        PayoutRefused::Store(error) => Err(error.into()),
        other => Ok(format!("Nothing was changed: {other}.")),
    }
}

/// Where the request comes from.
pub async fn client_address() -> Result<ClientAddress, ApiError> {
    let found = leptos_axum::extract::<axum::Extension<ClientAddress>>().await;
    found.map(|found| found.0).map_err(|_| ApiError::Unavailable)
}

/// What is wrong with the viewer's password, which was asked for once more; nothing where it is right.
///
/// # Errors
/// The database is away.
pub async fn password_problem(viewer: &Viewer, password: &str) -> Result<Option<String>, ApiError> {
    let app = app();
    let ClientAddress(address) = client_address().await?;
    let (store, environment) = (&app.store, &app.environment);
    match members::confirm(store, environment, &app.passwords, &app.throttle, viewer, password, address).await {
        Ok(()) => Ok(None),
        Err(LogInRefused::Wrong) => Ok(Some("The password is wrong.".to_owned())),
        Err(LogInRefused::Store(error)) => Err(error.into()),
        Err(refused) => Ok(Some(sentence(&refused.to_string()))),
    }
}

/// The overview of the member's first party.
pub async fn home_of(app: &App, member: MemberId) -> Result<String, ApiError> {
    let parties = members::parties_of(&mut app.store.read().await?, member).await?;
    Ok(match parties.first().map(|membership| membership.kind) {
        Some(PartyKind::Network) => "/admin".to_owned(),
        Some(kind) => format!("/{kind}"),
        None => "/".to_owned(),
    })
}

/// On to `page`.
pub fn go(page: &str) -> Result<(), ApiError> {
    leptos_axum::redirect(page);
    Ok(())
}

/// An error's text as a sentence of its own: `not an id` becomes `Not an id.`
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_path_of_our_own_is_gone_back_to() {
        for path in [
            "/",
            "/admin",
            "/publisher/payouts",
            "/admin/payouts/0123456789abc",
            "/advertiser/campaigns/0123456789abc/integration",
        ] {
            assert_eq!(own_path(path), path);
        }
        for path in [
            "",
            "admin",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a?to=//b",
            "/%2f",
            "/a b",
            "/\r\nX: y",
            "/c/GardenLett",
            "/c",
            "/log-in",
            "/administrator",
            "/advertiser/../c/GardenLett",
            "/advertiser%2f",
        ] {
            assert_eq!(own_path(path), "/", "{path:?}");
        }
    }
}
