//! Pages of the network's admins.

mod overview;
mod parties;

pub use overview::Overview;
pub use parties::Parties;
