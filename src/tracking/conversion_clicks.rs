//! Which clicks a report names: its click ids and its cookie become candidates (domain.md sections 1 and 4).

use super::conversion::{Context, Report};
use super::link_cache::readers_of;
use crate::domain::click::{Click, ClickLabel, ClickReason, Consent, has_id};
use crate::domain::click_token::{ClickList, ClickToken};
use crate::domain::conversion_report::Refused;
use crate::domain::evidence::{Beside, Candidate, ClickSource, Unresolved};
use crate::domain::ids::ClickId;
use crate::domain::link::SubIds;
use crate::domain::reason::ReasonCode;
use crate::domain::report::ClickKey;
use crate::domain::retention::{clicks_kept_from, start_of};
use crate::domain::schedule;
use crate::domain::terms::Terms;
use crate::domain::time::Timestamp;
use crate::domain::visitor::DeviceClass;
use crate::store::campaigns::Campaign;
use crate::store::links::{LinkRoute, find_route_by_id};
use crate::store::rollups::{self, ClickDeltas};
use crate::store::{StoreError, Writer, clicks};

/// Of a click id that led to nothing so much is kept, to find it again.
const UNRESOLVED_CHARACTERS: usize = 16;

/// What the click ids of a report led to, and what it names beside them.
#[derive(Default)]
pub struct Found {
    pub clicks: Vec<Candidate>,
    pub unresolved: Vec<Unresolved>,
    /// Its coupon and its customer.
    pub beside: Beside,
    /// The first click of the report itself: an event that counts once per click takes its order id from it.
    pub first_click: Option<ClickId>,
}

/// Looks up every click id. A report of which no click id is ours and of this campaign is refused; beside one that is,
/// and in a cookie, the others are only noted: whoever makes one up, or runs two campaigns on one site, must not take an
/// order from the publisher whose click is there, too.
pub async fn resolve(
    context: &Context<'_>,
    w: &mut Writer,
    report: &Report,
    campaign: &Campaign,
    terms: &[Terms],
) -> Result<Result<Found, Refused>, StoreError> {
    let mut found = Found::default();
    let named = report.fields.click_id.as_deref().unwrap_or("");
    let made_up = named.split('.').filter(|part| !part.is_empty() && ClickToken::read(part).is_err());
    found.unresolved.extend(made_up.map(|part| unresolved(part, ReasonCode::ClickForged)));
    for token in ClickList::parse(named).tokens() {
        match check(context, w, token, campaign).await? {
            Ok(route) => {
                found.first_click = found.first_click.or(Some(token.click_id));
                let click = candidate(context, w, token, &route, terms, ClickSource::Parameter).await?;
                add(&mut found.clicks, click);
            }
            Err(reason) => found.unresolved.push(unresolved(&token.to_string(), reason)),
        }
    }
    if let (true, Some(first)) = (found.clicks.is_empty(), found.unresolved.first()) {
        return Ok(Err(Refused::new(first.reason, "click_id")));
    }
    for token in report.cookie.tokens() {
        match check(context, w, token, campaign).await? {
            Ok(route) => {
                found.first_click = found.first_click.or(Some(token.click_id));
                let click = candidate(context, w, token, &route, terms, ClickSource::Cookie).await?;
                add(&mut found.clicks, click);
            }
            Err(reason) => found.unresolved.push(unresolved(&token.to_string(), reason)),
        }
    }
    Ok(Ok(found))
}

fn unresolved(text: &str, reason: ReasonCode) -> Unresolved {
    Unresolved { text: text.chars().take(UNRESOLVED_CHARACTERS).collect(), reason }
}

/// A click that is named twice is one candidate with two sources.
fn add(clicks: &mut Vec<Candidate>, click: Candidate) {
    match clicks.iter_mut().find(|known| known.click_id == click.click_id) {
        Some(known) => known.sources.extend(click.sources),
        None => clicks.push(click),
    }
}

/// Whether a click id was made by us, and for this campaign: its link tells campaign and publisher, its code proves them.
async fn check(
    context: &Context<'_>,
    w: &mut Writer,
    token: &ClickToken,
    campaign: &Campaign,
) -> Result<Result<LinkRoute, ReasonCode>, StoreError> {
    let Some(route) = find_route_by_id(w, token.link_id).await? else {
        return Ok(Err(ReasonCode::ClickForged));
    };
    if token.check(context.secret_key, route.campaign_id, route.publisher_id).is_err() {
        return Ok(Err(ReasonCode::ClickForged));
    }
    if route.campaign_id != campaign.campaign_id {
        return Ok(Err(ReasonCode::ClickCampaignMismatch));
    }
    Ok(Ok(route))
}

async fn candidate(
    context: &Context<'_>,
    w: &mut Writer,
    token: &ClickToken,
    route: &LinkRoute,
    terms: &[Terms],
    source: ClickSource,
) -> Result<Candidate, StoreError> {
    let click = match clicks::find(w, token.click_id).await? {
        Some(click) => click,
        None => make_again(w, token, route, terms, context.environment.now()).await?,
    };
    let known = terms.iter().find(|terms| terms.version == click.terms_version);
    let window_ms = known.map(|terms| terms.window.ms()).ok_or(StoreError::NotFound)?;
    Ok(Candidate {
        click_id: click.click_id,
        publisher_id: click.publisher_id,
        link_id: click.link_id,
        creative_id: click.creative_id,
        terms_version: click.terms_version,
        window_ms,
        label: click.label.as_str().to_owned(),
        reason: click.reason.map(|reason| reason.as_str().to_owned()),
        // An id is given only where link, campaign, publisher and enrollment were active at that moment.
        was_publisher_active: click.reason != Some(ClickReason::PublisherInactive),
        was_enrolled: click.reason != Some(ClickReason::NotEnrolled),
        has_id: has_id(click.label, click.reason),
        is_recreated: click.is_recreated,
        sources: vec![source],
    })
}

/// A click that was answered as deferred and then lost, made again from its token; one past its keeping is only told.
async fn make_again(
    w: &mut Writer,
    token: &ClickToken,
    route: &LinkRoute,
    terms: &[Terms],
    now: Timestamp,
) -> Result<Click, StoreError> {
    let at = token.time();
    let terms_version = schedule::in_force(terms, at).map(|terms| terms.version).ok_or(StoreError::NotFound)?;
    let click = Click {
        click_id: token.click_id,
        campaign_id: route.campaign_id,
        publisher_id: route.publisher_id,
        link_id: route.link_id,
        creative_id: None,
        terms_version,
        label: ClickLabel::Valid,
        reason: None,
        has_gesture: None,
        sub_ids: SubIds::default(),
        landing_host: String::new(),
        landing_path: String::new(),
        referrer_host: None,
        device: DeviceClass::Other,
        browser: "other".to_owned(),
        system: "other".to_owned(),
        country: None,
        fetch_dest: None,
        visitor: None,
        consent: Consent::Unknown,
        is_deep_link_rejected: false,
        is_recreated: true,
    };
    let is_kept = at >= start_of(clicks_kept_from(now));
    if is_kept {
        if clicks::insert_batch(w, &[&click]).await? == 0 {
            // Its own commit came first after all.
            return Ok(clicks::find(w, token.click_id).await?.unwrap_or(click));
        }
        rollups::add_clicks(w, &totals(&click, route)).await?;
    }
    Ok(click)
}

/// What one click adds to the totals of its readers.
fn totals(click: &Click, route: &LinkRoute) -> ClickDeltas {
    ClickKey::of(click, &readers_of(route)).map(|key| (key, 1)).collect()
}
