//! Pages of the network's admins.

mod campaigns;
mod overview;
mod parties;

pub use campaigns::Campaigns;
pub use overview::Overview;
pub use parties::Parties;
