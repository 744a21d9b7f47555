//! Pages of the network's admins.

mod campaigns;
mod conversions;
mod deposits;
mod find;
mod ledger;
mod notices;
mod overview;
mod parties;
mod payouts;
mod quality;
mod reports;
mod requests;
mod reviews;

pub use campaigns::Campaigns;
pub use conversions::Conversions;
pub use deposits::Deposits;
pub use find::Find;
pub use ledger::Ledger;
pub use notices::Notices;
pub use overview::Overview;
pub use parties::Parties;
pub use payouts::{PayoutRunPage, PayoutStep, Payouts};
pub use quality::Quality;
pub use reports::Reports;
pub use requests::{RequestPage, RequestsPage};
pub use reviews::{ReviewPage, ReviewsPage};
