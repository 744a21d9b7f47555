//! Signing up, being admitted, logging in and out, over HTTP as a page without scripts does it.

use tallystick::auth::members::create_admin;
use tallystick::auth::password::{NewPassword, Passwords};
use tallystick::domain::party::{Email, Name};

use crate::support::{Answer, Browser, Kind, TestApp};

pub const PASSWORD: &str = "quiet otter paints fences";

pub async fn admin(app: &TestApp) -> Browser {
    let password = NewPassword::parse(PASSWORD, &[]).unwrap();
    let email = Email::parse("admin@network.example").unwrap();
    let name = Name::parse("Ada Admin").unwrap();
    create_admin(&app.store, &app.environment, &Passwords::new(), &email, &name, &password).await.unwrap();
    let browser = app.browser();
    let page = browser.submit("/api/log_in", &[("email", "admin@network.example"), ("password", PASSWORD)]).await;
    assert_eq!(page.status, 200);
    browser
}

pub async fn sign_up(app: &TestApp, kind: &str, name: &str) -> Browser {
    let browser = app.browser();
    let email = format!("{}@parties.example", name.to_lowercase().replace(' ', "."));
    let page = browser
        .submit(
            "/api/sign_up",
            &[
                ("kind", kind),
                ("party_name", name),
                ("website", "https://party.example"),
                ("name", "Some Body"),
                ("email", &email),
                ("password", PASSWORD),
                ("time_zone", "UTC"),
            ],
        )
        .await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains(name), "{}", page.text);
    browser
}

#[tokio::test]
async fn a_publisher_signs_up_and_is_admitted() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let publisher = sign_up(&app, "publisher", "Garden Letters").await;
        assert!(publisher.get("/publisher").await.text.contains("status-applied"));

        let admin = admin(&app).await;
        let parties = admin.get("/admin/parties").await.text;
        let id = parties.split("name=\"party_id\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let fields = [("party_id", id.as_str()), ("version", "1"), ("state", "admitted"), ("reason", "")];
        assert!(admin.submit("/api/decide_party", &fields).await.text.contains("The party is now admitted."));
        let again = admin.submit("/api/decide_party", &fields).await.text;
        assert!(again.contains("Somebody else decided in the meantime"));
        assert!(publisher.get("/publisher").await.text.contains("status-admitted"));
        app.stop().await;
    }
}

#[tokio::test]
async fn a_refused_form_keeps_what_was_entered_but_never_the_password() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let browser = app.browser();
        let fields = [
            ("kind", "publisher"),
            ("party_name", "Garden <b>Letters</b>"),
            ("website", ""),
            ("name", "Some Body"),
            ("email", "some.body@parties.example"),
            ("password", "too short"),
            ("time_zone", "UTC"),
        ];
        let page = browser.submit("/api/sign_up", &fields).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("Garden &lt;b&gt;Letters&lt;/b&gt;") && page.text.contains("12 characters"));
        assert!(!page.text.contains("too short"));
        app.stop().await;
    }
}

#[tokio::test]
async fn log_out_ends_the_session_and_roles_are_apart() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let publisher = sign_up(&app, "publisher", "Garden Letters").await;
        assert_eq!(publisher.get("/admin").await.status, 403);
        assert_eq!(publisher.get("/advertiser").await.status, 403);
        assert_eq!(publisher.submit("/api/log_out", &[]).await.status, 200);
        let answer = publisher.get("/publisher").await;
        assert_eq!((answer.status, answer.location()), (302, "/log-in"));

        let wrong = publisher.submit("/api/log_in", &[("email", "nobody@x.example"), ("password", "not it")]).await;
        assert!(wrong.text.contains("flash-problem") && wrong.text.contains("nobody@x.example"));
        app.stop().await;
    }
}

#[tokio::test]
async fn a_form_of_another_site_is_refused_before_anything_happens() {
    let app = TestApp::start(Kind::Sqlite).await;
    let browser = app.browser();
    for (name, value) in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "null")] {
        let request = browser.client.post(format!("{}/api/log_out", browser.url)).header(name, value);
        assert_eq!(request.send().await.unwrap().status(), 403, "{name}: {value}");
    }
    let page = browser.get("/").await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert!(!page.text.contains("<script>") && !page.text.contains(" style="));
    assert_eq!(browser.get("/no/such/page").await.status, 404);
    app.stop().await;
}

/// A program, or an island, that does not ask for a page: the status says what the refusal is, the body why.
#[tokio::test]
async fn a_refusal_that_is_no_page_has_its_own_status() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let publisher = sign_up(&app, "publisher", "Garden Letters").await;
        let (admin, nobody) = (admin(&app).await, app.browser());
        let unknown = [("conversion_id", "0000000000000"), ("version", "1"), ("kind", "network"), ("filter", "")];
        let admits = [("party_id", "0000000000000"), ("version", "1"), ("state", "admitted"), ("reason", "")];
        let wrong = [("email", "nobody@x.example"), ("password", "not it")];
        for (browser, path, fields, status, said) in [
            (&nobody, "/api/approve_conversion", &unknown[..], 401, "Unauthenticated"),
            (&publisher, "/api/decide_party", &admits[..], 403, "Forbidden"),
            (&admin, "/api/approve_conversion", &unknown[..], 404, "NotFound"),
            (&admin, "/api/approve_conversion", &unknown[..1], 422, "missing or malformed"),
            (&nobody, "/api/log_in", &wrong[..], 422, "the password is wrong"),
        ] {
            let request = browser.client.post(format!("{}{path}", app.url)).header("sec-fetch-site", "same-origin");
            let answer = Answer::of(request.form(fields).send().await.unwrap()).await;
            assert_eq!(answer.status, status, "{kind:?} {path}: {}", answer.text);
            assert!(answer.text.contains(said), "{kind:?} {path}: {}", answer.text);
            assert_eq!(answer.headers["content-type"], "application/json", "{path}");
        }
        app.stop().await;
    }
}
