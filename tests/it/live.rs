//! The live stream carries ticks and nothing else; the figures come from the same query, in the same words.

use std::time::Duration;

use crate::network::Network;
use crate::support::Kind;

/// What arrives within a time.
pub async fn hear(response: &mut reqwest::Response, ms: u64) -> String {
    let mut text = String::new();
    let listen = async {
        while let Ok(Some(bytes)) = response.chunk().await {
            text.push_str(std::str::from_utf8(&bytes).unwrap());
            if text.ends_with("\n\n") {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_millis(ms), listen).await;
    text
}

pub const TICK: &str = "event: tick\ndata: changed\n\n";

#[tokio::test]
async fn a_click_ticks_its_own_parties_and_the_fragment_is_the_pages() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let open = async |browser: &crate::support::Browser, role: &str| {
            browser.client.get(format!("{}/live/{role}", browser.url)).send().await.unwrap()
        };
        let (mut a, mut b) = (open(&network.a, "publisher").await, open(&network.b, "publisher").await);
        assert_eq!(a.headers()["content-type"], "text/event-stream");
        assert_eq!((hear(&mut a, 5_000).await.as_str(), hear(&mut b, 5_000).await.as_str()), (TICK, TICK));
        network.click(0, 1, &[]).await;
        network.click(0, 2, &[]).await;
        assert_eq!(hear(&mut a, 10_000).await, TICK, "{kind:?}");
        assert_eq!(hear(&mut a, 2_500).await, "", "two clicks at once are one tick");
        assert_eq!(hear(&mut b, 500).await, "", "nothing of a rival");

        let page = network.a.get("/publisher").await.text;
        let call = network.a.client.post(format!("{}/api/live_overview", network.a.url));
        let call = call.header("sec-fetch-site", "same-origin").form(&[("role", "publisher"), ("query", "")]);
        let html: String = serde_json::from_str(&call.send().await.unwrap().text().await.unwrap()).unwrap();
        assert!(html.contains("<strong>2") && html.contains("clicks in the last 5 minutes"), "{html}");
        assert!(page.contains(&html), "the page and the update are the same fragment");

        for (browser, role, status) in [
            (&network.a, "admin", 403),
            (&network.a, "advertiser", 403),
            (&network.a, "visitor", 404),
            (&network.app.browser(), "publisher", 401),
        ] {
            assert_eq!(open(browser, role).await.status(), status, "{role}");
        }
        let stop = tokio::time::timeout(Duration::from_secs(5), network.app.stop()).await;
        assert!(stop.is_ok(), "open streams do not hold up the end of the process");
    }
}
