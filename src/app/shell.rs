//! The frames of all pages: the document, the public frame, and the frame of a role.

use leptos::prelude::*;
use leptos_meta::MetaTags;

use super::api::member::LogOut;
use super::figures::root;
use super::routes::Pages;
use super::ui::{AssetBase, Icon};
use crate::auth::session::Flash;
use crate::domain::party::{PartyKind, Viewer};

/// The document. Its one script starts the islands; there is no inline script and no inline style.
pub fn document(base: &str) -> impl IntoView + use<> {
    if let Some(shared) = Owner::current_shared_context() {
        shared.set_is_hydrating(false);
    }
    provide_context(AssetBase(base.into()));
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <link rel="icon" type="image/svg+xml" href=format!("{base}/favicon.svg")/>
                <link rel="stylesheet" href=format!("{base}/tallystick.css")/>
                <script type="module" src=format!("{base}/boot.js")></script>
                <MetaTags/>
            </head>
            <body>
                <a class="skip-link" href="#content">"Skip to content"</a>
                <Pages/>
            </body>
        </html>
    }
}

/// What the last action had to say, on top of the page.
#[component]
fn FlashNote(flash: Option<Flash>) -> impl IntoView {
    flash.filter(|flash| !flash.message.is_empty()).map(|flash| {
        let (class, role) =
            if flash.is_problem() { ("flash flash-problem", "alert") } else { ("flash flash-ok", "status") };
        view! { <div class=class role=role><span>{flash.message}</span></div> }
    })
}

/// The frame of the pages that everybody may see.
#[component]
pub fn PublicFrame(flash: Option<Flash>, children: Children) -> impl IntoView {
    view! {
        <div class="public-shell">
            <header class="public-head">
                <a class="rail-brand" href="/"><Mark/><span>"Tallystick"</span></a>
                <nav aria-label="Main">
                    <a href="/campaigns">"Campaigns"</a>
                    <a href="/log-in">"Log in"</a>
                    <a class="btn wide-only" href="/sign-up">"Sign up"</a>
                </nav>
            </header>
            <main class="content" id="content" tabindex="-1">
                <FlashNote flash=flash/>
                {children()}
            </main>
            <footer class="foot">
                <p>"Tallystick: every conversion has a receipt."</p>
                <nav aria-label="Foot"><a href="/reasons">"Reason codes"</a></nav>
            </footer>
        </div>
    }
}

/// The mark: a tally stick, split in two. Drawn inline, so that it takes the role's colour.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
            <g transform="rotate(-30 16 16)">
                <path d="M3 7.5h5V11h3V7.5h3.5V11h3V7.5H21V11h3V7.5h5V15H3z"></path>
                <path d="M3 17h26v7.5h-5V21h-3v3.5h-3.5V21h-3v3.5H11V21H8v3.5H3z"></path>
            </g>
        </svg>
    }
}

/// A page's place in the rail: path, icon, word.
type Place = (&'static str, &'static str, &'static str);

const fn places(kind: PartyKind) -> &'static [Place] {
    match kind {
        PartyKind::Publisher => &[
            ("/publisher", "home", "Overview"),
            ("/publisher/campaigns", "megaphone", "Campaigns"),
            ("/publisher/links", "link", "Links"),
            ("/publisher/conversions", "receipt", "Conversions"),
            ("/publisher/payouts", "wallet", "Payouts"),
            ("/publisher/creatives", "megaphone", "Creatives"),
            ("/publisher/coupons", "receipt", "Coupons"),
            ("/publisher/reports", "bar-chart", "Reports"),
            ("/publisher/notices", "book-open", "Notices"),
        ],
        PartyKind::Advertiser => &[
            ("/advertiser", "home", "Overview"),
            ("/advertiser/campaigns", "megaphone", "Campaigns"),
            ("/advertiser/conversions", "receipt", "Conversions"),
            ("/advertiser/balance", "wallet", "Balance"),
            ("/advertiser/publishers", "users", "Publishers"),
            ("/advertiser/reports", "bar-chart", "Reports"),
            ("/advertiser/notices", "book-open", "Notices"),
        ],
        PartyKind::Network => &[
            ("/admin", "home", "Overview"),
            ("/admin/parties", "users", "Parties"),
            ("/admin/campaigns", "megaphone", "Campaigns"),
            ("/admin/conversions", "receipt", "Conversions"),
            ("/admin/requests", "plug", "Requests"),
            ("/admin/payouts", "wallet", "Payouts"),
            ("/admin/deposits", "plug", "Deposits"),
            ("/admin/ledger", "scale", "Ledger"),
            ("/admin/reports", "bar-chart", "Reports"),
            ("/admin/notices", "book-open", "Notices"),
        ],
    }
}

/// As many places as a phone's tab bar shows beside "More".
const PLACES_SHOWN: usize = 4;

/// The frame of a role: the rail with its places, who is acting, the way out.
#[component]
pub fn Frame(viewer: Viewer, path: String, flash: Option<Flash>, children: Children) -> impl IntoView {
    let kind = viewer.acting.kind();
    let role = if kind == PartyKind::Network { "admin" } else { kind.as_str() };
    let places = places(kind);
    let (shown, more) = places.split_at(places.len().min(PLACES_SHOWN));
    view! {
        <div class=format!("shell role-{role}")>
            <nav class="rail" aria-label="Main">
                <a class="rail-brand" href="/"><Mark/><span>"Tallystick"</span></a>
                <ul class="rail-links">
                    {place_links(shown, &path)}
                    {(!more.is_empty()).then(|| view! {
                        <li class="rail-more">
                            <details>
                                <summary><Icon name="settings"/><span>"More"</span></summary>
                                <ul>{place_links(more, &path)}</ul>
                            </details>
                        </li>
                    })}
                </ul>
                <div class="rail-foot">
                    <span class="role-tag">{role}</span>
                    <span>{viewer.party_name.clone()}</span>
                    <LogOutForm/>
                </div>
            </nav>
            <header class="topbar">
                <form role="search" aria-label="Find my order" method="get" action=format!("{}/find", root(kind))>
                    <Icon name="search"/>
                    <input type="search" name="q" aria-label="Find my order" placeholder="Order, click or receipt id"/>
                </form>
            </header>
            <main class="content" id="content" tabindex="-1">
                <FlashNote flash=flash/>
                {children()}
            </main>
        </div>
    }
}

fn place_links(places: &'static [Place], path: &str) -> impl IntoView + use<> {
    let links = places.iter().map(|(href, icon, word)| {
        let is_root = href.matches('/').count() == 1;
        let is_here = path == *href || (!is_root && path.starts_with(&format!("{href}/")));
        view! {
            <li><a href=*href aria-current=is_here.then_some("page")><Icon name=icon/><span>{*word}</span></a></li>
        }
    });
    links.collect::<Vec<_>>()
}

#[component]
fn LogOutForm() -> impl IntoView {
    let action = ServerAction::<LogOut>::new();
    view! {
        <ActionForm action=action>
            <button type="submit"><Icon name="log-out"/><span>"Log out"</span></button>
        </ActionForm>
    }
}
