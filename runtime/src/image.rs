//! Images: the memory of one function version, mapped copy-on-write into every sandbox that runs it.

mod cache;
pub(crate) mod memory;
pub(crate) mod snapshot;

use std::sync::Arc;

use wasmtime::{InstancePre, Module};

pub(crate) use cache::ImageCache;

use crate::sandbox::Sandbox;

/// A function version, ready to be instantiated any number of times. Cheap to clone.
#[derive(Clone)]
pub struct Image {
    parts: Arc<ImageParts>,
}

struct ImageParts {
    digest: String,
    memory: InstancePre<Sandbox>,
    /// Its compiled functions.
    code: Option<Module>,
}

impl Image {
    pub(crate) fn new(digest: &str, memory: InstancePre<Sandbox>) -> Self {
        Self { parts: Arc::new(ImageParts { digest: digest.to_owned(), memory, code: None }) }
    }

    /// An image whose functions have the numbers of this code.
    pub(crate) fn with_code(digest: &str, memory: InstancePre<Sandbox>, code: Module) -> Self {
        Self { parts: Arc::new(ImageParts { digest: digest.to_owned(), memory, code: Some(code) }) }
    }

    /// SHA-256 of the image's bytes, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.parts.digest
    }

    pub(crate) fn memory(&self) -> &InstancePre<Sandbox> {
        &self.parts.memory
    }

    pub(crate) fn code(&self) -> Option<&Module> {
        self.parts.code.as_ref()
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Image").field(&self.parts.digest).finish()
    }
}
