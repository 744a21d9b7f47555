//! How a page is made: who is looking, then its data, then its frame. Pages exist on the server only.

use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use leptos::either::Either;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;
use tower_sessions::Session;

use super::error::ApiError;
use super::figures::root;
use super::forms;
use super::shell::{Frame, PublicFrame};
use super::state::App;
use crate::auth::session::{self, Flash};
use crate::domain::party::{PartyKind, Viewer};
use crate::domain::time::{Timestamp, Zone};

/// What every page gets.
#[derive(Clone)]
pub struct Request {
    pub app: App,
    pub session: Session,
    pub now: Timestamp,
    pub path: String,
    pub params: ParamsMap,
    pub query: ParamsMap,
    pub flash: Option<Flash>,
}

impl Request {
    /// Reads the request's context; call before the first `await`.
    fn begin() -> Result<(App, Parts, ParamsMap, ParamsMap), ApiError> {
        let parts = use_context::<Parts>().ok_or(ApiError::Unavailable)?;
        // The page for what does not exist has no route, and so no parameters.
        let params = use_context::<ArcMemo<ParamsMap>>().map(|params| params.get_untracked()).unwrap_or_default();
        let query = use_query_map().get_untracked();
        Ok((expect_context::<App>(), parts, params, query))
    }

    async fn finish((app, parts, params, query): (App, Parts, ParamsMap, ParamsMap)) -> Result<Self, ApiError> {
        let session = parts.extensions.get::<Session>().cloned().ok_or(ApiError::Unavailable)?;
        let flash = session::take_flash(&session).await.map_err(|_| ApiError::Unavailable)?;
        let path = parts.uri.path().to_owned();
        Ok(Self { now: app.environment.now(), app, session, path, params, query, flash })
    }

    /// A part of the path, as what it names.
    pub fn param<T: std::str::FromStr>(&self, name: &str) -> Result<T, ApiError> {
        self.params.get(name).and_then(|text| text.parse().ok()).ok_or(ApiError::NotFound)
    }

    /// What was entered before the form was refused, else `default`.
    pub fn value(&self, name: &str, default: &str) -> String {
        let kept = self.flash.as_ref().and_then(|flash| flash.values.get(name).cloned());
        kept.unwrap_or_else(|| default.to_owned())
    }

    /// The problem with a field of the refused form, or an empty text.
    pub fn problem(&self, field: &str) -> String {
        match &self.flash {
            Some(flash) if flash.is_problem() && flash.field == field => flash.message.clone(),
            _ => String::new(),
        }
    }
}

/// A page that everybody may see.
pub fn public_page<F, Answer>(title: &'static str, body: F) -> impl IntoView
where
    F: FnOnce(Request) -> Answer + Send + 'static,
    Answer: Future<Output = Result<AnyView, ApiError>> + Send + 'static,
{
    let begun = Request::begin();
    let content = Suspend::new(async move {
        let request = match begun {
            Ok(begun) => Request::finish(begun).await,
            Err(error) => Err(error),
        };
        let (flash, answer) = match request {
            Ok(request) => (request.flash.clone(), body(request).await),
            Err(error) => (None, Err(error)),
        };
        view! { <PublicFrame flash=flash>{settle(answer, "/log-in")}</PublicFrame> }
    });
    view! { <Title text=title/> {content} }
}

/// A page that everybody may see; a publisher who is logged in keeps its own frame around it.
pub fn open_page<F, Answer>(title: &'static str, body: F) -> impl IntoView
where
    F: FnOnce(Request, Option<Viewer>) -> Answer + Send + 'static,
    Answer: Future<Output = Result<AnyView, ApiError>> + Send + 'static,
{
    let begun = Request::begin();
    let content = Suspend::new(async move {
        match open_request(begun).await {
            Ok((request, viewer)) => {
                let (flash, path) = (request.flash.clone(), request.path.clone());
                let answer = settle(body(request, viewer.clone()).await, "/log-in");
                match viewer {
                    Some(viewer) => {
                        // The public page belongs to the publisher's place of the same name.
                        let path = format!("/publisher{path}");
                        view! { <Frame viewer=viewer path=path flash=flash>{answer}</Frame> }.into_any()
                    }
                    None => view! { <PublicFrame flash=flash>{answer}</PublicFrame> }.into_any(),
                }
            }
            Err(error) => view! { <PublicFrame flash=None>{settle(Err(error), "/log-in")}</PublicFrame> }.into_any(),
        }
    });
    view! { <Title text=title/> {content} }
}

async fn open_request(
    begun: Result<(App, Parts, ParamsMap, ParamsMap), ApiError>,
) -> Result<(Request, Option<Viewer>), ApiError> {
    let request = Request::finish(begun?).await?;
    match forms::viewer_of(&request.app, &request.session, PartyKind::Publisher).await {
        Ok(viewer) => Ok((request, Some(viewer))),
        Err(ApiError::Unauthenticated | ApiError::Forbidden) => Ok((request, None)),
        Err(error) => Err(error),
    }
}

/// A page of one role: log-in is asked for, and a party of this kind.
pub fn role_page<F, Answer>(kind: PartyKind, title: &'static str, body: F) -> impl IntoView
where
    F: FnOnce(Request, Viewer) -> Answer + Send + 'static,
    Answer: Future<Output = Result<AnyView, ApiError>> + Send + 'static,
{
    let begun = Request::begin();
    let content = Suspend::new(async move {
        match role_request(begun, kind).await {
            Ok((request, viewer)) => {
                let (flash, path) = (request.flash.clone(), request.path.clone());
                let answer = settle(body(request, viewer.clone()).await, "/log-in");
                Either::Left(view! { <Frame viewer=viewer path=path flash=flash>{answer}</Frame> })
            }
            Err(error) => {
                Either::Right(view! { <PublicFrame flash=None>{settle(Err(error), "/log-in")}</PublicFrame> })
            }
        }
    });
    view! { <Title text=title/> {content} }
}

/// A page of whoever is a party of its object. `body` is asked once for each role that the member has; the first that
/// may see the object shows it, in that role's frame. Nobody's and nothing's are answered alike.
pub fn party_page<F, Answer>(title: &'static str, body: F) -> impl IntoView
where
    F: Fn(Request, Viewer) -> Answer + Send + 'static,
    Answer: Future<Output = Result<AnyView, ApiError>> + Send + 'static,
{
    let begun = Request::begin();
    let content = Suspend::new(async move {
        let (viewer, flash, path, answer) = match party_answer(begun, body).await {
            Ok((request, viewer, answer)) => (Some(viewer), request.flash, request.path, answer),
            Err(error) => (None, None, String::new(), Err(error)),
        };
        let answer = settle(answer, "/log-in");
        match viewer {
            Some(viewer) => {
                let path = place_of(viewer.acting.kind(), path);
                Either::Left(view! { <Frame viewer=viewer path=path flash=flash>{answer}</Frame> })
            }
            None => Either::Right(view! { <PublicFrame flash=flash>{answer}</PublicFrame> }),
        }
    });
    view! { <Title text=title/> {content} }
}

/// The path under which the rail marks its place: a receipt belongs to the role's conversions.
fn place_of(kind: PartyKind, path: String) -> String {
    if path.starts_with("/receipts/") { format!("{}/conversions", root(kind)) } else { path }
}

type PartyAnswer = (Request, Viewer, Result<AnyView, ApiError>);

async fn party_answer<F, Answer>(
    begun: Result<(App, Parts, ParamsMap, ParamsMap), ApiError>,
    body: F,
) -> Result<PartyAnswer, ApiError>
where
    F: Fn(Request, Viewer) -> Answer,
    Answer: Future<Output = Result<AnyView, ApiError>>,
{
    let request = Request::finish(begun?).await?;
    let mut first = None;
    for kind in [PartyKind::Publisher, PartyKind::Advertiser, PartyKind::Network] {
        let viewer = match forms::viewer_of(&request.app, &request.session, kind).await {
            Ok(viewer) => viewer,
            Err(ApiError::Forbidden) => continue,
            Err(error) => return Err(error),
        };
        match body(request.clone(), viewer.clone()).await {
            Err(ApiError::NotFound) => first = first.or(Some(viewer)),
            answer => return Ok((request, viewer, answer)),
        }
    }
    let viewer = first.ok_or(ApiError::Forbidden)?;
    Ok((request, viewer, Err(ApiError::NotFound)))
}

async fn role_request(
    begun: Result<(App, Parts, ParamsMap, ParamsMap), ApiError>,
    kind: PartyKind,
) -> Result<(Request, Viewer), ApiError> {
    let request = Request::finish(begun?).await?;
    let viewer = forms::viewer_of(&request.app, &request.session, kind).await?;
    Ok((request, viewer))
}

/// The page's content, or why there is none, with the right status.
fn settle(answer: Result<AnyView, ApiError>, log_in: &str) -> AnyView {
    match answer {
        Ok(view) => view,
        Err(ApiError::Unauthenticated) => {
            redirect(log_in);
            ().into_any()
        }
        Err(error) => {
            set_status(error.status());
            view! { <Problem error=error/> }.into_any()
        }
    }
}

/// Leads to another page, whatever kind of answer was asked for.
pub fn redirect(path: &str) {
    set_status(302);
    if let (Some(response), Ok(path)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(path)) {
        response.insert_header(header::LOCATION, path);
    }
}

pub fn set_status(status: u16) {
    if let (Some(response), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(status)) {
        response.set_status(status);
    }
}

/// What failed, and what to do now.
#[component]
fn Problem(error: ApiError) -> impl IntoView {
    let heading = match error {
        ApiError::NotFound => "Nothing is here",
        ApiError::Forbidden => "This is not yours to see",
        ApiError::Conflict => "It changed in the meantime",
        ApiError::Unavailable => "The network is busy",
        ApiError::Unauthenticated | ApiError::Reauth | ApiError::Invalid { .. } => "This cannot be done",
    };
    // The heading has said it already; what a stranger asks for and what is not there are told alike.
    let text = match error {
        ApiError::NotFound => "The address is mistyped, or what it names is gone or somebody else's.".to_owned(),
        error => error.to_string(),
    };
    view! {
        <div class="empty">
            <h1>{heading}</h1>
            <p>{text}</p>
            <p><a class="btn" href="/">"To the start page"</a></p>
        </div>
    }
}

/// The party's zone; what is stored was checked when it was chosen.
pub fn zone_of(viewer: &Viewer) -> Zone {
    Zone::parse(&viewer.time_zone).unwrap_or(Zone::UTC)
}
