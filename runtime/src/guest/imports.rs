//! The imports of the engine's code, resolved once for all sandboxes: the host's functions, and the memory of an image.

use std::sync::OnceLock;

use wasmtime::{Extern, Linker, Memory, Module, Result, Store};

use crate::sandbox::Sandbox;

/// The host's functions in the order of the code's imports. Names are looked up once, not for every sandbox.
pub(crate) struct GuestImports {
    linker: Linker<Sandbox>,
    /// Module and name of each import; `None` stands for the memory.
    wanted: Vec<Option<(String, String)>>,
    /// For each function of the linker, in its order, which import it is.
    positions: OnceLock<Vec<Option<usize>>>,
}

impl GuestImports {
    pub(crate) fn new(linker: Linker<Sandbox>, code: &Module) -> Self {
        let name = |import: wasmtime::ImportType<'_>| match import.ty().memory() {
            Some(_) => None,
            None => Some((import.module().to_owned(), import.name().to_owned())),
        };
        Self { linker, wanted: code.imports().map(name).collect(), positions: OnceLock::new() }
    }

    /// For modules that import nothing but what the host has.
    pub(crate) fn linker(&self) -> &Linker<Sandbox> {
        &self.linker
    }

    /// Every import, over this memory.
    pub(crate) fn over(&self, store: &mut Store<Sandbox>, memory: Memory) -> Result<Vec<Extern>> {
        let positions = match self.positions.get() {
            Some(positions) => positions,
            None => {
                let found = self.find(store)?;
                self.positions.get_or_init(|| found)
            }
        };
        let mut imports = vec![Extern::Memory(memory); self.wanted.len()];
        for (position, (_, _, function)) in positions.iter().zip(self.linker.iter(store)) {
            if let Some(import) = position.and_then(|position| imports.get_mut(position)) {
                *import = function;
            }
        }
        Ok(imports)
    }

    /// The linker goes through its functions in the same order each time: nothing is added to it any more.
    fn find(&self, store: &mut Store<Sandbox>) -> Result<Vec<Option<usize>>> {
        let offered: Vec<_> = self.linker.iter(&mut *store).map(|(module, name, _)| (module, name)).collect();
        let is = |wanted: &Option<(String, String)>, (module, name): (&str, &str)| {
            wanted.as_ref().is_some_and(|wanted| wanted.0 == module && wanted.1 == name)
        };
        for wanted in self.wanted.iter().filter(|wanted| wanted.is_some()) {
            if !offered.iter().any(|offered| is(wanted, *offered)) {
                let (module, name) = wanted.clone().unwrap_or_default();
                return Err(wasmtime::Error::msg(format!("the guest imports {module}.{name}")));
            }
        }
        let position = |offered| self.wanted.iter().position(|wanted| is(wanted, offered));
        Ok(offered.into_iter().map(position).collect())
    }
}
