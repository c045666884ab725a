/* The server's check, in the order of spec 23 §6.4: unknown keys dropped, hidden fields removed, computed and
 * readonly fields kept from the client, then type, required, lengths, pattern, limits, options, dates, files.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/forms/schema.h"
#include "platform/view/view.h"
#include "platform/workflow/decimal.h"

#include <string.h>

enum { MAX_TEXT = 10000, ROUNDS = 10 };

typedef struct Check {
    const char *lang;
    Json typed, files, errors;
    Json data;   /* clean so far */
    Map rules;   /* path → why its value could not be read */
    Map visible; /* paths that are not hidden */
    int64_t now;
} Check;

static void complain(Check *c, const FormField *f, const char *rule, Json values)
{
    if (!values)
        values = json_new();
    json_set_str(values, "label", wording_in(f->label, c->lang));
    Json error = json_set_str(json_set_str(json_new(), "path", f->path), "rule", rule);
    json_add(c->errors,
             json_set_str(error, "message", text_in(c->lang, fmt("forms.error.%s", rule), values)));
}

/* ---- Reading what was typed ---- */

static Json preset(const Check *c, const FormField *f)
{
    if (f->computed)
        return feel_eval(f->computed, c->data, c->now);
    return f->preset ? f->preset : json_null();
}

static void read_field(Check *c, const FormField *f)
{
    const char *rule = NULL;
    if (f->kind == FORM_FILE) {
        Json files = form_at(c->files, f->path);
        form_put(c->data, f->path, json_is_array(files) ? files : json_list());
        return;
    }
    Json value =
        f->readonly || f->computed ? preset(c, f) : form_value(f, c->lang, form_at(c->typed, f->path), &rule);
    if (rule)
        map_put(&c->rules, f->path, (void *)rule);
    else
        form_put(c->data, f->path, value);
}

static void read_all(Check *c, const Vec *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        const FormField *f = fields->items[i];
        if (f->kind == FORM_GROUP)
            read_all(c, &f->fields);
        else if (f->kind < FORM_STATIC)
            read_field(c, f);
    }
}

/* ---- Hiding ---- */

static void show_all(Check *c, const Vec *fields, bool hidden, Json shown)
{
    for (size_t i = 0; i < fields->count; i++) {
        const FormField *f = fields->items[i];
        bool gone = hidden || form_hidden(f, c->data, c->now);
        if (f->kind == FORM_GROUP) {
            show_all(c, &f->fields, gone, shown);
        } else if (f->kind < FORM_STATIC && !gone) {
            map_put(&c->visible, f->path, (void *)f);
            Json value = form_at(c->data, f->path);
            if (value)
                form_put(shown, f->path, value);
        }
    }
}

/* What is hidden no longer counts for what else is hidden: repeated until nothing changes. */
static void hide(Check *c, const Vec *fields)
{
    for (int round = 0; round < ROUNDS; round++) {
        Json shown = json_new();
        c->visible = (Map){ 0 };
        show_all(c, fields, false, shown);
        bool same = json_equal(shown, c->data);
        c->data = shown;
        if (same)
            return;
    }
}

/* ---- Rules ---- */

static bool option_known(const Vec *options, const char *value)
{
    for (size_t i = 0; i < options->count; i++)
        if (text_is(((FormOption *)options->items[i])->value, value))
            return true;
    return false;
}

static const char *check_options(Check *c, const FormField *f, Json value)
{
    Vec options = form_options(f, c->data, c->now);
    if (json_is_string(value))
        return option_known(&options, json_string_value(value)) ? NULL : "option";
    json_each (value, i, item)
        if (!option_known(&options, json_string_value(item)))
            return "option";
    return NULL;
}

static void check_text(Check *c, const FormField *f, Json value)
{
    const char *t = json_string_value(value);
    int length = (int)utf8_length(t), most = f->max_length >= 0 ? f->max_length : MAX_TEXT;
    if (f->min_length > 0 && length < f->min_length)
        complain(c, f, "min-length", json_set_int(json_new(), "count", f->min_length));
    else if (length > most)
        complain(c, f, "max-length", json_set_int(json_new(), "count", most));
    else if (f->pattern && !form_matches(f->pattern, t))
        complain(c, f, "pattern", NULL);
}

static bool multiple_of(Decimal value, double step)
{
    Decimal q;
    int64_t whole;
    return !decimal_divide(value, decimal_from_double(step), &q) || decimal_to_int(q, &whole);
}

static bool too_fine(Decimal value, int decimals)
{
    for (int i = 0; i < decimals; i++)
        decimal_multiply(value, decimal_from_int(10), &value);
    return decimal_compare(value, decimal_floor(value)) != 0;
}

static void check_number(Check *c, const FormField *f, Json value)
{
    double n = json_number_value(value);
    Decimal d = json_is_integer(value) ? decimal_from_int(json_integer_value(value)) : decimal_from_double(n);
    double least = f->special == MONEY && !f->has_min ? 0 : f->min;
    if ((f->has_min || f->special == MONEY) && n < least)
        complain(c, f, "min", json_set_str(json_new(), "least", show_number(c->lang, least, 0)));
    else if (f->has_max && n > f->max)
        complain(c, f, "max", json_set_str(json_new(), "most", show_number(c->lang, f->max, 0)));
    else if (f->decimals >= 0 && too_fine(d, f->decimals))
        complain(c, f, "decimals", json_set_int(json_new(), "count", f->decimals));
    else if (f->increment > 0 && !multiple_of(d, f->increment))
        complain(c, f, "increment", json_set_str(json_new(), "step", show_number(c->lang, f->increment, 0)));
}

static void check_date(Check *c, const FormField *f, Json value)
{
    int64_t ms;
    if (f->no_past && time_parse(json_string_value(value), &ms) && local_day(ms) < local_day(c->now))
        complain(c, f, "past", NULL);
}

/* ".pdf", "application/pdf", "image/ *". Types were found by content when the file came in. */
static bool type_accepted(const char *accept, const char *type)
{
    static const char *const endings[][2] = {
        { ".pdf", "application/pdf" },
        { ".jpg", "image/jpeg" },
        { ".jpeg", "image/jpeg" },
        { ".png", "image/png" },
        { ".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
        { ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
        { ".odt", "application/vnd.oasis.opendocument.text" },
        { ".ods", "application/vnd.oasis.opendocument.spreadsheet" }
    };
    for (char **part = text_split(accept, ',', NULL); *part; part++) {
        const char *wanted = text_lower(text_trim(*part));
        if (text_is(wanted, type) ||
            (text_ends(wanted, "/*") && strncmp(wanted, type, strlen(wanted) - 1) == 0))
            return true;
        for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
            if (text_is(wanted, endings[i][0]) && text_is(type, endings[i][1]))
                return true;
    }
    return false;
}

static void check_files(Check *c, const FormField *f, Json files)
{
    size_t most = !f->multiple ? 1 : f->max_files > 0 ? (size_t)f->max_files : 20;
    if (json_array_size(files) > most) {
        complain(c, f, "files", json_set_int(json_new(), "count", (int64_t)most));
        return;
    }
    json_each (files, i, file) {
        if (f->accept && json_has(file, "type") && !type_accepted(f->accept, json_str(file, "type"))) {
            complain(
                c, f, "file-type",
                json_set_str(json_set_str(json_new(), "name", json_str(file, "name")), "accept", f->accept));
            return;
        }
    }
}

/* Is the value of the field's type? Not when another field of the same path put it there. */
static bool fits(const FormField *f, Json value)
{
    switch (f->kind) {
    case FORM_TEXT:
    case FORM_TEXTAREA:
    case FORM_DATE:
        return json_is_string(value);
    case FORM_NUMBER:
        return json_is_number(value);
    case FORM_CHECKBOX:
        return json_is_boolean(value);
    case FORM_FILE:
        return json_is_array(value);
    default:
        return json_is_string(value) || json_is_array(value);
    }
}

static void check_value(Check *c, const FormField *f, Json value)
{
    const char *rule = fits(f, value) ? NULL : "text";
    if (!rule && (f->kind == FORM_TEXT || f->kind == FORM_TEXTAREA))
        check_text(c, f, value);
    else if (!rule && f->kind == FORM_NUMBER)
        check_number(c, f, value);
    else if (!rule && f->kind == FORM_DATE)
        check_date(c, f, value);
    else if (!rule && f->kind == FORM_FILE)
        check_files(c, f, value);
    else if (!rule && f->kind != FORM_CHECKBOX)
        rule = check_options(c, f, value);
    if (rule)
        complain(c, f, rule, NULL);
}

static void check_field(Check *c, const FormField *f)
{
    Json value = form_at(c->data, f->path);
    const char *unread = map_get(&c->rules, f->path);
    bool missing = form_empty(value) || (f->kind == FORM_CHECKBOX && !json_is_true(value));
    if (unread)
        complain(c, f, unread, NULL);
    else if (f->required && missing && !f->readonly && !f->computed)
        complain(c, f,
                 f->kind == FORM_FILE       ? "file-required"
                 : f->kind == FORM_CHECKBOX ? "tick"
                                            : "required",
                 NULL);
    else if (!form_empty(value) && !f->readonly && !f->computed)
        check_value(c, f, value);
}

/* ---- Unknown keys ---- */

static void log_unknown(const Form *form, const Map *known, Json typed, const char *prefix)
{
    const char *key;
    Json value;
    json_object_foreach (typed, key, value) {
        const char *path = *prefix ? fmt("%s.%s", prefix, key) : key;
        bool ours = key[0] == '_' || map_get(known, path);
        if (json_is_object(value) && !ours)
            log_unknown(form, known, value, path);
        else if (!ours)
            log_debug("forms.unknown", "form", form->id, "path", text_shorten(path, 100), NULL);
    }
}

static void paths_of(const Vec *fields, Map *paths)
{
    for (size_t i = 0; i < fields->count; i++) {
        FormField *f = fields->items[i];
        if (f->kind == FORM_GROUP)
            paths_of(&f->fields, paths);
        else if (f->kind < FORM_STATIC)
            map_put(paths, f->path, f);
    }
}

/* Null members say nothing; the data holds only what is there. */
static Json without_nulls(Json data)
{
    Json out = json_new();
    const char *key;
    Json value;
    json_object_foreach (data, key, value)
        if (!json_is_null(value))
            json_object_set(out, key, json_is_object(value) ? without_nulls(value) : value);
    return out;
}

Json form_check(const Form *form, const char *lang, Json typed, Json files, Json errors)
{
    Check c = {
        .lang = lang, .typed = typed, .files = files, .errors = errors, .data = json_new(), .now = now_ms()
    };
    Map known = { 0 };
    paths_of(&form->fields, &known);
    log_unknown(form, &known, typed, "");
    read_all(&c, &form->fields);
    hide(&c, &form->fields);
    for (size_t i = 0; i < known.count; i++)
        if (map_get(&c.visible, known.entries[i].key))
            check_field(&c, map_get(&c.visible, known.entries[i].key));
    return without_nulls(c.data);
}
