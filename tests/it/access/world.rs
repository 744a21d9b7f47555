//! Two publishers, two advertisers and an admin, whose every text is a word of their own: found on a page of somebody
//! else, it says what leaked.

use std::collections::BTreeMap;

use tallystick::auth::members::Admission;
use tallystick::domain::ids::{NoticeId, PartyId};
use tallystick::domain::notice::{NoticeCode, object_of};
use tallystick::settlement::hold;
use tallystick::store::notices::{self, Notice};

use crate::holds::nameless_click;
use crate::members::{PASSWORD, admin, sign_up};
use crate::shop::{Shop, Visitor};
use crate::support::{Answer, Browser, Kind, TestApp};
use crate::world::{admit, campaign, draft, entered, join};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Nobody,
    /// A publisher in X's campaign.
    A,
    /// A publisher in both campaigns, A's rival in X's.
    B,
    /// Advertisers.
    X,
    Y,
    Admin,
}

use Role::{A, Admin, B, X, Y};

pub const ALL: &[Role] = &[Role::Nobody, A, B, X, Y, Admin];

/// A file with an order that belongs to nobody.
pub const CSV: (&str, &str, &[u8]) = ("heron.csv", "text/csv", b"order_id\nheronorder-0009\n");

const FINCH_IBAN: &str = "DE89 3704 0044 0532 0130 00";

/// A file of reviews, by the order that only this file names.
pub const REVIEWS: (&str, &str, &[u8]) =
    ("heronreviews.csv", "text/csv", b"order_id,action,reason,note\nheronorder-0007,reject,other,heronreview\n");

const EMAILS: [(Role, &str); 5] = [
    (A, "finch.letters@parties.example"),
    (B, "robin.trails@parties.example"),
    (X, "heron.shop@parties.example"),
    (Y, "stork.shop@parties.example"),
    (Admin, "admin@network.example"),
];

/// Every word that was entered, and who may read it; the admin may read all of them. The first must find it somewhere,
/// or it proves nothing. E-mail addresses are on no page at all.
pub const WORDS: &[(&str, &[Role])] = &[
    ("Finch Letters", &[A, X]),
    ("finch.letters@", &[]),
    ("finchlink", &[A]),
    ("finchsub", &[A]),
    ("finchpath", &[A]),
    ("Robin Trails", &[B, X, Y]),
    ("robin.trails@", &[]),
    ("robinlink", &[B]),
    ("robinsub", &[B]),
    ("robinpath", &[B]),
    ("herondraft", &[X]),
    ("heronkey", &[X]),
    ("heronbanner", &[X, A, B]),
    ("heronorder", &[X]),
    ("herondeposit", &[X]),
    ("heronnote", &[A, X]),
    ("heronreason", &[B, X]),
    ("heronnotice", &[X]),
    ("heronreview", &[X]),
    ("finchcode", &[A, X]),
    ("DE\u{2026}3000", &[A]),
    (FINCH_IBAN, &[]),
    ("DE8937040044", &[]),
    ("finchholder", &[]),
    ("FR\u{2026}2606", &[B]),
    ("heron.shop@", &[]),
    ("storkdraft", &[Y]),
    ("storkkey", &[Y]),
    ("storkorder", &[Y]),
    ("storkdeposit", &[Y]),
    ("storknote", &[B, Y]),
    ("stork.shop@", &[]),
];

pub struct World {
    pub app: TestApp,
    browsers: BTreeMap<Role, Browser>,
    /// What `{name}` stands for in a path or a field: an id that is there, and one like it that is not.
    pub ids: BTreeMap<&'static str, (String, String)>,
}

impl World {
    pub fn browser(&self, role: Role) -> &Browser {
        &self.browsers[&role]
    }

    fn remember(&mut self, name: &'static str, id: String) {
        let missing = self.app.environment.new_id(PartyId).to_string();
        self.ids.insert(name, (id, missing));
    }

    pub async fn new(kind: Kind) -> Self {
        let app = TestApp::start_with(kind, Admission::Manual).await;
        let mut browsers = BTreeMap::from([(Role::Nobody, app.browser()), (Admin, admin(&app).await)]);
        let people = [
            (A, "publisher", "Finch Letters"),
            (B, "publisher", "Robin Trails"),
            (X, "advertiser", "Heron Shop"),
            (Y, "advertiser", "Stork Shop"),
        ];
        for (role, kind, name) in people {
            browsers.insert(role, sign_up(&app, kind, name).await);
            admit(&browsers[&Admin], name).await;
        }
        let mut world = Self { app, browsers, ids: BTreeMap::new() };
        world.campaigns().await;
        world.links().await;
        world.details().await;
        world.earned().await;
        world.paid().await;
        world.waiting().await;
        world
    }

    async fn campaigns(&mut self) {
        let (x, y) = (self.browser(X), self.browser(Y));
        let x_live = campaign(x, self.browser(Admin), &texts("Heron campaign", "heronpublic")).await;
        let x_other = campaign(x, self.browser(Admin), &texts("Heron second", "heronpublic")).await;
        let y_live = campaign(y, self.browser(Admin), &texts("Stork campaign", "storkpublic")).await;
        for (publisher, advertiser, id) in [(A, X, &x_live), (B, X, &x_live), (B, Y, &y_live)] {
            join(self.browser(publisher), self.browser(advertiser), id).await;
        }
        let x_draft = self.draft(X, "herondraft").await;
        let y_draft = self.draft(Y, "storkdraft").await;
        let x_key = self.key(X, &x_live, "heronkey").await;
        self.key(Y, &y_live, "storkkey").await;
        let new = [("x_live", x_live), ("y_live", y_live), ("x_other", x_other), ("x_draft", x_draft)];
        for (name, id) in new.into_iter().chain([("y_draft", y_draft), ("x_key", x_key)]) {
            self.remember(name, id);
        }
        let fields = [("campaign_id", self.ids["x_live"].0.as_str()), ("name", "heronbanner"), ("words", "Boots")];
        let file = ("a.png", "image/png", crate::creatives::PNG);
        let added = self.browser(X).upload("/creatives/upload", &fields, file).await;
        let page = self.browser(X).get(added.location()).await;
        let x_live = self.ids["x_live"].0.clone();
        let read = self.browser(X).upload("/uploads", &[("campaign_id", &x_live)], CSV).await;
        self.remember("x_upload", id_at_the_end(&read));
        self.remember("x_banner", hidden(&page.form("/api/pause_creative", "").fields, "creative_id"));
        let page = self.browser(X).get(&format!("/advertiser/campaigns/{}/coupons", self.ids["x_live"].0)).await;
        let option = page.text.split("<option").find(|option| option.contains("Finch Letters")).expect("A is in it");
        self.remember("a", crate::page::between(option, "value=\"", "\"").unwrap().to_owned());
        let form = page.form("/api/create_coupon", "");
        let fields = [("publisher_id", self.ids["a"].0.as_str()), ("code", "finchcode")];
        let page = self.browser(X).fill(&form, &fields).await;
        self.remember("x_coupon", hidden(&page.form("/api/end_coupon", "").fields, "coupon_id"));
        // B's application to X's other campaign is declined, A's waits.
        let x_other = self.ids["x_other"].0.clone();
        for publisher in [B, A] {
            let path = format!("/campaigns/{x_other}");
            self.browser(publisher).act(&path, "/api/apply_to_campaign", "", &[("accepted", "true")]).await;
            let form = self.browser(X).get("/advertiser/publishers").await.form("/api/decide_enrollment", "approved");
            if publisher == B {
                self.browser(X).fill(&form, &[("state", "declined"), ("reason", "heronreason")]).await;
            } else {
                self.remember("x_enrollment", hidden(&form.fields, "enrollment_id"));
            }
        }
    }

    async fn draft(&self, role: Role, word: &str) -> String {
        let made = self.browser(role).post("/api/create_campaign", &entered(&texts(word, word))).await;
        id_at_the_end(&made)
    }

    async fn key(&self, role: Role, campaign: &str, name: &str) -> String {
        let path = format!("/advertiser/campaigns/{campaign}/integration");
        let page = self.browser(role).act(&path, "/api/create_api_key", "", &[("name", name)]).await;
        hidden(&page.form("/api/revoke_api_key", "").fields, "api_key_id")
    }

    async fn links(&mut self) {
        let made = [(A, "x_live", "finch", "a_link", "a_slug"), (B, "x_live", "robin", "b_link", "b_slug")];
        for (role, campaign, word, link, slug) in made {
            let campaign = self.ids[campaign].0.clone();
            let (name, sub) = (format!("{word}link"), format!("{word}sub"));
            let destination = format!("https://shop.example/{word}path");
            let fields =
                [("campaign_id", campaign.as_str()), ("name", &name), ("destination", &destination), ("sub1", &sub)];
            let answer = self.browser(role).post("/api/create_link", &fields).await;
            let page = self.browser(role).get(answer.location()).await;
            self.remember(link, id_at_the_end(&answer));
            let found = page.text.split("/c/").nth(1).expect("a link").chars().take(10).collect();
            self.remember(slug, found);
        }
    }

    /// Both publishers say where they are paid.
    async fn details(&self) {
        for (role, iban) in [(A, FINCH_IBAN), (B, "FR14 2004 1010 0505 0001 3M02 606")] {
            enter_iban(self.browser(role), iban).await;
        }
    }

    /// Clicks of both publishers and orders of both advertisers, one of each rejected and one approved.
    async fn earned(&mut self) {
        let (x_live, y_live) = (self.ids["x_live"].0.clone(), self.ids["y_live"].0.clone());
        let by_hand = format!("/c/{y_live}/{}", self.publisher_of("b_link").await);
        let paths = [format!("/c/{}", self.ids["b_slug"].0), format!("/c/{}", self.ids["a_slug"].0), by_hand];
        let mut clicks = Vec::new();
        for path in paths {
            self.app.clock.advance_ms(1_000);
            clicks.push(Visitor::new(&self.app, 1).click(&path).await.id);
        }
        // B's click loses against A's later one.
        let both = format!("{}.{}", clicks[0], clicks[1]);
        for (role, campaign, word, clicks) in [(X, &x_live, "heron", &both), (Y, &y_live, "stork", &clicks[2])] {
            let shop = Shop::new(&self.app, campaign);
            for (number, step) in [(1, "approve_conversion"), (2, "reject_conversion")] {
                let query = format!("click_id={clicks}&order_id={word}order-000{number}&amount=90.00&currency=EUR");
                let reply = shop.report(&self.app, &query).await;
                assert_eq!(reply.status, 201, "{reply:?}");
                let note = format!("{word}note");
                let id = reply.text("conversion_id");
                let fields = [("conversion_id", id), ("version", "1"), ("kind", "advertiser"), ("filter", "")];
                let why = [("reason", "order_cancelled"), ("note", note.as_str())];
                let fields: Vec<_> = fields.into_iter().chain(why.into_iter().filter(|_| number == 2)).collect();
                let page = self.browser(role).submit(&format!("/api/{step}"), &fields).await;
                assert!(page.text.contains("The conversion is "), "{}", page.plain());
                if role == X && number == 2 {
                    self.remember("rejected", reply.text("conversion_id").to_owned());
                }
            }
        }
    }

    async fn publisher_of(&self, link: &str) -> String {
        let page = self.browser(B).get(&format!("/publisher/links/{}", self.ids[link].0)).await;
        let by_hand = format!("/c/{}/", self.ids["x_live"].0);
        page.text.split(&by_hand).nth(1).expect("a link built by hand").chars().take(13).collect()
    }

    /// Both advertisers pay, and a month later there is a run with both publishers' payouts.
    async fn paid(&mut self) {
        let page = self.browser(Admin).get("/admin/deposits").await;
        for (name, reference, id) in [("Heron Shop", "herondeposit", "x"), ("Stork Shop", "storkdeposit", "y")] {
            let option = page.text.split("<option").find(|option| option.contains(name)).expect("the advertiser");
            let advertiser = crate::page::between(option, "value=\"", "\"").unwrap().to_owned();
            let fields = [("advertiser_id", advertiser.as_str()), ("amount", "50.00"), ("currency", "EUR")];
            let fields: Vec<_> = fields.into_iter().chain([("reference", reference)]).collect();
            let booked = self.browser(Admin).submit("/api/book_deposit", &fields).await;
            assert!(booked.text.contains("is booked"), "{}", booked.plain());
            self.remember(id, advertiser);
        }
        self.app.clock.set("2026-04-02T10:00:00Z");
        for (role, email) in EMAILS {
            let fields = [("email", email), ("password", PASSWORD)];
            assert_eq!(self.browser(role).submit("/api/log_in", &fields).await.status, 200);
        }
        assert_eq!(hold::release_due(&self.app.store, &self.app.environment).await.unwrap(), 2);
        let proposed = self.browser(Admin).post("/api/propose_payouts", &[("currency", "EUR")]).await;
        self.remember("run", id_at_the_end(&proposed));
        let run = format!("/admin/payouts/{}", self.ids["run"].0);
        let approved = self.browser(Admin).act(&run, "/api/approve_payout_run", "", &[]).await;
        let forms =
            crate::page::forms(&approved.text).into_iter().filter(|form| form.action == "/api/mark_payout_paid");
        for (form, name) in forms.zip(["payout", "payout_2"]) {
            self.remember(name, hidden(&form.fields, "payout_id"));
        }
    }

    /// What somebody still has to decide: an order, a party, a campaign.
    async fn waiting(&mut self) {
        let click = Visitor::new(&self.app, 2).click(&format!("/c/{}", self.ids["a_slug"].0)).await.id;
        let shop = Shop::new(&self.app, &self.ids["x_live"].0);
        for (number, name) in [(3, "pending"), (4, "second"), (5, "third"), (7, "fourth")] {
            let query = format!("click_id={click}&order_id=heronorder-000{number}&amount=30.00&currency=EUR");
            let reply = shop.report(&self.app, &query).await;
            self.remember(name, reply.text("conversion_id").to_owned());
        }
        let nameless = nameless_click(&self.app, &format!("/c/{}", self.ids["a_slug"].0)).await;
        let query = format!("click_id={nameless}&order_id=heronorder-0006&amount=30.00&currency=EUR");
        let held = shop.report(&self.app, &query).await.text("conversion_id").to_owned();
        self.remember("held", held);
        let log = format!("/advertiser/campaigns/{}/requests", self.ids["x_live"].0);
        let page = self.browser(X).get(&log).await;
        let attempt = crate::page::between(&page.text, &format!("href=\"{log}/"), "\"").expect("a request").to_owned();
        self.remember("x_attempt", attempt);
        let tried = self.browser(X).upload("/reviews", &[("kind", "advertiser")], REVIEWS).await;
        self.remember("x_batch", id_at_the_end(&tried));
        let ledger = self.browser(Admin).get("/admin/ledger").await.text;
        let account = crate::page::between(&ledger, "href=\"/admin/ledger/", "\"").expect("an account").to_owned();
        self.remember("x_account", account);
        self.notice().await;
        let newcomer = sign_up(&self.app, "publisher", "New Party").await;
        // It is paid to the same place as A, which the admin alone is told.
        enter_iban(&newcomer, FINCH_IBAN).await;
        let page = self.browser(Admin).get("/admin/payouts").await;
        let shared = page.form("/api/release_destination", &self.ids["a"].0);
        for (name, field) in [("a_details", "payout_details_id"), ("n_details", "seen")] {
            self.remember(name, hidden(&shared.fields, field));
        }
        let page = self.browser(Admin).get("/admin/parties").await;
        let row = page.text.split("<tr").find(|row| row.contains("New Party")).expect("the party is listed").to_owned();
        self.remember("party", hidden(&crate::page::forms(&row)[0].fields, "party_id"));
    }
}

async fn enter_iban(publisher: &Browser, iban: &str) {
    let entered = [("details[holder]", "finchholder"), ("details[iban]", iban), ("password", PASSWORD)];
    let path = "/publisher/payout-details?method=bank";
    let page = publisher.act(path, "/api/change_payout_details", "", &entered).await;
    assert!(page.text.contains("are stored."), "{}", page.plain());
}

impl World {
    /// X was told something.
    async fn notice(&mut self) {
        let new = Notice {
            notice_id: self.app.environment.new_id(NoticeId),
            party_id: self.ids["x"].0.parse().unwrap(),
            code: NoticeCode::ReviewDue,
            object: object_of(self.ids["pending"].0.parse().unwrap()),
            text: "heronnotice".to_owned(),
            seen_at_ms: None,
        };
        let mut w = self.app.store.write().await.unwrap();
        assert!(notices::insert(&mut w, &new).await.unwrap());
        w.commit().await.unwrap();
        self.remember("x_notice", new.notice_id.to_string());
    }
}

/// A campaign whose texts are the advertiser's words.
fn texts(name: &str, word: &str) -> Vec<(&'static str, String)> {
    let mut draft = draft(name, "2.50", "7");
    for (field, value) in &mut draft {
        match *field {
            "draft[description]" => *value = format!("{word} description"),
            "draft[terms_text]" => *value = format!("{word} terms"),
            _ => {}
        }
    }
    draft
}

fn id_at_the_end(answer: &Answer) -> String {
    let id: String = answer.location().rsplit('/').next().unwrap_or("").to_owned();
    assert_eq!(id.len(), 13, "{} {}: {}", answer.status, answer.location(), answer.plain());
    id
}

fn hidden(fields: &[(String, String)], name: &str) -> String {
    fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone()).expect("a hidden field")
}
