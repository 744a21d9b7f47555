//! What the ledger gets when a conversion is worth less than before: the mirror of what was posted, for the difference;
//! after its payment a claw-back (domain.md section 9).

use super::conversion::ConversionState;
use super::ledger::{
    Posting, Worth, change_accrual, claw_back, reverse_approved, take_back_allocation, take_back_release,
};

/// How far a conversion has come in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nobody owes it yet.
    Open,
    /// The advertiser owes it.
    Approved,
    /// Released, too.
    Payable,
    /// The publisher has it.
    Paid,
}

impl Stage {
    /// Nothing while it is in a payout, when nothing of it may change, and for what has lost its worth.
    pub const fn of(state: ConversionState) -> Option<Self> {
        match state {
            ConversionState::Unattributed | ConversionState::Pending => Some(Self::Open),
            ConversionState::Approved => Some(Self::Approved),
            ConversionState::Payable => Some(Self::Payable),
            ConversionState::Paid => Some(Self::Paid),
            ConversionState::InPayout | ConversionState::Rejected | ConversionState::Reversed => None,
        }
    }
}

impl Worth {
    /// The same, worth nothing.
    #[must_use]
    pub const fn nothing(self) -> Self {
        Self { commission_minor: 0, fee_minor: 0, ..self }
    }

    /// What is lost from this to `after`; nothing where a part of it rose, or it became somebody else's.
    pub fn loss(&self, after: &Self) -> Option<Self> {
        let is_same_parties = self.nothing() == after.nothing();
        let commission_minor = self.commission_minor.checked_sub(after.commission_minor)?;
        let fee_minor = self.fee_minor.checked_sub(after.fee_minor)?;
        let is_loss = is_same_parties && commission_minor >= 0 && fee_minor >= 0;
        is_loss.then_some(Self { commission_minor, fee_minor, ..*self })
    }
}

/// A conversion loses `loss` of its worth. What a deposit has paid of it becomes a deposit again.
pub fn amend(loss: &Worth, stage: Stage, is_allocated: bool) -> Vec<Posting> {
    let allocation = || if is_allocated { take_back_allocation(loss) } else { Vec::new() };
    match stage {
        Stage::Open => change_accrual(Some(loss), None),
        Stage::Approved => [allocation(), reverse_approved(loss)].concat(),
        Stage::Payable => [take_back_release(loss), allocation(), reverse_approved(loss)].concat(),
        Stage::Paid => claw_back(loss),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::{AccountKey, AccountKind};
    use crate::domain::commission::{Order, price};
    use crate::domain::condition::OrderFacts;
    use crate::domain::ids::{AdvertiserId, PublisherId};
    use crate::domain::ledger::{accrue, allocate, approve, balances, release, reserve, settle};
    use crate::domain::money::{Currency, Money};
    use crate::domain::terms::{Terms, example};

    const STAGES: [Stage; 4] = [Stage::Open, Stage::Approved, Stage::Payable, Stage::Paid];

    fn worth(amount_minor: i64, currency: Currency) -> Worth {
        let terms = Terms { currencies: vec![currency], ..example(1) };
        let facts = OrderFacts { amount_minor: Some(amount_minor), ..OrderFacts::default() };
        let amount_minor = Some(amount_minor);
        let priced = price(&terms, &Order { event: "sale", amount_minor, currency, lines: &[], facts });
        let (commission_minor, fee_minor) = (priced.commission_minor, priced.fee_minor);
        let (advertiser_id, publisher_id) = (AdvertiserId(20), PublisherId(10));
        Worth { advertiser_id, publisher_id, currency, commission_minor, fee_minor }
    }

    /// Everything that was posted for a conversion that has come so far.
    fn life(worth: &Worth, stage: Stage, is_allocated: bool) -> Vec<Posting> {
        let allocation = || if is_allocated { allocate(worth) } else { Vec::new() };
        let paid = Money::new(worth.commission_minor, worth.currency);
        let steps = [
            accrue(worth),
            [approve(worth), allocation()].concat(),
            release(worth),
            [reserve(worth.publisher_id, paid), settle(worth.publisher_id, paid)].concat(),
        ];
        let reached = STAGES.iter().position(|one| *one == stage).unwrap();
        steps[..=reached].concat()
    }

    fn of(postings: &[Posting], worth: &Worth, kind: AccountKind) -> i64 {
        use crate::domain::party::{NETWORK, PartyKind};
        let party = match kind.party_kind() {
            PartyKind::Advertiser => worth.advertiser_id.party(),
            PartyKind::Publisher => worth.publisher_id.party(),
            PartyKind::Network => NETWORK,
        };
        balances(postings).get(&AccountKey { party, kind, currency: worth.currency }).copied().unwrap_or(0)
    }

    #[test]
    fn a_refund_leaves_what_the_smaller_order_alone_would_have_posted() {
        // Amount, what is left: commission 10 %, fee 20 % of it, in the digits of the currency.
        let cases = [("EUR", 8_000, 5_000), ("JPY", 805, 304), ("BHD", 49_905, 1), ("EUR", 15, 14), ("EUR", 4, 1)];
        for (code, before, after) in cases {
            let currency: Currency = code.parse().unwrap();
            let (before, after) = (worth(before, currency), worth(after, currency));
            let loss = before.loss(&after).unwrap();
            for stage in [Stage::Open, Stage::Approved, Stage::Payable] {
                for is_allocated in [false, true] {
                    let mut book = life(&before, stage, is_allocated);
                    book.extend(amend(&loss, stage, is_allocated));
                    let bank = |book: &[Posting]| {
                        let mut left = balances(book);
                        left.retain(|_, balance| *balance != 0);
                        left
                    };
                    let alone = life(&after, stage, is_allocated);
                    assert_eq!(bank(&book), bank(&alone), "{code} {stage:?} {is_allocated}");
                }
            }
        }
    }

    #[test]
    fn after_payment_the_publisher_owes_the_difference_and_the_advertiser_gets_it() {
        for (code, before, after) in [("EUR", 8_000, 5_000), ("JPY", 8_000, 5_000), ("BHD", 8_000, 0)] {
            let currency: Currency = code.parse().unwrap();
            let (before, after) = (worth(before, currency), worth(after, currency));
            let loss = before.loss(&after).unwrap();
            let mut book = life(&before, Stage::Paid, true);
            book.extend(amend(&loss, Stage::Paid, true));
            assert_eq!(of(&book, &before, AccountKind::Payable), -loss.commission_minor, "{code}");
            assert_eq!(of(&book, &before, AccountKind::Fees), after.fee_minor, "{code}");
            assert_eq!(of(&book, &before, AccountKind::Deposit), -after.charge_minor(), "{code}: less was used");
            assert_eq!(balances(&book).values().sum::<i64>(), 0, "{code}");
        }
    }

    #[test]
    fn each_code_stands_once_in_a_change() {
        let loss = worth(3_000, Currency::EUR);
        for stage in STAGES {
            let postings = amend(&loss, stage, true);
            let mut codes: Vec<&str> = postings.iter().map(|posting| posting.code).collect();
            codes.sort_unstable();
            codes.dedup();
            assert_eq!(codes.len(), postings.len(), "{stage:?}");
            assert_eq!(amend(&loss.nothing(), stage, true), [], "{stage:?}: nothing posts nothing");
        }
    }

    #[test]
    fn a_loss_is_of_the_same_parties_and_never_a_gain() {
        let (more, less) = (worth(8_000, Currency::EUR), worth(5_000, Currency::EUR));
        assert_eq!(more.loss(&less).map(|loss| (loss.commission_minor, loss.fee_minor)), Some((300, 60)));
        assert_eq!(less.loss(&more), None);
        assert_eq!(more.loss(&Worth { publisher_id: PublisherId(11), ..less }), None);
        assert_eq!(more.loss(&more), Some(more.nothing()));
    }

    #[test]
    fn what_is_in_a_payout_or_has_ended_does_not_change() {
        use ConversionState::{Approved, InPayout, Paid, Payable, Pending, Rejected, Reversed, Unattributed};
        let expected = [
            (Unattributed, Some(Stage::Open)),
            (Pending, Some(Stage::Open)),
            (Approved, Some(Stage::Approved)),
            (Payable, Some(Stage::Payable)),
            (InPayout, None),
            (Paid, Some(Stage::Paid)),
            (Rejected, None),
            (Reversed, None),
        ];
        for (state, stage) in expected {
            assert_eq!(Stage::of(state), stage, "{state}");
        }
    }
}
