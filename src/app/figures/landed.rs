//! Do the clicks arrive? Landed clicks beside links, campaigns and publishers, the quality of publishers' clicks, and
//! the warning of a campaign whose clicks arrive nowhere.

use std::collections::HashMap;

use leptos::prelude::*;

use super::parts::DASH;
use crate::app::error::ApiError;
use crate::app::ui::Icon;
use crate::domain::click::ClickReason;
use crate::domain::ids::{AdvertiserId, CampaignId};
use crate::domain::party::{Acting, Viewer};
use crate::domain::report::{ClickFigures, Dimension, Ratio};
use crate::domain::time::{DAY_MS, Timestamp};
use crate::reports::ReportQuery;
use crate::reports::figures::{Row, ranked};
use crate::store::landings::{self, Gestures, SilentCampaign};
use crate::store::{Conn, StoreError};

/// The head of the column, which says the period, too.
pub const LANDED_HEAD: &str = "Landed, 30 days";
/// The days of the default report, and of the gestures beside it.
const DAYS: i64 = 30;
/// A campaign is warned about when more clicks than this have an id and none has landed in a day.
const SILENT_CLICKS_MAX: i64 = 20;

/// `18 of 25, 72.0 %`: of the clicks with an id.
fn landed_text(clicks: &ClickFigures) -> String {
    if clicks.with_id == 0 {
        return DASH.to_owned();
    }
    format!("{} of {}, {}", clicks.landed, clicks.with_id, clicks.landing_rate().percent())
}

/// What the viewer's rows of a dimension say of the last 30 days.
pub struct Landed(HashMap<i64, String>);

impl Landed {
    pub async fn load(conn: &mut Conn, viewer: &Viewer, by: Dimension, now: Timestamp) -> Result<Self, StoreError> {
        let rows = ranked(conn, viewer, &ReportQuery::default(), by, now).await?;
        Ok(Self(rows.into_iter().map(|row| (row.key, landed_text(&row.figures.clicks))).collect()))
    }

    /// Of one row; a dash where it had no click.
    pub fn of(&self, key: i64) -> String {
        self.0.get(&key).cloned().unwrap_or_else(|| DASH.to_owned())
    }
}

/// The publishers of the viewer's campaigns, or of the network, by what their clicks were in the last 30 days.
pub async fn quality(conn: &mut Conn, viewer: &Viewer, now: Timestamp) -> Result<AnyView, ApiError> {
    let first_day = now.utc_day() + 1 - DAYS;
    let gestures = match viewer.acting {
        Acting::Advertiser(advertiser) => landings::gestures_of_advertiser(conn, advertiser, first_day).await?,
        Acting::Admin => landings::gestures(conn, first_day).await?,
        Acting::Publisher(_) => return Err(ApiError::Forbidden),
    };
    let rows = ranked(conn, viewer, &ReportQuery::default(), Dimension::Publisher, now).await?;
    let gestures: HashMap<i64, Gestures> = gestures.into_iter().map(|one| (one.publisher_id.0, one)).collect();
    let named = rows.iter().filter(|row| row.key != 0);
    let rows: Vec<AnyView> = named.map(|row| quality_row(row, gestures.get(&row.key))).collect();
    let content = if rows.is_empty() {
        view! { <p class="muted">"No publisher sent a click in the last 30 days."</p> }.into_any()
    } else {
        quality_table(rows)
    };
    Ok(view! {
        <section class="section">
            <h2>"Quality of clicks, last 30 days"</h2>
            {content}
        </section>
    }
    .into_any())
}

fn quality_table(rows: Vec<AnyView>) -> AnyView {
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label="Quality of clicks">
            <table class="data">
                <thead>
                    <tr>
                        <th scope="col">"Publisher"</th>
                        <th scope="col" class="num">"Gross clicks"</th>
                        <th scope="col" class="num">"Landed"</th>
                        <th scope="col" class="num">"With a gesture"</th>
                        <th scope="col" class="num">"Invalid"</th>
                        <th scope="col" class="num">"Without consent"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <p class="hint">
            "Landed: of the clicks that carry an id, those that the advertiser's page saw arrive. With a gesture: of the \
            clicks whose browser says it, those that a person pressed; a script or a pop-up opened the others, which count all \
            the same."
        </p>
    }
    .into_any()
}

fn quality_row(row: &Row, gestures: Option<&Gestures>) -> AnyView {
    let clicks = &row.figures.clicks;
    let gesture = gestures.map_or_else(
        || DASH.to_owned(),
        |one| {
            let share = Ratio { numerator: one.gestures, denominator: one.clicks };
            format!("{} of {}, {}", one.gestures, one.clicks, share.percent())
        },
    );
    let invalid = Ratio { numerator: clicks.invalid, denominator: clicks.gross() };
    let without_consent = row.figures.invalid.get(&ClickReason::ConsentDenied).copied().unwrap_or(0);
    view! {
        <tr>
            <th scope="row">{row.name.clone()}</th>
            <td class="num" data-label="Gross clicks">{clicks.gross()}</td>
            <td class="num" data-label="Landed">{landed_text(clicks)}</td>
            <td class="num" data-label="With a gesture">{gesture}</td>
            <td class="num" data-label="Invalid">{invalid.percent()}</td>
            <td class="num" data-label="Without consent">{without_consent}</td>
        </tr>
    }
    .into_any()
}

/// A note for each of the advertiser's campaigns whose clicks arrive nowhere; for one campaign, or for all.
pub async fn silence(
    conn: &mut Conn,
    advertiser: AdvertiserId,
    campaign: Option<CampaignId>,
    now: Timestamp,
) -> Result<Vec<AnyView>, StoreError> {
    let all = landings::silent_campaigns(conn, advertiser, now.plus_ms(-DAY_MS), SILENT_CLICKS_MAX).await?;
    let wanted = all.into_iter().filter(|one| campaign.is_none_or(|id| id == one.campaign_id));
    Ok(wanted.map(silence_note).collect())
}

fn silence_note(silent: SilentCampaign) -> AnyView {
    let href = format!("/advertiser/campaigns/{}/integration", silent.campaign_id);
    let text = format!(
        "{}: none of {} clicks of the last 24 hours has landed. Is the script on your landing page? ",
        silent.name, silent.clicks
    );
    view! {
        <div class="flash flash-problem" role="note">
            <Icon name="alert-triangle"/>
            <span>{text}<a href=href>"Check the integration"</a></span>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn landed_is_of_the_clicks_with_an_id() {
        let clicks = ClickFigures { unique: 20, duplicate: 5, invalid: 9, with_id: 25, landed: 18 };
        assert_eq!(landed_text(&clicks), "18 of 25, 72.0 %");
        assert_eq!(landed_text(&ClickFigures { invalid: 3, ..ClickFigures::default() }), "\u{2013}");
    }
}
