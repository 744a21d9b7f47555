//! Every publisher of a campaign is told what other terms change, and what was announced and does not begin (domain.md
//! section 5).

use crate::domain::environment::Environment;
use crate::domain::ids::NoticeId;
use crate::domain::notice::{NoticeCode, object_of_terms};
use crate::domain::schedule;
use crate::domain::terms::Terms;
use crate::domain::time::{Timestamp, Zone};
use crate::store::campaigns::Campaign;
use crate::store::notices::{self, Notice};
use crate::store::{StoreError, Writer, enrollments};

/// In the transaction of the version `next`, which follows `versions`: for each publisher once. Nothing where publishers
/// are promised the same, and nothing that they were told of before is taken back.
pub async fn tell_publishers(
    w: &mut Writer,
    environment: &Environment,
    campaign: &Campaign,
    versions: &[Terms],
    next: &Terms,
) -> Result<(), StoreError> {
    let Some(text) = told(&campaign.name, versions, next) else { return Ok(()) };
    let publishers = enrollments::list_publishers(w, campaign.campaign_id).await?;
    let notices = publishers.into_iter().map(|publisher| Notice {
        notice_id: environment.new_id(NoticeId),
        party_id: publisher.party(),
        code: NoticeCode::TermsChanged,
        object: object_of_terms(campaign.campaign_id, next.version),
        text: text.clone(),
        seen_at_ms: None,
    });
    notices::insert_batch(w, &notices.collect::<Vec<_>>()).await
}

/// Beside what holds until `next` begins, as the campaign's page shows it.
fn told(campaign: &str, versions: &[Terms], next: &Terms) -> Option<String> {
    let changes = schedule::held_until(versions, next).map(|before| before.changes(next)).unwrap_or_default();
    let taken_back = schedule::taken_back(versions, next);
    if changes.is_empty() && taken_back.is_empty() {
        return None;
    }
    let shown = |at: Timestamp| format!("{} UTC", Zone::UTC.show(at));
    let (version, begin) = (next.version, shown(next.starts_at));
    let mut sentences = if changes.is_empty() {
        vec![format!(
            "Version {version} of the terms of {campaign}, for clicks from {begin} on, changes nothing of what you are \
            promised until then."
        )]
    } else {
        let about: Vec<String> = changes.iter().map(|change| change.about.to_lowercase()).collect();
        let first = NoticeCode::TermsChanged.sentence(&version.to_string(), campaign);
        vec![first, format!("It is for clicks from {begin} on: {}.", about.join(", "))]
    };
    for terms in taken_back {
        let (version, begin) = (terms.version, shown(terms.starts_at));
        sentences.push(format!("Version {version}, announced for {begin}, does not begin."));
    }
    Some(sentences.join(" "))
}
