//! What the ways by a native QuickJS have in common: a handler's source becomes a function, and its promise an answer.
use rquickjs::function::Function;
use rquickjs::promise::MaybePromise;
use rquickjs::{Context, Ctx, Object, Runtime};

/// Evaluates a handler's source and returns the function.
pub(super) fn handler<'js>(context: &Ctx<'js>, source: &str) -> rquickjs::Result<Function<'js>> {
    context.eval::<(), _>(source)?;
    context.globals().get("handler")
}

/// Calls a handler, and runs the jobs that its promise waits for.
pub(super) fn call<'js>(context: &Ctx<'js>, handler: &Function<'js>, text: &str) -> rquickjs::Result<String> {
    let answer: MaybePromise<'js> = handler.call((text, Object::new(context.clone())?))?;
    answer.finish()
}

/// A fresh runtime and context for one call.
pub(super) fn fresh(source: &str, body: &[u8]) -> Result<String, String> {
    let run = || -> rquickjs::Result<String> {
        let context = Context::full(&Runtime::new()?)?;
        context.with(|context| {
            let handler = handler(&context, source)?;
            call(&context, &handler, &String::from_utf8_lossy(body))
        })
    };
    run().map_err(|error| error.to_string())
}
