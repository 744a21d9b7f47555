//! The samples for a shell: the signed call, the script that signs, the call of the JSON interface.

use std::process::Command;

use serde_json::Value;
use tallystick::domain::conversion::Badge;

use super::{Place, code, program, run};
use crate::support::Kind;

fn bash(text: &str, variables: &[(&str, &str)]) -> Value {
    let mut command = Command::new("bash");
    command.args(["-e", "-c", text]).envs(variables.iter().copied());
    let said = run(&mut command);
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_samples_for_a_shell_run_as_printed() {
    if ["bash", "curl", "openssl"].iter().any(|name| program(name).is_none()) {
        return;
    }
    for kind in Kind::all() {
        let place = Place::new(kind).await;
        let query = |order: &str| format!("?click_id={}&order_id={order}", place.click_ids);

        let signed = place.printed(&query("SIGNED-1"), "A signed call").await;
        let told = bash(&signed, &[]);
        assert_eq!((&told["outcome"], &told["reason"]), (&"created".into(), &"test_mode".into()), "{told}");
        place.assert_credited("SIGNED-1", Badge::Signed, 4990).await;

        let script = place.printed(&query("SCRIPT-1"), "Signing with a shell").await;
        let secret = place.secret();
        let variables = [("SECRET", secret.as_str()), ("CLICK_ID", place.click_ids.as_str())];
        assert_eq!(bash(&script, &variables)["outcome"], "created");
        place.assert_credited("SCRIPT-1", Badge::Signed, 4990).await;
        assert_eq!(bash(&script, &variables)["duplicate"], true);
        assert_eq!(bash(&script, &[("SECRET", "wrong"), variables[1]])["reason"], "auth_bad_signature");

        let call = place.printed(&query("JSON-1"), "A call of the JSON interface").await;
        let key = place.key().await;
        assert_eq!(bash(&call.replace("YOUR_API_KEY", &key), &[])["outcome"], "created");
        place.assert_credited("JSON-1", Badge::Key, 4990).await;

        let path = format!("/advertiser/campaigns/{}/integration", place.network.w);
        let fields = [("name", "Old shop"), ("kind", "token"), ("networks", "127.0.0.0/8")];
        let made = place.network.shop.act(&path, "/api/create_api_key", "", &fields).await;
        let call = code(&made.text, "A report with the token").replace("CLICK_ID", &place.click_ids);
        assert_eq!(bash(&call, &[])["outcome"], "created", "{call}");
        place.assert_credited("ORDER-1001", Badge::Token, 4990).await;
        place.stop().await;
    }
}
