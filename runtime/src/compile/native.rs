//! Hot functions of an image, from QuickJS's bytecode to WebAssembly: docs/decisions/0044-native-code.md.
//!
//! Nothing here runs a guest, and nothing is unsafe: bytes of an image go in, bytes of a module come out, which wasmtime
//! validates like any other. What a hostile image says is looked at with bounds, and refused with a [`NativeError`].

mod emit;
mod error;
mod facts;
mod flow;
mod kind;
pub(crate) mod layout;
pub(crate) mod module;
mod op;
pub(crate) mod read;
#[cfg(test)]
mod tests;
mod word;

pub use error::NativeError;

use std::collections::HashSet;

use crate::digest::sha256_hex;
use crate::image::snapshot::{memory_of, snapshot};
use layout::Layout;
use module::{Translated, translate};
use read::{Picture, functions_of};

/// The memory of an image, at most.
const MEMORY_BYTES_MAX: usize = 512 << 20;

/// All of this compiler's text: another text may make other code of a function.
const SOURCES: &[&str] = &[
    include_str!("native.rs"),
    include_str!("native/emit.rs"),
    include_str!("native/emit/call.rs"),
    include_str!("native/emit/control.rs"),
    include_str!("native/emit/number.rs"),
    include_str!("native/emit/object.rs"),
    include_str!("native/emit/value.rs"),
    include_str!("native/facts.rs"),
    include_str!("native/flow.rs"),
    include_str!("native/kind.rs"),
    include_str!("native/layout.rs"),
    include_str!("native/module.rs"),
    include_str!("native/op.rs"),
    include_str!("native/read.rs"),
    include_str!("native/word.rs"),
];

/// Which compiler this is: the same one makes the same code of the same functions.
pub(crate) fn compiler_digest() -> String {
    sha256_hex(SOURCES.concat().as_bytes())
}

/// Which functions of an image are compiled.
#[derive(Debug, Clone)]
pub struct HotFunctions {
    /// All of them that are not the platform's, instead of `addresses`.
    pub all: bool,
    /// Where their bytecode lies in the image, those that matter most first. What lies elsewhere, or is the platform's own, is left out.
    pub addresses: Vec<u32>,
    /// Bytes of bytecode of one module, at most: later functions are left out.
    pub bytecode_max: usize,
}

/// An image whose hot functions have numbers, and their code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paired {
    pub(crate) image: Vec<u8>,
    pub(crate) digest: String,
    pub(crate) translated: Translated,
}

/// Compiles hot functions of an image.
pub(crate) fn pair(
    image: &[u8],
    stack_bytes: usize,
    layout: &Layout,
    file: &str,
    hot: &HotFunctions,
) -> Result<Paired, NativeError> {
    let mut memory = memory_of(image, MEMORY_BYTES_MAX).map_err(NativeError::Malformed)?;
    let mut addresses = functions_of(Picture::new(&memory), layout, file)?;
    if !hot.all {
        // What was seen running may be the platform's own.
        let own: HashSet<u32> = addresses.into_iter().collect();
        addresses = hot.addresses.iter().copied().filter(|address| own.contains(address)).collect();
    }
    let translated = translate(&memory, layout, &addresses, hot.bytecode_max)?;
    for (address, number) in &translated.numbers {
        let start = *address as usize;
        let place = memory.get_mut(start..start + 2);
        place
            .ok_or(NativeError::Malformed("an address outside of the memory"))?
            .copy_from_slice(&number.to_le_bytes());
    }
    let image = snapshot(&memory, stack_bytes);
    Ok(Paired { digest: sha256_hex(&image), image, translated })
}
