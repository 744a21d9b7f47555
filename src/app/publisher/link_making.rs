//! Storing a new tracking link.

use crate::app::state::App;
use crate::domain::ids::{CampaignId, LinkId, PublisherId};
use crate::domain::link::{Slug, SubIds};
use crate::store::StoreError;
use crate::store::links::{self, NewLink};

/// Stores a link whose parts have been checked, under a slug of its own.
pub async fn make(
    app: &App,
    publisher_id: PublisherId,
    campaign_id: CampaignId,
    name: &str,
    destination: &str,
    sub_ids: &SubIds,
) -> Result<LinkId, StoreError> {
    let new_slug = || Slug::from_random(app.environment.random());
    let link_id = app.environment.new_id(LinkId);
    let (slug, at) = (new_slug(), app.environment.now());
    let link = NewLink { link_id, slug, campaign_id, publisher_id, is_default: false, name, destination, sub_ids, at };
    let mut w = app.store.write().await?;
    links::insert_with_new_slug(&mut w, link, new_slug).await?;
    w.commit().await?;
    Ok(link_id)
}
