//! What each role sees first. The figures are one fragment, the same in the page and in every live update.

use leptos::prelude::*;

use super::effect::{cell, head, weight};
use super::overview_facts::{DEFERRAL_DAYS, Facts, balance_note, facts, recent_clicks, shown};
use super::parts::{Card, amounts, cards, charts, commission, epc, ratio_text, root};
use super::range_bar::{lag_notice, notices, range_bar};
use super::tables::{TopList, ranking_currencies};
use crate::app::conversions::{oldest_note, queue_place};
use crate::app::error::ApiError;
use crate::app::islands::LiveRegion;
use crate::app::page::{Request, zone_of};
use crate::app::state::App;
use crate::app::ui::{AssetBase, StatusTag};
use crate::domain::click::ClickReason;
use crate::domain::click_pay;
use crate::domain::conversion::OrderId;
use crate::domain::ids::CampaignId;
use crate::domain::money::{Currency, Money};
use crate::domain::party::{PartyKind, Viewer};
use crate::domain::report::{Dimension, Ratio};
use crate::domain::time::Timestamp;
use crate::reports::figures::{Figures, Row, ranked};
use crate::reports::query::{Effect, Metric};
use crate::reports::{self, Report, ReportQuery, top};
use crate::store::conversions::{Conversion, Filter};
use crate::store::deferrals::Deferrals;
use crate::store::{conversions, totals};

const RECENT_CONVERSIONS: i64 = 10;

/// The page under the frame.
pub async fn overview_page(request: Request, viewer: Viewer) -> Result<AnyView, ApiError> {
    let kind = viewer.acting.kind();
    let (query, notes) = ReportQuery::parse(request.query.clone(), kind);
    let campaigns = totals::campaign_names(&mut request.app.store.read().await?, viewer.party()).await?;
    let html = overview_html(&request.app, &viewer, &query).await?;
    let bar = range_bar(root(kind), kind, &query, &viewer.time_zone, &campaigns, false);
    let role = root(kind).trim_start_matches('/').to_owned();
    Ok(view! {
        {notices(&notes)}
        {bar}
        <div>
            <LiveRegion role=role query=query.to_url()>
                <div inner_html=html></div>
            </LiveRegion>
        </div>
    }
    .into_any())
}

/// The figures as HTML, for the page and for the live update.
pub async fn overview_html(app: &App, viewer: &Viewer, query: &ReportQuery) -> Result<String, ApiError> {
    let overview = Overview::load(app, viewer, query).await?;
    provide_context(AssetBase(app.assets.clone()));
    Ok(overview.view().to_html())
}

struct Overview {
    viewer: Viewer,
    now: Timestamp,
    report: Report,
    recent_clicks: i64,
    campaigns: Vec<Row>,
    /// Links and advertisers of a publisher; publishers of the others.
    links: Vec<Row>,
    partners: Vec<Row>,
    conversions: Vec<Conversion>,
    names: Vec<(CampaignId, String)>,
    facts: Facts,
    lag: Option<String>,
}

impl Overview {
    async fn load(app: &App, viewer: &Viewer, query: &ReportQuery) -> Result<Self, ApiError> {
        let (kind, now) = (viewer.acting.kind(), app.environment.now());
        let mut conn = app.store.snapshot_counted().await?;
        let report = reports::run(&mut conn, viewer, query, now).await?;
        let campaigns = ranked(&mut conn, viewer, query, Dimension::Campaign, now).await?;
        let partner = if kind == PartyKind::Publisher { Dimension::Advertiser } else { Dimension::Publisher };
        let partners = ranked(&mut conn, viewer, query, partner, now).await?;
        let links = match kind {
            PartyKind::Advertiser => Vec::new(),
            _ => ranked(&mut conn, viewer, query, Dimension::Link, now).await?,
        };
        let filter = Filter { campaign_id: query.campaign, limit: RECENT_CONVERSIONS, ..Filter::default() };
        Ok(Self {
            now,
            report,
            recent_clicks: recent_clicks(&mut conn, viewer.acting, now).await?,
            campaigns,
            links,
            partners,
            conversions: conversions::list_of(&mut conn, viewer.acting, &filter).await?,
            names: totals::campaign_names(&mut conn, viewer.party()).await?,
            facts: facts(&mut conn, viewer.acting, now).await?,
            lag: lag_notice(&conn),
            viewer: viewer.clone(),
        })
    }

    fn kind(&self) -> PartyKind {
        self.viewer.acting.kind()
    }

    fn view(&self) -> AnyView {
        view! {
            <div class="stack">
                {notices(self.lag.as_slice())}
                {self.counter()}
                {self.deferrals()}
                {self.refused_landings()}
                {cards(self.cards())}
                {charts(&self.report)}
                {self.effective_campaigns()}
                {self.clicked_links()}
                {self.partners()}
                {self.recent_conversions()}
            </div>
        }
        .into_any()
    }

    /// Shown live by the island where scripts run; else with the time at which it was true.
    fn counter(&self) -> AnyView {
        let path = self.report.query.at(root(self.kind()));
        let at = zone_of(&self.viewer).show_time(self.now);
        let words =
            if self.recent_clicks == 1 { " click in the last 5 minutes" } else { " clicks in the last 5 minutes" };
        view! {
            <p class="live">
                <span class="live-dot"></span>
                <span><strong>{self.recent_clicks}</strong>{words}</span>
                <span class="live-on">"live"</span>
                <span class="live-off">{format!("as of {at} \u{2013} ")}<a href=path>"refresh"</a></span>
            </p>
        }
        .into_any()
    }

    /// What the network promised to store and answered before it did; nothing where that never happened.
    fn deferrals(&self) -> Option<AnyView> {
        let Deferrals { deferred, lost } = self.facts.deferrals;
        (deferred > 0).then(|| {
            let text = format!(
                "In the last {DEFERRAL_DAYS} days {deferred} clicks were answered before their commit, because the \
                 database took too long; {lost} of them were not stored.",
            );
            view! { <p class="flash" role="status"><span>{text}</span></p> }.into_any()
        })
    }

    /// Landings whose click id was not one of ours, or not of that campaign.
    fn refused_landings(&self) -> Option<AnyView> {
        let refused = &self.facts.refused_landings;
        (!refused.is_empty()).then(|| {
            let counts: Vec<String> = refused.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
            let text = format!("Landings refused in the last {DEFERRAL_DAYS} days: {}.", counts.join(", "));
            view! { <p class="flash" role="status"><span>{text}</span></p> }.into_any()
        })
    }

    fn cards(&self) -> Vec<Card> {
        let (total, query, path) = (&self.report.total, &self.report.query, root(self.kind()));
        let clicks = Card::count("Unique clicks", total.clicks.unique).note(clicks_note(total)).metric(
            path,
            query,
            Metric::Clicks,
        );
        let count = |label| Card::count(label, total.conversions()).metric(path, query, Metric::Conversions);
        let rate = Card::new("CR", vec![total.conversion_rate().percent()]).note("not rejected, per unique click");
        let amount =
            amounts(total, |currency, earned| Money::new(earned.all.earning().amount_minor, currency).to_string());
        match self.kind() {
            PartyKind::Publisher => vec![
                Card::new("Earnings", commission(total)).metric(path, query, Metric::Commission),
                Card::new("EPC", epc(total)).note("per unique click"),
                clicks,
                count("Conversions"),
                rate,
                Card::new("Pending payout", shown(&self.facts.payable))
                    .note(balance_note("approved and not yet payable", &self.facts.approved)),
            ],
            PartyKind::Advertiser => vec![
                Card::new("Cost", amounts(total, cost)).note("commission and fee").metric(
                    path,
                    query,
                    Metric::Commission,
                ),
                count("Orders"),
                Card::new("Revenue", amount).metric(path, query, Metric::Amount),
                Card::new("ROAS", amounts(total, roas)).note("revenue per cost"),
                rate,
                self.waiting("Awaiting review"),
                clicks,
            ],
            PartyKind::Network => vec![
                Card::new("Order amount", amount).metric(path, query, Metric::Amount),
                Card::new("Network margin", amounts(total, margin)).note("fees of what earns"),
                clicks,
                Card::new("Invalid clicks", vec![invalid(total).percent()]).note("of gross clicks"),
                count("Conversions"),
                Card::new("Payouts due", shown(&self.facts.payable)).note("payable to publishers"),
                Card::count("Refused reports", self.facts.rejected_reports).note("ever"),
                self.waiting("Handed over by advertisers"),
                Card::count("Waiting for admission", self.facts.parties_waiting as i64).href("/admin/parties"),
            ],
        }
    }

    /// What waits for the reader's review, and since when.
    fn waiting(&self, label: &'static str) -> Card {
        let waiting = &self.facts.awaiting_review;
        Card::count(label, waiting.conversions)
            .note(oldest_note(waiting, self.now))
            .href(queue_place(self.viewer.acting))
    }

    fn effective_campaigns(&self) -> AnyView {
        let query = &self.report.query;
        let tabs = [(Effect::Epc, "EPC"), (Effect::Commission, "Commission"), (Effect::ConversionRate, "CR")];
        let tabs = tabs.map(|(effect, word)| {
            let href = ReportQuery { top: effect, ..*query }.at(root(self.kind()));
            view! { <a href=href aria-current=(query.top == effect).then_some("true")>{word}</a> }
        });
        // A rate of conversions is the same in every currency.
        let lists_max = if query.top == Effect::ConversionRate { 1 } else { usize::MAX };
        let lists = ranking_currencies(&self.campaigns).into_iter().take(lists_max).map(|currency| {
            let mut rows = top::most_effective(&self.campaigns, query.top, currency);
            rows.retain(|row| query.top == Effect::ConversionRate || has_its_place(row, currency));
            let list = TopList {
                title: "Most effective campaigns",
                empty: EFFECTIVE_EMPTY,
                by: Dimension::Campaign,
                heads: [head(query.top, currency), "Unique clicks".to_owned()],
                rows,
                weight: Box::new(move |figures| weight(query.top, figures, currency)),
                cells: Box::new(move |figures| [cell(query.top, figures, currency), figures.clicks.unique.to_string()]),
            };
            list.view(self.kind(), query)
        });
        let lists = lists.collect::<Vec<_>>();
        let is_empty = lists.is_empty();
        view! {
            <section class="section">
                <div class="section-head">
                    <h2>"Most effective campaigns"</h2>
                    <nav class="tabs" aria-label="Ranked by">{tabs.into_iter().collect::<Vec<_>>()}</nav>
                </div>
                {lists}
                {is_empty.then(|| view! { <p class="muted">{EFFECTIVE_EMPTY}</p> })}
            </section>
        }
        .into_any()
    }

    fn clicked_links(&self) -> AnyView {
        if self.kind() == PartyKind::Advertiser {
            return ().into_any();
        }
        let list = TopList {
            title: "Most clicked links",
            empty: "No link was clicked in this period.",
            by: Dimension::Link,
            heads: ["Gross clicks".to_owned(), "Unique".to_owned()],
            rows: top::most_clicked(&self.links),
            weight: Box::new(|figures| figures.clicks.gross()),
            cells: Box::new(|figures| [figures.clicks.gross().to_string(), figures.clicks.unique.to_string()]),
        };
        section("Most clicked links", list.view(self.kind(), &self.report.query))
    }

    fn partners(&self) -> AnyView {
        let (title, by) = match self.kind() {
            PartyKind::Publisher => ("Highest-earning advertisers", Dimension::Advertiser),
            _ => ("Highest-earning publishers", Dimension::Publisher),
        };
        let lists = ranking_currencies(&self.partners).into_iter().map(|currency| {
            let list = TopList {
                title,
                empty: "Nobody earned in this period.",
                by,
                heads: [format!("Commission, {currency}"), "Conversions".to_owned()],
                rows: top::highest_earning(&self.partners, currency),
                weight: Box::new(move |figures| figures.commission_minor(currency)),
                cells: Box::new(move |figures| {
                    let commission = Money::new(figures.commission_minor(currency), currency).figure();
                    [commission, figures.not_rejected_in(currency).to_string()]
                }),
            };
            list.view(self.kind(), &self.report.query)
        });
        let lists = lists.collect::<Vec<_>>();
        let is_empty = lists.is_empty();
        let empty = is_empty.then(|| view! { <p class="muted">"Nobody earned in this period."</p> });
        section(title, view! { {lists}{empty} }.into_any())
    }

    fn recent_conversions(&self) -> AnyView {
        let rows = self.conversions.iter().map(|one| self.conversion_row(one)).collect::<Vec<_>>();
        if rows.is_empty() {
            let text = "The first conversion will be here within two seconds after it is reported.";
            return section("Recent conversions", view! { <p class="muted">{text}</p> }.into_any());
        }
        let table = view! {
            <div class="table-wrap" tabindex="0" role="region" aria-label="Recent conversions">
                <table class="data">
                    <thead>
                        <tr>
                            <th scope="col">"Order"</th>
                            <th scope="col">"Campaign"</th>
                            <th scope="col">"Status"</th>
                            <th scope="col" class="num">"Amount"</th>
                            <th scope="col" class="num">"Commission"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        };
        section("Recent conversions", table.into_any())
    }

    fn conversion_row(&self, one: &Conversion) -> AnyView {
        let zone = zone_of(&self.viewer);
        let order = match self.kind() {
            PartyKind::Publisher => one.order_id.parse::<OrderId>().map_or_else(|_| String::new(), |id| id.masked()),
            _ => one.order_id.clone(),
        };
        let order = click_pay::told_name(&one.event, one.converted_at_ms).unwrap_or(order);
        let name = self.names.iter().find(|(id, _)| *id == one.campaign_id).map(|(_, name)| name.clone());
        let amount = one.amount_minor.map(|minor| Money::new(minor, one.currency).to_string());
        let test = if one.is_test { " (test)" } else { "" };
        view! {
            <tr>
                <th scope="row">
                    <a class="row-link" href=format!("/receipts/{}", one.conversion_id)>{order}</a>
                    <span class="sub">{format!("{}{test} \u{b7} {}", one.event, zone.show(one.converted_at_ms))}</span>
                </th>
                <td data-label="Campaign">{name.unwrap_or_else(|| one.campaign_id.to_string())}</td>
                <td data-label="Status"><StatusTag state=one.state.as_str()/></td>
                <td class="num money" data-label="Amount">{super::tables::or_dash(amount)}</td>
                <td class="num money" data-label="Commission">
                    {Money::new(one.commission_minor, one.currency).to_string()}
                </td>
            </tr>
        }
        .into_any()
    }
}

/// Gross clicks, and those that cannot earn because the visitor did not agree.
fn clicks_note(total: &Figures) -> String {
    let gross = format!("{} gross", total.clicks.gross());
    match total.invalid.get(&ClickReason::ConsentDenied) {
        Some(clicks) => format!("{gross}, {clicks} without consent (cannot earn)"),
        None => gross,
    }
}

const EFFECTIVE_EMPTY: &str = "A campaign is ranked once it has 50 unique clicks and a conversion in the period.";

/// What earns in another currency only stands in that one's list; a zero here would say nothing.
fn has_its_place(row: &Row, currency: Currency) -> bool {
    row.figures.earned.is_empty() || row.figures.earned.contains_key(&currency)
}

fn section(title: &'static str, content: AnyView) -> AnyView {
    view! { <section class="section"><h2>{title}</h2>{content}</section> }.into_any()
}

fn cost(currency: Currency, earned: &reports::figures::Earned) -> String {
    let sums = earned.all.earning();
    Money::new(sums.commission_minor + sums.fee_minor, currency).to_string()
}

fn margin(currency: Currency, earned: &reports::figures::Earned) -> String {
    Money::new(earned.all.earning().fee_minor, currency).to_string()
}

fn roas(_: Currency, earned: &reports::figures::Earned) -> String {
    let sums = earned.all.earning();
    ratio_text(Ratio { numerator: sums.amount_minor, denominator: sums.commission_minor + sums.fee_minor })
}

const fn invalid(figures: &Figures) -> Ratio {
    Ratio { numerator: figures.clicks.invalid, denominator: figures.clicks.gross() }
}
