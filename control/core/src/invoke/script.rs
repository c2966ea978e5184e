//! `CompiledScript`: code that runs once, as the engine compiled it.

use mayfly_runtime::{Script, SourceMap};

/// Compiled code that runs once, with the way from its stacks to its source.
#[derive(Debug)]
pub struct CompiledScript {
    pub(super) script: Script,
    map: Option<SourceMap>,
}

impl CompiledScript {
    /// Of what the engine compiled.
    pub fn new(script: Script) -> Self {
        let map = SourceMap::parse(&script.source_map);
        Self { script, map }
    }

    /// What keeping it takes, in bytes.
    pub fn size(&self) -> usize {
        self.script.size()
    }

    pub(super) fn map(&self) -> Option<&SourceMap> {
        self.map.as_ref()
    }
}
