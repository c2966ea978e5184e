/* Objects that are made like one that the prelude has made. Included at the end of quickjs.c.
 *
 * A class in JavaScript runs its constructor and defines its private fields one by one for each object. Here an object gets
 * the shape of another one and what that has in its fields. Private fields are properties whose names are private, so
 * nothing can tell such an object from others of its class.
 */

#define ALIKE_FIELDS_MAX 4

/* An object as `like` is. */
static JSValue js_new_alike(JSContext *ctx, JSValueConst value)
{
    JSObject *like = JS_VALUE_GET_OBJ(value), *p;
    JSValue made = JS_NewObjectFromShape(ctx, js_dup_shape(like->shape), JS_CLASS_OBJECT, NULL);
    int i;

    if (JS_IsException(made))
        return made;
    p = JS_VALUE_GET_OBJ(made);
    for (i = 0; i < like->shape->prop_count; i++)
        p->prop[i].u.value = js_dup(like->prop[i].u.value);
    return made;
}

/* Puts a value, which is taken, in a field of an object that was just made. */
static void js_set_alike(JSContext *ctx, JSValueConst made, int at, JSValue value)
{
    set_value(ctx, &JS_VALUE_GET_OBJ(made)->prop[at].u.value, value);
}

/* Where an object that others are made like has this value; -1: nowhere, or none can be made like it. */
static int js_alike_field(JSContext *ctx, JSValueConst object, JSValueConst value)
{
    JSObject *p = JS_VALUE_GET_TAG(object) == JS_TAG_OBJECT ? JS_VALUE_GET_OBJ(object) : NULL;
    int i, found = -1;

    if (!p || p->class_id != JS_CLASS_OBJECT || !p->shape->is_hashed)
        return -1;
    for (i = 0; i < p->shape->prop_count; i++) {
        JSShapeProperty *shape = get_shape_prop(p->shape) + i;
        if (shape->atom == JS_ATOM_NULL || shape->flags & JS_PROP_TMASK)
            return -1;
        if (js_same_value(ctx, p->prop[i].u.value, value))
            found = i;
    }
    return found;
}

static JSAtom js_alike_name(JSContext *ctx, JSValueConst object, int at)
{
    return JS_DupAtom(ctx, get_shape_prop(JS_VALUE_GET_OBJ(object)->shape)[at].atom);
}

/* A maker: an object like the first of `data`, with its arguments in the fields that the rest names. */
static JSValue js_make_alike(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv, int magic, JSValueConst *data)
{
    JSValue made = js_new_alike(ctx, data[0]);
    int i;

    for (i = 0; i < magic && !JS_IsException(made); i++)
        js_set_alike(ctx, made, JS_VALUE_GET_INT(data[1 + i]), js_dup(argv[i]));
    return made;
}

/* (like, ...values): a function that makes objects like this one, with its arguments in place of these values. */
static JSValue js_maker(JSContext *ctx, JSValueConst this_val, int argc, JSValueConst *argv)
{
    JSValueConst data[1 + ALIKE_FIELDS_MAX];
    int i, at;

    if (argc < 1 || argc > 1 + ALIKE_FIELDS_MAX)
        return JS_ThrowTypeError(ctx, "a maker takes an object and some of its values");
    data[0] = argv[0];
    for (i = 1; i < argc; i++) {
        at = js_alike_field(ctx, argv[0], argv[i]);
        if (at < 0)
            return JS_ThrowTypeError(ctx, "nothing can be made like this object");
        data[i] = js_int32(at);
    }
    return JS_NewCFunctionData(ctx, js_make_alike, argc - 1, argc - 1, argc, data);
}
