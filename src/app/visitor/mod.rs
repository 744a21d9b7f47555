//! Pages that everybody may see.

mod campaign;
mod campaigns;
mod confirm;
mod home;
mod log_in;
mod reasons;
mod sign_up;

pub use campaign::CampaignPage;
pub use campaigns::Campaigns;
pub use confirm::ConfirmPage;
pub use home::{Home, NotFoundPage};
pub use log_in::LogInPage;
pub use reasons::{ReasonPage, Reasons};
pub use sign_up::SignUpPage;
