//! Who may do what: a line for every route. `{name}` stands for an id of the world.

use super::world::ALL as EVERYBODY;
use super::world::Role::{self, A, Admin, B, X, Y};
use crate::members::PASSWORD;

const PUBLISHERS: &[Role] = &[A, B];
const ADVERTISERS: &[Role] = &[X, Y];
const ADMIN: &[Role] = &[Admin];
const MEMBERS: &[Role] = &[A, B, X, Y, Admin];
const NO_ONE: &[Role] = &[];

/// A request that changes nothing: route, address, who gets the status, and which.
pub struct Look(pub &'static str, pub &'static str, pub &'static [Role], pub u16);

/// A form: server function, its fields, who may send it.
pub struct Post(pub &'static str, pub &'static [(&'static str, &'static str)], pub &'static [Role]);

pub const LOOKS: &[Look] = &[
    Look("GET /healthz", "/healthz", EVERYBODY, 200),
    Look("GET /readyz", "/readyz", EVERYBODY, 200),
    Look("GET /favicon.ico", "/favicon.ico", EVERYBODY, 200),
    Look("GET /robots.txt", "/robots.txt", EVERYBODY, 200),
    Look("GET /pkg/{version}/{*file}", "/pkg/none/none", EVERYBODY, 404),
    // The demo's shop, which no other network has.
    Look("GET /demo/shop/{campaign}/{*page}", "/demo/shop/{x_live}/welcome", NO_ONE, 200),
    Look("GET /demo/order/{campaign}", "/demo/order/{x_live}?order_id=1", NO_ONE, 200),
    Look("GET /reports.csv", "/reports.csv?as=publisher&by=link", PUBLISHERS, 200),
    Look("GET /reports.csv", "/reports.csv?as=publisher&by=campaign", PUBLISHERS, 200),
    Look("GET /reports.csv", "/reports.csv?as=advertiser&by=publisher", ADVERTISERS, 200),
    Look("GET /reports.csv", "/reports.csv?as=admin&by=link", ADMIN, 200),
    Look("GET /reports.csv", "/reports.csv?as=nobody", NO_ONE, 200),
    Look("GET /reviews.csv", "/reviews.csv?as=advertiser&id={x_batch}", &[X], 200),
    Look("GET /reviews.csv", "/reviews.csv?as=admin&id={x_batch}", NO_ONE, 200),
    Look("GET /ledger.csv", "/ledger.csv?as=publisher", PUBLISHERS, 200),
    Look("GET /ledger.csv", "/ledger.csv?as=advertiser", ADVERTISERS, 200),
    Look("GET /ledger.csv", "/ledger.csv?as=advertiser&account=bank", NO_ONE, 200),
    Look("GET /ledger.csv", "/ledger.csv?as=admin&account={x_account}", ADMIN, 200),
    Look("GET /ledger.csv", "/ledger.csv?as=admin", ADMIN, 200),
    Look("GET /live/{role}", "/live/publisher", PUBLISHERS, 200),
    Look("GET /live/{role}", "/live/advertiser", ADVERTISERS, 200),
    Look("GET /live/{role}", "/live/admin", ADMIN, 200),
    Look("GET /creatives/{creative}/image", "/creatives/{x_banner}/image", &[A, B, X, Admin], 200),
    Look("ANY /c/{slug}", "/c/{a_slug}", EVERYBODY, 302),
    Look("ANY /c/{campaign}/{publisher}", "/c/{x_live}/{x}", EVERYBODY, 404),
    Look("GET /i/{creative}/{publisher}", "/i/{x_live}/{x}", EVERYBODY, 404),
    Look("GET /.well-known/gpc.json", "/.well-known/gpc.json", EVERYBODY, 200),
    Look("GET /t.js", "/t.js", EVERYBODY, 200),
    Look("ANY /postback", "/postback?campaign={x_live}&order_id=1", EVERYBODY, 401),
    Look("GET /pixel/{file}", "/pixel/none.gif", EVERYBODY, 422),
    Look("GET /", "/", EVERYBODY, 200),
    Look("GET /log-in", "/log-in", EVERYBODY, 200),
    Look("GET /sign-up", "/sign-up", EVERYBODY, 200),
    Look("GET /confirm", "/confirm?to=/publisher", MEMBERS, 200),
    Look("GET /campaigns", "/campaigns", EVERYBODY, 200),
    Look("GET /campaigns/{id}", "/campaigns/{x_live}", EVERYBODY, 200),
    Look("GET /campaigns/{id}", "/campaigns/{x_draft}", NO_ONE, 200),
    Look("GET /reasons", "/reasons", EVERYBODY, 200),
    Look("GET /reasons/{code}", "/reasons/flood", EVERYBODY, 200),
    Look("GET /reasons/{code}", "/reasons/nonsense", NO_ONE, 200),
    Look("GET /receipts/{id}", "/receipts/{pending}", &[A, X, Admin], 200),
    Look("GET /receipts/{id}", "/receipts/{rejected}", &[A, X, Admin], 200),
    Look("GET /publisher", "/publisher", PUBLISHERS, 200),
    Look("GET /publisher/campaigns", "/publisher/campaigns", PUBLISHERS, 200),
    Look("GET /publisher/links", "/publisher/links", PUBLISHERS, 200),
    Look("GET /publisher/links/new", "/publisher/links/new?campaign={x_draft}", PUBLISHERS, 200),
    Look("GET /publisher/links/{id}", "/publisher/links/{a_link}", &[A], 200),
    Look("GET /publisher/links/{id}/edit", "/publisher/links/{a_link}/edit", &[A], 200),
    Look("GET /publisher/creatives", "/publisher/creatives?campaign={x_live}", PUBLISHERS, 200),
    Look("GET /publisher/coupons", "/publisher/coupons", PUBLISHERS, 200),
    Look("GET /publisher/conversions", "/publisher/conversions", PUBLISHERS, 200),
    Look("GET /publisher/find", "/publisher/find", PUBLISHERS, 200),
    Look("GET /publisher/find", "/publisher/find?q={pending}", PUBLISHERS, 200),
    Look("GET /publisher/payouts", "/publisher/payouts", PUBLISHERS, 200),
    Look("GET /publisher/payout-details", "/publisher/payout-details?method=paypal", PUBLISHERS, 200),
    Look("GET /publisher/payouts/statement", "/publisher/payouts/statement", PUBLISHERS, 200),
    Look("GET /publisher/notices", "/publisher/notices", PUBLISHERS, 200),
    Look("GET /publisher/reports", "/publisher/reports?by=link", PUBLISHERS, 200),
    Look("GET /publisher/reports", "/publisher/reports?by=publisher", PUBLISHERS, 200),
    Look("GET /publisher/reports", "/publisher/reports?by=advertiser&campaign={y_live}&link={a_link}", PUBLISHERS, 200),
    Look("GET /advertiser", "/advertiser", ADVERTISERS, 200),
    Look("GET /advertiser/campaigns", "/advertiser/campaigns", ADVERTISERS, 200),
    Look("GET /advertiser/campaigns/new", "/advertiser/campaigns/new", ADVERTISERS, 200),
    Look("GET /advertiser/campaigns/{id}", "/advertiser/campaigns/{x_live}", &[X], 200),
    Look("GET /advertiser/campaigns/{id}", "/advertiser/campaigns/{x_draft}", &[X], 200),
    Look("GET /advertiser/campaigns/{id}/edit", "/advertiser/campaigns/{x_draft}/edit", &[X], 200),
    Look("GET /advertiser/campaigns/{id}/integration", "/advertiser/campaigns/{x_live}/integration", &[X], 200),
    Look(
        "GET /advertiser/campaigns/{id}/integration/{platform}",
        "/advertiser/campaigns/{x_live}/integration/php",
        &[X],
        200,
    ),
    Look(
        "GET /advertiser/campaigns/{id}/integration/{platform}",
        "/advertiser/campaigns/{x_live}/integration/cobol",
        NO_ONE,
        200,
    ),
    Look("GET /advertiser/campaigns/{id}/requests", "/advertiser/campaigns/{x_live}/requests", &[X], 200),
    Look(
        "GET /advertiser/campaigns/{id}/requests/{request}",
        "/advertiser/campaigns/{x_live}/requests/{x_attempt}",
        &[X],
        200,
    ),
    // Not under another campaign, be it one's own.
    Look(
        "GET /advertiser/campaigns/{id}/requests/{request}",
        "/advertiser/campaigns/{y_live}/requests/{x_attempt}",
        NO_ONE,
        200,
    ),
    Look("GET /advertiser/campaigns/{id}/coupons", "/advertiser/campaigns/{x_live}/coupons", &[X], 200),
    Look("GET /advertiser/campaigns/{id}/creatives", "/advertiser/campaigns/{x_live}/creatives", &[X], 200),
    Look("GET /advertiser/campaigns/{id}/creatives/new", "/advertiser/campaigns/{x_live}/creatives/new", &[X], 200),
    Look(
        "GET /advertiser/campaigns/{id}/creatives/{creative}",
        "/advertiser/campaigns/{x_live}/creatives/{x_banner}",
        &[X],
        200,
    ),
    Look("GET /advertiser/campaigns/{id}/quality", "/advertiser/campaigns/{x_live}/quality?seconds=9", &[X], 200),
    Look("GET /advertiser/campaigns/{id}/uploads", "/advertiser/campaigns/{x_live}/uploads", &[X], 200),
    Look(
        "GET /advertiser/campaigns/{id}/uploads/{upload}",
        "/advertiser/campaigns/{x_live}/uploads/{x_upload}",
        &[X],
        200,
    ),
    Look(
        "GET /advertiser/campaigns/{id}/uploads/{upload}",
        "/advertiser/campaigns/{y_live}/uploads/{x_upload}",
        NO_ONE,
        200,
    ),
    Look("GET /advertiser/publishers", "/advertiser/publishers", ADVERTISERS, 200),
    Look("GET /advertiser/conversions", "/advertiser/conversions", ADVERTISERS, 200),
    Look("GET /advertiser/reviews", "/advertiser/reviews", ADVERTISERS, 200),
    Look("GET /advertiser/reviews/{id}", "/advertiser/reviews/{x_batch}", &[X], 200),
    Look("GET /advertiser/find", "/advertiser/find", ADVERTISERS, 200),
    Look("GET /advertiser/find", "/advertiser/find?q={pending}", ADVERTISERS, 200),
    Look("GET /advertiser/find", "/advertiser/find?q={rejected}", ADVERTISERS, 200),
    Look("GET /advertiser/balance", "/advertiser/balance", ADVERTISERS, 200),
    Look("GET /advertiser/balance/statement", "/advertiser/balance/statement", ADVERTISERS, 200),
    Look("GET /advertiser/notices", "/advertiser/notices", ADVERTISERS, 200),
    Look("GET /advertiser/reports", "/advertiser/reports?by=publisher", ADVERTISERS, 200),
    Look("GET /advertiser/reports", "/advertiser/reports?by=link&campaign={x_live}", ADVERTISERS, 200),
    Look("GET /admin", "/admin", ADMIN, 200),
    Look("GET /admin/reports", "/admin/reports?by=link", ADMIN, 200),
    Look("GET /admin/quality", "/admin/quality", ADMIN, 200),
    Look("GET /admin/parties", "/admin/parties", ADMIN, 200),
    Look("GET /admin/campaigns", "/admin/campaigns", ADMIN, 200),
    Look("GET /admin/conversions", "/admin/conversions", ADMIN, 200),
    Look("GET /admin/conversions", "/admin/conversions?state=handed_over", ADMIN, 200),
    Look("GET /admin/requests", "/admin/requests?order_id=heron", ADMIN, 200),
    Look("GET /admin/requests/{request}", "/admin/requests/{x_attempt}", ADMIN, 200),
    Look("GET /admin/reviews", "/admin/reviews", ADMIN, 200),
    // Advertisers' own are theirs alone.
    Look("GET /admin/reviews/{id}", "/admin/reviews/{x_batch}", NO_ONE, 200),
    Look("GET /admin/find", "/admin/find", ADMIN, 200),
    Look("GET /admin/find", "/admin/find?q=storkorder-0001", ADMIN, 200),
    Look("GET /admin/payouts", "/admin/payouts", ADMIN, 200),
    Look("GET /admin/payouts/{id}", "/admin/payouts/{run}", ADMIN, 200),
    Look("GET /admin/deposits", "/admin/deposits", ADMIN, 200),
    Look("GET /admin/ledger", "/admin/ledger", ADMIN, 200),
    Look("GET /admin/ledger/{id}", "/admin/ledger/{x_account}", ADMIN, 200),
    Look("GET /admin/notices", "/admin/notices", ADMIN, 200),
];

/// The form of a campaign, valid as it stands.
macro_rules! draft {
    ($($field:expr),*) => {
        &[
            $($field,)*
            ("draft[name]", "Another"),
            ("draft[landing_url]", "https://shop.example/"),
            ("draft[sale_rate]", "11"),
            ("draft[window]", "8"),
            ("draft[terms_text]", "Other terms"),
        ]
    };
}

/// Sent as a form with a file.
pub const UPLOAD: &str = "/creatives/upload";
pub const CSV_UPLOAD: &str = "/uploads";
pub const REVIEWS_UPLOAD: &str = "/reviews";

const KEEP: (&str, &str) = ("version", "1");
const PAYPAL: &str = "money@finches.example";

/// Sent in this order by those who may, after everybody else was refused.
pub const POSTS: &[Post] = &[
    Post("/api/sign_up", &[], EVERYBODY),
    Post("/api/log_in", &[], EVERYBODY),
    Post("/api/live_overview", &[("role", "publisher"), ("query", "")], PUBLISHERS),
    Post("/api/live_overview", &[("role", "advertiser"), ("query", "campaign={x_live}")], ADVERTISERS),
    Post("/api/live_overview", &[("role", "admin"), ("query", "")], ADMIN),
    Post("/api/create_campaign", draft!(), ADVERTISERS),
    Post("/api/update_campaign", draft!(("campaign_id", "{x_draft}"), KEEP), &[X]),
    Post("/api/submit_campaign", &[("campaign_id", "{x_draft}"), ("version", "2")], &[X]),
    Post(
        "/api/decide_campaign",
        &[("campaign_id", "{x_draft}"), ("version", "3"), ("state", "declined"), ("reason", "no")],
        ADMIN,
    ),
    Post("/api/submit_campaign", &[("campaign_id", "{x_draft}"), ("version", "4")], &[X]),
    Post("/api/withdraw_campaign", &[("campaign_id", "{x_draft}"), ("version", "5")], &[X]),
    Post("/api/pause_campaign", &[("campaign_id", "{x_other}"), ("version", "3")], &[X]),
    Post("/api/resume_campaign", &[("campaign_id", "{x_other}"), ("version", "4")], &[X]),
    Post(
        "/api/decide_enrollment",
        &[("enrollment_id", "{x_enrollment}"), KEEP, ("state", "approved"), ("reason", "")],
        &[X],
    ),
    Post(
        "/api/create_text_creative",
        &[("campaign_id", "{x_live}"), ("name", "Words"), ("words", "Boots"), ("destination", "")],
        &[X],
    ),
    Post(UPLOAD, &[("campaign_id", "{x_live}"), ("name", "Another"), ("words", "Boots")], &[X]),
    Post(CSV_UPLOAD, &[("campaign_id", "{x_live}")], &[X]),
    Post("/api/record_upload", &[("campaign_id", "{y_live}"), ("upload_id", "{x_upload}")], NO_ONE),
    Post("/api/record_upload", &[("campaign_id", "{x_live}"), ("upload_id", "{x_upload}")], &[X]),
    Post(
        "/api/update_creative",
        &[("creative_id", "{x_banner}"), ("version", "1"), ("name", "Finchbanner"), ("words", "Boots")],
        &[X],
    ),
    Post("/api/pause_creative", &[("creative_id", "{x_banner}")], &[X]),
    Post("/api/resume_creative", &[("creative_id", "{x_banner}")], &[X]),
    Post(
        "/api/create_coupon",
        &[("campaign_id", "{x_live}"), ("publisher_id", "{a}"), ("code", "ANOTHER"), ("valid_from", "")],
        &[X],
    ),
    Post("/api/end_coupon", &[("coupon_id", "{x_coupon}")], &[X]),
    Post("/api/create_api_key", &[("campaign_id", "{x_live}"), ("name", "Another")], &[X]),
    Post("/api/revoke_api_key", &[("api_key_id", "{x_key}")], &[X]),
    Post("/api/replay_report", &[("campaign_id", "{y_live}"), ("attempt_id", "{x_attempt}")], NO_ONE),
    Post("/api/replay_report", &[("campaign_id", "{x_live}"), ("attempt_id", "{x_attempt}")], &[X]),
    Post("/api/send_test", &[("campaign_id", "{x_live}"), ("test_order_id", "T1"), ("test_event", "sale")], &[X]),
    Post("/api/rotate_postback_secret", &[("campaign_id", "{x_live}"), ("version", "3")], &[X]),
    Post("/api/decide_party", &[("party_id", "{party}"), KEEP, ("state", "admitted"), ("reason", "")], ADMIN),
    Post(
        "/api/apply_to_campaign",
        &[("campaign_id", "{x_draft}"), ("terms_version", "1"), ("accepted", "true")],
        NO_ONE,
    ),
    Post(
        "/api/apply_to_campaign",
        &[("campaign_id", "{y_live}"), ("terms_version", "1"), ("accepted", "true")],
        PUBLISHERS,
    ),
    Post("/api/create_link", &[("campaign_id", "{x_draft}"), ("name", "Mine")], NO_ONE),
    Post("/api/create_link", &[("campaign_id", "{x_live}"), ("name", "Mine")], PUBLISHERS),
    Post(REVIEWS_UPLOAD, &[("kind", "publisher")], NO_ONE),
    Post(REVIEWS_UPLOAD, &[("kind", "advertiser")], ADVERTISERS),
    Post(
        "/api/prepare_reviews",
        &[("kind", "advertiser"), ("which", "ticked"), ("batch_action", "approve"), ("ids[]", "{pending}")],
        &[X],
    ),
    Post("/api/run_reviews", &[("kind", "network"), ("review_batch_id", "{x_batch}")], NO_ONE),
    Post("/api/run_reviews", &[("kind", "advertiser"), ("review_batch_id", "{x_batch}")], &[X]),
    Post("/api/see_notices", &[("kind", "advertiser"), ("ids[]", "{x_notice}")], &[X]),
    Post("/api/update_link", &[("link_id", "{a_link}"), ("version", "2"), ("name", "finchlink")], &[A]),
    Post("/api/pause_link", &[("link_id", "{a_link}")], &[A]),
    Post("/api/resume_link", &[("link_id", "{a_link}")], &[A]),
    Post(
        "/api/approve_conversion",
        &[("conversion_id", "{pending}"), KEEP, ("kind", "publisher"), ("filter", "")],
        NO_ONE,
    ),
    Post(
        "/api/reject_conversion",
        &[
            ("conversion_id", "{second}"),
            ("version", "1"),
            ("kind", "advertiser"),
            ("filter", ""),
            ("reason", "duplicate_order"),
        ],
        &[X],
    ),
    Post(
        "/api/release_hold",
        &[("conversion_id", "{held}"), KEEP, ("kind", "advertiser"), ("filter", ""), ("why", "Known.")],
        &[X],
    ),
    Post(
        "/api/approve_conversion",
        &[("conversion_id", "{pending}"), KEEP, ("kind", "advertiser"), ("filter", "")],
        &[X],
    ),
    Post("/api/approve_conversion", &[("conversion_id", "{third}"), KEEP, ("kind", "network"), ("filter", "")], ADMIN),
    Post(
        "/api/refund_conversion",
        &[
            ("conversion_id", "{pending}"),
            ("version", "2"),
            ("kind", "publisher"),
            ("reference", "by hand 1"),
            ("amount", "0.01"),
            ("refund_reason", "partial_return"),
        ],
        NO_ONE,
    ),
    Post(
        "/api/refund_conversion",
        &[
            ("conversion_id", "{pending}"),
            ("version", "2"),
            ("kind", "advertiser"),
            ("reference", "by hand 1"),
            ("amount", "0.01"),
            ("refund_reason", "partial_return"),
        ],
        &[X],
    ),
    Post(
        "/api/reverse_conversion",
        &[
            ("conversion_id", "{third}"),
            ("version", "2"),
            ("kind", "advertiser"),
            ("reverse_reason", "order_cancelled"),
        ],
        &[X],
    ),
    Post(
        "/api/book_deposit",
        &[("advertiser_id", "{x}"), ("amount", "5.00"), ("currency", "EUR"), ("reference", "another")],
        ADMIN,
    ),
    Post("/api/propose_payouts", &[("currency", "EUR")], ADMIN),
    Post(
        "/api/approve_payout_run",
        &[("payout_run_id", "{run}"), KEEP, ("payouts", "2"), ("total_minor", "1800")],
        ADMIN,
    ),
    Post("/api/mark_payout_paid", &[("payout_id", "{payout}"), ("version", "2"), ("reference", "R1")], ADMIN),
    Post("/api/return_payout", &[("payout_id", "{payout}"), ("version", "3"), ("reason", "closed")], ADMIN),
    Post("/api/mark_payout_sent", &[("payout_id", "{payout_2}"), ("version", "2")], ADMIN),
    Post("/api/fail_payout", &[("payout_id", "{payout_2}"), ("version", "3"), ("reason", "closed")], ADMIN),
    Post(
        "/api/release_destination",
        &[
            ("publisher_id", "{a}"),
            ("payout_details_id", "{a_details}"),
            ("seen", "{n_details}"),
            ("reason", "finchreason"),
        ],
        ADMIN,
    ),
    Post(
        "/api/change_payout_details",
        &[KEEP, ("details[method]", "paypal"), ("details[paypal_email]", PAYPAL), ("password", PASSWORD)],
        PUBLISHERS,
    ),
    Post("/api/confirm_password", &[("password", PASSWORD), ("to", "/publisher")], MEMBERS),
    Post("/api/log_out", &[], EVERYBODY),
];

/// What changes nothing also when it is heard: it only reads, or there is nothing left to approve.
pub const CHANGES_NOTHING: &[&str] = &["/api/live_overview", "/api/approve_payout_run", "/api/confirm_password"];

/// Called by shops with a key: without one they are refused, whoever is logged in.
pub const BY_KEY: &[&str] = &["/api/v1/conversions", "/api/v1/refunds"];

/// Called by advertisers' pages with a click id, which alone decides: see `landing.rs`.
pub const BY_CLICK: &[&str] = &["/landing"];

/// Where each role begins.
pub const STARTS: &[(Role, &str)] = &[
    (Role::Nobody, "/"),
    (A, "/publisher"),
    (B, "/publisher"),
    (X, "/advertiser"),
    (Y, "/advertiser"),
    (Admin, "/admin"),
];
