/* What compiled functions need of the engine. Included at the end of quickjs.c.
 *
 * The host compiles hot functions of an image from bytecode to WebAssembly, into a module of its own that shares this
 * module's memory, stack and table. Such a function has a number in its bytecode object; a call of it is led through one
 * slot of the table into that module. Everything below but the slot and the layout is called by compiled code. A compiled
 * function has the frame that the interpreter gives a generator, so that the interpreter can go on in it at any instruction.
 * See docs/decisions/0044-native-code.md.
 */

#if !defined(JS_NAN_BOXING) || !JS_NAN_BOXING

/* Compiled code knows values of 64 bits: an engine with others, as its own tests are run by, has no compiled functions. */
static JSValue js_native_enter(JSObject *function, JSValueConst this_obj, int argc, JSValueConst *argv, int flags)
{
    abort();
}

uintptr_t JS_RunningFunction(JSContext *ctx)
{
    return 0;
}

#else

/* A number with this bit is a class constructor's: it is entered by `new` only, all others by calls only. */
#define NATIVE_CONSTRUCTOR 0x8000
/* A function of more parameters is not compiled. */
#define NATIVE_ARGUMENTS_MAX 8
/* A cache that was filled this often is given up: it would clone shapes for nothing. */
#define NATIVE_REFILLS_MAX 8
/* A larger shape is not kept: cloning it for each property that is added would take long. */
#define NATIVE_KEPT_PROPERTIES_MAX 128

/* The slot's function until a module puts its own there; no image without a module has a function with a number. */
typedef JSValue NativeEntry(JSValueConst this_obj, JSObject *function, JSValueConst *argv, uint32_t number);

static JSValue native_absent(JSValueConst this_obj, JSObject *function, JSValueConst *argv, uint32_t number)
{
    abort();
}

/* Read each time: the compiler must not call native_absent itself. */
static NativeEntry *const volatile native_entry = native_absent;

static no_inline JSValue js_native_enter(JSObject *function, JSValueConst this_obj, int argc, JSValueConst *argv, int flags)
{
    JSFunctionBytecode *b = function->u.func.function_bytecode;
    uint32_t number = b->native_number & ~NATIVE_CONSTRUCTOR;
    bool is_copied = (flags & JS_CALL_FLAG_COPY_ARGV) != 0;
    JSValue arguments[NATIVE_ARGUMENTS_MAX], result;
    int i, given = min_int(argc, b->arg_count);

    if (given == b->arg_count && !is_copied)
        return native_entry(this_obj, function, argv, number);
    for (i = 0; i < b->arg_count; i++)
        arguments[i] = i >= given ? JS_UNDEFINED : is_copied ? js_dup(argv[i]) : unsafe_unconst(argv[i]);
    result = native_entry(this_obj, function, vc(arguments), number);
    for (i = 0; is_copied && i < given; i++)
        JS_FreeValue(js_native_ctx, arguments[i]);
    return result;
}

/* The bytecode of the function that runs, or is about to be entered: called where the host is asked whether a limit is used up. */
uintptr_t JS_RunningFunction(JSContext *ctx)
{
    JSObject *p = mayfly_called;
    JSStackFrame *sf = ctx->rt->current_stack_frame;

    for (;;) {
        if (p && js_class_has_bytecode(p->class_id))
            return (uintptr_t)p->u.func.function_bytecode;
        if (!sf)
            return 0;
        p = JS_VALUE_GET_TAG(sf->cur_func) == JS_TAG_OBJECT ? JS_VALUE_GET_OBJ(sf->cur_func) : NULL;
        sf = sf->prev_frame;
    }
}

/* ---- inline caches ---- */

/* A cache holds a reference on each of its shapes. A hashed shape with more than one reference is never changed, it is
 * cloned, and it is not freed: an object that has this very shape has these very properties. */
typedef struct NativeCache {
    JSShape *shape;         /* the receiver's; NULL: empty */
    uint32_t place;         /* offset in the receiver's properties, or the address of the holder's value */
    JSObject *holder;       /* the receiver's prototype, where the property is its; NULL: the receiver's own */
    JSShape *holder_shape;
    JSShape *next_shape;    /* the receiver's afterwards, where the property is added */
    JSObject *upper;        /* the holder's prototype, or the holder again; looked at where a property is added */
    JSShape *upper_shape;
    uint32_t refills;
} NativeCache;

/* All caches of the module, side by side; made by the first function that has some. */
static NativeCache *native_caches;
static uint32_t native_caches_bytes;

static NativeCache *native_make_caches(uint32_t bytes)
{
    native_caches = js_mallocz(js_native_ctx, bytes);
    if (native_caches)
        native_caches_bytes = bytes;
    return native_caches;
}

static void native_empty(NativeCache *cache)
{
    JSRuntime *rt = js_native_ctx->rt;
    JSShape *shapes[4] = { cache->shape, cache->holder_shape, cache->next_shape, cache->upper_shape };
    int i;

    cache->shape = cache->holder_shape = cache->next_shape = cache->upper_shape = NULL;
    cache->holder = cache->upper = NULL;
    for (i = 0; i < 4; i++) {
        if (shapes[i])
            js_free_shape(rt, shapes[i]);
    }
}

/* Whether an object's shape can be kept. One that is not hashed is the object's alone and changes in place, as those of
 * prototypes do: it becomes hashed, so that the next change of the object clones it. */
static bool native_is_kept(JSObject *p)
{
    JSRuntime *rt = js_native_ctx->rt;
    JSShape *sh = p->shape;
    JSShapeProperty *property = get_shape_prop(sh);
    int i;

    if (sh->is_hashed)
        return true;
    if (sh->deleted_prop_count != 0 || sh->prop_count > NATIVE_KEPT_PROPERTIES_MAX)
        return false;
    sh->hash = shape_initial_hash(sh->proto);
    for (i = 0; i < sh->prop_count; i++)
        sh->hash = shape_hash(shape_hash(sh->hash, property[i].atom), property[i].flags);
    sh->is_hashed = true;
    js_shape_hash_link(rt, sh);
    return true;
}

/* Whether the cache is to be filled; it is empty then. */
static bool native_refill(NativeCache *cache)
{
    if (cache->refills > NATIVE_REFILLS_MAX)
        return false;
    native_empty(cache);
    return ++cache->refills <= NATIVE_REFILLS_MAX;
}

/* Gives up all references of the caches, so that what lives can be counted. */
__attribute__((export_name("native_live_objects"), used)) uint32_t native_live_objects(void)
{
    JSRuntime *rt = js_native_ctx->rt;
    struct list_head *el;
    uint32_t i, count = 0;

    for (i = 0; i < native_caches_bytes / sizeof(NativeCache); i++) {
        native_empty(&native_caches[i]);
        native_caches[i].refills = NATIVE_REFILLS_MAX + 1;
    }
    JS_RunGC(rt);
    list_for_each(el, &rt->gc_obj_list) {
        if (JS_GC_TYPE(list_entry(el, JSGCObjectHeader, link)) == JS_GC_OBJ_TYPE_JS_OBJECT)
            count++;
    }
    return count;
}

/* ---- values ---- */

static void native_free(JSValue value)
{
    JS_FreeValueRT(js_native_ctx->rt, value);
}

/* Both operands are taken. */
static JSValue native_binary(JSValue left, JSValue right, int op)
{
    JSContext *ctx = js_native_ctx;
    JSValue stack[2] = { left, right }, *sp = stack + 2;
    int failed;

    switch (op) {
    case OP_add:
        failed = js_add_slow(ctx, sp);
        break;
    case OP_shr:
        failed = js_shr_slow(ctx, sp);
        break;
    case OP_shl: case OP_sar: case OP_and: case OP_or: case OP_xor:
        failed = js_binary_logic_slow(ctx, sp, op);
        break;
    case OP_lt: case OP_lte: case OP_gt: case OP_gte:
        failed = js_relational_slow(ctx, sp, op);
        break;
    case OP_eq: case OP_neq:
        failed = js_eq_slow(ctx, sp, op == OP_neq);
        break;
    case OP_strict_eq: case OP_strict_neq:
        failed = js_strict_eq_slow(ctx, sp, op == OP_strict_neq);
        break;
    case OP_in:
        failed = js_operator_in(ctx, sp);
        if (failed) {
            /* it leaves its operands to the caller */
            JS_FreeValue(ctx, stack[0]);
            JS_FreeValue(ctx, stack[1]);
        }
        break;
    case OP_instanceof:
        failed = js_operator_instanceof(ctx, sp);
        if (failed) {
            JS_FreeValue(ctx, stack[0]);
            JS_FreeValue(ctx, stack[1]);
        }
        break;
    default:
        failed = js_binary_arith_slow(ctx, sp, op);
        break;
    }
    return failed ? JS_EXCEPTION : stack[0];
}

/* The operand is taken. */
static JSValue native_unary(JSValue operand, int op)
{
    JSContext *ctx = js_native_ctx;
    JSValue stack[1] = { operand };
    int failed = op == OP_not ? js_not_slow(ctx, stack + 1) : js_unary_arith_slow(ctx, stack + 1, op);

    return failed ? JS_EXCEPTION : stack[0];
}

/* A variable and what is added to it: the first is borrowed, the second taken. */
static JSValue native_add_to(JSValueConst variable, JSValue operand)
{
    JSContext *ctx = js_native_ctx;

    if (JS_VALUE_GET_TAG(variable) == JS_TAG_STRING) {
        operand = JS_ToPrimitiveFree(ctx, operand, HINT_NONE);
        if (JS_IsException(operand))
            return JS_EXCEPTION;
        return JS_ConcatString(ctx, js_dup(variable), operand);
    }
    return native_binary(js_dup(variable), operand, OP_add);
}

static int native_truth(JSValueConst value)
{
    return JS_ToBoolFree(js_native_ctx, js_dup(value));
}

static int native_int_of(double number)
{
    int32_t result = 0;

    JS_ToInt32(js_native_ctx, &result, __JS_NewFloat64(number));
    return result;
}

static double native_remainder(double left, double right)
{
    return fmod(left, right);
}

static double native_power(double left, double right)
{
    return js_math_pow(left, right);
}

static JSValue native_type_of(JSValueConst value)
{
    return JS_AtomToString(js_native_ctx, js_operator_typeof(js_native_ctx, value));
}

static int native_type_is(JSValueConst value, JSAtom type)
{
    return js_operator_typeof(js_native_ctx, value) == type;
}

static JSValue native_atom_value(JSAtom atom)
{
    return JS_AtomToValue(js_native_ctx, atom);
}

/* `this` of a function in sloppy mode. */
static JSValue native_this(JSValueConst value)
{
    JSContext *ctx = js_native_ctx;

    if (JS_IsUndefined(value) || JS_IsNull(value))
        return js_dup(ctx->global_obj);
    return JS_ToObject(ctx, value);
}

/* ---- properties ---- */

/* A rope that has one reference is made flat again by each use of it: compiled code borrows what the interpreter would hold. */
static bool native_is_rope(JSValueConst value)
{
    return JS_VALUE_GET_TAG(value) == JS_TAG_STRING_ROPE;
}

/* The engine's way; the object is borrowed. */
static JSValue native_get_slowly(JSValueConst object, JSAtom atom)
{
    JSContext *ctx = js_native_ctx;
    JSValue held = native_is_rope(object) ? js_dup(object) : JS_UNDEFINED;
    JSValue value = JS_GetPropertyInternal(ctx, object, atom, object, false);

    JS_FreeValue(ctx, held);
    return value;
}

/* The object is borrowed. */
static JSValue native_get_field(JSValueConst object, JSAtom atom, NativeCache *cache)
{
    JSObject *p, *q;
    JSProperty *property;
    JSShapeProperty *found;

    if (JS_IsString(object) && atom != JS_ATOM_length && !__JS_AtomIsTaggedInt(atom)) {
        found = find_own_property(&property, JS_VALUE_GET_OBJ(js_native_ctx->class_proto[JS_CLASS_STRING]), atom);
        if (found && !(found->flags & JS_PROP_TMASK))
            return js_dup(property->u.value);
    }
    if (JS_VALUE_GET_TAG(object) != JS_TAG_OBJECT)
        return native_get_slowly(object, atom);
    p = q = JS_VALUE_GET_OBJ(object);
    for (;;) {
        found = find_own_property(&property, q, atom);
        if (found)
            break;
        /* An array's own handlers are about indices, which this is not. */
        if (q->is_exotic && (q->class_id != JS_CLASS_ARRAY || __JS_AtomIsTaggedInt(atom)))
            return native_get_slowly(object, atom);
        q = q->shape->proto;
        if (!q)
            return JS_UNDEFINED;
    }
    if (found->flags & JS_PROP_TMASK)
        return native_get_slowly(object, atom);
    if (p->shape->is_hashed && (q == p || (q == p->shape->proto && native_is_kept(q))) && native_refill(cache)) {
        cache->shape = js_dup_shape(p->shape);
        if (q == p) {
            cache->place = (uint8_t *)property - (uint8_t *)p->prop;
        } else {
            cache->holder = q;
            cache->holder_shape = js_dup_shape(q->shape);
            cache->place = (uintptr_t)&property->u.value;
        }
    }
    return js_dup(property->u.value);
}

/* Sets a property that the object and its two prototypes do not have, and keeps how. The value is taken. */
static int native_add_field(JSValueConst object, JSAtom atom, JSValue value, NativeCache *cache)
{
    JSContext *ctx = js_native_ctx;
    JSObject *p = JS_VALUE_GET_OBJ(object), *holder = p->shape->proto, *upper;
    JSShape *before = p->shape;
    JSProperty *property;
    int result;

    upper = holder && holder->shape->proto ? holder->shape->proto : holder;
    if (!before->is_hashed || p->class_id != JS_CLASS_OBJECT || !p->extensible || __JS_AtomIsTaggedInt(atom) || !holder
        || upper->shape->proto || holder->is_exotic || upper->is_exotic || find_own_property(&property, holder, atom)
        || find_own_property(&property, upper, atom) || !native_is_kept(holder) || !native_is_kept(upper) || !native_refill(cache))
        return JS_SetPropertyInternal2(ctx, object, atom, value, object, JS_PROP_THROW_STRICT);
    js_dup_shape(before);
    result = JS_SetPropertyInternal2(ctx, object, atom, value, object, JS_PROP_THROW_STRICT);
    /* The properties' room must be the same, so that adding is writing. */
    if (result >= 0 && p->shape->is_hashed && p->shape->prop_size == before->prop_size
        && p->shape->prop_count == before->prop_count + 1) {
        cache->shape = before;
        cache->next_shape = js_dup_shape(p->shape);
        cache->holder = holder;
        cache->holder_shape = js_dup_shape(holder->shape);
        cache->upper = upper;
        cache->upper_shape = js_dup_shape(upper->shape);
        cache->place = before->prop_count * sizeof(JSProperty);
    } else {
        js_free_shape(ctx->rt, before);
    }
    return result;
}

/* The object is borrowed, the value taken. */
static int native_put_field(JSValueConst object, JSAtom atom, JSValue value, NativeCache *cache)
{
    JSContext *ctx = js_native_ctx;
    JSObject *p;
    JSProperty *property;
    JSShapeProperty *found;

    if (JS_VALUE_GET_TAG(object) != JS_TAG_OBJECT)
        return JS_SetPropertyInternal2(ctx, object, atom, value, object, JS_PROP_THROW_STRICT);
    p = JS_VALUE_GET_OBJ(object);
    found = find_own_property(&property, p, atom);
    if (!found)
        return native_add_field(object, atom, value, cache);
    if ((found->flags & (JS_PROP_TMASK | JS_PROP_WRITABLE | JS_PROP_LENGTH)) != JS_PROP_WRITABLE)
        return JS_SetPropertyInternal2(ctx, object, atom, value, object, JS_PROP_THROW_STRICT);
    if (p->shape->is_hashed && native_refill(cache)) {
        cache->shape = js_dup_shape(p->shape);
        cache->place = (uint8_t *)property - (uint8_t *)p->prop;
    }
    set_value(ctx, &property->u.value, value);
    return 0;
}

/* The object is borrowed, the value taken. */
static int native_define_field(JSValueConst object, JSAtom atom, JSValue value)
{
    return JS_DefinePropertyValue(js_native_ctx, object, atom, value, JS_PROP_C_W_E | JS_PROP_THROW);
}

static JSValue native_get_length(JSValueConst object)
{
    return native_get_slowly(object, JS_ATOM_length);
}

/* The object is borrowed, the key taken. */
static JSValue native_get_element(JSValueConst object, JSValue key)
{
    JSContext *ctx = js_native_ctx;
    JSValue held = native_is_rope(object) ? js_dup(object) : JS_UNDEFINED;
    JSValue value = JS_GetPropertyValue(ctx, object, key);

    JS_FreeValue(ctx, held);
    return value;
}

/* The object is borrowed, key and value are taken. */
static int native_put_element(JSValueConst object, JSValue key, JSValue value)
{
    JSContext *ctx = js_native_ctx;
    JSObject *p;
    uint32_t at;

    if (JS_VALUE_GET_TAG(key) == JS_TAG_INT && JS_VALUE_GET_TAG(object) == JS_TAG_OBJECT) {
        p = JS_VALUE_GET_OBJ(object);
        at = JS_VALUE_GET_INT(key);
        /* One more element of a plain array for which there is room. */
        if (p->class_id == JS_CLASS_ARRAY && at == p->u.array.count && p->fast_array && p->extensible
            && at < p->u.array.u1.size && p->shape->proto == JS_VALUE_GET_OBJ(ctx->class_proto[JS_CLASS_ARRAY])
            && ctx->std_array_prototype && JS_VALUE_GET_TAG(p->prop[0].u.value) == JS_TAG_INT) {
            p->u.array.u.values[at] = value;
            p->u.array.count = at + 1;
            if ((int)at >= JS_VALUE_GET_INT(p->prop[0].u.value))
                p->prop[0].u.value = js_int32(at + 1);
            return 0;
        }
    }
    return JS_SetPropertyValue(ctx, object, key, value, JS_PROP_THROW_STRICT);
}

static JSValue native_get_global(JSAtom atom, int is_thrown)
{
    return JS_GetGlobalVar(js_native_ctx, atom, is_thrown);
}

/* The value is taken. */
static int native_put_global(JSAtom atom, JSValue value, int is_initial)
{
    return JS_SetGlobalVar(js_native_ctx, atom, value, is_initial);
}

/* ---- objects ---- */

static JSValue native_object(void)
{
    return JS_NewObject(js_native_ctx);
}

/* The elements are taken. */
static JSValue native_array(int count, JSValue *elements)
{
    return JS_NewArrayFrom(js_native_ctx, count, elements);
}

static JSValue native_closure(JSValueConst bytecode, JSObject *function, JSStackFrame *sf)
{
    return js_closure(js_native_ctx, js_dup(bytecode), function->u.func.var_refs, sf);
}

static void native_close_all(JSStackFrame *sf)
{
    close_var_refs(js_native_ctx->rt, sf);
}

static void native_close_one(JSObject *function, JSStackFrame *sf, int variable)
{
    close_lexical_var(js_native_ctx, function->u.func.function_bytecode, sf, variable);
}

/* ---- calls ---- */

/* Everything is borrowed. */
static JSValue native_call(JSValueConst function, JSValueConst this_obj, int argc, JSValueConst *argv)
{
    JSContext *ctx = js_native_ctx;
    JSValue held = native_is_rope(this_obj) ? js_dup(this_obj) : JS_UNDEFINED;
    JSValue result = JS_CallInternal(ctx, function, this_obj, JS_UNDEFINED, argc, argv, JS_CALL_FLAG_COPY_ARGV);

    JS_FreeValue(ctx, held);
    return result;
}

/* Everything is borrowed. */
static JSValue native_construct(JSValueConst function, JSValueConst target, int argc, JSValueConst *argv)
{
    JSContext *ctx = js_native_ctx;
    JSObject *p;
    JSFunctionBytecode *b;
    JSProperty *property;
    JSShapeProperty *found;
    JSValue made, result;

    if (function != target || JS_VALUE_GET_TAG(function) != JS_TAG_OBJECT)
        goto slowly;
    p = JS_VALUE_GET_OBJ(function);
    if (p->class_id != JS_CLASS_BYTECODE_FUNCTION || !p->is_constructor)
        goto slowly;
    b = p->u.func.function_bytecode;
    if (!(b->native_number & NATIVE_CONSTRUCTOR) || b->is_derived_class_constructor)
        goto slowly;
    found = find_own_property(&property, p, JS_ATOM_prototype);
    if (!found || (found->flags & JS_PROP_TMASK) || !JS_IsObject(property->u.value))
        goto slowly;
    made = JS_NewObjectProtoClass(ctx, property->u.value, JS_CLASS_OBJECT);
    if (JS_IsException(made))
        return JS_EXCEPTION;
    result = js_native_enter(p, made, argc, argv, JS_CALL_FLAG_CONSTRUCTOR);
    if (JS_IsObject(result) || JS_IsException(result)) {
        JS_FreeValue(ctx, made);
        return result;
    }
    JS_FreeValue(ctx, result);
    return made;
slowly:
    return JS_CallConstructorInternal(ctx, function, target, argc, argv, JS_CALL_FLAG_COPY_ARGV);
}

static int native_poll(void)
{
    return __js_poll_interrupts(js_native_ctx);
}

static void native_overflow(void)
{
    JS_ThrowStackOverflow(js_native_ctx);
}

/* The value is taken. */
static void native_throw(JSValue value)
{
    JS_Throw(js_native_ctx, value);
}

/* An exception leaves a function: its stack is written where it was not yet. */
static void native_fail(void)
{
    JSContext *ctx = js_native_ctx;
    JSRuntime *rt = ctx->rt;

    if (needs_backtrace(rt->current_exception) || JS_IsUndefined(ctx->error_back_trace))
        build_backtrace(ctx, rt->current_exception, JS_UNDEFINED, NULL, 0, 0, 0);
}

/* The interpreter goes on in this frame, at the instruction of its `cur_pc`: arguments, variables and `depth` values of the stack
 * lie side by side at `values`, and are given away. Where an exception was thrown, it is handled first. */
static JSValue native_resume(JSAsyncFunctionState *state, JSObject *function, JSValueConst this_obj, JSValue *values,
                             int depth, int is_thrown)
{
    JSContext *ctx = js_native_ctx;
    JSFunctionBytecode *b = function->u.func.function_bytecode;
    JSStackFrame *sf = &state->frame;

    state->this_val = unsafe_unconst(this_obj);
    state->argc = b->arg_count;
    state->throw_flag = is_thrown;
    sf->arg_buf = values;
    sf->var_buf = values + b->arg_count;
    sf->cur_sp = sf->var_buf + b->var_count + depth;
    /* It is entered again. */
    ctx->rt->current_stack_frame = sf->prev_frame;
    /* Entering polls, and would return without having freed the frame. */
    ctx->interrupt_counter = max_int(ctx->interrupt_counter, 1) + 1;
    return JS_CallInternal(ctx, JS_MKPTR(JS_TAG_INT, state), this_obj, JS_UNDEFINED, b->arg_count, vc(values),
                           JS_CALL_FLAG_GENERATOR);
}

/* ---- instructions that work on the stack in memory ---- */

static int native_define_method(JSContext *ctx, JSValue *sp, JSAtom atom, int kind, JSValue object)
{
    int flags = JS_PROP_HAS_CONFIGURABLE | JS_PROP_CONFIGURABLE | JS_PROP_HAS_ENUMERABLE | JS_PROP_THROW;
    JSValue value = JS_UNDEFINED, getter = JS_UNDEFINED, setter = JS_UNDEFINED;

    if (kind & OP_DEFINE_METHOD_ENUMERABLE)
        flags |= JS_PROP_ENUMERABLE;
    switch (kind & 3) {
    case OP_DEFINE_METHOD_METHOD:
        value = sp[-1];
        flags |= JS_PROP_HAS_VALUE | JS_PROP_HAS_WRITABLE | JS_PROP_WRITABLE;
        break;
    case OP_DEFINE_METHOD_GETTER:
        getter = sp[-1];
        flags |= JS_PROP_HAS_GET;
        break;
    default:
        setter = sp[-1];
        flags |= JS_PROP_HAS_SET;
        break;
    }
    if (js_method_set_properties(ctx, sp[-1], atom, flags, object) < 0)
        return -1;
    return JS_DefineProperty(ctx, object, atom, value, getter, setter, flags);
}

/* The translator knows these two by their numbers. */
_Static_assert(OP_SPECIAL_OBJECT_THIS_FUNC == 2 && OP_SPECIAL_OBJECT_HOME_OBJECT == 4, "runtime/src/compile/native/op.rs");

/* Does what the interpreter does for these instructions; `sp` is where the stack ends. 0, or -1 where an exception was
 * thrown; `cur_sp` says then what the interpreter would have left of the stack. */
static int native_step(int op, uint32_t operand, int second, JSValue *sp, JSStackFrame *sf)
{
    JSContext *ctx = js_native_ctx;
    JSObject *function = JS_VALUE_GET_OBJ(sf->cur_func);
    JSValue value;
    JSAtom atom;
    int failed = 0, i;

    switch (op) {
    case OP_for_of_start:
        failed = js_for_of_start(ctx, sp, false);
        if (!failed)
            sp[1] = JS_NewCatchOffset(ctx, 0);
        break;
    case OP_for_of_next:
        failed = js_for_of_next(ctx, sp, -3 - (int)operand);
        break;
    case OP_for_in_start:
        failed = js_for_in_start(ctx, sp);
        break;
    case OP_for_in_next:
        failed = js_for_in_next(ctx, sp);
        break;
    case OP_iterator_close:
        JS_FreeValue(ctx, sp[-2]);
        sp -= 2;
        if (!JS_IsUndefined(sp[-1])) {
            failed = JS_IteratorClose(ctx, sp[-1], false);
            if (!failed)
                JS_FreeValue(ctx, sp[-1]);
        }
        break;
    case OP_iterator_get_value_done:
        failed = js_iterator_get_value_done(ctx, sp);
        break;
    case OP_append:
        failed = js_append_enumerate(ctx, sp);
        if (!failed)
            JS_FreeValue(ctx, sp[-1]);
        break;
    case OP_copy_data_properties:
        failed = JS_CopyDataProperties(ctx, sp[-1 - (int)(operand & 3)], sp[-1 - (int)(operand >> 2 & 7)],
                                       sp[-1 - (int)(operand >> 5 & 7)], 0);
        break;
    case OP_define_method:
        failed = native_define_method(ctx, sp, operand, second, sp[-2]) < 0;
        JS_FreeValue(ctx, sp[-1]);
        sp--;
        break;
    case OP_define_method_computed:
        atom = JS_ValueToAtom(ctx, sp[-2]);
        if (atom == JS_ATOM_NULL) {
            failed = -1;
            break;
        }
        failed = native_define_method(ctx, sp, atom, operand, sp[-3]) < 0;
        JS_FreeAtom(ctx, atom);
        JS_FreeValue(ctx, sp[-1]);
        JS_FreeValue(ctx, sp[-2]);
        sp -= 2;
        break;
    case OP_define_array_el:
        failed = JS_DefinePropertyValueValue(ctx, sp[-3], js_dup(sp[-2]), sp[-1], JS_PROP_C_W_E | JS_PROP_THROW) < 0;
        sp--;
        break;
    case OP_define_class:
    case OP_define_class_computed:
        failed = js_op_define_class(ctx, sp, operand, second, function->u.func.var_refs, sf, op == OP_define_class_computed) < 0;
        break;
    case OP_set_name:
        failed = JS_DefineObjectName(ctx, sp[-1], operand, JS_PROP_CONFIGURABLE) < 0;
        break;
    case OP_set_name_computed:
        failed = JS_DefineObjectNameComputed(ctx, sp[-1], sp[-2], JS_PROP_CONFIGURABLE) < 0;
        break;
    case OP_set_proto:
        if (JS_IsObject(sp[-1]) || JS_IsNull(sp[-1]))
            failed = JS_SetPrototypeInternal(ctx, sp[-2], sp[-1], true) < 0;
        if (!failed) {
            JS_FreeValue(ctx, sp[-1]);
            sp--;
        }
        break;
    case OP_set_home_object:
        js_method_set_home_object(ctx, sp[-1], sp[-2]);
        break;
    case OP_delete:
        failed = js_operator_delete(ctx, sp);
        break;
    case OP_regexp:
        sp[-2] = js_regexp_constructor_internal(ctx, JS_UNDEFINED, sp[-2], sp[-1]);
        sp--;
        failed = JS_IsException(sp[-1]);
        break;
    case OP_to_object:
        if (JS_IsUndefined(sp[-1]) || JS_IsNull(sp[-1])) {
            js_throw_not_destructurable(ctx, sp[-1]);
            failed = -1;
        } else if (!JS_IsObject(sp[-1])) {
            value = JS_ToObject(ctx, sp[-1]);
            failed = JS_IsException(value);
            if (!failed) {
                JS_FreeValue(ctx, sp[-1]);
                sp[-1] = value;
            }
        }
        break;
    case OP_to_propkey2:
        if (JS_IsUndefined(sp[-2]) || JS_IsNull(sp[-2])) {
            JS_ThrowTypeError(ctx, "value has no property");
            failed = -1;
            break;
        }
        /* fall through */
    case OP_to_propkey:
        i = JS_VALUE_GET_TAG(sp[-1]);
        if (i != JS_TAG_INT && i != JS_TAG_STRING && i != JS_TAG_SYMBOL) {
            value = JS_ToPropertyKey(ctx, sp[-1]);
            failed = JS_IsException(value);
            if (!failed) {
                JS_FreeValue(ctx, sp[-1]);
                sp[-1] = value;
            }
        }
        break;
    case OP_check_object:
        if (!JS_IsObject(sp[-1])) {
            JS_ThrowTypeErrorNotAnObject(ctx);
            failed = -1;
        }
        break;
    case OP_get_super:
        value = JS_GetPrototype(ctx, sp[-1]);
        failed = JS_IsException(value);
        if (!failed) {
            JS_FreeValue(ctx, sp[-1]);
            sp[-1] = value;
        }
        break;
    case OP_private_symbol:
        value = JS_NewSymbolFromAtom(ctx, operand, JS_ATOM_TYPE_PRIVATE);
        failed = JS_IsException(value);
        if (!failed)
            sp[0] = value;
        break;
    case OP_get_private_field:
        value = JS_GetPrivateField(ctx, sp[-2], sp[-1]);
        JS_FreeValue(ctx, sp[-1]);
        JS_FreeValue(ctx, sp[-2]);
        sp[-2] = value;
        sp--;
        failed = JS_IsException(value);
        break;
    case OP_put_private_field:
        failed = JS_SetPrivateField(ctx, sp[-3], sp[-1], sp[-2]) < 0;
        JS_FreeValue(ctx, sp[-3]);
        JS_FreeValue(ctx, sp[-1]);
        sp -= 3;
        break;
    case OP_define_private_field:
        failed = JS_DefinePrivateField(ctx, sp[-3], sp[-2], sp[-1]) < 0;
        JS_FreeValue(ctx, sp[-2]);
        sp -= 2;
        break;
    case OP_private_in:
        failed = js_operator_private_in(ctx, sp);
        break;
    case OP_check_brand:
        i = JS_CheckBrand(ctx, sp[-2], sp[-1]);
        if (!i)
            JS_ThrowTypeError(ctx, "invalid brand on object");
        failed = i <= 0;
        break;
    case OP_apply:
        value = js_function_apply(ctx, sp[-3], 2, vc(&sp[-2]), operand);
        failed = JS_IsException(value);
        if (!failed) {
            for (i = -3; i < 0; i++)
                JS_FreeValue(ctx, sp[i]);
            sp[-3] = value;
        }
        break;
    case OP_special_object:
        if (operand == OP_SPECIAL_OBJECT_THIS_FUNC)
            sp[0] = js_dup(sf->cur_func);
        else
            sp[0] = function->u.func.home_object ? js_dup(JS_MKPTR(JS_TAG_OBJECT, function->u.func.home_object)) : JS_UNDEFINED;
        break;
    default:
        JS_ThrowInternalError(ctx, "an instruction without a step: %d", op);
        failed = -1;
        break;
    }
    if (failed)
        sf->cur_sp = sp;
    return failed ? -1 : 0;
}

/* ---- the layout ---- */

/* Bits of a structure, as their byte and what stands in it: the host asks instead of knowing. */
#define NATIVE_BITS(text, name, type, member)                                                                    \
    do {                                                                                                         \
        type probe_;                                                                                             \
        uint32_t at_;                                                                                            \
        memset(&probe_, 0, sizeof(probe_));                                                                      \
        probe_.member = ~0;                                                                                      \
        for (at_ = 0; at_ + 1 < sizeof(probe_) && !((uint8_t *)&probe_)[at_]; at_++) {                           \
        }                                                                                                        \
        dbuf_printf(text, "bits " #name " %u %u\n", at_, ((uint8_t *)&probe_)[at_]);                             \
    } while (0)
#define NATIVE_OFFSET(text, name, type, member) dbuf_printf(text, "value " #name " %u\n", (uint32_t)offsetof(type, member))
#define NATIVE_VALUE(text, name, value) dbuf_printf(text, "value " #name " %u\n", (uint32_t)(value))
/* Its types: j for a value of JavaScript, i for an int or an address, d for a double; what it answers after the colon. */
#define NATIVE_HELPER(text, name, types) dbuf_printf(text, "helper " #name " %u " types "\n", (uint32_t)(uintptr_t)native_##name)

static void native_layout_structures(DynBuf *text)
{
    NATIVE_VALUE(text, context_cell, (uintptr_t)&js_native_ctx);
    NATIVE_VALUE(text, caches_cell, (uintptr_t)&native_caches);
    NATIVE_VALUE(text, entry_slot, (uintptr_t)native_absent);
    NATIVE_VALUE(text, arguments_max, NATIVE_ARGUMENTS_MAX);
    NATIVE_VALUE(text, constructor_bit, NATIVE_CONSTRUCTOR);

    NATIVE_VALUE(text, count_before, offsetof(JSMallocBlockHeader, user_data) - offsetof(JSMallocBlockHeader, ref_count));
    NATIVE_VALUE(text, header_bytes, offsetof(JSMallocBlockHeader, user_data));
    NATIVE_BITS(text, header_type, JSMallocBlockHeader, gc_obj_type);
    NATIVE_VALUE(text, type_bytecode, JS_GC_OBJ_TYPE_FUNCTION_BYTECODE);

    NATIVE_OFFSET(text, context_runtime, JSContext, rt);
    NATIVE_OFFSET(text, context_interrupts, JSContext, interrupt_counter);
    NATIVE_OFFSET(text, runtime_frame, JSRuntime, current_stack_frame);
    NATIVE_OFFSET(text, runtime_stack_limit, JSRuntime, stack_limit);
    NATIVE_OFFSET(text, runtime_objects, JSRuntime, gc_obj_list);
    NATIVE_OFFSET(text, runtime_atoms, JSRuntime, atom_array);
    NATIVE_OFFSET(text, runtime_atom_count, JSRuntime, atom_size);

    NATIVE_OFFSET(text, code_number, JSFunctionBytecode, native_number);
    NATIVE_OFFSET(text, code_bytes, JSFunctionBytecode, byte_code_buf);
    NATIVE_OFFSET(text, code_length, JSFunctionBytecode, byte_code_len);
    NATIVE_OFFSET(text, code_name, JSFunctionBytecode, func_name);
    NATIVE_OFFSET(text, code_file, JSFunctionBytecode, filename);
    NATIVE_OFFSET(text, code_definitions, JSFunctionBytecode, vardefs);
    NATIVE_OFFSET(text, code_arguments, JSFunctionBytecode, arg_count);
    NATIVE_OFFSET(text, code_variables, JSFunctionBytecode, var_count);
    NATIVE_OFFSET(text, code_stack, JSFunctionBytecode, stack_size);
    NATIVE_OFFSET(text, code_captured, JSFunctionBytecode, var_ref_count);
    NATIVE_OFFSET(text, code_closed_over, JSFunctionBytecode, closure_var_count);
    NATIVE_OFFSET(text, code_constants, JSFunctionBytecode, cpool);
    NATIVE_OFFSET(text, code_constant_count, JSFunctionBytecode, cpool_count);
    NATIVE_OFFSET(text, code_realm, JSFunctionBytecode, realm);
    NATIVE_BITS(text, code_kind, JSFunctionBytecode, func_kind);
    NATIVE_BITS(text, code_strict, JSFunctionBytecode, is_strict_mode);
    NATIVE_BITS(text, code_derived, JSFunctionBytecode, is_derived_class_constructor);
    NATIVE_VALUE(text, definition_bytes, sizeof(JSVarDef));
    NATIVE_BITS(text, definition_captured, JSVarDef, is_captured);

    NATIVE_OFFSET(text, object_shape, JSObject, shape);
    NATIVE_OFFSET(text, object_properties, JSObject, prop);
    NATIVE_OFFSET(text, object_class, JSObject, class_id);
    NATIVE_OFFSET(text, object_code, JSObject, u.func.function_bytecode);
    NATIVE_OFFSET(text, object_closed_over, JSObject, u.func.var_refs);
    NATIVE_OFFSET(text, object_elements, JSObject, u.array.u.values);
    NATIVE_OFFSET(text, object_element_count, JSObject, u.array.count);
    NATIVE_BITS(text, object_extensible, JSObject, extensible);
    NATIVE_VALUE(text, class_array, JS_CLASS_ARRAY);
    NATIVE_VALUE(text, class_function, JS_CLASS_BYTECODE_FUNCTION);
    NATIVE_VALUE(text, class_uint8_array, JS_CLASS_UINT8_ARRAY);
    NATIVE_VALUE(text, class_int32_array, JS_CLASS_INT32_ARRAY);
    NATIVE_VALUE(text, class_float64_array, JS_CLASS_FLOAT64_ARRAY);
    NATIVE_OFFSET(text, reference_value, JSVarRef, pvalue);

    NATIVE_OFFSET(text, cache_shape, NativeCache, shape);
    NATIVE_OFFSET(text, cache_place, NativeCache, place);
    NATIVE_OFFSET(text, cache_holder, NativeCache, holder);
    NATIVE_OFFSET(text, cache_holder_shape, NativeCache, holder_shape);
    NATIVE_OFFSET(text, cache_next_shape, NativeCache, next_shape);
    NATIVE_OFFSET(text, cache_upper, NativeCache, upper);
    NATIVE_OFFSET(text, cache_upper_shape, NativeCache, upper_shape);
    NATIVE_VALUE(text, cache_bytes, sizeof(NativeCache));

    NATIVE_VALUE(text, state_bytes, sizeof(JSAsyncFunctionState));
    NATIVE_OFFSET(text, frame, JSAsyncFunctionState, frame);
    NATIVE_OFFSET(text, frame_previous, JSStackFrame, prev_frame);
    NATIVE_OFFSET(text, frame_function, JSStackFrame, cur_func);
    NATIVE_OFFSET(text, frame_arguments, JSStackFrame, arg_buf);
    NATIVE_OFFSET(text, frame_variables, JSStackFrame, var_buf);
    NATIVE_OFFSET(text, frame_references, JSStackFrame, var_refs);
    NATIVE_OFFSET(text, frame_place, JSStackFrame, cur_pc);
    NATIVE_OFFSET(text, frame_reference_count, JSStackFrame, var_ref_count);
    NATIVE_OFFSET(text, frame_argument_count, JSStackFrame, arg_count);
    NATIVE_OFFSET(text, frame_strict, JSStackFrame, is_strict_mode);
    NATIVE_OFFSET(text, frame_constructor, JSStackFrame, is_constructor);
    NATIVE_OFFSET(text, frame_coroutine, JSStackFrame, cur_gc_obj);
    NATIVE_OFFSET(text, frame_end, JSStackFrame, cur_sp);

    NATIVE_VALUE(text, string_bytes, sizeof(JSString));
    NATIVE_VALUE(text, atom_empty, JS_ATOM_empty_string);
    NATIVE_VALUE(text, atom_undefined, JS_ATOM_undefined);
    NATIVE_VALUE(text, atom_function, JS_ATOM_function);
}

static void native_layout_helpers(DynBuf *text)
{
    NATIVE_HELPER(text, make_caches, "i:i");
    NATIVE_HELPER(text, free, "j:");
    NATIVE_HELPER(text, binary, "jji:j");
    NATIVE_HELPER(text, unary, "ji:j");
    NATIVE_HELPER(text, add_to, "jj:j");
    NATIVE_HELPER(text, truth, "j:i");
    NATIVE_HELPER(text, int_of, "d:i");
    NATIVE_HELPER(text, remainder, "dd:d");
    NATIVE_HELPER(text, power, "dd:d");
    NATIVE_HELPER(text, type_of, "j:j");
    NATIVE_HELPER(text, type_is, "ji:i");
    NATIVE_HELPER(text, atom_value, "i:j");
    NATIVE_HELPER(text, this, "j:j");
    NATIVE_HELPER(text, get_field, "jii:j");
    NATIVE_HELPER(text, put_field, "jiji:i");
    NATIVE_HELPER(text, define_field, "jij:i");
    NATIVE_HELPER(text, get_length, "j:j");
    NATIVE_HELPER(text, get_element, "jj:j");
    NATIVE_HELPER(text, put_element, "jjj:i");
    NATIVE_HELPER(text, get_global, "ii:j");
    NATIVE_HELPER(text, put_global, "iji:i");
    NATIVE_HELPER(text, object, ":j");
    NATIVE_HELPER(text, array, "ii:j");
    NATIVE_HELPER(text, closure, "jii:j");
    NATIVE_HELPER(text, close_all, "i:");
    NATIVE_HELPER(text, close_one, "iii:");
    NATIVE_HELPER(text, call, "jjii:j");
    NATIVE_HELPER(text, construct, "jjii:j");
    NATIVE_HELPER(text, poll, ":i");
    NATIVE_HELPER(text, overflow, ":");
    NATIVE_HELPER(text, throw, "j:");
    NATIVE_HELPER(text, fail, ":");
    NATIVE_HELPER(text, resume, "iijiii:j");
    NATIVE_HELPER(text, step, "iiiii:i");
}

static void native_layout_values(DynBuf *text)
{
    NATIVE_VALUE(text, tag_first, JS_TAG_FIRST);
    NATIVE_VALUE(text, tag_string, JS_TAG_STRING);
    NATIVE_VALUE(text, tag_rope, JS_TAG_STRING_ROPE);
    NATIVE_VALUE(text, tag_object, JS_TAG_OBJECT);
    NATIVE_VALUE(text, tag_int, JS_TAG_INT);
    NATIVE_VALUE(text, tag_bool, JS_TAG_BOOL);
    NATIVE_VALUE(text, tag_null, JS_TAG_NULL);
    NATIVE_VALUE(text, tag_undefined, JS_TAG_UNDEFINED);
    NATIVE_VALUE(text, tag_uninitialized, JS_TAG_UNINITIALIZED);
    NATIVE_VALUE(text, tag_catch, JS_TAG_CATCH_OFFSET);
    NATIVE_VALUE(text, tag_exception, JS_TAG_EXCEPTION);
    NATIVE_VALUE(text, tag_float, JS_TAG_FLOAT64);
    NATIVE_VALUE(text, float_addend, JS_FLOAT64_TAG_ADDEND);
}

/* The layout as text, for the host: where it lies, and its length in the upper half. It is never freed: the host throws the
 * instance away after this call. */
__attribute__((export_name("native_layout"), used)) uint64_t native_layout(void)
{
    DynBuf text;

    js_dbuf_init(js_native_ctx, &text);
    native_layout_structures(&text);
    native_layout_helpers(&text);
    native_layout_values(&text);
    js_native_instructions(&text);
    return (uint64_t)text.size << 32 | (uintptr_t)text.buf;
}

#endif
