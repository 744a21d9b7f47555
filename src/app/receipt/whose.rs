//! Whose the conversion is, and why not the others': every click, coupon and customer that was named, with its verdict.

use leptos::prelude::*;

use super::sheet::moment;
use crate::app::page::zone_of;
use crate::app::ui::{Icon, ReasonLink};
use crate::domain::party::{PartyKind, Viewer};
use crate::domain::policy::EvidenceKind;
use crate::domain::reason::ReasonCode;
use crate::domain::receipt::ReceiptField;
use crate::domain::time::Zone;
use crate::domain::trace::{TraceLine, Verdict, late_rival};
use crate::reports::receipt::Receipt;

const HIDDEN: &str = "hidden from you";

/// What was named: a click's time, a coupon's code, a customer. A publisher reads no code but its own.
fn named(line: &TraceLine, receipt: &Receipt, viewer: &Viewer, zone: &Zone) -> AnyView {
    let text = line.text.clone().unwrap_or_default();
    match (line.kind, line.click_id) {
        (EvidenceKind::Click, Some(click)) => moment(zone, click.time()).into_any(),
        (EvidenceKind::Click, None) => format!("No click: {text}").into_any(),
        (EvidenceKind::Customer, _) => "A bound customer".into_any(),
        (EvidenceKind::Coupon, _) => {
            let kind = viewer.acting.kind();
            let is_own = line.publisher_id.is_some() && line.publisher_id == receipt.conversion.publisher_id;
            let is_shown = ReceiptField::CouponCode.is_whole(kind) && (is_own || kind != PartyKind::Publisher);
            if is_shown {
                format!("Coupon {text}").into_any()
            } else {
                view! { "Coupon "<span class="hidden-field">{HIDDEN}</span> }.into_any()
            }
        }
    }
}

/// A refusal's sentence; those of a customer are not about a click.
fn sentence(line: &TraceLine) -> &'static str {
    match (line.kind, line.verdict) {
        (EvidenceKind::Customer, Verdict::Refused(ReasonCode::WindowExpired)) => "The customer is not bound any more.",
        (EvidenceKind::Customer, Verdict::Refused(ReasonCode::BeforeClick)) => {
            "The conversion happened before the customer was bound."
        }
        (_, verdict) => verdict.sentence(),
    }
}

/// A rival's click in the last minute, with both paths: it is told, and stops nothing.
fn rival_note(receipt: &Receipt, zone: &Zone) -> Option<AnyView> {
    let trace = &receipt.decided.as_ref()?.1.trace;
    let converted_at = receipt.conversion.converted_at_ms;
    let (late, earlier) = late_rival(trace, converted_at)?;
    let at = |line: &TraceLine| line.click_id.map(|click| moment(zone, click.time())).unwrap_or_default();
    let seconds = late.click_id.map_or(0, |click| converted_at.since(click.time()) / 1_000);
    let text = format!(
        "Two publishers led here: one by a click at {}, another by a click at {}, {seconds} s before the conversion. \
            Look whether the later one came by itself.",
        at(earlier),
        at(late)
    );
    Some(view! { <div class="flash" role="note"><Icon name="alert-triangle"/><span>{text}</span></div> }.into_any())
}

/// The winner and the losers, each with its reason.
pub fn whose(receipt: &Receipt, viewer: &Viewer) -> AnyView {
    let (zone, kind) = (zone_of(viewer), viewer.acting.kind());
    let trace = receipt.decided.as_ref().map(|(_, decision)| decision.trace.as_slice()).unwrap_or_default();
    let whose = |line: &TraceLine| -> AnyView {
        let is_credited = line.publisher_id == receipt.conversion.publisher_id;
        match line.publisher_id {
            None => "\u{2013}".into_any(),
            Some(_) if is_credited => receipt.publisher_name.clone().unwrap_or_default().into_any(),
            Some(id) if ReceiptField::RivalName.is_whole(kind) => {
                receipt.rivals.get(&id).cloned().unwrap_or_else(|| id.to_string()).into_any()
            }
            Some(_) => view! { <span class="hidden-field">{HIDDEN}</span> }.into_any(),
        }
    };
    let rows = trace.iter().map(|line| {
        let at = named(line, receipt, viewer, &zone);
        let refusal = match line.verdict {
            Verdict::Refused(code) => Some(code),
            Verdict::Won | Verdict::Lost(_) => None,
        };
        let sources = line.sources.iter().map(|source| source.as_str()).collect::<Vec<_>>().join(", ");
        view! {
            <tr>
                <th scope="row">{at}</th>
                <td data-label="Publisher">{whose(line)}</td>
                <td data-label="Came by">{format!("{} {}", line.badge, if sources.is_empty() { line.kind.as_str() } else { &sources })}</td>
                <td data-label="Verdict">
                    <span>
                        <strong>{line.verdict.as_str()}</strong>": "{sentence(line)}" "
                        {refusal.map(|code| view! { <ReasonLink code=code.as_str()/> })}
                    </span>
                </td>
            </tr>
        }
    });
    let rows = rows.collect::<Vec<_>>();
    let rival = rival_note(receipt, &zone);
    let content = if rows.is_empty() {
        let code = receipt.conversion.reason.as_deref().and_then(|code| code.parse::<ReasonCode>().ok());
        let sentence = code.map_or("No report named a click, a coupon or a bound customer.", ReasonCode::sentence);
        view! { <p class="muted">{sentence}</p> }.into_any()
    } else {
        view! {
            <div class="table-wrap" tabindex="0" role="region" aria-label="Whose it is">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"Named"</th>
                            <th scope="col">"Publisher"</th>
                            <th scope="col">"Came by"</th>
                            <th scope="col">"Verdict"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! { <section class="section"><h2>"Whose it is, and why"</h2>{rival}{content}</section> }.into_any()
}
