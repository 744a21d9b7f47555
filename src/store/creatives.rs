//! Creatives, and their images in a table of their own: no list reads one.

use sqlx::{query, query_as, query_scalar};

use super::changes::Change;
use super::driver::{Conn, Writer};
use super::error::StoreError;
use crate::domain::creative::CreativeKind;
use crate::domain::ids::{AdvertiserId, CampaignId, CreativeId, PublisherId};
use crate::domain::raster::ImageFormat;
use crate::domain::time::Timestamp;

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Creative {
    pub creative_id: CreativeId,
    pub campaign_id: CampaignId,
    pub kind: CreativeKind,
    /// For advertiser and publishers; visitors do not see it.
    pub name: String,
    /// The words of a text link, the alternative text of a banner.
    pub content: String,
    /// Empty: the campaign's landing page. May hold macros.
    pub destination: String,
    /// Nothing for a text link; likewise digest, bytes, width and height.
    pub image_format: Option<ImageFormat>,
    pub image_digest: String,
    pub image_bytes: i64,
    pub width: i64,
    pub height: i64,
    pub is_active: bool,
    pub created_at_ms: Timestamp,
    pub version: i64,
}

impl Creative {
    /// Width and height of a banner.
    pub const fn size(&self) -> Option<(i64, i64)> {
        if self.image_format.is_some() { Some((self.width, self.height)) } else { None }
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select r.creative_id, r.campaign_id, r.kind, r.name, r.content, r.destination, r.image_format,
                r.image_digest, r.image_bytes, r.width, r.height, r.is_active, r.created_at_ms, r.version
                from creatives r join campaigns c on c.campaign_id = r.campaign_id where ",
            $rest
        )
    };
}

sql! {
    FIND = select!("r.creative_id = $1");
    GET_OF_ADVERTISER = select!("r.creative_id = $1 and c.advertiser_id = $2");
    LIST_OF_ADVERTISER = select!("r.campaign_id = $1 and c.advertiser_id = $2 order by r.creative_id desc limit $3");
    LIST_OF_PUBLISHER = select!("r.campaign_id = $1 and r.is_active and exists (select 1 from enrollments e
        where e.campaign_id = r.campaign_id and e.publisher_id = $2 and e.state = 'approved')
        order by r.kind, r.creative_id desc limit $3");
    IMAGE = "select i.content from creative_images i where i.creative_id = $1";
    INSERT = "insert into creatives (creative_id, campaign_id, kind, name, content, destination, image_format,
        image_digest, image_bytes, width, height, is_active, created_at_ms, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1)";
    INSERT_IMAGE = "insert into creative_images (creative_id, content) values ($1, $2)";
    UPDATE = "update creatives set name = $4, content = $5, destination = $6, version = version + 1
        where creative_id = $1 and version = $3
        and campaign_id in (select c.campaign_id from campaigns c where c.advertiser_id = $2) returning version";
    UPDATE_ACTIVE = "update creatives set is_active = $3, version = version + 1 where creative_id = $1
        and campaign_id in (select c.campaign_id from campaigns c where c.advertiser_id = $2)
        returning campaign_id";
}

/// Whoever asks: for the tracking path, and where the campaign is checked afterwards.
pub async fn find(conn: &mut Conn, id: CreativeId) -> Result<Option<Creative>, StoreError> {
    on_driver!(conn, |c| query_as(FIND).bind(id).fetch_optional(c).await)
}

/// One of the advertiser's own.
///
/// # Errors
/// `NotFound`: not a creative of this advertiser.
pub async fn get_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    id: CreativeId,
) -> Result<Creative, StoreError> {
    let found: Option<Creative> =
        on_driver!(conn, |c| query_as(GET_OF_ADVERTISER).bind(id).bind(advertiser).fetch_optional(c).await)?;
    found.ok_or(StoreError::NotFound)
}

/// A campaign's creatives for the advertiser whose campaign it is, newest first.
pub async fn list_of_advertiser(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    campaign: CampaignId,
    limit: i64,
) -> Result<Vec<Creative>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_ADVERTISER).bind(campaign).bind(advertiser).bind(limit).fetch_all(c).await)
}

/// What an approved publisher may place: banners first, the newest first.
pub async fn list_of_publisher(
    conn: &mut Conn,
    publisher: PublisherId,
    campaign: CampaignId,
    limit: i64,
) -> Result<Vec<Creative>, StoreError> {
    on_driver!(conn, |c| query_as(LIST_OF_PUBLISHER).bind(campaign).bind(publisher).bind(limit).fetch_all(c).await)
}

/// The image of a banner that was found before.
pub async fn image(conn: &mut Conn, id: CreativeId) -> Result<Vec<u8>, StoreError> {
    on_driver!(conn, |c| query_scalar(IMAGE).bind(id).fetch_one(c).await)
}

/// A creative and, of a banner, its image.
pub async fn insert(w: &mut Writer, creative: &Creative, image: Option<&[u8]>) -> Result<(), StoreError> {
    w.changed(Change::Routes);
    on_driver!(w, |c| query(INSERT)
        .bind(creative.creative_id)
        .bind(creative.campaign_id)
        .bind(creative.kind)
        .bind(&creative.name)
        .bind(&creative.content)
        .bind(&creative.destination)
        .bind(creative.image_format)
        .bind(&creative.image_digest)
        .bind(creative.image_bytes)
        .bind(creative.width)
        .bind(creative.height)
        .bind(creative.is_active)
        .bind(creative.created_at_ms)
        .execute(c)
        .await
        .map(drop))?;
    let Some(image) = image else { return Ok(()) };
    on_driver!(w, |c| query(INSERT_IMAGE).bind(creative.creative_id).bind(image).execute(c).await.map(drop))
}

/// What an advertiser changes of a creative; its image stays, since pages and caches have it.
#[derive(Debug)]
pub struct CreativeEdit<'a> {
    pub creative_id: CreativeId,
    pub advertiser_id: AdvertiserId,
    /// Of what was looked at.
    pub version: i64,
    pub name: &'a str,
    pub content: &'a str,
    pub destination: &'a str,
}

/// Changes a creative's words and where it leads.
///
/// # Errors
/// `Conflict`: it was changed since, or is not one of this advertiser.
pub async fn update(w: &mut Writer, edit: &CreativeEdit<'_>) -> Result<(), StoreError> {
    w.changed(Change::Routes);
    let updated: Option<i64> = on_driver!(w, |c| query_scalar(UPDATE)
        .bind(edit.creative_id)
        .bind(edit.advertiser_id)
        .bind(edit.version)
        .bind(edit.name)
        .bind(edit.content)
        .bind(edit.destination)
        .fetch_optional(c)
        .await)?;
    updated.map(drop).ok_or(StoreError::Conflict)
}

/// Switches a creative on or off; gives its campaign.
///
/// # Errors
/// `NotFound`: not a creative of this advertiser.
pub async fn update_active(
    w: &mut Writer,
    advertiser: AdvertiserId,
    id: CreativeId,
    is_active: bool,
) -> Result<CampaignId, StoreError> {
    w.changed(Change::Routes);
    let campaign: Option<CampaignId> = on_driver!(w, |c| query_scalar(UPDATE_ACTIVE)
        .bind(id)
        .bind(advertiser)
        .bind(is_active)
        .fetch_optional(c)
        .await)?;
    campaign.ok_or(StoreError::NotFound)
}
