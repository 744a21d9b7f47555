//! hyper alone, with a redirect that knows nothing: the least that a server of this kind costs.

use super::serve::{found, serve};

pub async fn run() -> anyhow::Result<()> {
    let location = "https://www.shop.example/boots/compare?click_id=0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    serve(move |_| async move { found(location) }).await
}
