//! Where links lead, in memory: a redirect reads no database once a link is known.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::campaign::CampaignState;
use crate::domain::click::ClickReason;
use crate::domain::enrollment::EnrollmentState;
use crate::domain::ids::{AdvertiserId, CampaignId, LinkId, PublisherId};
use crate::domain::link::{AllowedHosts, Slug, SubIds};
use crate::domain::party::PartyState;
use crate::domain::report::Reader;
use crate::domain::time::{Timestamp, Zone};
use crate::store::links::{self, LinkRoute};
use crate::store::terms::{self, TermsStart};
use crate::store::{Conn, Store, StoreError};

/// Links kept at most; beyond that all are read again, a few a second at the worst.
const LINKS_MAX: usize = 200_000;

/// Everything that a redirect needs to know of a link.
#[derive(Debug, Clone)]
pub struct Target {
    pub link_id: LinkId,
    pub campaign_id: CampaignId,
    pub publisher_id: PublisherId,
    pub advertiser_id: AdvertiserId,
    /// The saved destination; empty: the landing page. May hold macros.
    pub destination: String,
    pub sub_ids: SubIds,
    pub landing_url: String,
    pub landing_parameter: String,
    pub allowed_hosts: AllowedHosts,
    /// Where visitors go while it takes no clicks; empty: the landing page. May hold macros.
    pub fallback: String,
    /// Why no click counts, whatever the time; see [`Target::inactive_at`].
    inactive: Option<ClickReason>,
    expires_at: Option<Timestamp>,
    /// All of the campaign's, newest first: a clock may be set back, or be behind another process's; see
    /// [`Target::terms_at`].
    terms: Vec<TermsStart>,
    /// Whose totals a click on it counts in.
    pub readers: Arc<[Reader]>,
}

impl Target {
    fn new(route: LinkRoute, terms: Vec<TermsStart>, is_development: bool) -> Self {
        let readers = readers_of(&route);
        Self {
            inactive: inactive(&route),
            expires_at: route.expires_at_ms,
            fallback: route.fallback,
            link_id: route.link_id,
            campaign_id: route.campaign_id,
            publisher_id: route.publisher_id,
            advertiser_id: route.advertiser_id,
            destination: route.destination,
            sub_ids: route.subs.into(),
            landing_url: route.landing_url,
            landing_parameter: route.landing_parameter,
            // Checked when the campaign was saved; a list that cannot be read allows nothing.
            allowed_hosts: AllowedHosts::parse(&route.allowed_hosts, is_development).unwrap_or_default(),
            terms,
            readers: Arc::new(readers),
        }
    }

    /// The version of the terms that a click at this moment keeps.
    ///
    /// # Panics
    /// Without any: a campaign is stored with its first version.
    pub fn terms_at(&self, at: Timestamp) -> TermsStart {
        let begun = self.terms.iter().find(|terms| terms.starts_at_ms <= at);
        *begun.or(self.terms.last()).expect("a campaign has terms")
    }

    /// Why a click at this moment cannot count.
    pub fn inactive_at(&self, now: Timestamp) -> Option<ClickReason> {
        let is_over = self.expires_at.is_some_and(|end| now >= end);
        self.inactive.or(is_over.then_some(ClickReason::LinkExpired))
    }
}

/// Whose totals a click on this link counts in.
pub fn readers_of(route: &LinkRoute) -> [Reader; 3] {
    let zone = |name: &str| Zone::parse(name).unwrap_or(Zone::UTC);
    [
        Reader::network(),
        Reader { party_id: route.advertiser_id.party(), zone: zone(&route.advertiser_zone) },
        Reader { party_id: route.publisher_id.party(), zone: zone(&route.publisher_zone) },
    ]
}

/// Why a click on this link cannot count at any time, the first reason that applies.
fn inactive(route: &LinkRoute) -> Option<ClickReason> {
    let enrolled = route.enrollment_state.is_some_and(EnrollmentState::takes_clicks);
    let reasons = [
        (!route.is_active, ClickReason::LinkInactive),
        (!CampaignState::takes_clicks(route.campaign_state), ClickReason::CampaignInactive),
        // The campaigns of an advertiser that is not admitted stand still.
        (route.advertiser_state != PartyState::Admitted, ClickReason::CampaignInactive),
        (route.publisher_state != PartyState::Admitted, ClickReason::PublisherInactive),
        (!enrolled, ClickReason::NotEnrolled),
    ];
    reasons.into_iter().find_map(|(holds, reason)| holds.then_some(reason))
}

type Known = HashMap<Box<str>, Arc<Target>>;

/// The links that were asked for since routes last changed.
pub struct LinkCache {
    store: Store,
    is_development: bool,
    known: RwLock<Known>,
    /// The state of the routes that `known` is made from.
    version: AtomicU64,
}

impl LinkCache {
    pub fn new(store: Store, is_development: bool) -> Self {
        Self { store, is_development, known: RwLock::default(), version: AtomicU64::new(0) }
    }

    /// The link of a slug; nothing where there is none.
    pub async fn find(&self, slug: &str) -> Result<Option<Arc<Target>>, StoreError> {
        // What has not the shape of a slug is asked of nobody: other keys of the cache are no slugs, and a NUL is no
        // text for PostgreSQL.
        if slug.parse::<Slug>().is_err() {
            return Ok(None);
        }
        let version = self.store.changes().routes_version();
        if version == self.version.load(Ordering::Acquire)
            && let Some(target) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(slug)
        {
            return Ok(Some(target.clone()));
        }
        let mut conn = self.store.read().await?;
        let Some(route) = links::find_route(&mut conn, slug).await? else { return Ok(None) };
        let target = self.target(&mut conn, route).await?;
        self.keep(slug, &target, version);
        Ok(Some(target))
    }

    /// The link of an id, for links that were built by hand: it is the default link of an enrollment.
    pub async fn find_default(
        &self,
        campaign: CampaignId,
        publisher: PublisherId,
    ) -> Result<Option<Arc<Target>>, StoreError> {
        let name = format!("{campaign}/{publisher}");
        let version = self.store.changes().routes_version();
        if version == self.version.load(Ordering::Acquire)
            && let Some(target) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(name.as_str())
        {
            return Ok(Some(target.clone()));
        }
        let mut conn = self.store.read().await?;
        let enrollment = crate::store::enrollments::find(&mut conn, publisher, campaign).await?;
        let Some(enrollment) = enrollment else { return Ok(None) };
        let Some(route) = links::find_route_by_id(&mut conn, enrollment.default_link_id).await? else {
            return Ok(None);
        };
        let target = self.target(&mut conn, route).await?;
        self.keep(&name, &target, version);
        Ok(Some(target))
    }

    /// The link that a click id names.
    pub async fn find_by_id(&self, id: LinkId) -> Result<Option<Arc<Target>>, StoreError> {
        let name = format!("#{id}");
        let version = self.store.changes().routes_version();
        if version == self.version.load(Ordering::Acquire)
            && let Some(target) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(name.as_str())
        {
            return Ok(Some(target.clone()));
        }
        let mut conn = self.store.read().await?;
        let Some(route) = links::find_route_by_id(&mut conn, id).await? else { return Ok(None) };
        let target = self.target(&mut conn, route).await?;
        self.keep(&name, &target, version);
        Ok(Some(target))
    }

    async fn target(&self, conn: &mut Conn, route: LinkRoute) -> Result<Arc<Target>, StoreError> {
        let terms = terms::starts(conn, route.campaign_id).await?;
        Ok(Arc::new(Target::new(route, terms, self.is_development)))
    }

    /// Keeps what was read when the routes were at `version`, unless they changed since.
    fn keep(&self, name: &str, target: &Arc<Target>, version: u64) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let current = self.store.changes().routes_version();
        if self.version.load(Ordering::Acquire) != current || known.len() >= LINKS_MAX {
            known.clear();
            self.version.store(current, Ordering::Release);
        }
        if version == current {
            known.insert(name.into(), target.clone());
        }
    }
}
