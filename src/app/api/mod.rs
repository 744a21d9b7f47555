//! Server functions: what forms and islands call. Named verb_noun; their bodies exist on the server only.

pub mod api_key;
pub mod campaign;
pub mod confirm;
pub mod coupon;
pub mod creative;
pub mod deposit;
pub mod enrollment;
pub mod figures;
pub mod link;
pub mod member;
pub mod notice;
pub mod party;
pub mod payout;
pub mod payout_details;
pub mod refund;
pub mod report;
pub mod review;
