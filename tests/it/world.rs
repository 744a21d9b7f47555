//! The people of the story, made through the product's own pages: nothing here touches the database.

use tallystick::auth::members::Admission;

use crate::members::{PASSWORD, admin, sign_up};
use crate::page::between;
use crate::shop::Shop;
use crate::support::{Browser, Kind, TestApp};

pub struct World {
    pub app: TestApp,
    pub admin: Browser,
    pub advertiser: Browser,
    pub publisher_a: Browser,
    pub publisher_b: Browser,
    /// Campaigns W and X, by id.
    pub w: String,
    pub x: String,
    pub shop_w: Shop,
    /// A key of campaign W.
    pub key: String,
    /// A's link to W, B's to W, B's to X, each as `/c/{slug}`.
    pub a_w: String,
    pub b_w: String,
    pub b_x: String,
}

/// Campaign W or X of the story as its form takes it.
pub fn draft(name: &str, lead_rate: &str, window: &str) -> Vec<(&'static str, String)> {
    vec![
        ("draft[name]", name.to_owned()),
        ("draft[description]", "Boots for the cold.".to_owned()),
        ("draft[category]", "Outdoor".to_owned()),
        ("draft[landing_url]", "https://shop.example/welcome".to_owned()),
        ("draft[allowed_hosts]", String::new()),
        ("draft[landing_parameter]", "click_id".to_owned()),
        ("draft[approval]", "manual".to_owned()),
        ("draft[currency]", "EUR".to_owned()),
        ("draft[sale_rate]", "10".to_owned()),
        ("draft[sale_unit]", "percent".to_owned()),
        ("draft[lead_rate]", lead_rate.to_owned()),
        ("draft[lead_unit]", "fixed".to_owned()),
        ("draft[window]", window.to_owned()),
        ("draft[window_unit]", "days".to_owned()),
        ("draft[validation_days]", "30".to_owned()),
        ("draft[hold_days]", "0".to_owned()),
        ("draft[too_fast_seconds]", "0".to_owned()),
        ("draft[terms_text]", "No bids on our name.".to_owned()),
    ]
}

pub fn entered<'d>(draft: &'d [(&'static str, String)]) -> Vec<(&'static str, &'d str)> {
    draft.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

impl World {
    pub async fn new(kind: Kind) -> Self {
        let app = TestApp::start_with(kind, Admission::Manual).await;
        let admin = admin(&app).await;
        let advertiser = sign_up(&app, "advertiser", "Nordlicht Outdoor").await;
        let publisher_a = sign_up(&app, "publisher", "Garden Letters").await;
        let publisher_b = sign_up(&app, "publisher", "Trail Notes").await;
        for name in ["Nordlicht Outdoor", "Garden Letters", "Trail Notes"] {
            admit(&admin, name).await;
        }
        let w = campaign(&advertiser, &admin, &draft("Campaign W", "2.50", "7")).await;
        let x = campaign(&advertiser, &admin, &draft("Campaign X", "", "7")).await;
        for (publisher, email) in [(&publisher_a, "a@letters.example"), (&publisher_b, "b@trails.example")] {
            enter_details(publisher, email).await;
            for campaign in [&w, &x] {
                join(publisher, &advertiser, campaign).await;
            }
        }
        let a_w = link(&publisher_a, &w).await;
        let b_w = link(&publisher_b, &w).await;
        let b_x = link(&publisher_b, &x).await;
        let integration = format!("/advertiser/campaigns/{w}/integration");
        let made = advertiser.act(&integration, "/api/create_api_key", "", &[("name", "Shop server")]).await;
        let key = format!("tsk_{}", between(&made.text, "value=\"tsk_", "\"").expect("the key is shown once"));
        let shown = made.text.split("aria-label=\"Secret\"").nth(1).and_then(|rest| between(rest, "<code>", "<"));
        let shown = shown.expect("the secret is shown");
        let shop_w = Shop::new(&app, &w);
        assert_eq!(shop_w.secret.as_str(), shown);
        Self { app, admin, advertiser, publisher_a, publisher_b, w, x, shop_w, key, a_w, b_w, b_x }
    }
}

impl World {
    /// Everybody logs in again: sessions end when they were idle too long.
    pub async fn log_in_again(&self) {
        let people = [
            (&self.admin, "admin@network.example"),
            (&self.advertiser, "nordlicht.outdoor@parties.example"),
            (&self.publisher_a, "garden.letters@parties.example"),
            (&self.publisher_b, "trail.notes@parties.example"),
        ];
        for (browser, email) in people {
            let page = browser.submit("/api/log_in", &[("email", email), ("password", PASSWORD)]).await;
            assert!(page.text.contains("rail-foot"), "{email}: {}", page.plain());
        }
    }
}

/// The admin admits whoever bears this name.
pub async fn admit(admin: &Browser, name: &str) {
    let page = admin.get("/admin/parties").await;
    let row = page.text.split("<tr").find(|row| row.contains(name)).expect("the party is listed").to_owned();
    let form = crate::page::forms(&row).remove(0);
    let page = admin.fill(&form, &[("state", "admitted"), ("reason", "")]).await;
    assert!(page.text.contains("The party is now admitted."), "{}", page.plain());
}

/// A campaign from its form to live.
pub async fn campaign(advertiser: &Browser, admin: &Browser, draft: &[(&'static str, String)]) -> String {
    let made = advertiser.post("/api/create_campaign", &entered(draft)).await;
    let page = made.location().to_owned();
    let id = page.rsplit('/').next().unwrap().to_owned();
    let submitted = advertiser.act(&page, "/api/submit_campaign", &id, &[]).await;
    assert!(submitted.text.contains("Submitted"), "{}", submitted.plain());
    let decided =
        admin.act("/admin/campaigns", "/api/decide_campaign", &id, &[("state", "live"), ("reason", "")]).await;
    assert!(decided.text.contains("is now live."), "{}", decided.plain());
    id
}

/// A publisher accepts the terms and applies, the advertiser approves.
pub async fn join(publisher: &Browser, advertiser: &Browser, campaign: &str) {
    let path = format!("/campaigns/{campaign}");
    let applied = publisher.act(&path, "/api/apply_to_campaign", campaign, &[("accepted", "true")]).await;
    assert!(applied.text.contains("The advertiser decides."), "{}", applied.plain());
    let waiting = advertiser.get("/advertiser/publishers").await;
    let form = waiting.form("/api/decide_enrollment", "value=\"approved\"");
    let decided = advertiser.fill(&form, &[("state", "approved"), ("reason", "")]).await;
    assert_eq!(decided.status, 200, "{}", decided.plain());
}

/// A publisher says where it is paid; without that nobody is.
pub async fn enter_details(publisher: &Browser, email: &str) {
    let path = "/publisher/payout-details?method=paypal";
    let entered = [("details[paypal_email]", email), ("password", PASSWORD)];
    let page = publisher.act(path, "/api/change_payout_details", "", &entered).await;
    assert!(page.text.contains("Your payout details are stored."), "{}", page.plain());
}

/// A new link of a publisher to a campaign it has joined.
pub async fn link(publisher: &Browser, campaign: &str) -> String {
    let path = format!("/publisher/links/new?campaign={campaign}");
    let fields = [("campaign_id", campaign), ("name", "Newsletter"), ("destination", ""), ("sub1", "spring")];
    let page = publisher.get(&path).await;
    let made = publisher.fill(&page.form("/api/create_link", ""), &fields).await;
    let slugs = made
        .text
        .split("/c/")
        .skip(1)
        .map(|rest| rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>());
    let slug = slugs.into_iter().find(|slug| slug.len() == 10).unwrap_or_else(|| panic!("a link: {}", made.plain()));
    format!("/c/{slug}")
}
