//! Several events of the advertiser's own, and other rates for lines, in the campaign's form: rows that buttons add and
//! remove, what they promise, and reports of them.

use serde_json::json;
use tallystick::auth::members::Admission;
use tallystick::domain::ids::{CampaignId, ConversionId};
use tallystick::domain::time::DAY_MS;
use tallystick::reports::verify::{differences, told, verify};
use tallystick::store::{campaigns, conversions, terms};

use crate::members::{admin, sign_up};
use crate::page::{between, unescape};
use crate::shop::{Shop, Visitor};
use crate::support::{Answer, Browser, Kind, TestApp, verified};
use crate::world::{campaign, draft, join, link};

const NEW: &str = "/advertiser/campaigns/new";

type Fields = Vec<(String, String)>;
/// The fields of some rows.
type Rows<'a> = &'a [[&'a str; 4]];

/// The form of the story's campaign with these rows.
fn form(events: Rows, rates: Rows) -> Fields {
    let own = |list: &str, names: [&str; 4], rows: Rows| -> Fields {
        let of_row = |(place, row): (usize, &[&str; 4])| {
            let pairs = names.into_iter().zip(*row);
            pairs.map(|(name, value)| (format!("draft[{list}][{place}][{name}]"), value.to_owned())).collect::<Fields>()
        };
        rows.iter().enumerate().flat_map(of_row).collect()
    };
    let mut fields: Fields =
        draft("Campaign W", "2.50", "7").into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    fields.extend(own("own_events", ["name", "rate", "unit", "counting"], events));
    fields.extend(own("line_rates", ["field", "text", "rate", "unit"], rates));
    fields
}

async fn post(browser: &Browser, path: &str, fields: &Fields, more: &[(&str, &str)]) -> (Answer, Answer) {
    let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let answer = browser.post(path, &fields.chain(more.iter().copied()).collect::<Vec<_>>()).await;
    assert_eq!(answer.status, 302, "{}", answer.text);
    let page = browser.get(answer.location()).await;
    (answer, page)
}

async fn create(browser: &Browser, fields: &Fields, step: &str) -> (Answer, Answer) {
    post(browser, "/api/create_campaign", fields, &[("step", step)]).await
}

/// Saves the form of a campaign as it stands now.
async fn update(app: &TestApp, browser: &Browser, id: CampaignId, fields: &Fields) -> String {
    let version = campaigns::get(&mut app.store.read().await.unwrap(), id).await.unwrap().version.to_string();
    let named = [("campaign_id", id.to_string()), ("version", version)];
    let named = named.each_ref().map(|(name, value)| (*name, value.as_str()));
    unescape(&post(browser, "/api/update_campaign", fields, &named).await.1.text)
}

fn has_row(page: &Answer, input: &str, value: &str) -> bool {
    page.text.contains(&format!("name=\"draft{input}\" type=\"text\" value=\"{value}\""))
}

const TRIAL: [&str; 4] = ["free_trial", "2", "fixed", "once_per_click"];
const SUBSCRIPTION: [&str; 4] = ["subscription", "20", "percent", "by_order"];
const BOOTS: [&str; 4] = ["category", "Boots", "12", "percent"];

#[tokio::test]
async fn rows_are_added_and_removed_by_buttons_that_save_nothing() {
    for kind in Kind::all() {
        let app = TestApp::start_with(kind, Admission::Automatic).await;
        let advertiser = sign_up(&app, "advertiser", "Nordlicht Outdoor").await;
        let empty = advertiser.get(NEW).await;
        assert!(empty.text.contains("value=\"add_event\"") && !empty.text.contains("own_events][0]"));
        let first_button = empty.text.split("/api/create_campaign").nth(1).unwrap().split("<button").nth(1).unwrap();
        let first_button = first_button.split('>').next().unwrap();
        assert!(
            first_button.contains("visually-hidden") && !first_button.contains("name="),
            "Enter saves: {first_button}"
        );

        let (answer, page) = create(&advertiser, &form(&[], &[]), "add_event").await;
        assert_eq!(answer.location(), NEW, "without a place, so that the new row gets the focus");
        assert!(
            page.text.contains("Nothing is saved yet.") && has_row(&page, "[own_events][0][name]", ""),
            "{}",
            page.text
        );
        assert!(
            page.text.contains("value=\"Campaign W\"") && page.text.contains("value=\"https://shop.example/welcome\"")
        );
        assert_eq!(page.text.matches(" autofocus").count(), 1, "the new row is where to go on");

        let (_, page) = create(&advertiser, &form(&[TRIAL, SUBSCRIPTION], &[BOOTS]), "add_line_rate").await;
        assert!(has_row(&page, "[own_events][1][name]", "subscription") && has_row(&page, "[line_rates][1][text]", ""));
        let (answer, page) = create(&advertiser, &form(&[TRIAL, SUBSCRIPTION], &[BOOTS]), "remove_event_0").await;
        assert_eq!(answer.location(), format!("{NEW}#own-events"));
        assert!(has_row(&page, "[own_events][0][name]", "subscription") && !page.text.contains("free_trial\""));
        let (answer, page) = create(&advertiser, &form(&[TRIAL], &[BOOTS]), "remove_line_rate_0").await;
        assert_eq!(answer.location(), format!("{NEW}#line-rates"));
        assert!(!page.text.contains("line_rates][0]") && has_row(&page, "[own_events][0][name]", "free_trial"));
        for step in ["remove_event_7", "nonsense"] {
            let (_, page) = create(&advertiser, &form(&[TRIAL], &[]), step).await;
            assert!(
                page.text.contains("flash-problem") && has_row(&page, "[own_events][0][name]", "free_trial"),
                "{step}"
            );
        }
        let many = vec![TRIAL; 18];
        let (_, page) = create(&advertiser, &form(&many, &[]), "add_event").await;
        assert!(page.text.contains("at most 18 events of its own") && !page.text.contains("[own_events][18]"));
        let mut conn = app.store.read().await.unwrap();
        assert!(campaigns::list_all(&mut conn, 1).await.unwrap().is_empty(), "nothing was saved");
        drop(conn);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_is_told_under_its_field_and_nothing_is_lost() {
    for kind in Kind::all() {
        let app = TestApp::start_with(kind, Admission::Automatic).await;
        let advertiser = sign_up(&app, "advertiser", "Nordlicht Outdoor").await;
        let mut names: Vec<String> = (0..12).map(|number| format!("event_{number:02}")).collect();
        names[11] = "Two words".to_owned();
        let rows: Vec<[&str; 4]> = names.iter().map(|name| [name.as_str(), "1.50", "fixed", "by_order"]).collect();
        let (_, page) = create(&advertiser, &form(&rows, &[BOOTS]), "").await;
        let error = between(&page.text, "id=\"draft[own_events][11][name]-error\" class=\"error\">", "<")
            .expect("under its field");
        assert!(error.contains("as in free_trial"), "{error}");
        for (place, name) in names.iter().enumerate() {
            assert!(has_row(&page, &format!("[own_events][{place}][name]"), name), "{name}");
        }
        assert!(has_row(&page, "[line_rates][0][text]", "Boots"));
        let (answer, _) = create(&advertiser, &form(&rows[..11], &[]), "").await;
        let id: CampaignId = answer.location().rsplit('/').next().unwrap().parse().unwrap();
        let edit = advertiser.get(&format!("/advertiser/campaigns/{id}/edit")).await;
        for (place, name) in names[..11].iter().enumerate() {
            assert!(has_row(&edit, &format!("[own_events][{place}][name]"), name), "in the order of the form: {name}");
        }
        let said = update(&app, &advertiser, id, &form(&rows[..11], &[])).await;
        assert!(said.contains("Saved. The terms are as they were."), "{said}");
        let stranger = sign_up(&app, "advertiser", "Rival").await;
        let mut locations = Vec::new();
        for id in [id, CampaignId(id.0 + 1)] {
            let named =
                [("campaign_id", id.to_string()), ("version", "1".to_owned()), ("step", "add_event".to_owned())];
            let named = named.each_ref().map(|(name, value)| (*name, value.as_str()));
            let fields = form(&[], &[]);
            let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let answer = stranger.post("/api/update_campaign", &fields.chain(named).collect::<Vec<_>>()).await;
            locations.push((answer.status, answer.location().to_owned()));
        }
        assert_eq!(locations[0], locations[1], "a stranger cannot tell whether it exists");
        app.stop().await;
    }
}

#[tokio::test]
async fn own_events_are_reported_paid_and_shown() {
    for kind in Kind::all() {
        let app = TestApp::start_with(kind, Admission::Automatic).await;
        let (admin, advertiser) = (admin(&app).await, sign_up(&app, "advertiser", "Nordlicht Outdoor").await);
        let publisher = sign_up(&app, "publisher", "Garden Letters").await;
        let id = campaign(&advertiser, &admin, &draft("Campaign W", "2.50", "7")).await;
        let campaign_id: CampaignId = id.parse().unwrap();
        app.clock.advance_ms(60_000);
        let said = update(&app, &advertiser, campaign_id, &form(&[TRIAL, SUBSCRIPTION], &[BOOTS])).await;
        assert!(said.contains("Version 2 of the terms is in force"), "{said}");
        for text in ["2.00 EUR per free_trial", "20 % of a subscription", "12 % of a sale's lines in category Boots"] {
            assert!(said.contains(text), "{text} in {said}");
            assert!(
                unescape(&publisher.get(&format!("/campaigns/{id}")).await.text).contains(text),
                "publishers read it"
            );
        }
        let path = format!("/advertiser/campaigns/{id}/integration");
        let page = advertiser.get(&format!("{path}?event=free_trial")).await;
        let events = between(&page.text, "aria-label=\"Events\"", "</table>").expect("the events");
        for name in ["sale", "lead", "free_trial", "subscription"] {
            assert!(events.contains(&format!("<span class=\"mono\">{name}<")), "{name} in {events}");
        }
        assert_eq!(events.matches("counts once per click").count(), 2, "a lead and a free trial");
        assert!(page.text.contains("event=free_trial") && unescape(&page.text).contains("\"event\": \"free_trial\""));

        join(&publisher, &advertiser, &id).await;
        let click = Visitor::new(&app, 1).click(&link(&publisher, &id).await).await.id;
        let made = advertiser.act(&path, "/api/create_api_key", "", &[("name", "Shop server")]).await;
        let key = format!("tsk_{}", between(&made.text, "value=\"tsk_", "\"").unwrap());
        let shop = Shop::new(&app, &id);
        let trial = json!({ "event": "free_trial", "click_id": click });
        let first = shop.post(&key, &trial).await;
        assert_eq!(first.told(), (201, "created", false, ""), "{first:?}");
        assert_eq!(shop.post(&key, &trial).await.told(), (200, "created", true, ""), "once per click");
        let subscribed = json!({ "event": "subscription", "order_id": "S1", "amount": "30.00", "currency": "EUR",
            "click_id": click });
        let second = shop.post(&key, &subscribed).await;
        let line = json!([{ "category": "Boots", "quantity": 1, "unit_amount": "30.00" }]);
        let sold = json!({ "order_id": "S1", "amount": "30.00", "currency": "EUR", "click_id": click, "items": line });
        let third = shop.post(&key, &sold).await;
        for (reply, event, commission) in
            [(first, "free_trial", 200), (second, "subscription", 600), (third, "sale", 360)]
        {
            let id: ConversionId = reply.text("conversion_id").parse().unwrap_or_else(|_| panic!("{reply:?}"));
            let row = conversions::get(&mut app.store.read().await.unwrap(), id).await.unwrap();
            assert_eq!((row.event.as_str(), row.commission_minor), (event, commission));
            assert!(publisher.get(&format!("/receipts/{id}")).await.text.contains(event));
        }
        let nameless = json!({ "event": "subscription", "amount": "30.00", "currency": "EUR", "click_id": click });
        assert_eq!(shop.post(&key, &nameless).await.text("reason"), "order_id_missing");
        let unknown = shop.post(&key, &json!({ "event": "install", "order_id": "I1", "click_id": click })).await;
        assert_eq!(unknown.told(), (422, "rejected", false, "event_unknown"));
        assert_eq!(unknown.text("field"), "event");
        let page = app.browser().get("/reasons/event_unknown").await;
        assert!(page.status == 200 && page.text.contains("The campaign has no event of this name."));
        let checks = verify(&mut app.store.snapshot().await.unwrap()).await.unwrap();
        assert_eq!(differences(&checks), 0, "{}", told(&checks));
        app.stop().await;
    }
}

#[tokio::test]
async fn a_live_campaign_gets_more_events_at_once_and_loses_some_after_notice() {
    for kind in Kind::all() {
        let app = TestApp::start_with(kind, Admission::Automatic).await;
        let (admin, advertiser) = (admin(&app).await, sign_up(&app, "advertiser", "Nordlicht Outdoor").await);
        let id: CampaignId = campaign(&advertiser, &admin, &draft("Campaign W", "2.50", "7")).await.parse().unwrap();
        let save = async |events: Rows<'_>, rates: Rows<'_>| {
            app.clock.advance_ms(1_000);
            update(&app, &advertiser, id, &form(events, rates)).await
        };
        assert!(save(&[TRIAL, SUBSCRIPTION], &[BOOTS]).await.contains("Version 2 of the terms"));
        let lower = [["free_trial", "1.99", "fixed", "once_per_click"], SUBSCRIPTION];
        let by_order = [["free_trial", "2", "fixed", "by_order"], SUBSCRIPTION];
        let cuts: [(Rows, Rows); 6] = [
            (&[TRIAL], &[BOOTS]),
            (&lower, &[BOOTS]),
            (&[TRIAL, SUBSCRIPTION], &[]),
            (&[TRIAL, SUBSCRIPTION], &[["category", "Boots", "11", "percent"]]),
            (&[TRIAL, SUBSCRIPTION], &[BOOTS, ["sku", "HAT-1", "9", "percent"]]),
            (&by_order, &[BOOTS]),
        ];
        for ((events, rates), version) in cuts.into_iter().zip(3..) {
            let said = save(events, rates).await;
            let told = format!("Version {version} of the terms cuts a commission: it is announced");
            assert!(said.contains(&told), "{events:?} {rates:?}: {said}");
        }
        let more = [TRIAL, SUBSCRIPTION, ["install", "0.50", "fixed", "by_order"]];
        let said = save(&more, &[["sku", "HAT-1", "15", "percent"], BOOTS]).await;
        assert!(said.contains("Version 9 of the terms is in force"), "{said}");
        let list = terms::list(&mut app.store.read().await.unwrap(), id).await.unwrap();
        assert_eq!(list.iter().map(|terms| terms.rules.len()).collect::<Vec<_>>(), [2, 5, 4, 5, 4, 5, 6, 5, 7]);
        app.stop().await;
    }
}

/// A click keeps how its reports are told apart.
#[tokio::test]
async fn an_event_needs_order_ids_after_notice_and_for_later_clicks_only() {
    for kind in Kind::all() {
        let app = TestApp::start_with(kind, Admission::Automatic).await;
        let (admin, advertiser) = (admin(&app).await, sign_up(&app, "advertiser", "Nordlicht Outdoor").await);
        let publisher = sign_up(&app, "publisher", "Garden Letters").await;
        let id = campaign(&advertiser, &admin, &draft("Campaign W", "2.50", "7")).await;
        let campaign_id: CampaignId = id.parse().unwrap();
        app.clock.advance_ms(60_000);
        update(&app, &advertiser, campaign_id, &form(&[TRIAL], &[])).await;
        join(&publisher, &advertiser, &id).await;
        let (link, shop) = (link(&publisher, &id).await, Shop::new(&app, &id));
        app.clock.advance_ms(60_000);
        let begin = app.environment.now().plus_ms(7 * DAY_MS);
        let said =
            update(&app, &advertiser, campaign_id, &form(&[["free_trial", "2", "fixed", "by_order"]], &[])).await;
        assert!(said.contains("Version 3 of the terms cuts a commission"), "{said}");
        let page = publisher.get(&format!("/campaigns/{id}")).await.plain();
        for text in ["What counts once per click", "a free_trial a lead", "a lead"] {
            assert!(page.contains(text), "{text}: {page}");
        }
        let notices = publisher.get("/publisher/notices").await.plain();
        assert!(notices.contains(" UTC on: what counts once per click."), "{notices}");

        app.clock.set(&begin.plus_ms(-1).to_string());
        let before = Visitor::new(&app, 1).click(&link).await.id;
        app.clock.set(&begin.plus_ms(1).to_string());
        let after = Visitor::new(&app, 2).click(&link).await.id;
        let trial = async |click: &str, more: &str| {
            shop.report(&app, &format!("event=free_trial&click_id={click}{more}")).await
        };
        assert_eq!(trial(&before, "").await.told(), (201, "created", false, ""));
        assert_eq!(trial(&before, "").await.told(), (200, "created", true, ""), "once per click");
        assert_eq!(trial(&after, "").await.told(), (422, "rejected", false, "order_id_missing"));
        assert_eq!(trial(&after, "&order_id=T1").await.told(), (201, "created", false, ""));
        verified(&app.store).await;
        app.stop().await;
    }
}
