//! What was taken back of the order, and the forms of those who may take something back.

use leptos::prelude::*;

use super::sheet::moment;
use crate::app::api::refund::{RefundConversion, ReverseConversion};
use crate::app::page::{Request, zone_of};
use crate::app::ui::{Field, Hidden, Select, Submit};
use crate::domain::conversion::ConversionState;
use crate::domain::ids::ConversionId;
use crate::domain::money::Money;
use crate::domain::party::{PartyKind, Viewer};
use crate::domain::reason::RejectReason;
use crate::domain::receipt::ReceiptField;
use crate::domain::time::Zone;
use crate::reports::receipt::{Receipt, RefundShown};
use crate::settlement::refund::{Became, Booked, Preview};
use crate::store::conversions::Conversion;

/// The address of a conversion's receipt.
pub fn page_of(id: ConversionId) -> String {
    format!("/receipts/{id}")
}

/// What a refund would do, before it is asked for.
pub fn refund_told(preview: &Preview, money: Money) -> String {
    let conversion = &preview.conversion;
    let [commission, fee] =
        [conversion.commission_minor, conversion.fee_minor].map(|minor| Money::new(minor, conversion.currency));
    let left = if preview.is_everything { "nothing".to_owned() } else { preview.left.to_string() };
    let after = match conversion.state {
        ConversionState::InPayout => " It waits until the payout has ended.",
        ConversionState::Paid => {
            " The publisher has been paid: it owes the difference, which is kept from its next payout."
        }
        ConversionState::Pending if preview.is_everything => " The conversion is rejected then.",
        ConversionState::Approved | ConversionState::Payable if preview.is_everything => {
            " The conversion is reversed then."
        }
        _ => "",
    };
    format!(
        "Nothing is taken back yet. A refund of {money} leaves {left}: commission {commission} becomes {}, network fee {fee} \
         becomes {}.{after}",
        preview.commission, preview.fee
    )
}

/// What became of a refund, for the person who asked.
pub fn said_of_refund(booked: &Booked, money: Money) -> String {
    let now = booked.conversion.as_ref();
    match booked.became {
        Became::Known => "This refund was taken back before: nothing has changed.".to_owned(),
        Became::Waits => format!("{money} is taken back as soon as the payout has ended."),
        Became::Applied => {
            let worth = now.map(|now| Money::new(now.event_worth().commission_minor, now.currency).to_string());
            format!("{money} is taken back: the commission is {} now.", worth.unwrap_or_default())
        }
    }
}

/// Every refund of the order, whenever it came; nothing where there is none.
pub fn refunds(receipt: &Receipt, viewer: &Viewer) -> AnyView {
    if receipt.refunds.is_empty() {
        return ().into_any();
    }
    let zone = zone_of(viewer);
    let kind = viewer.acting.kind();
    let rows: Vec<_> = receipt.refunds.iter().map(|shown| row(shown, &receipt.conversion, kind, &zone)).collect();
    view! {
        <section class="section">
            <h2>"Refunds"</h2>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Refunds">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"Asked for"</th>
                            <th scope="col" class="num">"Amount"</th>
                            <th scope="col">"Why"</th>
                            <th scope="col">"What it did"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn row(shown: &RefundShown, conversion: &Conversion, kind: PartyKind, zone: &Zone) -> AnyView {
    let refund = &shown.refund;
    let reference = if ReceiptField::Request.is_whole(kind) {
        format!("reference {}", refund.reference).into_any()
    } else {
        view! { "reference "<span class="hidden-field">"hidden from you"</span> }.into_any()
    };
    let note = (!refund.note.is_empty()).then(|| format!(" \u{201c}{}\u{201d}", refund.note));
    view! {
        <tr>
            <th scope="row">{moment(zone, refund.refund_id.time())}<span class="sub">{reference}</span></th>
            <td class="num money" data-label="Amount">{refund.money().to_string()}</td>
            <td data-label="Why"><span>{refund.reason.sentence()}{note}</span></td>
            <td data-label="What it did">{did(shown, conversion, zone)}</td>
        </tr>
    }
    .into_any()
}

/// With a date, where it counts.
fn did(shown: &RefundShown, conversion: &Conversion, zone: &Zone) -> String {
    let Some(step) = &shown.step else {
        return match conversion.state {
            ConversionState::InPayout => "It waits until the payout has ended.".to_owned(),
            ConversionState::Rejected | ConversionState::Reversed => "There was nothing left to take back.".to_owned(),
            _ => "It is about to be taken back.".to_owned(),
        };
    };
    let on = zone.show(step.at);
    let money = |minor| Money::new(minor, conversion.currency);
    match (step.worth_before, step.worth_after) {
        (Some(before), Some(after)) => {
            let [before, after] = [before, after].map(|worth| money(worth.commission_minor));
            format!("Commission {before} became {after} on {on}.")
        }
        _ => format!("It came before its sale, which counts less it since {on}."),
    }
}

/// Reasons to choose from.
fn reasons() -> Vec<(String, String)> {
    let reasons = RejectReason::ALL.iter().map(|reason| (reason.as_str().to_owned(), reason.sentence().to_owned()));
    [(String::new(), "choose one".to_owned())].into_iter().chain(reasons).collect()
}

/// For its advertiser and for admins, while there is something to take back.
pub fn forms(request: &Request, receipt: &Receipt, viewer: &Viewer) -> AnyView {
    let conversion = &receipt.conversion;
    let is_ended = matches!(conversion.state, ConversionState::Rejected | ConversionState::Reversed);
    if viewer.acting.kind() == PartyKind::Publisher || !viewer.is_admitted() || is_ended {
        return ().into_any();
    }
    let kind = viewer.acting.kind().as_str();
    let can_reverse =
        matches!(conversion.state, ConversionState::Approved | ConversionState::Payable | ConversionState::Paid);
    let amount = conversion.amount_minor.filter(|minor| *minor > 0);
    view! {
        <section class="section" id="refund">
            <h2>"Take something back"</h2>
            {amount.map(|minor| refund_form(request, receipt, kind, Money::new(minor, conversion.currency)))}
            {can_reverse.then(|| reverse_form(request, conversion, kind))}
            {(amount.is_none() && !can_reverse).then(|| view! {
                <p class="muted">"Nothing can be taken back now. What is pending can be rejected on the page of conversions."</p>
            })}
        </section>
    }
    .into_any()
}

fn refund_form(request: &Request, receipt: &Receipt, kind: &'static str, left: Money) -> AnyView {
    let action = ServerAction::<RefundConversion>::new();
    let conversion = &receipt.conversion;
    let [commission, fee] =
        [conversion.commission_minor, conversion.fee_minor].map(|minor| Money::new(minor, conversion.currency));
    let hint =
        format!("Of the {left} that are left. They earn a commission of {commission} and a network fee of {fee} now.");
    // The same form sent twice is the same refund.
    let reference = format!("by hand {}", receipt.refunds.len() + 1);
    let (id, version) = (conversion.conversion_id.to_string(), conversion.version.to_string());
    let [entered, reason, note] = ["amount", "refund_reason", "refund_note"].map(|name| request.value(name, ""));
    let [bad_amount, bad_reason, bad_note] =
        ["amount", "refund_reason", "refund_note"].map(|name| request.problem(name));
    view! {
        <ActionForm action=action attr:class="form">
            <Hidden name="conversion_id" value=id/>
            <Hidden name="version" value=version/>
            <Hidden name="kind" value=kind/>
            <Hidden name="reference" value=reference/>
            <Field
                name="amount"
                label="Amount that the customer gets back"
                inputmode="decimal"
                value=entered
                hint=hint
                error=bad_amount
            />
            <Select
                name="refund_reason"
                label="Reason of the refund"
                options=reasons()
                value=reason
                error=bad_reason
            />
            <Field
                name="refund_note"
                label="Note on the refund"
                required=false
                value=note
                hint="The publisher reads reason and note."
                error=bad_note
            />
            <div class="btn-row">
                <button class="btn" type="submit" name="step" value="show">"Show what it does"</button>
                <Submit label="Take it back" class="btn btn-danger"/>
            </div>
        </ActionForm>
    }
    .into_any()
}

fn reverse_form(request: &Request, conversion: &Conversion, kind: &'static str) -> AnyView {
    let action = ServerAction::<ReverseConversion>::new();
    let problem = [request.problem("reverse_reason"), request.problem("reverse_note")].concat();
    let [reason, note] = ["reverse_reason", "reverse_note"].map(|name| request.value(name, ""));
    let commission = Money::new(conversion.commission_minor, conversion.currency);
    let told = if conversion.state == ConversionState::Paid {
        format!("The publisher was paid {commission}, owes it then, and it is kept from its next payout.")
    } else {
        format!("The commission of {commission} becomes nothing.")
    };
    let is_open = !problem.is_empty();
    let (id, version) = (conversion.conversion_id.to_string(), conversion.version.to_string());
    view! {
        <details open=is_open>
            <summary>"Reverse all of it"</summary>
            <ActionForm action=action attr:class="form">
                <Hidden name="conversion_id" value=id/>
                <Hidden name="version" value=version/>
                <Hidden name="kind" value=kind/>
                <p>{told}</p>
                <Select
                    name="reverse_reason"
                    label="Reason of the reversal"
                    options=reasons()
                    value=reason
                    error=problem
                />
                <Field name="reverse_note" label="Note on the reversal" required=false value=note/>
                <div class="btn-row"><Submit label="Reverse" class="btn btn-danger"/></div>
            </ActionForm>
        </details>
    }
    .into_any()
}
