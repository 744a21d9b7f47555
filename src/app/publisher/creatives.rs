//! What a publisher can place of its campaigns' creatives, with the code for it.

use leptos::prelude::*;

use crate::app::advertiser::Preview;
use crate::app::figures::{LANDED_HEAD, Landed};
use crate::app::forms;
use crate::app::islands::CopyText;
use crate::app::page::{Request, role_page};
use crate::app::publisher::link_making::SUB_NAMES;
use crate::app::ui::Icon;
use crate::domain::creative::{Placement, Size};
use crate::domain::enrollment::EnrollmentState;
use crate::domain::ids::{CampaignId, PublisherId};
use crate::domain::link::SubIds;
use crate::domain::party::PartyKind;
use crate::domain::report::Dimension;
use crate::store::creatives::{self, Creative};
use crate::store::enrollments::{self, Enrollment};

const CAMPAIGNS_MAX: i64 = 500;
const SHOWN_MAX: i64 = 200;

#[component]
pub fn CreativesPage() -> impl IntoView {
    role_page(PartyKind::Publisher, "Creatives", async |request, viewer| {
        let publisher = forms::publisher_of(&viewer)?;
        let mut conn = request.app.store.snapshot_counted().await?;
        let all = enrollments::list_of_publisher(&mut conn, publisher, CAMPAIGNS_MAX).await?;
        let joined: Vec<Enrollment> = all
            .into_iter()
            .filter(|enrollment| {
                enrollment.state == EnrollmentState::Approved && enrollment.campaign_state.takes_clicks()
            })
            .collect();
        let asked = request.query.get("campaign").and_then(|id| id.parse::<CampaignId>().ok());
        let chosen = joined.iter().find(|one| Some(one.campaign_id) == asked).or_else(|| joined.first());
        let list = match chosen {
            Some(one) => creatives::list_of_publisher(&mut conn, publisher, one.campaign_id, SHOWN_MAX).await?,
            None => Vec::new(),
        };
        let landed = Landed::load(&mut conn, &viewer, Dimension::Creative, request.now).await?;
        drop(conn);
        let is_empty = list.is_empty();
        let body = match chosen {
            None => view! { <JoinFirst/> }.into_any(),
            Some(_) if is_empty => view! { <Nothing/> }.into_any(),
            Some(_) => cards(&request, publisher, list, &landed),
        };
        let campaign = chosen.map(|one| one.campaign_id);
        Ok(view! {
            <div class="page-head"><h1>"Creatives"</h1></div>
            {campaign.map(|campaign| chooser(&request, &joined, campaign))}
            {body}
        }
        .into_any())
    })
}

/// Campaign and sub ids, as a form whose answer is an address.
fn chooser(request: &Request, joined: &[Enrollment], chosen: CampaignId) -> AnyView {
    let options: Vec<_> = joined
        .iter()
        .map(|one| {
            let (id, name) = (one.campaign_id, one.campaign_name.clone());
            view! { <option value=id.to_string() selected={id == chosen}>{name}</option> }
        })
        .collect();
    let fields = SUB_NAMES.into_iter().zip(1..).map(|(name, number)| {
        let value = request.query.get(name).unwrap_or_default();
        view! { <label>{format!("Sub id {number}")}<input name=name value=value maxlength="255"/></label> }
    });
    view! {
        <form class="range-bar" method="get" action="/publisher/creatives">
            <label>"Campaign"<select name="campaign">{options}</select></label>
            <details class="range-more">
                <summary>"Sub ids"</summary>
                <div>{fields.collect::<Vec<_>>()}</div>
            </details>
            <button class="btn" type="submit">"Show"</button>
        </form>
    }
    .into_any()
}

/// The sub ids of the address; one that is too long is left out, as a click would leave it out.
fn sub_ids_of(request: &Request) -> SubIds {
    let values = SUB_NAMES.map(|name| (name, request.query.get(name).unwrap_or_default()));
    SubIds::from_pairs(values.iter().map(|(name, value)| (*name, value.as_str()))).0
}

fn cards(request: &Request, publisher_id: PublisherId, list: Vec<Creative>, landed: &Landed) -> AnyView {
    let (origin, sub_ids) = (request.app.tracking_url.origin(), sub_ids_of(request));
    let cards = list.into_iter().map(|creative| {
        let placement = Placement {
            origin: &origin,
            campaign_id: creative.campaign_id,
            publisher_id,
            creative_id: creative.creative_id,
            words: &creative.content,
            size: creative.size(),
            sub_ids: &sub_ids,
        };
        let codes = [("HTML", placement.html()), ("Markdown", placement.markdown()), ("Link", placement.link())];
        view! { <Card codes=codes.to_vec() landed=landed.of(creative.creative_id.0) creative=creative/> }
    });
    view! {
        <p class="hint">"The code carries your publisher id, so every click on it counts for you. \
            If the advertiser pauses a banner, nothing is shown in its place; its link keeps counting."</p>
        {cards.collect::<Vec<_>>()}
    }
    .into_any()
}

#[component]
fn Card(creative: Creative, codes: Vec<(&'static str, String)>, landed: String) -> impl IntoView {
    let about = creative.size().map_or_else(|| creative.kind.word().to_owned(), |(w, h)| Size(w, h).to_string());
    let name = creative.name.clone();
    let codes = codes.into_iter().map(|(word, value)| {
        let label = format!("{word} of {name}");
        view! { <div class="field"><span class="label">{word}</span><CopyText label=label value=value/></div> }
    });
    view! {
        <section class="card stack">
            <div><h2>{creative.name.clone()}</h2><p class="sub">{format!("{about}. {LANDED_HEAD}: {landed}")}</p></div>
            <div class="preview"><Preview creative=creative.clone()/></div>
            {codes.collect::<Vec<_>>()}
        </section>
    }
}

#[component]
fn JoinFirst() -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name="megaphone"/>
            <h2>"Join a campaign first"</h2>
            <p>"Here are the banners and text links of the campaigns that you are in, with the code for your pages."</p>
            <div class="btn-row"><a class="btn" href="/campaigns">"Browse campaigns"</a></div>
        </div>
    }
}

#[component]
fn Nothing() -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name="megaphone"/>
            <h2>"This campaign has no creatives"</h2>
            <p>"Its advertiser has added none. Your own words and a link of yours count just the same."</p>
            <div class="btn-row"><a class="btn" href="/publisher/links">"Your links"</a></div>
        </div>
    }
}
