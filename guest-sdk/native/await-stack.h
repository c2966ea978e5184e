/* Says what waits for a promise: included at the end of quickjs.c.
 *
 * A function that awaits has no frame on the stack. Its frame is kept with the function that resumes it, which is a reaction of
 * the promise that it awaits, or of one behind it: the promise of an async function that awaits, one that a `then` has
 * made, one whose `resolve` a callback has kept. Those are followed from the function that an answer of the host will call.
 * Used when an invocation has waited for too long, and for the stack of an operation's error. Nothing is counted or changed here.
 */

#define AWAIT_VALUES_MAX 256
#define AWAIT_FRAMES_MAX 16
#define AWAIT_PROPERTIES_MAX 16

typedef struct {
    JSContext *ctx;
    JSObject *seen[AWAIT_VALUES_MAX]; /* in the order in which they were found */
    int count;
    int frames;
    DynBuf text;
} AwaitStack;

static void await_found(AwaitStack *s, JSValueConst value)
{
    JSObject *p;
    int i;

    if (JS_VALUE_GET_TAG(value) != JS_TAG_OBJECT || s->count == AWAIT_VALUES_MAX)
        return;
    p = JS_VALUE_GET_OBJ(value);
    for (i = 0; i < s->count; i++) {
        if (s->seen[i] == p)
            return;
    }
    s->seen[s->count++] = p;
}

/* The name of a function that has none in its bytecode: that of the variable which it was given to. */
static void await_own_name(JSObject *p, char *name, size_t size)
{
    JSShapeProperty *prs;
    JSProperty *pr;

    prs = find_own_property(&pr, p, JS_ATOM_name);
    if (prs && !(prs->flags & JS_PROP_TMASK) && JS_VALUE_GET_TAG(pr->u.value) == JS_TAG_STRING &&
        !JS_VALUE_GET_STRING(pr->u.value)->is_wide_char)
        snprintf(name, size, "%.*s", min_int(JS_VALUE_GET_STRING(pr->u.value)->len, size - 1),
                 str8(JS_VALUE_GET_STRING(pr->u.value)));
}

/* A frame that stands still, unless it is the prelude's. */
static void await_frame(AwaitStack *s, JSStackFrame *sf)
{
    JSFunctionBytecode *b;
    JSObject *p;
    char name[ATOM_GET_STR_BUF_SIZE], file[ATOM_GET_STR_BUF_SIZE];
    int line, col;

    if (s->frames == AWAIT_FRAMES_MAX || !sf->cur_pc || JS_VALUE_GET_TAG(sf->cur_func) != JS_TAG_OBJECT)
        return;
    p = JS_VALUE_GET_OBJ(sf->cur_func);
    if (!js_class_has_bytecode(p->class_id))
        return;
    b = p->u.func.function_bytecode;
    JS_AtomGetStr(s->ctx, file, sizeof(file), b->filename);
    if (!strncmp(file, "mayfly:", 7))
        return;
    name[0] = '\0';
    if (b->func_name != JS_ATOM_NULL)
        JS_AtomGetStr(s->ctx, name, sizeof(name), b->func_name);
    if (!name[0])
        await_own_name(p, name, sizeof(name));
    line = find_line_num(s->ctx, b, sf->cur_pc - b->byte_code_buf - 1, &col);
    dbuf_printf(&s->text, "    at %s (%s:%d:%d)\n", name[0] ? name : "<anonymous>", file, line, col);
    s->frames++;
}

static void await_follow(AwaitStack *s, JSObject *p)
{
    struct list_head *el;
    int i;

    switch (p->class_id) {
    case JS_CLASS_PROMISE: {
        JSPromiseData *promise = p->u.promise_data;
        if (!promise)
            break;
        list_for_each(el, &promise->promise_reactions[0]) {
            JSPromiseReactionData *reaction = list_entry(el, JSPromiseReactionData, link);
            await_found(s, reaction->handler);
            await_found(s, reaction->resolving_funcs[0]);
        }
        break;
    }
    case JS_CLASS_PROMISE_RESOLVE_FUNCTION:
    case JS_CLASS_PROMISE_REJECT_FUNCTION:
        if (p->u.promise_function_data)
            await_found(s, p->u.promise_function_data->promise);
        break;
    case JS_CLASS_ASYNC_FUNCTION_RESOLVE: {
        JSAsyncFunctionData *function = p->u.async_function_data;
        if (function && function->is_active) {
            await_frame(s, &function->func_state.frame);
            await_found(s, function->promise);
        }
        break;
    }
    case JS_CLASS_ASYNC_GENERATOR: {
        JSAsyncGeneratorData *generator = p->u.async_generator_data;
        if (generator && generator->state == JS_ASYNC_GENERATOR_STATE_EXECUTING) {
            await_frame(s, &generator->func_state.frame);
            list_for_each(el, &generator->queue)
                await_found(s, list_entry(el, JSAsyncGeneratorRequest, link)->promise);
        }
        break;
    }
    case JS_CLASS_C_FUNCTION_DATA: {
        JSCFunctionDataRecord *record = p->u.c_function_data_record;
        for (i = 0; record && i < record->data_len; i++)
            await_found(s, record->data[i]);
        break;
    }
    case JS_CLASS_BOUND_FUNCTION:
        await_found(s, p->u.bound_function->func_obj);
        break;
    case JS_CLASS_BYTECODE_FUNCTION: {
        JSFunctionBytecode *b = p->u.func.function_bytecode;
        for (i = 0; b && p->u.func.var_refs && i < b->closure_var_count; i++) {
            JSVarRef *var_ref = p->u.func.var_refs[i];
            JSObject *kept;
            if (!var_ref || !var_ref->pvalue || JS_VALUE_GET_TAG(*var_ref->pvalue) != JS_TAG_OBJECT)
                continue;
            /* functions of the program itself are what everything refers to */
            kept = JS_VALUE_GET_OBJ(*var_ref->pvalue);
            if (kept->class_id == JS_CLASS_PROMISE || kept->class_id == JS_CLASS_PROMISE_RESOLVE_FUNCTION ||
                kept->class_id == JS_CLASS_C_FUNCTION_DATA || kept->class_id == JS_CLASS_OBJECT ||
                (kept->class_id == JS_CLASS_BYTECODE_FUNCTION && js_rc(kept)->ref_count <= 2))
                await_found(s, *var_ref->pvalue);
        }
        break;
    }
    case JS_CLASS_OBJECT:
        /* { promise, resolve, reject }, and what a callback kept of it */
        for (i = 0; i < p->shape->prop_count && i < AWAIT_PROPERTIES_MAX; i++) {
            JSShapeProperty *shape = get_shape_prop(p->shape) + i;
            if (shape->atom != JS_ATOM_NULL && !(shape->flags & JS_PROP_TMASK) &&
                JS_VALUE_GET_TAG(p->prop[i].u.value) == JS_TAG_OBJECT) {
                int class_id = JS_VALUE_GET_OBJ(p->prop[i].u.value)->class_id;
                if (class_id == JS_CLASS_PROMISE || class_id == JS_CLASS_PROMISE_RESOLVE_FUNCTION)
                    await_found(s, p->prop[i].u.value);
            }
        }
        break;
    }
}

/* The frames of functions that wait until `value`, a promise or what settles one, is called or settled. */
char *JS_AwaitStack(JSContext *ctx, JSValueConst value, size_t *length)
{
    AwaitStack *s = js_mallocz_rt(ctx->rt, sizeof(*s));
    char *text;
    int i;

    if (!s)
        return NULL;
    s->ctx = ctx;
    js_dbuf_init(ctx, &s->text);
    await_found(s, value);
    for (i = 0; i < s->count; i++)
        await_follow(s, s->seen[i]);
    dbuf_putc(&s->text, '\0');
    text = (char *)s->text.buf;
    *length = s->text.error || s->text.size == 0 ? 0 : s->text.size - 1;
    js_free_rt(ctx->rt, s);
    return text;
}

/* The frames that run, as the lines of a stack, the prelude's left out. Nothing is allocated: the heap may be in the middle of a
   change. A frame whose place is not known yet is `(missing)`. */
size_t JS_RunningStack(JSContext *ctx, char *text, size_t size)
{
    JSStackFrame *sf;
    size_t length = 0;

    for (sf = ctx->rt->current_stack_frame; sf != NULL && length + 256 < size; sf = sf->prev_frame) {
        char name[ATOM_GET_STR_BUF_SIZE] = "", file[ATOM_GET_STR_BUF_SIZE];
        JSFunctionBytecode *b;
        JSObject *p;
        int line, col;

        if (JS_VALUE_GET_TAG(sf->cur_func) != JS_TAG_OBJECT)
            continue;
        p = JS_VALUE_GET_OBJ(sf->cur_func);
        if (!js_class_has_bytecode(p->class_id)) {
            await_own_name(p, name, sizeof(name));
            length += snprintf(text + length, size - length, "    at %s (native)\n", name[0] ? name : "<anonymous>");
            continue;
        }
        b = p->u.func.function_bytecode;
        JS_AtomGetStr(ctx, file, sizeof(file), b->filename);
        if (!strncmp(file, "mayfly:", 7))
            continue;
        if (b->func_name != JS_ATOM_NULL)
            JS_AtomGetStr(ctx, name, sizeof(name), b->func_name);
        if (!name[0])
            await_own_name(p, name, sizeof(name));
        if (!name[0])
            strcpy(name, "<anonymous>");
        if (!sf->cur_pc) {
            length += snprintf(text + length, size - length, "    at %s (missing)\n", name);
            continue;
        }
        line = find_line_num(ctx, b, sf->cur_pc - b->byte_code_buf - 1, &col);
        length += snprintf(text + length, size - length, "    at %s (%s:%d:%d)\n", name, file, line, col);
    }
    return length;
}
