//! What creatives' pages and forms share: checking what was entered, taking a banner's file, showing its image.

pub mod adding;
mod preview;
mod upload;

pub use preview::preview;
pub use upload::{FORM_BYTES_MAX, upload};
