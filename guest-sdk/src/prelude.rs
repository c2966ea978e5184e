//! The prelude: installs the natives, and the script over them that makes the globals of a tenant's code.

use javy_plugin_api::javy::quickjs::{Context, Ctx, Function, Module, Object, Persistent, Result, Value};

use crate::{api, budget};

/// The name of the prelude in stacks.
pub(crate) const NAME: &str = "mayfly:prelude";
/// Its text.
pub(crate) const TEXT: &str = include_str!(concat!(env!("OUT_DIR"), "/prelude.js"));

const GLOBAL: &str = "__prelude";

/// The prelude's entry points.
pub(crate) struct Prelude {
    /// Chooses the handler of a module's namespace; text when there is none.
    pub(crate) adopt: Persistent<Function<'static>>,
    /// The same for code that runs once.
    pub(crate) adopt_script: Persistent<Function<'static>>,
    /// The request that an invocation is for: every invocation has a copy of this memory.
    pub(crate) request: Persistent<Value<'static>>,
    /// `ctx`, the same.
    pub(crate) context: Persistent<Value<'static>>,
    /// Takes what the handler has returned, and returns the promise of its response, if it is to be one.
    pub(crate) take: Persistent<Function<'static>>,
    /// Takes the handler's response.
    pub(crate) finish: Persistent<Function<'static>>,
    /// Takes what the handler threw.
    pub(crate) fail: Persistent<Function<'static>>,
    /// Reports promises that were rejected and have no handler.
    pub(crate) rejections: Persistent<Function<'static>>,
    /// The prelude's own modules, for Node's that are made of them. No tenant's code ever sees this object.
    pub(crate) internals: Persistent<Object<'static>>,
    /// Kind, message and stack of a thrown value.
    pub(crate) describe_thrown: Persistent<Function<'static>>,
}

/// Evaluates the prelude's bytecode in a fresh context.
pub(crate) fn install(context: &Context, bytecode: &[u8]) -> Result<Prelude> {
    context.with(|ctx| {
        let natives = Object::new(ctx.clone())?;
        api::register(&ctx, &natives)?;
        budget::watch(&ctx);
        let globals = ctx.globals();
        globals.set("self", globals.clone())?;
        let prelude = take(&ctx, bytecode)?;
        let ways: Object<'_> = prelude.call((natives,))?;
        Ok(Prelude {
            adopt: way(&ctx, &ways, "adopt")?,
            adopt_script: way(&ctx, &ways, "adoptScript")?,
            request: Persistent::save(&ctx, ways.get::<_, Value<'_>>("request")?),
            context: Persistent::save(&ctx, ways.get::<_, Value<'_>>("context")?),
            take: way(&ctx, &ways, "take")?,
            finish: way(&ctx, &ways, "finish")?,
            fail: way(&ctx, &ways, "fail")?,
            rejections: way(&ctx, &ways, "rejections")?,
            internals: Persistent::save(&ctx, ways.get::<_, Object<'_>>("internals")?),
            describe_thrown: way(&ctx, &ways, "describeThrown")?,
        })
    })
}

/// The prelude's one function. Its module exports nothing, so that importing it by name leads nowhere.
#[allow(unsafe_code, reason = "the bytecode is what this same engine made of the prelude")]
fn take<'js>(ctx: &Ctx<'js>, bytecode: &[u8]) -> Result<Function<'js>> {
    // SAFETY: see above; tenants never get here.
    let module = unsafe { Module::load(ctx.clone(), bytecode)? };
    let (_, evaluated) = module.eval()?;
    evaluated.finish::<()>()?;
    let prelude = ctx.globals().get(GLOBAL)?;
    ctx.globals().remove(GLOBAL)?;
    Ok(prelude)
}

fn way<'js>(ctx: &Ctx<'js>, ways: &Object<'js>, name: &str) -> Result<Persistent<Function<'static>>> {
    Ok(Persistent::save(ctx, ways.get::<_, Function<'_>>(name)?))
}
