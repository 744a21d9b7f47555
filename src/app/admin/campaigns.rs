//! Admitting campaigns: the submitted ones first.

use leptos::prelude::*;

use crate::app::api::campaign::DecideCampaign;
use crate::app::page::{Request, role_page};
use crate::app::ui::{Hidden, Icon, StatusTag};
use crate::domain::campaign::CampaignState;
use crate::domain::party::PartyKind;
use crate::domain::terms::Terms;
use crate::store::campaigns::{self, Campaign};
use crate::store::terms;

const WAITING_MAX: i64 = 100;
const SHOWN_MAX: i64 = 100;

#[component]
pub fn Campaigns() -> impl IntoView {
    role_page(PartyKind::Network, "Campaigns", async |request, _| {
        let mut conn = request.app.store.snapshot().await?;
        let mut waiting = Vec::new();
        for campaign in campaigns::list_in_state(&mut conn, CampaignState::Submitted, WAITING_MAX).await? {
            let terms = terms::get(&mut conn, campaign.campaign_id, campaign.terms_version).await?;
            waiting.push(view! { <Waiting request=request.clone() campaign=campaign terms=terms/> });
        }
        let others: Vec<_> = campaigns::list_all(&mut conn, SHOWN_MAX)
            .await?
            .into_iter()
            .filter(|campaign| campaign.state != CampaignState::Submitted)
            .map(|campaign| view! { <Row campaign=campaign/> })
            .collect();
        Ok(view! {
            <div class="page-head"><h1>"Campaigns"</h1></div>
            <section class="section">
                <h2>"Waiting for admission"</h2>
                {if waiting.is_empty() {
                    view! { <p>"No campaign waits. Advertisers submit theirs when they are complete."</p> }.into_any()
                } else {
                    view! { <div class="grid-2 even">{waiting}</div> }.into_any()
                }}
            </section>
            <section class="section">
                <h2>"All others"</h2>
                {if others.is_empty() {
                    view! { <NoOthers/> }.into_any()
                } else {
                    view! { <OthersTable rows=others.into_any()/> }.into_any()
                }}
            </section>
        }
        .into_any())
    })
}

#[component]
fn NoOthers() -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name="megaphone"/>
            <h3>"The network's campaigns will be here"</h3>
            <p>"Admit an advertiser first, so that it can submit one."</p>
            <div class="btn-row"><a class="btn" href="/admin/parties">"Parties"</a></div>
        </div>
    }
}

/// What an admin needs to see before the campaign is in the directory.
#[component]
fn Waiting(request: Request, campaign: Campaign, terms: Terms) -> impl IntoView {
    let is_refused = request.value("campaign_id", "") == campaign.campaign_id.to_string();
    let reason = if is_refused { request.value("reason", "") } else { String::new() };
    let currency = terms.first_currency();
    let rules: Vec<_> = terms
        .rules
        .iter()
        .map(|rule| view! { <p>{rule.sentence(currency)} <span class="muted small">" · " {rule.example(currency)}</span></p> })
        .collect();
    let clicks = terms.click.map(|click| {
        view! { <p>{click.sentence()} <span class="muted small">" · " {click.example()}</span></p> }
    });
    view! {
        <article class="card">
            <h3>{campaign.name.clone()}</h3>
            <p class="muted small">
                {campaign.advertiser_name.clone()}
                {(!campaign.category.is_empty()).then(|| format!(" · {}", campaign.category))}
            </p>
            {(!campaign.description.is_empty()).then(|| view! { <p>{campaign.description.clone()}</p> })}
            <dl class="facts">
                <div><dt>"Commission"</dt><dd>{rules}{clicks}</dd></div>
                <div><dt>"Cookie duration"</dt><dd>{terms.window.to_string()}</dd></div>
                <div>
                    <dt>"Landing page"</dt>
                    <dd>
                        <a href=campaign.landing_url.clone() rel="noreferrer noopener nofollow">
                            {campaign.landing_url.clone()}
                        </a>
                    </dd>
                </div>
                <div><dt>"Hosts"</dt><dd>{campaign.allowed_hosts.lines().collect::<Vec<_>>().join(", ")}</dd></div>
                {(!terms.text.is_empty()).then(|| view! { <div><dt>"Terms"</dt><dd>{terms.text.clone()}</dd></div> })}
            </dl>
            <Decision campaign=campaign reason=reason/>
        </article>
    }
}

#[component]
fn Decision(campaign: Campaign, reason: String) -> impl IntoView {
    let action = ServerAction::<DecideCampaign>::new();
    let field = format!("reason-{}", campaign.campaign_id);
    let (id, version) = (campaign.campaign_id, campaign.version);
    // Two forms: the key Enter in the reason must never admit.
    view! {
        <ActionForm action=action attr:class="field">
            <Hidden name="campaign_id" value=id.to_string()/>
            <Hidden name="version" value=version.to_string()/>
            <Hidden name="state" value="declined"/>
            <label for=field.clone()>"Reason, if you decline"</label>
            <span class="copy">
                <input id=field name="reason" value=reason maxlength="500" required/>
                <button class="btn" type="submit">"Decline"</button>
            </span>
        </ActionForm>
        <ActionForm action=action>
            <Hidden name="campaign_id" value=id.to_string()/>
            <Hidden name="version" value=version.to_string()/>
            <Hidden name="reason" value=""/>
            <button class="btn btn-primary" type="submit" name="state" value="live">"Admit"</button>
        </ActionForm>
    }
}

#[component]
fn OthersTable(rows: AnyView) -> impl IntoView {
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="All other campaigns">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Campaign"</th>
                        <th scope="col">"Advertiser"</th>
                        <th scope="col">"State"</th>
                        <th scope="col">"Landing page"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(campaign: Campaign) -> impl IntoView {
    let reason = campaign.state_reason.clone();
    view! {
        <tr>
            <th scope="row">{campaign.name} <span class="sub">{campaign.category}</span></th>
            <td data-label="Advertiser">{campaign.advertiser_name}</td>
            <td data-label="State">
                <span>
                    <StatusTag state=campaign.state.as_str()/>
                    {(!reason.is_empty()).then(|| view! { <span class="status-reason">{reason}</span> })}
                </span>
            </td>
            <td data-label="Landing page">{campaign.landing_url}</td>
        </tr>
    }
}
