//! The sheet itself: what was clicked, what was ordered, what it is worth, and whether it still comes out the same.

use leptos::prelude::*;

use super::lines::rules_of;
use crate::app::page::zone_of;
use crate::app::shell::Mark;
use crate::app::ui::{Icon, ReasonLink, StatusTag};
use crate::domain::click_pay::ClickDay;
use crate::domain::conversion::{ConversionState, OrderId};
use crate::domain::money::Money;
use crate::domain::party::{PartyKind, Viewer};
use crate::domain::policy::EvidenceKind;
use crate::domain::receipt::{ReceiptField, Sight};
use crate::domain::review::EventRecord;
use crate::domain::time::{Day, Timestamp, Zone};
use crate::domain::trace::Verdict;
use crate::reports::receipt::Receipt;

const NOTHING: &str = "\u{2013}";

/// `2 Mar 2026, 11:02:10`
pub fn moment(zone: &Zone, at: Timestamp) -> String {
    let shown = zone.show(at);
    let day = shown.split_once(',').map_or(shown.as_str(), |(day, _)| day);
    format!("{day}, {}", zone.show_time(at))
}

/// The leaders of one viewer's sheet.
struct Sheet<'a> {
    receipt: &'a Receipt,
    viewer: &'a Viewer,
    zone: Zone,
}

impl Sheet<'_> {
    fn kind(&self) -> PartyKind {
        self.viewer.acting.kind()
    }

    /// A line; red where the field of this name does not come out the same.
    fn line(&self, label: &'static str, field: &str, value: impl IntoView + 'static) -> AnyView {
        let is_bad = self.receipt.differences.iter().any(|difference| difference.field == field);
        let class = if is_bad { "leader bad" } else { "leader" };
        view! { <div class=class><dt>{label}</dt><dd>{value.into_any()}</dd></div> }.into_any()
    }

    /// A line that not everybody sees.
    fn guarded(&self, label: &'static str, name: &str, field: ReceiptField, value: Option<String>) -> AnyView {
        match field.sight(self.kind()) {
            Sight::Hidden => self.line(label, name, view! { <span class="hidden-field">"hidden from you"</span> }),
            Sight::Whole | Sight::Masked => self.line(label, name, value.unwrap_or_else(|| NOTHING.to_owned())),
        }
    }

    fn money(&self, minor: i64) -> String {
        Money::new(minor, self.receipt.conversion.currency).to_string()
    }

    /// By what it is credited; a conversion that belongs to nobody is told as one without a click.
    fn heading(&self) -> &'static str {
        match self.receipt.conversion.credited_by() {
            Some(EvidenceKind::Coupon) => "Coupon",
            Some(EvidenceKind::Customer) => "Customer",
            Some(EvidenceKind::Click) | None => "Click",
        }
    }

    /// Where no click is credited: the code, or since when the customer is bound. Who the customer is, nobody reads.
    fn rests_on(&self) -> Option<AnyView> {
        let (inputs, decision) = self.receipt.decided.as_ref()?;
        let winner = decision.trace.first().filter(|line| line.verdict == Verdict::Won)?;
        match winner.kind {
            EvidenceKind::Click => None,
            EvidenceKind::Coupon => Some(self.guarded("Code", "coupon", ReceiptField::CouponCode, winner.text.clone())),
            EvidenceKind::Customer => {
                let named = inputs.evidence.iter().filter(|one| winner.evidence_ids.contains(&one.evidence_id));
                let bound = named.filter_map(|one| one.beside.customer.as_ref()).map(|customer| customer.bound_at);
                let since = bound.min().map(|at| moment(&self.zone, at));
                Some(self.line("Bound since", "", since.unwrap_or_else(|| NOTHING.to_owned())))
            }
        }
    }

    fn click(&self) -> AnyView {
        let (receipt, conversion) = (self.receipt, &self.receipt.conversion);
        let clicked_at = conversion.click_id.map(|click| moment(&self.zone, click.time()));
        let click = receipt.click.as_ref();
        let subs = click.map(|click| {
            let subs = click.sub_ids.0.iter().zip(1..);
            let told = subs.filter_map(|(sub, number)| sub.as_ref().map(|sub| format!("sub{number} = {sub}")));
            told.collect::<Vec<_>>().join(", ")
        });
        let window = receipt.terms.as_ref().map(|terms| terms.window.to_string());
        let referrer = click.and_then(|click| click.referrer_host.clone());
        view! {
            <section class="receipt-part">
                <h3>{self.heading()}</h3>
                <dl>
                    {self.rests_on()}
                    {self.line("Time", "click", clicked_at.unwrap_or_else(|| NOTHING.to_owned()))}
                    {self.guarded("Publisher", "publisher", ReceiptField::PublisherName, receipt.publisher_name.clone())}
                    {self.guarded("Link", "link", ReceiptField::LinkName, receipt.link_name.clone())}
                    {self.guarded("Sub ids", "", ReceiptField::SubIds, subs.filter(|text| !text.is_empty()))}
                    {self.guarded("Referrer", "", ReceiptField::ReferrerHost, referrer)}
                    {self.line("Cookie duration", "", window.unwrap_or_else(|| NOTHING.to_owned()))}
                </dl>
            </section>
        }
        .into_any()
    }

    /// Of a day of clicks: which day, how many, and how many of them are paid.
    fn counted(&self, day: &ClickDay) -> AnyView {
        let receipt = self.receipt;
        let pay = receipt.terms.as_ref().and_then(|terms| terms.click);
        let paid = pay.map(|pay| pay.paid(day.clicks, day.used_before_minor).clicks.to_string());
        let network = view! { <span class="badge badge-network">"counted by the network itself"</span> };
        view! {
            <section class="receipt-part">
                <h3>"Clicks of a day"</h3>
                <dl>
                    {self.line("Day", "", format!("{} (UTC)", Day(day.utc_day)))}
                    {self.line("First click", "conversion time", moment(&self.zone, day.first_at))}
                    {self.guarded("Publisher", "publisher", ReceiptField::PublisherName, receipt.publisher_name.clone())}
                    {self.line("Valid visitors", "", day.clicks.to_string())}
                    {self.line("Of them paid", "", paid.unwrap_or_else(|| NOTHING.to_owned()))}
                    {self.line("Evidence", "badge", network)}
                    {self.guarded("Name", "", ReceiptField::OrderId, Some(self.order_id()))}
                </dl>
            </section>
        }
        .into_any()
    }

    fn order_id(&self) -> String {
        let order_id = &self.receipt.conversion.order_id;
        match ReceiptField::OrderId.sight(self.kind()) {
            Sight::Whole => order_id.clone(),
            _ => order_id.parse::<OrderId>().map_or_else(|_| "\u{2026}".to_owned(), |id| id.masked()),
        }
    }

    fn order(&self) -> AnyView {
        let conversion = &self.receipt.conversion;
        let received = self.receipt.evidence.first().map(|evidence| moment(&self.zone, evidence.received_at));
        let amount = conversion.amount_minor.map(|minor| self.money(minor));
        let badge = format!("badge badge-{}", conversion.badge);
        view! {
            <section class="receipt-part">
                <h3>{if conversion.is_test { "Order (test)" } else { "Order" }}</h3>
                <dl>
                    {self.guarded("Order id", "", ReceiptField::OrderId, Some(self.order_id()))}
                    {self.line("Event", "", conversion.event.clone())}
                    {self.line("Happened", "conversion time", moment(&self.zone, conversion.converted_at_ms))}
                    {self.line("First reported", "", received.unwrap_or_else(|| NOTHING.to_owned()))}
                    {self.line("Amount", "amount", amount.unwrap_or_else(|| NOTHING.to_owned()))}
                    {self.line("Evidence", "badge", view! { <span class=badge>{conversion.badge.as_str()}</span> })}
                    {self.guarded("Customer", "", ReceiptField::CustomerHash, None)}
                </dl>
            </section>
        }
        .into_any()
    }

    /// Where the lines of an order have different rules: which.
    fn rules_by_line(&self) -> Option<String> {
        let (_, decision) = self.receipt.decided.as_ref()?;
        let numbers: Vec<String> = rules_of(&decision.lines).iter().map(i64::to_string).collect();
        (!numbers.is_empty()).then(|| format!("line by line (rules {})", numbers.join(", ")))
    }

    fn worth(&self) -> AnyView {
        let (receipt, conversion) = (self.receipt, &self.receipt.conversion);
        let rule = match conversion.rule_number {
            Some(number) => receipt.terms.as_ref().and_then(|terms| {
                let rule = terms.rules.iter().find(|rule| rule.number == number)?;
                Some(format!("{} (rule {number})", rule.sentence(conversion.currency)))
            }),
            None if receipt.click_day().is_some() => {
                receipt.terms.as_ref().and_then(|terms| terms.click).map(|click| click.sentence())
            }
            None => self.rules_by_line(),
        };
        let fee = Some(self.money(conversion.fee_minor));
        let payout = receipt.payout.as_ref().map(|payout| {
            let reference =
                if payout.reference.is_empty() { String::new() } else { format!(", reference {}", payout.reference) };
            // Not its sum: a payout may hold what other advertisers owe, and every party reads the same.
            format!("{}{reference}", payout.state.as_str())
        });
        view! {
            <section class="receipt-part">
                <h3>"Commission"</h3>
                <dl>
                    {self.line("Rule", "rule", rule.unwrap_or_else(|| NOTHING.to_owned()))}
                    {self.line("Terms", "terms version", format!("version {}", conversion.terms_version))}
                    {self.line("Commission", "commission", self.money(conversion.commission_minor))}
                    {self.guarded("Network fee", "network fee", ReceiptField::NetworkFee, fee)}
                    {self.line("Payout", "", payout.unwrap_or_else(|| NOTHING.to_owned()))}
                </dl>
            </section>
        }
        .into_any()
    }

    fn total(&self) -> AnyView {
        let conversion = &self.receipt.conversion;
        let is_worth = conversion.state.is_earning();
        let (words, minor) = match self.kind() {
            PartyKind::Publisher => ("Your commission", conversion.commission_minor),
            PartyKind::Advertiser => ("You pay", conversion.commission_minor + conversion.fee_minor),
            PartyKind::Network => ("Commission and fee", conversion.commission_minor + conversion.fee_minor),
        };
        let money = self.money(if is_worth { minor } else { 0 });
        view! { <div class="receipt-total"><span>{words}</span><span>{money}</span></div> }.into_any()
    }

    fn recomputed(&self) -> AnyView {
        if self.receipt.differences.is_empty() {
            return view! {
                <div class="recomputed ok">
                    <Icon name="shield-check"/>
                    <p>
                        <strong>"Recomputed now from stored inputs: same decision, same commission."</strong>
                        " The rules were run again over the reports, the terms and the ledger when you opened this page."
                    </p>
                </div>
            }
            .into_any();
        }
        let told = self.receipt.differences.iter().map(|difference| {
            view! { <li>{difference.sentence(self.viewer)}</li> }
        });
        view! {
            <div class="recomputed bad" role="alert">
                <Icon name="alert-triangle"/>
                <div>
                    <strong>"Recomputed now from stored inputs: it does not come out the same."</strong>
                    <ul>{told.collect::<Vec<_>>()}</ul>
                </div>
            </div>
        }
        .into_any()
    }

    /// Where it stands, as a sentence with a date.
    fn status(&self) -> String {
        let changed = |event: &&EventRecord| event.from != Some(event.to);
        let events = &self.receipt.events;
        let Some(last) = events.iter().rev().find(changed) else { return String::new() };
        let since = self.zone.show(last.at);
        match self.receipt.conversion.state {
            ConversionState::Unattributed => "It belongs to nobody yet.".to_owned(),
            ConversionState::Pending => format!("Waits for validation; last step on {since}."),
            ConversionState::Approved => format!("Approved on {since}."),
            ConversionState::Payable => format!("Payable since {since}."),
            ConversionState::InPayout => format!("In a payout since {since}."),
            ConversionState::Paid => format!("Paid on {since}."),
            ConversionState::Rejected => format!("Rejected on {since}: {}.", last.reason.as_str().replace('_', " ")),
            ConversionState::Reversed => format!("Reversed on {since}: {}.", last.reason.as_str().replace('_', " ")),
        }
    }
}

/// The sheet, for this viewer.
pub fn sheet(receipt: &Receipt, viewer: &Viewer) -> AnyView {
    let sheet = Sheet { receipt, viewer, zone: zone_of(viewer) };
    let code = receipt.conversion.told_reason().map(ToOwned::to_owned);
    let parties = format!("{} \u{b7} {}", receipt.campaign_name, receipt.advertiser_name);
    view! {
        <article class="receipt">
            <header class="receipt-head">
                <Mark/>
                <h2>{parties}</h2>
                <div class="mono">{receipt.conversion.conversion_id.to_string()}</div>
                <StatusTag state=receipt.conversion.state.as_str()/>
                <p>{sheet.status()}" "{code.map(|code| view! { <ReasonLink code=code/> })}</p>
            </header>
            {match receipt.click_day() {
                Some(day) => sheet.counted(day),
                None => view! { {sheet.click()}{sheet.order()} }.into_any(),
            }}
            {sheet.worth()}
            {sheet.total()}
            {sheet.recomputed()}
            <div class="receipt-foot"><p>{format!("Times are {}.", viewer.time_zone)}</p></div>
        </article>
    }
    .into_any()
}
