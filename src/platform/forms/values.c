/* From what was typed to values, and back to places in the data. Browsers send text, programs may send JSON
 * of the right type. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/forms/schema.h"
#include "platform/identity/csv.h"
#include "platform/identity/identity.h"
#include "platform/workflow/decimal.h"

#include <pthread.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* ---- Places ---- */

Json form_at(Json data, const char *path)
{
    return json_at(data, path);
}

void form_put(Json data, const char *path, Json value)
{
    const char *dot = strchr(path, '.');
    if (!dot) {
        json_object_set(data, path, value);
        return;
    }
    const char *head = text_copy_n(path, (size_t)(dot - path));
    if (!json_is_object(json_object_get(data, head)))
        json_set(data, head, json_new());
    form_put(json_object_get(data, head), dot + 1, value);
}

bool form_empty(Json value)
{
    return !value || json_is_null(value) || (json_is_string(value) && !*json_string_value(value)) ||
           (json_is_array(value) && !json_array_size(value));
}

/* ---- Patterns ---- */

static const char *class_of(char c)
{
    switch (c) {
    case 'd':
        return "[0-9]";
    case 'w':
        return "[A-Za-z0-9_]";
    case 's':
        return "[ \t\r\n]";
    default:
        return NULL;
    }
}

/* glibc's matcher is linear without back references, and small when counted repetitions are few and stand at
 * single characters. */
char *form_pattern(const char *pattern)
{
    char out[1024];
    size_t n = 0;
    int counted = 0, open = 0;
    for (const char *p = pattern; *p && n < sizeof out - 16; p++) {
        const char *class = *p == '\\' && p[1] ? class_of(p[1]) : NULL;
        if ((*p == '(' && p[1] == '?') || (*p == '\\' && p[1] >= '0' && p[1] <= '9') ||
            (*p == ')' && p[1] == '{'))
            return NULL;
        counted += *p == '{';
        open += *p == '(';
        if (class) {
            n += (size_t)snprintf(out + n, sizeof out - n, "%s", class);
            p++;
        } else {
            out[n++] = *p;
        }
    }
    out[n] = '\0';
    regex_t regex;
    char *posix = fmt("^(%s)$", out);
    if (strlen(pattern) > 200 || counted > 8 || open > 20 || strstr(pattern, "}{") ||
        regcomp(&regex, posix, REG_EXTENDED | REG_NOSUB) != 0)
        return NULL;
    regfree(&regex);
    return posix;
}

/* Compiling a pattern takes longer than all other checks of a form together, so the ones in use are kept
 * until forms_forget(). A new one takes the place of the one in its slot. */
enum { PATTERN_SLOTS = 64 };

typedef struct Compiled {
    char *pattern; /* NULL: the slot is free */
    regex_t regex;
} Compiled;

static pthread_mutex_t patterns_lock = PTHREAD_MUTEX_INITIALIZER;
static Compiled patterns[PATTERN_SLOTS];

static void forget_pattern(Compiled *slot)
{
    if (!slot->pattern)
        return;
    free(slot->pattern);
    slot->pattern = NULL;
    regfree(&slot->regex);
}

static const regex_t *compiled(const char *pattern)
{
    unsigned hash = 5381;
    for (const char *c = pattern; *c; c++)
        hash = hash * 33 ^ (unsigned char)*c;
    Compiled *slot = &patterns[hash % PATTERN_SLOTS];
    if (slot->pattern && strcmp(slot->pattern, pattern) == 0)
        return &slot->regex;
    forget_pattern(slot);
    if (regcomp(&slot->regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return NULL;
    slot->pattern = strdup(pattern);
    if (!slot->pattern) {
        regfree(&slot->regex);
        return NULL;
    }
    return &slot->regex;
}

bool form_matches(const char *pattern, const char *text)
{
    pthread_mutex_lock(&patterns_lock);
    const regex_t *regex = compiled(pattern);
    bool matches = regex && regexec(regex, text, 0, NULL, 0) == 0;
    pthread_mutex_unlock(&patterns_lock);
    return matches;
}

void form_patterns_forget(void)
{
    for (int i = 0; i < PATTERN_SLOTS; i++)
        forget_pattern(&patterns[i]);
}

/* ---- Communes: data/admin-units.csv, read once, kept until forms_forget() ---- */

static pthread_mutex_t communes_lock = PTHREAD_MUTEX_INITIALIZER;
static Arena *communes_arena;
static Vec *communes;

static void read_communes(void)
{
    Arena *arena = arena_new(0), *outside = arena_current();
    if (!arena)
        raise_fault(FAULT_MEMORY, "memory.exhausted", "no memory for the communes");
    arena_use(arena);
    Vec *list = alloc(sizeof *list);
    json_each (csv_asset("data/admin-units.csv"), i, row) {
        if (!text_is(json_str(row, "level"), "2"))
            continue;
        FormOption *o = alloc(sizeof *o);
        o->value = json_str(row, "code");
        o->label.vi = fmt("%s %s", json_str(row, "type"), json_str(row, "name"));
        vec_add(list, o);
    }
    arena_use(outside);
    communes_arena = arena;
    communes = list;
}

const Vec *form_communes(void)
{
    pthread_mutex_lock(&communes_lock);
    if (!communes)
        read_communes();
    pthread_mutex_unlock(&communes_lock);
    return communes;
}

void form_communes_forget(void)
{
    arena_free(communes_arena);
    communes_arena = NULL;
    communes = NULL;
}

/* ---- Values ---- */

static Json bad(const char **rule, const char *which)
{
    *rule = which;
    return NULL;
}

/* "1.234.567": dots group thousands in Vietnamese. */
static bool grouped(const char *text)
{
    size_t first = strspn(text, "0123456789");
    if (first < 1 || first > 3 || text[first] != '.')
        return false;
    for (text += first; *text == '.'; text += 4)
        if (strspn(text + 1, "0123456789") != 3)
            return false;
    return !*text;
}

static char *plain_number(const char *text, const char *lang)
{
    char *t = text_replace(text_replace(text_trim(text), " ", ""), "\xc2\xa0", "");
    const char *digits = *t == '-' ? t + 1 : t;
    if (strchr(t, ','))
        return text_is(lang, "en") && (!strchr(t, '.') || strchr(t, '.') > strchr(t, ','))
                   ? text_replace(t, ",", "")
                   : text_replace(text_replace(t, ".", ""), ",", ".");
    return !text_is(lang, "en") && grouped(digits) ? text_replace(t, ".", "") : t;
}

static Json number_value(const FormField *f, const char *lang, Json typed, const char **rule)
{
    Decimal d;
    int64_t whole;
    if (json_is_number(typed))
        d = json_is_integer(typed) ? decimal_from_int(json_integer_value(typed))
                                   : decimal_from_double(json_real_value(typed));
    else if (!json_is_string(typed))
        return bad(rule, "number");
    else {
        const char *t = plain_number(json_string_value(typed), lang);
        if (!*t)
            return json_null();
        if (!decimal_parse(t, strlen(t), &d))
            return bad(rule, "number");
    }
    if (decimal_to_int(d, &whole))
        return json_integer(whole);
    return f->special == MONEY ? bad(rule, "money") : json_real(decimal_to_double(d));
}

static char *digits_only(const char *text)
{
    char *out = text_copy(text), *to = out;
    for (const char *c = text; *c; c++)
        if (!strchr(" .-()", *c))
            *to++ = *c;
    *to = '\0';
    return out;
}

/* 0901234567; an international +84 901234567 is the same. */
static char *phone_value(const char *text)
{
    char *t = digits_only(text);
    if (text_starts(t, "+84"))
        t = fmt("0%s", t + 3);
    size_t n = strlen(t);
    bool good =
        (n == 10 || n == 11) && t[0] == '0' && t[1] >= '2' && t[1] <= '9' && strspn(t, "0123456789") == n;
    return good ? t : NULL;
}

static bool email_good(const char *t)
{
    const char *at = strchr(t, '@');
    return at && at > t && !strchr(at + 1, '@') && strchr(at + 1, '.') && at[1] != '.' &&
           !text_ends(t, ".") && !strpbrk(t, " <>,;\"\t\n") && strlen(t) <= 254;
}

static Json text_value(const FormField *f, Json typed, const char **rule)
{
    if (!json_is_string(typed))
        return bad(rule, "text");
    char *t = text_trim(text_nfc(json_string_value(typed)));
    if (!*t)
        return json_null();
    if (f->special == PERSONAL_ID)
        return personal_number_valid(t = digits_only(t)) ? json_string(t) : bad(rule, "personal-id");
    if (f->special == TAX_CODE)
        return tax_code_valid(t = text_replace(t, " ", "")) ? json_string(t) : bad(rule, "tax-code");
    if (f->special == PHONE)
        return (t = phone_value(t)) ? json_string(t) : bad(rule, "phone");
    if (f->special == EMAIL)
        return email_good(t) ? json_string(t) : bad(rule, "email");
    return json_string(f->kind == FORM_TEXT ? text_replace(t, "\n", " ") : t);
}

static Json date_value(Json typed, const char **rule)
{
    int64_t ms;
    if (json_is_integer(typed))
        return json_string(date_iso(json_integer_value(typed)));
    if (!json_is_string(typed))
        return bad(rule, "date");
    const char *t = text_trim(json_string_value(typed));
    if (!*t)
        return json_null();
    return time_parse(t, &ms) ? json_string(date_iso(ms)) : bad(rule, "date");
}

static Json boolean_value(Json typed, const char **rule)
{
    if (json_is_boolean(typed))
        return typed;
    const char *t = text_or(json_string_value(typed), "?");
    if (text_is(t, "true") || text_is(t, "on") || text_is(t, "1"))
        return json_true();
    return text_is(t, "") || text_is(t, "false") || text_is(t, "0") ? json_false() : bad(rule, "boolean");
}

static Json choice_text(Json typed)
{
    if (json_is_string(typed))
        return typed;
    return json_is_integer(typed) || json_is_boolean(typed) ? json_string(json_text(typed)) : NULL;
}

static Json choices_value(Json typed, const char **rule)
{
    Json list = json_list();
    if (!json_is_array(typed)) {
        Json one = choice_text(typed);
        if (one && *json_string_value(one))
            json_array_append(list, one);
        return one || json_is_null(typed) ? list : bad(rule, "option");
    }
    json_each (typed, i, item) {
        Json one = choice_text(item);
        if (!one)
            return bad(rule, "option");
        json_array_append(list, one);
    }
    return list;
}

Json form_value(const FormField *f, const char *lang, Json typed, const char **rule)
{
    *rule = NULL;
    if (f->kind == FORM_CHECKLIST || (f->kind == FORM_SELECT && f->multiple))
        return typed ? choices_value(typed, rule) : json_list();
    if (f->kind == FORM_CHECKBOX)
        return typed ? boolean_value(typed, rule) : json_false();
    if (!typed || json_is_null(typed))
        return json_null();
    switch (f->kind) {
    case FORM_NUMBER:
        return number_value(f, lang, typed, rule);
    case FORM_DATE:
        return date_value(typed, rule);
    case FORM_SELECT:
    case FORM_RADIO: {
        Json one = choice_text(typed);
        return one ? *json_string_value(one) ? one : json_null() : bad(rule, "option");
    }
    default:
        return text_value(f, typed, rule);
    }
}

Vec form_options(const FormField *f, Json data, int64_t now)
{
    if (f->special == COMMUNE)
        return *form_communes();
    if (!f->options_from)
        return f->options;
    Vec options = { 0 };
    json_each (feel_eval(f->options_from, data, now), i, item) {
        FormOption *o = alloc(sizeof *o);
        o->value = json_is_string(item)   ? json_string_value(item)
                   : json_is_object(item) ? text_copy(json_str(item, "value"))
                                          : json_text(item);
        o->label.vi = json_is_object(item) ? text_copy(json_str(item, "label")) : o->value;
        vec_add(&options, o);
    }
    return options;
}

bool form_hidden(const FormField *f, Json data, int64_t now)
{
    return f->hide && json_is_true(feel_eval(f->hide, data, now));
}
