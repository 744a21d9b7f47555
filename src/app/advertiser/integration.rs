//! How an advertiser reports conversions: samples that run as they are, keys, the secret, the latest reports.

use leptos::prelude::*;

use super::integration_events::{Events, in_order};
use super::integration_keys::{Keys, New, NewKey};
use super::integration_samples::{
    SCRIPT_OF_ORDER, SCRIPT_ON_PAGES, SampleOrder, filled, json_call, pixel, signed_call, signing_script, token_call,
};
use super::integration_test::SendTest;
use super::recipe::{Code, Platforms};
use super::steps::{advertiser_of, integration_page_of, page_of, requests_page_of, uploads_page_of};
use crate::app::api::campaign::RotatePostbackSecret;
use crate::app::error::ApiError;
use crate::app::forms;
use crate::app::page::{Request, role_page, zone_of};
use crate::app::requests;
use crate::app::ui::{Field, Hidden, ReasonLink, Select, Submit};
use crate::auth::session;
use crate::domain::conversion::Badge;
use crate::domain::ids::CampaignId;
use crate::domain::line::LINES_MAX;
use crate::domain::party::PartyKind;
use crate::domain::reason::ReasonCode;
use crate::domain::signature::SIGNATURE_AGE_MAX_SECONDS;
use crate::domain::time::Zone;
use crate::store::api_keys;
use crate::store::attempts::{self, Attempt};
use crate::store::campaigns::{self, Campaign};
use crate::store::{report_quotas, terms};

const KEYS_SHOWN_MAX: i64 = 100;
const ATTEMPTS_SHOWN_MAX: i64 = 20;
/// Longer than any click id or order id.
const TRIED_CHARS_MAX: usize = 200;

#[component]
pub fn IntegrationPage() -> impl IntoView {
    role_page(PartyKind::Advertiser, "Integration", async |request, viewer| {
        let id: CampaignId = request.param("id")?;
        let (advertiser, zone) = (advertiser_of(&viewer)?, zone_of(&viewer));
        let mut conn = request.app.store.snapshot().await?;
        let campaign = campaigns::get_of_advertiser(&mut conn, advertiser, id).await?;
        let terms = terms::in_force(&mut conn, id, request.now).await?;
        let keys = api_keys::list_of_campaign(&mut conn, advertiser, id, KEYS_SHOWN_MAX).await?;
        let day = request.now.utc_day();
        let beyond = report_quotas::beyond_of_advertiser(&mut conn, advertiser, id, day).await?;
        let latest = attempts::list_of_advertiser(&mut conn, advertiser, id, ATTEMPTS_SHOWN_MAX).await?;
        let tried = |name: &str| request.query.get(name).filter(|text| text.chars().count() <= TRIED_CHARS_MAX);
        let order_id = tried("order_id").filter(|text| !text.is_empty()).unwrap_or_else(|| "ORDER-1001".to_owned());
        let event = tried("event").unwrap_or_default();
        let order = SampleOrder::of(&terms, tried("click_id").unwrap_or_default(), order_id, &event);
        let events = in_order(&terms).iter().map(|event| event.name.to_string()).collect();
        let new = New::of(&request, &keys);
        let is_stepped_up = session::is_stepped_up(&request.session, request.now).await;
        let is_stepped_up = is_stepped_up.map_err(|_| ApiError::Unavailable)?;
        let base = &request.app.tracking_url;
        let secret = request.app.secret_key.postback_secret(id, campaign.secret_version);
        let signed = signed_call(base, id, &secret, &order, request.now);
        let script = signing_script(base, id, &order);
        let new_text = |badge| new.as_ref().filter(|new| new.badge == badge).map(|new| new.text.clone());
        let key = new_text(Badge::Key).unwrap_or_else(|| "YOUR_API_KEY".to_owned());
        let json = json_call(base, id, &key, &order);
        let by_token = token_call(base, id, &new_text(Badge::Token).unwrap_or_default(), &order);
        let image = pixel(base, id, &order);
        let [on_pages, of_order] =
            [SCRIPT_ON_PAGES, SCRIPT_OF_ORDER].map(|text| filled(text, base, id, &campaign.landing_parameter, &order));
        Ok(view! {
            <Head campaign=campaign.clone()/>
            <Events terms=terms.clone()/>
            <Platforms campaign_id=id/>
            <Script on_pages=on_pages of_order=of_order/>
            {new.map(|new| view! { <NewKey new=new call=by_token/> })}
            <ServerToServer signed=signed script=script order=order events=events campaign=campaign.clone()/>
            <Secrets request=request.clone() campaign=campaign is_stepped_up=is_stepped_up/>
            <JsonInterface json=json/>
            <Keys request=request.clone() keys=keys campaign_id=id zone=zone.clone()/>
            <Pixel image=image/>
            <FromAFile campaign_id=id/>
            <Beyond reports=beyond/>
            <SendTest request=request campaign_id=id terms=terms/>
            <Latest attempts=latest campaign_id=id zone=zone/>
        }
        .into_any())
    })
}

#[component]
fn Head(campaign: Campaign) -> impl IntoView {
    view! {
        <nav class="breadcrumb" aria-label="Breadcrumb">
            <ol>
                <li><a href="/advertiser/campaigns">"Campaigns"</a></li>
                <li><a href=page_of(campaign.campaign_id)>{campaign.name.clone()}</a></li>
                <li aria-current="page">"Integration"</li>
            </ol>
        </nav>
        <div class="page-head">
            <div>
                <h1>"Integration"</h1>
                <p class="sub">"How " {campaign.name.clone()} " reports its conversions."</p>
            </div>
        </div>
        <p class="lead">
            "A click brings its id to your landing page in the parameter "
            <span class="mono">{campaign.landing_parameter.clone()}</span>
            ". Keep it with the visitor's order and report it from your server. Some browsers block the cookie that the \
            pixel needs, so server to server is the base and the pixel an addition."
        </p>
        <p>
            "Every kind of report also takes "<span class="mono">"coupon"</span>", the code that the customer typed, and, but for a file, "
            <span class="mono">"customer_id"</span>
            ", your number or the e-mail address of the customer, of which only a keyed hash is kept. "
            <a href=format!("{}/coupons", page_of(campaign.campaign_id))>"Coupons of this campaign"</a>
        </p>
        {(!campaign.state.is_published()).then(|| view! {
            <div class="flash" role="note">
                <span>"The campaign is not live yet: until then every report is answered with campaign_inactive."</span>
            </div>
        })}
    }
}

/// For those who have no developer.
#[component]
fn FromAFile(campaign_id: CampaignId) -> impl IntoView {
    view! {
        <section class="section">
            <h2>"From a file"</h2>
            <p>"Without a developer: export your orders with their click ids as CSV, and see what each row becomes."</p>
            <div class="btn-row"><a class="btn" href=uploads_page_of(campaign_id)>"Choose a file"</a></div>
        </section>
    }
}

#[component]
fn Script(on_pages: String, of_order: String) -> impl IntoView {
    view! {
        <section class="section">
            <h2>"Script for your pages"</h2>
            <p>
                "On every page where visitors land. It keeps the click id in a cookie of your own site for the cookie duration, \
                and says once that the click has arrived: the landing rate shows at once whether links lead to you."
            </p>
            <Code name="The script on your pages" code=on_pages/>
            <p>
                "On the page that thanks for the order it reports the order, too. Like the pixel, such a report is unverified and \
                waits for your review; send the click id to your server as well, and report the order signed."
            </p>
            <Code name="The script on the page of an order" code=of_order/>
            <p class="hint">
                "A content security policy of yours has to let this network through as script-src and connect-src."
            </p>
        </section>
    }
}

#[component]
fn ServerToServer(
    signed: String,
    script: String,
    order: SampleOrder,
    events: Vec<String>,
    campaign: Campaign,
) -> impl IntoView {
    let events: Vec<_> = events.into_iter().map(|event| (event.clone(), event)).collect();
    view! {
        <section class="section">
            <h2>"Server to server, signed"</h2>
            <p>"Enter a click id to try it with a click of your own, or leave it empty to see an answer without one."</p>
            <form class="form" method="get">
                <div class="field-row">
                    <Field name="click_id" label="Click id" value=order.click_id required=false/>
                    <Field name="order_id" label="Order id" value=order.order_id/>
                    <Select name="event" label="Event" options=events value=order.event/>
                </div>
                <div class="btn-row"><Submit label="Sign this order" class="btn"/></div>
            </form>
            <p>
                {format!("A test order, signed when this page was loaded; the signature counts for \
                    {SIGNATURE_AGE_MAX_SECONDS} seconds. Leave out test=1 to report a real one.")}
            </p>
            <Code name="A signed call" code=signed/>
            <h3>"How to sign"</h3>
            <ol>
                <li>"Write the query with "<span class="mono">"ts"</span>", the time in Unix seconds; encode it once and send it as it is."</li>
                <li>"Join by line breaks: the time, the method, the path, the query, and the SHA-256 of the body in hexadecimal (of nothing, for GET)."</li>
                <li>"Take the HMAC-SHA256 of that text, with the secret below as the key just as it is shown, in hexadecimal."</li>
                <li>"Append it as "<span class="mono">"&sig="</span>", the last parameter."</li>
            </ol>
            <p>"With a shell, the secret in "<span class="mono">"$SECRET"</span>" and the click id in "<span class="mono">"$CLICK_ID"</span>":"</p>
            <Code name="Signing with a shell" code=script/>
            <p class="hint">{format!("Campaign id: {}", campaign.campaign_id)}</p>
        </section>
    }
}

/// The secrets themselves are for whoever entered the password lately: with one of them orders are made up.
#[component]
fn Secrets(request: Request, campaign: Campaign, is_stepped_up: bool) -> impl IntoView {
    let action = ServerAction::<RotatePostbackSecret>::new();
    let newest = campaign.secret_version;
    let live = (1..=newest).rev().take(2);
    let confirm = forms::confirm_page(&integration_page_of(campaign.campaign_id));
    let locked = (!is_stepped_up).then(|| {
        view! {
            <p><a class="btn" href=confirm>"Show the secret"</a></p>
            <p class="hint">"Your password is asked for once more."</p>
        }
    });
    let secrets: Vec<_> = live
        .filter(|_| is_stepped_up)
        .map(|version| {
            let secret = request.app.secret_key.postback_secret(campaign.campaign_id, version);
            let word = if version == newest { "Show the secret" } else { "Show the secret before it" };
            view! {
                <details>
                    <summary>{format!("{word} (version {version})")}</summary>
                    <pre class="code" tabindex="0" aria-label="Secret"><code>{secret.as_str().to_owned()}</code></pre>
                </details>
            }
        })
        .collect();
    view! {
        <section class="section">
            <h2>"Secret of the signatures"</h2>
            <p>"Two versions are live at a time, so that you can change over without a gap."</p>
            <div class="stack">{secrets} {locked}</div>
            <ActionForm action=action>
                <Hidden name="campaign_id" value=campaign.campaign_id.to_string()/>
                <Hidden name="version" value=campaign.version.to_string()/>
                <Submit label="Make a new secret" class="btn"/>
            </ActionForm>
        </section>
    }
}

#[component]
fn JsonInterface(json: String) -> impl IntoView {
    view! {
        <section class="section">
            <h2>"JSON interface"</h2>
            <p>"The same report with a key of this campaign instead of a signature."</p>
            <Code name="A call of the JSON interface" code=json/>
            <p>
                <span class="mono">"items"</span>
                {format!(" may be left out. They say what was bought, at most {LINES_MAX} lines, and add up to the amount: quantity                     times unit_amount of all of them. Spread a discount over the lines, and leave out shipping and tax where                     the amount leaves them out. Where the terms pay another rate for a category or an SKU, each line is paid                     by its own; an order without items is paid as a whole. ")}
                <ReasonLink code=ReasonCode::ItemsMismatch.as_str()/>
            </p>
        </section>
    }
}

#[component]
fn Pixel(image: String) -> impl IntoView {
    view! {
        <section class="section">
            <h2>"Pixel"</h2>
            <p>"On the page that thanks for the order, with the order's own id and amount. Anybody can send it, so its \
                reports are unverified and wait for your review."</p>
            <Code name="The pixel" code=image/>
        </section>
    }
}

/// Reports that were only counted, where there were any today.
#[component]
fn Beyond(reports: i64) -> impl IntoView {
    let count = if reports == 1 { "1 report".to_owned() } else { format!("{reports} reports") };
    (reports > 0).then(|| view! {
        <div class="flash" role="note">
            <span>
                {format!("{count} beyond the quota today (UTC): anybody can send the pixel, so it makes only so many new \
                    orders a day. The others were refused and counted, not kept. Reports that are signed, or that come \
                    with a key, have no quota.")}
            </span>
        </div>
    })
}

#[component]
fn Latest(attempts: Vec<Attempt>, campaign_id: CampaignId, zone: Zone) -> impl IntoView {
    let log = requests_page_of(campaign_id);
    let content = if attempts.is_empty() {
        view! { <p>"No report has come in yet. Send a test above: its answer is here."</p> }.into_any()
    } else {
        requests::table("Latest reports", &log, &zone, attempts).into_any()
    };
    view! {
        <section class="section">
            <div class="section-head"><h2>"Latest reports"</h2><a href=log>"All requests"</a></div>
            {content}
        </section>
    }
}
