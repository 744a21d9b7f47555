//! Payouts and deposits: a state stands if its transfers do, and a payout pays exactly its entries.

use std::collections::HashMap;

use super::{Check, id, id_or_nothing};
use crate::store::audit_money::{self, Conversion, Payout, PayoutItem, Transfer};
use crate::store::{Conn, StoreError};

pub async fn checks(
    conn: &mut Conn,
    transfers: &[Transfer],
    conversions: &[Conversion],
) -> Result<[Check; 4], StoreError> {
    let mut of: HashMap<(&str, i64), Vec<&Transfer>> = HashMap::new();
    for transfer in transfers {
        of.entry((transfer.fact.as_str(), transfer.fact_id)).or_default().push(transfer);
    }
    let payouts = audit_money::payouts(conn).await?;
    let mut settled = Check::new("payouts stand as their transfers say, and pay the sum of their items", payouts.len());
    for payout in &payouts {
        let own = of.get(&("payout", payout.payout_id)).map(Vec::as_slice).unwrap_or_default();
        settled
            .bad
            .extend(problem_of(payout, own).map(|problem| format!("payout {}: {problem}", id(payout.payout_id))));
    }
    let deposits = audit_money::deposits(conn).await?;
    let mut booked = Check::new("deposits are booked", deposits.len());
    for deposit in &deposits {
        let own = of.get(&("deposit", deposit.deposit_id)).map(Vec::as_slice).unwrap_or_default();
        let is_booked = matches!(own, [one] if one.amount_minor == deposit.amount_minor
            && one.currency == deposit.currency && one.credit_party == Some(deposit.advertiser_id));
        booked.require(is_booked, || format!("deposit {}: not one transfer of its amount", id(deposit.deposit_id)));
    }
    let items = audit_money::payout_items(conn).await?;
    Ok([settled, taken(&items), paid(conversions, &items), booked])
}

/// The transfers that a payout in this state has.
fn codes(state: &str) -> &'static [&'static str] {
    match state {
        "approved" | "sent" => &["reserved"],
        "paid" => &["reserved", "settled"],
        "failed" => &["failed", "reserved"],
        "returned" => &["reserved", "returned", "settled"],
        _ => &[],
    }
}

fn problem_of(payout: &Payout, own: &[&Transfer]) -> Option<String> {
    if payout.items_minor != payout.amount_minor {
        return Some(format!("it is of {}, its items sum to {}", payout.amount_minor, payout.items_minor));
    }
    let mut posted: Vec<&str> = own.iter().map(|transfer| transfer.code.as_str()).collect();
    posted.sort_unstable();
    if posted != codes(&payout.state) {
        let names = |codes: &[&str]| if codes.is_empty() { "nothing".to_owned() } else { codes.join(", ") };
        let (posted, expected) = (names(&posted), names(codes(&payout.state)));
        return Some(format!("it is {}, which posts {expected}, and {posted} is posted", payout.state));
    }
    let other = own.iter().find(|transfer| {
        let parties = [transfer.debit_party, transfer.credit_party];
        transfer.amount_minor != payout.amount_minor
            || transfer.currency != payout.currency
            || !parties.contains(&Some(payout.publisher_id))
    });
    other.map(|transfer| format!("transfer {} is not of its amount and publisher", id(transfer.transfer_id)))
}

/// An entry is taken as it stands, for good by one payout alone, and only while that is under way or paid.
fn taken(items: &[PayoutItem]) -> Check {
    let mut check = Check::new("payouts take entries as they stand, each once", items.len());
    let mut binding: HashMap<i64, i64> = HashMap::new();
    for item in items {
        let name = || format!("payable {} in payout {}", id(item.payable_id), id(item.payout_id));
        let is_same = item.amount_minor == item.entered_minor
            && item.payout_publisher == item.entered_publisher
            && item.payout_currency == item.entered_currency;
        check.require(is_same, || format!("{}: the entry says otherwise", name()));
        let is_under_way = matches!(item.payout_state.as_str(), "approved" | "sent" | "paid");
        check.require(item.is_binding == is_under_way, || {
            format!(
                "{}: it is {}taken, and the payout is {}",
                name(),
                if item.is_binding { "" } else { "not " },
                item.payout_state
            )
        });
        if item.is_binding {
            let other = binding.insert(item.payable_id, item.payout_id);
            check.require(other.is_none(), || format!("{}: payout {} has it, too", name(), id_or_nothing(other)));
        }
    }
    check
}

/// A conversion in a payout has its release among the entries of that, in its state. What is worth nothing has none.
fn paid(conversions: &[Conversion], items: &[PayoutItem]) -> Check {
    let released = items.iter().filter(|item| item.kind == "released");
    let of: HashMap<(i64, Option<i64>), &PayoutItem> =
        released.map(|item| ((item.payout_id, item.conversion_id), item)).collect();
    let mut check = Check::new("conversions are in the payout that pays them", conversions.len());
    for row in conversions {
        let expected: &[&str] = match row.state.as_str() {
            "in_payout" => &["approved", "sent"],
            "paid" => &["paid"],
            _ => continue,
        };
        let item = row.payout_id.and_then(|payout| of.get(&(payout, Some(row.conversion_id))));
        let is_paid = item.map_or(row.commission_minor == 0 && row.payout_id.is_some(), |item| {
            expected.contains(&item.payout_state.as_str())
                && Some(item.payout_publisher) == row.publisher_id
                && item.payout_currency == row.currency
        });
        check.require(is_paid, || {
            let payout = id_or_nothing(row.payout_id);
            format!("conversion {}: it is {}, and payout {payout} does not say so", id(row.conversion_id), row.state)
        });
    }
    check
}
