/* JSON, its common case: included at the end of quickjs.c.
 *
 * The engine's own way makes a token for each value, converts the text before it reads it, and looks each key up. Here the text is
 * read once, and an object is expected to have the keys of the last one at the same place: where it has, it is made at
 * once, with that one's shape. What is written goes into one buffer, without a list of keys or a string in between.
 *
 * Whatever is not plain (getters, `toJSON`, a replacer, what is wrong) is left to the engine's own code,
 * which also words the errors: nothing has run or changed by then. `JS_UNDEFINED` and 1 say so here.
 */

#include "json-utf8.h"

#define QUICK_PLACES 64
#define QUICK_DEPTH_MAX 1000

_Static_assert(sizeof(JSProperty) == sizeof(JSValue), "values are handed over as properties");

typedef struct {
    JSContext *ctx;
    const uint8_t *p, *end;
    JSValue *values; /* of what is being read, those of inner objects behind those of outer ones */
    int count, size;
    JSAtom *atoms; /* the keys of objects that were not expected, likewise */
    int atom_count, atom_size;
    JSShape *expected[QUICK_PLACES];
    int depth;
    bool is_utf8; /* else each byte is a character */
} QuickReader;

static JSValue quick_read(QuickReader *r, uint32_t place);

static inline void quick_skip(QuickReader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
        r->p++;
}

static int quick_push(QuickReader *r, JSValue value)
{
    if (unlikely(r->count == r->size)) {
        int size = r->size ? r->size * 2 : 64;
        JSValue *values = js_realloc(r->ctx, r->values, size * sizeof(JSValue));
        if (!values) {
            JS_FreeValue(r->ctx, value);
            return -1;
        }
        r->values = values;
        r->size = size;
    }
    r->values[r->count++] = value;
    return 0;
}

static void quick_drop(QuickReader *r, int base)
{
    while (r->count > base)
        JS_FreeValue(r->ctx, r->values[--r->count]);
}

/* Keeps a key, with its reference. */
static int quick_push_atom(QuickReader *r, JSAtom atom)
{
    if (unlikely(r->atom_count == r->atom_size)) {
        int size = r->atom_size ? r->atom_size * 2 : 64;
        JSAtom *atoms = js_realloc(r->ctx, r->atoms, size * sizeof(JSAtom));
        if (!atoms) {
            JS_FreeAtom(r->ctx, atom);
            return -1;
        }
        r->atoms = atoms;
        r->atom_size = size;
    }
    r->atoms[r->atom_count++] = atom;
    return 0;
}

static void quick_drop_atoms(QuickReader *r, int base)
{
    while (r->atom_count > base)
        JS_FreeAtom(r->ctx, r->atoms[--r->atom_count]);
}

/* Where the plain part of a string ends: at a quotation mark, a backslash or a control character. */
static const uint8_t *quick_plain(const uint8_t *p, const uint8_t *end)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;

    while (end - p >= 8) {
        uint64_t word, quote, slash, control;
        memcpy(&word, p, 8);
        quote = word ^ (ones * '"');
        slash = word ^ (ones * '\\');
        control = word & (ones * 0xe0);
        word = (((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((control - ones) & ~control)) & tops;
        if (word)
            return p + (__builtin_ctzll(word) >> 3);
        p += 8;
    }
    while (p < end && *p != '"' && *p != '\\' && *p >= 32)
        p++;
    return p;
}

static bool quick_hex(const uint8_t *p, uint32_t *code)
{
    uint32_t value = 0;
    int i;

    for (i = 0; i < 4; i++) {
        int digit = from_hex(p[i]);
        if (digit < 0)
            return false;
        value = value << 4 | digit;
    }
    *code = value;
    return true;
}

/* The string of a part without escapes; JS_UNDEFINED: it is no text. */
static JSValue quick_plain_string(QuickReader *r, const uint8_t *start, const uint8_t *end)
{
    if (r->is_utf8 && !js_json_is_ascii(start, end - start))
        return utf8_string(r->ctx, start, end);
    return js_new_string8_len(r->ctx, (const char *)start, end - start);
}

/* Adds a part without escapes; false: it is no text. */
static bool quick_add_plain(QuickReader *r, StringBuffer *b, const uint8_t *start, const uint8_t *end)
{
    uint32_t c;

    if (!r->is_utf8 || js_json_is_ascii(start, end - start)) {
        string_buffer_write8(b, start, end - start);
        return true;
    }
    while (start < end) {
        c = utf8_next(&start, end);
        if (c > 0x10ffff)
            return false;
        string_buffer_putc(b, c);
    }
    return true;
}

/* Behind the opening quotation mark. */
static JSValue quick_string(QuickReader *r)
{
    const uint8_t *start = r->p, *q = quick_plain(start, r->end);
    StringBuffer b_s, *b = &b_s;
    uint32_t code;

    if (q >= r->end || *q < 32)
        return JS_UNDEFINED;
    if (likely(*q == '"')) {
        r->p = q + 1;
        return quick_plain_string(r, start, q);
    }
    if (string_buffer_init(r->ctx, b, q - start + 16))
        return JS_EXCEPTION;
    for (;;) {
        if (!quick_add_plain(r, b, start, q) || q >= r->end || *q < 32)
            goto other;
        if (*q == '"')
            break;
        if (r->end - q < 2)
            goto other;
        code = q[1];
        q += 2;
        switch (code) {
        case 'n': code = '\n'; break;
        case 't': code = '\t'; break;
        case 'r': code = '\r'; break;
        case 'b': code = '\b'; break;
        case 'f': code = '\f'; break;
        case '"': case '\\': case '/': break;
        case 'u':
            if (r->end - q < 4 || !quick_hex(q, &code))
                goto other;
            q += 4;
            break;
        default:
            goto other;
        }
        string_buffer_putc16(b, code);
        start = q;
        q = quick_plain(q, r->end);
    }
    r->p = q + 1;
    return string_buffer_end(b);
other:
    string_buffer_free(b);
    return JS_UNDEFINED;
}

static JSValue quick_number(QuickReader *r)
{
    static const double tens[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    const uint8_t *p = r->p, *start = p, *end = r->end;
    bool is_negative = *p == '-';
    uint64_t mantissa = 0;
    int digits = 0, exponent = 0;
    JSATODTempMem memory;
    char text[64];
    double value;

    p += is_negative;
    if (p >= end || !is_digit(*p))
        return JS_UNDEFINED;
    if (*p == '0') {
        p++;
        if (p < end && is_digit(*p))
            return JS_UNDEFINED;
    } else {
        for (; p < end && is_digit(*p); digits++)
            mantissa = mantissa * 10 + (*p++ - '0');
    }
    if (likely(p >= end || (*p != '.' && (*p | 32) != 'e'))) {
        r->p = p;
        if (digits <= 9) {
            if (!is_negative)
                return js_int32((int)mantissa);
            return mantissa ? js_int32(-(int)mantissa) : js_float64(-0.0);
        }
    } else {
        if (*p == '.') {
            p++;
            if (p >= end || !is_digit(*p))
                return JS_UNDEFINED;
            for (; p < end && is_digit(*p); exponent--) {
                mantissa = mantissa * 10 + (*p++ - '0');
                digits += mantissa != 0;
            }
        }
        if (p < end && (*p | 32) == 'e') {
            int given = 0;
            bool is_down = false;
            p++;
            if (p < end && (*p == '+' || *p == '-'))
                is_down = *p++ == '-';
            if (p >= end || !is_digit(*p))
                return JS_UNDEFINED;
            for (; p < end && is_digit(*p); p++)
                given = given < 10000 ? given * 10 + (*p - '0') : given;
            exponent += is_down ? -given : given;
        }
        r->p = p;
    }
    /* both are exact then, and their quotient or product is rounded once */
    if (digits <= 15 && exponent >= -22 && exponent <= 22) {
        value = mantissa;
        value = exponent < 0 ? value / tens[-exponent] : value * tens[exponent];
        return js_number(is_negative ? -value : value);
    }
    if (p - start >= (ptrdiff_t)sizeof(text))
        return JS_UNDEFINED;
    memcpy(text, start, p - start);
    text[p - start] = '\0';
    return js_number(js_atod(text, NULL, 10, 0, &memory));
}

static bool quick_is_atom(QuickReader *r, JSAtom atom, const uint8_t *p, size_t length)
{
    JSString *str;

    if (__JS_AtomIsTaggedInt(atom))
        return false;
    str = r->ctx->rt->atom_array[atom];
    if (unlikely(r->is_utf8 && !js_json_is_ascii(p, length)))
        return utf8_is(str, p, p + length);
    return str->len == length && !str->is_wide_char && !memcmp(str8(str), p, length);
}

/* The atom of a key, behind its opening quotation mark. 0: the engine's way; -1: an exception. */
static int quick_key(QuickReader *r, const uint8_t *key, const uint8_t *q, JSAtom *atom)
{
    JSValue str;

    if (*q == '"') {
        r->p = q + 1;
        if (key < q && !is_digit(*key) && js_json_is_ascii(key, q - key)) {
            /* most keys are known: no string is made of those */
            *atom = __JS_FindAtom(r->ctx->rt, (const char *)key, q - key, JS_ATOM_TYPE_STRING);
            if (*atom != JS_ATOM_NULL)
                return 1;
        }
        str = quick_plain_string(r, key, q);
    } else {
        str = quick_string(r);
    }
    if (JS_IsUndefined(str))
        return 0;
    if (JS_IsException(str))
        return -1;
    *atom = JS_ValueToAtom(r->ctx, str);
    JS_FreeValue(r->ctx, str);
    return *atom == JS_ATOM_NULL ? -1 : 1;
}

/* The shape that an object with these keys has, in their order: one that is there already, or a new one. NULL with `*is_twice`: a
   key stands there twice. */
static JSShape *quick_shape(JSContext *ctx, const JSAtom *atoms, int count, bool *is_twice)
{
    JSRuntime *rt = ctx->rt;
    JSObject *proto = JS_VALUE_GET_OBJ(ctx->class_proto[JS_CLASS_OBJECT]);
    uint32_t hash = shape_initial_hash(proto);
    int i, hash_size = JS_PROP_INITIAL_HASH_SIZE;
    JSShape *shape;

    for (i = 0; i < count; i++)
        hash = shape_hash(shape_hash(hash, atoms[i]), JS_PROP_C_W_E);
    for (shape = rt->shape_hash[get_shape_hash(hash, rt->shape_hash_bits)]; shape; shape = shape->shape_hash_next) {
        if (shape->hash != hash || shape->proto != proto || shape->prop_count != count)
            continue;
        for (i = 0; i < count; i++) {
            JSShapeProperty *property = get_shape_prop(shape) + i;
            if (property->atom != atoms[i] || property->flags != JS_PROP_C_W_E)
                break;
        }
        if (i == count)
            return js_dup_shape(shape);
    }
    if (2 * (rt->shape_hash_count + 1) > rt->shape_hash_size)
        resize_shape_hash(rt, rt->shape_hash_bits + 1);
    while (hash_size < count)
        hash_size *= 2;
    shape = js_new_shape_nohash(ctx, proto, hash_size, max_int(count, JS_PROP_INITIAL_SIZE));
    if (!shape)
        return NULL;
    for (i = 0; i < count; i++) {
        intptr_t place = hash_atom(atoms[i], shape->prop_hash_mask);
        uint32_t at = prop_hash_end(shape)[-place - 1];
        while (at && get_shape_prop(shape)[at - 1].atom != atoms[i])
            at = get_shape_prop(shape)[at - 1].hash_next;
        *is_twice = at != 0;
        /* there is room: nothing is allocated */
        if (at || add_shape_property(ctx, &shape, NULL, atoms[i], JS_PROP_C_W_E)) {
            js_free_shape(rt, shape);
            return NULL;
        }
    }
    shape->hash = hash;
    shape->is_hashed = true;
    js_shape_hash_link(rt, shape);
    return shape;
}

/* An object of a shape, whose reference goes to it, and of the values from `base` on. */
static JSValue quick_fill(QuickReader *r, JSShape *shape, int base)
{
    JSValue object = JS_NewObjectFromShape(r->ctx, shape, JS_CLASS_OBJECT, NULL);

    if (!JS_IsException(object)) {
        memcpy(JS_VALUE_GET_OBJ(object)->prop, r->values + base, (r->count - base) * sizeof(JSValue));
        r->count = base;
    }
    return object;
}

/* An object of the keys from `first` and the values from `base` on. */
static JSValue quick_object_of(QuickReader *r, int first, int base)
{
    JSContext *ctx = r->ctx;
    bool is_twice = false;
    JSShape *shape = quick_shape(ctx, r->atoms + first, r->count - base, &is_twice);
    JSValue object;
    int i;

    if (likely(shape))
        return quick_fill(r, shape, base);
    object = is_twice ? JS_NewObject(ctx) : JS_EXCEPTION;
    /* the last value of a key is its value */
    for (i = base; i < r->count && !JS_IsException(object); i++) {
        JSValue value = r->values[i];
        r->values[i] = JS_UNDEFINED;
        if (JS_DefinePropertyValue(ctx, object, r->atoms[first + i - base], value, JS_PROP_C_W_E) < 0) {
            JS_FreeValue(ctx, object);
            object = JS_EXCEPTION;
        }
    }
    quick_drop(r, base);
    return object;
}

static JSValue quick_object(QuickReader *r, uint32_t place)
{
    JSContext *ctx = r->ctx;
    /* the expectation may be replaced while an inner object is read */
    JSShape *shape = r->expected[place % QUICK_PLACES], *now;
    int base = r->count, first = r->atom_count, count = 0, expected = shape ? shape->prop_count : 0, found, i;
    bool is_as_expected = shape != NULL;
    JSValue object = JS_UNDEFINED;

    quick_skip(r);
    if (r->p < r->end && *r->p == '}') {
        r->p++;
        return JS_NewObject(ctx);
    }
    if (shape)
        js_dup_shape(shape);
    for (;; count++) {
        const uint8_t *key, *q;
        JSValue value;
        quick_skip(r);
        if (r->p >= r->end || *r->p != '"')
            goto done;
        key = ++r->p;
        q = quick_plain(key, r->end);
        if (q >= r->end || *q < 32)
            goto done;
        if (likely(is_as_expected && count < expected && *q == '"' &&
                   quick_is_atom(r, get_shape_prop(shape)[count].atom, key, q - key))) {
            r->p = q + 1;
        } else {
            JSAtom atom = JS_ATOM_NULL;
            if (is_as_expected) {
                /* from here on keys are kept */
                is_as_expected = false;
                for (i = 0; i < count; i++) {
                    if (quick_push_atom(r, JS_DupAtom(ctx, get_shape_prop(shape)[i].atom)))
                        goto fail;
                }
            }
            found = quick_key(r, key, q, &atom);
            if (found < 0 || (found > 0 && quick_push_atom(r, atom)))
                goto fail;
            if (found == 0)
                goto done;
        }
        quick_skip(r);
        if (r->p >= r->end || *r->p != ':')
            goto done;
        r->p++;
        value = quick_read(r, place * 31 + count + 1);
        if (unlikely(JS_IsException(value)))
            goto fail;
        if (unlikely(JS_IsUndefined(value)))
            goto done;
        if (quick_push(r, value))
            goto fail;
        quick_skip(r);
        if (r->p >= r->end)
            goto done;
        if (*r->p == ',') {
            r->p++;
            continue;
        }
        if (*r->p != '}')
            goto done;
        r->p++;
        count++;
        break;
    }
    if (likely(is_as_expected && count == expected)) {
        object = quick_fill(r, shape, base);
        shape = NULL;
        goto done;
    }
    for (i = 0; is_as_expected && i < count; i++) {
        if (quick_push_atom(r, JS_DupAtom(ctx, get_shape_prop(shape)[i].atom)))
            goto fail;
    }
    object = quick_object_of(r, first, base);
    if (JS_IsException(object))
        goto fail;
    /* What the next one is expected to be. As long as a shape is kept here, it is not changed in place. */
    now = JS_VALUE_GET_OBJ(object)->shape;
    if (now->is_hashed && now->prop_count > 0 && now->deleted_prop_count == 0) {
        js_free_shape_null(ctx->rt, r->expected[place % QUICK_PLACES]);
        r->expected[place % QUICK_PLACES] = js_dup_shape(now);
    }
    goto done;
fail:
    object = JS_EXCEPTION;
done:
    /* undefined: the engine's way */
    quick_drop(r, base);
    quick_drop_atoms(r, first);
    js_free_shape_null(ctx->rt, shape);
    return object;
}

static JSValue quick_array(QuickReader *r, uint32_t place)
{
    JSContext *ctx = r->ctx;
    int base = r->count, count;
    JSValue value, array;
    JSObject *p;

    quick_skip(r);
    if (r->p < r->end && *r->p == ']') {
        r->p++;
        return JS_NewArray(ctx);
    }
    for (;;) {
        value = quick_read(r, place * 31);
        if (unlikely(JS_IsException(value) || JS_IsUndefined(value)))
            goto done;
        if (quick_push(r, value)) {
            value = JS_EXCEPTION;
            goto done;
        }
        quick_skip(r);
        value = JS_UNDEFINED;
        if (r->p >= r->end)
            goto done;
        if (*r->p == ',') {
            r->p++;
            continue;
        }
        if (*r->p != ']')
            goto done;
        r->p++;
        break;
    }
    value = JS_EXCEPTION;
    count = r->count - base;
    array = JS_NewArray(ctx);
    if (JS_IsException(array))
        goto done;
    p = JS_VALUE_GET_OBJ(array);
    if (expand_fast_array(ctx, p, count) < 0) {
        JS_FreeValue(ctx, array);
        goto done;
    }
    memcpy(p->u.array.u.values, r->values + base, count * sizeof(JSValue));
    p->u.array.count = count;
    p->prop[0].u.value = js_int32(count);
    r->count = base;
    return array;
done:
    quick_drop(r, base);
    return value;
}

static bool quick_word(QuickReader *r, const char *word, size_t length)
{
    if (r->end - r->p < (ptrdiff_t)length || memcmp(r->p, word, length))
        return false;
    r->p += length;
    return true;
}

/* A value. `place` is where it stands: below which keys, and in which array. */
static JSValue quick_read(QuickReader *r, uint32_t place)
{
    JSValue value;

    quick_skip(r);
    if (unlikely(r->p >= r->end))
        return JS_UNDEFINED;
    switch (*r->p) {
    case '"':
        r->p++;
        return quick_string(r);
    case '{':
    case '[':
        if (unlikely(r->depth == QUICK_DEPTH_MAX || js_check_stack_overflow(r->ctx->rt, 0)))
            return JS_UNDEFINED;
        r->depth++;
        value = *r->p++ == '{' ? quick_object(r, place) : quick_array(r, place);
        r->depth--;
        return value;
    case 't':
        return quick_word(r, "true", 4) ? JS_TRUE : JS_UNDEFINED;
    case 'f':
        return quick_word(r, "false", 5) ? JS_FALSE : JS_UNDEFINED;
    case 'n':
        return quick_word(r, "null", 4) ? JS_NULL : JS_UNDEFINED;
    case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
        return quick_number(r);
    default:
        return JS_UNDEFINED;
    }
}

/* The value of a text in Latin-1 or UTF-8; JS_UNDEFINED: the engine's way. */
static JSValue js_json_quick_parse(JSContext *ctx, const uint8_t *text, size_t length, bool is_utf8)
{
    QuickReader r;
    JSValue value;
    int i;

    memset(&r, 0, sizeof(r));
    r.ctx = ctx;
    r.p = text;
    r.end = text + length;
    r.is_utf8 = is_utf8 && !js_json_is_ascii(text, length);
    value = quick_read(&r, 1);
    if (!JS_IsException(value)) {
        quick_skip(&r);
        if (r.p != r.end) {
            JS_FreeValue(ctx, value);
            value = JS_UNDEFINED;
        }
    }
    for (i = 0; i < QUICK_PLACES; i++)
        js_free_shape_null(ctx->rt, r.expected[i]);
    js_free(ctx, r.values);
    js_free(ctx, r.atoms);
    return value;
}

JSValue JS_QuickParseJSON(JSContext *ctx, const char *buf, size_t buf_len)
{
    return js_json_quick_parse(ctx, (const uint8_t *)buf, buf_len, true);
}
