//! The cookie of a campaign: this browser's click ids, newest first (domain.md section 2).

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

use crate::domain::click_token::{ClickList, campaign_of_cookie, cookie_name};
use crate::domain::ids::CampaignId;

/// As many campaigns as one browser keeps cookies of.
const COOKIES_MAX: usize = 40;

/// Every tracking cookie of a request.
pub fn read_all(headers: &HeaderMap, is_secure: bool) -> Vec<(CampaignId, ClickList)> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs
        .filter_map(|(name, value)| Some((campaign_of_cookie(name, is_secure)?, ClickList::parse(value))))
        .filter(|(_, list)| !list.tokens().is_empty())
        .collect()
}

/// The cookie of one campaign; empty where there is none.
pub fn read(headers: &HeaderMap, is_secure: bool, campaign: CampaignId) -> ClickList {
    let all = read_all(headers, is_secure);
    all.into_iter().find(|(id, _)| *id == campaign).map(|(_, list)| list).unwrap_or_default()
}

/// `SameSite=None`, because the pixel on the advertiser's page is a cross-site request. It needs `Secure`, which
/// browsers take from localhost, too.
fn write(is_secure: bool, campaign: CampaignId, value: &str, max_age_seconds: i64) -> String {
    let name = cookie_name(is_secure, campaign);
    format!("{name}={value}; Max-Age={max_age_seconds}; Path=/; Secure; HttpOnly; SameSite=None")
}

/// The `Set-Cookie` lines of a click: its campaign's cookie, and the end of those that are too many, oldest first.
pub fn set(
    is_secure: bool,
    campaign: CampaignId,
    list: &ClickList,
    max_age_seconds: i64,
    others: Vec<(CampaignId, ClickList)>,
) -> Vec<String> {
    let mut lines = vec![write(is_secure, campaign, &list.to_string(), max_age_seconds)];
    let newest = |list: &ClickList| list.tokens().iter().map(|token| token.click_id).max();
    let mut others: Vec<_> = others.into_iter().filter(|(id, _)| *id != campaign).collect();
    others.sort_by_key(|(_, list)| newest(list));
    let too_many = (others.len() + 1).saturating_sub(COOKIES_MAX);
    lines.extend(others.into_iter().take(too_many).map(|(id, _)| write(is_secure, id, "", 0)));
    lines
}
