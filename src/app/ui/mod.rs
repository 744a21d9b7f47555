//! Small components on native elements; they compile for the browser too, so that islands may use them.

pub mod field;
pub mod text;

pub use field::{Check, Field, Hidden, PasswordField, QuantityField, Select, Submit, TextArea};
pub use text::{Icon, ReasonLink, StatusTag};

/// The folder of the assets, `/pkg/{version}`, given to every page by its handler.
#[derive(Debug, Clone)]
pub struct AssetBase(pub std::sync::Arc<str>);
