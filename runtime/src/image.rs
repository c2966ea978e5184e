//! Images: one memory picture a function version, mapped copy-on-write into every sandbox that runs it.

mod cache;
pub(crate) mod snapshot;

use std::sync::Arc;

use wasmtime::InstancePre;

pub(crate) use cache::ImageCache;

use crate::sandbox::Sandbox;

/// A function version, ready to be instantiated any number of times. Cheap to clone.
#[derive(Clone)]
pub struct Image {
    inner: Arc<Inner>,
}

struct Inner {
    digest: String,
    memory: InstancePre<Sandbox>,
}

impl Image {
    pub(crate) fn new(digest: &str, memory: InstancePre<Sandbox>) -> Self {
        Self { inner: Arc::new(Inner { digest: digest.to_owned(), memory }) }
    }

    /// SHA-256 of the image's bytes, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.inner.digest
    }

    pub(crate) fn memory(&self) -> &InstancePre<Sandbox> {
        &self.inner.memory
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Image").field(&self.inner.digest).finish()
    }
}
