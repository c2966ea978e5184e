/* Names what an error is about: included at the end of quickjs.c.
 *
 * `a.b is not a function` needs the text of an expression, and an image has no source text. The instructions say as much:
 * from the one that failed, the one that put the value on the stack is looked for backwards, and those for its
 * parts. Only the way of an error pays for that. What comes out of more than one instruction (`(a || b)()`) is an
 * "(intermediate value)", as in V8. Where no instruction is known, the value itself is told: `undefined is not a function`.
 */

/* Longer functions are not looked through: the value is told. */
#define EXPRESSION_CODE_MAX (16 << 10)
#define EXPRESSION_TEXT_MAX 160
#define EXPRESSION_DEPTH_MAX 12
#define EXPRESSION_STEPS_MAX 4096
#define EXPRESSION_UNKNOWN "(intermediate value)"

typedef struct {
    JSContext *ctx;
    JSFunctionBytecode *b;
    uint16_t *starts; /* where each instruction begins */
    int count;
    int steps;
    char text[EXPRESSION_TEXT_MAX];
    int length;
} Expression;

static void expression_put(Expression *e, const char *text)
{
    int length = strlen(text);

    if (e->length + length >= EXPRESSION_TEXT_MAX)
        length = EXPRESSION_TEXT_MAX - 1 - e->length;
    memcpy(e->text + e->length, text, length);
    e->length += length;
    e->text[e->length] = '\0';
}

static void expression_put_atom(Expression *e, JSAtom atom)
{
    char buf[ATOM_GET_STR_BUF_SIZE];

    expression_put(e, JS_AtomGetStr(e->ctx, buf, sizeof(buf), atom));
}

static int expression_op(Expression *e, int at)
{
    return e->b->byte_code_buf[e->starts[at]];
}

static const uint8_t *expression_operand(Expression *e, int at)
{
    return e->b->byte_code_buf + e->starts[at] + 1;
}

/* Where a jump leads to; -1 for all that are none. */
static int expression_target(Expression *e, int at)
{
    const uint8_t *operand = expression_operand(e, at);
    int from = e->starts[at] + 1;

    switch (expression_op(e, at)) {
    case OP_goto: case OP_if_true: case OP_if_false:
        return from + (int32_t)get_u32(operand);
    case OP_goto16:
        return from + (int16_t)get_u16(operand);
    case OP_goto8: case OP_if_true8: case OP_if_false8:
        return from + (int8_t)operand[0];
    default:
        return -1;
    }
}

static bool expression_goes_on(Expression *e, int at)
{
    switch (expression_op(e, at)) {
    case OP_goto: case OP_goto8: case OP_goto16: case OP_tail_call: case OP_tail_call_method:
    case OP_return: case OP_return_undef: case OP_return_async: case OP_throw: case OP_throw_error: case OP_ret:
        return false;
    default:
        return true;
    }
}

/* The instruction that runs before: the one above, or a jump, of which one further up is asked for first. */
static int expression_before(Expression *e, int at)
{
    int i;

    if (at > 0 && expression_goes_on(e, at - 1))
        return at - 1;
    for (i = at - 2; i >= 0; i--) {
        if (expression_target(e, i) == e->starts[at])
            return i;
    }
    for (i = at; i < e->count; i++) {
        if (expression_target(e, i) == e->starts[at])
            return i;
    }
    return -1;
}

/* Of a value that an instruction only moves: which one it was before. -1: it made it. */
static int expression_moved(int op, int slot)
{
    switch (op) {
    case OP_dup:
        return 0;
    case OP_dup1: case OP_get_field2:
        return slot == 0 ? (op == OP_dup1 ? 0 : -1) : slot == 1 && op == OP_get_field2 ? 0 : 1;
    case OP_dup2:
        return slot & 1;
    case OP_swap:
        return 1 - slot;
    case OP_nip: case OP_check_object: case OP_set_loc: case OP_set_loc8:
    case OP_set_loc0: case OP_set_loc1: case OP_set_loc2: case OP_set_loc3: case OP_set_arg: case OP_set_arg0:
    case OP_set_arg1: case OP_set_arg2: case OP_set_arg3: case OP_set_var_ref: case OP_set_var_ref0:
    case OP_set_var_ref1: case OP_set_var_ref2: case OP_set_var_ref3:
        return 0;
    case OP_get_array_el2:
        return slot == 1 ? 1 : -1;
    case OP_insert2:
        return slot & 1;
    case OP_rot3l:
        return slot == 0 ? 2 : slot - 1;
    case OP_rot3r:
        return slot == 2 ? 0 : slot + 1;
    case OP_perm3:
        return slot == 1 ? 2 : slot == 2 ? 1 : 0;
    default:
        return -1;
    }
}

/* The instruction that made the value which lies `*slot` below the top before `at`. -1: unknown, or one of several. */
static int expression_maker(Expression *e, int at, int *slot)
{
    int first = at, i, pop, push, moved, target;
    const JSOpCode *info;

    for (;;) {
        if (e->steps-- <= 0)
            return -1;
        at = expression_before(e, at);
        if (at < 0)
            return -1;
        info = &short_opcode_info(expression_op(e, at));
        switch (expression_op(e, at)) {
        case OP_catch: case OP_gosub: case OP_ret: case OP_nip_catch: case OP_with_get_var: case OP_with_put_var:
        case OP_with_delete_var: case OP_with_make_ref: case OP_with_get_ref: case OP_with_get_ref_undef:
            return -1;
        }
        pop = info->n_pop;
        push = info->n_push;
        if (info->fmt == OP_FMT_npop || info->fmt == OP_FMT_npop_u16)
            pop += get_u16(expression_operand(e, at));
        else if (info->fmt == OP_FMT_npopx)
            pop += expression_op(e, at) - OP_call0;
        if (*slot >= push) {
            *slot += pop - push;
            continue;
        }
        moved = expression_moved(expression_op(e, at), *slot);
        if (moved < 0)
            break;
        *slot = moved;
    }
    /* a jump from elsewhere to what is between it and its use: another one may have made the value */
    for (i = 0; i < e->count; i++) {
        target = expression_target(e, i);
        if ((i < at || i >= first) && target > e->starts[at] && target <= e->starts[first])
            return -1;
    }
    return at;
}

/* The characters of a short string. */
static bool expression_put_text(Expression *e, JSValueConst value)
{
    char buf[48];
    JSString *str = JS_VALUE_GET_STRING(value);

    if (JS_VALUE_GET_TAG(value) != JS_TAG_STRING || str->is_wide_char || str->len == 0)
        return false;
    snprintf(buf, sizeof(buf), "%.*s", min_int(str->len, 44), str8(str));
    expression_put(e, buf);
    return true;
}

static void expression_put_number(Expression *e, int number)
{
    char buf[16];

    snprintf(buf, sizeof(buf), "%d", number);
    expression_put(e, buf);
}

static bool expression_put_constant(Expression *e, JSValueConst value)
{
    char buf[32];

    if (JS_VALUE_GET_TAG(value) == JS_TAG_STRING) {
        JSString *str = JS_VALUE_GET_STRING(value);
        if (str->is_wide_char)
            return false;
        snprintf(buf, sizeof(buf), "\"%.*s\"", min_int(str->len, 28), str8(str));
    } else if (JS_VALUE_GET_TAG(value) == JS_TAG_INT) {
        snprintf(buf, sizeof(buf), "%d", JS_VALUE_GET_INT(value));
    } else if (JS_TAG_IS_FLOAT64(JS_VALUE_GET_TAG(value))) {
        snprintf(buf, sizeof(buf), "%g", JS_VALUE_GET_FLOAT64(value));
    } else {
        return false;
    }
    expression_put(e, buf);
    return true;
}

static bool expression_put_name(Expression *e, JSAtom atom)
{
    char buf[ATOM_GET_STR_BUF_SIZE];

    /* the engine's own variables have names that no program can have */
    JS_AtomGetStr(e->ctx, buf, sizeof(buf), atom);
    if (atom == JS_ATOM_NULL || buf[0] == '<' || buf[0] == '\0')
        return false;
    expression_put(e, buf);
    return true;
}

/* The variable that an instruction reads. */
static JSAtom expression_variable(Expression *e, int at)
{
    JSFunctionBytecode *b = e->b;
    const uint8_t *operand = expression_operand(e, at);
    int op = expression_op(e, at), index;

    switch (op) {
    case OP_get_loc: case OP_get_loc_check:
        index = b->arg_count + get_u16(operand);
        break;
    case OP_get_loc8:
        index = b->arg_count + operand[0];
        break;
    case OP_get_loc0: case OP_get_loc1: case OP_get_loc2: case OP_get_loc3:
        index = b->arg_count + (op - OP_get_loc0);
        break;
    case OP_get_arg:
        index = get_u16(operand);
        break;
    case OP_get_arg0: case OP_get_arg1: case OP_get_arg2: case OP_get_arg3:
        index = op - OP_get_arg0;
        break;
    case OP_get_var_ref: case OP_get_var_ref_check:
        index = get_u16(operand);
        return index < b->closure_var_count ? b->closure_var[index].var_name : JS_ATOM_NULL;
    case OP_get_var_ref0: case OP_get_var_ref1: case OP_get_var_ref2: case OP_get_var_ref3:
        index = op - OP_get_var_ref0;
        return index < b->closure_var_count ? b->closure_var[index].var_name : JS_ATOM_NULL;
    case OP_get_var: case OP_get_var_undef:
        return get_u32(operand);
    default:
        return JS_ATOM_NULL;
    }
    return b->vardefs && index < b->arg_count + b->var_count ? b->vardefs[index].var_name : JS_ATOM_NULL;
}

static int expression_callee_slot(Expression *e, int at)
{
    int op = expression_op(e, at);

    switch (op) {
    case OP_call0: case OP_call1: case OP_call2: case OP_call3:
        return op - OP_call0;
    case OP_call: case OP_tail_call: case OP_call_method: case OP_tail_call_method: case OP_eval:
        return get_u16(expression_operand(e, at));
    case OP_call_constructor:
        return get_u16(expression_operand(e, at)) + 1;
    case OP_apply:
        return 2;
    case OP_apply_eval:
        return 1;
    default:
        return -1;
    }
}

static void expression_put_value(Expression *e, int at, int slot, int depth)
{
    int maker = depth < EXPRESSION_DEPTH_MAX ? expression_maker(e, at, &slot) : -1, start = e->length, op, key;
    const uint8_t *operand;
    JSAtom name;

    if (maker < 0)
        goto unknown;
    operand = expression_operand(e, maker);
    switch (op = expression_op(e, maker)) {
    case OP_get_loc0_loc1:
        if (!e->b->vardefs || !expression_put_name(e, e->b->vardefs[e->b->arg_count + 1 - slot].var_name))
            goto unknown;
        break;
    case OP_push_this:
        expression_put(e, "this");
        break;
    case OP_undefined:
        expression_put(e, "undefined");
        break;
    case OP_null:
        expression_put(e, "null");
        break;
    case OP_push_true:
        expression_put(e, "true");
        break;
    case OP_push_false:
        expression_put(e, "false");
        break;
    case OP_push_i32:
        expression_put_number(e, (int32_t)get_u32(operand));
        break;
    case OP_push_i16:
        expression_put_number(e, (int16_t)get_u16(operand));
        break;
    case OP_push_i8:
        expression_put_number(e, (int8_t)operand[0]);
        break;
    case OP_push_minus1: case OP_push_0: case OP_push_1: case OP_push_2: case OP_push_3: case OP_push_4:
    case OP_push_5: case OP_push_6: case OP_push_7:
        expression_put_number(e, op - OP_push_0);
        break;
    case OP_push_const: case OP_push_const8:
        if (!expression_put_constant(e, e->b->cpool[op == OP_push_const ? get_u32(operand) : operand[0]]))
            goto unknown;
        break;
    case OP_push_empty_string:
        expression_put(e, "\"\"");
        break;
    case OP_push_atom_value:
        expression_put(e, "\"");
        expression_put_atom(e, get_u32(operand));
        expression_put(e, "\"");
        break;
    case OP_get_field: case OP_get_field2:
        expression_put_value(e, maker, 0, depth + 1);
        expression_put(e, ".");
        expression_put_atom(e, get_u32(operand));
        break;
    case OP_get_length:
        expression_put_value(e, maker, 0, depth + 1);
        expression_put(e, ".length");
        break;
    case OP_get_array_el: case OP_get_array_el2: case OP_get_super_value:
        if (op == OP_get_super_value)
            expression_put(e, EXPRESSION_UNKNOWN);
        else
            expression_put_value(e, maker, 1, depth + 1);
        key = e->length;
        expression_put(e, "[");
        expression_put_value(e, maker, 0, depth + 1);
        if (e->text[key + 1] == '"' && e->text[e->length - 1] == '"') {
            /* V8 tells a["b"] as a.b, and so do properties of `super` become names again */
            e->text[key] = '.';
            e->length -= 2;
            memmove(e->text + key + 1, e->text + key + 2, e->length - key);
            e->text[e->length] = '\0';
        } else {
            expression_put(e, "]");
        }
        break;
    case OP_get_private_field:
        expression_put_value(e, maker, 1, depth + 1);
        expression_put(e, ".");
        expression_put_value(e, maker, 0, depth + 1);
        break;
    case OP_call0: case OP_call1: case OP_call2: case OP_call3: case OP_call: case OP_call_method:
        expression_put_value(e, maker, expression_callee_slot(e, maker), depth + 1);
        expression_put(e, "(...)");
        break;
    default:
        name = expression_variable(e, maker);
        if (name == JS_ATOM_NULL || !expression_put_name(e, name))
            goto unknown;
    }
    return;
unknown:
    e->length = start;
    expression_put(e, EXPRESSION_UNKNOWN);
}

/* The value that a pattern takes apart. That of a declaration is computed below the pattern's own code, which a
   jump leads back to. */
static void expression_put_matched(Expression *e, int at)
{
    int i, from = at;

    if (at >= 4 && expression_op(e, at - 4) == OP_undefined && expression_op(e, at - 3) == OP_dup &&
        expression_op(e, at - 2) == OP_is_undefined) {
        for (i = at + 1; i < e->count && from == at; i++) {
            if (expression_target(e, i) == e->starts[at])
                from = i;
        }
    }
    expression_put_value(e, from, 0, 0);
}

/* The instruction at which the running function stands, when it is one of the language's. */
static int expression_begin(JSContext *ctx, Expression *e)
{
    JSStackFrame *sf = ctx->rt->current_stack_frame;
    JSObject *p;
    int pos, end;

    memset(e, 0, offsetof(Expression, text) + 1);
    e->ctx = ctx;
    e->length = 0;
    e->steps = EXPRESSION_STEPS_MAX;
    if (!sf || !sf->cur_pc || JS_VALUE_GET_TAG(sf->cur_func) != JS_TAG_OBJECT)
        return -1;
    p = JS_VALUE_GET_OBJ(sf->cur_func);
    if (!js_class_has_bytecode(p->class_id))
        return -1;
    e->b = p->u.func.function_bytecode;
    if (e->b->byte_code_len > EXPRESSION_CODE_MAX)
        return -1;
    e->starts = js_malloc_rt(ctx->rt, e->b->byte_code_len * sizeof(e->starts[0]));
    if (!e->starts)
        return -1;
    end = sf->cur_pc - e->b->byte_code_buf;
    for (pos = 0; pos < e->b->byte_code_len; pos += short_opcode_info(e->b->byte_code_buf[pos]).size)
        e->starts[e->count++] = pos;
    for (pos = 0; pos < e->count; pos++) {
        if (e->starts[pos] + short_opcode_info(expression_op(e, pos)).size == end)
            return pos;
    }
    return -1;
}

static void expression_end(Expression *e)
{
    js_free_rt(e->ctx->rt, e->starts);
}

/* What a value is called where its expression is not known. */
static void expression_put_kind(Expression *e, JSValueConst value)
{
    JSObject *p, *ctor;
    JSProperty *pr;
    JSShapeProperty *prs;
    JSAtom name;

    switch (JS_VALUE_GET_NORM_TAG(value)) {
    case JS_TAG_UNDEFINED:
        expression_put(e, "undefined");
        return;
    case JS_TAG_NULL:
        expression_put(e, "null");
        return;
    case JS_TAG_BOOL:
        expression_put(e, JS_VALUE_GET_BOOL(value) ? "true" : "false");
        return;
    case JS_TAG_SYMBOL:
        expression_put(e, "Symbol()");
        return;
    case JS_TAG_OBJECT:
        break;
    default:
        if (!expression_put_constant(e, value))
            expression_put(e, EXPRESSION_UNKNOWN);
        return;
    }
    p = JS_VALUE_GET_OBJ(value);
    prs = p->class_id == JS_CLASS_PROXY ? NULL : find_own_property(&pr, p, JS_ATOM_name);
    if (JS_IsFunction(e->ctx, value) && prs && !(prs->flags & JS_PROP_TMASK) && JS_IsString(pr->u.value) &&
        expression_put_text(e, pr->u.value))
        return;
    name = e->ctx->rt->class_array[p->class_id].class_name;
    /* the prototype's constructor, where that can be read without running anything */
    if (p->class_id == JS_CLASS_OBJECT && p->shape->proto) {
        prs = find_own_property(&pr, p->shape->proto, JS_ATOM_constructor);
        if (prs && !(prs->flags & JS_PROP_TMASK) && JS_IsObject(pr->u.value)) {
            ctor = JS_VALUE_GET_OBJ(pr->u.value);
            if (js_class_has_bytecode(ctor->class_id) && ctor->u.func.function_bytecode->func_name != JS_ATOM_NULL)
                name = ctor->u.func.function_bytecode->func_name;
        }
    }
    expression_put(e, "#<");
    expression_put_atom(e, name);
    expression_put(e, ">");
}
