//! A report on its way in, and what recording it needs.

use crate::domain::click_token::ClickList;
use crate::domain::conversion_report::ReportFields;
use crate::domain::environment::Environment;
use crate::domain::ids::{AttemptId, MemberId};
use crate::domain::secret::SecretKey;
use crate::domain::site::BaseUrl;
use crate::store::Store;

/// What recording a report needs of the network.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub store: &'a Store,
    pub environment: &'a Environment,
    pub secret_key: &'a SecretKey,
    pub base_url: &'a BaseUrl,
    /// New orders of a campaign and UTC day that unverified reports may make.
    pub unverified_per_day_max: i64,
}

/// A report as it came in, without its secrets.
pub struct Report {
    /// `postback`, `pixel` or `api`; `replay`, `test` or `upload` by hand.
    pub endpoint: &'static str,
    pub method: String,
    pub query: String,
    pub body: String,
    pub fields: ReportFields,
    /// The campaign's cookie beside a pixel.
    pub cookie: ClickList,
    /// Where no program sent it, but a person.
    pub by_hand: Option<ByHand>,
}

/// Who sent a report from the pages, and which stored request again.
#[derive(Debug, Clone, Copy)]
pub struct ByHand {
    pub member_id: MemberId,
    pub replay_of: Option<AttemptId>,
}
