//! The ledger's accounts: of a party, for a purpose, in a currency (domain.md section 9).

use serde::{Deserialize, Serialize};

use super::ids::PartyId;
use super::money::Currency;
use super::party::PartyKind;

text_enum! {
    /// What an account is for. Each belongs to one kind of party.
    pub enum AccountKind {
        /// Advertiser: what pending conversions may cost it.
        Accrued = "accrued",
        /// Advertiser: what it owes.
        Receivable = "receivable",
        /// Advertiser: what it paid and is not yet allocated.
        Deposit = "deposit",
        /// Publisher: what pending conversions may bring.
        Pending = "pending",
        /// Publisher: what is approved and not yet payable.
        Approved = "approved",
        /// Publisher: what the next payout run may take.
        Payable = "payable",
        /// Publisher: what is reserved for a payout under way.
        InPayout = "in_payout",
        /// Network: the money at the bank.
        Bank = "bank",
        /// Network: its fees of pending conversions.
        FeesPending = "fees_pending",
        /// Network: its earned fees.
        Fees = "fees",
        /// Network: what it gave away.
        Expense = "expense",
    }
}

impl AccountKind {
    /// The kind of party that has such accounts.
    pub const fn party_kind(self) -> PartyKind {
        match self {
            Self::Accrued | Self::Receivable | Self::Deposit => PartyKind::Advertiser,
            Self::Pending | Self::Approved | Self::Payable | Self::InPayout => PartyKind::Publisher,
            Self::Bank | Self::FeesPending | Self::Fees | Self::Expense => PartyKind::Network,
        }
    }

    /// Grows by debits: what the network has or is owed, and what it spent.
    pub const fn is_debit_normal(self) -> bool {
        matches!(self, Self::Accrued | Self::Receivable | Self::Bank | Self::Expense)
    }

    /// A balance (credits less debits) as people read it: what grows is positive.
    pub const fn displayed(self, balance_minor: i64) -> i64 {
        if self.is_debit_normal() { -balance_minor } else { balance_minor }
    }
}

/// One account: of a party, for a purpose, in a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountKey {
    pub party: PartyId,
    pub kind: AccountKind,
    pub currency: Currency,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_network_has_or_is_owed_is_shown_positive() {
        let debit: Vec<&str> =
            AccountKind::ALL.iter().filter(|kind| kind.is_debit_normal()).map(|kind| kind.as_str()).collect();
        assert_eq!(debit, ["accrued", "receivable", "bank", "expense"]);
        assert_eq!(AccountKind::Bank.displayed(-869), 869);
        assert_eq!(AccountKind::Payable.displayed(-600), -600, "a publisher's debt stays negative");
    }
}
