/* The errors that name an expression or a property. Included behind expression-text.h. */

/* Throws a TypeError: `value`, which the running function called, is not `what`. */
static no_inline JSValue js_throw_not_callable(JSContext *ctx, JSValueConst value, const char *what)
{
    Expression e;
    int at = expression_begin(ctx, &e);
    int slot = at < 0 ? -1 : expression_callee_slot(&e, at);

    if (slot >= 0)
        expression_put_value(&e, at, slot, 0);
    else
        expression_put_kind(&e, value);
    expression_end(&e);
    return JS_ThrowTypeError(ctx, "%s is not %s", e.text, what);
}

/* Throws a TypeError: `value` has no iterator. */
static no_inline JSValue js_throw_not_iterable(JSContext *ctx, JSValueConst value)
{
    Expression e;
    int at = expression_begin(ctx, &e), op = at < 0 ? OP_invalid : expression_op(&e, at);

    if (op == OP_for_of_start || op == OP_for_await_of_start || op == OP_append)
        expression_put_matched(&e, at);
    if (e.length == 0 || !strcmp(e.text, EXPRESSION_UNKNOWN)) {
        e.length = 0;
        expression_put_kind(&e, value);
    }
    expression_end(&e);
    return JS_ThrowTypeError(ctx, "%s is not iterable", e.text);
}

/* Throws a TypeError: `value`, which is null or undefined, has no properties to take out. */
static no_inline JSValue js_throw_not_destructurable(JSContext *ctx, JSValueConst value)
{
    const char *kind = JS_IsNull(value) ? "null" : "undefined";
    char property[ATOM_GET_STR_BUF_SIZE] = "";
    Expression e;
    int at = expression_begin(ctx, &e), next;

    if (at < 0) {
        expression_put(&e, kind);
    } else {
        expression_put_matched(&e, at);
        for (next = at + 1; next < e.count && next < at + 6; next++) {
            int op = expression_op(&e, next);
            if (op == OP_get_field2 || op == OP_get_field || op == OP_define_field) {
                JS_AtomGetStr(ctx, property, sizeof(property), get_u32(expression_operand(&e, next)));
                break;
            }
            if (op != OP_object && op != OP_swap && op != OP_null && op != OP_dup)
                break;
        }
    }
    expression_end(&e);
    if (property[0] && at >= 0 && strcmp(e.text, EXPRESSION_UNKNOWN) && strstr(e.text, EXPRESSION_UNKNOWN))
        return JS_ThrowTypeError(ctx, "Cannot read properties of %s (reading '%s')", kind, property);
    if (!strcmp(e.text, EXPRESSION_UNKNOWN)) {
        e.length = 0;
        expression_put(&e, kind);
    }
    if (property[0])
        return JS_ThrowTypeError(ctx, "Cannot destructure property '%s' of '%s' as it is %s.", property, e.text, kind);
    return JS_ThrowTypeError(ctx, "Cannot destructure '%s' as it is %s.", e.text, kind);
}

/* Throws a TypeError: null and undefined have no property to read or set. */
static no_inline JSValue js_throw_no_property(JSContext *ctx, bool is_null, bool is_set, JSAtom property)
{
    char buf[ATOM_GET_STR_BUF_SIZE];
    bool is_symbol = !__JS_AtomIsTaggedInt(property) &&
        ctx->rt->atom_array[property]->atom_type != JS_ATOM_TYPE_STRING;

    JS_AtomGetStr(ctx, buf, sizeof(buf), property);
    return JS_ThrowTypeError(ctx, "Cannot %s properties of %s (%s '%s%s%s')", is_set ? "set" : "read",
                             is_null ? "null" : "undefined", is_set ? "setting" : "reading",
                             is_symbol ? "Symbol(" : "", buf, is_symbol ? ")" : "");
}

/* Throws a TypeError with two %s: a property's name, and what has or should have it. */
static no_inline int js_throw_about(JSContext *ctx, const char *format, JSAtom property, JSValueConst value)
{
    char buf[ATOM_GET_STR_BUF_SIZE];
    Expression e;

    memset(&e, 0, sizeof(e));
    e.ctx = ctx;
    expression_put_kind(&e, value);
    JS_ThrowTypeError(ctx, format, JS_AtomGetStr(ctx, buf, sizeof(buf), property), e.text);
    return -1;
}

/* Throws a TypeError: what is right of `in` is no object. */
static no_inline int js_throw_not_searchable(JSContext *ctx, JSValueConst name, JSValueConst value)
{
    JSAtom atom = JS_ValueToAtomInternal(ctx, name, JS_TO_STRING_NO_SIDE_EFFECTS);

    if (atom == JS_ATOM_NULL)
        return -1;
    js_throw_about(ctx, "Cannot use 'in' operator to search for '%s' in %s", atom, value);
    JS_FreeAtom(ctx, atom);
    return -1;
}
