//! Pages of publishers.

mod overview;

pub use overview::Overview;
