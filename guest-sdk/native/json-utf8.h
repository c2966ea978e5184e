/* UTF-8 for JSON: included before json-read.h. A surrogate that stands alone may be three bytes, as the engine writes it. */

static bool js_json_is_ascii(const uint8_t *text, size_t length)
{
    uint64_t all = 0, word;
    size_t i = 0;

    for (; i + 8 <= length; i += 8) {
        memcpy(&word, text + i, 8);
        all |= word;
    }
    for (; i < length; i++)
        all |= text[i];
    return !(all & 0x8080808080808080u);
}

/* The character at `p`, which moves on; UINT32_MAX where there is none. */
static inline uint32_t utf8_next(const uint8_t **p, const uint8_t *end)
{
    const uint8_t *q = *p;
    uint32_t c = *q++;
    int more;

    if (likely(c < 0x80)) {
        *p = q;
        return c;
    }
    more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    if (c < 0xc2 || c > 0xf4 || end - q < more)
        return UINT32_MAX;
    c &= 0x3f >> more;
    while (more--) {
        if ((*q & 0xc0) != 0x80)
            return UINT32_MAX;
        c = c << 6 | (*q++ & 0x3f);
    }
    *p = q;
    return c;
}

/* The string that these bytes stand for; JS_UNDEFINED: they are no UTF-8. */
static JSValue utf8_string(JSContext *ctx, const uint8_t *p, const uint8_t *end)
{
    const uint8_t *q = p;
    uint32_t c, all = 0;
    int length = 0, i;
    JSString *string;

    while (q < end) {
        c = utf8_next(&q, end);
        if (c > 0x10ffff)
            return JS_UNDEFINED;
        all |= c;
        length += 1 + (c >= 0x10000);
    }
    string = js_alloc_string(ctx, length, all >= 0x100);
    if (!string)
        return JS_EXCEPTION;
    if (all < 0x100) {
        for (i = 0; i < length; i++)
            str8(string)[i] = utf8_next(&p, end);
        str8(string)[length] = '\0';
        return JS_MKPTR(JS_TAG_STRING, string);
    }
    for (i = 0; i < length;) {
        c = utf8_next(&p, end);
        if (unlikely(c >= 0x10000)) {
            str16(string)[i++] = get_hi_surrogate(c);
            c = get_lo_surrogate(c);
        }
        str16(string)[i++] = c;
    }
    return JS_MKPTR(JS_TAG_STRING, string);
}

/* Whether a string is these bytes. */
static bool utf8_is(JSString *string, const uint8_t *p, const uint8_t *end)
{
    uint32_t c, i;

    for (i = 0; p < end; i++) {
        c = utf8_next(&p, end);
        if (c >= 0x10000) {
            if (c > 0x10ffff || i + 1 >= string->len || string_get(string, i++) != get_hi_surrogate(c))
                return false;
            c = get_lo_surrogate(c);
        }
        if (i >= string->len || string_get(string, i) != c)
            return false;
    }
    return i == string->len;
}

/* A string's text in UTF-8, in which a surrogate that stands alone is U+FFFD: its own bytes where they are that, else others, which
   the caller frees. NULL: no string of one piece, or no memory. */
const uint8_t *JS_Utf8Text(JSContext *ctx, JSValueConst value, size_t *length, uint8_t **made)
{
    JSString *string;
    uint8_t *q;
    uint32_t c;
    int i, count;

    *made = NULL;
    if (JS_VALUE_GET_TAG(value) != JS_TAG_STRING)
        return NULL;
    string = JS_VALUE_GET_STRING(value);
    count = string->len;
    if (!string->is_wide_char && js_json_is_ascii(str8(string), count)) {
        *length = count;
        return str8(string);
    }
    q = *made = js_malloc(ctx, (size_t)count * (string->is_wide_char ? 3 : 2) + 1);
    if (!q)
        return NULL;
    if (!string->is_wide_char) {
        const uint8_t *p = str8(string);
        for (i = 0; i < count; i++) {
            c = p[i];
            if (c >= 0x80) {
                *q++ = 0xc0 | c >> 6;
                c = 0x80 | (c & 0x3f);
            }
            *q++ = c;
        }
    } else {
        const uint16_t *p = str16(string);
        for (i = 0; i < count; i++) {
            c = p[i];
            if (c < 0x80) {
                *q++ = c;
                continue;
            }
            if (c < 0x800) {
                *q++ = 0xc0 | c >> 6;
                *q++ = 0x80 | (c & 0x3f);
                continue;
            }
            if (unlikely(is_surrogate(c))) {
                if (is_hi_surrogate(c) && i + 1 < count && is_lo_surrogate(p[i + 1])) {
                    c = from_surrogate(c, p[++i]);
                    *q++ = 0xf0 | c >> 18;
                    *q++ = 0x80 | (c >> 12 & 0x3f);
                    *q++ = 0x80 | (c >> 6 & 0x3f);
                    *q++ = 0x80 | (c & 0x3f);
                    continue;
                }
                c = 0xfffd;
            }
            *q++ = 0xe0 | c >> 12;
            *q++ = 0x80 | (c >> 6 & 0x3f);
            *q++ = 0x80 | (c & 0x3f);
        }
    }
    *length = q - *made;
    return *made;
}
