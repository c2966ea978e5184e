/* Responses, their common case: made and read without running JavaScript. Included at the end of quickjs.c,
 * behind alike.h.
 */

enum { RESPONSE_BODY, RESPONSE_HEADERS, RESPONSE_HEAD, RESPONSE_FIELDS };

static struct {
    JSValue like; /* a response, of which others take the shape and what is not set */
    int at[RESPONSE_FIELDS];
    JSAtom names[RESPONSE_FIELDS];
    JSValue json_type;
    JSValue json_with_init;
} responses;

/* A response of a body and a content type, which are taken. */
static JSValue js_response_like(JSContext *ctx, JSValue body, JSValue type)
{
    JSValue made = js_new_alike(ctx, responses.like);

    if (JS_IsException(made)) {
        JS_FreeValue(ctx, body);
        JS_FreeValue(ctx, type);
        return made;
    }
    js_set_alike(ctx, made, responses.at[RESPONSE_BODY], body);
    js_set_alike(ctx, made, responses.at[RESPONSE_HEADERS], type);
    return made;
}

static JSValue js_response_json(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv)
{
    JSValue text, made;

    if (argc == 0)
        return JS_ThrowTypeError(ctx, "Response.json needs a value");
    text = JS_JSONStringify(ctx, argv[0], JS_UNDEFINED, JS_UNDEFINED);
    if (JS_IsException(text))
        return text;
    if (JS_IsUndefined(text))
        return JS_ThrowTypeError(ctx, "Response.json was given something that has no JSON");
    if (argc > 1 && !JS_IsUndefined(argv[1]) && !JS_IsNull(argv[1])) {
        JSValueConst given[2] = { text, argv[1] };
        made = JS_Call(ctx, responses.json_with_init, JS_UNDEFINED, 2, given);
        JS_FreeValue(ctx, text);
        return made;
    }
    return js_response_like(ctx, text, js_dup(responses.json_type));
}

/* (like, body, headers, head, type of JSON, how a response of JSON is made that has an init): Response.json. The three are what `like`
   has in its fields, by which they are found. */
static JSValue js_adopt_responses(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv)
{
    int field;

    for (field = 0; field < RESPONSE_FIELDS; field++) {
        responses.at[field] = js_alike_field(ctx, argv[0], argv[1 + field]);
        if (responses.at[field] < 0)
            return JS_ThrowTypeError(ctx, "a response without its fields");
        responses.names[field] = js_alike_name(ctx, argv[0], responses.at[field]);
    }
    responses.like = js_dup(argv[0]);
    responses.json_type = js_dup(argv[4]);
    responses.json_with_init = js_dup(argv[5]);
    return JS_NewCFunction(ctx, js_response_json, "json", 1);
}

/* Puts the natives for headers and responses on an object. */
int JS_AddHttpNatives(JSContext *ctx, JSValueConst host)
{
    if (JS_SetPropertyStr(ctx, host, "maker", JS_NewCFunction(ctx, js_maker, "", 1)) < 0 ||
        JS_SetPropertyStr(ctx, host, "headerList", JS_NewCFunction(ctx, js_header_list, "", 1)) < 0 ||
        JS_SetPropertyStr(ctx, host, "adoptList", JS_NewCFunction(ctx, js_adopt_list, "", 3)) < 0 ||
        JS_SetPropertyStr(ctx, host, "listGetter", JS_NewCFunction(ctx, js_list_getter, "", 2)) < 0 ||
        JS_SetPropertyStr(ctx, host, "adoptResponses", JS_NewCFunction(ctx, js_adopt_responses, "", 6)) < 0)
        return -1;
    return 0;
}

/* The status, headers and body of a response as it holds them; nothing is counted. The status is -1 where the value is no response. */
int JS_ResponseFields(JSContext *ctx, JSValueConst value, JSValue *headers, JSValue *body)
{
    JSProperty *fields[RESPONSE_FIELDS], *status;
    JSShapeProperty *shape;
    JSObject *p;
    int i;

    if (JS_VALUE_GET_TAG(value) != JS_TAG_OBJECT || responses.names[RESPONSE_BODY] == JS_ATOM_NULL)
        return -1;
    p = JS_VALUE_GET_OBJ(value);
    for (i = 0; i < RESPONSE_FIELDS; i++) {
        shape = find_own_property(&fields[i], p, responses.names[i]);
        if (!shape || shape->flags & JS_PROP_TMASK)
            return -1;
    }
    /* of the prelude's own making: { status, ... } */
    value = fields[RESPONSE_HEAD]->u.value;
    if (JS_VALUE_GET_TAG(value) != JS_TAG_OBJECT)
        return -1;
    shape = find_own_property(&status, JS_VALUE_GET_OBJ(value), JS_ATOM_status);
    if (!shape || shape->flags & JS_PROP_TMASK || JS_VALUE_GET_TAG(status->u.value) != JS_TAG_INT)
        return -1;
    *headers = fields[RESPONSE_HEADERS]->u.value;
    *body = fields[RESPONSE_BODY]->u.value;
    return JS_VALUE_GET_INT(status->u.value);
}
