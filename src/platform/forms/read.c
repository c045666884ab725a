/* Reading a form-js schema (schemaVersion up to 19). A component this server does not know is refused at
 * once: better no form than a form whose rules are not enforced. */
#include "base/arena.h"
#include "base/text.h"
#include "platform/forms/schema.h"

#include <stdio.h>
#include <string.h>

enum { NEWEST_VERSION = 19, MAX_FIELDS = 1000, MAX_DEPTH = 8 };

typedef struct Reader {
    char *error;
    size_t error_size;
    int fields;
    bool failed;
    Map paths; /* used ones */
} Reader;

static void fail(Reader *r, const char *what)
{
    if (!r->failed)
        snprintf(r->error, r->error_size, "%s", what);
    r->failed = true;
}

static const struct {
    const char *type;
    FormKind kind;
    FormSpecial special;
} types[] = {
    { "textfield", FORM_TEXT, PLAIN },
    { "textarea", FORM_TEXTAREA, PLAIN },
    { "number", FORM_NUMBER, PLAIN },
    { "checkbox", FORM_CHECKBOX, PLAIN },
    { "checklist", FORM_CHECKLIST, PLAIN },
    { "radio", FORM_RADIO, PLAIN },
    { "select", FORM_SELECT, PLAIN },
    { "datetime", FORM_DATE, PLAIN },
    { "group", FORM_GROUP, PLAIN },
    { "text", FORM_STATIC, PLAIN },
    { "filepicker", FORM_FILE, PLAIN },
    { "separator", FORM_NOTHING, PLAIN },
    { "spacer", FORM_NOTHING, PLAIN },
    { "button", FORM_NOTHING, PLAIN },
    { "sen-personal-id", FORM_TEXT, PERSONAL_ID },
    { "sen-tax-code", FORM_TEXT, TAX_CODE },
    { "sen-phone", FORM_TEXT, PHONE },
    { "sen-commune", FORM_SELECT, COMMUNE },
    { "sen-money", FORM_NUMBER, MONEY },
};

static const char *text_of(Json component, const char *path)
{
    return json_has(component, path) ? text_copy(json_str(component, path)) : NULL;
}

/* "= expression", as form-js writes it. */
static const Feel *feel_of(Reader *r, Json component, const char *path)
{
    char error[200];
    const char *text = json_str(component, path);
    if (*text != '=')
        return NULL;
    Feel *feel = feel_compile(text + 1, error, sizeof error);
    if (!feel)
        fail(r, fmt("%s of %s: %s", path, json_str(component, "key"), error));
    return feel;
}

static Wording wording_of(Json component, const char *member)
{
    return (Wording){ text_or(text_of(component, member), ""),
                      text_of(component, fmt("properties.%s_en", member)) };
}

const char *wording_in(Wording wording, const char *lang)
{
    return text_is(lang, "en") ? text_or(wording.en, wording.vi) : wording.vi;
}

static int int_of(Json component, const char *path)
{
    int64_t n = json_has(component, path) ? json_int(component, path) : -1;
    return n < 0 || n > 1000000 ? -1 : (int)n;
}

static void read_options(Reader *r, FormField *f, Json component)
{
    if (json_has(component, "valuesKey"))
        fail(r, fmt("%s: options by valuesKey are not supported", f->key));
    f->options_from = feel_of(r, component, "valuesExpression");
    json_each (json_object_get(component, "values"), i, value) {
        FormOption *o = alloc(sizeof *o);
        o->value =
            json_is_string(json_object_get(value, "value"))
                ? text_copy(json_str(value, "value"))
                : json_text(json_object_get(value, "value") ? json_object_get(value, "value") : json_null());
        o->label = wording_of(value, "label");
        o->label.vi = text_or(o->label.vi, o->value);
        vec_add(&f->options, o);
    }
    bool choice = f->kind == FORM_SELECT || f->kind == FORM_RADIO || f->kind == FORM_CHECKLIST;
    if (choice && f->special == PLAIN && !f->options.count && !f->options_from)
        fail(r, fmt("%s has no options", f->key));
}

static void read_validation(Reader *r, FormField *f, Json component)
{
    Json v = json_object_get(component, "validate");
    f->required = json_bool(v, "required");
    f->min_length = int_of(v, "minLength");
    f->max_length = int_of(v, "maxLength");
    f->has_min = json_has(v, "min");
    f->has_max = json_has(v, "max");
    f->min = json_is_string(json_object_get(v, "min")) ? (double)json_int(v, "min") : json_num(v, "min");
    f->max = json_is_string(json_object_get(v, "max")) ? (double)json_int(v, "max") : json_num(v, "max");
    const char *type = json_str(v, "validationType");
    if (text_is(type, "email"))
        f->special = EMAIL;
    else if (text_is(type, "phone"))
        f->special = PHONE;
    if (json_has(v, "pattern") && *json_str(v, "pattern")) {
        f->pattern = form_pattern(json_str(v, "pattern"));
        if (!f->pattern)
            fail(r, fmt("%s: the pattern is not supported", f->key));
    }
}

static void read_details(Reader *r, FormField *f, Json c)
{
    f->label = wording_of(c, "label");
    f->hint = wording_of(c, "description");
    f->text = wording_of(c, "text");
    f->unit = text_of(c, "appearance.suffixAdorner");
    f->accept = text_of(c, "accept");
    f->autocomplete = text_of(c, "properties.autocomplete");
    f->multiple = json_bool(c, "multiple");
    f->readonly = json_bool(c, "readonly") || json_bool(c, "disabled");
    f->no_past = json_bool(c, "disallowPassedDates");
    f->decimals = int_of(c, "decimalDigits");
    f->increment = json_is_string(json_object_get(c, "increment")) ? (double)json_int(c, "increment")
                                                                   : json_num(c, "increment");
    f->max_files = int_of(c, "properties.maxFiles");
    f->preset = json_has(c, "defaultValue") ? json_deep_copy(json_object_get(c, "defaultValue")) : NULL;
    f->computed = feel_of(r, c, "expression");
    f->hide = feel_of(r, c, "conditional.hide");
    if (f->kind == FORM_DATE) {
        f->label.vi = text_or(text_of(c, "dateLabel"), f->label.vi);
        if (json_has(c, "subtype") && !text_is(json_str(c, "subtype"), "date"))
            fail(r, fmt("%s: only dates, not times, are supported", f->key));
    }
    if (f->kind == FORM_STATIC && f->text.vi && *f->text.vi == '=')
        fail(r, "a text by expression is not supported");
}

static void read_list(Reader *r, Json components, const char *prefix, Vec *into, int depth);

static FormField *new_field(Reader *r, Json c)
{
    const char *type = json_str(c, "type");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!text_is(types[i].type, type))
            continue;
        FormField *f = alloc(sizeof *f);
        f->kind = types[i].kind;
        f->special = types[i].special;
        return f;
    }
    fail(r, fmt("component %s is not supported", *type ? type : "without a type"));
    return NULL;
}

static bool good_key(const char *key)
{
    size_t n = strlen(key);
    return n && n <= 100 && key[0] != '.' && key[n - 1] != '.' && !strstr(key, "..") && key[0] != '_';
}

/* Two fields of one path would overwrite each other; form-js allows it for alternatives that hide each other,
 * and so does this. */
static void read_component(Reader *r, Json c, const char *prefix, Vec *into, int depth)
{
    FormField *f = json_is_object(c) ? new_field(r, c) : NULL;
    if (!f || ++r->fields > MAX_FIELDS || depth > MAX_DEPTH) {
        fail(r, "too many components, or nested too deeply");
        return;
    }
    f->key = text_or(text_of(c, "key"), "");
    read_details(r, f, c);
    read_validation(r, f, c);
    if (f->kind == FORM_GROUP) {
        const char *path = text_or(text_of(c, "path"), "");
        if (*path && !good_key(path))
            fail(r, fmt("a group has the path \"%s\"", path));
        const char *inner = *path ? *prefix ? fmt("%s.%s", prefix, path) : path : prefix;
        f->path = fmt("%s#%d", inner, r->fields); /* only to name it on the page */
        read_list(r, json_object_get(c, "components"), inner, &f->fields, depth + 1);
    } else if (f->kind < FORM_STATIC) {
        if (!good_key(f->key))
            fail(r, fmt("a field has the key \"%s\"", f->key));
        f->path = *prefix ? fmt("%s.%s", prefix, f->key) : f->key;
        read_options(r, f, c);
    } else {
        f->path = fmt("#%d", r->fields);
    }
    vec_add(into, f);
}

static void read_list(Reader *r, Json components, const char *prefix, Vec *into, int depth)
{
    json_each (components, i, component)
        if (!r->failed)
            read_component(r, component, prefix, into, depth);
}

const Form *form_read(const char *json, size_t size, char *error, size_t error_size)
{
    Reader r = { .error = error, .error_size = error_size };
    Json schema = json_parse(json, size, error, error_size);
    if (!schema)
        return NULL;
    Form *form = alloc(sizeof *form);
    form->id = text_copy(json_str(schema, "id"));
    form->title = text_of(schema, "title");
    form->version = json_has(schema, "schemaVersion") ? (int)json_int(schema, "schemaVersion") : 1;
    if (!json_is_object(schema) || !text_is(json_str(schema, "type"), "default") || !*form->id)
        fail(&r, "a form has \"type\": \"default\" and an id");
    if (form->version < 1 || form->version > NEWEST_VERSION)
        fail(&r, fmt("schemaVersion %d is not supported", form->version));
    if (!json_is_array(json_object_get(schema, "components")))
        fail(&r, "a form has components");
    read_list(&r, json_object_get(schema, "components"), "", &form->fields, 0);
    return r.failed ? NULL : form;
}
