//! Every recipe of the integration page, taken from the page as it is printed, run by the program that it is for, and
//! followed to a conversion that is credited to the right publisher.

mod nginx;
mod node;
mod php;
mod shell;
mod shopify;
mod stripe;
mod woocommerce;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use tallystick::domain::conversion::Badge;
use tallystick::domain::ids::PublisherId;
use tallystick::domain::secret::SecretKey;
use tallystick::domain::time::MINUTE_MS;
use tallystick::store::conversions;
use tempfile::TempDir;

use crate::network::Network;
use crate::page::{between, unescape};
use crate::support::{Kind, TestApp};

const STANDINS: &str = "tests/it/recipes/standins";
const PAYLOADS: &str = "tests/fixtures/recipes";

/// The program, or a word on standard error where this machine has none: the test then passes.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).chain(["/usr/sbin".into()]).map(|folder| folder.join(name)).find(|p| p.is_file());
    if found.is_none() {
        eprintln!("skipped: {name} is not installed");
    }
    found
}

/// A network at the system's time, with a folder for the files of a recipe.
struct Place {
    network: Network,
    folder: TempDir,
    /// What this browser's cookie holds: a click by B's link, then one by A's. A has to be credited.
    click_ids: String,
}

impl Place {
    async fn new(kind: Kind) -> Self {
        let network = Network::of(TestApp::start_today(kind).await).await;
        let before = network.click(1, 1, &[]).await;
        network.app.clock.advance_ms(1_000);
        let newest = network.click(0, 1, &[]).await;
        network.app.clock.advance_ms(MINUTE_MS - 1_000);
        Self { network, folder: tempfile::tempdir().unwrap(), click_ids: format!("{newest}.{before}") }
    }

    fn newest(&self) -> &str {
        self.click_ids.split('.').next().unwrap()
    }

    fn before(&self) -> &str {
        self.click_ids.split('.').nth(1).unwrap()
    }

    /// Five click ids of this browser, newest first: one more than a report takes. The newest is A's.
    async fn five(&self) -> Vec<String> {
        let mut ids = vec![self.newest().to_owned(), self.before().to_owned()];
        for link in [1, 1, 0] {
            ids.insert(0, self.network.click(link, 1, &[]).await);
            self.network.app.clock.advance_ms(1_000);
        }
        ids
    }

    fn cookie(&self) -> String {
        format!("ts_{}={}", self.network.w, self.click_ids)
    }

    fn secret(&self) -> String {
        SecretKey::from_bytes([9; 32]).postback_secret(self.network.w, 1).as_str().to_owned()
    }

    /// A block of the integration page, or of a platform's page below it, as it is printed.
    async fn printed(&self, page: &str, name: &str) -> String {
        let path = format!("/advertiser/campaigns/{}/integration{page}", self.network.w);
        let answer = self.network.shop.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.plain());
        code(&answer.text, name)
    }

    /// The same, saved as a file of the folder.
    async fn saved(&self, page: &str, name: &str, file: &str) -> PathBuf {
        let path = self.path(file);
        std::fs::write(&path, self.printed(page, name).await).unwrap();
        path
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// A key of the campaign, made on the integration page.
    async fn key(&self) -> String {
        let path = format!("/advertiser/campaigns/{}/integration", self.network.w);
        let made = self.network.shop.act(&path, "/api/create_api_key", "", &[("name", "Shop")]).await;
        format!("tsk_{}", between(&made.text, "value=\"tsk_", "\"").expect("the key is shown once"))
    }

    /// Whom the order was credited to, by which kind of report, and with how many minor units.
    async fn credited(&self, order_id: &str) -> Option<(PublisherId, Badge, Option<i64>)> {
        let mut conn = self.network.app.store.read().await.unwrap();
        let found = conversions::find_by_order(&mut conn, self.network.w, "sale", order_id).await.unwrap();
        found.map(|found| (found.publisher_id.expect("it is attributed"), found.badge, found.amount_minor))
    }

    /// The order belongs to A, and to A's newest click.
    async fn assert_credited(&self, order_id: &str, badge: Badge, amount_minor: i64) {
        let credited = self.credited(order_id).await;
        assert_eq!(credited, Some((self.network.a_id, badge, Some(amount_minor))), "{order_id}");
    }

    async fn stop(self) {
        self.stop_and_keep().await;
    }

    /// The network is away; the folder of the recipe is still there.
    async fn stop_and_keep(self) -> TempDir {
        self.network.app.stop().await;
        self.folder
    }
}

/// The newest three, and the oldest: all are inside the window.
fn chosen(ids: &[String]) -> String {
    [&ids[..3], &ids[ids.len() - 1..]].concat().join(".")
}

/// A block of a page by its name, as a browser shows it.
fn code(html: &str, name: &str) -> String {
    let block = html.split(&format!("aria-label=\"{name}\"")).nth(1);
    let code = block.and_then(|rest| between(rest, "<code>", "</code>"));
    // `<!>` is a mark of the framework's and no part of the text.
    unescape(&code.unwrap_or_else(|| panic!("no block {name:?}")).replace("<!>", ""))
}

/// Runs a program to its end; it must succeed.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{command:?}: {}\n{out}\n{err}", output.status);
    out
}

/// A recorded payload, with what a test puts in place of its marks.
fn payload(file: &str, values: &[(&str, &str)]) -> String {
    let text = std::fs::read_to_string(Path::new(PAYLOADS).join(file)).unwrap();
    values.iter().fold(text, |text, (mark, value)| {
        assert!(text.contains(mark), "{file} has {mark}");
        text.replace(mark, value)
    })
}

/// A program that runs until the test ends; what it said is shown where the test fails.
struct Served {
    child: Child,
    port: u16,
    said: Arc<Mutex<String>>,
}

impl Served {
    /// Starts it, and waits for the line that holds `mark`, then its port.
    fn start(command: &mut Command, mark: &str) -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        command.stdout(writer.try_clone().unwrap()).stderr(writer).stdin(Stdio::null());
        let mut child = command.spawn().unwrap();
        // The command holds the other end, too: without it the pipe ends with the program.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut lines = BufReader::new(reader).lines().map_while(Result::ok);
        let mut said = String::new();
        let listening = lines.by_ref().find_map(|line| {
            said.extend([line.as_str(), "\n"]);
            let (_, rest) = line.split_once(mark)?;
            Some(rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0))
        });
        let Some(port) = listening else {
            let _ = child.kill();
            panic!("{command:?} ended: {said}");
        };
        let said = Arc::new(Mutex::new(said));
        let also = said.clone();
        // A full pipe would stop the program.
        std::thread::spawn(move || lines.for_each(|line| also.lock().unwrap().extend([line.as_str(), "\n"])));
        Self { child, port, said }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Asked, not forced: nginx takes its workers with it.
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if !asked.is_ok_and(|asked| asked.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", self.said.lock().unwrap());
        }
    }
}

/// Node on a module of the folder, with its port left to the system.
fn node(place: &Place, file: &Path) -> Option<Command> {
    let mut command = Command::new(program("node")?);
    command.arg(file).current_dir(place.folder.path());
    // The network listens on IPv4 alone here, whatever `localhost` is first.
    command.env("NODE_OPTIONS", "--dns-result-order=ipv4first --no-warnings").env("PORT", "0");
    command.env("TALLYSTICK_SECRET", place.secret());
    Some(command)
}

/// Copies a stand-in for a platform into the folder.
fn standin(place: &Place, file: &str) -> PathBuf {
    let path = place.path(file);
    std::fs::copy(Path::new(STANDINS).join(file), &path).unwrap();
    path
}
