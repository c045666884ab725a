/* The model of a form's fields for partial c/field, and the lines of a filled form for reviews and papers.
 *
 * A field: {key, path, label, hint, kind, is_<kind>: true, required, value, error, locked,
 *           options: [{value, label, selected, checked}], min, max, step, max_length, maxlength, pattern,
 * accept, multiple, autocomplete, inputmode, type, unit, checked, text, fields} */
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "platform/forms/schema.h"
#include "platform/view/view.h"

#include <string.h>

typedef struct Show {
    const char *lang;
    Json data, errors, locked;
    int64_t now;
} Show;

static const char *const kinds[] = { "text",     "textarea",  "number", "date",   "select", "radio",
                                     "checkbox", "checklist", "file",   "static", "group" };

static const char *error_at(const Show *s, const char *path)
{
    json_each (s->errors, i, error)
        if (text_is(json_str(error, "path"), path))
            return json_str(error, "message");
    return NULL;
}

static bool locked_at(const Show *s, const char *path)
{
    json_each (s->locked, i, name)
        if (text_is(json_string_value(name), path))
            return true;
    return json_is_object(s->locked) && json_object_get(s->locked, path);
}

static bool chosen(Json value, const char *option)
{
    json_each (value, i, item)
        if (text_is(json_string_value(item), option))
            return true;
    return json_is_string(value) && text_is(json_string_value(value), option);
}

/* The label of a chosen option; the value itself when it is none. */
static const char *option_label(const Vec *options, const char *lang, const char *value)
{
    for (size_t i = 0; i < options->count; i++) {
        const FormOption *o = options->items[i];
        if (text_is(o->value, value))
            return wording_in(o->label, lang);
    }
    return value;
}

/* ---- Words for a value ---- */

static const char *join(const char *list, const char *item)
{
    return *list ? fmt("%s, %s", list, item) : item;
}

static const char *words(const FormField *f, const char *lang, Json value, Json data, int64_t now)
{
    int64_t ms;
    Vec options = form_options(f, data, now);
    const char *list = "";
    switch (f->kind) {
    case FORM_CHECKBOX:
        return text_in(lang, json_is_true(value) ? "forms.yes" : "forms.no", NULL);
    case FORM_DATE:
        return json_is_string(value) && time_parse(json_string_value(value), &ms)
                   ? show_date(lang, ms)
                   : text_or(json_string_value(value), "");
    case FORM_NUMBER:
        if (f->special == MONEY && json_is_integer(value))
            return show_money(lang, json_integer_value(value));
        if (json_is_number(value))
            return fmt("%s%s%s",
                       show_number(lang, json_number_value(value),
                                   json_is_integer(value) ? 0
                                   : f->decimals > 0      ? f->decimals
                                                          : 2),
                       f->unit ? " " : "", text_or(f->unit, ""));
        return text_or(json_string_value(value), "");
    default:
        break;
    }
    if (json_is_string(value))
        return option_label(&options, lang, json_string_value(value));
    json_each (value, i, item)
        list = join(list, f->kind == FORM_FILE
                              ? json_str(item, "name")
                              : option_label(&options, lang, text_or(json_string_value(item), "")));
    return list;
}

/* ---- Fields ---- */

static void add_options(const Show *s, const FormField *f, Json value, Json field)
{
    Json list = json_list();
    Vec options = form_options(f, s->data, s->now);
    if (f->kind == FORM_SELECT && !f->multiple)
        json_add(list, json_set_bool(json_set_str(json_set_str(json_new(), "value", ""), "label",
                                                  text_in(s->lang, "forms.choose", NULL)),
                                     "selected", form_empty(value)));
    for (size_t i = 0; i < options.count; i++) {
        const FormOption *o = options.items[i];
        Json option =
            json_set_str(json_set_str(json_new(), "value", o->value), "label", wording_in(o->label, s->lang));
        bool selected = chosen(value, o->value);
        json_add(list, json_set_bool(json_set_bool(option, "selected", selected), "checked", selected));
    }
    json_set(field, "options", list);
}

static void add_limits(const FormField *f, Json field)
{
    static const char *const modes[] = {
        [PLAIN] = NULL,   [PERSONAL_ID] = "numeric", [TAX_CODE] = "numeric", [PHONE] = "tel",
        [COMMUNE] = NULL, [MONEY] = "numeric",       [EMAIL] = "email"
    };
    if (f->max_length >= 0 || f->special == PERSONAL_ID) {
        int most = f->max_length >= 0 ? f->max_length : 12;
        json_set_int(json_set_int(field, "max_length", most), "maxlength", most);
    }
    if (f->pattern) /* without the anchors that were put around it */
        json_set_str(field, "pattern", text_copy_n(f->pattern + 2, strlen(f->pattern) - 4));
    if (f->has_min)
        json_set_num(field, "min", f->min);
    if (f->has_max)
        json_set_num(field, "max", f->max);
    if (f->increment > 0)
        json_set_num(field, "step", f->increment);
    if (modes[f->special])
        json_set_str(field, "inputmode", modes[f->special]);
    if (f->special == PHONE || f->special == EMAIL)
        json_set_str(field, "type", f->special == PHONE ? "tel" : "email");
    if (f->special == MONEY)
        json_set_str(field, "unit", "đ");
    else if (f->unit)
        json_set_str(field, "unit", f->unit);
    if (f->accept)
        json_set_str(field, "accept", f->accept);
    if (f->autocomplete || f->special == PHONE || f->special == EMAIL)
        json_set_str(field, "autocomplete",
                     f->autocomplete       ? f->autocomplete
                     : f->special == PHONE ? "tel"
                                           : "email");
}

static Json value_of(const Show *s, const FormField *f)
{
    Json value = form_at(s->data, f->path);
    if (!value && f->computed)
        return feel_eval(f->computed, s->data, s->now);
    return value ? value : f->preset;
}

static void add_value(const Show *s, const FormField *f, Json field)
{
    Json value = value_of(s, f);
    bool locked = f->readonly || f->computed || locked_at(s, f->path);
    json_set_bool(field, "locked", locked);
    if (f->kind == FORM_CHECKBOX)
        json_set_bool(field, "checked",
                      json_is_true(value) || text_is(json_string_value(value), "true") ||
                          text_is(json_string_value(value), "on"));
    else if (f->kind == FORM_FILE)
        json_set_str(field, "file_name",
                     form_empty(value) ? NULL : words(f, s->lang, value, s->data, s->now));
    else if (locked && f->kind != FORM_RADIO && f->kind != FORM_CHECKLIST)
        json_set_str(field, "value", form_empty(value) ? "" : words(f, s->lang, value, s->data, s->now));
    else if (value && !json_is_array(value))
        json_object_set(field, "value", value);
    if (f->kind == FORM_SELECT || f->kind == FORM_RADIO || f->kind == FORM_CHECKLIST)
        add_options(s, f, value, field);
}

static Json fields_of(const Show *s, const Vec *fields);

static Json field_of(const Show *s, const FormField *f)
{
    Json field = json_set_str(json_set_str(json_new(), "key", f->key), "path", f->path);
    json_set_str(json_set_str(field, "label", wording_in(f->label, s->lang)), "kind", kinds[f->kind]);
    json_set_bool(field, fmt("is_%s", kinds[f->kind]), true);
    json_set_bool(field, "required", f->required);
    json_set_bool(field, "multiple", f->multiple);
    json_set_str(field, "hint", wording_in(f->hint, s->lang));
    json_set_str(field, "error", error_at(s, f->path));
    if (f->kind == FORM_STATIC)
        return json_set_str(field, "text", wording_in(f->text, s->lang));
    if (f->kind == FORM_GROUP)
        return json_set(field, "fields", fields_of(s, &f->fields));
    add_limits(f, field);
    add_value(s, f, field);
    return field;
}

static Json fields_of(const Show *s, const Vec *fields)
{
    Json list = json_list();
    for (size_t i = 0; i < fields->count; i++) {
        const FormField *f = fields->items[i];
        if (f->kind != FORM_NOTHING && !form_hidden(f, s->data, s->now))
            json_add(list, field_of(s, f));
    }
    return list;
}

Json form_fields(const Form *form, const char *lang, Json data, Json errors, Json locked)
{
    Show s = {
        .lang = lang, .data = data ? data : json_new(), .errors = errors, .locked = locked, .now = now_ms()
    };
    return fields_of(&s, &form->fields);
}

/* ---- Review ---- */

static void review(const Show *s, const Vec *fields, Json lines)
{
    for (size_t i = 0; i < fields->count; i++) {
        const FormField *f = fields->items[i];
        if (form_hidden(f, s->data, s->now))
            continue;
        if (f->kind == FORM_GROUP)
            review(s, &f->fields, lines);
        Json value = f->kind < FORM_STATIC ? form_at(s->data, f->path) : NULL;
        if (form_empty(value))
            continue;
        Json line = json_set_str(json_set_str(json_new(), "label", wording_in(f->label, s->lang)), "value",
                                 words(f, s->lang, value, s->data, s->now));
        if (f->special == MONEY && json_is_integer(value) && text_is(s->lang, "vi"))
            json_set_str(line, "note", money_in_words(json_integer_value(value)));
        json_add(lines, line);
    }
}

Json form_review(const Form *form, const char *lang, Json data)
{
    Show s = { .lang = lang, .data = data ? data : json_new(), .now = now_ms() };
    Json lines = json_list();
    review(&s, &form->fields, lines);
    return lines;
}
