//! Where a publisher's links may lead, told in sentences.

use crate::domain::link::{AllowedHosts, DestinationRefused, check_destination, unknown_macros};
use crate::domain::site::BaseUrl;
use crate::store::campaigns::Campaign;

/// The campaign's hosts; what is stored was checked when it was entered.
pub fn hosts_of(campaign: &Campaign, base_url: &BaseUrl) -> AllowedHosts {
    AllowedHosts::parse(&campaign.allowed_hosts, base_url.is_development()).unwrap_or_default()
}

/// For people: `shop.example, www.shop.example`.
pub fn hosts_text(campaign: &Campaign) -> String {
    campaign.allowed_hosts.lines().collect::<Vec<_>>().join(", ")
}

/// A deep link as it is stored: as it was typed, since its macros are replaced at each click.
/// Empty is the landing page.
///
/// # Errors
/// A sentence that names the allowed hosts.
pub fn read_deep_link(text: &str, campaign: &Campaign, base_url: &BaseUrl) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let checked = match text.chars().any(char::is_control) {
        true => Err(DestinationRefused::NotAUrl),
        false => check_destination(text, &hosts_of(campaign, base_url)).map(drop),
    };
    let refusal = |refused| format!("A link cannot lead there ({refused}). Allowed hosts: {}.", hosts_text(campaign));
    checked.map(|()| text.to_owned()).map_err(refusal)
}

/// The macros that stay as they are, in a sentence; nothing where all are known.
pub fn macro_warning(destination: &str) -> Option<String> {
    let unknown: Vec<String> = unknown_macros(destination).iter().map(|name| format!("{{{name}}}")).collect();
    let (verb, noun) = if unknown.len() == 1 { ("is", "macro") } else { ("are", "macros") };
    let names = unknown.join(", ");
    (!unknown.is_empty()).then(|| format!("{names} {verb} no {noun} of this network and will stay as typed."))
}
