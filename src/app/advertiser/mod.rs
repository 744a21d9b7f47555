//! Pages of advertisers.

mod overview;

pub use overview::Overview;
