//! Booking what advertisers paid.

use leptos::prelude::*;

use crate::app::error::ApiError;

/// An admin books an advertiser's payment; it pays what was approved first. Asks for the password as paying out does: a
/// payment that never came makes commissions payable.
#[server(endpoint = "book_deposit")]
pub async fn book_deposit(
    advertiser_id: String,
    amount: String,
    currency: String,
    reference: String,
) -> Result<(), ApiError> {
    use crate::app::forms::{self, Form, sentence};
    use crate::domain::money::{Currency, Money};
    use crate::domain::party::PartyKind;
    use crate::settlement::deposit::{self, DepositRefused};

    let viewer = forms::viewer(PartyKind::Network).await?;
    let app = forms::app();
    forms::stepped_up("/admin/deposits").await?;
    let form = Form::new(
        "/admin/deposits",
        &[("advertiser_id", &advertiser_id), ("amount", &amount), ("currency", &currency), ("reference", &reference)],
    );
    let Ok(currency) = currency.trim().parse::<Currency>() else {
        return form.refuse("currency", "Enter a currency code such as EUR.").await;
    };
    let Ok(minor) = currency.parse_amount(amount.trim()) else {
        return form.refuse("amount", "Enter an amount such as 49.90, with at most the currency's digits.").await;
    };
    let money = Money::new(minor, currency);
    let booked = deposit::book(&app.store, &app.environment, &viewer, advertiser_id.parse()?, money, &reference).await;
    let field = match booked {
        Ok(_) => return forms::go_with("/admin/deposits", &format!("{money} is booked.")).await,
        Err(DepositRefused::Store(error)) => return Err(error.into()),
        Err(DepositRefused::NoAmount) => "amount",
        Err(DepositRefused::BadReference | DepositRefused::BookedAlready(_)) => "reference",
    };
    let message = booked.err().map(|refused| sentence(&refused.to_string())).unwrap_or_default();
    form.refuse(field, message).await
}
