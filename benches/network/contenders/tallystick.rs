//! The product, as people run it: its own program, its default promise, a SQLite file.

use std::path::{Path, PathBuf};

use tallystick::store::Store;

use super::Contender;
use crate::plan::Plan;
use crate::process::on_core;
use crate::product;
use crate::seed::{Network, seed};

/// A database with links in it, closed.
pub struct Seeded {
    pub file: PathBuf,
    pub network: Network,
}

impl Seeded {
    pub async fn new(folder: &Path, name: &str, plan: &Plan) -> anyhow::Result<Self> {
        let file = folder.join(name);
        let store = Store::open(&url(&file)).await?;
        let network = seed(&store, plan.publishers, plan.campaigns, plan.links).await?;
        store.close().await;
        Ok(Self { file, network })
    }

    pub fn url(&self) -> String {
        url(&self.file)
    }

    pub fn slugs(&self) -> Vec<String> {
        self.network.links.iter().map(|link| link.slug.clone()).collect()
    }

    /// The same network in a file of its own.
    pub fn copy(&self, name: &str) -> anyhow::Result<PathBuf> {
        let copy = self.file.with_file_name(name);
        std::fs::copy(&self.file, &copy)?;
        Ok(copy)
    }
}

pub fn url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

/// `tallystick serve`; `more` are further flags.
pub fn start(name: &'static str, file: &Path, core: usize, more: &[&str]) -> anyhow::Result<Contender> {
    let mut command = on_core(core, Path::new(product::PROGRAM));
    command
        .args(["serve", "--listen-addr", "127.0.0.1:0", "--trusted-proxies", "127.0.0.1/32"])
        .args(["--secret-key", &product::key_text(), "--database-url", &url(file)])
        .args(more)
        .env("RUST_LOG", "warn");
    Contender::start(name, &mut command)
}
