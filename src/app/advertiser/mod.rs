//! Pages of advertisers.

mod balance;
mod campaign;
mod campaign_fields;
mod campaign_rates;
mod campaigns;
mod conversions;
mod coupons;
mod creatives;
mod edit;
mod find;
mod integration;
mod integration_events;
mod integration_keys;
mod integration_samples;
mod integration_test;
mod key_fields;
mod notices;
mod overview;
mod publishers;
mod quality;
mod recipe;
mod recipe_book;
mod reports;
mod requests;
mod reviews;
mod statement;
mod steps;
mod telling;
mod uploads;

pub use balance::BalancePage;
pub use campaign::CampaignPage;
pub use campaigns::CampaignsPage;
pub use conversions::Conversions;
pub use coupons::CouponsPage;
pub use creatives::{CreativesPage, EditCreativePage, NewCreativePage, Preview, switch_creative};
pub use edit::{EditCampaignPage, NewCampaignPage};
pub use find::Find;
pub use integration::IntegrationPage;
pub use key_fields::KeyFields;
pub use notices::Notices;
pub use overview::Overview;
pub use publishers::PublishersPage;
pub use quality::QualityPage;
pub use recipe::RecipePage;
pub use reports::Reports;
pub use requests::{RequestPage, RequestsPage};
pub use reviews::{ReviewPage, ReviewsPage};
pub use statement::StatementPage;
pub use steps::{
    API_KEYS_MAX, CAMPAIGNS_MAX, NEW_API_KEY, advertiser_of, integration_page_of, make_step, page_of, requests_page_of,
    step_of_form, uploads_page_of,
};
pub use telling::tell_publishers;
pub use uploads::{UploadPage, UploadsPage};
