/* Lists of headers and of parameters, their common case. Included at the end of quickjs.c, behind alike.h.
 *
 * A list is an array of arrays of a lower-case name and a value, as headers.js has it.
 */

static bool header_is_token(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool header_is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A name in lower case; JS_UNDEFINED: it is none. */
static JSValue header_name(JSContext *ctx, JSValueConst value)
{
    JSString *name = JS_VALUE_GET_STRING(value), *lower;
    const uint8_t *text;
    bool is_lower = true;
    int i, length = name->len;

    if (name->is_wide_char || length == 0)
        return JS_UNDEFINED;
    text = str8(name);
    for (i = 0; i < length; i++) {
        if (!header_is_token(text[i]))
            return JS_UNDEFINED;
        is_lower = is_lower && !(text[i] >= 'A' && text[i] <= 'Z');
    }
    if (is_lower)
        return js_dup(value);
    lower = js_alloc_string(ctx, length, 0);
    if (!lower)
        return JS_EXCEPTION;
    for (i = 0; i < length; i++)
        str8(lower)[i] = text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i];
    str8(lower)[length] = '\0';
    return JS_MKPTR(JS_TAG_STRING, lower);
}

/* A value without the white space around it; JS_UNDEFINED: it is none. */
static JSValue header_value(JSContext *ctx, JSValueConst value)
{
    JSString *string;
    const uint8_t *text;
    int i, start = 0, end;

    if (JS_VALUE_GET_TAG(value) != JS_TAG_STRING || JS_VALUE_GET_STRING(value)->is_wide_char)
        return JS_UNDEFINED;
    string = JS_VALUE_GET_STRING(value);
    text = str8(string);
    end = string->len;
    while (start < end && header_is_space(text[start]))
        start++;
    while (end > start && header_is_space(text[end - 1]))
        end--;
    for (i = start; i < end; i++) {
        if (text[i] == '\0' || text[i] == '\r' || text[i] == '\n')
            return JS_UNDEFINED;
    }
    return end - start == string->len ? js_dup(value) : js_sub_string(ctx, string, start, end);
}

/* Whether nothing runs when the properties of an object are looked up, and none is Symbol.iterator. */
static bool header_is_record(JSValueConst value)
{
    JSProperty *property;
    JSObject *p;
    int steps;

    if (JS_VALUE_GET_TAG(value) != JS_TAG_OBJECT || JS_VALUE_GET_OBJ(value)->class_id != JS_CLASS_OBJECT)
        return false;
    for (p = JS_VALUE_GET_OBJ(value), steps = 0; p; p = p->shape->proto, steps++) {
        if (p->is_exotic || steps == 8 || find_own_property(&property, p, JS_ATOM_Symbol_iterator))
            return false;
    }
    return true;
}

/* (init): the list of an object that has nothing but strings; undefined where that is not so, or anything is wrong. */
static JSValue js_header_list(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv)
{
    JSValue list, pair[2], entry;
    JSShapeProperty *shape;
    JSObject *p, *made;
    int i;

    if (argc == 0 || !header_is_record(argv[0]))
        return JS_UNDEFINED;
    p = JS_VALUE_GET_OBJ(argv[0]);
    list = JS_NewArray(ctx);
    if (JS_IsException(list))
        return list;
    made = JS_VALUE_GET_OBJ(list);
    if (p->shape->prop_count > 0 && expand_fast_array(ctx, made, p->shape->prop_count) < 0)
        goto fail;
    for (i = 0; i < p->shape->prop_count; i++) {
        shape = get_shape_prop(p->shape) + i;
        if (shape->atom == JS_ATOM_NULL)
            continue;
        /* numbers come first, in their order; a getter runs; symbols are refused */
        if (__JS_AtomIsTaggedInt(shape->atom) || shape->flags & JS_PROP_TMASK || !(shape->flags & JS_PROP_ENUMERABLE) ||
            ctx->rt->atom_array[shape->atom]->atom_type != JS_ATOM_TYPE_STRING)
            goto other;
        pair[0] = header_name(ctx, JS_MKPTR(JS_TAG_STRING, ctx->rt->atom_array[shape->atom]));
        if (JS_IsException(pair[0]))
            goto fail;
        pair[1] = JS_IsUndefined(pair[0]) ? JS_UNDEFINED : header_value(ctx, p->prop[i].u.value);
        if (JS_IsUndefined(pair[1]) || JS_IsException(pair[1])) {
            JS_FreeValue(ctx, pair[0]);
            if (JS_IsException(pair[1]))
                goto fail;
            goto other;
        }
        entry = JS_NewArrayFrom(ctx, 2, pair);
        if (JS_IsException(entry))
            goto fail;
        made->u.array.u.values[made->u.array.count++] = entry;
        made->prop[0].u.value = js_int32(made->u.array.count);
    }
    return list;
other:
    JS_FreeValue(ctx, list);
    return JS_UNDEFINED;
fail:
    JS_FreeValue(ctx, list);
    return JS_EXCEPTION;
}

enum { LIST_HEADERS, LIST_PARAMS, LIST_KINDS };

/* The fields of `Headers` and `URLSearchParams` that have their lists. */
static JSAtom list_names[LIST_KINDS];

/* (object, list, kind): remembers where objects of this kind have their list. */
static JSValue js_adopt_list(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv)
{
    int at = js_alike_field(ctx, argv[0], argv[1]);

    if (at < 0 || JS_VALUE_GET_TAG(argv[2]) != JS_TAG_INT || (uint32_t)JS_VALUE_GET_INT(argv[2]) >= LIST_KINDS)
        return JS_ThrowTypeError(ctx, "an object without a list");
    list_names[JS_VALUE_GET_INT(argv[2])] = js_alike_name(ctx, argv[0], at);
    return JS_UNDEFINED;
}

/* The values of an array that has nothing else; false where it is none. */
static bool header_array(JSValueConst value, JSValue **values, uint32_t *count)
{
    JSObject *p = JS_VALUE_GET_TAG(value) == JS_TAG_OBJECT ? JS_VALUE_GET_OBJ(value) : NULL;

    if (!p || p->class_id != JS_CLASS_ARRAY || !p->fast_array)
        return false;
    *values = p->u.array.u.values;
    *count = p->u.array.count;
    return true;
}

/* The list of an object of this kind. */
static bool header_entries(JSValueConst object, int kind, JSValue **entries, uint32_t *count)
{
    JSProperty *list;

    return JS_VALUE_GET_TAG(object) == JS_TAG_OBJECT && list_names[kind] != JS_ATOM_NULL &&
        find_own_property(&list, JS_VALUE_GET_OBJ(object), list_names[kind]) && header_array(list->u.value, entries, count);
}

/* The header at `index`, not counted: 1; 0: there are no more; -1: these are no headers of the common kind. */
int JS_HeaderAt(JSContext *ctx, JSValueConst headers, uint32_t index, JSValue *name, JSValue *value)
{
    JSValue *entries, *pair;
    uint32_t count;

    if (!header_entries(headers, LIST_HEADERS, &entries, &count))
        return -1;
    if (index >= count)
        return 0;
    if (!header_array(entries[index], &pair, &count) || count != 2 || !JS_IsString(pair[0]) || !JS_IsString(pair[1]))
        return -1;
    *name = pair[0];
    *value = pair[1];
    return 1;
}

/* Whether a name of a list is this one, the case of whose letters does not count. */
static bool header_is(JSValueConst name, JSString *wanted)
{
    JSString *string;
    int i;

    if (JS_VALUE_GET_TAG(name) != JS_TAG_STRING)
        return false;
    string = JS_VALUE_GET_STRING(name);
    if (string->is_wide_char || string->len != wanted->len)
        return false;
    for (i = 0; i < wanted->len; i++) {
        uint8_t c = str8(wanted)[i];
        if (str8(string)[i] != (c >= 'A' && c <= 'Z' ? c + 32 : c))
            return false;
    }
    return true;
}

/* get(name) where it is a string and no more than one header has it; the first of `data` is how it is done for everything else. */
static JSValue js_list_get(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv, int kind, JSValueConst *data)
{
    JSValue *entries, *pair, found = JS_NULL;
    JSString *wanted;
    uint32_t i, count, two;

    if (argc == 0 || JS_VALUE_GET_TAG(argv[0]) != JS_TAG_STRING || !header_entries(this_val, kind, &entries, &count))
        goto other;
    wanted = JS_VALUE_GET_STRING(argv[0]);
    if (wanted->is_wide_char || (kind == LIST_HEADERS && wanted->len == 0))
        goto other;
    for (i = 0; kind == LIST_HEADERS && i < wanted->len; i++) {
        if (!header_is_token(str8(wanted)[i]))
            goto other;
    }
    for (i = 0; i < count; i++) {
        if (!header_array(entries[i], &pair, &two) || two != 2)
            goto other;
        if (kind == LIST_PARAMS) {
            if (js_strict_eq(ctx, pair[0], argv[0]))
                return js_dup(pair[1]);
        } else if (header_is(pair[0], wanted)) {
            if (!JS_IsNull(found))
                goto other;
            found = pair[1];
        }
    }
    return js_dup(found);
other:
    return JS_Call(ctx, data[0], this_val, argc, argv);
}

/* (get, kind): the get of a list's class, with this one for what is not common. */
static JSValue js_list_getter(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv)
{
    return JS_NewCFunctionData2(ctx, js_list_get, "get", 1, JS_VALUE_GET_INT(argv[1]), 1, argv);
}
