//! Enrollments: which publisher is in which campaign, since when, under which terms.

use sqlx::{query, query_as, query_scalar};

use super::changes::Change;
use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::campaign::CampaignState;
use crate::domain::enrollment::EnrollmentState;
use crate::domain::ids::{AdvertiserId, CampaignId, EnrollmentId, LinkId, MemberId, PublisherId};
use crate::domain::time::Timestamp;

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Enrollment {
    pub enrollment_id: EnrollmentId,
    pub campaign_id: CampaignId,
    pub campaign_name: String,
    pub campaign_state: CampaignState,
    pub advertiser_id: AdvertiserId,
    pub advertiser_name: String,
    pub publisher_id: PublisherId,
    pub publisher_name: String,
    pub publisher_website: String,
    pub state: EnrollmentState,
    pub state_reason: String,
    /// The version that the publisher accepted.
    pub terms_version: i64,
    pub accepted_by: MemberId,
    /// When it was asked for, the last time.
    pub accepted_at_ms: Timestamp,
    /// When it came into its state, if somebody decided so.
    pub decided_at_ms: Option<Timestamp>,
    pub default_link_id: LinkId,
    pub version: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select e.enrollment_id, e.campaign_id, c.name as campaign_name, c.state as campaign_state,
                c.advertiser_id, a.name as advertiser_name, e.publisher_id, p.name as publisher_name,
                p.website as publisher_website, e.state, e.state_reason, e.terms_version, e.accepted_by,
                e.accepted_at_ms, e.decided_at_ms, e.default_link_id, e.version
                from enrollments e join campaigns c on c.campaign_id = e.campaign_id
                join parties p on p.party_id = e.publisher_id
                join parties a on a.party_id = c.advertiser_id where ",
            $rest
        )
    };
}

sql! {
    FIND = select!("e.campaign_id = $1 and e.publisher_id = $2");
    GET_OF_ADVERTISER = select!("e.enrollment_id = $1 and c.advertiser_id = $2");
    LIST_OF_PUBLISHER = select!("e.publisher_id = $1 order by e.enrollment_id desc limit $2");
    LIST_OF_ADVERTISER = select!("c.advertiser_id = $1 order by e.enrollment_id desc limit $2");
    LIST_OF_CAMPAIGN = select!("c.advertiser_id = $1 and e.campaign_id = $2 order by e.enrollment_id desc limit $3");
    LIST_PUBLISHERS = "select publisher_id from enrollments where campaign_id = $1 and state in ('applied', 'approved')
        order by publisher_id";
    INSERT = "insert into enrollments (enrollment_id, campaign_id, publisher_id, state, state_reason, terms_version,
        accepted_by, accepted_at_ms, decided_at_ms, default_link_id, created_at_ms, version)
        values ($1, $2, $3, $4, '', $5, $6, $7, $8, $9, $7, 1)";
    UPDATE_STATE = "update enrollments set state = $3, state_reason = $4, decided_at_ms = $5, version = version + 1
        where enrollment_id = $1 and version = $2 returning version";
    UPDATE_APPLICATION = "update enrollments set state = $4, state_reason = '', terms_version = $5, accepted_by = $6,
        accepted_at_ms = $7, decided_at_ms = $8, version = version + 1
        where enrollment_id = $1 and publisher_id = $2 and version = $3 returning version";
    COUNT_WAITING = "select count(*) as waiting from enrollments e join campaigns c on c.campaign_id = e.campaign_id
        where c.advertiser_id = $1 and e.state = 'applied'";
}

/// The publisher's enrollment in the campaign, in whatever state.
pub async fn find(
    conn: &mut Conn,
    publisher: PublisherId,
    campaign: CampaignId,
) -> Result<Option<Enrollment>, StoreError> {
    on_driver!(conn, |c| query_as(FIND).bind(campaign).bind(publisher).fetch_optional(c).await)
}

pub async fn get_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    id: EnrollmentId,
) -> Result<Enrollment, StoreError> {
    on_driver!(conn, |c| query_as(GET_OF_ADVERTISER).bind(id).bind(advertiser).fetch_one(c).await)
}

/// Newest first.
pub async fn list_of_publisher(
    conn: &mut Conn,
    publisher: PublisherId,
    limit: i64,
) -> Result<Vec<Enrollment>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_PUBLISHER).bind(publisher).bind(limit).fetch_all(c).await)
}

/// Newest first.
pub async fn list_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    limit: i64,
) -> Result<Vec<Enrollment>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_ADVERTISER).bind(advertiser).bind(limit).fetch_all(c).await)
}

/// The publishers of one of the advertiser's campaigns, newest first.
pub async fn list_of_campaign(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    campaign: CampaignId,
    limit: i64,
) -> Result<Vec<Enrollment>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_CAMPAIGN).bind(advertiser).bind(campaign).bind(limit).fetch_all(c).await)
}

/// Who relies on the campaign's terms, or is about to: all publishers that are in it or wait to be.
pub async fn list_publishers(conn: &mut Conn, campaign: CampaignId) -> Result<Vec<PublisherId>, StoreError> {
    on_driver!(conn, |c| query_scalar(LIST_PUBLISHERS).bind(campaign).fetch_all(c).await)
}

pub async fn count_waiting(conn: &mut Conn, advertiser: AdvertiserId) -> Result<i64, StoreError> {
    on_driver!(conn, |c| query_scalar(COUNT_WAITING).bind(advertiser).fetch_one(c).await)
}

/// A publisher's application, with the terms that it accepted.
pub struct NewEnrollment {
    pub enrollment_id: EnrollmentId,
    pub campaign_id: CampaignId,
    pub publisher_id: PublisherId,
    pub state: EnrollmentState,
    pub terms_version: i64,
    pub accepted_by: MemberId,
    pub at: Timestamp,
    pub default_link_id: LinkId,
}

impl NewEnrollment {
    /// What is approved at once was decided at once.
    fn decided_at(&self) -> Option<Timestamp> {
        (self.state == EnrollmentState::Approved).then_some(self.at)
    }
}

/// # Errors
/// `enrollments_campaign_id_publisher_id_key`: the publisher has applied before.
pub async fn insert(w: &mut Writer, new: &NewEnrollment) -> Result<(), StoreError> {
    w.changed(Change::Routes);
    on_driver!(w, |c| query(INSERT)
        .bind(new.enrollment_id)
        .bind(new.campaign_id)
        .bind(new.publisher_id)
        .bind(new.state)
        .bind(new.terms_version)
        .bind(new.accepted_by)
        .bind(new.at)
        .bind(new.decided_at())
        .bind(new.default_link_id)
        .execute(c)
        .await
        .map(drop))
}

/// The publisher asks again, or accepts an invitation: `new` takes the place of what `old` accepted; its default
/// link stays.
///
/// # Errors
/// `Conflict`: the enrollment is no longer at `old.version`.
pub async fn update_application(w: &mut Writer, old: &Enrollment, new: &NewEnrollment) -> Result<(), StoreError> {
    w.changed(Change::Routes);
    let updated: Option<i64> = on_driver!(w, |c| query_scalar(UPDATE_APPLICATION)
        .bind(old.enrollment_id)
        .bind(new.publisher_id)
        .bind(old.version)
        .bind(new.state)
        .bind(new.terms_version)
        .bind(new.accepted_by)
        .bind(new.at)
        .bind(new.decided_at())
        .fetch_optional(c)
        .await)?;
    updated.map(drop).ok_or(StoreError::Conflict)
}

/// # Errors
/// `Conflict`: the enrollment is no longer at `version`.
pub async fn update_state(
    w: &mut Writer,
    id: EnrollmentId,
    version: i64,
    state: EnrollmentState,
    reason: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    w.changed(Change::Routes);
    let updated: Option<i64> = on_driver!(w, |c| query_scalar(UPDATE_STATE)
        .bind(id)
        .bind(version)
        .bind(state)
        .bind(reason)
        .bind(at)
        .fetch_optional(c)
        .await)?;
    updated.map(drop).ok_or(StoreError::Conflict)
}
