//! Who may see what, over every route there is: a stranger's and a missing object are answered alike, no page holds a
//! word of somebody else's, and nobody changes what is not theirs.

mod table;
mod world;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sqlx::{AssertSqlSafe, Row};
use tallystick::server::demo::shop;
use tallystick::server::router;
use tallystick::store::Store;
use tallystick::store::driver::Driver;

use self::table::{
    BY_CLICK, BY_KEY, CHANGES_NOTHING, CSV_UPLOAD, LOOKS, Look, POSTS, Post, REVIEWS_UPLOAD, STARTS, UPLOAD,
};
use self::world::{ALL, CSV, REVIEWS, Role, WORDS, World};
use crate::schema::schema;
use crate::support::{Answer, Browser, Kind};

/// What a crawl opens at most.
const PAGES_MAX: usize = 1_000;

impl World {
    /// A text with the ids that are there (`true`) or with ids that are not.
    fn fill(&self, text: &str, real: bool) -> String {
        let ids = self.ids.iter().map(|(name, (id, missing))| (format!("{{{name}}}"), if real { id } else { missing }));
        ids.fold(text.to_owned(), |text, (name, id)| text.replace(&name, id))
    }

    /// What an answer says, whatever ids it repeats. The headers that differ from one answer to the next are left out.
    fn told(&self, answer: &Answer) -> (u16, Vec<(String, String)>, String) {
        let plain = |text: &str| {
            let ids = self.ids.values().flat_map(|(id, missing)| [id, missing]);
            ids.fold(text.to_owned(), |text, id| text.replace(id.as_str(), "{id}"))
        };
        let headers = answer
            .headers
            .iter()
            .filter(|(name, _)| !["date", "content-length", "set-cookie"].contains(&name.as_str()));
        let headers = headers.map(|(name, value)| (name.to_string(), plain(value.to_str().unwrap_or("?"))));
        (answer.status, headers.collect(), plain(&answer.text))
    }
}

/// Opens an address; of a stream only the head is read.
async fn look(browser: &Browser, path: &str) -> Answer {
    let response = browser.client.get(format!("{}{path}", browser.url)).send().await.unwrap();
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or("");
    if kind.starts_with("text/event-stream") {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        return Answer { status, headers, text: String::new() };
    }
    Answer::of(response).await
}

/// What each role has read so far.
#[derive(Default)]
struct Readings(BTreeSet<(Role, &'static str)>);

impl Readings {
    /// Notes the words of an answer, and refuses those that this role may not read.
    fn read(&mut self, role: Role, place: &str, answer: &Answer) {
        let text = answer.text.to_lowercase();
        for (word, readers) in WORDS {
            if text.contains(&word.to_lowercase()) {
                let is_reader = role == Role::Admin || readers.contains(&role);
                assert!(is_reader, "{role:?} reads {word:?} at {place}: {}", answer.plain());
                self.0.insert((role, word));
            }
        }
    }

    /// A word that its own reader did not find proves nothing of the others.
    fn check(&self) {
        for (word, readers) in WORDS {
            let is_found = readers.first().is_none_or(|reader| self.0.contains(&(*reader, word)));
            assert!(is_found, "{:?} has not found {word:?}", readers[0]);
        }
    }
}

/// Every route of the running network.
fn routes() -> BTreeSet<String> {
    let pages = router::page_paths().into_iter().map(|path| format!("GET {path}"));
    let fixed = router::ROUTES.iter().chain(tallystick::tracking::ROUTES).chain(shop::ROUTES);
    let functions = leptos::server_fn::axum::server_fn_paths().map(|(path, method)| format!("{method} {path}"));
    pages.chain(fixed.map(|(method, path)| format!("{method} {path}"))).chain(functions).collect()
}

#[test]
fn every_route_is_in_the_table_and_every_entry_is_a_route() {
    let looks = LOOKS.iter().map(|Look(route, ..)| (*route).to_owned());
    let posts = POSTS.iter().map(|Post(path, ..)| format!("POST {path}"));
    let others = BY_KEY.iter().chain(BY_CLICK).map(|path| format!("POST {path}"));
    let known: BTreeSet<String> = looks.chain(posts).chain(others).collect();
    assert_eq!(known, routes(), "who may use a new route is said in tests/it/access/table.rs");
}

#[test]
fn the_lists_of_routes_name_every_route_in_the_code() {
    let code = [
        include_str!("../../../src/server/router.rs"),
        include_str!("../../../src/server/refunds.rs"),
        include_str!("../../../src/server/demo/shop.rs"),
        include_str!("../../../src/tracking/mod.rs"),
    ];
    let lists = router::ROUTES.iter().chain(tallystick::tracking::ROUTES).chain(shop::ROUTES).map(|(_, path)| *path);
    let listed: BTreeSet<&str> = lists.chain(["/api/{*function}"]).collect();
    let calls = code.iter().flat_map(|text| text.split(".route(\"").skip(1));
    let routed: BTreeSet<&str> = calls.filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(routed, listed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_sees_and_does_what_is_theirs_and_nothing_else() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let mut readings = Readings::default();
        for (role, start) in STARTS {
            crawl(&world, &mut readings, *role, start).await;
        }
        for entry in LOOKS {
            looks(&world, &mut readings, entry).await;
        }
        readings.check();
        without_key(&world, &mut readings).await;
        let refusals = refused(&world, &mut readings).await;
        allowed(&world, refusals).await;
        world.app.stop().await;
    }
}

/// Those who may look get the page; for all others it is as if it were not there.
async fn looks(world: &World, readings: &mut Readings, Look(_, path, readers, status): &Look) {
    for role in ALL {
        let answer = look(world.browser(*role), &world.fill(path, true)).await;
        let place = format!("{path} as {role:?}");
        readings.read(*role, &place, &answer);
        if readers.contains(role) {
            assert_eq!(answer.status, *status, "{place}: {}", answer.plain());
            continue;
        }
        assert!([302, 401, 403, 404].contains(&answer.status), "{place} answers {}", answer.status);
        assert!(answer.status != 302 || answer.location() == "/log-in", "{place} leads to {}", answer.location());
        let missing = look(world.browser(*role), &world.fill(path, false)).await;
        assert_eq!(world.told(&answer), world.told(&missing), "{place}: theirs and nothing are told apart");
    }
}

/// A session opens nothing to which a key is asked for.
async fn without_key(world: &World, readings: &mut Readings) {
    for path in BY_KEY {
        for role in ALL {
            let answer = send(world, *role, path, &[("campaign", "{x_live}"), ("order_id", "1")], true).await;
            readings.read(*role, path, &answer);
            assert_eq!(answer.status, 401, "{path} as {role:?}: {}", answer.text);
        }
    }
}

/// Everything that is stored, but for sessions.
pub async fn contents(store: &Store) -> BTreeMap<String, String> {
    let mut contents = BTreeMap::new();
    for (table, columns) in schema(store).await {
        if table == "sessions" {
            continue;
        }
        let columns: Vec<String> = columns.into_keys().collect();
        let sqlite = format!("select quote({}) as row from {table} order by 1", columns.join(") || ',' || quote("));
        let postgres = format!("select t::text as row from {table} t order by 1");
        let rows: Vec<String> = match store.read().await.unwrap().driver() {
            Driver::Sqlite(c) => {
                let rows = sqlx::query(AssertSqlSafe(sqlite)).fetch_all(c).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
            Driver::Postgres(c) => {
                let rows = sqlx::query(AssertSqlSafe(postgres)).fetch_all(c).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
        };
        contents.insert(table, rows.join("\n"));
    }
    contents
}

async fn send(world: &World, role: Role, path: &str, fields: &[(&str, &str)], real: bool) -> Answer {
    let filled: Vec<(&str, String)> = fields.iter().map(|(name, value)| (*name, world.fill(value, real))).collect();
    let fields: Vec<(&str, &str)> = filled.iter().map(|(name, value)| (*name, value.as_str())).collect();
    if path == UPLOAD {
        return world.browser(role).upload(path, &fields, ("a.png", "image/png", crate::creatives::PNG)).await;
    }
    if path == CSV_UPLOAD {
        return world.browser(role).upload(path, &fields, CSV).await;
    }
    if path == REVIEWS_UPLOAD {
        return world.browser(role).upload(path, &fields, REVIEWS).await;
    }
    world.browser(role).post(path, &fields).await
}

type Told = (u16, Vec<(String, String)>, String);

/// Everybody sends what they may not: nothing changes, and nobody learns whether the object is there. Gives what the
/// strangers were told, by the place in the table.
async fn refused(world: &World, readings: &mut Readings) -> Vec<Vec<Told>> {
    let mut all = Vec::new();
    for Post(path, fields, senders) in POSTS {
        let before = contents(&world.app.store).await;
        let mut told = Vec::new();
        for role in ALL.iter().filter(|role| !senders.contains(role)) {
            let place = format!("{path} {fields:?} as {role:?}");
            let answer = send(world, *role, path, fields, true).await;
            readings.read(*role, &place, &answer);
            assert!(answer.status < 500, "{place}: {} {}", answer.status, answer.text);
            let missing = send(world, *role, path, fields, false).await;
            assert_eq!(world.told(&answer), world.told(&missing), "{place}: theirs and nothing are told apart");
            told.push(world.told(&answer));
        }
        let after = contents(&world.app.store).await;
        for (table, rows) in &before {
            assert_eq!(rows, &after[table], "{path} {fields:?} changed {table}");
        }
        all.push(told);
    }
    all
}

/// Those who may send the same are heard: otherwise the refusals would prove nothing.
async fn allowed(world: &World, refusals: Vec<Vec<Told>>) {
    for (Post(path, fields, senders), refusals) in POSTS.iter().zip(refusals) {
        let Some(sender) = senders.first().filter(|_| !refusals.is_empty()) else { continue };
        let before = contents(&world.app.store).await;
        let answer = send(world, *sender, path, fields, true).await;
        let told = world.told(&answer);
        let is_heard = (answer.status == 302 && !answer.location().contains("__err")) || answer.status == 200;
        assert!(is_heard && !refusals.contains(&told), "{path} as {sender:?}: {told:?}");
        let is_changed = contents(&world.app.store).await != before;
        assert_eq!(is_changed, !CHANGES_NOTHING.contains(path), "{path} as {sender:?}: {told:?}");
    }
}

/// Follows every link of our own from a start, as a reader does: each page is there, with one heading.
async fn crawl(world: &World, readings: &mut Readings, role: Role, start: &str) {
    let browser = world.browser(role);
    let (mut seen, mut next) =
        (BTreeSet::from([start.to_owned()]), VecDeque::from([(start.to_owned(), "the start".to_owned())]));
    while let Some((path, from)) = next.pop_front() {
        let answer = look(browser, &path).await;
        let place = format!("{path} (linked from {from}) as {role:?}");
        assert_eq!(answer.status, 200, "{place}: {}", answer.plain());
        readings.read(role, &place, &answer);
        let kind = answer.headers["content-type"].to_str().unwrap();
        if !kind.starts_with("text/html") {
            continue;
        }
        assert_eq!(answer.text.matches("<h1").count(), 1, "{place}: {}", answer.plain());
        for link in links(&answer.text, &browser.url) {
            if seen.len() < PAGES_MAX && seen.insert(link.clone()) {
                next.push_back((link, path.clone()));
            }
        }
    }
    println!("{role:?}: {} pages", seen.len());
}

/// The addresses of a page's links that stay with us, without tracking links: following those is a click.
fn links(text: &str, origin: &str) -> Vec<String> {
    let anchors = text.split("<a ").skip(1).filter_map(|rest| rest.split('>').next());
    let addresses = anchors.filter_map(|tag| tag.split("href=\"").nth(1)?.split('"').next());
    let own = addresses.map(crate::page::unescape).filter_map(|address| {
        let path = address.strip_prefix(origin).unwrap_or(&address);
        let path = path.split('#').next()?.to_owned();
        (path.starts_with('/') && !path.starts_with("//") && !path.starts_with("/c/")).then_some(path)
    });
    own.collect()
}
