//! Tallystick: an affiliate network in one binary whose numbers every party can check.
//!
//! The modules depend on each other in this order, downwards only (ARCHITECTURE.md):
//!
//! - [`server`]: the process: commands, configuration, routes, layers, clock
//! - [`app`]: what people see: pages by role, server functions, islands
//! - [`tracking`], [`settlement`], [`reports`], [`creatives`]: clicks and conversions in; money afterwards; figures
//!   out; banners
//! - [`auth`]: who is calling
//! - [`store`]: SQL, for two databases
//! - [`domain`]: the rules, pure

#[macro_use]
pub mod domain;

#[cfg(feature = "ssr")]
pub mod auth;
#[cfg(feature = "ssr")]
pub mod creatives;
#[cfg(feature = "ssr")]
pub mod reports;
#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "ssr")]
pub mod settlement;
#[cfg(feature = "ssr")]
pub mod store;
#[cfg(feature = "ssr")]
pub mod tracking;

#[cfg(any(feature = "ssr", feature = "hydrate"))]
pub mod app;

/// Makes the islands of a page work; called by `boot.js`.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
