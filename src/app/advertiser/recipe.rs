//! The recipe of one platform: what to put where, one step after the other, and how to see that it works.

use leptos::prelude::*;

use super::recipe_book::{self, RECIPES, Recipe, Step};
use super::steps::{advertiser_of, integration_page_of, page_of, recipe_page_of, requests_page_of};
use crate::app::error::ApiError;
use crate::app::islands::CopyCode;
use crate::app::page::role_page;
use crate::domain::ids::CampaignId;
use crate::domain::party::PartyKind;
use crate::domain::site::BaseUrl;
use crate::domain::terms::Terms;
use crate::store::campaigns::{self, Campaign};
use crate::store::terms;

#[component]
pub fn RecipePage() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Recipe", async |request, viewer| {
        let id: CampaignId = request.param("id")?;
        let advertiser = advertiser_of(&viewer)?;
        let mut conn = request.app.store.snapshot().await?;
        let campaign = campaigns::get_of_advertiser(&mut conn, advertiser, id).await?;
        let recipe = recipe_book::find(&request.param::<String>("platform")?).ok_or(ApiError::NotFound)?;
        let terms = terms::in_force(&mut conn, id, request.now).await?;
        let base = &request.app.tracking_url;
        let steps: Vec<_> = recipe.steps.iter().map(|step| steps_of(step, base, &campaign, &terms)).collect();
        Ok(view! {
            <Head recipe=recipe campaign=campaign.clone()/>
            <ol class="steps recipe">{steps}</ol>
            <section class="section">
                <h2>"See that it works"</h2>
                <p>
                    "Follow a link of a publisher to your site, order something, and open "
                    <a href=requests_page_of(id)>"the campaign's requests"</a>
                    ": each report stands there with its answer. Without an order of your own, "
                    <a href=format!("{}#send-a-test", integration_page_of(id))>"send a test order"</a>"."
                </p>
                <p class="hint">
                    "The secret of the signatures and the keys are on the "<a href=integration_page_of(id)>"integration page"</a>
                    ". Two campaigns that lead to one site need landing parameters of different names. After a change of the \
                    cookie duration or the landing parameter take the texts from here again."
                </p>
            </section>
        }
        .into_any())
    })
}

#[component]
fn Head(recipe: &'static Recipe, campaign: Campaign) -> impl IntoView {
    let id = campaign.campaign_id;
    view! {
        <nav class="breadcrumb" aria-label="Breadcrumb">
            <ol>
                <li><a href="/advertiser/campaigns">"Campaigns"</a></li>
                <li><a href=page_of(id)>{campaign.name.clone()}</a></li>
                <li><a href=integration_page_of(id)>"Integration"</a></li>
                <li aria-current="page">{recipe.name}</li>
            </ol>
        </nav>
        <div class="page-head">
            <div>
                <h1>{recipe.name}</h1>
                <p class="sub">"How " {campaign.name} " reports its conversions."</p>
            </div>
        </div>
        <p class="lead">{recipe.sentence}</p>
    }
}

fn steps_of(step: &'static Step, base: &BaseUrl, campaign: &Campaign, terms: &Terms) -> AnyView {
    let blocks: Vec<_> = step
        .blocks
        .iter()
        .map(|block| {
            let code = block.filled(base, campaign.campaign_id, &campaign.landing_parameter, terms);
            view! { <Code name=block.name code=code/> }
        })
        .collect();
    view! { <li><h2>{step.title}</h2><p>{step.text}</p>{blocks}</li> }.into_any()
}

/// A text to copy under its name; it scrolls in itself where it is wider or longer than its place.
#[component]
pub fn Code(name: &'static str, code: String) -> impl IntoView {
    view! {
        <div>
            <CopyCode label=name.to_owned()>
                <pre class="code" tabindex="0" aria-label=name><code>{code}</code></pre>
            </CopyCode>
        </div>
    }
}

/// The platforms, each leading to its recipe.
#[component]
pub fn Platforms(campaign_id: CampaignId) -> impl IntoView {
    let rows: Vec<_> = RECIPES
        .iter()
        .map(|recipe| {
            let href = recipe_page_of(campaign_id, recipe.slug);
            view! { <div><dt><a href=href>{recipe.name}</a></dt><dd>{recipe.sentence}</dd></div> }
        })
        .collect();
    view! {
        <section class="section">
            <h2>"Recipes"</h2>
            <p>"Complete, with this campaign in them, step by step. For anything else, the samples below run as they are."</p>
            <dl class="facts recipes">{rows}</dl>
        </section>
    }
}
