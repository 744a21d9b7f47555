//! Campaigns over HTTP, as pages without scripts do it: made, submitted, admitted, edited, integrated.

use tallystick::auth::api_key::ApiKey;
use tallystick::auth::members::Admission;
use tallystick::domain::ids::CampaignId;
use tallystick::store::{api_keys, campaigns, terms};

use crate::members::{PASSWORD, admin, sign_up};
use crate::support::{Answer, Browser, Kind, TestApp};

/// The story's campaign W, with some fields changed.
fn draft<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(String, String)> {
    let story = [
        ("name", "Winter boots"),
        ("description", "Boots for the cold."),
        ("category", "Outdoor"),
        ("landing_url", "https://shop.example/boots"),
        ("allowed_hosts", "outlet.example"),
        ("landing_parameter", "click_id"),
        ("approval", "manual"),
        ("currency", "EUR"),
        ("sale_rate", "10"),
        ("sale_unit", "percent"),
        ("lead_rate", "2.50"),
        ("lead_unit", "fixed"),
        ("click_rate", ""),
        ("click_cap", ""),
        ("window", "7"),
        ("window_unit", "days"),
        ("validation_days", "30"),
        ("hold_days", "0"),
        ("too_fast_seconds", "0"),
        ("terms_text", "No coupons."),
    ];
    let changed = |name| changes.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
    story.map(|(name, value)| (format!("draft[{name}]"), changed(name).unwrap_or(value).to_owned())).to_vec()
}

async fn send(browser: &Browser, path: &str, fields: &[(&str, &str)], draft: &[(String, String)]) -> Answer {
    let draft = draft.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    browser.submit(path, &fields.iter().copied().chain(draft).collect::<Vec<_>>()).await
}

/// Makes the campaign and says which it is.
pub async fn create(app: &TestApp, advertiser: &Browser, changes: &[(&str, &str)]) -> CampaignId {
    let page = send(advertiser, "/api/create_campaign", &[], &draft(changes)).await;
    assert!(page.text.contains("The campaign is made."), "{}", page.text);
    let mut conn = app.store.read().await.unwrap();
    campaigns::list_all(&mut conn, 1).await.unwrap()[0].campaign_id
}

async fn version(app: &TestApp, id: CampaignId) -> String {
    campaigns::get(&mut app.store.read().await.unwrap(), id).await.unwrap().version.to_string()
}

/// Posts to a campaign's end point with its id and present version.
async fn step(app: &TestApp, browser: &Browser, path: &str, id: CampaignId, more: &[(&str, &str)]) -> String {
    let (id, version) = (id.to_string(), version(app, id).await);
    let fields = [&[("campaign_id", id.as_str()), ("version", version.as_str())], more].concat();
    browser.submit(path, &fields).await.text
}

pub async fn update(app: &TestApp, browser: &Browser, id: CampaignId, changes: &[(&str, &str)]) -> String {
    let (id, version) = (id.to_string(), version(app, id).await);
    let fields = [("campaign_id", id.as_str()), ("version", version.as_str())];
    send(browser, "/api/update_campaign", &fields, &draft(changes)).await.text
}

pub async fn make_live(app: &TestApp, advertiser: &Browser, admin: &Browser, id: CampaignId) {
    step(app, advertiser, "/api/submit_campaign", id, &[]).await;
    let said = step(app, admin, "/api/decide_campaign", id, &[("state", "live"), ("reason", "")]).await;
    assert!(said.contains("Winter boots is now live."), "{said}");
}

#[tokio::test]
async fn a_campaign_is_made_submitted_declined_submitted_again_and_admitted() {
    for kind in Kind::all() {
        let app = TestApp::start_with(kind, Admission::Automatic).await;
        let (advertiser, admin) = (sign_up(&app, "advertiser", "Nordlicht Outdoor").await, admin(&app).await);
        let id = create(&app, &advertiser, &[]).await;
        let page = advertiser.get(&format!("/advertiser/campaigns/{id}")).await.text;
        for text in ["10 % of a sale", "2.50 EUR per lead", "10 % of a 80.00 EUR order = 8.00 EUR", "7 days", "draft"] {
            assert!(page.contains(text), "{text} is missing: {page}");
        }
        assert!(page.contains("8.00 EUR and a network fee of 1.60 EUR") && page.contains("outlet.example"));

        // Nobody admits a draft, and an advertiser not even a submitted one.
        let early = step(&app, &admin, "/api/decide_campaign", id, &[("state", "live"), ("reason", "")]).await;
        assert!(early.contains("Winter boots is draft"), "{early}");
        assert!(step(&app, &advertiser, "/api/submit_campaign", id, &[]).await.contains("Submitted"));
        assert!(step(&app, &advertiser, "/api/resume_campaign", id, &[]).await.contains("The campaign is submitted"));
        let refused = advertiser
            .post(
                "/api/decide_campaign",
                &[("campaign_id", &id.to_string()), ("version", "2"), ("state", "live"), ("reason", "")],
            )
            .await;
        assert_eq!(refused.status, 302);

        assert!(admin.get("/admin/campaigns").await.text.contains("Boots for the cold."));
        let silent = step(&app, &admin, "/api/decide_campaign", id, &[("state", "declined"), ("reason", " ")]).await;
        assert!(silent.contains("Say why"));
        let declined = [("state", "declined"), ("reason", "The landing page is empty.")];
        assert!(step(&app, &admin, "/api/decide_campaign", id, &declined).await.contains("now declined"));
        let page = advertiser.get(&format!("/advertiser/campaigns/{id}")).await.text;
        assert!(page.contains("The landing page is empty."));

        make_live(&app, &advertiser, &admin, id).await;
        assert!(advertiser.get("/advertiser/campaigns").await.text.contains("status-live"));
        assert!(step(&app, &advertiser, "/api/pause_campaign", id, &[]).await.contains("status-paused"));
        assert!(step(&app, &advertiser, "/api/resume_campaign", id, &[]).await.contains("status-live"));
        let stale = [("campaign_id", id.to_string()), ("version", "1".to_owned())];
        let stale = stale.each_ref().map(|(name, value)| (*name, value.as_str()));
        let said = advertiser.submit("/api/pause_campaign", &stale).await.text;
        assert!(said.contains("changed in the meantime"), "{said}");
        app.stop().await;
    }
}

#[tokio::test]
async fn an_advertiser_that_is_not_admitted_prepares_but_does_not_submit() {
    let app = TestApp::start(Kind::Sqlite).await;
    let advertiser = sign_up(&app, "advertiser", "Nordlicht Outdoor").await;
    let id = create(&app, &advertiser, &[]).await;
    let said = step(&app, &advertiser, "/api/submit_campaign", id, &[]).await;
    assert!(said.contains("The network has to admit you") && said.contains("status-draft"), "{said}");
    app.stop().await;
}

#[tokio::test]
async fn a_refused_campaign_keeps_what_was_entered() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let advertiser = sign_up(&app, "advertiser", "Nordlicht Outdoor").await;
        let long = "Terms & <b>conditions</b>. ".repeat(700);
        let fields = draft(&[("window", "366"), ("sale_rate", "12.5"), ("terms_text", &long)]);
        let page = send(&advertiser, "/api/create_campaign", &[], &fields).await;
        assert!(page.text.contains("1 hour to 365 days, as a whole number."));
        for kept in ["value=\"Winter boots\"", "value=\"12.5\"", "value=\"366\"", "outlet.example"] {
            assert!(page.text.contains(kept), "{kept}");
        }
        assert!(page.text.contains("Terms &amp; &lt;b&gt;conditions&lt;/b&gt;") && !page.text.contains("<b>cond"));
        let mut conn = app.store.read().await.unwrap();
        assert!(campaigns::list_all(&mut conn, 1).await.unwrap().is_empty());
        drop(conn);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_strangers_campaign_is_answered_like_a_missing_one() {
    for kind in Kind::all() {
        let app = TestApp::start_with(kind, Admission::Automatic).await;
        let (owner, stranger) =
            (sign_up(&app, "advertiser", "Nordlicht").await, sign_up(&app, "advertiser", "Rival").await);
        let id = create(&app, &owner, &[]).await;
        let missing = CampaignId(id.0 + 1);
        for rest in ["", "/edit", "/integration"] {
            let answers = [id, missing].map(|id| format!("/advertiser/campaigns/{id}{rest}"));
            let (foreign, missing) = (stranger.get(&answers[0]).await, stranger.get(&answers[1]).await);
            assert_eq!((foreign.status, missing.status), (404, 404), "{rest}");
            assert_eq!(foreign.text, missing.text, "{rest}");
            assert_eq!(owner.get(&answers[0]).await.status, 200);
        }
        for path in ["submit_campaign", "pause_campaign", "update_campaign", "create_api_key", "rotate_postback_secret"]
        {
            let mut locations = Vec::new();
            for id in [id, missing] {
                let id = id.to_string();
                let fields = [("campaign_id", id.as_str()), ("version", "1"), ("name", "Key"), ("draft[name]", "Mine")];
                let fields = if path == "update_campaign" {
                    [&fields[..2], &fields[3..]].concat()
                } else {
                    fields[..3].to_vec()
                };
                let answer = stranger.post(&format!("/api/{path}"), &fields).await;
                locations.push((answer.status, answer.location().to_owned()));
            }
            assert_eq!(locations[0], locations[1], "{path}");
        }
        let mut conn = app.store.read().await.unwrap();
        let campaign = campaigns::get(&mut conn, id).await.unwrap();
        assert_eq!((campaign.name.as_str(), campaign.version, campaign.secret_version), ("Winter boots", 1, 1));
        drop(conn);
        app.stop().await;
    }
}

#[tokio::test]
async fn other_terms_are_a_new_version_and_the_old_one_stays() {
    for kind in Kind::all() {
        let app = TestApp::start_with(kind, Admission::Automatic).await;
        let (advertiser, admin) = (sign_up(&app, "advertiser", "Nordlicht Outdoor").await, admin(&app).await);
        let id = create(&app, &advertiser, &[]).await;
        make_live(&app, &advertiser, &admin, id).await;
        app.clock.advance_ms(60_000);
        let page = update(&app, &advertiser, id, &[("window", "1"), ("category", "Shoes")]).await;
        assert!(page.contains("Version 2 of the terms is in force"), "{page}");
        assert!(page.contains("Version 1") && page.contains("7 days") && page.contains("1 day"));
        let page = update(&app, &advertiser, id, &[("window", "24"), ("window_unit", "hours"), ("category", "Boots")]);
        assert!(page.await.contains("The terms are as they were."));

        let list = terms::list(&mut app.store.read().await.unwrap(), id).await.unwrap();
        let told: Vec<_> = list.iter().map(|terms| (terms.version, terms.window.to_string())).collect();
        assert_eq!(told, [(1, "7 days".to_owned()), (2, "1 day".to_owned())]);
        assert_eq!(list[1].starts_at.since(list[0].starts_at), 60_000);
        assert_eq!(list[0].rules, list[1].rules);

        // A live campaign's commission rises at once, and is cut after notice.
        let cuts = [("sale_rate", "9.99"), ("lead_rate", ""), ("currency", "USD"), ("sale_unit", "fixed")];
        for (cut, version) in cuts.into_iter().zip(3..) {
            let page = update(&app, &advertiser, id, &[("window", "1"), cut]).await;
            let said =
                format!("Version {version} of the terms cuts a commission: it is announced, and begins on 9 Mar");
            assert!(page.contains(&said), "{cut:?} {page}");
        }
        let page = update(&app, &advertiser, id, &[("window", "1"), ("sale_rate", "12.5")]).await;
        assert!(page.contains("Version 7 of the terms is in force"));
        assert!(!page.contains("it is announced") && !page.contains("What version 6 changes"), "{page}");
        let campaign = campaigns::get(&mut app.store.read().await.unwrap(), id).await.unwrap();
        assert_eq!(campaign.terms_version, 7);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_draft_may_be_cut_without_notice() {
    let app = TestApp::start(Kind::Sqlite).await;
    let advertiser = sign_up(&app, "advertiser", "Nordlicht Outdoor").await;
    let id = create(&app, &advertiser, &[]).await;
    assert!(update(&app, &advertiser, id, &[("sale_rate", "5")]).await.contains("Version 2 of the terms"));
    app.stop().await;
}

#[tokio::test]
async fn a_key_is_shown_once_works_and_is_revoked() {
    for kind in Kind::all() {
        let app = TestApp::start_with(kind, Admission::Automatic).await;
        let advertiser = sign_up(&app, "advertiser", "Nordlicht Outdoor").await;
        let id = create(&app, &advertiser, &[]).await;
        make_live(&app, &advertiser, &admin(&app).await, id).await;
        let fields = [("campaign_id", id.to_string()), ("name", "Shop backend".to_owned())];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        let page = advertiser.submit("/api/create_api_key", &fields).await.text;
        let text = page.split("value=\"tsk_").nth(1).expect("the key is shown").split('"').next().unwrap();
        let key = ApiKey::read(&format!("tsk_{text}")).unwrap();
        let row = api_keys::find(&mut app.store.read().await.unwrap(), key.id).await.unwrap().unwrap();
        assert!(row.campaign_id == id && key.matches(&row.secret_hash));

        let report =
            format!(r#"{{"campaign":"{id}","order_id":"O-1","event":"sale","amount":"49.90","currency":"EUR"}}"#);
        let request = advertiser.client.post(format!("{}/api/v1/conversions", app.url)).body(report);
        let request = request.bearer_auth(format!("tsk_{text}")).header("content-type", "application/json");
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert_eq!(answer.status, 202, "{}", answer.text);

        let again = advertiser.get(&format!("/advertiser/campaigns/{id}/integration")).await.text;
        assert!(again.contains("no_evidence") && again.contains("Shop backend") && !again.contains(text), "shown once");

        let mut w = app.store.write().await.unwrap();
        api_keys::touch(&mut w, key.id, app.environment.now(), app.environment.now()).await.unwrap();
        w.commit().await.unwrap();
        let stranger = sign_up(&app, "advertiser", "Rival").await;
        stranger.post("/api/revoke_api_key", &[("api_key_id", &key.id.to_string())]).await;
        let find = async || api_keys::find(&mut app.store.read().await.unwrap(), key.id).await.unwrap().unwrap();
        let row = find().await;
        assert!(row.revoked_at_ms.is_none() && row.last_used_at_ms == Some(app.environment.now()));
        let page = advertiser.submit("/api/revoke_api_key", &[("api_key_id", &key.id.to_string())]).await.text;
        assert!(page.contains("The key is revoked") && find().await.revoked_at_ms.is_some());
        app.stop().await;
    }
}

/// Eight windows with the same page: one is saved, each of the others is told why not.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_edits_at_once_one_is_saved_and_the_others_are_told() {
    for kind in Kind::all() {
        let app = TestApp::start_with(kind, Admission::Automatic).await;
        let advertiser = sign_up(&app, "advertiser", "Nordlicht Outdoor").await;
        let id = create(&app, &advertiser, &[]).await.to_string();
        let mut windows = Vec::new();
        for _ in 0..8 {
            let browser = app.browser();
            let member = [("email", "nordlicht.outdoor@parties.example"), ("password", PASSWORD)];
            assert_eq!(browser.submit("/api/log_in", &member).await.status, 200);
            windows.push(browser);
        }
        let edits = windows.iter().enumerate().map(|(number, browser)| {
            let (id, rate) = (id.clone(), format!("{}", 11 + number));
            async move {
                let fields = [("campaign_id", id.as_str()), ("version", "1")];
                send(browser, "/api/update_campaign", &fields, &draft(&[("sale_rate", &rate)])).await.plain()
            }
        });
        let told = futures::future::join_all(edits).await;
        let count = |text: &str| told.iter().filter(|page| page.contains(text)).count();
        let changed = count("Somebody else changed the campaign: look again.");
        assert_eq!((count("Saved. Version 2 of the terms"), changed), (1, 7), "{kind:?}: {told:#?}");
        app.stop().await;
    }
}

#[tokio::test]
async fn the_integration_page_signs_and_its_secret_rotates() {
    for kind in Kind::all() {
        let app = TestApp::start_with(kind, Admission::Automatic).await;
        let advertiser = sign_up(&app, "advertiser", "Nordlicht Outdoor").await;
        let id = create(&app, &advertiser, &[]).await;
        make_live(&app, &advertiser, &admin(&app).await, id).await;
        let page = advertiser.get(&format!("/advertiser/campaigns/{id}/integration?click_id=abc&order_id=O-7")).await;
        let query =
            format!("/postback?campaign={id}&amp;click_id=abc&amp;order_id=O-7&amp;event=sale&amp;amount=49.90");
        assert!(page.text.contains(&query), "{}", page.text);
        assert!(
            page.text.contains(&format!("/pixel/{id}.gif?order_id=O-7")) && page.text.contains("Bearer YOUR_API_KEY")
        );
        // Every sample is run as it stands on the page; without a click each is stored, and credited to nobody.
        let page = advertiser.get(&format!("/advertiser/campaigns/{id}/integration")).await.text;
        let signed = sample(&page, "/postback?campaign=", "&#x27;").or(sample(&page, "/postback?campaign=", "'"));
        let image = sample(&page, "/pixel/", "\"").or(sample(&page, "/pixel/", "&quot;"));
        let anybody = app.browser();
        for sample in [signed, image] {
            // The pixel repeats the order of the signed call: 200.
            let sample = sample.expect("a sample");
            let answer = anybody.get(&sample).await;
            assert!(answer.status < 300, "{sample}: {} {}", answer.status, answer.text);
        }
        let said = step(&app, &advertiser, "/api/rotate_postback_secret", id, &[]).await;
        assert!(said.contains("Secret 2 is live. Secret 1 still counts") && said.contains("(version 1)"));
        app.stop().await;
    }
}

/// The first address on the page that starts so, up to `end`.
fn sample(page: &str, start: &str, end: &str) -> Option<String> {
    let address = page.split(start).nth(1)?.split_once(end)?.0;
    let is_whole = !address.contains('<');
    is_whole.then(|| format!("{start}{}", address.replace("&amp;", "&").replace("&amp;", "&")))
}
