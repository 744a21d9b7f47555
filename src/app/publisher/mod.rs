//! Pages of publishers.

mod campaigns;
mod conversions;
mod coupons;
mod creatives;
pub mod destinations;
mod find;
pub mod joining;
mod link;
mod link_builder;
mod link_edit;
mod link_fields;
pub mod link_making;
mod links;
mod notices;
mod overview;
mod payout_details;
mod payouts;
mod reports;
mod statement;
mod waiting;

pub use campaigns::{Campaigns, standing};
pub use conversions::Conversions;
pub use coupons::CouponsPage;
pub use creatives::CreativesPage;
pub use find::Find;
pub use link::LinkPage;
pub use link_builder::LinkBuilder;
pub use link_edit::EditLinkPage;
pub use links::Links;
pub use notices::Notices;
pub use overview::Overview;
pub use payout_details::{PayoutDetailsPage, page_of as payout_details_page};
pub use payouts::{Payouts, sentence as payout_sentence};
pub use reports::Reports;
pub use statement::StatementPage;
pub use waiting::Waiting;
