//! Islands: small parts of a page that become livelier where scripts run. The page works without them.
//!
//! Rule (web.md): no Resource, LocalResource, Suspense or ErrorBoundary in here; props, actions, signals, events only.

mod copy_code;
mod copy_text;
mod live_region;
mod password_input;

pub use copy_code::CopyCode;
pub use copy_text::CopyText;
pub use live_region::LiveRegion;
pub use password_input::PasswordInput;
