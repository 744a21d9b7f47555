//! The dry run of a file: what recording it would answer to each row, with nothing stored.
//!
//! Rows that can bear on each other are rehearsed together, in the file's order, in one transaction that is rolled back.
//! Of other rows each has its own, and so no order and no total is held for long: meanwhile visitors click.

use std::collections::{BTreeMap, HashMap};

use super::file::FileRow;
use super::result;
use crate::domain::click_token::ClickList;
use crate::domain::conversion::OrderId;
use crate::domain::conversion_report::ReportFields;
use crate::domain::ids::ConversionId;
use crate::domain::money::Currency;
use crate::domain::reason::Outcome;
use crate::domain::rule::LARGE_AMOUNT_MINOR;
use crate::store::StoreError;
use crate::store::uploads::UploadRow;
use crate::tracking::by_hand::Hand;

/// What two rows may have in common so that the one is answered otherwise because of the other.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Tie {
    Order(String),
    /// All of a campaign's large amounts share one room.
    LargeAmount,
}

/// What each row would become.
pub async fn rehearse(hand: &Hand<'_>, rows: &[FileRow]) -> Result<Vec<UploadRow>, StoreError> {
    let mut results = BTreeMap::new();
    for places in groups(rows) {
        let replies = hand.rehearse(places.iter().map(|place| rows[*place].fields.clone())).await?;
        let mut made = HashMap::new();
        for (place, reply) in places.into_iter().zip(replies) {
            results.insert(place, without_the_unmade(result(&rows[place], reply), &mut made));
        }
    }
    Ok(results.into_values().collect())
}

/// A conversion that this dry run made is none: its rows have no receipt, and name the line that would make it.
fn without_the_unmade(row: UploadRow, made: &mut HashMap<ConversionId, i64>) -> UploadRow {
    let Some(id) = row.conversion_id else { return row };
    if !row.is_duplicate && row.outcome != Outcome::Rejected {
        made.insert(id, row.number);
        return UploadRow { conversion_id: None, ..row };
    }
    match made.get(&id) {
        Some(line) => UploadRow { conversion_id: None, message: format!("The same order as in line {line}."), ..row },
        None => row,
    }
}

/// The places of rows that are tied, directly or by others, in the file's order.
fn groups(rows: &[FileRow]) -> Vec<Vec<usize>> {
    // Each row leads to an earlier one of its group; the first leads to itself.
    let mut leaders: Vec<usize> = (0..rows.len()).collect();
    let mut first_with = HashMap::new();
    for (place, row) in rows.iter().enumerate() {
        for tie in ties(&row.fields) {
            let other = *first_with.entry(tie).or_insert(place);
            let [one, other] = [place, other].map(|place| leader(&mut leaders, place));
            leaders[one.max(other)] = one.min(other);
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for place in 0..rows.len() {
        groups.entry(leader(&mut leaders, place)).or_default().push(place);
    }
    groups.into_values().collect()
}

fn leader(leaders: &mut [usize], mut place: usize) -> usize {
    while leaders[place] != place {
        leaders[place] = leaders[leaders[place]];
        place = leaders[place];
    }
    place
}

/// An order id that is not there may be made from one of the click ids.
fn ties(fields: &ReportFields) -> Vec<Tie> {
    let mut ties: Vec<Tie> = match fields.order_id.as_deref() {
        Some(order) => vec![Tie::Order(order.to_owned())],
        None => {
            let clicks = ClickList::parse(fields.click_id.as_deref().unwrap_or(""));
            let orders = clicks.tokens().iter().map(|token| OrderId::of_click(token.click_id));
            orders.map(|order| Tie::Order(order.as_str().to_owned())).collect()
        }
    };
    let currency = fields.currency.as_deref().and_then(|text| text.parse::<Currency>().ok());
    let amount_minor = currency.zip(fields.amount.as_deref()).and_then(|(of, text)| of.parse_amount(text).ok());
    if amount_minor.is_some_and(|minor| minor >= LARGE_AMOUNT_MINOR) {
        ties.push(Tie::LargeAmount);
    }
    ties
}

#[cfg(test)]
mod tests {
    use super::super::file::read;
    use super::*;
    use crate::domain::click_token::ClickToken;
    use crate::domain::ids::{CampaignId, ClickId, LinkId, PublisherId};
    use crate::domain::secret::SecretKey;

    #[test]
    fn rows_are_tied_by_their_order_their_click_and_the_room_for_large_amounts() {
        let key = SecretKey::from_bytes([9; 32]);
        let [a, b] = [7, 8].map(|id| ClickToken::issue(&key, ClickId(id), LinkId(1), CampaignId(1), PublisherId(1)));
        let of_a = OrderId::of_click(ClickId(7));
        let text = format!(
            "order_id,amount,currency,click_id\nA,1.00,EUR,\nB,1.00,EUR,{a}\nA,x,EUR,\na,1.00,EUR,\n,,,{a}\n,,,{b}\n\
             {},,,\n,,,{b}.{a}\nC,99999999999.00,EUR,\nD,99999999999.00,EUR,\nC,1.00,EUR,\n,1.00,EUR,\n",
            of_a.as_str()
        );
        let groups = groups(&read(&text).unwrap());
        assert_eq!(groups, [vec![0, 2], vec![1], vec![3], vec![4, 5, 6, 7], vec![8, 9, 10], vec![11]]);
    }
}
