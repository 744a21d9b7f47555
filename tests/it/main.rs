//! The real application over HTTP and the store on both databases: one binary, so that it links once.

mod fixtures;
mod links;
mod live;
mod members;
mod network;
mod page;
mod receipts;
mod reports;
mod schema;
mod settlement;
mod shop;
mod story;
mod support;
mod tracking;
mod verify;
mod world;
