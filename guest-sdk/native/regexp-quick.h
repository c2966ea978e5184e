/* Regular expressions: where a match can begin, and loops over single characters. Included in libregexp.c.
 *
 * The engine's own way tries a match at every position, and keeps a state for each turn of a loop. When an expression is compiled,
 * what its matches can begin with is written into its head; positions with anything else are passed over, and an
 * expression that only matches at the start is tried there alone. A greedy loop over one character runs without states: one
 * says how far it may be taken back.
 */

/* How the head of an expression says where a match can begin. */
enum {
    RE_BEGIN_ANYWHERE, /* or it may be empty */
    RE_BEGIN_SET,      /* a character of the set, or the start of the text */
    RE_BEGIN_ONE,      /* the same, of a set of one byte */
    RE_BEGIN_START,    /* the start of the text alone */
};

typedef struct {
    uint8_t bits[32]; /* of the characters below 256 */
    bool has_others;  /* any character above may be in it as well */
    bool is_unicode;
} REFirstSet;

static bool lre_is_one_range(const uint8_t *pc, uint32_t c)
{
    bool is_wide = *pc == REOP_range32 || *pc == REOP_range32_i;
    int first = 0, last = get_u16(pc + 1) - 1, middle;

    pc += 3;
    /* the last 0xffff means infinity */
    if (!is_wide && c >= 0xffff)
        return get_u16(pc + last * 4 + 2) == 0xffff;
    while (first <= last) {
        middle = (first + last) / 2;
        if (c < (is_wide ? get_u32(pc + middle * 8) : get_u16(pc + middle * 4)))
            last = middle - 1;
        else if (c > (is_wide ? get_u32(pc + middle * 8 + 4) : get_u16(pc + middle * 4 + 2)))
            first = middle + 1;
        else
            return true;
    }
    return false;
}

/* Whether the instruction at `pc`, which takes one character, takes this one. */
static inline bool lre_is_one(const uint8_t *pc, uint32_t c, bool is_unicode)
{
    switch (*pc) {
    case REOP_char:
        return c == get_u16(pc + 1);
    case REOP_char_i:
        return lre_canonicalize(c, is_unicode) == get_u16(pc + 1);
    case REOP_char32:
        return c == get_u32(pc + 1);
    case REOP_char32_i:
        return lre_canonicalize(c, is_unicode) == get_u32(pc + 1);
    case REOP_dot:
        return !is_line_terminator(c);
    case REOP_any:
        return true;
    case REOP_space:
        return lre_is_space(c);
    case REOP_not_space:
        return !lre_is_space(c);
    case REOP_range:
    case REOP_range32:
        return lre_is_one_range(pc, c);
    case REOP_range_i:
    case REOP_range32_i:
        return lre_is_one_range(pc, lre_canonicalize(c, is_unicode));
    default:
        return false;
    }
}

/* The length of an instruction that takes one character, else 0. */
static int lre_one_length(const uint8_t *pc)
{
    switch (*pc) {
    case REOP_char: case REOP_char_i: case REOP_char32: case REOP_char32_i:
    case REOP_dot: case REOP_any: case REOP_space: case REOP_not_space:
        return reopcode_info[*pc].size;
    case REOP_range: case REOP_range_i:
        return 3 + 4 * get_u16(pc + 1);
    case REOP_range32: case REOP_range32_i:
        return 3 + 8 * get_u16(pc + 1);
    default:
        return 0;
    }
}

/* Adds what a match from `pc` on can begin with. false: it may be empty, or that is not known. */
static bool lre_add_first(REFirstSet *set, const uint8_t *pc, int depth, int *steps)
{
    int c;

    if (depth > 32)
        return false;
    while (--*steps > 0) {
        if (lre_one_length(pc)) {
            for (c = 0; c < 256; c++) {
                if (lre_is_one(pc, c, set->is_unicode))
                    set->bits[c >> 3] |= 1 << (c & 7);
            }
            set->has_others |= *pc != REOP_char || get_u16(pc + 1) >= 256;
            return true;
        }
        switch (*pc) {
        case REOP_line_start:
            return true; /* at the start alone, where every expression is tried */
        case REOP_line_start_m: case REOP_line_end: case REOP_line_end_m:
        case REOP_word_boundary: case REOP_word_boundary_i: case REOP_not_word_boundary: case REOP_not_word_boundary_i:
        case REOP_save_start: case REOP_save_end: case REOP_save_reset: case REOP_set_i32: case REOP_set_char_pos:
            pc += reopcode_info[*pc].size;
            break;
        case REOP_goto:
            pc += 5 + (int)get_u32(pc + 1);
            break;
        case REOP_lookahead: case REOP_negative_lookahead:
            /* what stands behind it begins at the same place */
            pc += 5 + (int)get_u32(pc + 1);
            break;
        case REOP_split_goto_first: case REOP_split_next_first: case REOP_greedy: case REOP_greedy_more:
            if (!lre_add_first(set, pc + 5 + (int)get_u32(pc + 1), depth + 1, steps))
                return false;
            pc += 5;
            break;
        default:
            return false;
        }
    }
    return false;
}

/* The length of any instruction. */
static int lre_length(const uint8_t *pc)
{
    int length = lre_one_length(pc);

    if (length)
        return length;
    length = reopcode_info[*pc].size;
    switch (*pc) {
    case REOP_back_reference: case REOP_back_reference_i:
    case REOP_backward_back_reference: case REOP_backward_back_reference_i:
        length += pc[1] * RE_BACK_REFERENCE_BYTES;
    }
    return length;
}

/* Ends the compilation of an expression: names its loops over one character, and finds what its matches begin with. */
static void lre_finish(uint8_t *head, size_t size)
{
    uint8_t *code = head + RE_HEADER_LEN, *end = head + size, *pc;
    REFirstSet set;
    int c, length, steps = 1000, count = 0;

    for (pc = code; pc < end; pc += lre_length(pc)) {
        if (*pc == REOP_split_next_first) {
            /* over the character, and back */
            length = lre_one_length(pc + 5);
            if (length && pc + 5 + length + 5 <= end && pc[5 + length] == REOP_goto &&
                (int)get_u32(pc + 1) == length + 5 && (int)get_u32(pc + 5 + length + 1) == -(5 + length + 5))
                *pc = REOP_greedy;
        } else if (*pc == REOP_split_goto_first) {
            int back = (int)get_u32(pc + 1);
            if (back < -5 && lre_one_length(pc + 5 + back) == -back - 5)
                *pc = REOP_greedy_more;
        }
    }
    /* the loop over all positions stands at the beginning, but for expressions that match where they are told to */
    if (lre_get_flags(head) & LRE_FLAG_STICKY)
        return;
    memset(&set, 0, sizeof(set));
    set.is_unicode = (lre_get_flags(head) & (LRE_FLAG_UNICODE | LRE_FLAG_UNICODE_SETS)) != 0;
    if (!lre_add_first(&set, code + RE_SEARCH_LEN, 0, &steps))
        return;
    head[RE_HEADER_BEGIN] = RE_BEGIN_SET;
    head[RE_HEADER_OTHERS] = set.has_others;
    memcpy(head + RE_HEADER_SET, set.bits, sizeof(set.bits));
    for (c = 0; c < 256; c++) {
        if (set.bits[c >> 3] >> (c & 7) & 1) {
            head[RE_HEADER_ONE] = c;
            count++;
        }
    }
    if (count <= 1 && !set.has_others)
        head[RE_HEADER_BEGIN] = count ? RE_BEGIN_ONE : RE_BEGIN_START;
}

/* The next position from `p` on at which a match can begin; NULL: there is none. */
static const uint8_t *lre_next_begin(const uint8_t *head, const uint8_t *p, const uint8_t *end, int type)
{
    const uint8_t *bits = head + RE_HEADER_SET;
    bool has_others = head[RE_HEADER_OTHERS];

    if (head[RE_HEADER_BEGIN] == RE_BEGIN_START)
        return NULL;
    if (type == 0) {
        if (head[RE_HEADER_BEGIN] == RE_BEGIN_ONE)
            return p < end ? memchr(p, head[RE_HEADER_ONE], end - p) : NULL;
        while (p < end && !(bits[*p >> 3] >> (*p & 7) & 1))
            p++;
    } else {
        for (; p < end; p += 2) {
            uint32_t c = *(const uint16_t *)p;
            if (c < 256 ? bits[c >> 3] >> (c & 7) & 1 : has_others)
                break;
        }
    }
    return p < end ? p : NULL;
}

/* As far as the character at `pc` is repeated. */
static const uint8_t *lre_run(const uint8_t *pc, const uint8_t *p, const uint8_t *end, int type, bool is_unicode)
{
    uint32_t c;

    if (type == 0) {
        uint32_t low, high;
        switch (*pc) {
        case REOP_any:
            return end;
        case REOP_dot:
            while (p < end && *p != '\n' && *p != '\r')
                p++;
            return p;
        case REOP_char:
            c = get_u16(pc + 1);
            while (p < end && *p == c)
                p++;
            return p;
        case REOP_range:
            /* a range, and all but one character, are the commonest */
            low = get_u16(pc + 3);
            high = get_u16(pc + 5);
            if (get_u16(pc + 1) == 1) {
                while (p < end && *p >= low && (*p <= high || high == 0xffff))
                    p++;
                return p;
            }
            if (get_u16(pc + 1) == 2 && low == 0 && get_u16(pc + 9) == 0xffff) {
                low = get_u16(pc + 7);
                while (p < end && (*p <= high || *p >= low))
                    p++;
                return p;
            }
        }
        while (p < end && lre_is_one(pc, *p, is_unicode))
            p++;
        return p;
    }
    while (p < end) {
        const uint8_t *next = p;
        GET_CHAR(c, next, end, type);
        if (!lre_is_one(pc, c, is_unicode))
            break;
        p = next;
    }
    return p;
}
