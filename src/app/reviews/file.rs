//! A file of reviews: a head, then a row for each order.

use crate::app::csv_file::{self, FileRefused, Row, Shape};
use crate::domain::review_batch::{ROWS_MAX, Wish, WishRefused, shown};
use crate::settlement::batch::{Asked, Which};

pub static SHAPE: Shape = Shape {
    columns: &["order_id", "event", "action", "amount", "currency", "reason", "note", "campaign"],
    needed: &["order_id", "action"],
    rows_max: ROWS_MAX,
    bytes_max: 2 * 1_024 * 1_024,
};

/// Where a row names no event.
const EVENT_DEFAULT: &str = "sale";

/// Reads all rows. One that asks for nothing that there is is kept with what is wrong with it.
pub fn read(text: &str) -> Result<Vec<Asked>, FileRefused> {
    Ok(csv_file::read(text, &SHAPE)?.iter().map(asked).collect())
}

fn asked(row: &Row) -> Asked {
    let text = |column: &str| row.get(column).unwrap_or_default();
    let campaign = row.get("campaign");
    let campaign_id = campaign.as_deref().and_then(|id| id.parse().ok());
    let wish = match campaign {
        Some(named) if campaign_id.is_none() => Err(WishRefused::UnknownCampaign(shown(&named))),
        _ => Wish::parse(&text("action"), &text("reason"), &text("note"), &amount_of(row)),
    };
    let event = row.get("event").unwrap_or_else(|| EVENT_DEFAULT.to_owned());
    Asked { number: row.line, which: Which::Order { order_id: text("order_id"), event, campaign_id }, wish }
}

/// As it was written, with its currency where that is named.
fn amount_of(row: &Row) -> String {
    let amount = row.get("amount").unwrap_or_default();
    match row.get("currency") {
        Some(currency) if !amount.is_empty() => format!("{amount} {currency}"),
        _ => amount,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::CampaignId;
    use crate::domain::review_batch::BatchAction;

    #[test]
    fn a_row_is_read_with_what_is_wrong_with_it() {
        let id = CampaignId(7);
        let text = format!(
            "order_id,event,action,reason,note,campaign\nA,,approve,,,\nB,lead,reject,test_order,\"a, b\",{id}\n\
             C,,undo,,,\nD,,approve,,,none\n"
        );
        let rows = read(&text).unwrap();
        let order = |order_id: &str, event: &str, campaign_id| Which::Order {
            order_id: order_id.to_owned(),
            event: event.to_owned(),
            campaign_id,
        };
        assert_eq!((rows[0].number, &rows[0].which), (2, &order("A", "sale", None)));
        assert_eq!(rows[0].wish.as_ref().map(|wish| wish.action), Ok(BatchAction::Approve));
        assert_eq!(rows[1].which, order("B", "lead", Some(id)));
        assert_eq!(rows[1].wish.as_ref().map(|wish| wish.note.as_str()), Ok("a, b"));
        assert_eq!(rows[2].wish, Err(WishRefused::UnknownAction("undo".to_owned())));
        assert_eq!(rows[3].wish, Err(WishRefused::UnknownCampaign("none".to_owned())));
        let refunds =
            read("order_id,action,amount,currency,reason\nA,refund,30.00,EUR,partial_return\nB,refund,,,\n").unwrap();
        assert_eq!(refunds[0].wish.as_ref().map(|wish| wish.amount.as_str()), Ok("30.00 EUR"));
        assert_eq!(refunds[1].wish, Err(WishRefused::AmountMissing));
        let missing = read("order_id\nA\n").unwrap_err().to_string();
        assert!(missing.starts_with("there is no column action in the first line"), "{missing}");
    }
}
