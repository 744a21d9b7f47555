//! Reports that an advertiser's member sends from the pages: a test, or a stored request again.

use leptos::prelude::*;

use crate::app::error::ApiError;

/// Records a stored request again; the member vouches for it.
#[server(endpoint = "replay_report")]
pub async fn replay_report(campaign_id: String, attempt_id: String) -> Result<(), ApiError> {
    use crate::app::advertiser::{advertiser_of, requests_page_of};
    use crate::app::forms::{self, Form};
    use crate::domain::ids::{AttemptId, CampaignId};
    use crate::domain::party::PartyKind;
    use crate::store::{attempts, campaigns};
    use crate::tracking::by_hand;

    let viewer = forms::admitted(PartyKind::Advertiser).await?;
    let (advertiser, app) = (advertiser_of(&viewer)?, forms::app());
    let (id, attempt_id): (CampaignId, AttemptId) = (campaign_id.parse()?, attempt_id.parse()?);
    let (campaign, attempt) = {
        let mut conn = app.store.snapshot().await?;
        let campaign = campaigns::get_of_advertiser(&mut conn, advertiser, id).await?;
        (campaign, attempts::get_of_advertiser(&mut conn, advertiser, id, attempt_id).await?)
    };
    let form = Form::new(format!("{}/{attempt_id}", requests_page_of(id)), &[]);
    if !by_hand::can_be_replayed(&attempt) {
        return form.refuse("", "It was sent by hand: send the request again as it first came.").await;
    }
    let hand = app.hand(viewer.member_id, &campaign);
    let answer = hand.replay(&attempt).await?.body;
    match (answer.is_taken(), answer.conversion_id) {
        (true, Some(conversion)) => {
            forms::go_with(&format!("/receipts/{conversion}"), &format!("Sent again. {}", answer.sentence())).await
        }
        _ => form.refuse("", format!("Refused again. {}", answer.sentence())).await,
    }
}

/// Records the rows of a file that was read before, each for itself.
#[server(endpoint = "record_upload")]
pub async fn record_upload(campaign_id: String, upload_id: String) -> Result<(), ApiError> {
    use crate::app::advertiser::{advertiser_of, uploads_page_of};
    use crate::app::{forms, uploads};
    use crate::domain::ids::{CampaignId, UploadId};
    use crate::domain::party::PartyKind;

    let viewer = forms::admitted(PartyKind::Advertiser).await?;
    let (advertiser, app) = (advertiser_of(&viewer)?, forms::app());
    let (campaign, upload): (CampaignId, UploadId) = (campaign_id.parse()?, upload_id.parse()?);
    let page = format!("{}/{upload}", uploads_page_of(campaign));
    match uploads::record(&app, advertiser, campaign, viewer.member_id, upload).await {
        Ok((taken, refused)) => {
            forms::go_with(&page, &format!("{taken} rows are recorded or were known, {refused} were refused.")).await
        }
        Err(ApiError::Invalid { field, message }) => forms::Form::new(page, &[]).refuse(&field, message).await,
        Err(error) => Err(error),
    }
}

/// Records a test order, worth nothing, and leads to its receipt.
#[server(endpoint = "send_test")]
pub async fn send_test(
    campaign_id: String,
    test_order_id: String,
    test_event: String,
    #[server(default)] test_amount: String,
    #[server(default)] test_click_id: String,
) -> Result<(), ApiError> {
    use crate::app::advertiser::{advertiser_of, integration_page_of};
    use crate::app::forms::{self, Form};
    use crate::domain::conversion_report::ReportFields;
    use crate::domain::ids::CampaignId;
    use crate::domain::party::PartyKind;
    use crate::store::{campaigns, conversions, terms};

    let viewer = forms::admitted(PartyKind::Advertiser).await?;
    let (advertiser, app) = (advertiser_of(&viewer)?, forms::app());
    let id: CampaignId = campaign_id.parse()?;
    let (campaign, terms, known) = {
        let mut conn = app.store.snapshot().await?;
        let campaign = campaigns::get_of_advertiser(&mut conn, advertiser, id).await?;
        let terms = terms::in_force(&mut conn, id, app.environment.now()).await?;
        (campaign, terms, conversions::find_by_order(&mut conn, id, &test_event, &test_order_id).await?)
    };
    let values = [
        ("test_order_id", test_order_id.as_str()),
        ("test_event", &test_event),
        ("test_amount", &test_amount),
        ("test_click_id", &test_click_id),
    ];
    let form = Form::new(integration_page_of(id), &values);
    if known.is_some_and(|known| !known.is_test) {
        // A mark of a test would make what a pixel reported worthless.
        return form.refuse("test_order_id", "This order was really reported: take another order id.").await;
    }
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let fields = ReportFields {
        order_id: filled(&test_order_id),
        event: filled(&test_event),
        currency: filled(&test_amount).map(|_| terms.first_currency().to_string()),
        amount: filled(&test_amount),
        click_id: filled(&test_click_id),
        ..ReportFields::default()
    };
    let hand = app.hand(viewer.member_id, &campaign);
    let answer = hand.test(fields).await?.body;
    match (answer.is_taken(), answer.conversion_id) {
        (true, Some(conversion)) => {
            forms::go_with(&format!("/receipts/{conversion}"), &format!("The test came in. {}", answer.sentence()))
                .await
        }
        _ => {
            let field = answer.field.map_or_else(String::new, |field| format!("test_{field}"));
            let field = if values.iter().any(|(name, _)| *name == field) { field } else { String::new() };
            form.refuse(&field, answer.sentence()).await
        }
    }
}
