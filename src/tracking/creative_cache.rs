//! Creatives in memory: what a click on one leads to, and the images of banners, which never change.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::body::Bytes;

use crate::domain::ids::CreativeId;
use crate::store::creatives::{self, Creative};
use crate::store::{Store, StoreError};

/// Creatives kept at most; beyond that all are read again.
const CREATIVES_MAX: usize = 20_000;
/// Images kept at most, all together; beyond that all are read again.
const IMAGE_BYTES_MAX: usize = 64 * 1_024 * 1_024;

#[derive(Default)]
struct Known {
    /// The state of the routes that `creatives` are made from.
    version: u64,
    /// Nothing where there is none: a wrong id in a link costs one read.
    creatives: HashMap<CreativeId, Option<Arc<Creative>>>,
}

#[derive(Default)]
struct Images {
    bytes: usize,
    of: HashMap<CreativeId, Bytes>,
}

pub struct CreativeCache {
    store: Store,
    known: RwLock<Known>,
    images: RwLock<Images>,
}

impl CreativeCache {
    pub fn new(store: Store) -> Self {
        Self { store, known: RwLock::default(), images: RwLock::default() }
    }

    /// The creative of an id; nothing where there is none.
    pub async fn find(&self, id: CreativeId) -> Result<Option<Arc<Creative>>, StoreError> {
        let version = self.store.changes().routes_version();
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if known.version == version
                && let Some(creative) = known.creatives.get(&id)
            {
                return Ok(creative.clone());
            }
        }
        let creative = creatives::find(&mut self.store.read().await?, id).await?.map(Arc::new);
        self.keep(id, creative.clone(), version);
        Ok(creative)
    }

    /// Keeps what was read when the routes were at `version`, unless they changed since.
    fn keep(&self, id: CreativeId, creative: Option<Arc<Creative>>, version: u64) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let current = self.store.changes().routes_version();
        if known.version != current || known.creatives.len() >= CREATIVES_MAX {
            *known = Known { version: current, creatives: HashMap::new() };
        }
        if version == current {
            known.creatives.insert(id, creative);
        }
    }

    /// The image of a banner.
    pub async fn image(&self, id: CreativeId) -> Result<Bytes, StoreError> {
        if let Some(image) = self.images.read().unwrap_or_else(PoisonError::into_inner).of.get(&id) {
            return Ok(image.clone());
        }
        let image = Bytes::from(creatives::image(&mut self.store.read().await?, id).await?);
        let mut images = self.images.write().unwrap_or_else(PoisonError::into_inner);
        if images.bytes + image.len() > IMAGE_BYTES_MAX {
            *images = Images::default();
        }
        if images.of.insert(id, image.clone()).is_none() {
            images.bytes += image.len();
        }
        Ok(image)
    }
}
