//! Where a request comes from.

use std::net::IpAddr;

/// The client's address, found behind trusted proxies by the server's layer; in the extensions of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);
