//! Pages of publishers.

mod campaigns;
pub mod destinations;
pub mod joining;
mod link;
mod link_builder;
pub mod link_making;
mod links;
mod overview;
mod waiting;

pub use campaigns::{Campaigns, standing};
pub use link::LinkPage;
pub use link_builder::LinkBuilder;
pub use links::Links;
pub use overview::Overview;
pub use waiting::Waiting;
