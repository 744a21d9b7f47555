//! What a report covers, as a form: it works without scripts, and its answer is a URL.

use leptos::prelude::*;

use crate::domain::ids::CampaignId;
use crate::domain::party::PartyKind;
use crate::domain::report::{Basis, Dimension};
use crate::reports::ReportQuery;
use crate::reports::query::{Preset, Range, dimensions};
use crate::store::Conn;

fn option(value: impl ToString, word: impl Into<String>, is_selected: bool) -> AnyView {
    view! { <option value=value.to_string() selected=is_selected>{word.into()}</option> }.into_any()
}

fn range_options(query: &ReportQuery) -> Vec<AnyView> {
    let presets = Preset::ALL.iter().map(|preset| option(preset, preset.word(), query.range == Range::Preset(*preset)));
    let is_custom = matches!(query.range, Range::Custom { .. });
    presets.chain(std::iter::once(option("custom", "From \u{2026} to", is_custom))).collect()
}

pub const fn dimension_word(by: Dimension) -> &'static str {
    match by {
        Dimension::Day => "Day",
        Dimension::Campaign => "Campaign",
        Dimension::Link => "Link",
        Dimension::Creative => "Creative",
        Dimension::Publisher => "Publisher",
        Dimension::Advertiser => "Advertiser",
    }
}

/// The bar above a report. `with_rows`: whether rows can be chosen, as on the report page.
pub fn range_bar(
    path: &str,
    kind: PartyKind,
    query: &ReportQuery,
    zone: &str,
    campaigns: &[(CampaignId, String)],
    with_rows: bool,
) -> AnyView {
    let (from, to) = match query.range {
        Range::Custom { from, to } => (from.to_string(), to.to_string()),
        Range::Preset(_) => (String::new(), String::new()),
    };
    let kept = [
        ("metric", (query.metric != ReportQuery::default().metric).then(|| query.metric.to_string())),
        ("top", (query.top != ReportQuery::default().top).then(|| query.top.to_string())),
        ("link", query.link.map(|id| id.to_string())),
        ("publisher", query.publisher.map(|id| id.to_string())),
        ("creative", query.creative.map(|id| id.to_string())),
    ];
    let kept = kept
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| view! { <input type="hidden" name=name value=value/> }));
    let by = dimensions(kind).iter().map(|by| option(by, dimension_word(*by), query.by == *by)).collect::<Vec<_>>();
    let campaign_options = std::iter::once(option("", "All campaigns", query.campaign.is_none()))
        .chain(campaigns.iter().map(|(id, name)| option(id, name.clone(), query.campaign == Some(*id))));
    view! {
        <form class="range-bar" method="get" action=path.to_owned()>
            <label>"Period"<select name="range">{range_options(query)}</select></label>
            {with_rows.then(|| view! { <label>"Rows by"<select name="by">{by}</select></label> })}
            <details class="range-more">
                <summary>"Dates and filters"</summary>
                <div>
                    <label>"From"<input type="date" name="from" value=from/></label>
                    <label>"To"<input type="date" name="to" value=to/></label>
                    <label>
                        "Based on"
                        <select name="on">
                            {option(Basis::Conversion, "Conversion date", query.on == Basis::Conversion)}
                            {option(Basis::Click, "Click date", query.on == Basis::Click)}
                        </select>
                    </label>
                    <label>"Campaign"<select name="campaign">{campaign_options.collect::<Vec<_>>()}</select></label>
                </div>
            </details>
            {kept.collect::<Vec<_>>()}
            <button class="btn" type="submit">"Show"</button>
            <span class="push small muted">{format!("Days of {zone}")}</span>
        </form>
    }
    .into_any()
}

/// What a page says whose totals may lack the newest clicks.
pub fn lag_notice(conn: &Conn) -> Option<String> {
    conn.lags().then(|| {
        "The newest clicks may be missing here: they are stored, and the database takes too long to count them."
            .to_owned()
    })
}

/// What was dropped from the URL, and what else is to be said of the page, one sentence each.
pub fn notices(notices: &[String]) -> AnyView {
    let notes = notices.iter().map(|text| view! { <p class="flash" role="status"><span>{text.clone()}</span></p> });
    notes.collect::<Vec<_>>().into_any()
}

/// The filters in force, each with a link that removes it.
pub fn chips(path: &str, query: &ReportQuery, names: &Names) -> AnyView {
    let chips = [
        query.campaign.map(|_| ("campaign", names.campaign.clone(), ReportQuery { campaign: None, ..*query })),
        query.link.map(|_| ("link", names.link.clone(), ReportQuery { link: None, ..*query })),
        query.publisher.map(|_| ("publisher", names.publisher.clone(), ReportQuery { publisher: None, ..*query })),
        query.creative.map(|_| ("creative", names.creative.clone(), ReportQuery { creative: None, ..*query })),
    ];
    let chips: Vec<_> = chips.into_iter().flatten().collect();
    let shown = chips.into_iter().map(|(what, name, without)| {
        view! {
            <li>
                {format!("{what} is ")}<strong>{name}</strong>" "
                <a href=without.at(path)>"Remove"</a>
            </li>
        }
    });
    let shown = shown.collect::<Vec<_>>();
    (!shown.is_empty()).then(|| view! { <ul class="chips">{shown}</ul> }).into_any()
}

/// The names of what a report is narrowed to.
#[derive(Default)]
pub struct Names {
    pub campaign: String,
    pub link: String,
    pub publisher: String,
    pub creative: String,
}
