//! Where publishers are paid: entered with the password, shown masked, sealed in the database, and held after a change.

use std::process::Command;

use sqlx::{AssertSqlSafe, Row};
use tallystick::domain::ids::{MemberId, PublisherId};
use tallystick::domain::payout_details::{EnteredDetails, PayoutDetails};
use tallystick::domain::secret::SecretKey;
use tallystick::domain::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use tallystick::settlement::payout_details::{ChangeRefused, OpenRefused, change, open, seal_again};
use tallystick::store::driver::Driver;
use tallystick::store::payout_details::{self as rows, NewSecret, PayoutDetailsRow, PayoutSecret};
use tallystick::store::{Store, StoreError};

use crate::fixtures::publisher;
use crate::members::{PASSWORD, admin};
use crate::schema::schema;
use crate::support::{Answer, Browser, Kind, TestApp};

const PAGE: &str = "/publisher/payout-details";
const IBAN: &str = "DE89 3704 0044 0532 0130 00";
const PAYPAL: &str = "purse.of.letters@money.example";
/// What may be nowhere but in a sealed text, in every form in which it could be written down.
const SECRETS: [&str; 8] = [
    "DE89370400440532013000",
    "de89370400440532013000",
    IBAN,
    "370400440532",
    "3704 0044 0532",
    "purse.of.letters",
    "money.example",
    "Ada Q. Lettersmith",
];

/// The network's is 9.
fn key(byte: u8) -> SecretKey {
    SecretKey::from_bytes([byte; 32])
}

/// Fills in the form of a method; the password is asked for with it.
async fn enter(browser: &Browser, fields: &[(&str, &str)], password: &str) -> Answer {
    let method = fields.iter().find(|(name, _)| *name == "details[method]").unwrap().1;
    let fields: Vec<_> = fields.iter().copied().chain([("password", password)]).collect();
    browser.act(&format!("{PAGE}?method={method}"), "/api/change_payout_details", "", &fields).await
}

const fn bank(iban: &str) -> [(&str, &str); 4] {
    [
        ("details[method]", "bank"),
        ("details[holder]", "Ada Q. Lettersmith"),
        ("details[iban]", iban),
        ("details[bic]", "DEUTDEFF"),
    ]
}

const fn paypal(email: &str) -> [(&str, &str); 2] {
    [("details[method]", "paypal"), ("details[paypal_email]", email)]
}

fn details(entered: &[(&str, &str)]) -> PayoutDetails {
    let field = |name: &str| {
        let name = format!("details[{name}]");
        entered.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned()).unwrap_or_default()
    };
    let [method, holder, iban, bic] = ["method", "holder", "iban", "bic"].map(field);
    let [paypal_email, other_text] = ["paypal_email", "other_text"].map(field);
    PayoutDetails::read(&EnteredDetails { method, holder, iban, bic, paypal_email, other_text }).unwrap()
}

async fn versions(app: &TestApp, publisher: PublisherId) -> Vec<PayoutDetailsRow> {
    rows::list(&mut app.store.read().await.unwrap(), publisher, 100).await.unwrap()
}

#[tokio::test]
async fn a_publisher_says_where_it_is_paid_and_a_change_is_told_with_its_date() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let (browser, id) = publisher(&app, "Garden Letters").await;
        let empty = browser.get(PAGE).await;
        assert!(empty.text.contains("You have no payout details yet"), "{}", empty.plain());
        assert!(browser.get("/publisher/payouts").await.text.contains("Enter payout details"));

        let stored = enter(&browser, &bank(IBAN), PASSWORD).await.plain();
        assert!(stored.contains("Your payout details are stored.") && stored.contains("DE\u{2026}3000"), "{stored}");
        assert!(!stored.contains("payouts wait until"), "nobody could lose by the first entry: {stored}");

        app.clock.advance_ms(MINUTE_MS);
        let same = enter(&browser, &bank(&IBAN.replace(' ', "")), PASSWORD).await.plain();
        assert!(same.contains("Nothing was changed: this is what stands there already."), "{same}");

        let changed = enter(&browser, &paypal(PAYPAL), PASSWORD).await.plain();
        assert!(changed.contains("Payouts wait until 5 Mar 2026, 10:01."), "{changed}");
        assert!(changed.contains("changed on 2 Mar 2026, 10:01: payouts wait until 5 Mar 2026, 10:01."), "{changed}");
        assert!(changed.contains("p\u{2026}@m\u{2026}.example") && changed.contains("DE\u{2026}3000"), "{changed}");
        let payouts = browser.get("/publisher/payouts").await.plain();
        assert!(payouts.contains("payouts wait until 5 Mar 2026, 10:01"), "{payouts}");

        let other = [("details[method]", "other"), ("details[other_text]", "Please call.\r\nThanks.")];
        let described = enter(&browser, &other, PASSWORD).await.plain();
        assert!(described.contains("as described") && !described.contains("Please call"), "{described}");

        app.clock.advance_ms(3 * DAY_MS);
        browser.submit("/api/log_in", &[("email", "garden.letters@parties.example"), ("password", PASSWORD)]).await;
        assert!(!browser.get(PAGE).await.text.contains("payouts wait until"), "72 hours are over");
        let all = versions(&app, id).await;
        let versions: Vec<_> = all.iter().map(|row| (row.version, row.method.as_str(), row.country.as_str())).collect();
        assert_eq!(versions, [(3, "other", ""), (2, "paypal", ""), (1, "bank", "DE")]);
        for (row, entered) in all.iter().zip([&other[..], &paypal(PAYPAL), &bank(IBAN)]) {
            let mut conn = app.store.read().await.unwrap();
            assert_eq!(open(&mut conn, &key(9), id, row.payout_details_id).await.unwrap(), details(entered));
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn what_is_refused_is_said_under_its_field_and_keeps_nothing() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let (browser, id) = publisher(&app, "Garden Letters").await;
        let other = [("details[method]", "other"), ("details[other_text]", "To DE89 3704 0044 0532 0130 00!")];
        for (fields, field, said) in [
            (&bank("DE89 3704 0044 0532 0130 01")[..], "iban", "The check digits do not fit"),
            (&bank("DE89 3704 0044 0532 0130")[..], "iban", "An IBAN of DE has 22 characters, and this one has 20."),
            (&bank("US89 3704 0044 0532 0130 00")[..], "iban", "No country of the IBAN registry"),
            (&paypal("purse.of.letters")[..], "paypal_email", "This is not an e-mail address."),
            (&other[..], "other_text", "choose a bank account, where it is checked."),
        ] {
            let page = enter(&browser, fields, PASSWORD).await;
            let form = page.form("/api/change_payout_details", "").text;
            assert!(form.contains(said) && form.contains(&format!("name=\"details[{field}]\"")), "{}", page.plain());
            for secret in ["DE89", "purse.of", "Lettersmith", PASSWORD] {
                assert!(!page.text.contains(secret), "{secret}: {}", page.plain());
            }
        }
        let none = [("details[method]", "cash"), ("version", "0"), ("password", PASSWORD)];
        let page = browser.submit("/api/change_payout_details", &none).await.plain();
        assert!(page.contains("Choose a bank account, PayPal, or another way."), "{page}");
        assert!(versions(&app, id).await.is_empty());
        app.stop().await;
    }
}

#[tokio::test]
async fn without_the_password_nothing_changes_and_guessing_is_slowed_down() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let (browser, id) = publisher(&app, "Garden Letters").await;
        for _ in 0..5 {
            let page = enter(&browser, &bank(IBAN), "not the password").await.plain();
            assert!(page.contains("The password is wrong.") && page.contains("no payout details yet"), "{page}");
        }
        let page = enter(&browser, &bank(IBAN), PASSWORD).await.plain();
        assert!(page.contains("Too many attempts: try again in 1 s."), "{page}");
        // It is the brake of the log-in: a guess here is a guess there.
        let login = [("email", "garden.letters@parties.example"), ("password", PASSWORD)];
        assert!(app.browser().submit("/api/log_in", &login).await.text.contains("Too many attempts"));
        assert!(versions(&app, id).await.is_empty());
        app.clock.advance_ms(MINUTE_MS);
        assert!(enter(&browser, &bank(IBAN), PASSWORD).await.text.contains("are stored."));
        app.stop().await;
    }
}

#[tokio::test]
async fn of_two_changes_from_one_page_the_second_changes_nothing() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let (browser, id) = publisher(&app, "Garden Letters").await;
        let form = browser.get(PAGE).await.form("/api/change_payout_details", "");
        let with = |fields: &[(&'static str, &'static str)]| [fields, &[("password", PASSWORD)]].concat();
        assert!(browser.fill(&form, &with(&bank(IBAN))).await.text.contains("are stored."));
        let late = browser.fill(&form, &with(&paypal(PAYPAL))).await.plain();
        assert!(late.contains("Nothing was changed: somebody else entered payout details in the meantime"), "{late}");
        assert_eq!(versions(&app, id).await.len(), 1);

        let one = async |number: i64| {
            let entered = [("details[method]", "paypal"), ("details[paypal_email]", "a@b.example")];
            let by = (id, MemberId(number));
            change(&app.store, &app.environment, &key(9), by, 1, &details(&entered)).await
        };
        let all = tokio::join!(one(1), one(2), one(3), one(4), one(5), one(6), one(7), one(8));
        let all = [all.0, all.1, all.2, all.3, all.4, all.5, all.6, all.7];
        let held = app.environment.now().plus_ms(72 * HOUR_MS);
        assert_eq!(all.iter().filter(|done| matches!(done, Ok(Some(until)) if *until == held)).count(), 1, "{all:?}");
        assert_eq!(all.iter().filter(|done| matches!(done, Err(ChangeRefused::Changed))).count(), 7, "{all:?}");
        assert_eq!(versions(&app, id).await.len(), 2);
        app.stop().await;
    }
}

#[tokio::test]
async fn two_publishers_with_one_destination_are_shown_to_the_admin_alone() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let office = admin(&app).await;
        let (first, _) = publisher(&app, "Garden Letters").await;
        let (second, _) = publisher(&app, "Trail Notes").await;
        let (third, _) = publisher(&app, "Third Wheel").await;
        let other = [("details[method]", "other"), ("details[other_text]", "Please call.")];
        for (browser, fields) in [(&first, &bank(IBAN)[..]), (&second, &other[..]), (&third, &other[..])] {
            enter(browser, fields, PASSWORD).await;
        }
        let page = office.get("/admin/payouts").await.plain();
        assert!(!page.contains("one destination"), "two who write the same words share no account: {page}");

        let told = enter(&second, &bank(&IBAN.to_lowercase()), PASSWORD).await.plain();
        assert!(!told.contains("Garden Letters") && !told.contains("destination"), "{told}");
        let page = office.get("/admin/payouts").await.plain();
        let rows = [
            "Garden Letters Bank account DE\u{2026}3000 Trail Notes",
            "Trail Notes Bank account DE\u{2026}3000 Garden",
        ];
        assert!(rows.iter().all(|row| page.contains(row)) && !page.contains("Third Wheel"), "{page}");

        enter(&first, &paypal(PAYPAL), PASSWORD).await;
        let page = office.get("/admin/payouts").await.plain();
        assert!(!page.contains("one destination"), "what counts is where they are paid now: {page}");
        app.stop().await;
    }
}

/// Every byte that the database keeps: SQLite's files, or each row of each table of PostgreSQL.
async fn everything(app: &TestApp, kind: Kind) -> Vec<u8> {
    let mut bytes = Vec::new();
    if kind == Kind::Sqlite {
        let file = app.database.url.strip_prefix("sqlite://").unwrap();
        for end in ["", "-wal", "-shm"] {
            bytes.extend(std::fs::read(format!("{file}{end}")).unwrap_or_default());
        }
        return bytes;
    }
    for table in schema(&app.store).await.into_keys() {
        let text = format!("select t::text as row from {table} t");
        let mut conn = app.store.read().await.unwrap();
        let Driver::Postgres(c) = conn.driver() else { unreachable!("it is PostgreSQL") };
        for row in sqlx::query(AssertSqlSafe(text)).fetch_all(c).await.unwrap() {
            bytes.extend(row.get::<String, _>(0).into_bytes());
        }
    }
    bytes
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

#[tokio::test]
async fn nothing_of_it_is_in_clear_in_the_database() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let (browser, _) = publisher(&app, "Garden Letters").await;
        enter(&browser, &bank(IBAN), PASSWORD).await;
        enter(&browser, &paypal(PAYPAL), PASSWORD).await;
        // Refusals whose messages nobody has read yet: they wait in the session.
        for (fields, password) in [
            (&bank(IBAN)[..], "not the password"),
            (&bank("DE89 3704 0044 0532 0130 01")[..], PASSWORD),
            (&paypal(PAYPAL)[..], ""),
        ] {
            let fields = [fields, &[("version", "2"), ("password", password)]].concat();
            assert_eq!(browser.post("/api/change_payout_details", &fields).await.status, 302);
            let bytes = everything(&app, kind).await;
            for secret in SECRETS.iter().chain(&[PASSWORD, "not the password"]) {
                assert!(!holds(&bytes, secret), "{kind:?}: {secret} is in the database");
            }
        }
        let bytes = everything(&app, kind).await;
        for kept in ["DE\u{2026}3000", "p\u{2026}@m\u{2026}.example", "Garden Letters", "The password is wrong."] {
            assert!(holds(&bytes, kept), "{kind:?}: {kept} is looked for where it is");
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_sealed_text_in_another_row_opens_nothing() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let (first, a) = publisher(&app, "Garden Letters").await;
        let (second, b) = publisher(&app, "Trail Notes").await;
        enter(&first, &bank(IBAN), PASSWORD).await;
        enter(&second, &paypal(PAYPAL), PASSWORD).await;
        let (of_a, of_b) = (versions(&app, a).await.remove(0), versions(&app, b).await.remove(0));
        let stranger = open(&mut app.store.read().await.unwrap(), &key(9), b, of_a.payout_details_id).await;
        assert!(matches!(stranger, Err(OpenRefused::Store(StoreError::NotFound))), "{stranger:?}");
        let mut w = app.store.write().await.unwrap();
        let one = rows::get_secret(&mut w, a, of_a.payout_details_id).await.unwrap();
        let two = rows::get_secret(&mut w, b, of_b.payout_details_id).await.unwrap();
        for (place, kept) in [(&one, &two), (&two, &one)] {
            let PayoutSecret { key_id, nonce, sealed, .. } = kept;
            let moved = NewSecret { key_id: *key_id, nonce, sealed, destination_hash: &[0; 32] };
            rows::update_secret(&mut w, place.payout_details_id, *key_id, moved).await.unwrap();
        }
        w.commit().await.unwrap();
        for (publisher, row) in [(a, &of_a), (b, &of_b)] {
            let moved = open(&mut app.store.read().await.unwrap(), &key(9), publisher, row.payout_details_id).await;
            assert!(matches!(moved, Err(OpenRefused::Sealed(..))), "{moved:?}");
        }
        // Who finds them unreadable enters them again.
        assert!(enter(&first, &bank(IBAN), PASSWORD).await.text.contains("are changed. Payouts wait until"));
        app.stop().await;
    }
}

#[tokio::test]
async fn another_key_seals_everything_again_once() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let (browser, a) = publisher(&app, "Garden Letters").await;
        let (_, b) = publisher(&app, "Trail Notes").await;
        enter(&browser, &bank(IBAN), PASSWORD).await;
        enter(&browser, &paypal(PAYPAL), PASSWORD).await;
        let all = versions(&app, a).await;
        let wrong = seal_again(&app.store, &app.environment, &key(8), &key(10)).await.unwrap();
        assert_eq!((wrong.count, wrong.closed.len()), (0, 2));
        let told = wrong.closed[0].to_string();
        assert!(told.ends_with("it was sealed under another SECRET_KEY"), "{told}");

        let done = seal_again(&app.store, &app.environment, &key(9), &key(10)).await.unwrap();
        assert_eq!((done.count, done.closed.len()), (2, 0));
        let again = seal_again(&app.store, &app.environment, &key(9), &key(10)).await.unwrap();
        assert_eq!((again.count, again.closed.len()), (0, 0), "where it was, it goes on");
        for (row, entered) in all.iter().zip([&paypal(PAYPAL)[..], &bank(IBAN)]) {
            let mut conn = app.store.read().await.unwrap();
            assert_eq!(open(&mut conn, &key(10), a, row.payout_details_id).await.unwrap(), details(entered));
            let old = open(&mut conn, &key(9), a, row.payout_details_id).await;
            assert!(matches!(old, Err(OpenRefused::Sealed(..))), "{old:?}");
        }
        // The hashes moved to the new key, too: who shares a destination is still found.
        let by = (b, MemberId(1));
        change(&app.store, &app.environment, &key(10), by, 0, &details(&paypal(PAYPAL))).await.unwrap();
        let shared = rows::list_shared(&mut app.store.read().await.unwrap(), 10).await.unwrap();
        assert_eq!(shared.iter().map(|one| one.publisher_id).collect::<Vec<_>>(), [a, b]);
        app.stop().await;
    }
}

/// Makes a version one that no key opens.
async fn spoil(app: &TestApp, row: &PayoutDetailsRow) {
    let mut w = app.store.write().await.unwrap();
    let kept = rows::get_secret(&mut w, row.publisher_id, row.payout_details_id).await.unwrap();
    let (sealed, nonce) = (vec![0; kept.sealed.len()], &kept.nonce);
    let secret = NewSecret { key_id: kept.key_id, nonce, sealed: &sealed, destination_hash: &[0; 32] };
    rows::update_secret(&mut w, row.payout_details_id, kept.key_id, secret).await.unwrap();
    w.commit().await.unwrap();
}

#[tokio::test]
async fn one_that_no_key_opens_keeps_no_other_from_being_sealed_again() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let (browser, a) = publisher(&app, "Garden Letters").await;
        enter(&browser, &bank(IBAN), PASSWORD).await;
        enter(&browser, &paypal(PAYPAL), PASSWORD).await;
        let all = versions(&app, a).await;
        let [newest, oldest] = &all[..] else { panic!("two versions") };
        spoil(&app, oldest).await;
        let done = seal_again(&app.store, &app.environment, &key(9), &key(10)).await.unwrap();
        let closed: Vec<String> = done.closed.iter().map(ToString::to_string).collect();
        assert!(done.count == 1 && closed.len() == 1, "{done:?}");
        assert!(closed[0].contains(&oldest.payout_details_id.to_string()), "{closed:?}");
        let mut conn = app.store.read().await.unwrap();
        assert_eq!(open(&mut conn, &key(10), a, newest.payout_details_id).await.unwrap(), details(&paypal(PAYPAL)));
        drop(conn);
        app.stop().await;
    }
}

#[tokio::test]
async fn who_belongs_to_the_publisher_is_told_of_new_details_and_where_they_lead() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let (browser, _) = publisher(&app, "Garden Letters").await;
        let (rival, _) = publisher(&app, "Trail Notes").await;
        enter(&browser, &bank(IBAN), PASSWORD).await;
        app.clock.advance_ms(MINUTE_MS);
        enter(&browser, &paypal(PAYPAL), PASSWORD).await;
        enter(&browser, &paypal(PAYPAL), PASSWORD).await;
        let page = browser.get("/publisher/notices").await;
        let told = page.plain();
        for sentence in [
            "Your payouts go to DE\u{2026}3000 (Bank account) from now on. If you did not enter this",
            "Your payouts go to p\u{2026}@m\u{2026}.example (PayPal) from now on. Payouts wait until 5 Mar 2026, 10:01 UTC.",
        ] {
            assert_eq!(told.matches(sentence).count(), 1, "{told}");
        }
        assert!(page.text.contains("href=\"/publisher/payout-details\""), "{}", page.text);
        let other = rival.get("/publisher/notices").await.plain();
        assert!(!other.contains("Your payouts go to"), "{other}");
        app.stop().await;
    }
}

#[tokio::test]
async fn the_command_seals_again_beside_no_running_network() {
    for kind in Kind::all() {
        let app = TestApp::start(kind).await;
        let (browser, id) = publisher(&app, "Garden Letters").await;
        enter(&browser, &bank(IBAN), PASSWORD).await;
        let row = versions(&app, id).await.remove(0);
        let database = app.stop_and_keep().await;
        let hex = |byte: u8| format!("{byte:02x}").repeat(32);
        let run = |old: u8, new: u8| {
            let mut program = Command::new(env!("CARGO_BIN_EXE_tallystick"));
            program.args(["rotate-secrets", "--database-url", &database.url]);
            let output = program.env("SECRET_KEY_OLD", hex(old)).env("SECRET_KEY", hex(new)).output().unwrap();
            let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            assert!(!told.contains(&hex(old)) && !told.contains("3704"), "{told}");
            (output.status.code(), told)
        };
        let (code, told) = run(8, 10);
        assert!(code == Some(1) && told.contains("sealed under another SECRET_KEY"), "{code:?} {told}");
        assert!(told.contains(&row.payout_details_id.to_string()), "{told}");
        let (code, told) = run(9, 10);
        assert_eq!((code, told.as_str()), (Some(0), "Payout details sealed again under the new key: 1\n"));
        let store = Store::open(&database.url).await.unwrap();
        let opened = open(&mut store.read().await.unwrap(), &key(10), id, row.payout_details_id).await;
        assert_eq!(opened.unwrap(), details(&bank(IBAN)));
        store.close().await;
    }
}
