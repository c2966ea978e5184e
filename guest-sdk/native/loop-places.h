/* Included before every C file of QuickJS, behind stack-check.h.
 *
 * The interpreter asks the host at the back edge of a loop whether a limit is used up, and the error that ends it tells the
 * frame's place. The engine keeps that place when it calls, and not at a back edge: a loop that calls nothing would
 * be told as the call before it, or as the function's first line. So the frame's place is kept there too, when the host
 * is asked, which is once in ten thousand iterations: no cost for the others. The engine has no place for what a loop tests,
 * nor for an empty body: the parser notes one before each. See docs/decisions/0017-report-the-stack-at-a-limit.md.
 */

/* Only the interpreter's loop has a frame `sf` and an instruction `pc`; for all others these stand in for them. */
static struct {
    uint8_t *cur_pc;
} *const sf = NULL;
static const uint8_t *const pc = NULL;

/* A frame's place is behind the instruction that it tells, and `pc` is at the instruction that comes next. */
#define js_poll_interrupts(first) MAYFLY_POLL_##first)
#define MAYFLY_POLL_JSContext js_poll_interrupts(JSContext
#define MAYFLY_POLL_caller_ctx mayfly_poll_call(caller_ctx
#define MAYFLY_POLL_ctx mayfly_poll(ctx
#define mayfly_poll(ctx)                                                                                 \
    ({                                                                                                   \
        int stopped_ = 0;                                                                                \
        if (__builtin_expect((ctx)->interrupt_counter <= 1, 0)) {                                        \
            if (sf)                                                                                      \
                sf->cur_pc = (uint8_t *)pc + 1;                                                          \
            stopped_ = __js_poll_interrupts(ctx);                                                        \
        } else {                                                                                         \
            (ctx)->interrupt_counter--;                                                                  \
        }                                                                                                \
        stopped_;                                                                                        \
    })

/* A call asks before the function that it enters has a frame, and one without loops asks nowhere else: while the host is asked, this
 * is that function. See JS_RunningFunction in native-code.h. */
static void *mayfly_called __attribute__((unused));
#define mayfly_poll_call(ctx)                                                                            \
    ({                                                                                                   \
        int stopped_ = 0;                                                                                \
        if (__builtin_expect(--(ctx)->interrupt_counter <= 0, 0)) {                                      \
            mayfly_called = JS_VALUE_GET_TAG(func_obj) == JS_TAG_OBJECT ? JS_VALUE_GET_PTR(func_obj) : NULL; \
            stopped_ = __js_poll_interrupts(ctx);                                                        \
            mayfly_called = NULL;                                                                        \
        }                                                                                                \
        stopped_;                                                                                        \
    })

/* What a statement tests: other expressions in brackets keep to the place of the call around them. */
#define mayfly_tests(function) (strcmp(function, "js_parse_statement_or_decl") == 0)

#define js_parse_expr(first) MAYFLY_EXPR_##first)
#define MAYFLY_EXPR_JSParseState js_parse_expr(JSParseState
#define MAYFLY_EXPR_s mayfly_parse_expr(s
#define mayfly_parse_expr(s)                                                                             \
    ({                                                                                                   \
        if (mayfly_tests(__func__))                                                                      \
            emit_source_loc(s);                                                                          \
        (js_parse_expr)(s);                                                                              \
    })

#define js_parse_expr_paren(first) MAYFLY_PAREN_##first)
#define MAYFLY_PAREN_JSParseState js_parse_expr_paren(JSParseState
#define MAYFLY_PAREN_s mayfly_parse_paren(s
#define mayfly_parse_paren(s)                                                                            \
    ({                                                                                                   \
        if (mayfly_tests(__func__))                                                                      \
            emit_source_loc(s);                                                                          \
        (js_parse_expr_paren)(s);                                                                        \
    })

/* The engine calls this one for the bodies of loops alone. */
#define js_parse_statement(first) MAYFLY_BODY_##first)
#define MAYFLY_BODY_JSParseState js_parse_statement(JSParseState
#define MAYFLY_BODY_s mayfly_parse_body(s
#define mayfly_parse_body(s)                                                                             \
    ({                                                                                                   \
        emit_source_loc(s);                                                                              \
        (js_parse_statement)(s);                                                                         \
    })

/* The code that gives a loop's variable its value stands before the expression that is looped over, and a loop is told there, too,
 * when it repeats: without a place of its own that would be the statement before. */
#define js_parse_for_in_of(first, ...) MAYFLY_FOR_##first, __VA_ARGS__)
#define MAYFLY_FOR_JSParseState js_parse_for_in_of(JSParseState
#define MAYFLY_FOR_s mayfly_parse_for(s
#define mayfly_parse_for(s, ...)                                                                         \
    ({                                                                                                   \
        emit_source_loc(s);                                                                              \
        (js_parse_for_in_of)(s, __VA_ARGS__);                                                            \
    })
