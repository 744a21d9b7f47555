//! The real application over HTTP and the store on both databases: one binary, so that it links once.

mod crash;
mod fixtures;
mod links;
mod members;
mod page;
mod replay;
mod schema;
mod settlement;
mod shop;
mod story;
mod support;
mod tracking;
mod two_processes;
mod world;
