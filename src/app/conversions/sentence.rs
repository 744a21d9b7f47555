//! Where a conversion stands, as a sentence with a date.

use crate::domain::click_pay;
use crate::domain::conversion::ConversionState;
use crate::domain::reason::{ReasonCode, RejectReason};
use crate::domain::review::{ReviewStage, Standing, StepRefused, closed_at, handed_over_at, review_stage};
use crate::domain::time::{DAY_MS, Timestamp, Zone};
use crate::settlement::review::standing;
use crate::store::conversion_lists::Listed;

/// What happened to it, when, and what comes next.
pub fn sentence(row: &Listed, zone: &Zone, now: Timestamp) -> String {
    let conversion = &row.conversion;
    let changed = row.latest_event_id.map_or(conversion.converted_at_ms, |event| event.time());
    let since = zone.show(changed);
    match conversion.state {
        ConversionState::Unattributed => code_sentence(conversion.reason.as_deref()),
        ConversionState::Pending => {
            let deadline = conversion.converted_at_ms.plus_ms(row.validation_days * DAY_MS);
            let handed_over_at = row.handed_over_id.map(|id| id.time());
            let standing = standing(conversion, deadline).map(|known| Standing { handed_over_at, ..known });
            let told = standing.map_or_else(|error| error.to_string(), |it| pending(&it, zone, now));
            match click_pay::check_over(&conversion.event, conversion.converted_at_ms, now) {
                Err(StepRefused::DayNotOver(until)) => format!("Counts clicks until {}. {told}", zone.show(until)),
                _ => told,
            }
        }
        ConversionState::Approved => {
            let hold_end = changed.plus_ms(row.hold_days * DAY_MS);
            let hold =
                if row.hold_days > 0 { format!(" and held until {}", zone.show(hold_end)) } else { String::new() };
            format!("Approved on {since}{hold}; payable once the advertiser's payment covers it.")
        }
        ConversionState::Payable => format!("Payable since {since}; a payout run may take it."),
        ConversionState::InPayout => format!("In a payout that was approved on {since}."),
        ConversionState::Paid => match row.payout_reference.as_deref() {
            Some(reference) if !reference.is_empty() => format!("Paid on {since}, reference {reference}."),
            _ => format!("Paid on {since}."),
        },
        ConversionState::Rejected => format!("Rejected on {since}: {}.", reject_reason(conversion.reason.as_deref())),
        ConversionState::Reversed => format!("Reversed on {since}: {}.", reject_reason(conversion.reason.as_deref())),
    }
}

fn pending(standing: &Standing, zone: &Zone, now: Timestamp) -> String {
    let stage = review_stage(standing, now);
    let next_hand_over = if stage == ReviewStage::Network { now } else { handed_over_at(standing) };
    let end = closed_at(standing, standing.handed_over_at.unwrap_or(next_hand_over));
    let (deadline, end) = (zone.show(standing.deadline_at), zone.show(end));
    match (stage, standing.held_reason) {
        (ReviewStage::Network, _) => {
            format!("Not reviewed by {deadline}: the network decides. Undecided on {end}, it is rejected.")
        }
        (ReviewStage::Advertiser, _) => {
            format!("Not reviewed by {deadline}: the advertiser must decide. Undecided on {end}, it is rejected.")
        }
        (ReviewStage::Waiting, Some(held)) => format!("{} To be reviewed by {deadline}.", held.sentence()),
        (ReviewStage::Waiting, None) if standing.badge.is_trusted() => {
            format!("Approved by itself on {deadline}, unless it is rejected before.")
        }
        (ReviewStage::Waiting, None) => format!("The advertiser has until {deadline} to review it."),
    }
}

fn code_sentence(code: Option<&str>) -> String {
    let code = code.and_then(|code| code.parse::<ReasonCode>().ok());
    code.map_or("It belongs to nobody yet.", ReasonCode::sentence).to_owned()
}

fn reject_reason(code: Option<&str>) -> &'static str {
    let code = code.and_then(|code| code.parse::<RejectReason>().ok());
    code.map_or("no reason is stored", RejectReason::sentence)
}
