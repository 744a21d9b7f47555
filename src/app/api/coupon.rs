//! Coupons: an advertiser gives a publisher of its campaign a code, and ends it.

use leptos::prelude::*;

use crate::app::error::ApiError;

/// Gives an approved publisher a code. The days are those of the advertiser's zone; no first day means at once, no last
/// day until it is ended.
#[server(endpoint = "create_coupon")]
pub async fn create_coupon(
    campaign_id: String,
    publisher_id: String,
    code: String,
    #[server(default)] valid_from: String,
    #[server(default)] valid_until: String,
) -> Result<(), ApiError> {
    use crate::app::coupons::making::{self, Entered, Made};
    use crate::app::forms::{self, Form};
    use crate::domain::ids::CampaignId;
    use crate::domain::party::PartyKind;

    let viewer = forms::viewer(PartyKind::Advertiser).await?;
    let id: CampaignId = campaign_id.parse()?;
    let entered = Entered { publisher_id, code, valid_from, valid_until };
    let form = Form::new(making::page_of(id), &entered.values());
    match making::make(&forms::app(), &viewer, id, &entered).await? {
        Made::Coupon { code, publisher } => {
            let said = format!("Orders that are reported with the coupon {code} are {publisher}'s.");
            forms::go_with(&making::page_of(id), &said).await
        }
        Made::Refused(field, message) => form.refuse(field, message).await,
    }
}

/// Ends a coupon now: later orders with it belong to nobody.
#[server(endpoint = "end_coupon")]
pub async fn end_coupon(coupon_id: String) -> Result<(), ApiError> {
    use crate::app::advertiser::advertiser_of;
    use crate::app::coupons::making;
    use crate::app::forms;
    use crate::domain::ids::CouponId;
    use crate::domain::party::PartyKind;
    use crate::store::coupons;

    let viewer = forms::viewer(PartyKind::Advertiser).await?;
    let (advertiser, app) = (advertiser_of(&viewer)?, forms::app());
    let id: CouponId = coupon_id.parse()?;
    let mut w = app.store.write().await?;
    let campaign = coupons::end(&mut w, advertiser, id, app.environment.now(), viewer.member_id).await?;
    w.commit().await?;
    let said = "The coupon has ended: later orders with it are not credited by it. Earlier ones stay as they are.";
    forms::go_with(&making::page_of(campaign), said).await
}
