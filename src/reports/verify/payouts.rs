//! Payouts and deposits: a state stands if its transfers do, and a payout pays exactly its conversions.

use std::collections::HashMap;

use super::{Check, id, id_or_nothing};
use crate::store::audit_money::{self, Conversion, Payout, PayoutItem, Transfer};
use crate::store::{Conn, StoreError};

pub async fn checks(
    conn: &mut Conn,
    transfers: &[Transfer],
    conversions: &[Conversion],
) -> Result<[Check; 3], StoreError> {
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
    Ok([settled, paid(conversions, &items), booked])
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

/// A conversion in a payout is one of its items, at its commission, in the state of the payout.
fn paid(conversions: &[Conversion], items: &[PayoutItem]) -> Check {
    let of: HashMap<(i64, i64), &PayoutItem> =
        items.iter().map(|item| ((item.payout_id, item.conversion_id), item)).collect();
    let mut check = Check::new("conversions are in the payout that pays them", conversions.len());
    for row in conversions {
        let expected: &[&str] = match row.state.as_str() {
            "in_payout" => &["approved", "sent"],
            "paid" => &["paid"],
            _ => continue,
        };
        let item = row.payout_id.and_then(|payout| of.get(&(payout, row.conversion_id)));
        let is_paid = item.is_some_and(|item| {
            expected.contains(&item.payout_state.as_str())
                && item.amount_minor == row.commission_minor
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
