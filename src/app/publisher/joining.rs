//! Joining a campaign: enrollment and default link are one fact, stored together.

use crate::app::state::App;
use crate::domain::campaign::CampaignState;
use crate::domain::enrollment::{self, AlreadyEnrolled, EnrollmentState};
use crate::domain::ids::{CampaignId, EnrollmentId, LinkId, MemberId, PublisherId};
use crate::domain::link::{Slug, SubIds};
use crate::store::enrollments::{self, NewEnrollment};
use crate::store::links::{self, NewLink};
use crate::store::{StoreError, Writer, campaigns};

/// Who wants to join what, and which version of the terms the member has read.
pub struct Application {
    pub publisher: PublisherId,
    pub member: MemberId,
    pub campaign: CampaignId,
    pub terms_version: i64,
}

/// Why a publisher cannot join.
#[derive(Debug, thiserror::Error)]
pub enum JoinRefused {
    #[error("this campaign takes no new publishers for now")]
    NotLive,
    #[error("the terms have changed in the meantime: read version {newest}, which is shown now, and accept that")]
    OtherTerms { newest: i64 },
    #[error(transparent)]
    Already(#[from] AlreadyEnrolled),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for JoinRefused {
    /// Two applications at once: the second one finds the first.
    fn from(error: StoreError) -> Self {
        if error.is_refused_by("enrollments_campaign_id_publisher_id_key") {
            return Self::Already(AlreadyEnrolled::Waiting);
        }
        Self::Store(error)
    }
}

/// Enrolls the publisher; gives the enrollment's state and its default link.
pub async fn join(app: &App, application: &Application) -> Result<(EnrollmentState, LinkId), JoinRefused> {
    let mut w = app.store.write().await?;
    // Other terms are told to whoever is in the campaign then: nobody comes in between.
    let campaign = campaigns::lock_public(&mut w, application.campaign).await?;
    let old = enrollments::find(&mut w, application.publisher, application.campaign).await?;
    let state = enrollment::apply(old.as_ref().map(|old| old.state), campaign.approval)?;
    if campaign.state != CampaignState::Live {
        return Err(JoinRefused::NotLive);
    }
    if campaign.terms_version != application.terms_version {
        return Err(JoinRefused::OtherTerms { newest: campaign.terms_version });
    }
    let default_link = old.as_ref().map(|old| old.default_link_id);
    let new = NewEnrollment {
        enrollment_id: app.environment.new_id(EnrollmentId),
        campaign_id: application.campaign,
        publisher_id: application.publisher,
        state,
        terms_version: application.terms_version,
        accepted_by: application.member,
        at: app.environment.now(),
        default_link_id: default_link.unwrap_or_else(|| app.environment.new_id(LinkId)),
    };
    match &old {
        Some(old) => enrollments::update_application(&mut w, old, &new).await?,
        None => insert(app, &mut w, &new).await?,
    }
    w.commit().await?;
    Ok((state, new.default_link_id))
}

async fn insert(app: &App, w: &mut Writer, new: &NewEnrollment) -> Result<(), StoreError> {
    enrollments::insert(w, new).await?;
    let new_slug = || Slug::from_random(app.environment.random());
    let link = NewLink {
        link_id: new.default_link_id,
        slug: new_slug(),
        campaign_id: new.campaign_id,
        publisher_id: new.publisher_id,
        is_default: true,
        name: "Default link",
        destination: "",
        sub_ids: &SubIds::default(),
        at: new.at,
    };
    links::insert_with_new_slug(w, link, new_slug).await
}
