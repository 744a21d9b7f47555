//! Ninety days, moment by moment: the clock moves on, and what the plan holds for the moment happens.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use futures::future::join_all;
use futures::poll;
use tokio::task::unconstrained;

use super::campaigns::{self, BOOTS, CITIES, CLEARANCE, COOKWARE, COURSES, POLISH, TENTS, TRAINS};
use super::creatives::{self, Standing};
use super::links::{self, OLD_BANNER, Placed};
use super::money::{self, LATE_PAYER, Runs};
use super::orders::{self, Order};
use super::people::{self, People};
use super::stage::{DAYS, Dice, Size, Stage};
use super::traffic::{self, Visit};
use crate::domain::campaign::CampaignState;
use crate::domain::click_token::ClickToken;
use crate::domain::enrollment::EnrollmentState;
use crate::domain::ids::CampaignId;
use crate::domain::report::Reader;
use crate::domain::time::{HOUR_MS, MINUTE_MS, Timestamp};
use crate::store::landings::Landing;
use crate::tracking::landing_recorder::Recorded;
use crate::tracking::recorder::Promise;
use crate::tracking::redirect::make_click;

/// Clicks, or landings, that may wait for their commit at once.
const WAITING_MAX: usize = 4_000;

/// From the click until the advertiser's page is there.
const LANDING_MS: i64 = 1_400;

/// The publisher that speaks, and whose listeners type a code.
const PODCAST: usize = 5;

/// What happens at one moment.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Visit(usize),
    Order(usize),
    Morning,
    Review(usize),
    Deposit(usize, Option<i64>),
    Propose,
    Settle { is_first: bool, is_last: bool },
    Chapter(Chapter),
}

/// What happens once.
#[derive(Debug, Clone, Copy)]
enum Chapter {
    PublisherDeclined,
    TermsRaised,
    TermsCut,
    LinkPaused,
    CampaignPaused,
    CampaignDeclined,
    CampaignSubmitted,
    PublishersWait,
}

const CHAPTERS: [(i64, Chapter); 8] = [
    (26, Chapter::PublisherDeclined),
    (40, Chapter::TermsRaised),
    (50, Chapter::LinkPaused),
    (66, Chapter::CampaignPaused),
    (74, Chapter::CampaignDeclined),
    // It begins after the end: old and new are seen beside each other.
    (86, Chapter::TermsCut),
    (87, Chapter::CampaignSubmitted),
    (88, Chapter::PublishersWait),
];

type Waiting = Pin<Box<dyn Future<Output = Promise> + Send>>;

/// Everything that is under way.
struct Life<'a> {
    stage: &'a Stage,
    people: People,
    ids: Vec<CampaignId>,
    placed: Vec<Placed>,
    standing: Standing,
    visits: Vec<Visit>,
    orders: Vec<Order>,
    /// Of the visits that lead to an order, by their place.
    tokens: HashMap<usize, ClickToken>,
    waiting: Vec<Waiting>,
    /// From this visit on, clicks may not be stored yet.
    unstored_from: usize,
    /// That are not stored yet, with those who read their totals.
    landings: Vec<(Landing, Arc<[Reader]>)>,
    runs: Runs,
    dice: Dice,
}

/// Plays all of it. The clock stands at the end afterwards.
pub async fn play(stage: &Stage, size: Size) -> anyhow::Result<()> {
    stage.clock.move_to(stage.start.plus_ms(-12 * HOUR_MS));
    let people = people::sign_up(stage).await?;
    let mut ids = Vec::new();
    for place in [BOOTS, TENTS, COOKWARE, COURSES, CITIES, CLEARANCE] {
        stage.pass(9 * MINUTE_MS);
        let id = campaigns::make(stage, &people, place).await?;
        campaigns::step(stage, id, CampaignState::Submitted, "").await?;
        campaigns::step(stage, id, CampaignState::Live, "").await?;
        ids.push(id);
    }
    campaigns::make_key(stage, &people, COOKWARE, ids[COOKWARE]).await?;
    let placed = links::place_all(stage, &people, &ids).await?;
    let standing = creatives::provide(stage, &people, &ids).await?;
    campaigns::give_coupon(stage, &people, BOOTS, ids[BOOTS], PODCAST).await?;
    let mut dice = Dice::new(&*stage.app.environment.entropy);
    let visits = traffic::plan(stage, &mut dice, size.clicks);
    let orders = orders::plan(&visits, stage.end(), &mut dice, size.orders);
    // After the dice are there: what is sealed takes random numbers, too.
    people::enter_details(stage, &people).await?;
    let (tokens, waiting, landings, runs) = (HashMap::new(), Vec::new(), Vec::new(), Runs::default());
    let unstored_from = 0;
    let mut life = Life {
        stage,
        people,
        ids,
        placed,
        standing,
        visits,
        orders,
        tokens,
        waiting,
        unstored_from,
        landings,
        runs,
        dice,
    };
    for (at, happening) in life.plan() {
        stage.clock.move_to(at);
        life.happen(happening).await?;
    }
    life.store().await?;
    life.land().await?;
    stage.clock.move_to(stage.end());
    Ok(())
}

impl Life<'_> {
    /// In the order of time; at the same moment in the order in which it stands here.
    fn plan(&self) -> Vec<(Timestamp, Happening)> {
        let stage = self.stage;
        let visits = self.visits.iter().enumerate().map(|(place, visit)| (visit.at, Happening::Visit(place)));
        let orders = self.orders.iter().enumerate().map(|(place, order)| (order.at, Happening::Order(place)));
        let mornings = (1..=DAYS).map(|day| (stage.hour(day, 3), Happening::Morning));
        let chapters = CHAPTERS.iter().map(|(day, chapter)| (stage.hour(*day, 9), Happening::Chapter(*chapter)));
        let mut plan: Vec<_> = visits.chain(orders).chain(mornings).chain(chapters).collect();
        plan.extend(self.desk());
        plan.retain(|(at, _)| *at < stage.end());
        plan.sort_by_key(|(at, _)| *at);
        plan
    }

    /// What advertisers and the admin do at their desks.
    fn desk(&self) -> Vec<(Timestamp, Happening)> {
        let stage = self.stage;
        let advertisers = 0..self.people.advertisers.len();
        let at = |day, hour| stage.hour(day, hour);
        let mut desk: Vec<_> = advertisers
            .clone()
            .flat_map(|place| {
                (6..DAYS).step_by(7).map(move |day| (at(day, 7 + place as i64), Happening::Review(place)))
            })
            .collect();
        let paying = advertisers.filter(|place| *place != LATE_PAYER);
        desk.extend(paying.flat_map(|place| {
            (10..DAYS - 4).step_by(9).map(move |day| (at(day, 11 + place as i64), Happening::Deposit(place, None)))
        }));
        desk.push((at(2, 10), Happening::Deposit(0, Some(40_000))));
        desk.push((at(38, 10), Happening::Deposit(LATE_PAYER, Some(15_000))));
        let times = money::run_times(stage);
        for (number, time) in times.iter().enumerate() {
            let (is_first, is_last) = (number == 0, number + 1 == times.len());
            desk.push((*time, Happening::Propose));
            desk.push((time.plus_ms(20 * HOUR_MS), Happening::Settle { is_first, is_last }));
        }
        desk
    }

    async fn happen(&mut self, happening: Happening) -> anyhow::Result<()> {
        let stage = self.stage;
        match happening {
            Happening::Visit(place) => self.visit(place).await,
            Happening::Order(place) => self.order(place).await,
            Happening::Morning => money::morning(stage).await,
            Happening::Review(place) => money::review(stage, &self.people, &mut self.dice, place).await,
            Happening::Deposit(place, minor) => money::deposit(stage, &self.people, place, minor).await,
            Happening::Propose => self.runs.propose(stage, &self.people).await,
            Happening::Settle { is_first, is_last } => self.runs.settle(stage, &self.people, is_first, is_last).await,
            Happening::Chapter(chapter) => self.turn(chapter).await,
        }
    }

    /// Somebody follows a link. The click waits for its commit beside others.
    async fn visit(&mut self, place: usize) -> anyhow::Result<()> {
        let (visit, tracking) = (&self.visits[place], &self.stage.tracking);
        let target = tracking.links.find(&self.placed[visit.spot].slug).await?;
        let target = target.ok_or_else(|| anyhow::anyhow!("a link is gone"))?;
        let (method, headers) = (visit.method(), visit.headers());
        let query = self.standing[visit.spot].map(|id| format!("creative={id}")).unwrap_or_default();
        let followed = make_click(tracking, &target, visit.address.into(), &query, &method, &headers).await?;
        if let Some(token) = followed.token {
            self.tokens.insert(place, token);
            if visit.lands(place) {
                let path = followed.location.path().to_owned();
                let landing =
                    Landing { click_id: token.click_id, landed_at_ms: token.time().plus_ms(LANDING_MS), path };
                self.landings.push((landing, target.readers.clone()));
            }
        }
        let (recorder, readers) = (tracking.recorder.clone(), target.readers.clone());
        // The first look puts it into the queue, so that the order of time is the order of the queue: also where this
        // task has done so much at once that the runtime would have it wait a turn.
        let stored = unconstrained(async move { recorder.record(followed.click, readers).await });
        let mut stored: Waiting = Box::pin(stored);
        if poll!(&mut stored).is_pending() {
            self.waiting.push(stored);
        }
        if self.waiting.len().max(self.landings.len()) < WAITING_MAX {
            return Ok(());
        }
        self.store().await?;
        self.unstored_from = place + 1;
        self.land().await
    }

    /// Waits until every click so far is stored.
    async fn store(&mut self) -> anyhow::Result<()> {
        let promises = join_all(self.waiting.drain(..)).await;
        anyhow::ensure!(promises.iter().all(|promise| *promise == Promise::Durable), "a click was not stored");
        Ok(())
    }

    /// The same for landings. Their clicks are stored.
    async fn land(&mut self) -> anyhow::Result<()> {
        let recorder = &self.stage.tracking.landings;
        let landed = self.landings.drain(..).map(|(landing, readers)| recorder.record(landing, readers));
        let landed = join_all(landed).await;
        anyhow::ensure!(landed.iter().all(|one| matches!(one, Some(Recorded::New(_)))), "a landing was not stored");
        Ok(())
    }

    async fn order(&mut self, place: usize) -> anyhow::Result<()> {
        if self.orders[place].visit >= self.unstored_from {
            self.store().await?;
            // Orders come in the order of time, as visits do.
            self.unstored_from = self.visits.partition_point(|visit| visit.at <= self.orders[place].at);
        }
        let order = &self.orders[place];
        let campaign = links::SPOTS[self.visits[order.visit].spot].campaign;
        orders::report(self.stage, order, campaign, self.ids[campaign], &self.tokens).await
    }

    async fn turn(&mut self, chapter: Chapter) -> anyhow::Result<()> {
        let (stage, people, ids) = (self.stage, &self.people, &self.ids);
        match chapter {
            Chapter::PublisherDeclined => {
                links::apply(stage, people, 5, ids[COOKWARE]).await?;
                let reason = "Your podcast is not about cooking. Apply again once it is.";
                links::decide(stage, people, 5, ids[COOKWARE], EnrollmentState::Declined, reason).await
            }
            Chapter::TermsRaised => campaigns::change_rate(stage, people, TENTS, ids[TENTS], "9").await,
            Chapter::TermsCut => campaigns::change_rate(stage, people, CITIES, ids[CITIES], "15.00").await,
            Chapter::LinkPaused => links::pause(stage, people, OLD_BANNER, &self.placed).await,
            Chapter::CampaignPaused => campaigns::step(stage, ids[CLEARANCE], CampaignState::Paused, "").await,
            Chapter::CampaignDeclined => {
                let id = campaigns::make(stage, people, POLISH).await?;
                campaigns::step(stage, id, CampaignState::Submitted, "").await?;
                let reason = "The landing page promises what no polish can do. Show a test, and submit it again.";
                campaigns::step(stage, id, CampaignState::Declined, reason).await
            }
            Chapter::CampaignSubmitted => {
                let id = campaigns::make(stage, people, TRAINS).await?;
                campaigns::step(stage, id, CampaignState::Submitted, "").await
            }
            Chapter::PublishersWait => {
                links::apply(stage, people, 4, ids[CITIES]).await?;
                links::apply(stage, people, 5, ids[TENTS]).await.map(drop)
            }
        }
    }
}
