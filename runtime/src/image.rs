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
    compiled: Option<CompiledFunctions>,
}

/// Compiled functions beside an image in which they have numbers.
struct CompiledFunctions {
    digest: String,
    code: Module,
}

impl Image {
    pub(crate) fn new(digest: &str, memory: InstancePre<Sandbox>) -> Self {
        Self { parts: Arc::new(ImageParts { digest: digest.to_owned(), memory, compiled: None }) }
    }

    /// The image of this digest with compiled functions, whose numbers the memory has.
    pub(crate) fn with_code(
        digest: &str,
        pair_digest: &str,
        memory: InstancePre<Sandbox>,
        code: Module,
    ) -> Self {
        let compiled = Some(CompiledFunctions { digest: pair_digest.to_owned(), code });
        Self { parts: Arc::new(ImageParts { digest: digest.to_owned(), memory, compiled }) }
    }

    /// SHA-256 of the image's bytes, in hexadecimal: as it was built, without compiled functions.
    pub fn digest(&self) -> &str {
        &self.parts.digest
    }

    /// Where functions of it are compiled: the digest of the image and their code together, in hexadecimal. The same one uses the
    /// same fuel for the same work.
    pub fn compiled_digest(&self) -> Option<&str> {
        self.parts.compiled.as_ref().map(|compiled| &*compiled.digest)
    }

    /// Under which name it is kept in memory.
    pub(crate) fn key(&self) -> &str {
        self.compiled_digest().unwrap_or(&self.parts.digest)
    }

    pub(crate) fn memory(&self) -> &InstancePre<Sandbox> {
        &self.parts.memory
    }

    pub(crate) fn code(&self) -> Option<&Module> {
        self.parts.compiled.as_ref().map(|compiled| &compiled.code)
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Image").field(&self.key()).finish()
    }
}
