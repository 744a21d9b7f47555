//! Every publisher of a campaign is told what other terms change (domain.md section 5).

use crate::domain::environment::Environment;
use crate::domain::ids::NoticeId;
use crate::domain::notice::{NoticeCode, object_of_terms};
use crate::domain::terms::Terms;
use crate::domain::time::Zone;
use crate::store::campaigns::Campaign;
use crate::store::notices::{self, Notice};
use crate::store::{StoreError, Writer, enrollments};

/// In the transaction of the version, for each publisher once; nothing where publishers are promised the same.
pub async fn tell_publishers(
    w: &mut Writer,
    environment: &Environment,
    campaign: &Campaign,
    before: &Terms,
    next: &Terms,
) -> Result<(), StoreError> {
    let changes = before.changes(next);
    if changes.is_empty() {
        return Ok(());
    }
    let about: Vec<String> = changes.iter().map(|change| change.about.to_lowercase()).collect();
    let told = NoticeCode::TermsChanged.sentence(&next.version.to_string(), &campaign.name);
    let begin = Zone::UTC.show(next.starts_at);
    let text = format!("{told} It is for clicks from {begin} UTC on: {}.", about.join(", "));
    for publisher in enrollments::list_publishers(w, campaign.campaign_id).await? {
        let notice = Notice {
            notice_id: environment.new_id(NoticeId),
            party_id: publisher.party(),
            code: NoticeCode::TermsChanged,
            object: object_of_terms(campaign.campaign_id, next.version),
            text: text.clone(),
            seen_at_ms: None,
        };
        notices::insert(w, &notice).await?;
    }
    Ok(())
}
