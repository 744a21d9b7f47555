//! The quality rules of a campaign or of the network: what each took from the clicks and held of the conversions in the
//! last 30 days, before and after it, and what another limit would have held (domain.md section 10).

use leptos::prelude::*;

use crate::app::error::ApiError;
use crate::app::page::{Request, zone_of};
use crate::app::ui::ReasonLink;
use crate::domain::click::ClickReason;
use crate::domain::conversion::ConversionState;
use crate::domain::ids::{AdvertiserId, CampaignId};
use crate::domain::party::{Acting, Viewer};
use crate::domain::reason::ReasonCode;
use crate::domain::report::Dimension;
use crate::domain::time::{HOUR_MS, SECOND_MS, Timestamp};
use crate::reports::ReportQuery;
use crate::reports::figures::{Figures, ranked, sum};
use crate::store::holds::{self, Delay, HoldCount};
use crate::store::{Conn, StoreError};

/// Nobody calls a conversion too fast that comes later than this.
const LIMIT_MAX_SECONDS: i64 = HOUR_MS / SECOND_MS;

/// What the page is about.
pub enum Scope {
    Network,
    /// One campaign of the advertiser, with the limit of its current terms.
    Campaign {
        advertiser: AdvertiserId,
        campaign: CampaignId,
        too_fast_ms: i64,
    },
}

impl Scope {
    async fn holds(&self, conn: &mut Conn, since: Timestamp) -> Result<Vec<HoldCount>, StoreError> {
        match self {
            Self::Network => holds::counts(conn, since).await,
            Self::Campaign { advertiser, campaign, .. } => {
                holds::counts_of_advertiser(conn, *advertiser, *campaign, since).await
            }
        }
    }

    async fn delays(&self, conn: &mut Conn, since: Timestamp) -> Result<Vec<Delay>, StoreError> {
        match self {
            Self::Network => holds::delays(conn, since, HOUR_MS).await,
            Self::Campaign { advertiser, campaign, .. } => {
                holds::delays_of_advertiser(conn, *advertiser, *campaign, since, HOUR_MS).await
            }
        }
    }
}

/// The page below its head.
pub async fn quality_rules(
    conn: &mut Conn,
    request: &Request,
    viewer: &Viewer,
    scope: Scope,
) -> Result<AnyView, ApiError> {
    let campaign = match (&scope, viewer.acting) {
        (Scope::Campaign { campaign, .. }, Acting::Advertiser(_)) => Some(*campaign),
        (Scope::Network, Acting::Admin) => None,
        _ => return Err(ApiError::Forbidden),
    };
    let query = ReportQuery { campaign, ..ReportQuery::default() };
    let zone = zone_of(viewer);
    let since = zone.start_of(query.days(&zone, request.now).0);
    let figures = sum(&ranked(conn, viewer, &query, Dimension::Campaign, request.now).await?);
    let held = scope.holds(conn, since).await?;
    let delays = scope.delays(conn, since).await?;
    Ok(view! {
        {clicks(&figures)}
        {conversions(&figures, &held)}
        {back_test(request, &scope, &delays)}
    }
    .into_any())
}

/// A count that is taken away.
fn taken(count: i64) -> String {
    if count == 0 { "0".to_owned() } else { format!("\u{2212}{count}") }
}

/// From gross clicks, rule by rule, to those that count.
fn clicks(figures: &Figures) -> AnyView {
    let count = |reason: &ClickReason| figures.invalid.get(reason).copied().unwrap_or(0);
    let rows: Vec<_> = ClickReason::ALL
        .iter()
        .map(|reason| {
            view! {
                <tr>
                    <th scope="row">{reason.as_str().replace('_', " ")}</th>
                    <td data-label="What it finds">{reason.sentence()}</td>
                    <td class="num" data-label="Clicks">{taken(count(reason))}</td>
                </tr>
            }
        })
        .collect();
    let clicks = &figures.clicks;
    view! {
        <section class="section">
            <h2>"Clicks, last 30 days"</h2>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Rules for clicks">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"Rule"</th>
                            <th scope="col">"What it finds"</th>
                            <th scope="col" class="num">"Clicks"</th>
                        </tr>
                    </thead>
                    <tbody>
                        <tr>
                            <th scope="row">"Before"</th>
                            <td data-label="What it finds">"Gross clicks: every request to a link."</td>
                            <td class="num" data-label="Clicks">{clicks.gross()}</td>
                        </tr>
                        {rows}
                        <tr>
                            <th scope="row">"After"</th>
                            <td data-label="What it finds">
                                {format!("{} unique and {} duplicate clicks.", clicks.unique, clicks.duplicate)}
                            </td>
                            <td class="num" data-label="Clicks">{clicks.unique + clicks.duplicate}</td>
                        </tr>
                    </tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

/// What the rules held, and what became of it.
fn conversions(figures: &Figures, held: &[HoldCount]) -> AnyView {
    let all: i64 = held.iter().map(|count| count.conversions).sum();
    let rows: Vec<_> = ReasonCode::ALL.iter().filter(|code| code.is_hold()).map(|code| hold_row(*code, held)).collect();
    view! {
        <section class="section">
            <h2>"Conversions, last 30 days"</h2>
            <p>
                {format!(
                    "Before: {} conversions. Held for a person to look at: {all}. After: {} were not held.",
                    figures.conversions(),
                    figures.conversions() - all,
                )}
            </p>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Rules for conversions">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"Rule"</th>
                            <th scope="col" class="num">"Held"</th>
                            <th scope="col" class="num">"Waiting"</th>
                            <th scope="col" class="num">"Released"</th>
                            <th scope="col" class="num">"Approved"</th>
                            <th scope="col" class="num">"Rejected"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <p class="hint">
                "A rule holds; it never refuses a sale. Released: a person let it go on, with a reason; it then waits for its \
                deadline like any other."
            </p>
        </section>
    }
    .into_any()
}

fn hold_row(code: ReasonCode, held: &[HoldCount]) -> AnyView {
    use ConversionState::{Pending, Rejected, Reversed, Unattributed};
    let count = |is_in: &dyn Fn(&HoldCount) -> bool| -> i64 {
        held.iter().filter(|one| one.held_reason == code.as_str() && is_in(one)).map(|one| one.conversions).sum()
    };
    let is_lost = |one: &HoldCount| matches!(one.state, Rejected | Reversed | Unattributed);
    view! {
        <tr>
            <th scope="row"><ReasonLink code=code.as_str().to_owned()/></th>
            <td class="num" data-label="Held">{count(&|_| true)}</td>
            <td class="num" data-label="Waiting">{count(&|one| one.state == Pending && !one.is_released)}</td>
            <td class="num" data-label="Released">{count(&|one| one.state == Pending && one.is_released)}</td>
            <td class="num" data-label="Approved">{count(&|one| one.state != Pending && !is_lost(one))}</td>
            <td class="num" data-label="Rejected">{count(&is_lost)}</td>
        </tr>
    }
    .into_any()
}

/// Another limit, tried on the conversions of the last 30 days.
fn back_test(request: &Request, scope: &Scope, delays: &[Delay]) -> AnyView {
    let tried = request.query.get("seconds").and_then(|text| text.parse::<i64>().ok());
    let tried = tried.filter(|seconds| (0..=LIMIT_MAX_SECONDS).contains(seconds));
    let sooner = |limit: i64| -> i64 {
        delays.iter().filter(|delay| delay.seconds < limit).map(|delay| delay.conversions).sum()
    };
    let now = match scope {
        Scope::Campaign { too_fast_ms, .. } => {
            let limit = too_fast_ms / SECOND_MS;
            format!("With {limit} seconds, as the terms say now: {} held.", sooner(limit))
        }
        Scope::Network => "Each campaign has a limit of its own.".to_owned(),
    };
    let then = tried.map(|limit| format!("With {limit} seconds: {} held.", sooner(limit)));
    let value = tried.map(|limit| limit.to_string()).unwrap_or_default();
    view! {
        <section class="section" id="try">
            <h2>"Try another limit"</h2>
            <p>"How many conversions of the last 30 days would be held if those sooner after their click were too fast?"</p>
            <form class="range-bar" method="get" action=format!("{}#try", request.path)>
                <label>"Seconds after the click"
                    <input name="seconds" type="number" min="0" max=LIMIT_MAX_SECONDS.to_string() required value=value/>
                </label>
                <button class="btn">"Count"</button>
            </form>
            <p>{now} " " {then}</p>
        </section>
    }
    .into_any()
}
