//! The real application over HTTP and the store on both databases: one binary, so that it links once.

mod campaigns;
mod fixtures;
mod links;
mod members;
mod network;
mod page;
mod permutations;
mod receipts;
mod reports;
mod replay;
mod schema;
mod settlement;
mod shop;
mod story;
mod support;
mod tracking;
mod verify;
mod world;
