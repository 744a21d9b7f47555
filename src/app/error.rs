//! What can go wrong for a person, as a closed set: nothing else ever leaves the server.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// Why a page or an action did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum ApiError {
    #[error("You are not logged in.")]
    Unauthenticated,
    #[error("You may not do this.")]
    Forbidden,
    /// The password was not entered lately enough for this. Programs know it by this name.
    #[error("Enter your password again before you do this.")]
    #[serde(rename = "reauth")]
    Reauth,
    /// Nothing with this id exists, or it belongs to somebody else: the two are answered alike.
    #[error("Nothing is here.")]
    NotFound,
    /// What was entered cannot be taken; the form shows why.
    #[error("{message}")]
    Invalid { field: String, message: String },
    #[error("Somebody else changed this in the meantime: look again and repeat.")]
    Conflict,
    #[error("The network is busy: please try again in a moment.")]
    Unavailable,
}

impl ApiError {
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.to_owned(), message: message.into() }
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::Forbidden | Self::Reauth => 403,
            Self::NotFound => 404,
            Self::Invalid { .. } => 422,
            Self::Conflict => 409,
            Self::Unavailable => 503,
        }
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    /// What a client sent could not be read (or an answer could not be written): never with inner texts.
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                Self::invalid("", "Something in this form is missing or malformed.")
            }
            _ => Self::Unavailable,
        }
    }
}
