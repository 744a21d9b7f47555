//! The real application over HTTP and the store on both databases: one binary, so that it links once.

mod demo;
mod fixtures;
mod links;
mod members;
mod page;
mod schema;
mod settlement;
mod shop;
mod story;
mod support;
mod tracking;
mod world;
