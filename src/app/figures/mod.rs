//! Figures on pages: the overviews and reports of all three roles, the CSV file, and the live stream. They differ in
//! what a role may see, never in how a figure is computed.

mod download;
mod effect;
mod landed;
mod overview;
mod overview_facts;
mod parts;
mod quality;
mod range_bar;
mod report;
mod tables;

pub use download::{kind_of, live, report_csv};
pub use landed::{LANDED_HEAD, Landed, quality, silence};
pub use overview::{overview_html, overview_page};
pub use parts::root;
pub use quality::{Scope, quality_rules};
pub use report::report_page;
