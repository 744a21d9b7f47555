//! One report of a conversion: read all, decide all, write all, commit (domain.md sections 3 to 5).
//!
//! The report is stored as evidence; everything known of the order is decided anew by `domain::decision::decide`; what
//! changed goes into the conversion, its events, the ledger and the report totals, in one transaction.

use sha2::{Digest, Sha256};

use super::conversion_beside::{self, customer_hash};
use super::conversion_clicks::{Found, resolve};
use super::conversion_terms::spoken_of;
pub use super::kept::refuse;
use super::kept::{attempt, refuse_beyond};
pub use super::reply::{Reply, ReplyBody};
pub use super::report::{ByHand, Context, Report};
use crate::domain::conversion::{Badge, ConversionState};
use crate::domain::conversion_report::{ConversionReport, Refused, received_at};
use crate::domain::decision::{Decision, decide};
use crate::domain::evidence::{Arrival, Content, Evidence, Inputs, compare};
use crate::domain::ids::{AttemptId, ConversionId, DecisionId, EventId, EvidenceId};
use crate::domain::ledger::{self, Fact};
use crate::domain::review::{EventRecord, StepReason};
use crate::domain::rule::{LARGE_AMOUNT_MINOR, LARGE_SUM_MAX_MINOR};
use crate::domain::schedule;
use crate::domain::terms::Terms;
use crate::store::attempts;
use crate::store::campaigns::Campaign;
use crate::store::conversions::{self, Conversion};
use crate::store::evidence::{self, Origin};
use crate::store::refunds::{self, Refunded};
use crate::store::{StoreError, Writer, report_quotas, rollups, terms};

/// Different unverified reports that are kept of one order, since every decision is stored with all its inputs. A shop's
/// pages send two or three.
const UNVERIFIED_EVIDENCE_MAX: usize = 20;

/// Records a report of somebody who is known: its evidence, and everything that follows from it.
pub async fn record(
    context: &Context<'_>,
    report: &Report,
    campaign: &Campaign,
    badge: Badge,
) -> Result<Reply, StoreError> {
    let mut w = context.store.write().await?;
    match write(context, &mut w, report, campaign, badge).await? {
        Ok(Written::Kept(reply)) => {
            w.commit().await?;
            Ok(reply)
        }
        Ok(Written::BeyondOrder(reply)) => Ok(reply),
        Ok(Written::BeyondDay) => {
            drop(w);
            refuse_beyond(context, campaign.campaign_id, context.environment.now()).await
        }
        Err(refused) => {
            drop(w);
            let Context { store, environment, base_url, .. } = context;
            refuse(store, environment, base_url, report, Some(campaign.campaign_id), &refused).await
        }
    }
}

/// What [`record`] would answer to these, one after the other; nothing is stored.
pub async fn rehearse(
    context: &Context<'_>,
    reports: &[Report],
    campaign: &Campaign,
    badge: Badge,
) -> Result<Vec<Reply>, StoreError> {
    let mut w = context.store.write().await?;
    let mut replies = Vec::with_capacity(reports.len());
    for report in reports {
        // A refused one leaves at most a click that is made again, as the next one that names it would make it.
        replies.push(match write(context, &mut w, report, campaign, badge).await? {
            Ok(Written::Kept(reply) | Written::BeyondOrder(reply)) => reply,
            Ok(Written::BeyondDay) => Reply::beyond_quota(context, context.environment.now()),
            Err(refused) => Reply::refusal(context.base_url, &refused),
        });
    }
    Ok(replies)
}

/// What became of a report that was read. Only what is kept may be committed.
enum Written {
    Kept(Reply),
    /// A new order, one too many of its day.
    BeyondDay,
    /// A known order, of which anybody has said enough.
    BeyondOrder(Reply),
}

/// Writes all that a report means, to be committed; after a refusal nothing may be.
async fn write(
    context: &Context<'_>,
    w: &mut Writer,
    report: &Report,
    campaign: &Campaign,
    badge: Badge,
) -> Result<Result<Written, Refused>, StoreError> {
    let all_terms = terms::list(w, campaign.campaign_id).await?;
    let current = schedule::in_force(&all_terms, context.environment.now()).ok_or(StoreError::NotFound)?;
    let (found, parsed) = match read(context, w, report, campaign, (&all_terms, current), badge).await? {
        Ok(read) => read,
        Err(refused) => return Ok(Err(refused)),
    };
    let order = Order { context, report, campaign, terms: &all_terms, current, parsed: &parsed };
    order.store(w, order.evidence(badge, found)).await.map(Ok)
}

/// What a report says, and the clicks, coupon and customer it names.
async fn read(
    context: &Context<'_>,
    w: &mut Writer,
    report: &Report,
    campaign: &Campaign,
    (all_terms, current): (&[Terms], &Terms),
    badge: Badge,
) -> Result<Result<(Found, ConversionReport), Refused>, StoreError> {
    let mut found = match resolve(context, w, report, campaign, all_terms).await? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    let now = context.environment.now();
    let (campaign_id, seen) = (campaign.campaign_id, (badge, &found.clicks[..]));
    let versions = spoken_of(w, campaign_id, report, seen, (all_terms, current), now).await?;
    let parsed = match ConversionReport::parse(&report.fields, &versions, now, badge, found.first_click) {
        Ok(parsed) => parsed,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Some(large) = parsed.amount_minor.filter(|minor| *minor >= LARGE_AMOUNT_MINOR) {
        // A stranger's word must not use up the room of a shop's real orders.
        if !badge.is_trusted() {
            return Ok(Err(Refused::beyond_sum()));
        }
        let (event, order) = (parsed.event.as_str(), parsed.order_id.as_str());
        let others = conversions::large_sum(w, campaign_id, event, order).await?;
        if others.saturating_add(large) > LARGE_SUM_MAX_MINOR {
            return Ok(Err(Refused::beyond_sum()));
        }
    }
    let (beside, unknown) = conversion_beside::resolve(context, w, campaign_id, &parsed, badge, all_terms).await?;
    found.beside = beside;
    found.unresolved.extend(unknown);
    Ok(Ok((found, parsed)))
}

/// One report on its way into the database.
struct Order<'a> {
    context: &'a Context<'a>,
    report: &'a Report,
    campaign: &'a Campaign,
    terms: &'a [Terms],
    /// In force now.
    current: &'a Terms,
    parsed: &'a ConversionReport,
}

impl Order<'_> {
    fn evidence(&self, badge: Badge, found: Found) -> Evidence {
        Evidence {
            evidence_id: self.context.environment.new_id(EvidenceId),
            badge,
            received_at: received_at(
                self.context.environment.now(),
                found.clicks.iter().map(|click| click.click_id.time()),
            ),
            occurred_at: self.parsed.occurred_at,
            amount_minor: self.parsed.amount_minor,
            currency: self.parsed.currency,
            is_test: self.parsed.is_test,
            channel: self.parsed.channel.clone(),
            is_conflict: false,
            is_campaign_inactive: !self.campaign.state.takes_conversions(),
            clicks: found.clicks,
            unresolved: found.unresolved,
            beside: found.beside,
            lines: self.parsed.lines.clone(),
        }
    }

    async fn store(&self, w: &mut Writer, new: Evidence) -> Result<Written, StoreError> {
        let attempt_id = self.context.environment.new_id(AttemptId);
        let (conversion, arrival) = match self.first(w, &new, attempt_id).await? {
            Some(conversion) if !self.has_place(w, new.badge, &conversion).await? => return Ok(Written::BeyondDay),
            Some(conversion) => (conversion, Arrival::First),
            None => match self.another(w, new, attempt_id).await? {
                Ok(known) => known,
                Err(standing) => return Ok(Written::BeyondOrder(Reply::beyond_order(self.context, &standing))),
            },
        };
        let reply = match arrival {
            Arrival::Conflict => Reply::conflict(self.context, &conversion),
            _ => Reply::standing(self.context, &conversion, arrival),
        };
        attempts::insert(w, &attempt(attempt_id, self.report, Some(self.campaign.campaign_id), &reply)).await?;
        Ok(Written::Kept(reply))
    }

    /// Whether the day has a place for one more new order. Only what anybody can make up has a quota: an order that is
    /// credited to a click brought an id of ours, and so nobody can use up the places of a shop's real orders. A
    /// coupon's code is no secret.
    async fn has_place(&self, w: &mut Writer, badge: Badge, conversion: &Conversion) -> Result<bool, StoreError> {
        if badge != Badge::Unverified || conversion.click_id.is_some() {
            return Ok(true);
        }
        let (day, most) = (self.context.environment.now().utc_day(), self.context.unverified_per_day_max);
        report_quotas::take(w, self.campaign.campaign_id, day, most).await
    }

    /// The first report of this order; nothing where it is known already. What was refunded before it came counts with it.
    async fn first(
        &self,
        w: &mut Writer,
        new: &Evidence,
        attempt: AttemptId,
    ) -> Result<Option<Conversion>, StoreError> {
        let (campaign, event) = (self.campaign.campaign_id, self.parsed.event.as_str());
        let waiting = refunds::list_of_order(w, campaign, event, self.parsed.order_id.as_str()).await?;
        let inputs = Inputs {
            campaign_id: self.campaign.campaign_id,
            advertiser_id: self.campaign.advertiser_id,
            event: self.parsed.event.clone(),
            evidence: vec![new.clone()],
            current_terms_version: self.current.version,
            own: None,
            refunds: waiting.iter().map(Refunded::input).collect(),
        };
        let decision = self.decide(&inputs)?;
        let mut conversion = self.unborn();
        conversion.apply(&decision);
        if !conversions::insert(w, &conversion).await? {
            return Ok(None);
        }
        self.append(w, &conversion, &inputs, &decision, new, attempt).await?;
        let event_id = self.step(w, None, &conversion, StepReason::Reported).await?;
        for refund in &waiting {
            refunds::insert_step(w, refund.refund_id, event_id).await?;
        }
        Ok(Some(conversion))
    }

    /// A further report of a known order; an error with what stands where it is one too many that anybody could have
    /// sent. Those that bring a click of ours are counted by themselves: nobody who only knows the number of an order can
    /// keep its true click out.
    async fn another(
        &self,
        w: &mut Writer,
        mut new: Evidence,
        attempt: AttemptId,
    ) -> Result<Result<(Conversion, Arrival), Conversion>, StoreError> {
        let (campaign, order) = (self.campaign.campaign_id, self.parsed.order_id.as_str());
        let locked = conversions::lock_by_order(w, campaign, self.parsed.event.as_str(), order).await?;
        let before = locked.ok_or(StoreError::NotFound)?;
        let known = evidence::list(w, before.conversion_id).await?;
        let arrival = compare(&Content::of(&new), &known, before.state);
        new.is_conflict = arrival == Arrival::Conflict;
        if known.iter().any(|known| says_the_same(known, &new)) {
            return Ok(Ok((before, arrival)));
        }
        let alike =
            |known: &&Evidence| known.badge == Badge::Unverified && known.clicks.is_empty() == new.clicks.is_empty();
        if new.badge == Badge::Unverified && known.iter().filter(alike).count() >= UNVERIFIED_EVIDENCE_MAX {
            return Ok(Err(before));
        }
        if !before.state.is_open() {
            self.append_evidence(w, before.conversion_id, &new, attempt).await?;
            return Ok(Ok((before, arrival)));
        }
        let (mut inputs, _) = evidence::latest_decision(w, before.conversion_id).await?.ok_or(StoreError::NotFound)?;
        inputs.evidence = known;
        inputs.evidence.push(new.clone());
        let decision = self.decide(&inputs)?;
        let mut after = before.clone();
        after.apply(&decision);
        self.append(w, &after, &inputs, &decision, &new, attempt).await?;
        if after != before {
            // What a person released was something else.
            after.hold_released_at_ms = None;
            conversions::update(w, &after).await?;
            let reason =
                if arrival == Arrival::Upgrade { StepReason::EvidenceUpgraded } else { StepReason::EvidenceAdded };
            self.step(w, Some(&before), &after, reason).await?;
        }
        Ok(Ok((after, arrival)))
    }

    fn decide(&self, inputs: &Inputs) -> Result<Decision, StoreError> {
        decide(inputs, self.terms)
            .map_err(|error| StoreError::Corrupt { what: "decision's inputs", why: error.to_string() })
    }

    /// A conversion about which nothing is decided yet.
    fn unborn(&self) -> Conversion {
        Conversion {
            conversion_id: self.context.environment.new_id(ConversionId),
            campaign_id: self.campaign.campaign_id,
            advertiser_id: self.campaign.advertiser_id,
            event: self.parsed.event.as_str().to_owned(),
            order_id: self.parsed.order_id.as_str().to_owned(),
            state: ConversionState::Unattributed,
            reason: None,
            held_reason: None,
            hold_released_at_ms: None,
            is_test: false,
            badge: Badge::Unverified,
            publisher_id: None,
            link_id: None,
            creative_id: None,
            click_id: None,
            coupon_id: None,
            terms_version: self.current.version,
            rule_number: None,
            currency: self.terms[0].first_currency(),
            amount_minor: None,
            commission_minor: 0,
            fee_minor: 0,
            converted_at_ms: self.context.environment.now(),
            approved_at_ms: None,
            payout_id: None,
            version: 1,
        }
    }

    async fn append_evidence(
        &self,
        w: &mut Writer,
        conversion: ConversionId,
        new: &Evidence,
        attempt_id: AttemptId,
    ) -> Result<(), StoreError> {
        let content = [self.report.endpoint, &self.report.method, &self.report.query, &self.report.body].join("\n");
        let hash = |customer: &str| customer_hash(self.context.secret_key, self.campaign.campaign_id, customer);
        let origin = Origin {
            attempt_id,
            coupon: self.parsed.coupon.as_deref(),
            customer_hash: self.parsed.customer_id.as_deref().map(hash),
            content_hash: Sha256::digest(content).into(),
        };
        evidence::insert(w, conversion, new, &origin).await
    }

    async fn append(
        &self,
        w: &mut Writer,
        conversion: &Conversion,
        inputs: &Inputs,
        decision: &Decision,
        new: &Evidence,
        attempt: AttemptId,
    ) -> Result<(), StoreError> {
        self.append_evidence(w, conversion.conversion_id, new, attempt).await?;
        let id = self.context.environment.new_id(DecisionId);
        evidence::insert_decision(w, id, conversion.conversion_id, inputs, decision).await
    }

    /// The step's event, its ledger transfers, and its part in the totals.
    async fn step(
        &self,
        w: &mut Writer,
        before: Option<&Conversion>,
        after: &Conversion,
        reason: StepReason,
    ) -> Result<EventId, StoreError> {
        let event_id = self.context.environment.new_id(EventId);
        let event = EventRecord {
            number: evidence::count_events(w, after.conversion_id).await? + 1,
            from: before.map(|before| before.state),
            to: after.state,
            actor: self.report.by_hand.map(|by_hand| by_hand.member_id),
            reason,
            note: None,
            amount_before_minor: before.and_then(|before| before.amount_minor),
            amount_after_minor: after.amount_minor,
            worth_before: before.map(Conversion::event_worth),
            worth_after: Some(after.event_worth()),
            at: event_id.time(),
        };
        evidence::insert_event(w, event_id, after.conversion_id, &event).await?;
        let was = before.and_then(Conversion::worth);
        let postings = ledger::change_accrual(was.as_ref(), after.worth().as_ref());
        crate::store::ledger::post(w, self.context.environment, Fact::Conversion, event_id.0, &postings).await?;
        rollups::change_conversion(w, before, Some(after)).await?;
        Ok(event_id)
    }
}

/// A report that is known word for word adds nothing: it is kept as an attempt, not as evidence again.
fn says_the_same(known: &Evidence, new: &Evidence) -> bool {
    let again = Evidence { evidence_id: new.evidence_id, received_at: new.received_at, ..known.clone() };
    again == *new
}
