//! The ledger: every transfer is well formed, the transfers of a conversion sum to what its state demands, and all
//! accounts together sum to zero.

use std::collections::{BTreeMap, HashMap};

use super::{Check, id};
use crate::store::audit_money::{Conversion, Event, Transfer};

const NETWORK: i64 = 1;

/// Code, debited and credited kind of account, and the facts that post it.
const CODES: [(&str, &str, &str, &[&str]); 20] = [
    ("commission_accrued", "accrued", "pending", &["conversion"]),
    ("fee_accrued", "accrued", "fees_pending", &["conversion"]),
    ("commission_accrual_reversed", "pending", "accrued", &["conversion"]),
    ("fee_accrual_reversed", "fees_pending", "accrued", &["conversion"]),
    ("charged", "receivable", "accrued", &["conversion"]),
    ("commission_approved", "pending", "approved", &["conversion"]),
    ("fee_approved", "fees_pending", "fees", &["conversion"]),
    ("charge_reversed", "accrued", "receivable", &["conversion"]),
    ("commission_approval_reversed", "approved", "pending", &["conversion"]),
    ("fee_approval_reversed", "fees", "fees_pending", &["conversion"]),
    ("commission_clawed_back", "payable", "deposit", &["conversion"]),
    ("fee_clawed_back", "fees", "deposit", &["conversion"]),
    ("deposited", "bank", "deposit", &["deposit"]),
    ("allocated", "deposit", "receivable", &["allocation"]),
    ("allocation_reversed", "receivable", "deposit", &["allocation", "conversion"]),
    ("released", "approved", "payable", &["release", "conversion"]),
    ("release_reversed", "payable", "approved", &["release", "conversion"]),
    ("reserved", "payable", "in_payout", &["payout"]),
    ("settled", "in_payout", "bank", &["payout"]),
    ("failed", "in_payout", "payable", &["payout"]),
];
const RETURNED: (&str, &str, &str, &[&str]) = ("returned", "bank", "payable", &["payout"]);

fn party_kind(account: &str) -> &'static str {
    match account {
        "accrued" | "receivable" | "deposit" => "advertiser",
        "pending" | "approved" | "payable" | "in_payout" => "publisher",
        _ => "network",
    }
}

pub fn checks(transfers: &[Transfer], conversions: &[Conversion], events: &[Event]) -> [Check; 3] {
    let mut formed = Check::new("transfers are positive and between the accounts of their code", transfers.len());
    for transfer in transfers {
        let problem = problem_of(transfer);
        formed.bad.extend(problem.map(|problem| format!("transfer {}: {problem}", id(transfer.transfer_id))));
    }
    [formed, demanded(transfers, conversions, events), zero(transfers)]
}

fn problem_of(one: &Transfer) -> Option<String> {
    let known = CODES.iter().chain([&RETURNED]).find(|(code, ..)| *code == one.code);
    let Some((_, debit, credit, facts)) = known else { return Some(format!("its code {} is unknown", one.code)) };
    let (Some(debited), Some(credited)) = (one.debit_kind.as_deref(), one.credit_kind.as_deref()) else {
        return Some("one of its accounts does not exist".to_owned());
    };
    if one.amount_minor <= 0 {
        return Some(format!("its amount is {}", one.amount_minor));
    }
    if (debited, credited) != (*debit, *credit) {
        return Some(format!("{} goes from {debit} to {credit}, not from {debited} to {credited}", one.code));
    }
    if !facts.contains(&one.fact.as_str()) {
        return Some(format!("{} is not posted by a {}", one.code, one.fact));
    }
    if one.conversion_id.is_none() && !one.has_fact {
        return Some(format!("the {} {} that it is about does not exist", one.fact, id(one.fact_id)));
    }
    let currencies = [one.debit_currency.as_deref(), one.credit_currency.as_deref()];
    if currencies.iter().any(|currency| *currency != Some(&one.currency)) {
        return Some("its currency is not that of its accounts".to_owned());
    }
    let parties = [(one.debit_party_kind.as_deref(), *debit), (one.credit_party_kind.as_deref(), *credit)];
    if parties.iter().any(|(party, account)| *party != Some(party_kind(account))) {
        return Some("one of its accounts is of the wrong kind of party".to_owned());
    }
    None
}

/// Party, kind of account, currency.
type Account = (i64, String, String);

/// Commission and fee; nothing of what has lost its worth.
fn worth(row: &Conversion) -> (i64, i64) {
    let is_ended = matches!(row.state.as_str(), "rejected" | "reversed");
    if is_ended { (0, 0) } else { (row.commission_minor, row.fee_minor) }
}

/// What a step after the payment took of commission and fee. Events from before that was possible say nothing.
fn taken_back(event: &Event) -> i64 {
    if !matches!(event.to_state.as_str(), "paid" | "reversed") {
        return 0;
    }
    let before = event.commission_before.unwrap_or(0) + event.fee_before.unwrap_or(0);
    before - event.commission_after.unwrap_or(0) - event.fee_after.unwrap_or(0)
}

/// What the transfers of a conversion in its state must sum to, credits less debits; `back` was taken back after its
/// payment.
fn expected(row: &Conversion, back: i64) -> BTreeMap<Account, i64> {
    let mut sums = BTreeMap::new();
    let Some(publisher) = row.publisher_id else { return sums };
    let (commission, fee) = worth(row);
    let mut add = |party: i64, kind: &str, minor: i64| {
        *sums.entry((party, kind.to_owned(), row.currency.clone())).or_default() += minor;
    };
    let is_allocated = row.allocated_minor.is_some_and(|minor| minor != 0);
    let owed = if is_allocated { "deposit" } else { "receivable" };
    match row.state.as_str() {
        "pending" => {
            add(row.advertiser_id, "accrued", -(commission + fee));
            add(publisher, "pending", commission);
            add(NETWORK, "fees_pending", fee);
        }
        "approved" => {
            add(row.advertiser_id, owed, -(commission + fee));
            add(publisher, "approved", commission);
            add(NETWORK, "fees", fee);
        }
        "payable" | "in_payout" | "paid" | "reversed" => {
            add(row.advertiser_id, owed, -(commission + fee + back));
            add(row.advertiser_id, "deposit", back);
            add(publisher, "payable", commission);
            add(NETWORK, "fees", fee);
        }
        _ => {}
    }
    sums.retain(|_, minor| *minor != 0);
    sums
}

fn demanded(transfers: &[Transfer], conversions: &[Conversion], events: &[Event]) -> Check {
    let mut backs: HashMap<i64, i64> = HashMap::new();
    for event in events.iter().filter(|event| event.from_state.as_deref() == Some("paid")) {
        *backs.entry(event.conversion_id).or_default() += taken_back(event);
    }
    let mut of: HashMap<i64, Vec<&Transfer>> = HashMap::new();
    for transfer in transfers {
        if let Some(conversion) = transfer.conversion_id {
            of.entry(conversion).or_default().push(transfer);
        }
    }
    let mut check = Check::new("transfers of a conversion sum to what its state demands", conversions.len());
    for row in conversions {
        let own = of.get(&row.conversion_id).map(Vec::as_slice).unwrap_or_default();
        let back = backs.get(&row.conversion_id).copied().unwrap_or(0);
        compare(row, own, &expected(row, back), &mut check);
        let (commission, fee) = worth(row);
        let charge = commission + fee + back;
        check.require(row.allocated_minor.is_none_or(|minor| minor == charge), || {
            format!("conversion {}: its allocation is not its commission with its fee, {charge}", id(row.conversion_id))
        });
    }
    check
}

fn compare(row: &Conversion, own: &[&Transfer], expected: &BTreeMap<Account, i64>, check: &mut Check) {
    let mut accounts: BTreeMap<Account, [i64; 2]> = BTreeMap::new();
    for (account, minor) in expected {
        accounts.entry(account.clone()).or_default()[1] = *minor;
    }
    for transfer in own {
        for (account, sign) in sides(transfer) {
            accounts.entry(account).or_default()[0] += sign * transfer.amount_minor;
        }
    }
    for (account, [posted, demanded]) in accounts {
        check.require(posted == demanded, || {
            let touching = own.iter().filter(|transfer| sides(transfer).iter().any(|(side, _)| *side == account));
            let touching: Vec<String> = touching.map(|transfer| id(transfer.transfer_id)).collect();
            let (party, kind, currency) = account;
            format!(
                "conversion {}: {posted} {currency} on {kind} of party {}, its state ({}) demands {demanded}; transfers {}",
                id(row.conversion_id),
                id(party),
                row.state,
                if touching.is_empty() { "none".to_owned() } else { touching.join(" ") }
            )
        });
    }
}

/// The debited and the credited account, with their signs; one that does not exist is named by another check.
fn sides(transfer: &Transfer) -> Vec<(Account, i64)> {
    let account = |party: Option<i64>, kind: &Option<String>| Some((party?, kind.clone()?, transfer.currency.clone()));
    let debit = account(transfer.debit_party, &transfer.debit_kind).map(|account| (account, -1));
    let credit = account(transfer.credit_party, &transfer.credit_kind).map(|account| (account, 1));
    debit.into_iter().chain(credit).collect()
}

/// By the accounts' own currencies: a transfer between two of them would show here.
fn zero(transfers: &[Transfer]) -> Check {
    let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
    for transfer in transfers {
        let minor = i128::from(transfer.amount_minor);
        *sums.entry(transfer.debit_currency.as_deref().unwrap_or("")).or_default() -= minor;
        *sums.entry(transfer.credit_currency.as_deref().unwrap_or("")).or_default() += minor;
    }
    let mut check = Check::new("all accounts of a currency sum to zero", sums.len());
    for (currency, sum) in sums {
        check.require(sum == 0, || format!("currency {currency}: {sum}"));
    }
    check
}
