//! Making a coupon: what the advertiser entered, checked and stored.

use crate::app::advertiser::{advertiser_of, page_of as campaign_page_of};
use crate::app::error::ApiError;
use crate::app::forms::sentence;
use crate::app::page::zone_of;
use crate::app::state::App;
use crate::domain::coupon::CouponCode;
use crate::domain::enrollment::EnrollmentState;
use crate::domain::ids::{CampaignId, CouponId, PublisherId};
use crate::domain::party::Viewer;
use crate::domain::time::{Day, Timestamp, Zone};
use crate::store::coupons::{self, NewCoupon};
use crate::store::{StoreError, Writer, campaigns, enrollments};

/// A campaign has at most so many coupons, ended ones too, and its list shows them all.
pub const COUPONS_MAX: i64 = 500;

/// The page of a campaign's coupons.
pub fn page_of(campaign: CampaignId) -> String {
    format!("{}/coupons", campaign_page_of(campaign))
}

/// The form's fields as they came.
pub struct Entered {
    pub publisher_id: String,
    pub code: String,
    pub valid_from: String,
    pub valid_until: String,
}

impl Entered {
    /// For a form that is refused.
    pub fn values(&self) -> [(&'static str, &str); 4] {
        [
            ("publisher_id", &self.publisher_id),
            ("code", &self.code),
            ("valid_from", &self.valid_from),
            ("valid_until", &self.valid_until),
        ]
    }

    /// First and last moment, half-open; the last day counts in full.
    fn dates(&self, zone: &Zone, now: Timestamp) -> Result<(Timestamp, Option<Timestamp>), (&'static str, String)> {
        let day = |field, text: &str| {
            let text = text.trim();
            let day = (!text.is_empty()).then(|| text.parse::<Day>()).transpose();
            day.map_err(|_| (field, "Enter a day as in 2026-03-02.".to_owned()))
        };
        let from = day("valid_from", &self.valid_from)?.map_or(now, |day| zone.start_of(day));
        let until = day("valid_until", &self.valid_until)?.map(|day| zone.start_of(day.plus(1)));
        if until.is_some_and(|until| until <= from || until <= now) {
            return Err(("valid_until", "The last day is over before the coupon begins.".to_owned()));
        }
        Ok((from, until))
    }
}

/// What came of it.
pub enum Made {
    Coupon {
        code: String,
        publisher: String,
    },
    /// The field, and what is wrong with it.
    Refused(&'static str, String),
}

/// Stores a coupon for an approved publisher of the viewer's campaign.
pub async fn make(app: &App, viewer: &Viewer, campaign: CampaignId, entered: &Entered) -> Result<Made, ApiError> {
    let advertiser = advertiser_of(viewer)?;
    let mut w = app.store.write().await?;
    // Nobody else makes one until this transaction ends.
    campaigns::lock_of_advertiser(&mut w, advertiser, campaign).await?;
    match insert(app, &mut w, viewer, campaign, entered).await? {
        Made::Refused(field, message) => Ok(Made::Refused(field, message)),
        made @ Made::Coupon { .. } => {
            w.commit().await?;
            Ok(made)
        }
    }
}

async fn insert(
    app: &App,
    w: &mut Writer,
    viewer: &Viewer,
    campaign: CampaignId,
    entered: &Entered,
) -> Result<Made, ApiError> {
    let now = app.environment.now();
    let refused = |field, message: &str| Ok(Made::Refused(field, message.to_owned()));
    let publisher = match entered.publisher_id.parse::<PublisherId>() {
        Ok(id) => enrollments::find(w, id, campaign).await?,
        Err(_) => None,
    };
    let Some(publisher) = publisher.filter(|one| one.state == EnrollmentState::Approved) else {
        return refused("publisher_id", "Choose a publisher that is in the campaign.");
    };
    let code = match CouponCode::parse(&entered.code) {
        Ok(code) => code,
        Err(bad) => return refused("code", &sentence(&bad.to_string())),
    };
    let (valid_from, valid_until) = match entered.dates(&zone_of(viewer), now) {
        Ok(dates) => dates,
        Err((field, message)) => return refused(field, &message),
    };
    if coupons::count(w, campaign).await? >= COUPONS_MAX {
        return refused("", &format!("The campaign has {COUPONS_MAX} coupons, as many as there can be."));
    }
    let new = NewCoupon {
        coupon_id: app.environment.new_id(CouponId),
        campaign_id: campaign,
        publisher_id: publisher.publisher_id,
        code: code.as_str(),
        key: &code.key(),
        valid_from,
        valid_until,
        at: now,
        by: viewer.member_id,
    };
    match coupons::insert(w, &new).await {
        Err(StoreError::Refused(name)) if name == "coupons_campaign_id_code_key_key" => {
            refused("code", "The campaign has this code, or had it: one code names one publisher for ever.")
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Made::Coupon { code: code.to_string(), publisher: publisher.publisher_name }),
    }
}
