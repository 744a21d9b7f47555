//! WHO IS CALLING: members, their passwords and sessions, keys for programs, and the brake on guessing.
//!
//! Everything here ends in a domain type: a [`Viewer`](crate::domain::party::Viewer), a member, an API key.

pub mod address;
pub mod api_key;
#[cfg(test)]
mod fixtures;
pub mod members;
#[cfg(test)]
mod members_tests;
pub mod networks;
pub mod password;
pub mod sealing;
pub mod session;
pub mod session_store;
pub mod throttle;
