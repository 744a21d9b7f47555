//! Statements: the movements of one account, each in words (domain.md section 9).

use super::account::AccountKind;

/// What a transfer did, for people; a code that has no words of its own is told as it stands.
pub fn entry(code: &str) -> String {
    let words = match code {
        "commission_accrued" => "Commission of a pending conversion",
        "fee_accrued" => "Network fee of a pending conversion",
        "commission_accrual_reversed" => "Pending commission taken back",
        "fee_accrual_reversed" => "Pending network fee taken back",
        "charged" => "Commission and network fee approved",
        "commission_approved" => "Commission approved",
        "fee_approved" => "Network fee earned",
        "charge_reversed" => "Commission and network fee taken back",
        "commission_approval_reversed" => "Approved commission taken back",
        "fee_approval_reversed" => "Earned network fee taken back",
        "commission_clawed_back" => "Commission taken back after its payment",
        "fee_clawed_back" => "Network fee given back after its payment",
        "deposited" => "Payment received",
        "allocated" => "Payment used for a conversion",
        "allocation_reversed" => "Payment free again",
        "released" => "Commission released",
        "release_reversed" => "Released commission taken back",
        "reserved" => "Reserved for a payout",
        "settled" => "Paid out",
        "failed" => "Payout failed",
        "returned" => "Payout came back",
        other => return other.replace('_', " "),
    };
    words.to_owned()
}

impl AccountKind {
    /// What the account's owner reads above its statement.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Accrued | Self::Pending => "Pending",
            Self::Receivable => "Owed",
            Self::Deposit => "Paid in advance",
            Self::Approved => "Approved",
            Self::Payable => "Payable",
            Self::InPayout => "In payout",
            Self::Bank => "Bank",
            Self::FeesPending => "Fees pending",
            Self::Fees => "Fees",
            Self::Expense => "Expense",
        }
    }

    /// What the account holds, as a sentence.
    pub const fn explained(self) -> &'static str {
        match self {
            Self::Accrued => "What pending conversions may cost.",
            Self::Receivable => {
                "Approved commissions with the network's fee, less the payments that were used for them."
            }
            Self::Deposit => "Payments that are not used for a conversion yet.",
            Self::Pending => "What pending conversions may bring.",
            Self::Approved => "Approved commissions that are not payable yet.",
            Self::Payable => "What the next payout run takes, less what was taken back since.",
            Self::InPayout => "Reserved for payouts that are under way.",
            Self::Bank => "The money at the bank.",
            Self::FeesPending => "The network's fees of pending conversions.",
            Self::Fees => "The network's earned fees.",
            Self::Expense => "What the network gave away.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{AdvertiserId, PublisherId};
    use crate::domain::ledger::{self, Worth};
    use crate::domain::money::{Currency, Money};

    #[test]
    fn every_code_that_is_posted_has_words_of_its_own() {
        let worth = Worth {
            advertiser_id: AdvertiserId(1),
            publisher_id: PublisherId(2),
            currency: Currency::EUR,
            commission_minor: 10,
            fee_minor: 2,
        };
        let money = Money::new(5, Currency::EUR);
        let of_conversions = [
            ledger::accrue(&worth),
            ledger::reject(&worth),
            ledger::approve(&worth),
            ledger::reverse_approved(&worth),
            ledger::claw_back(&worth),
            ledger::allocate(&worth),
            ledger::take_back_allocation(&worth),
            ledger::release(&worth),
            ledger::take_back_release(&worth),
        ];
        let of_payments = [
            ledger::deposit(AdvertiserId(1), money),
            ledger::reserve(PublisherId(2), money),
            ledger::settle(PublisherId(2), money),
            ledger::fail(PublisherId(2), money),
            ledger::payout_returned(PublisherId(2), money),
        ];
        for posting in of_conversions.iter().chain(&of_payments).flatten() {
            let told = entry(posting.code);
            assert_ne!(told, posting.code.replace('_', " "), "{}", posting.code);
            assert!(told.starts_with(char::is_uppercase));
        }
        assert_eq!(entry("something_new"), "something new");
    }
}
