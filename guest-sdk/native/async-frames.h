/* Included before every C file of QuickJS, behind stack-check.h.
 *
 * Async context (node:async_hooks) must follow every reaction from the moment when it is registered. The
 * engine's promise hook is told of new promises only, and an `await` makes none. So each call of the engine's
 * `perform_promise_then(ctx, ...)` first shows its two handlers to the hook, as an event of its own, and the hook may put
 * others in their place. The definition and the prototype, which begin with `JSContext *ctx`, stay what they are.
 * The `then` of a foreign promise, which a job of its own calls, is shown where that job is enqueued.
 * Without a hook it is one comparison. See docs/decisions/0021-async-context-by-a-header.md.
 */
#define MAYFLY_HOOK_REACTIONS 100
#define MAYFLY_HOOK_FOREIGN 101

#define JS_EnqueueJob(first, ...) MAYFLY_ENQUEUE_##first, __VA_ARGS__)
#define MAYFLY_ENQUEUE_JSContext JS_EnqueueJob(JSContext
#define MAYFLY_ENQUEUE_fre JS_EnqueueJob(fre
#define MAYFLY_ENQUEUE_ctx mayfly_enqueue(ctx
#define mayfly_enqueue(ctx, job, count, arguments)                                                       \
    ({                                                                                                   \
        JSPromiseHook *hook_ = (ctx)->rt->promise_hook;                                                  \
        JSValueConst *given_ = (arguments);                                                              \
        JSValue shown_[3] = { JS_UNDEFINED, JS_UNDEFINED, JS_UNDEFINED };                                \
        int failed_;                                                                                     \
        if (hook_ && (job) == js_promise_resolve_thenable_job) {                                         \
            for (int at_ = 0; at_ < 3; at_++)                                                            \
                shown_[at_] = js_dup(given_[at_]);                                                       \
            hook_(ctx, (JSPromiseHookType)MAYFLY_HOOK_FOREIGN, given_[0], JS_UNDEFINED, (void *)(shown_ + 2)); \
            given_ = vc(shown_);                                                                         \
        }                                                                                                \
        failed_ = (JS_EnqueueJob)(ctx, job, count, given_);                                              \
        for (int at_ = 0; at_ < 3; at_++)                                                                \
            JS_FreeValue(ctx, shown_[at_]);                                                              \
        failed_;                                                                                         \
    })

#define perform_promise_then(first, ...) MAYFLY_THEN_##first, __VA_ARGS__)
#define MAYFLY_THEN_JSContext perform_promise_then(JSContext
#define MAYFLY_THEN_ctx mayfly_then(ctx
#define mayfly_then(ctx, promise, handlers, capability)                                                  \
    ({                                                                                                   \
        JSPromiseHook *hook_ = (ctx)->rt->promise_hook;                                                  \
        JSValueConst *given_ = (handlers);                                                               \
        JSValue shown_[2] = { JS_UNDEFINED, JS_UNDEFINED };                                              \
        int failed_;                                                                                     \
        if (hook_) {                                                                                     \
            shown_[0] = js_dup(given_[0]);                                                               \
            shown_[1] = js_dup(given_[1]);                                                               \
            hook_(ctx, (JSPromiseHookType)MAYFLY_HOOK_REACTIONS, promise, JS_UNDEFINED, (void *)shown_); \
            given_ = vc(shown_);                                                                         \
        }                                                                                                \
        failed_ = (perform_promise_then)(ctx, promise, given_, capability);                              \
        JS_FreeValue(ctx, shown_[0]);                                                                    \
        JS_FreeValue(ctx, shown_[1]);                                                                    \
        failed_;                                                                                         \
    })
