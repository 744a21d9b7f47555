//! For each rule texts on which it fails, and others like them on which it does not.

use super::rules::*;
use super::source::Source;

/// Each line: how often the rule objects, path below `src/`, text (`⏎` is a line break). In comments it never objects.
fn check(rule: Rule, cases: &str) {
    for case in cases.lines().map(str::trim).filter(|case| !case.is_empty()) {
        let (expected, case) = case.split_once(' ').unwrap();
        let (path, text) = case.split_once(' ').unwrap();
        let text = text.trim().replace('⏎', "\n");
        let found = |text: &str| rule(&Source::new(&format!("src/{path}"), text)).len().to_string();
        assert_eq!(found(&text), expected, "{case}");
        for comment in [format!("// {}", text.replace('\n', "\n//! ")), format!("/* {text} */")] {
            assert_eq!(found(&comment), "0", "in a comment: {case}");
        }
    }
}

#[test]
fn a_finding_says_where_what_and_what_to_do() {
    let text = "\nuse crate::store::links;";
    let found = &imports(&Source::new("src/domain/link.rs", text))[0].to_string();
    let expected = "src/domain/link.rs:2: imports: domain imports store::links — remedy: imports only point down";
    assert!(found.starts_with(expected), "{found}");
}

#[test]
fn imports_point_down() {
    let cases = "
        1 domain/link.rs    use crate::domain::ids;⏎use crate::store::links;
        2 domain/link.rs    use crate::{domain::{ids::*, money as store}, store::{⏎ a::b,⏎ c,⏎}};
        1 domain/link.rs    fn f() { crate::server::run() }
        1 store/links.rs    use crate::{domain::ids, auth::{session}};
        2 tracking/pixel.rs use crate::store::x;⏎use crate::reports::y;⏎use crate::settlement::z;
        1 reports/live.rs   use crate::tracking::recorder;
        1 settlement/pay.rs use crate::reports::run;
        0 app/admin/x.rs    use crate::tracking::by_hand::Hand;⏎fn f() { crate::reports::run() }
        0 app/admin/x.rs    use crate::tracking::by_hand::{Hand as Sender};
        1 app/admin/x.rs    use crate::tracking::{by_hand::Hand, conversion::Reply};
        2 app/admin/x.rs    use crate::tracking::recorder;⏎use crate::server::config;
        0 app/ui/field.rs   use crate::app::islands::X;⏎use crate::domain::money;
        1 app/ui/field.rs   use crate::store::links;
        1 app/islands/x.rs  use crate::tracking::by_hand::Hand;
        0 server/router.rs  use crate::tracking::pixel;⏎use crate::app::routes;
        1 auth/session.rs   use crate::*;
        0 lib.rs            pub use crate::server::run;
    ";
    check(imports, cases);
    let unknown = Source::new("src/mail/outbox.rs", "");
    assert_eq!(imports(&unknown)[0].what, "the folder mail is not in the import table");
}

#[test]
fn features_are_chosen_in_two_files() {
    let cases = r#"
        1 auth/x.rs  #[cfg(feature = "ssr")] mod a;
        1 auth/x.rs  #[cfg_attr(all(unix, feature = "ssr"), derive(A))]
        1 auth/x.rs  if cfg!(any(test, feature = "ssr")) {}
        0 auth/x.rs  #[cfg(test)] mod feature;
        0 app/mod.rs #[cfg(feature = "ssr")] mod a;
        0 lib.rs     #[cfg(feature = "ssr")] mod a;
    "#;
    check(features, cases);
}

#[test]
fn sql_is_in_the_store() {
    let named = "
        1 auth/x.rs  fn f(c: sqlx::PgPool) {}
        0 store/x.rs use sqlx::query;
    ";
    check(sqlx_outside_store, named);
    let written = r##"
        1 app/x.rs   let a = "select a from b";
        1 app/x.rs   let a = r#"⏎  UPDATE a SET b = 1"#;
        1 app/x.rs   let a = "\⏎  update a⏎  set b = 1";
        2 app/x.rs   f("insert into a values (1)", "delete from a")
        0 app/x.rs   f("Select a campaign", "select", "update this", '"', "select")
        0 store/x.rs const A: &str = "select 1";
    "##;
    check(sql_outside_store, written);
}

#[test]
fn every_statement_of_the_store_is_prepared() {
    let cases = r##"
        1 store/x.rs query("select 1")
        1 store/x.rs query_as::<_, (i64, Vec<u8>)>(&format!("select {a}"))
        1 store/x.rs c.execute(r#"pragma x"#)
        0 store/x.rs query(GET).bind("x").execute(c)
        0 auth/x.rs  query("name")
    "##;
    check(sql_unregistered, cases);

    let index = "[links::SQL, /* clicks::SQL */].into_iter() // parties::SQL";
    let index = Source::new("src/store/mod.rs", index);
    let forgotten = |path: &str, text: &str| forgotten_sql(&index, &Source::new(path, text)).len();
    assert_eq!(forgotten("src/store/clicks.rs", "sql! { A = \"select 1\"; }"), 1);
    assert_eq!(forgotten("src/store/links.rs", "sql! { A = \"select 1\"; }"), 0);
    assert_eq!(forgotten("src/store/driver.rs", "macro_rules! sql { }"), 0);
}

#[test]
fn money_is_no_float() {
    let cases = "
        3 domain/x.rs     fn f(a: f64) -> u8 { 1f32; d.as_secs_f64() }
        1 settlement/x.rs let a = b as f32;
        0 store/x.rs      let buf32 = 0x1f64;
        0 reports/x.rs    let a: f64;
    ";
    check(floats, cases);
}

#[test]
fn only_the_clock_file_asks_the_system() {
    let cases = "
        3 auth/x.rs       std::time::SystemTime::now(); Instant::now(); jiff::Timestamp::now()
        3 auth/x.rs       getrandom::fill(b); rand::rng(); Uuid::new_v4()
        0 auth/x.rs       tokio::time::Instant::now(); clock.now(); brand::new(); rand(1)
        0 server/clock.rs SystemTime::now()
    ";
    check(clock_and_dice, cases);
}

#[test]
fn pages_are_as_the_content_security_policy_and_leptos_allow() {
    let streamed = "
        4 app/islands/x.rs LocalResource::new(f); view! { <Suspense><ErrorBoundary/></Suspense> }
        0 app/islands/x.rs Action::new(f); signal(0)
        0 app/page.rs      Resource::new(f)
    ";
    check(islands, streamed);
    let tags = r#"
        2 app/x.rs        view! { <textarea rows=4></textarea><noscript>"a"</noscript> }
        0 app/ui/field.rs view! { <textarea></textarea> }
    "#;
    check(markup, tags);
    let attributes = r#"
        3 app/x.rs view! { <p style="a" attr:style=b style:width=c/> }
        1 app/x.rs format!("<svg style='a'>")
        0 app/x.rs let style = a; if style == b { S { style: c } }
        0 app/x.rs view! { <p class="style" data-style="a"/> }
    "#;
    check(styles, attributes);
}

#[test]
fn files_functions_and_names_are_small_and_telling() {
    let count = |rule: Rule, path: &str, text: &str| rule(&Source::new(path, text)).len();
    assert_eq!(count(empty_names, "src/app/utils.rs", ""), 1);
    assert_eq!(count(empty_names, "src/auth/helpers/mod.rs", ""), 1);
    assert_eq!(count(empty_names, "src/app/common_sense.rs", ""), 0);
    assert_eq!(count(long_file, "src/app/x.rs", &"\n".repeat(501)), 1);
    assert_eq!(count(long_file, "src/app/x.rs", &"\n".repeat(500)), 0);

    let function = |lines: usize| {
        let body = "    let a = view! { <p>\"}\"{'}'}</p> }; // }\n".repeat(lines);
        format!("trait T {{ fn a(b: [u8; 3]); }}\nfn f<'a>(g: [u8; 2])\nwhere\n    A: B,\n{{\n{body}}}\nfn h() {{}}\n")
    };
    let found = long_function(&Source::new("src/app/x.rs", &function(71)));
    assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2]);
    assert_eq!(count(long_function, "src/app/x.rs", &function(70)), 0);
}

#[test]
fn what_is_missing_is_found() {
    let names = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let found = unequal_migrations(&names("0001_a.sql 0002_b.sql"), &names("0001_a.sql 0003_c.sql"));
    let found: Vec<_> = found.iter().map(|finding| format!("{}: {}", finding.path, finding.what)).collect();
    assert_eq!(found, ["migrations/postgres: 0002_b.sql is missing", "migrations/sqlite: 0003_c.sql is missing"]);
    assert!(missing_entries(|_| true).is_empty());
    assert_eq!(missing_entries(|entry| entry != "deny.toml")[0].path, "deny.toml");
}
