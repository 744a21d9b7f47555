//! Decisions: every conversion decided again from its stored inputs, priced by rounding of its own, and its state made
//! again from its events.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::click_days::worth_minor;
use super::refunds::{self, Left};
use super::{Check, id, id_or_nothing};
use crate::domain::click_pay::ClickDay;
use crate::domain::condition::CustomerKind;
use crate::domain::decision::{Decision, decide};
use crate::domain::evidence::{Evidence, Inputs, Own};
use crate::domain::ids::{CampaignId, ConversionId, time_of};
use crate::domain::line::Line;
use crate::domain::reason::ReasonCode;
use crate::domain::terms::Terms;
use crate::domain::time::Timestamp;
use crate::store::audit_money::{self, Conversion, Coupon, Event, Price, PriceRule};
use crate::store::{Conn, StoreError, evidence, terms};

/// The states in which further evidence would still change something.
const OPEN: [&str; 2] = ["unattributed", "pending"];
/// The states of what lost its worth.
const ENDED: [&str; 2] = ["rejected", "reversed"];

/// The clicks that a conversion was decided on, by its id.
pub type ClickDays = HashMap<i64, ClickDay>;

pub async fn checks(
    conn: &mut Conn,
    conversions: &[Conversion],
    kept_from: Timestamp,
) -> Result<([Check; 3], ClickDays), StoreError> {
    let mut decided = Check::new("decisions come out the same from their inputs", conversions.len());
    let mut known: HashMap<i64, Vec<Terms>> = HashMap::new();
    let mut orders: HashMap<i64, Order> = HashMap::new();
    let refunds = refunds::by_conversion(audit_money::refunds(conn).await?);
    let mut days = ClickDays::new();
    let coupons: HashMap<i64, Coupon> =
        audit_money::coupons(conn).await?.into_iter().map(|coupon| (coupon.coupon_id, coupon)).collect();
    for row in conversions {
        let terms = match known.entry(row.campaign_id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(terms::list(conn, CampaignId(row.campaign_id)).await?),
        };
        let conversion = ConversionId(row.conversion_id);
        let reports = evidence::list(conn, conversion).await?;
        let problem = match evidence::latest_decision(conn, conversion).await {
            Ok(Some((inputs, decision))) => {
                orders.insert(row.conversion_id, Order::of(row, &inputs));
                days.extend(inputs.own.iter().map(|Own::Clicks(day)| (row.conversion_id, day.clone())));
                let own = refunds.get(&row.conversion_id).map(Vec::as_slice).unwrap_or_default();
                refunds::problem(row, &inputs, own)
                    .or_else(|| redecide(row, &inputs, &decision, &reports, terms, &coupons))
            }
            Ok(None) => Some("it has no decision".to_owned()),
            Err(StoreError::Corrupt { what, why }) => Some(format!("its {what} cannot be read: {why}")),
            Err(error) => return Err(error),
        };
        decided.bad.extend(problem.map(|problem| format!("conversion {}: {problem}", id(row.conversion_id))));
    }
    let priced = priced(conn, conversions, &orders, &days).await?;
    Ok(([decided, credited(conversions, kept_from), priced], days))
}

/// What rules may ask of an order.
#[derive(Default)]
struct Order {
    left: Left,
    /// Before anything of it was taken back.
    reported_minor: Option<i64>,
    /// `new`, `returning`, or nothing where it is not known.
    customer: &'static str,
    /// Upper case; nothing without one.
    coupon: Option<String>,
}

impl Order {
    fn of(row: &Conversion, inputs: &Inputs) -> Self {
        Self {
            left: refunds::left(row, inputs),
            reported_minor: inputs.amount().map(|amount| amount.minor).filter(|_| row.amount_minor.is_some()),
            customer: inputs.customer_kind().map_or("", CustomerKind::as_str),
            coupon: inputs.coupon_code().map(|code| code.trim().to_ascii_uppercase()),
        }
    }
}

/// What differs, the first of it; nothing where all is the same.
fn redecide(
    row: &Conversion,
    inputs: &Inputs,
    decision: &Decision,
    reports: &[Evidence],
    terms: &[Terms],
    coupons: &HashMap<i64, Coupon>,
) -> Option<String> {
    let is_open = OPEN.contains(&row.state.as_str());
    let is_input = |one: &&Evidence| inputs.evidence.iter().any(|input| input.evidence_id == one.evidence_id);
    let mut counted: Vec<Evidence> = reports.iter().filter(|one| is_open || is_input(one)).cloned().collect();
    counted.sort_by_key(|one| one.evidence_id);
    let mut decided_on = inputs.evidence.clone();
    decided_on.sort_by_key(|one| one.evidence_id);
    if counted != decided_on {
        return Some("its reports are not those that were decided on".to_owned());
    }
    let mut clicks = counted.iter().flat_map(|one| &one.clicks);
    let stretched = clicks.find(|click| {
        let version = terms.iter().find(|terms| terms.version == click.terms_version);
        version.is_none_or(|terms| terms.window.ms() != click.window_ms)
    });
    if let Some(click) = stretched {
        return Some(format!("click {} has not the cookie duration of its terms", click.click_id));
    }
    if counted.iter().any(|one| !adds_up(one)) {
        return Some("the lines of a report do not add up to its amount".to_owned());
    }
    if let Some(problem) = counted.iter().find_map(|one| named_otherwise(one, row.campaign_id, coupons, terms)) {
        return Some(problem);
    }
    let again = match decide(inputs, terms) {
        Ok(again) => again,
        Err(error) => return Some(format!("it cannot be decided: {error}")),
    };
    if again != *decision {
        return Some("its stored decision is not what its inputs give".to_owned());
    }
    against_row(row, &again)
}

fn adds_up(report: &Evidence) -> bool {
    let sum = report.lines.iter().map(|line| i128::from(line.quantity) * i128::from(line.unit_minor)).sum::<i128>();
    report.lines.is_empty() || report.amount_minor.is_some_and(|minor| i128::from(minor) == sum)
}

/// What a report says of its coupon is what the coupon says: whose it is, its code, its days. It may have been ended
/// since, and then it ended after the report.
fn named_otherwise(
    report: &Evidence,
    campaign: i64,
    coupons: &HashMap<i64, Coupon>,
    terms: &[Terms],
) -> Option<String> {
    let named = report.beside.coupon.as_ref()?;
    let Some(stored) = coupons.get(&named.coupon_id.0) else {
        return Some(format!("coupon {} does not exist", named.coupon_id));
    };
    let until = |until: Option<i64>| named.valid_until.map(|at| at.0) == until;
    let ended = [stored.valid_until_ms, stored.ended_at_ms].into_iter().flatten().min();
    let is_same = (stored.campaign_id, stored.publisher_id) == (campaign, named.publisher_id.0)
        && (stored.code.as_str(), stored.valid_from_ms) == (named.code.as_str(), named.valid_from.0)
        && (until(stored.valid_until_ms) || until(ended))
        && terms.iter().any(|terms| terms.version == named.newest_terms);
    (!is_same).then(|| format!("coupon {} says otherwise than its reports", named.coupon_id))
}

fn code(code: Option<&str>) -> String {
    code.unwrap_or("nothing").to_owned()
}

fn against_row(row: &Conversion, decision: &Decision) -> Option<String> {
    // What lost its worth has the reason of that step: see `steps`.
    let is_decided = !ENDED.contains(&row.state.as_str());
    let decided = decision.reason.map(ReasonCode::as_str);
    let reason = code(if is_decided { decided } else { row.reason.as_deref() });
    let fields = [
        ("publisher", id_or_nothing(row.publisher_id), id_or_nothing(decision.publisher_id.map(|id| id.0))),
        ("link", id_or_nothing(row.link_id), id_or_nothing(decision.link_id.map(|id| id.0))),
        ("click", id_or_nothing(row.click_id), id_or_nothing(decision.click_id.map(|id| id.0))),
        ("coupon", id_or_nothing(row.coupon_id), id_or_nothing(decision.coupon_id.map(|id| id.0))),
        ("terms version", row.terms_version.to_string(), decision.terms_version.to_string()),
        ("rule", format!("{:?}", row.rule_number), format!("{:?}", decision.rule_number)),
        ("badge", row.badge.clone(), decision.badge.to_string()),
        ("currency", row.currency.clone(), decision.currency.to_string()),
        ("amount", format!("{:?}", row.amount_minor), format!("{:?}", decision.amount_minor)),
        ("commission", row.commission_minor.to_string(), decision.commission_minor.to_string()),
        ("network fee", row.fee_minor.to_string(), decision.fee_minor.to_string()),
        ("conversion time", row.converted_at_ms.to_string(), decision.converted_at.0.to_string()),
        ("test mark", row.is_test.to_string(), decision.is_test.to_string()),
        ("creative", id_or_nothing(row.creative_id), id_or_nothing(decision.creative_id.map(|id| id.0))),
        ("reason of the hold", code(row.held_reason.as_deref()), code(decision.held_reason.map(ReasonCode::as_str))),
        ("reason", code(row.reason.as_deref()), reason),
    ];
    let mut different = fields.into_iter().filter(|(_, stored, decided)| stored != decided);
    different.next().map(|(name, stored, decided)| format!("its {name} is {stored}, decided was {decided}"))
}

/// The credited click exists and says the same as the conversion; one that is past its keeping need not.
fn credited(conversions: &[Conversion], kept_from: Timestamp) -> Check {
    let rows = conversions.iter().filter(|row| row.click_id.is_some_and(|click| time_of(click) >= kept_from));
    let mut check = Check::new("credited clicks are those that are stored", rows.clone().count());
    for row in rows {
        let same = row.clicked_campaign == Some(row.campaign_id)
            && row.clicked_publisher == row.publisher_id
            && row.clicked_link == row.link_id
            && row.clicked_terms == Some(row.terms_version);
        let problem = if row.clicked_campaign.is_none() { "does not exist" } else { "says otherwise" };
        let click = id_or_nothing(row.click_id);
        check.require(same, || format!("conversion {}: its click {click} {problem}", id(row.conversion_id)));
        let owner = row.owner_id;
        check.require(owner == Some(row.advertiser_id), || {
            format!("conversion {}: its campaign is of advertiser {}", id(row.conversion_id), id_or_nothing(owner))
        });
    }
    for row in conversions.iter().filter(|row| row.coupon_id.is_some()) {
        check.checked += 1;
        let same = (row.coupon_campaign, row.coupon_publisher) == (Some(row.campaign_id), row.publisher_id);
        check.require(same, || format!("conversion {}: its coupon is not its publisher's", id(row.conversion_id)));
    }
    check
}

/// Basis points of an amount that is not negative, half up: away from zero.
fn part(amount_minor: i64, bps: i64) -> i64 {
    let doubled = i128::from(amount_minor) * i128::from(bps) * 2 + 10_000;
    i64::try_from(doubled / 20_000).unwrap_or(i64::MAX)
}

async fn priced(
    conn: &mut Conn,
    conversions: &[Conversion],
    orders: &HashMap<i64, Order>,
    days: &ClickDays,
) -> Result<Check, StoreError> {
    let prices = audit_money::prices(conn).await?;
    let prices: HashMap<(i64, i64), Price> =
        prices.into_iter().map(|price| ((price.campaign_id, price.version), price)).collect();
    let mut rules: HashMap<(i64, i64), Vec<PriceRule>> = HashMap::new();
    for rule in audit_money::price_rules(conn).await? {
        rules.entry((rule.campaign_id, rule.terms_version)).or_default().push(rule);
    }
    let mut check = Check::new("commission and fee follow from terms and amount", conversions.len());
    let unknown = Order::default();
    for row in conversions {
        let version = (row.campaign_id, row.terms_version);
        let rules = rules.get(&version).map(Vec::as_slice).unwrap_or_default();
        let order = orders.get(&row.conversion_id).unwrap_or(&unknown);
        let (commission, fee) = match (days.get(&row.conversion_id), prices.get(&version)) {
            (Some(day), Some(price)) => price_clicks(day, price),
            _ if order.left.is_nothing => (0, 0),
            (_, terms) => price(row, rules, terms, order),
        };
        let same = (row.commission_minor, row.fee_minor) == (commission, fee);
        check.require(same, || {
            format!(
                "conversion {}: commission {} and fee {} are stored, {commission} and {fee} follow",
                id(row.conversion_id),
                row.commission_minor,
                row.fee_minor
            )
        });
    }
    Ok(check)
}

fn price(row: &Conversion, rules: &[PriceRule], price: Option<&Price>, order: &Order) -> (i64, i64) {
    let (Some(_), Some(price), false) = (row.publisher_id, price, row.is_test) else { return (0, 0) };
    let fits = |rule: &&PriceRule| {
        let is_currency_right = rule.currency.is_empty() || rule.currency == row.currency;
        rule.event == row.event && is_currency_right && is_order_right(rule, order)
    };
    let lines = &order.left.lines;
    let rules: Vec<&PriceRule> = rules.iter().filter(fits).collect();
    let amount = row.amount_minor.unwrap_or(0);
    // The part of each rule, with what it is a part of: the whole order, or one of its lines.
    let parts: Vec<(&PriceRule, i64)> = if lines.is_empty() {
        rules.iter().find(|rule| rule.line_field.is_empty()).map(|rule| (*rule, amount)).into_iter().collect()
    } else {
        let of_line = |line: &Line| Some((*rules.iter().find(|rule| is_for(rule, line))?, line.sum_minor()));
        lines.iter().filter_map(of_line).collect()
    };
    if parts.is_empty() {
        return (0, 0);
    }
    let percents = parts.iter().filter(|(rule, _)| rule.rate == "percent").map(|(rule, of)| part(*of, rule.bps));
    let fixed: HashMap<i64, i64> = parts
        .iter()
        .filter(|(rule, _)| rule.rate != "percent")
        .map(|(rule, _)| (rule.number, rule.amount_minor))
        .collect();
    // Damaged lines may sum up to more than there is; what comes out differs from what is stored all the same.
    let commission = percents.chain(fixed.into_values()).fold(0_i64, i64::saturating_add);
    let basis = if price.fee_basis == "amount" { amount } else { commission };
    (commission, part(basis, price.fee_bps))
}

/// Amounts are half-open; whoever is not known to be new or returning is neither.
fn is_order_right(rule: &PriceRule, order: &Order) -> bool {
    let (from, below) = (rule.amount_from.unwrap_or(i64::MIN), rule.amount_below.unwrap_or(i64::MAX));
    let is_bound = rule.amount_from.or(rule.amount_below).is_some();
    let is_amount_right = !is_bound || order.reported_minor.is_some_and(|amount| (from..below).contains(&amount));
    let is_customer_right = rule.customer.is_empty() || rule.customer == order.customer;
    let asked = rule.coupon.to_ascii_uppercase();
    let is_coupon_right = asked.is_empty() || order.coupon.as_deref() == Some(asked.trim());
    is_amount_right && is_customer_right && is_coupon_right
}

/// Clicks have no amount that a fee could be a part of.
fn price_clicks(day: &ClickDay, price: &Price) -> (i64, i64) {
    let commission = worth_minor(day.clicks, price.click_minor, price.click_cap_minor, day.used_before_minor);
    (commission, if price.fee_basis == "amount" { 0 } else { part(commission, price.fee_bps) })
}

fn is_for(rule: &PriceRule, line: &Line) -> bool {
    match rule.line_field.as_str() {
        "category" => line.category.as_deref() == Some(&rule.line_text),
        "sku" => line.sku.as_deref() == Some(&rule.line_text),
        _ => true,
    }
}

/// Events are numbered without a gap, each goes on from the one before, and the last says the state.
pub fn states(conversions: &[Conversion], events: &[Event]) -> Check {
    let mut check = Check::new("states follow from events", conversions.len());
    let mut of: HashMap<i64, Vec<&Event>> = HashMap::new();
    for event in events {
        of.entry(event.conversion_id).or_default().push(event);
    }
    for row in conversions {
        let problem = state_problem(&row.state, of.get(&row.conversion_id).map(Vec::as_slice).unwrap_or_default());
        check.bad.extend(problem.map(|problem| format!("conversion {}: {problem}", id(row.conversion_id))));
    }
    check
}

fn state_problem(state: &str, events: &[&Event]) -> Option<String> {
    let mut before: Option<&str> = None;
    for (event, number) in events.iter().zip(1..) {
        if event.number != number {
            return Some(format!("event {number} is missing"));
        }
        if event.from_state.as_deref() != before {
            return Some(format!("event {} does not go on from the one before", id(event.event_id)));
        }
        before = Some(&event.to_state);
    }
    match before {
        Some(last) if last == state => None,
        Some(last) => Some(format!("it is {state}, its last event says {last}")),
        None => Some("it has no event".to_owned()),
    }
}

/// What a step writes into the conversion is what its event says: the time of the approval, the reason of the end.
pub fn steps(conversions: &[Conversion], events: &[Event]) -> Check {
    let mut check = Check::new("approval times and reasons are those of the events", conversions.len());
    let mut approved: HashMap<i64, i64> = HashMap::new();
    let mut ended: HashMap<i64, &str> = HashMap::new();
    let mut released: HashMap<i64, i64> = HashMap::new();
    for event in events {
        match event.reason.as_str() {
            "hold_released" => drop(released.insert(event.conversion_id, event.at_ms)),
            "evidence_added" | "evidence_upgraded" => drop(released.remove(&event.conversion_id)),
            _ => {}
        }
        if event.to_state == "approved" {
            approved.entry(event.conversion_id).or_insert(event.at_ms);
        } else if ENDED.contains(&event.to_state.as_str()) {
            ended.entry(event.conversion_id).or_insert(&event.reason);
        }
    }
    for row in conversions {
        let at = approved.get(&row.conversion_id).copied();
        check.require(row.approved_at_ms == at, || {
            let (stored, event) = (row.approved_at_ms, at);
            format!("conversion {}: approved at {stored:?}, its event says {event:?}", id(row.conversion_id))
        });
        let hold = released.get(&row.conversion_id).copied();
        check.require(row.hold_released_at_ms == hold, || {
            let (stored, event) = (row.hold_released_at_ms, hold);
            format!("conversion {}: released at {stored:?}, its event says {event:?}", id(row.conversion_id))
        });
        let reason = ended.get(&row.conversion_id).copied().or(row.reason.as_deref());
        check.require(row.reason.as_deref() == reason, || {
            let (stored, event) = (code(row.reason.as_deref()), code(reason));
            format!("conversion {}: its reason is {stored}, its event says {event}", id(row.conversion_id))
        });
    }
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_cent_is_rounded_up() {
        // domain.md section 13
        let cases = [(1000, 2000, 200), (1900, 1000, 190), (7, 2000, 1), (2, 2000, 0), (15, 1000, 2), (500, 290, 15)];
        for (amount, bps, expected) in cases {
            assert_eq!(part(amount, bps), expected, "{bps} of {amount}");
        }
        assert_eq!(part(1_000_000_000_000_000, 10_000), 1_000_000_000_000_000);
    }
}
