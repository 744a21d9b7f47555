//! The recipe for PHP, served by PHP's own server: cookie by header, a queue of files, reports by cron.

use std::path::Path;
use std::process::Command;

use reqwest::header::{COOKIE, SET_COOKIE};
use tallystick::domain::conversion::Badge;
use tallystick::domain::ids::ClickId;
use tallystick::domain::time::DAY_MS;

use super::{Place, Served, node, program, run, standin};
use crate::support::{Answer, Kind};

pub async fn ask(served: &Served, path: &str, cookie: &str) -> Answer {
    let request = reqwest::Client::new().get(served.url(path)).header(COOKIE, cookie);
    let answer = Answer::of(request.send().await.unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

/// The value of the cookie that a page sets.
fn kept(place: &Place, answer: &Answer) -> Option<String> {
    let lines: Vec<&str> = answer.headers.get_all(SET_COOKIE).iter().map(|line| line.to_str().unwrap()).collect();
    let own = lines.iter().find_map(|line| line.strip_prefix(&format!("ts_{}=", place.network.w)))?;
    let caching = answer.headers["cache-control"].to_str().unwrap();
    assert!(caching.contains("no-store") && caching.contains("private"), "a page with a cookie is for nobody else");
    let (value, rest) = own.split_once(';').unwrap();
    let rest = rest.to_ascii_lowercase();
    assert!(rest.contains("max-age=604800") && rest.contains("path=/") && rest.contains("samesite=lax"), "{own}");
    assert!(!rest.contains("httponly"), "t.js reads it: {own}");
    Some(value.to_owned())
}

/// Ids of clicks so many days ago, as the network makes them.
fn ids_of(place: &Place, days: &[i64]) -> Vec<String> {
    let (now, link) = (place.network.app.environment.now(), place.network.links[0].0);
    let key = tallystick::domain::secret::SecretKey::from_bytes([9; 32]);
    let id = |days: &i64| {
        let click = ClickId(tallystick::domain::ids::first_id_at(now.plus_ms(-days * DAY_MS)));
        tallystick::domain::click_token::ClickToken::issue(&key, click, link, place.network.w, place.network.a_id)
    };
    days.iter().map(id).collect()
}

/// What holds for every server that keeps click ids as t.js does: the newest three, and the oldest that still counts.
pub async fn keeps_click_ids(place: &Place, served: &Served, page: &str) {
    let landing = |id: &str| format!("{page}?click_id={id}");
    let (w, newest, before) = (place.network.w, place.newest(), place.before());
    for given in ["", "nothing", &newest[1..], &format!("{}u", &newest[1..]), "a&click_id[]=b"] {
        assert_eq!(kept(place, &ask(served, &landing(given), "").await), None, "{given}");
    }
    let first = kept(place, &ask(served, &landing(&before.to_uppercase()), "a=b").await);
    assert_eq!(first.as_deref(), Some(before));
    let second = kept(place, &ask(served, &landing(newest), &format!("a=b; ts_{w}={before}; c=d")).await);
    assert_eq!(second.as_deref(), Some(place.click_ids.as_str()));
    assert_eq!(kept(place, &ask(served, &landing(newest), &place.cookie()).await), None, "the same page again");
    let junk = kept(place, &ask(served, &landing(newest), &format!("ts_{w}=x.<b>.{before}.")).await);
    assert_eq!(junk.as_deref(), Some(place.click_ids.as_str()));

    let ids = ids_of(place, &[1, 2, 3, 6, 8]);
    let cookie = |ids: &[String]| format!("ts_{w}={}", ids.join("."));
    let four = kept(place, &ask(served, &landing(newest), &cookie(&ids[..4])).await);
    assert_eq!(four, Some([newest, &ids[0], &ids[1], &ids[3]].join(".")), "of seven days");
    let none_older = [&ids[..2], &ids[4..]].concat();
    let three = kept(place, &ask(served, &landing(newest), &cookie(&none_older)).await);
    assert_eq!(three, Some([newest, &ids[0], &ids[1]].join(".")), "the fourth no longer counts");

    // Made up, it would stand before all true ones, and next to it none of the older ones would count.
    let ahead = ids_of(place, &[-2]);
    assert_eq!(kept(place, &ask(served, &landing(&ahead[0]), &cookie(&ids[..4])).await), None, "of a time to come");
}

fn php(place: &Place) -> Option<Command> {
    let mut command = Command::new(program("php")?);
    command.current_dir(place.folder.path());
    command.env("TALLYSTICK_SECRET", place.secret()).env("TALLYSTICK_QUEUE", place.path("queue"));
    Some(command)
}

fn queued(place: &Place) -> Vec<String> {
    let names = std::fs::read_dir(place.path("queue")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).filter(|name| name != "lock").collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn php_keeps_click_ids_and_reports_by_cron() {
    if program("php").is_none() {
        return;
    }
    for kind in Kind::all() {
        let place = Place::new(kind).await;
        place.saved("/php", "tallystick.php", "tallystick.php").await;
        place.saved("/php", "Where an order is stored", "order.php").await;
        place.saved("/php", "tallystick-send.php", "tallystick-send.php").await;
        standin(&place, "php-landing.php");
        standin(&place, "php-order.php");
        std::fs::create_dir(place.path("queue")).unwrap();
        let served = Served::start(php(&place).unwrap().args(["-S", "127.0.0.1:0"]), "http://127.0.0.1:");
        keeps_click_ids(&place, &served, "/php-landing.php").await;

        ask(&served, "/php-order.php?order_id=NOBODYS", "").await;
        assert_eq!(queued(&place), [""; 0], "an order without a click is nobody's");
        let nasty = "PHP%201%22%27%26x%3D%2F..%2F";
        for order in ["PHP-1", "PHP-1", nasty] {
            let page = ask(&served, &format!("/php-order.php?order_id={order}"), &place.cookie()).await;
            assert_eq!(page.text, "thank you");
        }
        assert_eq!(queued(&place).len(), 2);
        let send = |place: &Place| php(place).unwrap().arg("tallystick-send.php").output().unwrap();
        assert!(send(&place).status.success());
        assert_eq!(queued(&place), [""; 0]);
        place.assert_credited("PHP-1", Badge::Signed, 4990).await;
        place.assert_credited("PHP 1\"'&x=/../", Badge::Signed, 4990).await;

        // Refused: the file stays for whoever looks, and the others are not kept waiting.
        let wrong = php(&place).unwrap().env("TALLYSTICK_SECRET", "wrong").arg("tallystick-send.php").output();
        assert!(wrong.unwrap().status.success(), "nothing to do");
        ask(&served, "/php-order.php?order_id=PHP-2", &place.cookie()).await;
        let wrong = php(&place).unwrap().env("TALLYSTICK_SECRET", "wrong").arg("tallystick-send.php").output().unwrap();
        assert!(String::from_utf8_lossy(&wrong.stderr).contains("auth_bad_signature"), "{wrong:?}");
        assert!(queued(&place)[0].ends_with(".json.refused"), "{:?}", queued(&place));

        std::fs::write(place.path("queue/0.json"), "{half").unwrap();
        assert!(send(&place).status.success());
        assert!(queued(&place).contains(&"0.json.refused".to_owned()), "it is in nobody's way");

        // A shop whose queue cannot be written sells all the same.
        std::fs::remove_dir_all(place.path("queue")).unwrap();
        let page = ask(&served, "/php-order.php?order_id=PHP-3", &place.cookie()).await;
        assert_eq!(page.text, "thank you");
        std::fs::create_dir(place.path("queue")).unwrap();

        // While the network is away the order waits.
        ask(&served, "/php-order.php?order_id=PHP-4", &place.cookie()).await;
        let folder = place.stop_and_keep().await;
        let mut command = Command::new(program("php").unwrap());
        let command = command.current_dir(folder.path()).env("TALLYSTICK_SECRET", "x");
        let away = command.env("TALLYSTICK_QUEUE", folder.path().join("queue")).arg("tallystick-send.php").output();
        assert_eq!(away.unwrap().status.code(), Some(1));
        assert_eq!(std::fs::read_dir(folder.path().join("queue")).unwrap().count(), 2, "the lock and the order");
    }
}

/// PHP's arithmetic and Node's on the same ids is the same as that of t.js: see `node.rs` for the other half.
#[tokio::test(flavor = "multi_thread")]
async fn php_reads_the_time_of_a_click_id_as_t_js_does() {
    let place = Place::new(Kind::Sqlite).await;
    let Some(mut command) = php(&place) else { return place.stop().await };
    place.saved("/php", "tallystick.php", "tallystick.php").await;
    let ids = ids_of(&place, &[0, 1, 400]);
    let text = "require 'tallystick.php'; foreach (array_slice($argv, 1) as $id) echo tallystick_ms($id), ' ';";
    let told = run(command.args(["-r", text, "--"]).args(&ids));
    let script = std::fs::read_to_string(Path::new("public/t.js")).unwrap();
    let rule = script.split("const time = ").nth(1).and_then(|rest| rest.split(";\n").next()).unwrap();
    let digits = script.split("const digits = ").nth(1).and_then(|rest| rest.split(";\n").next()).unwrap();
    let text = format!(
        "const digits = {digits}; const time = {rule};\n\
         process.stdout.write(process.argv.slice(2).map((id) => time(id) + ' ').join(''));"
    );
    std::fs::write(place.path("time.mjs"), text).unwrap();
    if let Some(mut command) = node(&place, &place.path("time.mjs")) {
        assert_eq!(told, run(command.args(&ids)));
    }
    place.stop().await;
}
