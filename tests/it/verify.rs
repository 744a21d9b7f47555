//! `verify` finds nothing where nothing is wrong, and every single corruption by its row, while the network runs.

use std::collections::BTreeSet;
use std::process::Command;

use tallystick::domain::ids::{ConversionId, PartyId, PayoutId};
use tallystick::domain::money::{Currency, Money};
use tallystick::domain::party::Acting;
use tallystick::domain::reason::RejectReason;
use tallystick::domain::time::MINUTE_MS;
use tallystick::reports::receipt::load;
use tallystick::reports::verify::{differences, told, verify};
use tallystick::settlement::payout::PayoutSettings;
use tallystick::settlement::{deposit, hold, payout, review};
use tallystick::store::payouts;

use crate::fixtures::pay_to;
use crate::network::Network;
use crate::receipts::tamper;
use crate::reports::{numbers, traffic};
use crate::support::Kind;

async fn bad(network: &Network) -> BTreeSet<String> {
    let checks = verify(&mut network.app.store.snapshot().await.unwrap()).await.unwrap();
    let rows = checks.iter().flat_map(|check| check.bad.iter().map(|row| format!("{}: {row}", check.name)));
    rows.collect()
}

async fn one(network: &Network, text: &str) -> i64 {
    numbers(&network.app.store, text).await[0]
}

fn id(id: i64) -> String {
    PartyId(id).to_string()
}

/// The n-th pending conversion with a commission.
async fn conversion(network: &Network, n: usize) -> i64 {
    let text = "select conversion_id from conversions where state = 'pending' and commission_minor > 0
        and event = 'sale' order by conversion_id";
    one(network, &format!("{text} limit 1 offset {n}")).await
}

async fn transfer_of(network: &Network, conversion: i64) -> i64 {
    let text = format!(
        "select transfer_id from transfers where code = 'commission_accrued' and fact_id in
            (select event_id from conversion_events where conversion_id = {conversion})"
    );
    one(network, &text).await
}

/// Table, statement, and what the new findings must name.
type Corruption = (&'static str, String, Vec<String>);

async fn money_corruptions(network: &Network) -> Vec<Corruption> {
    let mut all = Vec::new();
    let mut next = [0, 0];
    let mut ids = Vec::new();
    for n in 0..13 {
        next[0] = conversion(network, n).await;
        next[1] = transfer_of(network, next[0]).await;
        ids.push(next);
    }
    let at = |n: usize| (ids[n][0], ids[n][1]);
    let (c, t) = at(0);
    let cent = format!("update transfers set amount_minor = amount_minor + 1 where transfer_id = {t}");
    all.push(("transfers", cent, vec![id(c), id(t)]));
    let (c, t) = at(1);
    all.push(("transfers", format!("delete from transfers where transfer_id = {t}"), vec![id(c)]));
    let (_, t) = at(2);
    let swap = format!(
        "update transfers set debit_account_id = credit_account_id, credit_account_id = debit_account_id
            where transfer_id = {t}"
    );
    all.push(("transfers", swap, vec![id(t)]));
    let (c, _) = at(3);
    let amount = format!("update conversions set amount_minor = amount_minor + 1 where conversion_id = {c}");
    all.push(("conversions", amount, vec![id(c)]));
    let (c, _) = at(4);
    let version = format!("update conversions set terms_version = 2 where conversion_id = {c}");
    all.push(("conversions", version, vec![id(c)]));
    let (c, _) = at(5);
    let state = format!("update conversions set state = 'approved' where conversion_id = {c}");
    all.push(("conversions", state, vec![id(c)]));
    let (c, _) = at(6);
    let rival = format!(
        "update conversions set publisher_id = case when publisher_id = {a} then {b} else {a} end
            where conversion_id = {c}",
        a = network.a_id.0,
        b = network.b_id.0
    );
    all.push(("conversions", rival, vec![id(c)]));
    let (c, _) = at(7);
    let evidence = format!("update evidence set amount_minor = 1 where conversion_id = {c}");
    all.push(("evidence", evidence, vec![id(c)]));
    let (c, _) = at(8);
    all.push(("conversion_events", format!("delete from conversion_events where conversion_id = {c}"), vec![id(c)]));
    for (n, what) in [
        (9, "held_reason = case when held_reason is null then 'flood' end"),
        (10, "reason = 'duplicate_order'"),
        (11, "creative_id = 4711"),
        (12, "approved_at_ms = converted_at_ms"),
    ] {
        let (c, _) = at(n);
        all.push(("conversions", format!("update conversions set {what} where conversion_id = {c}"), vec![id(c)]));
    }
    all
}

async fn click_corruptions(network: &Network) -> Vec<Corruption> {
    let mut all = Vec::new();
    let click = async |what: &str| one(network, &format!("select click_id from clicks where {what} limit 1")).await;
    let free = "click_id not in (select click_id from conversions where click_id is not null)";
    let moved = click(&format!("label = 'valid' and {free}")).await;
    let day = 86_400_000_i64 << 21;
    all.push((
        "clicks",
        format!("update clicks set click_id = click_id + {day} where click_id = {moved}"),
        // PostgreSQL's table knows the visitors of each day; without it the landing is of a click that is gone.
        vec![id(if network.app.store.is_sqlite() { moved } else { moved + day })],
    ));
    let credited = click("label = 'valid' and click_id in (select click_id from conversions)").await;
    let rival = if one(network, &format!("select publisher_id from clicks where click_id = {credited}")).await
        == network.a_id.0
    {
        network.b_id.0
    } else {
        network.a_id.0
    };
    all.push((
        "clicks",
        format!("update clicks set publisher_id = {rival} where click_id = {credited}"),
        vec![id(credited)],
    ));
    let repeat = click("label = 'duplicate'").await;
    let label = format!("update clicks set label = 'valid' where click_id = {repeat}");
    all.push(("clicks", label, vec![id(repeat)]));
    let lost = click(&format!("label = 'invalid' and {free}")).await;
    let reason = format!("update clicks set reason = null where click_id = {lost}");
    all.push(("clicks", reason, vec![id(lost)]));
    let landed = one(network, "select max(click_id) from landings").await;
    let early = format!("update landings set landed_at_ms = 1577836800001 where click_id = {landed}");
    all.push(("landings", early, vec![id(landed)]));
    let nowhere = "insert into landings (click_id, landed_at_ms, path) values (4713, 1772445600000, '/')".to_owned();
    all.push(("landings", nowhere, vec![id(4_713)]));
    let total = format!("update landing_rollups set landings = 9 where reader_id = 1 and link_id = {}", {
        network.links[0].0.0
    });
    all.push(("landing_rollups", total, vec![id(1), id(network.links[0].0.0)]));
    let total = format!("update gesture_rollups set gestures = 9 where publisher_id = {}", network.a_id.0);
    all.push(("gesture_rollups", total, vec![id(network.a_id.0)]));
    let campaign = id(network.x.0);
    let total = format!(
        "update click_rollups set clicks = clicks + 1 where reader_id = {} and grain = 'day' and label = 'valid'
            and bucket = (select max(bucket) from click_rollups where grain = 'day' and label = 'valid' and
            reader_id = {} and campaign_id = {}) and campaign_id = {}",
        network.a_id.0, network.a_id.0, network.x.0, network.x.0
    );
    all.push(("click_rollups", total, vec![id(network.a_id.0), campaign.clone()]));
    let total = format!(
        "update conversion_rollups set commission_minor = commission_minor + 1 where reader_id = 1
            and grain = 'quarter' and basis = 'click' and campaign_id = {x} and bucket = (select max(bucket) from
            conversion_rollups where reader_id = 1 and grain = 'quarter' and basis = 'click' and campaign_id = {x})",
        x = network.x.0
    );
    all.push(("conversion_rollups", total, vec![id(1), campaign]));
    all
}

fn payout_corruptions(network: &Network) -> Vec<Corruption> {
    let payout = PayoutId(4_711);
    let run = "insert into payout_runs (payout_run_id, state, currency, created_by, decided_by, version)
        values (4710, 'approved', 'EUR', 1, 1, 1)";
    let paid = format!(
        "insert into payouts (payout_id, payout_run_id, publisher_id, currency, amount_minor, state, reason,
            reference, version) values ({}, 4710, {}, 'EUR', 0, 'proposed', '', '', 1)",
        payout.0, network.a_id.0
    );
    let mark = format!("update payouts set state = 'paid', reference = 'B-1' where payout_id = {}", payout.0);
    let deposit = format!(
        "insert into deposits (deposit_id, advertiser_id, currency, amount_minor, reference, created_by)
            values (4712, {}, 'EUR', 100, 'none', 1)",
        network.shop_id.0
    );
    vec![
        ("payout_runs", run.to_owned(), vec![]),
        ("payouts", paid, vec![]),
        ("payouts", mark, vec![payout.to_string()]),
        ("deposits", deposit, vec![id(4_712)]),
    ]
}

#[tokio::test]
async fn every_corruption_is_found_and_named() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        traffic(&network).await;
        assert_eq!(bad(&network).await, BTreeSet::new(), "{kind:?}: a clean network");
        let mut known = BTreeSet::new();
        let mut all = money_corruptions(&network).await;
        all.extend(click_corruptions(&network).await);
        all.extend(payout_corruptions(&network));
        for (table, text, names) in all {
            tamper(&network.app.store, table, &text).await;
            let now = bad(&network).await;
            let new: Vec<&String> = now.difference(&known).collect();
            assert_eq!(new.is_empty(), names.is_empty(), "{kind:?} {text}: {new:?}");
            for name in names {
                assert!(new.iter().any(|row| row.contains(&name)), "{kind:?} {text}: {name} in {new:#?}");
            }
            known = now;
        }
        network.app.stop().await;
    }
}

/// The second click of a visitor's day earns like the first, but only the first is unique.
#[tokio::test]
async fn the_first_click_of_a_visitors_day_is_the_valid_one() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        network.click(0, 1, &[]).await;
        network.app.clock.advance_ms(MINUTE_MS);
        network.click(0, 1, &[]).await;
        assert_eq!(bad(&network).await, BTreeSet::new(), "{kind:?}");
        let all = "select click_id from clicks order by click_id";
        let (first, second) = (one(&network, all).await, one(&network, &format!("{all} desc")).await);
        let swapped = "update clicks set label = case when label = 'valid' then 'duplicate' else 'valid' end";
        tamper(&network.app.store, "clicks", swapped).await;
        let found = bad(&network).await;
        let expected = format!(
            "click {} is valid, and click {} of the same visitor and day came before it",
            id(second),
            id(first)
        );
        assert!(found.len() == 1 && found.iter().all(|row| row.contains(&expected)), "{kind:?}: {found:#?}");
        network.app.stop().await;
    }
}

/// Behind the rules: a time, a reason, a hold, a creative. `verify` and the receipt name each, and it is undone.
async fn what_a_row_says_of_its_own_is_told(network: &Network, approved: ConversionId, rejected: ConversionId) {
    let store = &network.app.store;
    for (id, field, done, undone) in [
        (approved, "time of approval", "approved_at_ms = approved_at_ms + 1", "approved_at_ms = approved_at_ms - 1"),
        (approved, "reason of the hold", "held_reason = 'flood'", "held_reason = null"),
        (approved, "release of the hold", "hold_released_at_ms = 1", "hold_released_at_ms = null"),
        (approved, "reason", "reason = 'duplicate_order'", "reason = null"),
        (approved, "creative", "creative_id = 4711", "creative_id = null"),
        (rejected, "reason", "reason = 'item_returned'", "reason = 'order_cancelled'"),
        (rejected, "time of approval", "approved_at_ms = 1", "approved_at_ms = null"),
    ] {
        tamper(store, "conversions", &format!("update conversions set {done} where conversion_id = {}", id.0)).await;
        let found = bad(network).await;
        assert!(found.iter().any(|row| row.contains(&id.to_string())), "{done}: {found:#?}");
        let viewer = network.viewer(Acting::Admin);
        let receipt = load(&mut store.snapshot().await.unwrap(), &viewer, id).await.unwrap();
        let fields: Vec<&str> = receipt.differences.iter().map(|one| one.field).collect();
        assert_eq!(fields, [field], "{done}");
        tamper(store, "conversions", &format!("update conversions set {undone} where conversion_id = {}", id.0)).await;
    }
}

/// From pending to paid, rejected and failed: after every step everything comes out the same, for `verify` and on the
/// receipts; then a payout is marked as paid behind the rules.
#[tokio::test]
async fn every_state_of_a_conversion_comes_out_the_same() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let (store, environment) = (&network.app.store, &network.app.environment);
        let (token, other) = (network.click(0, 1, &[]).await, network.click(1, 2, &[]).await);
        let mut orders = Vec::new();
        for (order, token) in [("O1", &token), ("O2", &token), ("O3", &other), ("O4", &other), ("O5", &token)] {
            orders.push(network.order(network.w, order, "49.90", token).await);
        }
        let shop = network.viewer(Acting::Advertiser(network.shop_id));
        let by = network.viewer(Acting::Admin);
        let clean = async |step: &str| {
            assert_eq!(bad(&network).await, BTreeSet::new(), "{kind:?}: {step}");
            let viewers = network.everybody();
            for id in &orders {
                for viewer in &viewers {
                    let receipt = load(&mut store.snapshot().await.unwrap(), viewer, *id).await;
                    assert!(
                        receipt.is_err() || receipt.is_ok_and(|one| one.differences.is_empty()),
                        "{kind:?}: {step}"
                    );
                }
            }
        };
        clean("pending").await;
        for id in &orders[..4] {
            review::approve(store, environment, &shop, *id, 1).await.unwrap();
        }
        let reason = Some(RejectReason::OrderCancelled);
        review::reject(store, environment, &shop, orders[4], 1, reason, "").await.unwrap();
        clean("approved, rejected").await;
        what_a_row_says_of_its_own_is_told(&network, orders[0], orders[4]).await;
        let money = Money::new(2 * 599, Currency::EUR);
        deposit::book(store, environment, &by, network.shop_id, money, "first").await.unwrap();
        hold::release_due(store, environment).await.unwrap();
        clean("two of four are funded and payable").await;
        deposit::book(store, environment, &by, network.shop_id, money, "second").await.unwrap();
        network.app.clock.set("2026-04-01T08:00:00Z");
        for (publisher, email) in [(network.a_id, "a@letters.example"), (network.b_id, "b@boots.example")] {
            pay_to(&network.app, publisher, 0, email).await;
        }
        let settings = PayoutSettings { net_days: 0, threshold_minor: Some(1), four_eyes_minor: None };
        let run = payout::propose(store, environment, &by, Currency::EUR, &settings).await.unwrap();
        clean("proposed").await;
        let seen = payouts::get_run(&mut store.read().await.unwrap(), run).await.unwrap().seen();
        payout::approve(store, environment, &by, run, seen, &settings).await.unwrap();
        clean("in payout").await;
        let list = payouts::list_of_run(&mut store.read().await.unwrap(), run).await.unwrap();
        assert_eq!(list.len(), 2);
        payout::fail(store, environment, &by, list[0].payout_id, list[0].version, "wrong account").await.unwrap();
        clean("one has failed").await;
        let marked = format!("update payouts set state = 'paid' where payout_id = {}", list[1].payout_id.0);
        let unmarked = format!("update payouts set state = 'approved' where payout_id = {}", list[1].payout_id.0);
        tamper(store, "payouts", &marked).await;
        let found = bad(&network).await;
        let expected = format!("payout {}: it is paid, which posts reserved, settled, and reserved", list[1].payout_id);
        assert!(found.iter().any(|row| row.contains(&expected)), "{found:#?}");
        tamper(store, "payouts", &unmarked).await;
        payout::mark_paid(store, environment, &by, list[1].payout_id, list[1].version, "B-1").await.unwrap();
        clean("paid").await;
        let item = format!("update payout_items set amount_minor = 1 where payout_id = {}", list[1].payout_id.0);
        tamper(store, "payout_items", &item).await;
        let found = bad(&network).await;
        assert!(found.iter().any(|row| row.contains(&list[1].payout_id.to_string())), "{found:#?}");
        network.app.stop().await;
    }
}

fn run(url: &str) -> (Option<i32>, String) {
    let program = env!("CARGO_BIN_EXE_tallystick");
    let output = Command::new(program).args(["verify", "--database-url", url]).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn the_command_runs_beside_the_network_and_says_by_its_exit_what_it_found() {
    for kind in Kind::all() {
        let network = Network::start(kind).await;
        let token = network.click(0, 1, &[]).await;
        let order = network.order(network.w, "O1", "49.90", &token).await;
        let url = network.app.database.url.clone();
        let (code, text) = run(&url);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.trim_end().ends_with("everything comes out the same"), "{text}");
        let checks = verify(&mut network.app.store.snapshot().await.unwrap()).await.unwrap();
        assert_eq!((told(&checks), differences(&checks)), (text, 0));
        tamper(&network.app.store, "conversions", "update conversions set amount_minor = 1").await;
        let (code, text) = run(&url);
        assert_eq!(code, Some(3), "{text}");
        assert!(text.contains(&format!("conversion {order}: its amount is Some(1)")), "{text}");
        network.app.stop().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none.db");
    let (code, text) = run(&format!("sqlite://{}", missing.display()));
    assert_eq!((code, text.as_str(), missing.exists()), (Some(1), "", false));
}
