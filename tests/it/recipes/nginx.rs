//! nginx keeps the click ids in the cookie that t.js reads, by header.

use std::process::Command;

use tallystick::domain::conversion::Badge;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::{Place, Served, program, run};
use crate::support::Kind;

/// What nginx answers: the lines of its head.
async fn ask(place: &Place, target: &str, cookie: &str) -> Vec<String> {
    let mut stream = UnixStream::connect(place.path("socket")).await.unwrap();
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: shop.example\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let head = answer.split("\r\n\r\n").next().unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    head.lines().map(str::to_owned).collect()
}

async fn cookie_set(place: &Place, target: &str, cookie: &str) -> Option<String> {
    let head = ask(place, target, cookie).await;
    let is_private = head.iter().any(|line| line == "Cache-Control: no-store, private");
    let set = head.iter().find_map(|line| line.strip_prefix("Set-Cookie: ")).map(str::to_owned);
    assert_eq!(set.is_some(), is_private, "a page with a cookie is for nobody else: {head:?}");
    set
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_keeps_the_click_ids_that_a_signed_report_then_carries() {
    let Some(nginx) = program("nginx") else { return };
    for kind in Kind::all() {
        let place = Place::new(kind).await;
        let http = place.printed("/nginx", "tallystick.conf").await;
        let server = place.printed("/nginx", "In the server block").await;
        let folder = place.folder.path().display();
        let conf = format!(
            "daemon off; error_log stderr notice; pid {folder}/pid; events {{}}\n\
             http {{ access_log off; client_body_temp_path {folder}/1; proxy_temp_path {folder}/2;\n\
             fastcgi_temp_path {folder}/3; uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;\n{http}\n\
             server {{ listen unix:{folder}/socket;\n{server}\nlocation / {{ return 200 'a page'; }} }} }}"
        );
        std::fs::write(place.path("nginx.conf"), conf).unwrap();
        let mut command = Command::new(&nginx);
        command.args(["-e", "stderr", "-c"]).arg(place.path("nginx.conf"));
        let served = Served::start(&mut command, "start worker process ");

        let (w, newest, before) = (place.network.w, place.newest(), place.before());
        let other = newest.replace(&newest[20..], "0").to_owned();
        assert!(other.len() < 44);
        for target in ["/", "/?click_id=", &format!("/?click_id={other}"), &format!("/?xclick_id={newest}")] {
            assert_eq!(cookie_set(&place, target, "").await, None, "{target}");
        }
        let first = cookie_set(&place, &format!("/welcome?a=b&click_id={before}&c=d"), "").await;
        assert_eq!(first, Some(format!("ts_{w}={before}; Max-Age=604800; Path=/; SameSite=Lax")));
        let target = format!("/?click_id={newest}");
        let second = cookie_set(&place, &target, &format!("a=b; ts_{w}={before}; c=d")).await.unwrap();
        assert!(second.starts_with(&format!("ts_{w}={newest}.{before}; ")), "{second}");
        assert_eq!(cookie_set(&place, &target, &place.cookie()).await, None, "the same page again");
        assert_eq!(cookie_set(&place, &format!("/?click_id={before}"), &place.cookie()).await, None, "an older one");
        let ids: Vec<String> = "cdef".chars().map(|digit| digit.to_string().repeat(44)).collect();
        let full = cookie_set(&place, &target, &format!("ts_{w}={}", ids.join("."))).await.unwrap();
        assert!(full.starts_with(&format!("ts_{w}={newest}.{}; ", ids[..3].join("."))), "{full}");
        let junk = cookie_set(&place, &target, &format!("ts_{w}=<script>.{before}")).await.unwrap();
        assert!(junk.starts_with(&format!("ts_{w}={newest}; ")), "{junk}");
        drop(served);

        let kept = second.split_once('=').unwrap().1.split(';').next().unwrap();
        let script = place.printed("?order_id=NGINX-1", "Signing with a shell").await;
        run(Command::new("bash").args(["-ec", &script]).env("SECRET", place.secret()).env("CLICK_ID", kept));
        place.assert_credited("NGINX-1", Badge::Signed, 4990).await;
        place.stop().await;
    }
}
