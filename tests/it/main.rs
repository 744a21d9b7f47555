//! The real application over HTTP and the store on both databases: one binary, so that it links once.

mod access;
mod campaigns;
mod crash;
mod demo;
mod demo_figures;
mod fixtures;
mod links;
mod live;
mod members;
mod network;
mod page;
mod permutations;
mod receipts;
mod recreated;
mod replay;
mod reports;
mod schema;
mod settlement;
mod shop;
mod story;
mod support;
mod tracking;
mod tracking_refused;
mod two_processes;
mod verify;
mod world;
