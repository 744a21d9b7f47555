//! Every page and its path.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::any_nested_route::{AnyNestedRoute, IntoAnyNestedRoute};
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::path;

use super::receipt::ReceiptPage;
use super::statement::AccountPage;
use super::visitor::{
    CampaignPage, Campaigns, ConfirmPage, Home, LogInPage, NotFoundPage, ReasonPage, Reasons, SignUpPage,
};
use super::{admin, advertiser, publisher};

/// The pages; the document around them is in `shell`.
#[component]
pub fn Pages() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <FlatRoutes fallback=NotFoundPage>
                <CommonPages/>
                <PublisherPages/>
                <AdvertiserPages/>
                <AdminPages/>
            </FlatRoutes>
        </Router>
    }
}

/// Pages of no role: what everybody may see, the ways in, receipts.
#[component(transparent)]
fn CommonPages() -> AnyNestedRoute {
    view! {
        <Route path=path!("/") view=Home/>
        <Route path=path!("/log-in") view=LogInPage/>
        <Route path=path!("/confirm") view=ConfirmPage/>
        <Route path=path!("/sign-up") view=SignUpPage/>
        <Route path=path!("/campaigns") view=Campaigns/>
        <Route path=path!("/campaigns/:id") view=CampaignPage/>
        <Route path=path!("/reasons") view=Reasons/>
        <Route path=path!("/reasons/:code") view=ReasonPage/>
        <Route path=path!("/receipts/:id") view=ReceiptPage/>
    }
    .into_inner()
    .into_any_nested_route()
}

/// Pages of publishers.
#[component(transparent)]
fn PublisherPages() -> AnyNestedRoute {
    view! {
        <Route path=path!("/publisher") view=publisher::Overview/>
        <Route path=path!("/publisher/campaigns") view=publisher::Campaigns/>
        <Route path=path!("/publisher/links") view=publisher::Links/>
        <Route path=path!("/publisher/links/new") view=publisher::LinkBuilder/>
        <Route path=path!("/publisher/links/:id") view=publisher::LinkPage/>
        <Route path=path!("/publisher/links/:id/edit") view=publisher::EditLinkPage/>
        <Route path=path!("/publisher/coupons") view=publisher::CouponsPage/>
        <Route path=path!("/publisher/creatives") view=publisher::CreativesPage/>
        <Route path=path!("/publisher/conversions") view=publisher::Conversions/>
        <Route path=path!("/publisher/find") view=publisher::Find/>
        <Route path=path!("/publisher/payouts") view=publisher::Payouts/>
        <Route path=path!("/publisher/payout-details") view=publisher::PayoutDetailsPage/>
        <Route path=path!("/publisher/payouts/statement") view=publisher::StatementPage/>
        <Route path=path!("/publisher/notices") view=publisher::Notices/>
        <Route path=path!("/publisher/reports") view=publisher::Reports/>
    }
    .into_inner()
    .into_any_nested_route()
}

/// Pages of advertisers.
#[component(transparent)]
fn AdvertiserPages() -> AnyNestedRoute {
    view! {
        <Route path=path!("/advertiser") view=advertiser::Overview/>
        <Route path=path!("/advertiser/campaigns") view=advertiser::CampaignsPage/>
        <Route path=path!("/advertiser/campaigns/new") view=advertiser::NewCampaignPage/>
        <Route path=path!("/advertiser/campaigns/:id") view=advertiser::CampaignPage/>
        <Route path=path!("/advertiser/campaigns/:id/edit") view=advertiser::EditCampaignPage/>
        <Route path=path!("/advertiser/campaigns/:id/integration") view=advertiser::IntegrationPage/>
        <Route path=path!("/advertiser/campaigns/:id/integration/:platform") view=advertiser::RecipePage/>
        <Route path=path!("/advertiser/campaigns/:id/requests") view=advertiser::RequestsPage/>
        <Route path=path!("/advertiser/campaigns/:id/requests/:request") view=advertiser::RequestPage/>
        <Route path=path!("/advertiser/campaigns/:id/coupons") view=advertiser::CouponsPage/>
        <Route path=path!("/advertiser/campaigns/:id/creatives") view=advertiser::CreativesPage/>
        <Route path=path!("/advertiser/campaigns/:id/creatives/new") view=advertiser::NewCreativePage/>
        <Route path=path!("/advertiser/campaigns/:id/creatives/:creative") view=advertiser::EditCreativePage/>
        <Route path=path!("/advertiser/campaigns/:id/quality") view=advertiser::QualityPage/>
        <Route path=path!("/advertiser/campaigns/:id/uploads") view=advertiser::UploadsPage/>
        <Route path=path!("/advertiser/campaigns/:id/uploads/:upload") view=advertiser::UploadPage/>
        <Route path=path!("/advertiser/publishers") view=advertiser::PublishersPage/>
        <Route path=path!("/advertiser/conversions") view=advertiser::Conversions/>
        <Route path=path!("/advertiser/reviews") view=advertiser::ReviewsPage/>
        <Route path=path!("/advertiser/reviews/:id") view=advertiser::ReviewPage/>
        <Route path=path!("/advertiser/find") view=advertiser::Find/>
        <Route path=path!("/advertiser/balance") view=advertiser::BalancePage/>
        <Route path=path!("/advertiser/balance/statement") view=advertiser::StatementPage/>
        <Route path=path!("/advertiser/notices") view=advertiser::Notices/>
        <Route path=path!("/advertiser/reports") view=advertiser::Reports/>
    }
    .into_inner()
    .into_any_nested_route()
}

/// Pages of the network's admins.
#[component(transparent)]
fn AdminPages() -> AnyNestedRoute {
    view! {
        <Route path=path!("/admin") view=admin::Overview/>
        <Route path=path!("/admin/reports") view=admin::Reports/>
        <Route path=path!("/admin/parties") view=admin::Parties/>
        <Route path=path!("/admin/quality") view=admin::Quality/>
        <Route path=path!("/admin/campaigns") view=admin::Campaigns/>
        <Route path=path!("/admin/conversions") view=admin::Conversions/>
        <Route path=path!("/admin/requests") view=admin::RequestsPage/>
        <Route path=path!("/admin/requests/:request") view=admin::RequestPage/>
        <Route path=path!("/admin/reviews") view=admin::ReviewsPage/>
        <Route path=path!("/admin/reviews/:id") view=admin::ReviewPage/>
        <Route path=path!("/admin/find") view=admin::Find/>
        <Route path=path!("/admin/payouts") view=admin::Payouts/>
        <Route path=path!("/admin/payouts/:id") view=admin::PayoutRunPage/>
        <Route path=path!("/admin/deposits") view=admin::Deposits/>
        <Route path=path!("/admin/ledger") view=admin::Ledger/>
        <Route path=path!("/admin/ledger/:id") view=AccountPage/>
        <Route path=path!("/admin/notices") view=admin::Notices/>
    }
    .into_inner()
    .into_any_nested_route()
}
