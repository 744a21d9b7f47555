//! Many reviews together: a dry run that changes nothing, then each row once, whatever happens in between.

use std::collections::BTreeMap;

use sqlx::{Connection, Executor, PgConnection, raw_sql};
use tallystick::domain::account::{AccountKey, AccountKind};
use tallystick::domain::conversion::{Badge, ConversionState};
use tallystick::domain::ids::{ConversionId, ReviewBatchId};
use tallystick::domain::money::Money;
use tallystick::domain::party::{Acting, Email, NETWORK, Viewer};
use tallystick::domain::review_batch::{RowOutcome, Wish};
use tallystick::domain::time::{DAY_MS, HOUR_MS};
use tallystick::server::retention;
use tallystick::settlement::batch::{self, Asked, BatchRefused, Which};
use tallystick::settlement::deposit;
use tallystick::store::{StoreError, evidence, ledger, members, review_batches};

use super::world::{EUR, World, an_admin, viewer};
use crate::gate::until_waiting;
use crate::receipts::tamper;
use crate::reports::numbers;
use crate::support::{Answer, Browser, Kind, verified};

/// Sends a file; gives the page it leads to, and its path.
async fn send(browser: &Browser, kind: &str, content: &str) -> (Answer, String) {
    let answer = browser.upload("/reviews", &[("kind", kind)], ("march.csv", "text/csv", content.as_bytes())).await;
    assert_eq!(answer.status, 302, "{}", answer.text);
    let place = answer.location().to_owned();
    (browser.get(&place).await, place)
}

fn wish(action: &str, reason: &str) -> Wish {
    Wish::parse(action, reason, "", "").unwrap()
}

fn asked(ids: &[ConversionId], wish: &Wish) -> Vec<Asked> {
    let row = |(id, number)| Asked { number, which: Which::Conversion(id), wish: Ok(wish.clone()) };
    ids.iter().copied().zip(1..).map(row).collect()
}

impl World {
    async fn orders(&self, count: usize) -> Vec<ConversionId> {
        let mut all = Vec::new();
        for number in 0..count {
            all.push(self.order(number % 2, &format!("O{number}"), Some("10.00"), Badge::Signed).await);
        }
        all
    }

    /// The advertiser's own member.
    async fn mine(&self) -> Viewer {
        let email = Email::parse("owner.of.winter.boots@parties.example").unwrap();
        let member = members::find_by_email(&mut self.app.store.read().await.unwrap(), &email).await.unwrap().unwrap();
        viewer(member.member_id.0, Acting::Advertiser(self.advertiser_id))
    }

    async fn states(&self, ids: &[ConversionId]) -> Vec<ConversionState> {
        let mut states = Vec::new();
        for id in ids {
            states.push(self.conversion(*id).await.state);
        }
        states
    }

    /// How many batches and rows are there.
    async fn kept(&self) -> Vec<i64> {
        let text = "select count(*), (select count(*) from review_rows) from review_batches";
        numbers(&self.app.store, text).await
    }

    /// A batch that approves these, started.
    async fn started(&self, ids: &[ConversionId]) -> ReviewBatchId {
        let (store, environment, mine) = (&self.app.store, &self.app.environment, self.mine().await);
        let id = batch::rehearse(store, environment, &mine, "x", &asked(ids, &wish("approve", ""))).await.unwrap();
        batch::start(store, environment, &mine, id).await.unwrap();
        id
    }

    async fn outcomes(&self, id: ReviewBatchId) -> BTreeMap<RowOutcome, i64> {
        let counts = review_batches::counts(&mut self.app.store.read().await.unwrap(), id).await.unwrap();
        let mut outcomes = BTreeMap::new();
        for one in counts {
            *outcomes.entry(one.outcome).or_default() += one.rows_count;
        }
        outcomes
    }
}

#[tokio::test]
async fn a_file_is_tried_first_and_then_decided_row_by_row() {
    use ConversionState::{Approved, Pending, Rejected};
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let mut ids = Vec::new();
        for order in ["A-1", "A-2", "A-3"] {
            ids.push(world.order(0, order, Some("10.00"), Badge::Signed).await);
        }
        ids.push(world.order(1, "L-1", None, Badge::Signed).await);
        let file = "order_id,event,action,reason,note\nA-1,sale,approve,,\nA-2,,reject,item_returned,=sent back\n\
            A-3,sale,reject,,\nA-9,sale,approve,,\nA-1,sale,reject,test_order,\nL-1,lead,approve,,\nA-3,sale,undo,,\n";
        let (tried, place) = send(&world.advertiser, "advertiser", file).await;
        let page = tried.plain();
        for said in [
            "Nothing is decided yet: this is what would happen to each row.",
            "Of 7 rows, 2 would be approved, 1 would be rejected, and 4 would be refused.",
            "2 A-1 sale approve ready sale over 10.00 EUR, signed, commission 1.00 EUR, fee 0.20 EUR",
            "3 A-2 sale reject: the item was returned =sent back ready",
            "4 A-3 sale reject refused a negative change needs a reason",
            "5 A-9 sale approve refused no sale with this order id has come in",
            "6 A-1 sale reject: it was a test order refused it is the same conversion as in row 2",
            "8 A-3 sale \u{2013} refused the action \"undo\" is none of approve, reject, reverse and refund",
            "Tried only: nothing is decided.",
        ] {
            assert!(page.contains(said), "{kind:?} {said}: {page}");
        }
        assert_eq!(world.states(&ids).await, [Pending; 4], "nothing has changed");

        let done = world.advertiser.act(&place, "/api/run_reviews", "", &[]).await;
        let page = done.plain();
        for said in [
            "The rows are decided.",
            "Of 7 rows, 2 were approved, 1 was rejected, and 4 were refused.",
            "2 A-1 sale approve done approved, commission 1.00 EUR",
            "3 A-2 sale reject: the item was returned =sent back done rejected",
        ] {
            assert!(page.contains(said), "{kind:?} {said}: {page}");
        }
        assert!(!done.text.contains("/api/run_reviews"), "there is nothing left to decide");
        assert_eq!(world.states(&ids).await, [Approved, Rejected, Pending, Approved]);
        let events = evidence::events(&mut world.app.store.read().await.unwrap(), ids[1]).await.unwrap();
        let (_, last) = events.last().unwrap();
        assert!(last.actor.is_some() && last.note.as_deref() == Some("=sent back"), "{last:?}");
        verified(&world.app.store).await;

        let id = place.rsplit('/').next().unwrap();
        let csv = world.advertiser.get(&format!("/reviews.csv?as=advertiser&id={id}")).await;
        assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
        let lines: Vec<&str> = csv.text.split("\r\n").collect();
        assert_eq!(lines.len(), 9, "{}", csv.text);
        assert_eq!(lines[0], "row,order_id,event,action,amount,reason,note,outcome,message");
        assert_eq!(lines[2], "3,A-2,sale,reject,,item_returned,'=sent back,done,\"rejected, commission 1.00 EUR\"");
        let list = world.advertiser.get("/advertiser/reviews").await.plain();
        assert!(list.contains("march.csv") && list.contains("Its rows were decided on"), "{list}");

        world.app.clock.advance_ms(31 * DAY_MS);
        retention::requests(&world.app.store, &world.app.environment).await.unwrap();
        let mut conn = world.app.store.read().await.unwrap();
        let party = world.advertiser_id.party();
        assert!(review_batches::list_of_party(&mut conn, party, 9).await.unwrap().is_empty(), "kept for thirty days");
        drop(conn);
        world.app.stop().await;
    }
}

#[tokio::test]
async fn rows_are_ticked_on_the_page_or_all_taken() {
    use ConversionState::{Approved, Rejected};
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let ids = world.orders(4).await;
        let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let queue = world.advertiser.get("/advertiser/conversions?state=pending").await;
        assert_eq!(queue.text.matches("name=\"ids[]\"").count(), 4, "a box for each");
        let form = queue.form("/api/prepare_reviews", "");
        let why = [("batch_action", "reject"), ("batch_reason", "order_cancelled"), ("batch_note", "by telephone")];
        let with = |which: &'static str, ids: &[usize]| {
            let ticked = ids.iter().map(|place| ("ids[]", texts[*place].as_str()));
            [("which", which)].into_iter().chain(why).chain(ticked).collect::<Vec<_>>()
        };
        let none = world.advertiser.fill(&form, &with("ticked", &[])).await;
        assert!(none.plain().contains("Tick at least one row, or take all."), "{}", none.plain());
        assert!(none.text.contains("value=\"by telephone\""), "what was entered is kept");
        let silent = [("which", "all"), ("batch_action", "reject"), ("batch_reason", ""), ("batch_note", "")];
        let silent = world.advertiser.fill(&form, &silent).await.plain();
        assert!(silent.contains("A negative change needs a reason."), "before any row is tried: {silent}");
        assert!(world.advertiser.get("/advertiser/reviews").await.plain().contains("Nothing was decided together yet"));
        let tried = world.advertiser.fill(&form, &with("ticked", &[1, 2])).await;
        assert!(tried.plain().contains("Reject 2 conversions"), "{}", tried.plain());
        assert!(tried.plain().contains("Of 2 rows, 0 would be approved, 2 would be rejected"), "{}", tried.plain());
        world.advertiser.fill(&tried.form("/api/run_reviews", ""), &[]).await;
        assert_eq!(world.states(&ids[1..3]).await, [Rejected, Rejected]);

        let fields = [("which", "all"), ("batch_action", "approve"), ("batch_reason", ""), ("batch_note", "")];
        let tried = world.advertiser.fill(&form, &fields).await;
        assert!(tried.plain().contains("Approve 2 conversions"), "what waits still: {}", tried.plain());
        world.advertiser.fill(&tried.form("/api/run_reviews", ""), &[]).await;
        assert_eq!(world.states(&ids).await, [Approved, Rejected, Rejected, Approved]);
        let wrong = [("which", "all"), ("batch_action", "approve"), ("batch_reason", "test_order"), ("batch_note", "")];
        let wrong = world.advertiser.fill(&form, &wrong).await.plain();
        assert!(wrong.contains("Nothing awaits your review."), "{wrong}");
        verified(&world.app.store).await;
        world.app.stop().await;
    }
}

/// What the dry run saw is what is decided: a better report in between leaves its row alone.
#[tokio::test]
async fn a_conversion_that_changed_since_the_dry_run_is_left_alone() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let raised = world.order(0, "O1", Some("10.00"), Badge::Unverified).await;
        let other = world.order(0, "O2", Some("10.00"), Badge::Unverified).await;
        let decided = world.order(0, "O3", Some("10.00"), Badge::Unverified).await;
        let file = "order_id,action\nO1,approve\nO2,approve\nO3,approve\n";
        let (_, place) = send(&world.admin, "network", file).await;
        assert!(place.starts_with("/admin/reviews/"), "{place}");
        assert!(world.report(None, "O1", Some("99.00"), Badge::Signed).await.body.upgraded);
        let page = world.advertiser.get("/advertiser/conversions").await;
        world.advertiser.fill(&page.form("/api/approve_conversion", "O3"), &[]).await;
        let done = world.admin.act(&place, "/api/run_reviews", "", &[]).await.plain();
        for said in [
            "Of 3 rows, 1 was approved, 0 were rejected, and 2 were refused.",
            "it changed since the dry run; now it is: sale over 99.00 EUR, unverified, commission 9.90 EUR",
            "it is approved, and only a pending conversion can be approved or rejected",
        ] {
            assert!(done.contains(said), "{kind:?} {said}: {done}");
        }
        use ConversionState::{Approved, Pending};
        assert_eq!(world.states(&[raised, other, decided]).await, [Pending, Approved, Approved]);
        world.app.stop().await;
    }
}

#[tokio::test]
async fn a_batch_is_its_partys_own() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let ids = world.orders(2).await;
        let (store, environment) = (&world.app.store, &world.app.environment);
        let mine = world.mine().await;
        let rows = asked(&ids, &wish("approve", ""));
        for stranger in [viewer(1, Acting::Publisher(world.publishers[0].1)), viewer(1, Acting::Advertiser(OTHER))] {
            let refused = batch::rehearse(store, environment, &stranger, "x", &rows).await;
            assert!(matches!(refused, Err(BatchRefused::Store(StoreError::NotFound))), "{refused:?}");
        }
        let id = batch::rehearse(store, environment, &mine, "x", &rows).await.unwrap();
        for stranger in [an_admin(1), viewer(1, Acting::Advertiser(OTHER))] {
            let refused = batch::start(store, environment, &stranger, id).await;
            assert!(matches!(refused, Err(BatchRefused::Store(StoreError::NotFound))), "{refused:?}");
        }
        assert!(batch::run(store, environment, id, 9).await.unwrap(), "nobody started it");
        assert_eq!(world.outcomes(id).await, BTreeMap::from([(RowOutcome::Ready, 2)]));
        batch::start(store, environment, &mine, id).await.unwrap();
        let again = batch::start(store, environment, &mine, id).await;
        assert!(matches!(again, Err(BatchRefused::Started)), "{again:?}");
        let nothing = batch::rehearse(store, environment, &mine, "x", &asked(&ids, &wish("reject", ""))).await.unwrap();
        let refused = batch::start(store, environment, &mine, nothing).await;
        assert!(matches!(refused, Err(BatchRefused::NothingReady)), "{refused:?}");
        world.app.stop().await;
    }
}

const OTHER: tallystick::domain::ids::AdvertiserId = tallystick::domain::ids::AdvertiserId(1);

/// A process dies after its first hundred rows; then the jobs of two others go on at once.
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_batch_goes_on_and_decides_each_row_once() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let ids = world.orders(230).await;
        let (store, environment) = (world.app.store.clone(), world.app.environment.clone());
        // Pays for ten of 1.20, whoever approves them.
        let money = Money::new(1_200, EUR);
        deposit::book(&store, &environment, &an_admin(7), world.advertiser_id, money, "S").await.unwrap();
        let mine = world.mine().await;
        let id = batch::rehearse(&store, &environment, &mine, "x", &asked(&ids, &wish("approve", ""))).await.unwrap();
        assert_eq!(batch::run_due(&store, &environment, 99).await.unwrap(), 0, "it is only tried");
        batch::start(&store, &environment, &mine, id).await.unwrap();
        assert!(!batch::run(&store, &environment, id, 1).await.unwrap());
        assert_eq!(world.outcomes(id).await, BTreeMap::from([(RowOutcome::Ready, 130), (RowOutcome::Done, 100)]));

        let (other, other_environment) = world.beside().await;
        let processes = [(store, environment), (other.clone(), other_environment)];
        let jobs = processes.iter().cycle().take(4).cloned().map(|(store, environment)| {
            tokio::spawn(async move { batch::run_due(&store, &environment, 99).await.unwrap() })
        });
        let done = futures::future::join_all(jobs).await;
        assert_eq!(done.into_iter().map(Result::unwrap).sum::<usize>(), 130, "{kind:?}: each once");
        assert_eq!(world.outcomes(id).await, BTreeMap::from([(RowOutcome::Done, 230)]), "{kind:?}");
        for id in &ids {
            let approved = world.conversion(*id).await;
            assert_eq!((approved.state, approved.version), (ConversionState::Approved, 2));
        }
        let balances = world.balances().await;
        assert_eq!(balances["advertiser receivable"], "264.00", "230 of 1.20, ten of them paid");
        verified(&world.app.store).await;
        other.close().await;
        world.app.stop().await;
    }
}

#[tokio::test]
async fn a_file_of_reviews_has_its_limits() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let rows = |count: usize| format!("order_id,action\n{}", "A,approve\n".repeat(count));
        let large = format!("order_id,action\n{}", "A".repeat(2 * 1_024 * 1_024));
        for (content, said) in [
            ("order_id\nA\n", "There is no column action in the first line"),
            ("order_id,action,price\nA,approve,1\n", "No column is named \"price\""),
            (&rows(10_001), "The file has more than 10000 rows"),
            (&large, "The file is larger than 2 MiB"),
        ] {
            let page = send(&world.advertiser, "advertiser", content).await.0.plain();
            assert!(page.contains(said) && page.contains("Nothing was decided together yet"), "{said}: {page}");
        }
        let (page, place) = send(&world.advertiser, "advertiser", &rows(10_000)).await;
        let said = "Of 10000 rows, 0 would be approved, 0 would be rejected, and 10000 would be refused.";
        assert!(page.plain().contains(said), "{}", page.plain());
        let last = world.advertiser.get(&format!("{place}?after=9999")).await.plain();
        assert!(last.contains("10001 A sale approve refused"), "{last}");
        world.app.clock.advance_ms(26 * HOUR_MS);
        retention::requests(&world.app.store, &world.app.environment).await.unwrap();
        assert_eq!(world.kept().await, [0, 0], "{kind:?}: what is only tried is kept for a day");
        world.app.stop().await;
    }
}

/// What is stored of one conversion is damaged: its row says so, the rows beside it and other batches are decided.
#[tokio::test]
async fn a_row_that_cannot_be_decided_says_so_and_keeps_no_other_from_it() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let ids = world.orders(6).await;
        let (store, environment) = (&world.app.store, &world.app.environment);
        let (first, second) = (world.started(&ids[..4]).await, world.started(&ids[4..]).await);
        let damage = format!("update conversions set currency = 'none' where conversion_id = {}", ids[1].0);
        tamper(store, "conversions", &damage).await;
        assert_eq!(batch::run_due(store, environment, 99).await.unwrap(), 5, "{kind:?}");
        let outcomes = BTreeMap::from([(RowOutcome::Done, 3), (RowOutcome::Refused, 1)]);
        assert_eq!(world.outcomes(first).await, outcomes, "{kind:?}");
        assert_eq!(world.outcomes(second).await, BTreeMap::from([(RowOutcome::Done, 2)]), "{kind:?}");
        let page = world.advertiser.get(&format!("/advertiser/reviews/{first}")).await.plain();
        assert!(page.contains("it cannot be decided: something is wrong with it on the network's side"), "{page}");
        assert_eq!(batch::run_due(store, environment, 99).await.unwrap(), 0, "{kind:?}: both are done");
        let mend = format!("update conversions set currency = 'EUR' where conversion_id = {}", ids[1].0);
        tamper(store, "conversions", &mend).await;
        use ConversionState::{Approved, Pending};
        assert_eq!(world.states(&ids).await, [Approved, Pending, Approved, Approved, Approved, Approved], "{kind:?}");
        verified(store).await;
        world.app.stop().await;
    }
}

/// It is started, and then the first transaction fails: the person is led to the page, not to an error.
#[tokio::test]
async fn what_fails_after_the_start_leads_to_the_page_all_the_same() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let ids = world.orders(2).await;
        let (store, environment, mine) = (&world.app.store, &world.app.environment, world.mine().await);
        let id = batch::rehearse(store, environment, &mine, "x", &asked(&ids, &wish("approve", ""))).await.unwrap();
        tamper(store, "review_rows", "update review_rows set action = 'none' where number = 2").await;
        let text = id.to_string();
        let fields = [("kind", "advertiser"), ("review_batch_id", text.as_str())];
        let answer = world.advertiser.post("/api/run_reviews", &fields).await;
        assert_eq!((answer.status, answer.location()), (302, format!("/advertiser/reviews/{id}").as_str()), "{kind:?}");
        let started = review_batches::get_of_party(&mut store.read().await.unwrap(), mine.party(), id).await.unwrap();
        assert!(started.started_at_ms.is_some() && started.done_at_ms.is_none(), "{kind:?}");
        world.app.stop().await;
    }
}

#[tokio::test]
async fn a_look_decides_at_most_so_many_and_small_batches_have_their_turn() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let ids = world.orders(213).await;
        let (store, environment) = (&world.app.store, &world.app.environment);
        let (large, small) = (world.started(&ids[..210]).await, world.started(&ids[210..]).await);
        assert_eq!(batch::run_due(store, environment, 2).await.unwrap(), 103, "{kind:?}: of each a transaction");
        assert_eq!(world.outcomes(small).await, BTreeMap::from([(RowOutcome::Done, 3)]), "{kind:?}");
        assert_eq!(batch::run_due(store, environment, 1).await.unwrap(), 100, "{kind:?}");
        assert_eq!(batch::run_due(store, environment, 9).await.unwrap(), 10, "{kind:?}");
        assert_eq!(world.outcomes(large).await, BTreeMap::from([(RowOutcome::Done, 210)]), "{kind:?}");
        world.app.stop().await;
    }
}

#[tokio::test]
async fn what_is_left_is_not_decided_for_somebody_who_lost_the_right() {
    let member = "update members set state = 'disabled' where email = 'owner.of.winter.boots@parties.example'";
    let party = "update parties set state = 'suspended' where kind = 'advertiser'";
    for kind in Kind::all() {
        for lost in [member, party] {
            let world = World::new(kind).await;
            let ids = world.orders(2).await;
            let id = world.started(&ids).await;
            tamper(&world.app.store, "members", lost).await;
            assert!(batch::run(&world.app.store, &world.app.environment, id, 9).await.unwrap(), "{kind:?} it is over");
            assert_eq!(world.outcomes(id).await, BTreeMap::from([(RowOutcome::Refused, 2)]), "{kind:?} {lost}");
            assert_eq!(world.states(&ids).await, [ConversionState::Pending; 2], "{kind:?} {lost}");
            world.app.stop().await;
        }
    }
}

#[tokio::test]
async fn a_party_tries_only_so_much_before_it_decides() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let ids = world.orders(1).await;
        let (store, environment, mine) = (&world.app.store, &world.app.environment, world.mine().await);
        let rows = asked(&ids, &wish("approve", ""));
        let mut all = Vec::new();
        for _ in 0..20 {
            all.push(batch::rehearse(store, environment, &mine, "x", &rows).await.unwrap());
        }
        let refused = batch::rehearse(store, environment, &mine, "x", &rows).await;
        assert!(matches!(refused, Err(BatchRefused::TooMany)), "{refused:?}");
        let page = send(&world.advertiser, "advertiser", "order_id,action\nO0,approve\n").await.0.plain();
        let said = "20 dry runs wait for their decision already; decide one of them, or come back tomorrow.";
        assert!(page.contains(said), "{kind:?}: {page}");
        let queue =
            world.advertiser.get("/advertiser/conversions?state=pending").await.form("/api/prepare_reviews", "");
        let chosen = [("which", "all"), ("batch_action", "approve"), ("batch_reason", ""), ("batch_note", "")];
        let page = world.advertiser.fill(&queue, &chosen).await.plain();
        assert!(page.contains(said), "{kind:?}: {page}");
        batch::start(store, environment, &mine, all[0]).await.unwrap();
        batch::rehearse(store, environment, &mine, "x", &rows).await.unwrap();

        world.app.clock.advance_ms(DAY_MS + 1);
        let late = batch::start(store, environment, &mine, all[1]).await;
        assert!(matches!(late, Err(BatchRefused::TooOld)), "{late:?}");
        let page = world.advertiser_again().await.get(&format!("/advertiser/reviews/{}", all[1])).await;
        assert!(page.status == 200 && !page.text.contains("/api/run_reviews"), "{kind:?}: {}", page.plain());
        batch::rehearse(store, environment, &mine, "x", &rows).await.unwrap();
        world.app.clock.advance_ms(HOUR_MS);
        retention::requests(store, environment).await.unwrap();
        assert_eq!(world.kept().await, [2, 2], "{kind:?}: what was started, and what was tried lately");
        world.app.stop().await;
    }
}

/// PostgreSQL only: keeps whoever opens an account right after that, until the connection is closed.
async fn hold_new_accounts(url: &str) -> PgConnection {
    let mut gate = PgConnection::connect(url).await.unwrap();
    let trigger = "create function wait_for_the_gate() returns trigger language plpgsql as
            $$ begin perform pg_advisory_xact_lock_shared(4711); return null; end $$;
        create trigger accounts_wait after insert on accounts for each row execute function wait_for_the_gate()";
    gate.execute(raw_sql(trigger)).await.unwrap();
    gate.execute("select pg_advisory_lock(4711)").await.unwrap();
    gate
}

/// Two processes approve for the same two publishers, the other way round, and neither has an account for it yet.
#[tokio::test(flavor = "multi_thread")]
async fn two_batches_that_open_the_same_accounts_never_wait_for_each_other() {
    for kind in Kind::all() {
        let world = World::new(kind).await;
        let (store, environment) = (world.app.store.clone(), world.app.environment.clone());
        let mut batches = Vec::new();
        for turn in [[0, 1], [1, 0]] {
            let mut ids = Vec::new();
            for place in turn {
                let order = format!("T{}-{place}", batches.len());
                ids.push(world.order(place, &order, Some("10.00"), Badge::Signed).await);
            }
            batches.push(world.started(&ids).await);
            // Another day has totals of its own: they do not meet there.
            world.app.clock.advance_ms(DAY_MS);
        }
        let advertiser = world.advertiser_id.party();
        let mut w = store.write().await.unwrap();
        for (party, account) in
            [(advertiser, AccountKind::Receivable), (advertiser, AccountKind::Deposit), (NETWORK, AccountKind::Fees)]
        {
            let key = AccountKey { party, kind: account, currency: EUR };
            ledger::ensure_account(&mut w, &environment, &key).await.unwrap();
        }
        w.commit().await.unwrap();
        let gate = match kind {
            Kind::Postgres => Some(hold_new_accounts(&world.app.database.url).await),
            Kind::Sqlite => None,
        };
        let runs = batches.iter().map(|id| {
            let (store, environment, id) = (store.clone(), environment.clone(), *id);
            tokio::spawn(async move { batch::run(&store, &environment, id, 9).await.unwrap() })
        });
        let runs: Vec<_> = runs.collect();
        if let Some(mut gate) = gate {
            until_waiting(&mut gate, 2, || runs.iter().all(|run| run.is_finished())).await;
            gate.close().await.unwrap();
        }
        for run in futures::future::join_all(runs).await {
            assert!(run.unwrap(), "{kind:?}: all rows are decided");
        }
        for id in batches {
            assert_eq!(world.outcomes(id).await, BTreeMap::from([(RowOutcome::Done, 2)]), "{kind:?}");
        }
        verified(&store).await;
        world.app.stop().await;
    }
}
