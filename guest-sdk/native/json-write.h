/* JSON, its common case: writing. Included behind json-read.h, which says how. */

typedef struct QuickOpen {
    JSObject *p;
    struct QuickOpen *around;
    int depth;
} QuickOpen;

typedef struct {
    JSContext *ctx;
    StringBuffer b;
    JSObject *plain; /* a prototype that was found to have no toJSON */
    int dates; /* whether dates are the engine's own: 1, -1; 0: not known */
} QuickWriter;

static int quick_put(QuickWriter *w, const void *bytes, int count)
{
    StringBuffer *b = &w->b;

    if (unlikely(b->len + count > b->size))
        return string_buffer_write8(b, bytes, count);
    if (b->is_wide_char) {
        const uint8_t *p = bytes;
        uint16_t *to = str16(b->str) + b->len;
        for (int i = 0; i < count; i++)
            to[i] = p[i];
        b->len += count;
        return 0;
    }
    memcpy(str8(b->str) + b->len, bytes, count);
    b->len += count;
    return 0;
}

/* A character of ASCII. As a text it would lie among the engine's other texts: a page more that each request reads. */
static inline int quick_put_char(QuickWriter *w, char c)
{
    StringBuffer *b = &w->b;

    if (unlikely(b->len == b->size))
        return string_buffer_putc8(b, c);
    if (b->is_wide_char)
        str16(b->str)[b->len++] = c;
    else
        str8(b->str)[b->len++] = c;
    return 0;
}

/* A character that stands for itself in no string of JSON. */
static int quick_put_escape(QuickWriter *w, uint32_t c)
{
    char code[8] = "\\";
    int length = 2;

    switch (c) {
    case '\t': code[1] = 't'; break;
    case '\r': code[1] = 'r'; break;
    case '\n': code[1] = 'n'; break;
    case '\b': code[1] = 'b'; break;
    case '\f': code[1] = 'f'; break;
    case '"': case '\\': code[1] = c; break;
    default: length = snprintf(code, sizeof(code), "\\u%04x", c);
    }
    return quick_put(w, code, length);
}

/* Where the plain part of wide text ends: as quick_plain, and at a surrogate that stands alone. */
static const uint16_t *quick_plain16(const uint16_t *p, const uint16_t *end)
{
    for (; p < end; p++) {
        if (*p < 32 || *p == '"' || *p == '\\')
            break;
        if (is_surrogate(*p)) {
            if (!is_hi_surrogate(*p) || end - p < 2 || !is_lo_surrogate(p[1]))
                break;
            p++;
        }
    }
    return p;
}

static int quick_put_wide(QuickWriter *w, JSString *str)
{
    const uint16_t *p = str16(str), *q, *end = p + str->len;

    if (quick_put_char(w, '"'))
        return -1;
    for (;;) {
        q = quick_plain16(p, end);
        if (q > p && string_buffer_write16(&w->b, p, q - p))
            return -1;
        if (q == end)
            return quick_put_char(w, '"');
        if (quick_put_escape(w, *q))
            return -1;
        p = q + 1;
    }
}

static int quick_put_string(QuickWriter *w, JSValueConst value)
{
    const uint8_t *p, *q, *end;
    JSValue quoted;
    JSString *str;

    if (JS_VALUE_GET_TAG(value) != JS_TAG_STRING) {
        quoted = JS_ToQuotedString(w->ctx, value);
        if (JS_IsException(quoted))
            return -1;
        return string_buffer_concat_value_free(&w->b, quoted);
    }
    str = JS_VALUE_GET_STRING(value);
    if (str->is_wide_char)
        return quick_put_wide(w, str);
    p = str8(str);
    end = p + str->len;
    if (quick_put_char(w, '"'))
        return -1;
    for (;;) {
        q = quick_plain(p, end);
        if (q > p && quick_put(w, p, q - p))
            return -1;
        if (q == end)
            return quick_put_char(w, '"');
        if (quick_put_escape(w, *q))
            return -1;
        p = q + 1;
    }
}

static int quick_put_int(QuickWriter *w, int32_t value)
{
    char text[12];
    int at = sizeof(text);
    uint32_t left = value < 0 ? -(uint32_t)value : (uint32_t)value;

    do {
        text[--at] = '0' + left % 10;
    } while (left /= 10);
    if (value < 0)
        text[--at] = '-';
    return quick_put(w, text + at, sizeof(text) - at);
}

/* A number of a few decimals: what divides by a power of ten to it exactly is its shortest text, as long as it has no more than fifteen
   digits. 1: another number. */
static int quick_put_decimal(QuickWriter *w, double number)
{
    double positive = fabs(number), scale = 1, whole;
    char text[24];
    int at = sizeof(text), decimals;
    bool has_decimals;
    uint64_t left;

    if (!(positive >= 1e-6 && positive < 1e9))
        return 1;
    for (decimals = 1; decimals <= 6; decimals++) {
        scale *= 10;
        whole = positive * scale;
        left = (uint64_t)whole;
        if (left == whole && whole / scale == positive)
            break;
    }
    if (decimals > 6)
        return 1;
    /* a product that was rounded may have missed fewer decimals */
    for (; decimals > 0 && left % 10 == 0; decimals--)
        left /= 10;
    has_decimals = decimals > 0;
    for (; decimals > 0; decimals--, left /= 10)
        text[--at] = '0' + left % 10;
    if (has_decimals)
        text[--at] = '.';
    do {
        text[--at] = '0' + left % 10;
    } while (left /= 10);
    if (number < 0)
        text[--at] = '-';
    return quick_put(w, text + at, sizeof(text) - at);
}

static bool quick_is_native(JSContext *ctx, JSAtom name, JSCFunction *native)
{
    JSObject *proto = JS_VALUE_GET_OBJ(ctx->class_proto[JS_CLASS_DATE]), *p;
    JSProperty *property;
    JSShapeProperty *shape = find_own_property(&property, proto, name);

    if (!shape)
        return false;
    /* not made yet, and so not replaced */
    if ((shape->flags & JS_PROP_TMASK) == JS_PROP_AUTOINIT)
        return true;
    if (shape->flags & JS_PROP_TMASK || JS_VALUE_GET_TAG(property->u.value) != JS_TAG_OBJECT)
        return false;
    p = JS_VALUE_GET_OBJ(property->u.value);
    return p->class_id == JS_CLASS_C_FUNCTION && p->u.cfunc.c_function.generic == native;
}

/* Whether dates are written by nothing but the engine's own functions. */
static bool quick_has_own_dates(QuickWriter *w)
{
    JSContext *ctx = w->ctx;
    JSAtom iso;

    if (!w->dates) {
        iso = JS_NewAtom(ctx, "toISOString");
        w->dates = quick_is_native(ctx, JS_ATOM_toJSON, js_date_toJSON) &&
                quick_is_native(ctx, iso, (JSCFunction *)get_date_string) &&
                quick_is_native(ctx, JS_ATOM_valueOf, js_date_getTime) &&
                quick_is_native(ctx, JS_ATOM_Symbol_toPrimitive, js_date_Symbol_toPrimitive)
            ? 1 : -1;
        JS_FreeAtom(ctx, iso);
    }
    return w->dates > 0;
}

static char *quick_digits(char *at, int value, int count)
{
    int i;

    for (i = count - 1; i >= 0; i--, value /= 10)
        at[i] = '0' + value % 10;
    return at + count;
}

/* 1: the engine's way. */
static int quick_put_date(QuickWriter *w, JSObject *p)
{
    JSContext *ctx = w->ctx;
    double fields[9];
    char text[32], *at = text;
    int found;

    if (p->shape->prop_count || p->is_exotic || p->shape->proto != JS_VALUE_GET_OBJ(ctx->class_proto[JS_CLASS_DATE]) ||
        !quick_has_own_dates(w))
        return 1;
    found = get_date_fields(ctx, JS_MKPTR(JS_TAG_OBJECT, p), fields, 0, 0);
    if (found < 0)
        return -1;
    if (!found)
        return quick_put(w, "null", 4);
    if (fields[0] < 0 || fields[0] > 9999)
        return 1;
    *at++ = '"';
    at = quick_digits(at, fields[0], 4);
    *at++ = '-';
    at = quick_digits(at, fields[1] + 1, 2);
    *at++ = '-';
    at = quick_digits(at, fields[2], 2);
    *at++ = 'T';
    at = quick_digits(at, fields[3], 2);
    *at++ = ':';
    at = quick_digits(at, fields[4], 2);
    *at++ = ':';
    at = quick_digits(at, fields[5], 2);
    *at++ = '.';
    at = quick_digits(at, fields[6], 3);
    *at++ = 'Z';
    *at++ = '"';
    return quick_put(w, text, at - text);
}

/* Whether an object of this prototype has no toJSON, as far as that can be seen without running anything. */
static bool quick_is_plain(QuickWriter *w, JSObject *proto)
{
    JSProperty *pr;
    JSObject *p;
    int steps;

    if (proto == w->plain)
        return true;
    for (p = proto, steps = 0; p; p = p->shape->proto, steps++) {
        if ((p->is_exotic && p->class_id != JS_CLASS_ARRAY) || steps == 8 || find_own_property(&pr, p, JS_ATOM_toJSON))
            return false;
    }
    w->plain = proto;
    return true;
}

static bool quick_is_left_out(JSContext *ctx, JSValueConst value)
{
    return JS_IsUndefined(value) || JS_VALUE_GET_TAG(value) == JS_TAG_SYMBOL || JS_IsFunction(ctx, value);
}

static int quick_write(QuickWriter *w, JSValueConst value, QuickOpen *around);

/* A name of a few plain bytes, with what stands before and behind it; false: that takes more. */
static bool quick_put_name(QuickWriter *w, JSValueConst name, bool is_first)
{
    StringBuffer *b = &w->b;
    JSString *string;
    uint8_t *at;
    int i;

    if (JS_VALUE_GET_TAG(name) != JS_TAG_STRING)
        return false;
    string = JS_VALUE_GET_STRING(name);
    if (string->is_wide_char || b->is_wide_char || string->len > 32 || b->len + string->len + 4 > b->size)
        return false;
    at = str8(b->str) + b->len;
    if (!is_first)
        *at++ = ',';
    *at++ = '"';
    for (i = 0; i < string->len; i++) {
        uint8_t c = str8(string)[i];
        if (c < 32 || c == '"' || c == '\\')
            return false;
        *at++ = c;
    }
    *at++ = '"';
    *at++ = ':';
    b->len = at - str8(b->str);
    return true;
}

static int quick_write_property(QuickWriter *w, JSValueConst name, JSValueConst value, bool *is_first, QuickOpen *open)
{
    if (quick_is_left_out(w->ctx, value))
        return 0;
    if (quick_put_name(w, name, *is_first)) {
        *is_first = false;
        return quick_write(w, value, open);
    }
    if (!*is_first && quick_put_char(w, ','))
        return -1;
    *is_first = false;
    if (JS_VALUE_GET_TAG(name) == JS_TAG_INT) {
        if (quick_put_char(w, '"') || quick_put_int(w, JS_VALUE_GET_INT(name)) || quick_put_char(w, '"'))
            return -1;
    } else if (quick_put_string(w, name)) {
        return -1;
    }
    return quick_put_char(w, ':') ? -1 : quick_write(w, value, open);
}

static int quick_compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return left < right ? -1 : left > right;
}

/* The properties whose names are numbers, of which there are `count`: they come first, in their order. */
static int quick_write_numbered(QuickWriter *w, JSObject *p, int count, bool *is_first, QuickOpen *open)
{
    JSShapeProperty *shape = get_shape_prop(p->shape);
    uint32_t *names = js_malloc(w->ctx, count * sizeof(*names));
    JSProperty *property;
    int i, found = 0, ret = 0;

    if (!names)
        return -1;
    for (i = 0; i < p->shape->prop_count; i++) {
        if (__JS_AtomIsTaggedInt(shape[i].atom) && shape[i].flags & JS_PROP_ENUMERABLE)
            names[found++] = __JS_AtomToUInt32(shape[i].atom);
    }
    for (i = 1; i < found && names[i - 1] < names[i]; i++)
        continue;
    if (i < found)
        qsort(names, found, sizeof(*names), quick_compare);
    for (i = 0; i < found && !ret; i++) {
        if (find_own_property(&property, p, __JS_AtomFromUInt32(names[i])))
            ret = quick_write_property(w, js_int32(names[i]), property->u.value, is_first, open);
    }
    js_free(w->ctx, names);
    return ret;
}

/* 0: written; 1: the engine's way; -1: an exception. */
static int quick_write(QuickWriter *w, JSValueConst value, QuickOpen *around)
{
    JSContext *ctx = w->ctx;
    QuickOpen open, *up;
    JSShapeProperty *shape;
    JSProperty *pr;
    JSObject *p;
    JSDTOATempMem memory;
    char text[128];
    double number;
    uint32_t i;
    bool is_first;
    int numbers, ret;

    switch (JS_VALUE_GET_NORM_TAG(value)) {
    case JS_TAG_STRING:
    case JS_TAG_STRING_ROPE:
        return quick_put_string(w, value);
    case JS_TAG_INT:
        return quick_put_int(w, JS_VALUE_GET_INT(value));
    case JS_TAG_BOOL:
        return JS_VALUE_GET_BOOL(value) ? quick_put(w, "true", 4) : quick_put(w, "false", 5);
    case JS_TAG_NULL:
        return quick_put(w, "null", 4);
    case JS_TAG_FLOAT64:
        number = JS_VALUE_GET_FLOAT64(value);
        if (!isfinite(number))
            return quick_put(w, "null", 4);
        ret = quick_put_decimal(w, number);
        if (ret <= 0)
            return ret;
        return quick_put(w, text, js_dtoa(text, number, 10, 0, JS_DTOA_FORMAT_FREE, &memory));
    case JS_TAG_OBJECT:
        break;
    default:
        return 1;
    }
    p = JS_VALUE_GET_OBJ(value);
    open.p = p;
    open.around = around;
    open.depth = around ? around->depth + 1 : 1;
    if (open.depth > QUICK_DEPTH_MAX || js_check_stack_overflow(ctx->rt, 0))
        return 1;
    /* what is around itself is referred to at least twice */
    if (js_rc(p)->ref_count > 1) {
        for (up = around; up; up = up->around) {
            if (up->p == p)
                return 1;
        }
    }
    if (p->class_id == JS_CLASS_ARRAY) {
        if (!p->fast_array || !quick_is_plain(w, p->shape->proto) ||
            JS_VALUE_GET_TAG(p->prop[0].u.value) != JS_TAG_INT ||
            JS_VALUE_GET_INT(p->prop[0].u.value) != (int)p->u.array.count ||
            (p->shape->prop_count > 1 && find_own_property(&pr, p, JS_ATOM_toJSON)))
            return 1;
        if (quick_put_char(w, '['))
            return -1;
        for (i = 0; i < p->u.array.count; i++) {
            JSValueConst element = p->u.array.u.values[i];
            if (i > 0 && quick_put_char(w, ','))
                return -1;
            ret = quick_write(w, quick_is_left_out(ctx, element) ? JS_NULL : element, &open);
            if (ret)
                return ret;
        }
        return quick_put_char(w, ']');
    }
    if (p->class_id == JS_CLASS_DATE)
        return quick_put_date(w, p);
    if (p->class_id != JS_CLASS_OBJECT || p->is_exotic || !quick_is_plain(w, p->shape->proto))
        return 1;
    if (quick_put_char(w, '{'))
        return -1;
    is_first = true;
    shape = get_shape_prop(p->shape);
    numbers = 0;
    for (i = 0; i < (uint32_t)p->shape->prop_count; i++) {
        if (shape[i].atom == JS_ATOM_toJSON || (shape[i].atom != JS_ATOM_NULL && shape[i].flags & JS_PROP_TMASK &&
                                              shape[i].flags & JS_PROP_ENUMERABLE))
            return 1; /* a function runs */
        numbers += __JS_AtomIsTaggedInt(shape[i].atom);
    }
    if (unlikely(numbers)) {
        ret = quick_write_numbered(w, p, numbers, &is_first, &open);
        if (ret)
            return ret;
    }
    for (i = 0; i < (uint32_t)p->shape->prop_count; i++, shape++) {
        if (shape->atom == JS_ATOM_NULL || !(shape->flags & JS_PROP_ENUMERABLE) || __JS_AtomIsTaggedInt(shape->atom) ||
            ctx->rt->atom_array[shape->atom]->atom_type != JS_ATOM_TYPE_STRING)
            continue;
        ret = quick_write_property(w, JS_MKPTR(JS_TAG_STRING, ctx->rt->atom_array[shape->atom]), p->prop[i].u.value, &is_first,
                                   &open);
        if (ret)
            return ret;
    }
    return quick_put_char(w, '}');
}

/* The text of an object; JS_UNDEFINED: the engine's way. */
static JSValue js_json_quick_stringify(JSContext *ctx, JSValueConst value)
{
    QuickWriter w;
    int ret;

    w.ctx = ctx;
    w.plain = NULL;
    w.dates = 0;
    if (string_buffer_init(ctx, &w.b, 256))
        return JS_EXCEPTION;
    ret = quick_write(&w, value, NULL);
    if (ret == 0)
        return string_buffer_end(&w.b);
    string_buffer_free(&w.b);
    return ret < 0 ? JS_EXCEPTION : JS_UNDEFINED;
}
