//! The ledger: double-entry, append-only; what each fact posts (domain.md section 9).
//!
//! A balance is credits less debits. Every fact sums to zero, because a posting has two sides.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::account::{AccountKey, AccountKind};
use super::ids::{AdvertiserId, PublisherId};
use super::money::{Currency, Money};
use super::party::{NETWORK, PartyKind};

text_enum! {
    /// What a transfer is about; with its id and code it is posted once, for ever.
    pub enum Fact {
        /// A step in the life of a conversion, under the event's id: accrual, approval, release, and what undoes them.
        Conversion = "conversion",
        /// An advertiser's payment.
        Deposit = "deposit",
        /// A deposit used for a conversion, under the conversion's id.
        Allocation = "allocation",
        /// A step of a payout.
        Payout = "payout",
    }
}

/// One transfer to be written. The code is unique among the postings of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Posting {
    pub code: &'static str,
    pub debit: AccountKey,
    pub credit: AccountKey,
    /// More than 0, in the currency of both accounts.
    pub amount_minor: i64,
}

/// What one conversion is worth, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worth {
    pub advertiser_id: AdvertiserId,
    pub publisher_id: PublisherId,
    pub currency: Currency,
    pub commission_minor: i64,
    pub fee_minor: i64,
}

impl Worth {
    /// What the advertiser pays: the commission with its fee.
    ///
    /// # Panics
    /// When the sum leaves `i64`.
    pub fn charge_minor(&self) -> i64 {
        self.commission_minor.checked_add(self.fee_minor).expect("a charge within the limits of money")
    }

    const fn account(&self, kind: AccountKind) -> AccountKey {
        let party = match kind.party_kind() {
            PartyKind::Advertiser => self.advertiser_id.party(),
            PartyKind::Publisher => self.publisher_id.party(),
            PartyKind::Network => NETWORK,
        };
        AccountKey { party, kind, currency: self.currency }
    }

    const fn posting(&self, code: &'static str, from: AccountKind, to: AccountKind, amount_minor: i64) -> Posting {
        Posting { code, debit: self.account(from), credit: self.account(to), amount_minor }
    }
}

/// Zero posts nothing.
///
/// # Panics
/// On a negative amount: a broken invariant about money, never posted the wrong way round.
fn post(postings: impl IntoIterator<Item = Posting>) -> Vec<Posting> {
    let postings: Vec<Posting> = postings.into_iter().filter(|posting| posting.amount_minor != 0).collect();
    assert!(postings.iter().all(|posting| posting.amount_minor > 0), "a posting is positive: {postings:?}");
    postings
}

/// The other way round, under another code.
const fn mirror(code: &'static str, posting: Posting) -> Posting {
    Posting { code, debit: posting.credit, credit: posting.debit, amount_minor: posting.amount_minor }
}

const fn accrued(worth: &Worth) -> [Posting; 2] {
    [
        worth.posting("commission_accrued", AccountKind::Accrued, AccountKind::Pending, worth.commission_minor),
        worth.posting("fee_accrued", AccountKind::Accrued, AccountKind::FeesPending, worth.fee_minor),
    ]
}

const ACCRUAL_MIRROR: [&str; 2] = ["commission_accrual_reversed", "fee_accrual_reversed"];

/// A conversion becomes pending.
pub fn accrue(worth: &Worth) -> Vec<Posting> {
    post(accrued(worth))
}

/// A pending conversion changes its worth, its publisher, or whether it belongs to anybody: the difference is posted.
pub fn change_accrual(before: Option<&Worth>, after: Option<&Worth>) -> Vec<Posting> {
    let (before, after) = (before.map(accrued), after.map(accrued));
    let changes = (0..2).flat_map(|line| {
        let side = |postings: Option<[Posting; 2]>| postings.map(|postings| postings[line]);
        change(ACCRUAL_MIRROR[line], side(before), side(after))
    });
    post(changes)
}

/// Between the same accounts only the difference; else all of the one back, and all of the other.
fn change(mirror_code: &'static str, before: Option<Posting>, after: Option<Posting>) -> Vec<Posting> {
    match (before, after) {
        (Some(before), Some(after)) if (before.debit, before.credit) == (after.debit, after.credit) => {
            let more = after.amount_minor.checked_sub(before.amount_minor).expect("amounts within the limits of money");
            let difference = Posting { amount_minor: more.abs(), ..after };
            vec![if more < 0 { mirror(mirror_code, difference) } else { difference }]
        }
        (before, after) => before.map(|before| mirror(mirror_code, before)).into_iter().chain(after).collect(),
    }
}

/// A pending conversion loses its worth.
pub fn reject(worth: &Worth) -> Vec<Posting> {
    change_accrual(Some(worth), None)
}

fn approved(worth: &Worth) -> [Posting; 3] {
    [
        worth.posting("charged", AccountKind::Receivable, AccountKind::Accrued, worth.charge_minor()),
        worth.posting("commission_approved", AccountKind::Pending, AccountKind::Approved, worth.commission_minor),
        worth.posting("fee_approved", AccountKind::FeesPending, AccountKind::Fees, worth.fee_minor),
    ]
}

/// A pending conversion is approved: the advertiser owes it.
pub fn approve(worth: &Worth) -> Vec<Posting> {
    post(approved(worth))
}

/// An approved conversion that is neither released nor allocated loses its worth: the mirror of approval and accrual.
/// Before it, a release or an allocation is taken back.
pub fn reverse_approved(worth: &Worth) -> Vec<Posting> {
    let codes = ["charge_reversed", "commission_approval_reversed", "fee_approval_reversed"];
    let approval = codes.into_iter().zip(approved(worth)).map(|(code, posting)| mirror(code, posting));
    post(approval.chain(reject(worth)))
}

/// A conversion loses its worth after its payment: the publisher owes it back, the advertiser gets it as a deposit.
pub fn claw_back(worth: &Worth) -> Vec<Posting> {
    post([
        worth.posting("commission_clawed_back", AccountKind::Payable, AccountKind::Deposit, worth.commission_minor),
        worth.posting("fee_clawed_back", AccountKind::Fees, AccountKind::Deposit, worth.fee_minor),
    ])
}

/// An advertiser's payment arrives.
pub fn deposit(advertiser_id: AdvertiserId, money: Money) -> Vec<Posting> {
    let debit = AccountKey { party: NETWORK, kind: AccountKind::Bank, currency: money.currency };
    let party = advertiser_id.party();
    let credit = AccountKey { party, kind: AccountKind::Deposit, currency: money.currency };
    post([Posting { code: "deposited", debit, credit, amount_minor: money.minor }])
}

fn allocated(worth: &Worth) -> Posting {
    worth.posting("allocated", AccountKind::Deposit, AccountKind::Receivable, worth.charge_minor())
}

/// A deposit pays for an approved conversion: the whole commission with its fee.
pub fn allocate(worth: &Worth) -> Vec<Posting> {
    post([allocated(worth)])
}

/// The mirror of an allocation, before a reversal.
pub fn take_back_allocation(worth: &Worth) -> Vec<Posting> {
    post([mirror("allocation_reversed", allocated(worth))])
}

const fn released(worth: &Worth) -> Posting {
    worth.posting("released", AccountKind::Approved, AccountKind::Payable, worth.commission_minor)
}

/// The hold is over and the conversion is funded: payable.
pub fn release(worth: &Worth) -> Vec<Posting> {
    post([released(worth)])
}

/// The mirror of a release, before a reversal.
pub fn take_back_release(worth: &Worth) -> Vec<Posting> {
    post([mirror("release_reversed", released(worth))])
}

/// A payout is approved: nobody else can pay the same.
pub fn reserve(publisher_id: PublisherId, money: Money) -> Vec<Posting> {
    payout("reserved", publisher_id, AccountKind::Payable, AccountKind::InPayout, money)
}

/// A payout is paid: the money leaves the bank.
pub fn settle(publisher_id: PublisherId, money: Money) -> Vec<Posting> {
    payout("settled", publisher_id, AccountKind::InPayout, AccountKind::Bank, money)
}

/// A payout could not be sent: payable again.
pub fn fail(publisher_id: PublisherId, money: Money) -> Vec<Posting> {
    payout("failed", publisher_id, AccountKind::InPayout, AccountKind::Payable, money)
}

/// A paid payout came back from the publisher's bank: payable again.
pub fn payout_returned(publisher_id: PublisherId, money: Money) -> Vec<Posting> {
    payout("returned", publisher_id, AccountKind::Bank, AccountKind::Payable, money)
}

fn payout(
    code: &'static str,
    publisher_id: PublisherId,
    from: AccountKind,
    to: AccountKind,
    money: Money,
) -> Vec<Posting> {
    let account = |kind: AccountKind| {
        let party = if kind.party_kind() == PartyKind::Network { NETWORK } else { publisher_id.party() };
        AccountKey { party, kind, currency: money.currency }
    };
    post([Posting { code, debit: account(from), credit: account(to), amount_minor: money.minor }])
}

/// Credits less debits of every account that the postings touch; the recomputation of a balance.
///
/// # Panics
/// When a balance leaves `i64`.
pub fn balances<'p>(postings: impl IntoIterator<Item = &'p Posting>) -> HashMap<AccountKey, i64> {
    let mut balances = HashMap::new();
    let mut add = |account: AccountKey, amount: i64| {
        let balance: &mut i64 = balances.entry(account).or_default();
        *balance = balance.checked_add(amount).expect("a balance within the limits of money");
    };
    for posting in postings {
        add(posting.debit, -posting.amount_minor);
        add(posting.credit, posting.amount_minor);
    }
    balances
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::commission::{Order, price};
    use crate::domain::condition::OrderFacts;
    use crate::domain::ids::PartyId;
    use crate::domain::terms::example;
    use proptest::prelude::*;

    const A: PublisherId = PublisherId(10);
    const B: PublisherId = PublisherId(11);
    const SHOP: AdvertiserId = AdvertiserId(20);
    const EUR: Currency = Currency::EUR;

    fn worth(publisher_id: PublisherId, event: &str, amount_minor: Option<i64>) -> Worth {
        let facts = OrderFacts { amount_minor, ..OrderFacts::default() };
        let priced = price(&example(1), &Order { event, amount_minor, currency: EUR, lines: &[], facts });
        let (commission_minor, fee_minor) = (priced.commission_minor, priced.fee_minor);
        Worth { advertiser_id: SHOP, publisher_id, currency: EUR, commission_minor, fee_minor }
    }

    /// The displayed balance of an account.
    fn shown(postings: &[Posting], party: PartyId, kind: AccountKind) -> i64 {
        let balance = balances(postings).get(&AccountKey { party, kind, currency: EUR }).copied().unwrap_or(0);
        kind.displayed(balance)
    }

    #[test]
    fn the_storys_first_column_comes_out_to_the_cent() {
        // story.md steps 6 to 16
        let [o1, o2] = [worth(B, "sale", Some(4990)), worth(B, "sale", Some(2000))];
        let [o3, o4] = [worth(A, "sale", Some(3000)), worth(A, "sale", Some(8000))];
        let lead = worth(A, "lead", None);
        let mut book: Vec<Posting> = [o1, o2, o3, o4, lead].iter().flat_map(accrue).collect();
        assert_eq!(shown(&book, A.party(), AccountKind::Pending), 1350);
        assert_eq!(shown(&book, B.party(), AccountKind::Pending), 699);
        book.extend(reject(&o2));
        book.extend([o1, o3, o4, lead].iter().flat_map(approve));
        assert_eq!(shown(&book, A.party(), AccountKind::Approved), 1350);
        assert_eq!(shown(&book, B.party(), AccountKind::Approved), 499);
        assert_eq!(shown(&book, NETWORK, AccountKind::Fees), 370);
        assert_eq!(shown(&book, SHOP.party(), AccountKind::Receivable), 2219);
        book.extend(deposit(SHOP, Money::new(2219, EUR)));
        book.extend([o1, o3, o4, lead].iter().flat_map(allocate));
        book.extend([o1, o3, o4, lead].iter().flat_map(release));
        let money = Money::new(1350, EUR);
        book.extend(reserve(A, money).into_iter().chain(settle(A, money)));
        assert_eq!(shown(&book, NETWORK, AccountKind::Bank), 370 + 499, "the fees and what B still gets");
        assert_eq!(shown(&book, B.party(), AccountKind::Payable), 499);
        let others = balances(&book).into_iter().filter(|(account, balance)| {
            *balance != 0 && !matches!(account.kind, AccountKind::Bank | AccountKind::Fees | AccountKind::Payable)
        });
        assert_eq!(others.count(), 0, "everything else is settled");
    }

    #[test]
    fn each_fact_posts_the_accounts_of_the_table() {
        // domain.md section 9
        use AccountKind::{
            Accrued, Approved, Bank, Deposit, Fees, FeesPending, InPayout, Payable, Pending, Receivable,
        };
        let (one, money) = (worth(A, "sale", Some(8000)), Money::new(100, EUR));
        let cases = [
            (accrue(&one), vec![(Accrued, Pending, 800), (Accrued, FeesPending, 160)]),
            (reject(&one), vec![(Pending, Accrued, 800), (FeesPending, Accrued, 160)]),
            (approve(&one), vec![(Receivable, Accrued, 960), (Pending, Approved, 800), (FeesPending, Fees, 160)]),
            (claw_back(&one), vec![(Payable, Deposit, 800), (Fees, Deposit, 160)]),
            (deposit(SHOP, money), vec![(Bank, Deposit, 100)]),
            (allocate(&one), vec![(Deposit, Receivable, 960)]),
            (release(&one), vec![(Approved, Payable, 800)]),
            (reserve(A, money), vec![(Payable, InPayout, 100)]),
            (settle(A, money), vec![(InPayout, Bank, 100)]),
            (fail(A, money), vec![(InPayout, Payable, 100)]),
            (payout_returned(A, money), vec![(Bank, Payable, 100)]),
        ];
        for (postings, expected) in cases {
            let told: Vec<_> = postings.iter().map(|one| (one.debit.kind, one.credit.kind, one.amount_minor)).collect();
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn nothing_posts_nothing() {
        let nothing = Worth { commission_minor: 0, fee_minor: 0, ..worth(A, "sale", None) };
        for postings in [accrue(&nothing), approve(&nothing), reverse_approved(&nothing), allocate(&nothing)] {
            assert_eq!(postings, []);
        }
        assert_eq!(change_accrual(None, None), []);
        assert_eq!(deposit(SHOP, Money::new(0, EUR)), []);
    }

    #[test]
    #[should_panic(expected = "a posting is positive")]
    fn a_negative_amount_is_never_posted() {
        deposit(SHOP, Money::new(-1, EUR));
    }

    #[test]
    fn a_reversal_leaves_nothing_behind_even_when_released_and_allocated() {
        let one = worth(A, "sale", Some(8000));
        let life = [accrue(&one), approve(&one), allocate(&one), release(&one)];
        let back = [take_back_release(&one), take_back_allocation(&one), reverse_approved(&one)];
        let book: Vec<Posting> = life.into_iter().chain(back).flatten().collect();
        assert!(balances(&book).values().all(|balance| *balance == 0));
    }

    prop_compose! {
        fn any_worth()(publisher in 0..2_usize, commission_minor in 0..1_000_i64, fee_minor in 0..300_i64) -> Worth {
            Worth { commission_minor, fee_minor, ..worth([A, B][publisher], "sale", None) }
        }
    }

    proptest! {
        #[test]
        fn a_change_leaves_what_the_new_worth_alone_would_have_posted(
            steps in proptest::collection::vec(proptest::option::of(any_worth()), 1..6),
        ) {
            let mut book = Vec::new();
            let mut before: Option<Worth> = None;
            for after in &steps {
                let postings = change_accrual(before.as_ref(), after.as_ref());
                let mut codes: Vec<&str> = postings.iter().map(|posting| posting.code).collect();
                codes.sort_unstable();
                codes.dedup();
                prop_assert_eq!(codes.len(), postings.len(), "each code once in a call");
                book.extend(postings);
                before = *after;
            }
            let mut left = balances(&book);
            left.retain(|_, balance| *balance != 0);
            prop_assert_eq!(left.values().sum::<i64>(), 0);
            prop_assert_eq!(left, balances(&before.iter().flat_map(accrue).collect::<Vec<_>>()));
        }

        #[test]
        fn every_fact_sums_to_zero_in_accounts_of_their_parties(one in any_worth(), minor in 0..10_000_i64) {
            let money = Money::new(minor, EUR);
            let of_worth = [accrue, approve, reject, reverse_approved, claw_back, allocate, release, take_back_release];
            let of_money = [reserve, settle, fail, payout_returned].map(|fact| fact(one.publisher_id, money));
            for postings in of_worth.map(|fact| fact(&one)).into_iter().chain(of_money).chain([deposit(SHOP, money)]) {
                prop_assert_eq!(balances(&postings).values().sum::<i64>(), 0);
                for account in postings.iter().flat_map(|posting| [posting.debit, posting.credit]) {
                    let party = match account.kind.party_kind() {
                        PartyKind::Advertiser => SHOP.party(),
                        PartyKind::Publisher => one.publisher_id.party(),
                        PartyKind::Network => NETWORK,
                    };
                    prop_assert_eq!(account.party, party);
                }
            }
        }
    }
}
