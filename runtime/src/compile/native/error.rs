//! `NativeError`: why functions of an image are not compiled.

/// Why an image's functions cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NativeError {
    /// The engine does not say what it consists of as this translator expects it.
    #[error("the engine's layout: {0}")]
    Layout(String),
    /// What the image says of its functions contradicts itself.
    #[error("the image is malformed: {0}")]
    Malformed(&'static str),
    /// A bound of the translator.
    #[error("{what}: {used}, at most {limit}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        used: usize,
        /// The bound.
        limit: usize,
    },
    /// What the translator does not translate.
    #[error("not compiled: {0}")]
    Unsupported(String),
    /// The translator contradicts itself.
    #[error("the translator: {0}")]
    Internal(&'static str),
    /// What a compile worker said.
    #[error("{0}")]
    Told(String),
    /// The compile worker gave no answer.
    #[error("the compile worker: {0}")]
    Worker(&'static str),
    /// What was compiled could not be kept in the cache directory.
    #[error("the cache directory: {0}")]
    Cache(String),
    /// The module could not be compiled.
    #[error("the module: {0}")]
    Module(String),
}
