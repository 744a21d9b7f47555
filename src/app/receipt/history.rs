//! Beside the sheet: what happened when, who reported what, the ledger's lines.

use leptos::prelude::*;

use super::sheet::moment;
use crate::app::page::zone_of;
use crate::app::ui::ReasonLink;
use crate::domain::conversion::ConversionState;
use crate::domain::evidence::Evidence;
use crate::domain::money::Money;
use crate::domain::party::{PartyKind, Viewer};
use crate::domain::reason::ReasonCode;
use crate::domain::receipt::ReceiptField;
use crate::domain::review::{EventRecord, StepReason};
use crate::reports::receipt::Receipt;

fn words(name: &str) -> String {
    name.replace('_', " ")
}

fn step_title(event: &EventRecord) -> String {
    match event.from {
        _ if event.reason == StepReason::Counted => "Counted".to_owned(),
        None => "Reported".to_owned(),
        Some(_) if event.reason == StepReason::HoldReleased => "Hold released".to_owned(),
        Some(_) if event.is_refund() => "Refunded".to_owned(),
        Some(from) if from == event.to => "New evidence".to_owned(),
        Some(_) => {
            let state = words(event.to.as_str());
            let mut letters = state.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
        }
    }
}

fn step_sentence(event: &EventRecord, receipt: &Receipt) -> String {
    let money = |minor: Option<i64>| {
        minor.map_or_else(|| "no amount".to_owned(), |minor| Money::new(minor, receipt.conversion.currency).to_string())
    };
    let mut sentence = match event.reason {
        StepReason::Reported => format!("First report, {}.", money(event.amount_after_minor)),
        StepReason::EvidenceAdded => "A further report changed the attribution.".to_owned(),
        StepReason::EvidenceUpgraded => "A better vouched report took over.".to_owned(),
        StepReason::Counted => "By the network itself.".to_owned(),
        StepReason::Reviewed => "By a person.".to_owned(),
        StepReason::Validated => "By itself: the validation deadline passed.".to_owned(),
        StepReason::HoldReleased => "By a person, with the reason:".to_owned(),
        StepReason::Released => "The hold is over, and it is funded.".to_owned(),
        StepReason::Reserved => "Reserved for a payout.".to_owned(),
        StepReason::Settled => "The payout was paid.".to_owned(),
        StepReason::Other if event.actor.is_none() => "By itself.".to_owned(),
        other => format!("Reason: {}.", words(other.as_str())),
    };
    if event.from.is_some() && event.amount_before_minor != event.amount_after_minor {
        sentence +=
            &format!(" {} before, {} after.", money(event.amount_before_minor), money(event.amount_after_minor));
    }
    if let (true, Some(before), Some(after)) = (event.is_refund(), event.worth_before, event.worth_after) {
        let [before, after] = [before, after].map(|worth| money(Some(worth.commission_minor)));
        sentence += &format!(" Commission {before} before, {after} after.");
    }
    if let Some(note) = &event.note {
        sentence += &format!(" \u{201c}{note}\u{201d}");
    }
    sentence
}

/// The click and every step since.
pub fn timeline(receipt: &Receipt, viewer: &Viewer) -> AnyView {
    let zone = zone_of(viewer);
    let clicked = receipt.conversion.click_id.map(|click| {
        view! {
            <li data-state="ok">
                <strong>"Clicked "</strong>
                <time datetime=click.time().to_string()>{moment(&zone, click.time())}</time>
            </li>
        }
    });
    let last = receipt.events.len();
    // A day of clicks is counted again and again: the last count says all.
    let is_told = |number: usize| {
        let next = receipt.events.get(number);
        receipt.events[number - 1].reason != StepReason::Counted
            || next.is_none_or(|next| next.reason != StepReason::Counted)
    };
    let steps = receipt.events.iter().zip(1..).filter(|(_, number)| is_told(*number)).map(|(event, number)| {
        let state = match event.to {
            ConversionState::Rejected | ConversionState::Reversed => "bad",
            // Nothing comes after it.
            ConversionState::Paid => "ok",
            _ if number == last => "now",
            _ => "ok",
        };
        view! {
            <li data-state=state>
                <strong>{step_title(event)}" "</strong>
                {step_sentence(event, receipt)}" "
                <time datetime=event.at.to_string()>{moment(&zone, event.at)}</time>
            </li>
        }
    });
    view! {
        <section class="section">
            <h2>"What happened"</h2>
            <ol class="timeline">{clicked}{steps.collect::<Vec<_>>()}</ol>
        </section>
    }
    .into_any()
}

/// Codes that led to no coupon stand beside the click ids that led to no click.
fn clicks_named(report: &Evidence) -> usize {
    let ids = report.unresolved.iter().filter(|one| one.reason != ReasonCode::CouponUnknown);
    report.clicks.len() + ids.count()
}

fn names_coupon(report: &Evidence) -> bool {
    report.beside.coupon.is_some() || report.unresolved.iter().any(|one| one.reason == ReasonCode::CouponUnknown)
}

/// Every report of this order, also those that changed nothing.
pub fn reports(receipt: &Receipt, viewer: &Viewer) -> AnyView {
    let zone = zone_of(viewer);
    let rows = receipt.evidence.iter().map(|one: &Evidence| {
        let money = one.amount_minor.zip(one.currency).map(|(minor, currency)| Money::new(minor, currency).to_string());
        let notes = [
            one.is_conflict.then(|| ReasonCode::OrderConflict.sentence().to_owned()),
            one.is_test.then(|| "A test.".to_owned()),
            one.channel.as_ref().map(|channel| format!("Channel {channel}.")),
            one.occurred_at.map(|at| format!("Says that it happened {}.", moment(&zone, at))),
            Some(match clicks_named(one) {
                0 => "No click id.".to_owned(),
                1 => "1 click id.".to_owned(),
                number => format!("{number} click ids."),
            }),
            (!one.lines.is_empty()).then(|| match one.lines.len() {
                1 => "1 line.".to_owned(),
                number => format!("{number} lines."),
            }),
            names_coupon(one).then(|| "A coupon.".to_owned()),
            one.beside.customer.is_some().then(|| "A bound customer.".to_owned()),
            one.beside
                .is_new_customer
                .map(|is_new| format!("The customer is {}.", if is_new { "new" } else { "returning" })),
            (!one.beside.own_publishers.is_empty()).then(|| "The customer is a publisher's own member.".to_owned()),
        ];
        let notes = notes.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let badge = format!("badge badge-{}", one.badge);
        view! {
            <tr>
                <th scope="row">{moment(&zone, one.received_at)}</th>
                <td data-label="Vouched for by"><span class=badge>{one.badge.as_str()}</span></td>
                <td class="num" data-label="Amount">{money.unwrap_or_else(|| "\u{2013}".to_owned())}</td>
                <td data-label="Notes">
                    <span>
                        {notes}" "
                        {one.is_conflict.then(|| view! { <ReasonLink code=ReasonCode::OrderConflict.as_str()/> })}
                    </span>
                </td>
            </tr>
        }
    });
    view! {
        <section class="section">
            <h2>"Reports"</h2>
            <div class="table-wrap" tabindex="0" role="region" aria-label="Reports">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"Received"</th>
                            <th scope="col">"Vouched for by"</th>
                            <th scope="col" class="num">"Amount"</th>
                            <th scope="col">"Notes"</th>
                        </tr>
                    </thead>
                    <tbody>{rows.collect::<Vec<_>>()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

/// The viewer's own lines in the books.
pub fn ledger_lines(receipt: &Receipt, viewer: &Viewer) -> AnyView {
    let zone = zone_of(viewer);
    let rows = receipt.transfers.iter().map(|line| {
        let account = |name: &str, kind: crate::domain::account::AccountKind| format!("{name}: {}", words(kind.as_str()));
        view! {
            <tr>
                <th scope="row">
                    {words(&line.code)}
                    <span class="sub">{moment(&zone, line.created_at_ms)}</span>
                </th>
                <td data-label="Debit">{account(&line.debit_name, line.debit_kind)}</td>
                <td data-label="Credit">{account(&line.credit_name, line.credit_kind)}</td>
                <td class="num money" data-label="Amount">{Money::new(line.amount_minor, line.currency).to_string()}</td>
            </tr>
        }
    });
    let rows = rows.collect::<Vec<_>>();
    let title = if viewer.acting.kind() == PartyKind::Network { "Ledger" } else { "Your ledger lines" };
    let content = if rows.is_empty() {
        view! { <p class="muted">"Nothing was posted."</p> }.into_any()
    } else {
        view! {
            <div class="table-wrap" tabindex="0" role="region" aria-label=title>
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"Entry"</th>
                            <th scope="col">"Debit"</th>
                            <th scope="col">"Credit"</th>
                            <th scope="col" class="num">"Amount"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! { <section class="section"><h2>{title}</h2>{content}</section> }.into_any()
}

/// The requests as they came, without their secrets.
pub fn requests(receipt: &Receipt, viewer: &Viewer) -> AnyView {
    if !ReceiptField::Request.is_whole(viewer.acting.kind()) {
        return view! {
            <section class="section">
                <h2>"Requests as received"</h2>
                <p><span class="hidden-field">"hidden from you"</span></p>
            </section>
        }
        .into_any();
    }
    let requests = receipt.requests.iter().map(|one| {
        let reason = one.reason;
        let line = format!("{} /{} \u{b7} {}", one.method, one.endpoint, one.http_status);
        let text = [one.query.as_str(), one.body.as_str()].join("\n").trim().to_owned();
        let label = format!("{line}, {}", moment(&zone_of(viewer), one.attempt_id.time()));
        view! {
            <details>
                <summary>{label}</summary>
                {reason.map(|code| view! { <p>{code.sentence()}" "<ReasonLink code=code.as_str()/></p> })}
                <pre class="code" tabindex="0"><code>{text}</code></pre>
            </details>
        }
    });
    view! {
        <section class="section"><h2>"Requests as received"</h2>{requests.collect::<Vec<_>>()}</section>
    }
    .into_any()
}
