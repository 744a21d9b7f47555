//! What pages and server functions work with; given to each request by the router.

use std::sync::Arc;

use crate::auth::members::Admission;
use crate::auth::password::Passwords;
use crate::auth::throttle::Throttle;
use crate::domain::environment::Environment;
use crate::domain::ids::MemberId;
use crate::domain::party::PartyKind;
use crate::domain::secret::SecretKey;
use crate::domain::site::BaseUrl;
use crate::settlement::payout::PayoutSettings;
use crate::store::Store;
use crate::store::campaigns::Campaign;
use crate::tracking::by_hand::Hand;

/// Somebody in the demo, as whom its visitors may log in by one press.
#[derive(Debug, Clone)]
pub struct DemoLogin {
    pub kind: PartyKind,
    /// The company, and who of it.
    pub party: String,
    pub name: String,
    pub email: String,
    pub password: String,
}

#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub environment: Environment,
    pub passwords: Passwords,
    pub throttle: Arc<Throttle>,
    pub secret_key: SecretKey,
    pub base_url: BaseUrl,
    /// Where links are followed and orders reported: the same, unless tracking has a host of its own.
    pub tracking_url: BaseUrl,
    pub admission: Admission,
    pub payout: PayoutSettings,
    /// The demo's members, shown on its log-in page.
    pub demo_logins: Arc<[DemoLogin]>,
    /// The folder of the assets: `/pkg/{version}`.
    pub assets: Arc<str>,
}

impl App {
    /// A member's hand, with which reports of a campaign are sent from the pages.
    pub const fn hand<'a>(&'a self, member_id: MemberId, campaign: &'a Campaign) -> Hand<'a> {
        Hand {
            store: &self.store,
            environment: &self.environment,
            secret_key: &self.secret_key,
            base_url: &self.base_url,
            member_id,
            campaign,
        }
    }
}
