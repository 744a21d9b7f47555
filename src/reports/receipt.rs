//! The receipt: one conversion with everything behind it, read for a party that may see it, and recomputed at once.

use std::collections::BTreeMap;

use super::recompute::{Difference, Stored, differences};
use crate::domain::click::Click;
use crate::domain::click_pay::ClickDay;
use crate::domain::conversion::ConversionState;
use crate::domain::decision::Decision;
use crate::domain::evidence::{Evidence, Inputs, Own};
use crate::domain::ids::{ConversionId, EventId, PublisherId};
use crate::domain::party::{PartyKind, Viewer};
use crate::domain::receipt::ReceiptField;
use crate::domain::refund::Refund;
use crate::domain::review::EventRecord;
use crate::domain::terms::Terms;
use crate::store::attempts::{self, Attempt};
use crate::store::conversions::{self, Conversion};
use crate::store::ledger::{self, Transfer};
use crate::store::receipts::{self, PayoutFacts};
use crate::store::refunds::{self, Refunded};
use crate::store::{Conn, StoreError, campaigns, clicks, deposits, evidence, links, parties, terms};

/// What a receipt shows. Fields that the viewer may not see are not even here, except where a rule needs them.
pub struct Receipt {
    pub conversion: Conversion,
    pub campaign_name: String,
    pub advertiser_name: String,
    pub publisher_name: Option<String>,
    /// Publisher and admin only.
    pub link_name: Option<String>,
    /// The credited click; nothing where there is none or its row was purged.
    pub click: Option<Click>,
    /// The version that prices it.
    pub terms: Option<Terms>,
    pub decided: Option<(Inputs, Decision)>,
    pub evidence: Vec<Evidence>,
    pub events: Vec<EventRecord>,
    /// The viewer's own lines; an admin's are all.
    pub transfers: Vec<Transfer>,
    pub payout: Option<PayoutFacts>,
    /// The requests as received, without secrets: advertiser and admin only.
    pub requests: Vec<Attempt>,
    /// What was taken back of the order, in the order in which it was asked for.
    pub refunds: Vec<RefundShown>,
    /// Whose the losing clicks were: admin only.
    pub rivals: BTreeMap<PublisherId, String>,
    pub differences: Vec<Difference>,
}

impl Receipt {
    /// The clicks that it pays, as they were counted; nothing where something was reported.
    pub fn click_day(&self) -> Option<&ClickDay> {
        let (inputs, _) = self.decided.as_ref()?;
        inputs.own.as_ref().map(|Own::Clicks(day)| day)
    }
}

/// A refund with the step with which it counts; nothing while it waits.
pub struct RefundShown {
    pub refund: Refunded,
    pub step: Option<EventRecord>,
}

impl RefundShown {
    fn of(refund: Refunded, steps: &[(EventId, EventRecord)]) -> Self {
        let step = steps.iter().find(|(id, _)| Some(*id) == refund.event_id).map(|(_, step)| step.clone());
        Self { refund, step }
    }
}

/// The refunds that a decision was made over: not those that wait, nor the one that took all that was left.
fn counted(refunds: &[RefundShown]) -> Vec<Refund> {
    let is_ended = |state| matches!(state, ConversionState::Rejected | ConversionState::Reversed);
    let counts = |shown: &&RefundShown| shown.step.as_ref().is_some_and(|step| !is_ended(step.to));
    refunds.iter().filter(counts).map(|shown| shown.refund.input()).collect()
}

/// Reads and recomputes.
///
/// # Errors
/// `NotFound` for whoever is no party of it, as for an id that does not exist.
pub async fn load(conn: &mut Conn, viewer: &Viewer, id: ConversionId) -> Result<Receipt, StoreError> {
    let conversion = conversions::get_of(conn, viewer.acting, id).await?;
    let kind = viewer.acting.kind();
    let all_terms = terms::list(conn, conversion.campaign_id).await?;
    let decided = evidence::latest_decision(conn, id).await?;
    let reports = evidence::list(conn, id).await?;
    let steps = evidence::events(conn, id).await?;
    let (campaign, event) = (conversion.campaign_id, conversion.event.as_str());
    let refunds = refunds::list_of_order(conn, campaign, event, &conversion.order_id).await?;
    let refunds: Vec<RefundShown> = refunds.into_iter().map(|refund| RefundShown::of(refund, &steps)).collect();
    let counted = counted(&refunds);
    let events: Vec<EventRecord> = steps.into_iter().map(|(_, event)| event).collect();
    let mut transfers = ledger::list_of_conversion(conn, id).await?;
    let differences = differences(&Stored {
        conversion: &conversion,
        decided: decided.as_ref(),
        evidence: &reports,
        terms: &all_terms,
        events: &events,
        transfers: &transfers,
        allocated_minor: deposits::allocated(conn, id).await?,
        refunds: &counted,
    });
    let is_own = |line: &Transfer| line.debit_party == viewer.party() || line.credit_party == viewer.party();
    transfers.retain(|line| kind == PartyKind::Network || is_own(line));
    let link_name = if ReceiptField::LinkName.is_whole(kind) { link_name(conn, &conversion).await? } else { None };
    let rivals = match (ReceiptField::RivalName.is_whole(kind), &decided) {
        (true, Some((_, decision))) => rivals(conn, decision).await?,
        _ => BTreeMap::new(),
    };
    Ok(Receipt {
        campaign_name: campaigns::get(conn, conversion.campaign_id).await?.name,
        advertiser_name: parties::get(conn, conversion.advertiser_id.party()).await?.name,
        publisher_name: publisher_name(conn, conversion.publisher_id).await?,
        link_name,
        click: click(conn, &conversion).await?,
        terms: all_terms.into_iter().find(|terms| terms.version == conversion.terms_version),
        decided,
        evidence: reports,
        events,
        transfers,
        payout: receipts::find_payout(conn, id).await?,
        requests: requests(conn, &conversion, kind).await?,
        refunds,
        rivals,
        differences,
        conversion,
    })
}

async fn publisher_name(conn: &mut Conn, id: Option<PublisherId>) -> Result<Option<String>, StoreError> {
    let Some(id) = id else { return Ok(None) };
    match parties::get(conn, id.party()).await {
        Ok(party) => Ok(Some(party.name)),
        // Damaged: the difference is named elsewhere, and the receipt must still open.
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn link_name(conn: &mut Conn, conversion: &Conversion) -> Result<Option<String>, StoreError> {
    let Some((publisher, link)) = conversion.publisher_id.zip(conversion.link_id) else { return Ok(None) };
    match links::get_of_publisher(conn, publisher, link).await {
        Ok(link) if link.name.is_empty() => Ok(Some(link.slug)),
        Ok(link) => Ok(Some(link.name)),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn click(conn: &mut Conn, conversion: &Conversion) -> Result<Option<Click>, StoreError> {
    match conversion.click_id {
        Some(id) => clicks::find(conn, id).await,
        None => Ok(None),
    }
}

async fn requests(conn: &mut Conn, conversion: &Conversion, kind: PartyKind) -> Result<Vec<Attempt>, StoreError> {
    if !ReceiptField::Request.is_whole(kind) {
        return Ok(Vec::new());
    }
    attempts::list_of_conversion(conn, conversion.campaign_id, conversion.conversion_id).await
}

async fn rivals(conn: &mut Conn, decision: &Decision) -> Result<BTreeMap<PublisherId, String>, StoreError> {
    let mut names = BTreeMap::new();
    for id in decision.trace.iter().filter_map(|line| line.publisher_id) {
        if let Some(name) = publisher_name(conn, Some(id)).await? {
            names.insert(id, name);
        }
    }
    Ok(names)
}
