//! What is payable: each entry is a transfer's, each is taken by one payout at most, and what is open is what the ledger
//! owes publishers.

use std::collections::{BTreeMap, HashMap};

use super::{Check, id, id_or_nothing};
use crate::store::audit_money::{self, Conversion, Payable, Transfer};
use crate::store::{Conn, StoreError};

/// The transfers that make an entry, and which way.
const MADE_BY: [(&str, i64); 3] = [("released", 1), ("release_reversed", -1), ("commission_clawed_back", -1)];
/// The states in which something was released.
const RELEASED: [&str; 3] = ["payable", "in_payout", "paid"];

pub async fn checks(
    conn: &mut Conn,
    transfers: &[Transfer],
    conversions: &[Conversion],
) -> Result<[Check; 3], StoreError> {
    let payables = audit_money::payables(conn).await?;
    Ok([entered(&payables, transfers), worth(&payables, conversions), owed(&payables, transfers)])
}

/// An entry for each transfer that makes something payable or takes it back, and none beside them.
fn entered(payables: &[Payable], transfers: &[Transfer]) -> Check {
    let mut posted: HashMap<i64, (&str, i64, Option<i64>)> = HashMap::new();
    for transfer in transfers.iter().filter(|transfer| transfer.fact == "conversion") {
        if let Some((code, sign)) = MADE_BY.iter().find(|(code, _)| *code == transfer.code) {
            posted.insert(transfer.fact_id, (*code, sign * transfer.amount_minor, transfer.conversion_id));
        }
    }
    let mut check = Check::new("payables are what the ledger made payable or took back", payables.len());
    for payable in payables {
        let made = posted.remove(&payable.payable_id);
        let own = (payable.kind.as_str(), payable.amount_minor, payable.conversion_id);
        check.require(made == Some(own), || format!("payable {}: no transfer says so", id(payable.payable_id)));
        check.require(payable.owner_id == Some(payable.publisher_id), || {
            let owner = id_or_nothing(payable.owner_id);
            format!("payable {}: its conversion is of publisher {owner}", id(payable.payable_id))
        });
    }
    for event in posted.keys() {
        check.bad.push(format!("payable {}: it is posted and not entered", id(*event)));
    }
    check
}

/// All entries of a conversion together are its commission, from its release on; before, and once it lost its worth,
/// nothing.
fn worth(payables: &[Payable], conversions: &[Conversion]) -> Check {
    let mut sums: HashMap<i64, i128> = HashMap::new();
    for payable in payables {
        *sums.entry(payable.conversion_id.unwrap_or(0)).or_default() += i128::from(payable.amount_minor);
    }
    let mut check = Check::new("what is payable of a conversion is its commission", conversions.len());
    for row in conversions {
        let entered = sums.get(&row.conversion_id).copied().unwrap_or(0);
        let expected = if RELEASED.contains(&row.state.as_str()) { i128::from(row.commission_minor) } else { 0 };
        check.require(entered == expected, || {
            format!("conversion {}: it is {}, and {entered} of it is payable", id(row.conversion_id), row.state)
        });
    }
    check
}

/// By publisher and currency.
fn owed(payables: &[Payable], transfers: &[Transfer]) -> Check {
    let mut sums: BTreeMap<(i64, &str), [i128; 2]> = BTreeMap::new();
    for payable in payables.iter().filter(|payable| payable.bound == 0) {
        sums.entry((payable.publisher_id, &payable.currency)).or_default()[0] += i128::from(payable.amount_minor);
    }
    for transfer in transfers {
        let sides =
            [(transfer.debit_party, &transfer.debit_kind, -1), (transfer.credit_party, &transfer.credit_kind, 1)];
        for (party, kind, sign) in sides {
            if let (Some(party), Some("payable")) = (party, kind.as_deref()) {
                sums.entry((party, &transfer.currency)).or_default()[1] += sign * i128::from(transfer.amount_minor);
            }
        }
    }
    let mut check = Check::new("open payables are what the ledger owes each publisher", sums.len());
    for ((publisher, currency), [open, balance]) in sums {
        check.require(open == balance, || {
            format!("publisher {}: {open} {currency} is open, the ledger says {balance}", id(publisher))
        });
    }
    check
}
