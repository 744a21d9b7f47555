//! What clicks earn: a conversion for each campaign, publisher, UTC day and version of the terms, brought up to the day's
//! count by difference while the day runs. What a person or the deadline has decided is left alone.

use std::collections::{BTreeMap, HashMap};

use crate::domain::click_pay::ClickDay;
use crate::domain::conversion::ConversionState;
use crate::domain::decision::{Decision, decide};
use crate::domain::environment::Environment;
use crate::domain::evidence::{Inputs, Own};
use crate::domain::ids::{ConversionId, DecisionId, EventId};
use crate::domain::ledger::{self, Fact};
use crate::domain::money::Currency;
use crate::domain::review::{EventRecord, StepReason};
use crate::domain::rule::EventName;
use crate::domain::terms::Terms;
use crate::domain::time::{MINUTE_MS, Timestamp};
use crate::store::click_days::{self, DayKey, DayRow};
use crate::store::conversions::{self, Conversion};
use crate::store::enrollments::{self, Enrollment};
use crate::store::{Store, StoreError, Writer, evidence, rollups, terms};

/// A day that grows is brought up to date so often at most.
const EVERY_MS: i64 = MINUTE_MS;
/// The job brings so many days up to date at a time.
const DAYS_MAX: i64 = 5_000;

/// The job: brings every day with clicks that are not accrued yet up to its count. Two processes may run it at once: each
/// day is counted under its lock. Gives how many conversions changed.
pub async fn accrue_due(store: &Store, environment: &Environment) -> Result<usize, StoreError> {
    let before = environment.now().plus_ms(-EVERY_MS);
    // With every click that is stored by now: a day that is over is decided by what is accrued.
    let due = click_days::list_due(&mut store.snapshot_counted().await?, before, DAYS_MAX).await?;
    let (mut accrued, mut failed) = (0, None);
    for day in due {
        // One that cannot be accrued must not keep the others from it.
        match accrue(store, environment, &day).await {
            Ok(changed) => accrued += changed,
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(accrued), Err)
}

/// All versions of one day, the lowest first, since each leaves the next less of the day's limit.
async fn accrue(store: &Store, environment: &Environment, day: &DayKey) -> Result<usize, StoreError> {
    let mut w = store.write().await?;
    let rows = click_days::lock(&mut w, day).await?;
    if rows.iter().all(|row| row.unique_clicks == row.counted_clicks) {
        // Another process was first.
        return Ok(0);
    }
    let mut known = lock_conversions(&mut w, &rows).await?;
    let enrollment = enrollments::find(&mut w, day.publisher_id, day.campaign_id).await?.ok_or(StoreError::NotFound)?;
    let scene = Scene { environment, day, enrollment, terms: terms::list(&mut w, day.campaign_id).await? };
    let (mut used, mut taken) = (HashMap::new(), Vec::new());
    for row in &rows {
        let before = row.conversion_id.and_then(|id| known.remove(&id));
        let counted = scene.counted(row, &mut used);
        let is_decided = before.as_ref().is_some_and(|before| before.state != ConversionState::Pending);
        let mut conversion_id = row.conversion_id;
        if !is_decided {
            let one = scene.take(&mut w, before, counted).await?;
            conversion_id = conversion_id.or(one.as_ref().map(|one| one.after.conversion_id));
            taken.extend(one);
        }
        click_days::set_counted(&mut w, day, row, conversion_id, environment.now()).await?;
    }
    book(&mut w, environment, &taken).await?;
    w.commit().await?;
    Ok(taken.len())
}

/// By id, as everybody locks them.
async fn lock_conversions(w: &mut Writer, rows: &[DayRow]) -> Result<BTreeMap<ConversionId, Conversion>, StoreError> {
    let mut ids: Vec<ConversionId> = rows.iter().filter_map(|row| row.conversion_id).collect();
    ids.sort_unstable();
    let mut known = BTreeMap::new();
    for id in ids {
        known.insert(id, conversions::lock(w, id).await?);
    }
    Ok(known)
}

/// An accrual that this transaction changed.
struct Taken {
    /// Nothing: it is new.
    before: Option<Conversion>,
    after: Conversion,
    event_id: EventId,
}

/// Moves the totals, then posts the differences.
async fn book(w: &mut Writer, environment: &Environment, taken: &[Taken]) -> Result<(), StoreError> {
    let changes: Vec<_> = taken.iter().map(|one| (one.before.as_ref(), Some(&one.after))).collect();
    rollups::change_conversions(w, &changes).await?;
    for one in taken {
        let was = one.before.as_ref().and_then(Conversion::worth);
        let postings = ledger::change_accrual(was.as_ref(), one.after.worth().as_ref());
        crate::store::ledger::post(w, environment, Fact::Conversion, one.event_id.0, &postings).await?;
    }
    Ok(())
}

/// One day of one publisher in one campaign.
struct Scene<'a> {
    environment: &'a Environment,
    day: &'a DayKey,
    enrollment: Enrollment,
    terms: Vec<Terms>,
}

impl Scene<'_> {
    /// What is counted under one version; `used` is what lower versions pay of the day, and gets this one's part.
    fn counted(&self, row: &DayRow, used: &mut HashMap<Currency, i64>) -> ClickDay {
        let version = self.terms.iter().find(|terms| terms.version == row.terms_version);
        let click = version.and_then(|terms| terms.click);
        let used = used.entry(click.map_or(Currency::EUR, |click| click.currency)).or_default();
        let used_before_minor = *used;
        *used += click.map_or(0, |click| click.paid(row.unique_clicks, used_before_minor).minor);
        ClickDay {
            publisher_id: self.day.publisher_id,
            link_id: self.enrollment.default_link_id,
            utc_day: self.day.utc_day,
            terms_version: row.terms_version,
            clicks: row.unique_clicks,
            used_before_minor,
            first_at: row.first_click_id.time(),
        }
    }

    /// Decides by the new count and writes what follows; nothing where the conversion stays as it is.
    async fn take(
        &self,
        w: &mut Writer,
        before: Option<Conversion>,
        counted: ClickDay,
    ) -> Result<Option<Taken>, StoreError> {
        let known = match &before {
            Some(before) => evidence::latest_decision(w, before.conversion_id).await?.map(|(inputs, _)| inputs),
            None => None,
        };
        let order_id = counted.order_id().to_string();
        let note = match counted.clicks {
            1 => "1 valid visitor".to_owned(),
            clicks => format!("{clicks} valid visitors"),
        };
        let inputs = self.inputs(known.clone(), counted);
        if known.as_ref() == Some(&inputs) {
            return Ok(None);
        }
        let decision = decide(&inputs, &self.terms)
            .map_err(|error| StoreError::Corrupt { what: "clicks of a day", why: error.to_string() })?;
        let mut after = before.clone().unwrap_or_else(|| self.unborn(order_id, &decision));
        after.apply(&decision);
        if before.is_none() && !conversions::insert(w, &after).await? {
            return Err(StoreError::Conflict);
        }
        let decision_id = self.environment.new_id(DecisionId);
        evidence::insert_decision(w, decision_id, after.conversion_id, &inputs, &decision).await?;
        match &before {
            // Beyond the limit more clicks change nothing but the count.
            Some(before) if *before == after => return Ok(None),
            Some(_) => conversions::update(w, &after).await?,
            None => {}
        }
        let event_id = self.append_event(w, before.as_ref(), &after, note).await?;
        Ok(Some(Taken { before, after, event_id }))
    }

    fn inputs(&self, known: Option<Inputs>, counted: ClickDay) -> Inputs {
        let current_terms_version = counted.terms_version;
        let own = Some(Own::Clicks(counted));
        match known {
            Some(known) => Inputs { own, ..known },
            None => Inputs {
                campaign_id: self.day.campaign_id,
                advertiser_id: self.enrollment.advertiser_id,
                event: EventName::click(),
                evidence: Vec::new(),
                current_terms_version,
                own,
                refunds: Vec::new(),
            },
        }
    }

    /// A conversion about which only its name is decided.
    fn unborn(&self, order_id: String, decision: &Decision) -> Conversion {
        Conversion {
            conversion_id: self.environment.new_id(ConversionId),
            campaign_id: self.day.campaign_id,
            advertiser_id: self.enrollment.advertiser_id,
            event: EventName::click().to_string(),
            order_id,
            state: decision.state,
            reason: None,
            held_reason: None,
            hold_released_at_ms: None,
            is_test: false,
            badge: decision.badge,
            publisher_id: None,
            link_id: None,
            creative_id: None,
            click_id: None,
            coupon_id: None,
            terms_version: decision.terms_version,
            rule_number: None,
            currency: decision.currency,
            amount_minor: None,
            commission_minor: 0,
            fee_minor: 0,
            converted_at_ms: decision.converted_at,
            approved_at_ms: None,
            payout_id: None,
            version: 1,
        }
    }

    async fn append_event(
        &self,
        w: &mut Writer,
        before: Option<&Conversion>,
        after: &Conversion,
        note: String,
    ) -> Result<EventId, StoreError> {
        let event_id = self.environment.new_id(EventId);
        let at: Timestamp = event_id.time();
        let event = EventRecord {
            number: evidence::count_events(w, after.conversion_id).await? + 1,
            from: before.map(|before| before.state),
            to: after.state,
            actor: None,
            reason: StepReason::Counted,
            note: Some(note),
            amount_before_minor: None,
            amount_after_minor: None,
            worth_before: before.map(Conversion::event_worth),
            worth_after: Some(after.event_worth()),
            at,
        };
        evidence::insert_event(w, event_id, after.conversion_id, &event).await?;
        Ok(event_id)
    }
}
