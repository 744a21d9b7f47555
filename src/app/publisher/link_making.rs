//! Storing a new tracking link, and the changes of one.

use crate::app::publisher::destinations;
use crate::app::state::App;
use crate::domain::ids::{CampaignId, LinkId, PublisherId};
use crate::domain::link::{SUB_ID_BYTES_MAX, Slug, SubIds, Tags};
use crate::domain::party::Name;
use crate::domain::time::{Day, Timestamp, Zone};
use crate::store::StoreError;
use crate::store::campaigns::Campaign;
use crate::store::links::{self, LinkEdit, NewLink};

/// What a publisher entered about a link.
#[derive(Debug, Clone, Default)]
pub struct Entered {
    pub name: String,
    pub destination: String,
    pub subs: [String; 5],
    /// A day of the publisher's zone, or empty.
    pub last_day: String,
    pub fallback: String,
    pub tags: String,
}

/// The same, checked.
pub struct Checked {
    pub name: Name,
    pub destination: String,
    pub sub_ids: SubIds,
    pub expires_at: Option<Timestamp>,
    pub fallback: String,
    pub tags: Tags,
}

pub const SUB_NAMES: [&str; 5] = ["sub1", "sub2", "sub3", "sub4", "sub5"];

impl Entered {
    /// For a form that is refused.
    pub fn values(&self) -> Vec<(&'static str, &str)> {
        let mut values = vec![
            ("name", self.name.as_str()),
            ("destination", &self.destination),
            ("last_day", &self.last_day),
            ("fallback", &self.fallback),
            ("tags", &self.tags),
        ];
        values.extend(SUB_NAMES.into_iter().zip(self.subs.iter().map(String::as_str)));
        values
    }

    /// # Errors
    /// The field and what is wrong with it.
    pub fn check(
        &self,
        app: &App,
        campaign: &Campaign,
        zone: &Zone,
        before: Option<Timestamp>,
    ) -> Result<Checked, (&'static str, String)> {
        let place = |field, text: &str| {
            destinations::read_deep_link(text, campaign, &app.base_url).map_err(|message| (field, message))
        };
        let pairs = SUB_NAMES.into_iter().zip(self.subs.iter().map(String::as_str));
        let (sub_ids, refused) = SubIds::from_pairs(pairs);
        if let Some(field) = refused.first() {
            return Err((field, format!("A sub id has at most {SUB_ID_BYTES_MAX} bytes.")));
        }
        Ok(Checked {
            name: Name::parse(&self.name).map_err(|_| ("name", "The name needs 1 to 80 characters.".to_owned()))?,
            destination: place("destination", &self.destination)?,
            sub_ids,
            expires_at: self.expiry(app.environment.now(), zone, before).map_err(|message| ("last_day", message))?,
            fallback: place("fallback", &self.fallback)?,
            tags: Tags::parse(&self.tags)
                .map_err(|refused| ("tags", crate::app::forms::sentence(&refused.to_string())))?,
        })
    }

    /// The end of the last day; one that is over stays only as it was before.
    fn expiry(&self, now: Timestamp, zone: &Zone, before: Option<Timestamp>) -> Result<Option<Timestamp>, String> {
        if self.last_day.trim().is_empty() {
            return Ok(None);
        }
        let day: Day = self.last_day.trim().parse().map_err(|_| "Enter a day as in 2026-03-31.".to_owned())?;
        let end = zone.start_of(day.plus(1));
        if end <= now && Some(end) != before {
            return Err(format!("{day} is over already. To stop the link now, pause it."));
        }
        Ok(Some(end))
    }
}

/// Stores a link whose parts have been checked, under a slug of its own.
pub async fn make(
    app: &App,
    publisher_id: PublisherId,
    campaign_id: CampaignId,
    name: &str,
    destination: &str,
    sub_ids: &SubIds,
) -> Result<LinkId, StoreError> {
    let name = Name::parse(name).map_err(|error| StoreError::Corrupt { what: "link name", why: error.to_string() })?;
    let (destination, sub_ids) = (destination.to_owned(), sub_ids.clone());
    let fallback = String::new();
    let link = Checked { name, destination, sub_ids, expires_at: None, fallback, tags: Tags::default() };
    make_checked(app, publisher_id, campaign_id, &link).await
}

/// As [`make`], with all that a link may have.
pub async fn make_checked(
    app: &App,
    publisher_id: PublisherId,
    campaign_id: CampaignId,
    link: &Checked,
) -> Result<LinkId, StoreError> {
    let new_slug = || Slug::from_random(app.environment.random());
    let link_id = app.environment.new_id(LinkId);
    let (slug, at) = (new_slug(), app.environment.now());
    let (name, destination, sub_ids) = (link.name.as_str(), link.destination.as_str(), &link.sub_ids);
    let new = NewLink { link_id, slug, campaign_id, publisher_id, is_default: false, name, destination, sub_ids, at };
    let mut w = app.store.write().await?;
    links::insert_with_new_slug(&mut w, new, new_slug).await?;
    links::update(&mut w, &edit(link_id, publisher_id, 1, link)).await?;
    w.commit().await?;
    Ok(link_id)
}

/// A link's changes, as the store takes them.
pub fn edit(link_id: LinkId, publisher_id: PublisherId, version: i64, link: &Checked) -> LinkEdit<'_> {
    LinkEdit {
        link_id,
        publisher_id,
        version,
        name: link.name.as_str(),
        destination: &link.destination,
        sub_ids: &link.sub_ids,
        expires_at_ms: link.expires_at,
        fallback: &link.fallback,
        tags: &link.tags,
    }
}
