//! Makes the world that a tenant's code finds: the natives, and the prelude's script over them.

use javy_plugin_api::javy::quickjs::context::EvalOptions;
use javy_plugin_api::javy::quickjs::{Context, Ctx, Function, Object, Persistent, Result};

use crate::api;

const PRELUDE: &str = include_str!(concat!(env!("OUT_DIR"), "/prelude.js"));

/// What the prelude gives back: the ways in.
pub(crate) struct Prelude {
    /// Chooses the handler of a module's namespace; text when there is none.
    pub(crate) adopt: Persistent<Function<'static>>,
    /// Runs the handler.
    pub(crate) dispatch: Persistent<Function<'static>>,
    /// Kind, message and stack of a thrown value.
    pub(crate) describe_thrown: Persistent<Function<'static>>,
}

/// Evaluates the prelude in a fresh context.
pub(crate) fn install(context: &Context) -> Result<Prelude> {
    context.with(|ctx| {
        let natives = Object::new(ctx.clone())?;
        api::register(&ctx, &natives)?;
        let globals = ctx.globals();
        globals.set("self", globals.clone())?;
        let mut options = EvalOptions::default();
        options.filename = Some("mayfly:prelude".to_owned());
        let prelude: Function<'_> = ctx.eval_with_options(PRELUDE, options)?;
        let ways: Object<'_> = prelude.call((natives,))?;
        Ok(Prelude {
            adopt: way(&ctx, &ways, "adopt")?,
            dispatch: way(&ctx, &ways, "dispatch")?,
            describe_thrown: way(&ctx, &ways, "describeThrown")?,
        })
    })
}

fn way<'js>(ctx: &Ctx<'js>, ways: &Object<'js>, name: &str) -> Result<Persistent<Function<'static>>> {
    Ok(Persistent::save(ctx, ways.get::<_, Function<'_>>(name)?))
}
