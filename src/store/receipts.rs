//! What a receipt reads beside the conversion itself. The caller may see the conversion: it was found by scope.

use sqlx::query_as;

use super::driver::Conn;
use super::error::StoreError;
use crate::domain::ids::{ConversionId, PayoutId};
use crate::domain::money::Currency;
use crate::domain::payout::PayoutState;
use crate::domain::time::Timestamp;

/// The payout that a conversion is in.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct PayoutFacts {
    pub payout_id: PayoutId,
    pub state: PayoutState,
    pub currency: Currency,
    pub amount_minor: i64,
    /// The bank's, once it is paid.
    pub reference: String,
    pub paid_at_ms: Option<Timestamp>,
}

sql! {
    PAYOUT = "select p.payout_id, p.state, p.currency, p.amount_minor, p.reference, p.paid_at_ms from payouts p
        join conversions c on c.payout_id = p.payout_id where c.conversion_id = $1";
}

pub async fn find_payout(conn: &mut Conn, id: ConversionId) -> Result<Option<PayoutFacts>, StoreError> {
    on_driver!(conn, |c| query_as(PAYOUT).bind(id).fetch_optional(c).await)
}
