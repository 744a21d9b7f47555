//! The samples of the integration page: complete, with the network's own address, the campaign's id and a real
//! signature, so that they can be run as they are.

use url::form_urlencoded;

use crate::domain::ids::CampaignId;
use crate::domain::rule::Rate;
use crate::domain::secret::PostbackSecret;
use crate::domain::signature::{SignedRequest, sign};
use crate::domain::site::BaseUrl;
use crate::domain::terms::Terms;
use crate::domain::time::{SECOND_MS, Timestamp};

/// What is reported in the samples.
pub struct SampleOrder {
    pub click_id: String,
    pub order_id: String,
    pub event: String,
    /// None for an event that pays a fixed amount.
    pub amount: Option<String>,
    pub currency: String,
}

impl SampleOrder {
    /// This event of the terms, else their first one; an order of 49.90 where a percentage is paid.
    pub fn of(terms: &Terms, click_id: String, order_id: String, event: &str) -> Self {
        let mut rules = terms.rules.iter().filter(|rule| rule.is_for_orders());
        let first = rules.clone().next().or(terms.rules.first());
        let rule = rules.find(|rule| rule.event.as_str() == event).or(first);
        let currency = terms.first_currency();
        let amount = if currency.digits() == 0 { "4990" } else { "49.90" };
        Self {
            click_id,
            order_id,
            event: rule.map_or_else(|| "sale".to_owned(), |rule| rule.event.to_string()),
            amount: rule.is_some_and(|rule| matches!(rule.rate, Rate::Percent { .. })).then(|| amount.to_owned()),
            currency: currency.to_string(),
        }
    }

    /// Names and values, in the order of the query.
    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let mut pairs = vec![("order_id", self.order_id.as_str()), ("event", self.event.as_str())];
        if let Some(amount) = &self.amount {
            pairs.extend([("amount", amount.as_str()), ("currency", self.currency.as_str())]);
        }
        pairs
    }

    /// What was bought for the amount, as members of a JSON array.
    fn items(&self) -> Option<String> {
        self.amount.as_deref()?;
        let [boots, socks] = if self.has_digits() { ["39.90", "5.00"] } else { ["3990", "500"] };
        let item = |sku, category, quantity, unit| {
            format!(
                "    {{\"sku\": \"{sku}\", \"category\": \"{category}\", \"quantity\": {quantity}, \"unit_amount\": \"{unit}\"}}"
            )
        };
        Some([item("BOOT-42", "Boots", 1, boots), item("SOCK-7", "Socks", 2, socks)].join(",\n"))
    }

    fn has_digits(&self) -> bool {
        self.amount.as_deref().is_some_and(|amount| amount.contains('.'))
    }

    fn pairs_with_click(&self) -> Vec<(&'static str, &str)> {
        let click = (!self.click_id.is_empty()).then_some(("click_id", self.click_id.as_str()));
        click.into_iter().chain(self.pairs()).collect()
    }
}

fn query_of(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A test order, reported and signed now: it counts for 300 seconds.
pub fn signed_call(
    base: &BaseUrl,
    campaign: CampaignId,
    secret: &PostbackSecret,
    order: &SampleOrder,
    now: Timestamp,
) -> String {
    let (id, timestamp) = (campaign.to_string(), now.0.div_euclid(SECOND_MS));
    let seconds = timestamp.to_string();
    let mut pairs = vec![("campaign", id.as_str())];
    pairs.extend(order.pairs_with_click());
    pairs.extend([("test", "1"), ("ts", seconds.as_str())]);
    let query = query_of(&pairs);
    let request = SignedRequest { timestamp, method: "GET", path: "/postback", query: &query, body: b"" };
    format!("curl '{}?{query}&sig={}'", base.join("/postback"), sign(secret, &request))
}

/// The same as a shell script, which signs each order itself.
pub fn signing_script(base: &BaseUrl, campaign: CampaignId, order: &SampleOrder) -> String {
    let query = query_of(&order.pairs());
    [
        "ts=$(date +%s)".to_owned(),
        format!("query=\"campaign={campaign}&click_id=$CLICK_ID&{query}&ts=$ts\""),
        "body=$(printf '' | sha256sum | cut -d' ' -f1)".to_owned(),
        "sig=$(printf '%s\\nGET\\n/postback\\n%s\\n%s' \"$ts\" \"$query\" \"$body\" \\".to_owned(),
        "  | openssl dgst -sha256 -hmac \"$SECRET\" -r | cut -d' ' -f1)".to_owned(),
        format!("curl \"{}?$query&sig=$sig\"", base.join("/postback")),
    ]
    .join("\n")
}

/// A report by the JSON interface.
pub fn json_call(base: &BaseUrl, campaign: CampaignId, key: &str, order: &SampleOrder) -> String {
    let click = if order.click_id.is_empty() { "CLICK_ID" } else { &order.click_id };
    let id = campaign.to_string();
    let mut pairs = vec![("campaign", id.as_str()), ("click_id", click)];
    pairs.extend(order.pairs());
    let fields = pairs.iter().map(|(name, value)| format!("  {}: {}", quoted(name), quoted(value)));
    // Inside single quotes of a shell an apostrophe ends the text; JSON has another way to write it.
    let items = order.items().map(|items| format!("  \"items\": [\n{items}\n  ]"));
    let body = fields.chain(items).collect::<Vec<_>>().join(",\n").replace('\'', "\\u0027");
    format!(
        "curl '{}' \\\n  -H 'Authorization: Bearer {key}' \\\n  -H 'Content-Type: application/json' \\\n  -d '{{\n{body}\n}}'",
        base.join("/api/v1/conversions")
    )
}

/// A report with a token in its address.
pub fn token_call(base: &BaseUrl, campaign: CampaignId, token: &str, order: &SampleOrder) -> String {
    let id = campaign.to_string();
    let click = if order.click_id.is_empty() { "CLICK_ID" } else { &order.click_id };
    let mut pairs = vec![("campaign", id.as_str()), ("click_id", click)];
    pairs.extend(order.pairs());
    pairs.push(("token", token));
    format!("curl '{}?{}'", base.join("/postback"), query_of(&pairs))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// For every page where visitors land: it keeps the click id and says that the click has arrived.
pub const SCRIPT_ON_PAGES: &str = include_str!("recipes/page.html");
/// For the page that thanks for the order.
pub const SCRIPT_OF_ORDER: &str = include_str!("recipes/thanks.html");

/// A recipe with this network, campaign and order in it.
pub fn filled(recipe: &str, base: &BaseUrl, campaign: CampaignId, parameter: &str, order: &SampleOrder) -> String {
    let fields: serde_json::Map<_, _> =
        order.pairs().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    // Inside a script `</script>` would end it; JSON has another way to write it.
    let order = serde_json::Value::from(fields).to_string().replace('<', "\\u003c");
    let recipe = recipe.trim_end().replace("{base}", &base.origin()).replace("{campaign}", &campaign.to_string());
    // Last what somebody entered: nothing in it is a placeholder any more.
    recipe.replace("{parameter}", parameter).replace("{order}", &order)
}

/// The image for the page that thanks for the order.
pub fn pixel(base: &BaseUrl, campaign: CampaignId, order: &SampleOrder) -> String {
    let query = query_of(&order.pairs()).replace('&', "&amp;");
    format!("<img src=\"{}?{query}\" width=\"1\" height=\"1\" alt=\"\">", base.join(&format!("/pixel/{campaign}.gif")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::line::{self, LineFields};
    use crate::domain::money::Currency;
    use crate::domain::secret::SecretKey;
    use crate::domain::signature::{check, split_signature};
    use crate::domain::terms::example;

    fn order() -> SampleOrder {
        SampleOrder {
            click_id: "a'b".to_owned(),
            order_id: "O 1".to_owned(),
            event: "sale".to_owned(),
            amount: Some("49.90".to_owned()),
            currency: "EUR".to_owned(),
        }
    }

    #[test]
    fn the_signed_sample_passes_the_check_of_its_own_network() {
        let base = BaseUrl::parse("https://network.example").unwrap();
        let secret = SecretKey::from_bytes([7; 32]).postback_secret(CampaignId(42), 1);
        let now = Timestamp(1_772_445_600_123);
        let call = signed_call(&base, CampaignId(42), &secret, &order(), now);
        let query = call.strip_prefix("curl 'https://network.example/postback?").unwrap().strip_suffix('\'').unwrap();
        assert!(!query.contains('\''), "nothing ends the shell's quotes");
        let (query, signature) = split_signature(query).unwrap();
        let request = SignedRequest { timestamp: 1_772_445_600, method: "GET", path: "/postback", query, body: b"" };
        assert_eq!(check(&[secret], &request, signature, now), Ok(()));
    }

    #[test]
    fn a_recipe_has_no_placeholder_left_and_an_order_id_cannot_end_the_script() {
        let base = BaseUrl::parse("https://network.example").unwrap();
        let order = SampleOrder { order_id: "</script>{base}\"".to_owned(), ..order() };
        let text = filled(SCRIPT_OF_ORDER, &base, CampaignId(42), "click_id", &order);
        assert!(text.contains(r#""order_id":"\u003c/script>{base}\"""#), "{text}");
        assert_eq!(text.matches("</script>").count(), 2, "{text}");
        let page = filled(SCRIPT_ON_PAGES, &base, CampaignId(42), "click_id", &order);
        let campaign = CampaignId(42);
        let expected =
            format!(r#"src="https://network.example/t.js" data-campaign="{campaign}" data-parameter="click_id""#);
        assert!(page.contains(&expected) && !page.contains('{'), "{page}");
    }

    #[test]
    fn the_json_sample_is_json_inside_a_shells_quotes() {
        let base = BaseUrl::parse("https://network.example").unwrap();
        let call = json_call(&base, CampaignId(42), "YOUR_API_KEY", &order());
        let body = call.split("-d '").nth(1).unwrap().strip_suffix('\'').unwrap();
        assert!(!body.contains('\''));
        let read: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((read["click_id"].as_str(), read["amount"].as_str()), (Some("a'b"), Some("49.90")));
        let items: Vec<LineFields> = serde_json::from_value(read["items"].clone()).unwrap();
        assert_eq!(line::read(&items, Some(4990), Some(Currency::EUR)).unwrap().len(), 2, "they add up");
        let yen = SampleOrder { amount: Some("4990".to_owned()), currency: "JPY".to_owned(), ..order() };
        let call = json_call(&base, CampaignId(42), "YOUR_API_KEY", &yen);
        let body = call.split("-d '").nth(1).unwrap().strip_suffix('\'').unwrap();
        let read: serde_json::Value = serde_json::from_str(body).unwrap();
        let items: Vec<LineFields> = serde_json::from_value(read["items"].clone()).unwrap();
        assert_eq!(line::read(&items, Some(4990), "JPY".parse().ok()).unwrap().len(), 2, "they add up, too");
        let lead = SampleOrder { amount: None, ..order() };
        assert!(!json_call(&base, CampaignId(42), "YOUR_API_KEY", &lead).contains("items"));
    }

    #[test]
    fn a_sample_is_of_the_event_that_is_asked_for() {
        let of = |event| {
            let order = SampleOrder::of(&example(1), String::new(), "O".to_owned(), event);
            (order.event, order.amount.is_some())
        };
        assert_eq!(of("lead"), ("lead".to_owned(), false));
        assert_eq!(of("nonsense"), ("sale".to_owned(), true));
    }
}
