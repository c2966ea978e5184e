//! Node's modules. They are no part of the engine image: their script stands in a section of its own, which is in no
//! memory, and the host has it evaluated in a second image, the Node image, for functions that import one of them.

use std::cell::RefCell;

use javy_plugin_api::javy::quickjs::loader::{ImportAttributes, Loader, Resolver};
use javy_plugin_api::javy::quickjs::module::{Declarations, Declared, Exports, ModuleDef};
use javy_plugin_api::javy::quickjs::{Ctx, Error, Function, Module, Object, Persistent, Result, Value};
use mayfly_abi::node::SECTION;

/// The name of the script in stacks: what begins like this is not the author's.
pub(crate) const NAME: &str = "mayfly:prelude/node";

#[allow(dead_code, reason = "for its length")]
const TEXT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/library.js"));
const GLOBAL: &str = "__library";
const _: () = assert!(matches!(SECTION.as_bytes(), b"mayfly-library"));

#[allow(unsafe_code, reason = "a section of the module, beside its memory")]
#[unsafe(link_section = "mayfly-library")]
// Not `#[used]`: that would put it into the memory as well.
#[allow(dead_code, reason = "the host reads the section")]
static LIBRARY: [u8; TEXT.len()] = *include_bytes!(concat!(env!("OUT_DIR"), "/library.js"));

/// The module that is being declared: the names of its exports, and the exports.
type LibraryModule = (Vec<String>, Persistent<Object<'static>>);

thread_local! {
    static DECLARED: RefCell<Option<LibraryModule>> = const { RefCell::new(None) };
    /// What gives the exports of a module.
    static FIND: RefCell<Option<Persistent<Function<'static>>>> = const { RefCell::new(None) };
}

/// Evaluates the library's bytecode over the prelude's own modules. What it has of globals stands there from then on; its
/// modules are made when they are imported.
#[allow(unsafe_code, reason = "the bytecode is what this same engine made of the library")]
pub(crate) fn install<'js>(ctx: &Ctx<'js>, internals: Object<'js>, bytecode: &[u8]) -> Result<()> {
    // SAFETY: see above; tenants never get here.
    let module = unsafe { Module::load(ctx.clone(), bytecode)? };
    let (_, evaluated) = module.eval()?;
    evaluated.finish::<()>()?;
    let library: Function<'_> = ctx.globals().get(GLOBAL)?;
    ctx.globals().remove(GLOBAL)?;
    let modules: Object<'_> = library.call((internals,))?;
    let find: Function<'_> = modules.get("find")?;
    FIND.set(Some(Persistent::save(ctx, find)));
    modules.get::<_, Function<'_>>("exposeGlobals")?.call(())
}

/// Finds Node's modules for imports.
pub(crate) struct NodeModules;

impl Resolver for NodeModules {
    fn resolve<'js>(
        &mut self,
        _: &Ctx<'js>,
        _: &str,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        Ok(name.to_owned())
    }
}

impl Loader for NodeModules {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        let Some(find) = FIND.with_borrow(Clone::clone) else { return Err(Error::new_loading(name)) };
        let exports: Object<'_> = find.restore(ctx)?.call((name,))?;
        let names: Vec<String> = exports.keys().collect::<Result<_>>()?;
        DECLARED.set(Some((names, Persistent::save(ctx, exports))));
        let module = Module::declare_def::<Native, _>(ctx.clone(), name)?;
        // At once: what is declared next is another one's.
        let evaluated = module.clone().eval().and_then(|(_, evaluated)| evaluated.finish::<()>());
        DECLARED.set(None);
        evaluated.map(|()| module)
    }
}

/// A module that is [`DECLARED`].
struct Native;

impl ModuleDef for Native {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        DECLARED.with_borrow(|declared| {
            declared
                .iter()
                .flat_map(|(names, _)| names)
                .try_for_each(|name| declarations.declare(name.as_str()).map(|_| ()))
        })
    }

    fn evaluate<'js>(ctx: &Ctx<'js>, module: &Exports<'js>) -> Result<()> {
        let Some((names, exports)) = DECLARED.with_borrow(Clone::clone) else { return Ok(()) };
        let exports = exports.restore(ctx)?;
        for name in names {
            let value: Value<'js> = exports.get(name.as_str())?;
            module.export(name, value)?;
        }
        Ok(())
    }
}
