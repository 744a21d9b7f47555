//! The directory: every live campaign with what it pays.

use leptos::prelude::*;

use crate::app::page::{Request, open_page};
use crate::app::ui::Icon;
use crate::domain::ids::CampaignId;
use crate::domain::terms::Terms;
use crate::store::campaigns::{self, Campaign};
use crate::store::terms;

/// So many campaigns on a page: whole rows of two and of three.
const PAGE_SIZE: usize = 24;
/// Longer words to look for are cut.
const WORDS_CHARS_MAX: usize = 100;
/// So many rules stand on a card; all of them on the campaign's page.
const RULES_SHOWN: usize = 3;

#[component]
pub fn Campaigns() -> impl IntoView {
    open_page("Campaigns", async |request, _| {
        let words: String = request.query.get("q").unwrap_or_default().trim().chars().take(WORDS_CHARS_MAX).collect();
        let (found, next) = find(&request, &words).await?;
        Ok(view! {
            <div class="page-head">
                <div>
                    <h1>"Campaigns"</h1>
                    <p class="sub">"What advertisers pay for, how much, and for how long after a click."</p>
                </div>
            </div>
            <Search words=words.clone() has_found=!found.is_empty()/>
            {if found.is_empty() { view! { <Nothing words=words/> }.into_any() } else { cards(found, &words, next) }}
        }
        .into_any())
    })
}

/// A page of live campaigns, with the id after which the next page begins.
async fn find(
    request: &Request,
    words: &str,
) -> Result<(Vec<(Campaign, Terms)>, Option<CampaignId>), crate::app::error::ApiError> {
    let before = request.query.get("before").and_then(|id| id.parse().ok());
    let mut conn = request.app.store.snapshot().await?;
    let mut list = campaigns::browse(&mut conn, words, before, PAGE_SIZE as i64 + 1).await?;
    let has_more = list.len() > PAGE_SIZE;
    list.truncate(PAGE_SIZE);
    let next = list.last().filter(|_| has_more).map(|last| last.campaign_id);
    let mut found = Vec::with_capacity(list.len());
    for campaign in list {
        let terms = terms::in_force(&mut conn, campaign.campaign_id, request.now).await?;
        found.push((campaign, terms));
    }
    Ok((found, next))
}

#[component]
fn Search(words: String, has_found: bool) -> impl IntoView {
    // Where nothing is found, the empty page offers it.
    let is_searching = has_found && !words.is_empty();
    view! {
        <form class="search" method="get" action="/campaigns" role="search">
            <input type="search" name="q" value=words aria-label="Search campaigns" placeholder="Name, advertiser, category"/>
            <button class="btn" type="submit">"Search"</button>
            {is_searching.then(|| view! { <a class="btn btn-quiet" href="/campaigns">"Show all"</a> })}
        </form>
    }
}

#[component]
fn Nothing(words: String) -> impl IntoView {
    let (heading, text, href, action) = if words.is_empty() {
        (
            "No campaign is live yet".to_owned(),
            "Campaigns appear here as soon as the network has looked at them.",
            "/sign-up?as=advertiser",
            "Bring your own campaign",
        )
    } else {
        (
            format!("No campaign mentions “{words}”"),
            "Try fewer words, or look at all of them.",
            "/campaigns",
            "Show all",
        )
    };
    view! {
        <div class="empty">
            <Icon name="megaphone"/>
            <h2>{heading}</h2>
            <p>{text}</p>
            <div class="btn-row"><a class="btn" href=href>{action}</a></div>
        </div>
    }
}

fn cards(found: Vec<(Campaign, Terms)>, words: &str, next: Option<CampaignId>) -> AnyView {
    let next = next.map(|id| {
        let words = url::form_urlencoded::byte_serialize(words.as_bytes()).collect::<String>();
        view! { <p class="btn-row"><a class="btn" href=format!("/campaigns?q={words}&before={id}")>"Older campaigns"</a></p> }
    });
    let cards: Vec<_> =
        found.into_iter().map(|(campaign, terms)| view! { <Card campaign=campaign terms=terms/> }).collect();
    view! { <div class="grid-3 even">{cards}</div> {next} }.into_any()
}

#[component]
fn Card(campaign: Campaign, terms: Terms) -> impl IntoView {
    let href = format!("/campaigns/{}", campaign.campaign_id);
    view! {
        <article class="card campaign">
            <p class="muted small">{if campaign.category.is_empty() { "–".to_owned() } else { campaign.category }}</p>
            <h2><a href=href.clone()>{campaign.name}</a></h2>
            <p class="muted small">{campaign.advertiser_name}</p>
            {(!campaign.description.is_empty()).then(|| view! { <p>{campaign.description}</p> })}
            <Rates terms=terms.clone()/>
            <dl class="facts">
                <div><dt>"Cookie duration"</dt><dd>{terms.window.to_string()}</dd></div>
                <div><dt>"Validation"</dt><dd>{days(terms.validation_days)}</dd></div>
                <div><dt>"Earnings per click"</dt><dd>"new"</dd></div>
            </dl>
            <p class="btn-row"><a class="btn" href=href>"View terms"</a></p>
        </article>
    }
}

/// What the rules pay.
#[component]
fn Rates(terms: Terms) -> impl IntoView {
    let currency = terms.first_currency();
    let more = terms.rules.len().saturating_sub(RULES_SHOWN);
    // What pays for some lines of an order stands first in the terms, and tells less of the campaign.
    let (whole, lines): (Vec<_>, Vec<_>) = terms.rules.iter().partition(|rule| rule.is_for_orders());
    let sentences = whole.into_iter().chain(lines).take(RULES_SHOWN).map(|rule| rule.sentence(currency));
    let sentences = sentences.chain(terms.click.map(|click| click.sentence()));
    let rates = sentences.map(|sentence| {
        let split = sentence.find(" of ").or_else(|| sentence.find(" per ")).unwrap_or(sentence.len());
        let (rate, event) = sentence.split_at(split);
        view! { <p class="rate">{rate.to_owned()} <small>{event.to_owned()}</small></p> }
    });
    view! {
        <div class="rates">
            {rates.collect::<Vec<_>>()}
            {(more > 0).then(|| view! { <p class="muted small">{format!("and {more} more in the terms")}</p> })}
        </div>
    }
}

/// For people: `30 days`.
pub fn days(count: i64) -> String {
    match count {
        0 => "at once".to_owned(),
        1 => "1 day".to_owned(),
        _ => format!("{count} days"),
    }
}
