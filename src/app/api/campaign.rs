//! Campaigns: an advertiser makes and edits them, admits publishers and holds keys; an admin admits campaigns.

use leptos::prelude::*;

use crate::app::error::ApiError;
use crate::domain::campaign_draft::CampaignDraft;

/// Makes a campaign with the first version of its terms; only its advertiser sees it yet.
#[server(endpoint = "create_campaign")]
pub async fn create_campaign(draft: CampaignDraft, #[server(default)] step: String) -> Result<(), ApiError> {
    use crate::app::advertiser::{CAMPAIGNS_MAX, advertiser_of, page_of, step_of_form};
    use crate::app::forms::{self, Form};
    use crate::domain::campaign::CampaignState;
    use crate::domain::ids::CampaignId;
    use crate::domain::party::PartyKind;
    use crate::store::campaigns::{self, Campaign};
    use crate::store::terms;

    let viewer = forms::viewer(PartyKind::Advertiser).await?;
    let (advertiser_id, app) = (advertiser_of(&viewer)?, forms::app());
    const PAGE: &str = "/advertiser/campaigns/new";
    if !step.is_empty() {
        return step_of_form(PAGE, draft, &step).await;
    }
    let form = Form::of(PAGE, draft.values());
    let (id, now) = (app.environment.new_id(CampaignId), app.environment.now());
    let facts = draft.facts(app.base_url.is_development());
    let (facts, first) = match facts.and_then(|facts| Ok((facts, draft.terms(id, 1, now)?))) {
        Ok(read) => read,
        Err(refused) => return form.refuse(&refused.field, refused.message).await,
    };
    let mut w = app.store.write().await?;
    if campaigns::list_of_advertiser(&mut w, advertiser_id, CAMPAIGNS_MAX).await?.len() as i64 == CAMPAIGNS_MAX {
        return form.refuse("", format!("You have {CAMPAIGNS_MAX} campaigns, as many as there can be.")).await;
    }
    let campaign = Campaign {
        campaign_id: id,
        advertiser_id,
        advertiser_name: viewer.party_name,
        name: facts.name,
        description: facts.description,
        category: facts.category,
        state: CampaignState::Draft,
        state_reason: String::new(),
        landing_url: facts.landing_url,
        allowed_hosts: facts.allowed_hosts,
        landing_parameter: facts.landing_parameter,
        approval: facts.approval,
        terms_version: 1,
        secret_version: 1,
        created_at_ms: now,
        version: 1,
    };
    campaigns::insert(&mut w, &campaign).await?;
    terms::insert(&mut w, &first, viewer.member_id, now).await?;
    w.commit().await?;
    forms::go_with(&page_of(id), "The campaign is made. Look it over, then submit it.").await
}

/// Edits a campaign. Other terms are a new version for later clicks, in force now, or after notice where it cuts a
/// commission that publishers rely on.
#[server(endpoint = "update_campaign")]
pub async fn update_campaign(
    campaign_id: String,
    version: i64,
    draft: CampaignDraft,
    #[server(default)] step: String,
) -> Result<(), ApiError> {
    use crate::app::advertiser::{advertiser_of, page_of, step_of_form, tell_publishers};
    use crate::app::forms::{self, Form};
    use crate::app::page::zone_of;
    use crate::domain::campaign::CampaignState;
    use crate::domain::ids::CampaignId;
    use crate::domain::party::PartyKind;
    use crate::domain::schedule;
    use crate::domain::terms::Terms;
    use crate::store::campaigns::{self, Campaign};
    use crate::store::terms;

    let viewer = forms::viewer(PartyKind::Advertiser).await?;
    let (advertiser, app) = (advertiser_of(&viewer)?, forms::app());
    let id: CampaignId = campaign_id.parse()?;
    let page = format!("{}/edit", page_of(id));
    if !step.is_empty() {
        campaigns::get_of_advertiser(&mut app.store.read().await?, advertiser, id).await?;
        return step_of_form(&page, draft, &step).await;
    }
    let form = Form::of(page, draft.values());
    let mut w = app.store.write().await?;
    let campaign = campaigns::lock_of_advertiser(&mut w, advertiser, id).await?;
    let versions = terms::list(&mut w, id).await?;
    if campaign.state == CampaignState::Closed {
        return form.refuse("", "The campaign is closed.").await;
    }
    if campaign.version != version {
        return form.refuse("", "Somebody else changed the campaign: look again.").await;
    }
    let (next_version, now) = (campaign.terms_version + 1, app.environment.now());
    let facts = draft.facts(app.base_url.is_development());
    let (facts, entered) = match facts.and_then(|facts| Ok((facts, draft.terms(id, next_version, now)?))) {
        Ok(read) => read,
        Err(refused) => return form.refuse(&refused.field, refused.message).await,
    };
    let (Some(current), Some(newest)) = (schedule::in_force(&versions, now), versions.last()) else {
        return Err(ApiError::NotFound);
    };
    let starts_at = if campaign.state.is_published() { current.earliest_start_of(&entered, now) } else { now };
    // What the form does not ask for stays as it is.
    let next = Terms { fee: newest.fee, model: newest.model, starts_at, ..entered };
    let is_new_version = !newest.promises_same(&next);
    if is_new_version {
        terms::insert(&mut w, &next, viewer.member_id, now).await?;
        tell_publishers(&mut w, &app.environment, &campaign, &versions, &next).await?;
    }
    let changed = Campaign {
        name: facts.name,
        description: facts.description,
        category: facts.category,
        landing_url: facts.landing_url,
        allowed_hosts: facts.allowed_hosts,
        landing_parameter: facts.landing_parameter,
        approval: facts.approval,
        terms_version: if is_new_version { next_version } else { campaign.terms_version },
        ..campaign
    };
    campaigns::update(&mut w, &changed).await?;
    w.commit().await?;
    let said = if !is_new_version {
        "Saved. The terms are as they were.".to_owned()
    } else if starts_at > now {
        let begin = zone_of(&viewer).show(starts_at);
        format!("Saved. Version {next_version} of the terms cuts a commission: it is announced, and begins on {begin}.")
    } else {
        format!("Saved. Version {next_version} of the terms is in force for clicks from now on.")
    };
    forms::go_with(&page_of(id), &said).await
}

/// Hands a draft, or a declined campaign, to the network.
#[server(endpoint = "submit_campaign")]
pub async fn submit_campaign(campaign_id: String, version: i64) -> Result<(), ApiError> {
    use crate::app::advertiser::make_step;
    use crate::domain::campaign::CampaignState;
    make_step(&campaign_id, version, CampaignState::Submitted, "Submitted: the network looks at it now.").await
}

/// Takes a submitted campaign back.
#[server(endpoint = "withdraw_campaign")]
pub async fn withdraw_campaign(campaign_id: String, version: i64) -> Result<(), ApiError> {
    use crate::app::advertiser::make_step;
    use crate::domain::campaign::CampaignState;
    make_step(&campaign_id, version, CampaignState::Draft, "The campaign is a draft again.").await
}

/// Stops new clicks of a live campaign.
#[server(endpoint = "pause_campaign")]
pub async fn pause_campaign(campaign_id: String, version: i64) -> Result<(), ApiError> {
    use crate::app::advertiser::make_step;
    use crate::domain::campaign::CampaignState;
    make_step(&campaign_id, version, CampaignState::Paused, "Paused: earlier clicks still earn.").await
}

/// Lets a paused campaign take clicks again.
#[server(endpoint = "resume_campaign")]
pub async fn resume_campaign(campaign_id: String, version: i64) -> Result<(), ApiError> {
    use crate::app::advertiser::make_step;
    use crate::domain::campaign::CampaignState;
    make_step(&campaign_id, version, CampaignState::Live, "The campaign takes clicks again.").await
}

/// An admin admits a submitted campaign (`live`) or declines it, with a reason.
#[server(endpoint = "decide_campaign")]
pub async fn decide_campaign(campaign_id: String, version: i64, state: String, reason: String) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form};
    use crate::domain::campaign::CampaignState;
    use crate::domain::ids::CampaignId;
    use crate::domain::party::PartyKind;
    use crate::store::{StoreError, campaigns};

    const PAGE: &str = "/admin/campaigns";
    forms::viewer(PartyKind::Network).await?;
    let app = forms::app();
    let id: CampaignId = campaign_id.parse()?;
    let form = Form::new(PAGE, &[("campaign_id", &campaign_id), ("reason", &reason)]);
    let Ok(state @ (CampaignState::Live | CampaignState::Declined)) = state.parse() else {
        return form.refuse("", "Choose admit or decline.").await;
    };
    let reason = reason.trim();
    if state == CampaignState::Declined && reason.is_empty() {
        return form.refuse("", "Say why: the advertiser will read it.").await;
    }
    let mut w = app.store.write().await?;
    let campaign = campaigns::get(&mut w, id).await?;
    if !campaign.state.admin_may_make(state) {
        return form.refuse("", format!("{} is {}: look again.", campaign.name, campaign.state)).await;
    }
    let reason = if state == CampaignState::Live { "" } else { reason };
    match campaigns::update_state(&mut w, id, version, state, reason).await {
        Err(StoreError::Conflict) => form.refuse("", "The campaign was changed in the meantime: look again.").await,
        other => {
            other?;
            w.commit().await?;
            forms::go_with(PAGE, &format!("{} is now {state}.", campaign.name)).await
        }
    }
}

/// An advertiser admits a publisher to a campaign, declines it, or ends its enrollment; the latter two with a reason.
#[server(endpoint = "decide_enrollment")]
pub async fn decide_enrollment(
    enrollment_id: String,
    version: i64,
    state: String,
    reason: String,
) -> Result<(), ApiError> {
    use crate::app::advertiser::advertiser_of;
    use crate::app::forms::{self, Form};
    use crate::domain::enrollment::EnrollmentState;
    use crate::domain::ids::EnrollmentId;
    use crate::domain::party::PartyKind;
    use crate::store::{StoreError, enrollments};

    const PAGE: &str = "/advertiser/publishers";
    let viewer = forms::admitted(PartyKind::Advertiser).await?;
    let (advertiser, app) = (advertiser_of(&viewer)?, forms::app());
    let id: EnrollmentId = enrollment_id.parse()?;
    let form = Form::new(PAGE, &[("enrollment_id", &enrollment_id), ("reason", &reason)]);
    let state = match state.parse() {
        Ok(state @ (EnrollmentState::Approved | EnrollmentState::Declined | EnrollmentState::Ended)) => state,
        _ => return form.refuse("", "Choose approve, decline or end.").await,
    };
    let reason = reason.trim();
    if state != EnrollmentState::Approved && reason.is_empty() {
        return form.refuse("", "Say why: the publisher will read it.").await;
    }
    let mut w = app.store.write().await?;
    let enrollment = enrollments::get_of_advertiser(&mut w, advertiser, id).await?;
    // An invitation is answered by the publisher.
    if !enrollment.state.can_become(state) || enrollment.state == EnrollmentState::Invited {
        return form.refuse("", format!("This enrollment is {}: look again.", enrollment.state)).await;
    }
    let reason = if state == EnrollmentState::Approved { "" } else { reason };
    match enrollments::update_state(&mut w, id, version, state, reason, app.environment.now()).await {
        Err(StoreError::Conflict) => form.refuse("", "Somebody else decided in the meantime: look again.").await,
        other => {
            other?;
            w.commit().await?;
            let said = format!("{} in {}: {state}.", enrollment.publisher_name, enrollment.campaign_name);
            forms::go_with(PAGE, &said).await
        }
    }
}

/// Makes the next version of the campaign's secret; the one before stays live until the next rotation.
#[server(endpoint = "rotate_postback_secret")]
pub async fn rotate_postback_secret(campaign_id: String, version: i64) -> Result<(), ApiError> {
    use crate::app::advertiser::{advertiser_of, integration_page_of};
    use crate::app::forms;
    use crate::domain::ids::CampaignId;
    use crate::domain::party::PartyKind;
    use crate::store::campaigns;

    let viewer = forms::viewer(PartyKind::Advertiser).await?;
    let (advertiser, app) = (advertiser_of(&viewer)?, forms::app());
    let id: CampaignId = campaign_id.parse()?;
    forms::stepped_up(&integration_page_of(id)).await?;
    let mut w = app.store.write().await?;
    campaigns::get_of_advertiser(&mut w, advertiser, id).await?;
    match campaigns::rotate_secret(&mut w, id, version).await {
        Err(crate::store::StoreError::Conflict) => {
            let form = forms::Form::new(integration_page_of(id), &[]);
            form.refuse("", "The campaign was changed in the meantime: look again.").await
        }
        other => {
            let rotated = other?;
            w.commit().await?;
            let said = format!("Secret {rotated} is live. Secret {} still counts until the next one.", rotated - 1);
            forms::go_with(&integration_page_of(id), &said).await
        }
    }
}
