/* Checks what was sent against the route's table and makes typed values of it.
 *
 * Forms and queries send text, programs send JSON: both pass through the same table. Each type has one
 * function that turns a value into the typed one or names the rule that it breaks. The rule is also the end
 * of the i18n key: "too-long" gives {path: "name", rule: "too-long", message: "check.too-long", max: 100};
 * numbers of the rule are members. */
#include "base/clock.h"
#include "net/inside.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_TEXT = 1000, MAX_TEXTS = 1000 };

/* Turns `value` (never NULL or null) into *out. NULL, or the broken rule. `*out` NULL: as if it had not been
 * sent. */
typedef const char *Typed(const Param *param, Json value, Json *out);

static int64_t text_max(const Param *param)
{
    return param->min || param->max ? param->max : DEFAULT_TEXT;
}

static const char *check_length(const Param *param, const char *text)
{
    int64_t n = (int64_t)utf8_length(text);
    if (n > text_max(param))
        return "too-long";
    return n && n < param->min ? "too-short" : NULL;
}

static const char *as_text(const Param *param, Json value, Json *out)
{
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
        return "not-a-text";
    const char *text = text_trim(text_nfc(json_string_value(value)));
    const char *rule = check_length(param, text);
    *out = json_string(text);
    return rule;
}

/* The words of a value that may be typed text or a JSON number. "" when it is neither. */
static const char *words(Json value)
{
    if (json_is_string(value))
        return text_trim(json_string_value(value));
    if (json_is_integer(value))
        return fmt("%lld", (long long)json_integer_value(value));
    return json_is_real(value) ? fmt("%.17g", json_real_value(value)) : "?";
}

/* People write 20.000 and 1.234,5 where programs write 20000 and 1234.5. A point alone is a decimal point
 * unless the number must be whole. */
static const char *plain_number(Json value, bool whole)
{
    const char *text = words(value), *comma = strchr(text, ',');
    if (!json_is_string(value) || (!comma && !whole) || (comma && whole))
        return text;
    Buf out = { 0 };
    size_t end = comma ? (size_t)(comma - text) : strlen(text), sign = *text == '-' || *text == '+';
    for (size_t i = 0; i < end; i++) {
        if (text[i] != '.')
            buf_char(&out, text[i]);
        else if ((end - i) % 4 != 0 || i <= sign)
            return text; /* not between groups of three */
    }
    const char *first = strchr(text, '.');
    if (first && first < text + end && (size_t)(first - text) - sign > 3)
        return text;
    if (comma)
        buf_fmt(&out, ".%s", comma + 1);
    return buf_end(&out);
}

static bool bounded(const Param *param)
{
    return param->min || param->max;
}

static const char *as_int(const Param *param, Json value, Json *out)
{
    const char *text = plain_number(value, true);
    int64_t number;
    if (!*text)
        return NULL;
    if (!text_int(text, INT64_MIN, INT64_MAX, &number))
        return "not-a-number";
    *out = json_integer(number);
    if (bounded(param) && number < param->min)
        return "too-small";
    return bounded(param) && number > param->max ? "too-large" : NULL;
}

static const char *as_number(const Param *param, Json value, Json *out)
{
    const char *text = plain_number(value, false);
    char *end;
    if (!*text)
        return NULL;
    errno = 0;
    double number = strtod(text, &end);
    if (*end || end == text || !isfinite(number) || strspn(text, "+-.0123456789eE") != strlen(text))
        return "not-a-number";
    *out = json_real(number);
    if (bounded(param) && number < (double)param->min)
        return "too-small";
    return bounded(param) && number > (double)param->max ? "too-large" : NULL;
}

static const char *as_bool(const Param *param, Json value, Json *out)
{
    (void)param;
    const char *text = json_is_boolean(value) ? json_is_true(value) ? "true" : "false" : words(value);
    bool yes = text_is(text, "true") || text_is(text, "1") || text_is(text, "on");
    if (!yes && *text && !text_is(text, "false") && !text_is(text, "0") && !text_is(text, "off"))
        return "not-a-choice";
    *out = json_boolean(yes);
    return NULL;
}

static const char *as_date(const Param *param, Json value, Json *out)
{
    const char *text = words(value);
    int64_t ms;
    if (!*text)
        return NULL;
    if (strlen(text) > 10 || !time_parse(text, &ms))
        return "not-a-date";
    *out = json_integer(ms);
    if (bounded(param) && ms < param->min)
        return "too-early";
    return bounded(param) && ms > param->max ? "too-late" : NULL;
}

static const char *as_id(const Param *param, Json value, Json *out)
{
    (void)param;
    const char *text = words(value);
    int64_t id;
    if (!*text)
        return NULL;
    if (!isdigit((unsigned char)*text) || !text_int(text, 1, INT64_MAX, &id))
        return "not-an-id";
    *out = json_string(fmt("%lld", (long long)id));
    return NULL;
}

static bool is_choice(const char *choices, const char *text)
{
    size_t n = strlen(text);
    for (const char *at = text_or(choices, ""); *at;) {
        size_t size = strcspn(at, "|");
        if (size == n && memcmp(at, text, n) == 0)
            return true;
        at += size + (at[size] == '|');
    }
    return false;
}

static const char *as_choice(const Param *param, Json value, Json *out)
{
    const char *text = words(value);
    if (!*text)
        return NULL;
    if (!is_choice(param->choices, text))
        return "choice";
    *out = json_string(text);
    return NULL;
}

static const char *as_json(const Param *param, Json value, Json *out)
{
    (void)param;
    *out = json_incref(value);
    return NULL;
}

static const char *as_texts(const Param *param, Json value, Json *out)
{
    Json list = json_list();
    if (!json_is_array(value)) {
        Json one = json_list();
        json_add(one, json_incref(value));
        value = one;
    }
    if (json_array_size(value) > MAX_TEXTS)
        return "too-many";
    *out = list;
    json_each (value, i, item) {
        Json text = NULL;
        const char *rule = as_text(param, item, &text);
        if (rule)
            return rule;
        if (*json_string_value(text))
            json_add(list, text);
    }
    return NULL;
}

static Typed *const types[] = {
    [PARAM_TEXT] = as_text, [PARAM_INT] = as_int,     [PARAM_NUMBER] = as_number, [PARAM_BOOL] = as_bool,
    [PARAM_DATE] = as_date, [PARAM_ID] = as_id,       [PARAM_CHOICE] = as_choice, [PARAM_JSON] = as_json,
    [PARAM_FILE] = NULL,    [PARAM_TEXTS] = as_texts,
};

/* Rules whose sentence names a bound. */
static const struct {
    const char *rule;
    bool max;
} bounds[] = { { "too-long", true },   { "too-short", false }, { "too-large", true },
               { "too-small", false }, { "too-late", true },   { "too-early", false } };

static void refuse_value(Request *rq, const Param *param, const char *rule)
{
    Json members = json_set_str(json_new(), "rule", rule);
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        if (!text_is(bounds[i].rule, rule))
            continue;
        int64_t bound = !bounds[i].max              ? param->min
                        : text_is(rule, "too-long") ? text_max(param)
                                                    : param->max;
        json_set_int(members, bounds[i].max ? "max" : "min", bound);
    }
    if (text_is(rule, "choice"))
        json_set_str(members, "choices", param->choices);
    invalid(rq, param->name, fmt("check.%s", rule), members);
}

static void check_file(Request *rq, const Param *param)
{
    const Upload *upload = in_file(rq, param->name);
    if (!upload && param->required)
        refuse_value(rq, param, "required");
    else if (upload && param->max && upload->size > param->max)
        refuse_value(rq, param, "too-large");
}

/* A form holds JSON as text (a hidden field that an island fills). */
static Json json_of_text(Json value)
{
    char error[128];
    const char *text = json_string_value(value);
    return json_parse(text, strlen(text), error, sizeof error);
}

static bool sent_as_json(const Request *rq)
{
    return rq->body_type && strstr(rq->body_type, "json") && rq->method != GET;
}

static void check_one(Request *rq, const Param *param, Json source)
{
    Json value = json_object_get(source, param->name), typed = NULL;
    const char *rule = NULL;
    if (param->type == PARAM_FILE) {
        check_file(rq, param);
        return;
    }
    if (json_is_array(value) && param->type != PARAM_TEXTS && param->type != PARAM_JSON)
        rule = "repeated";
    else if (value && param->type == PARAM_JSON && json_is_string(value) && !sent_as_json(rq)) {
        bool empty = !*json_string_value(value);
        typed = empty ? NULL : json_of_text(value);
        rule = empty || typed ? NULL : "not-json";
    } else if (value && !json_is_null(value))
        rule = types[param->type](param, value, &typed);
    if (!typed && !rule && param->type == PARAM_BOOL)
        typed = json_false();
    bool empty = !typed || (json_is_string(typed) && !*json_string_value(typed)) ||
                 (param->type == PARAM_TEXTS && !json_array_size(typed)) ||
                 (param->type == PARAM_BOOL && json_is_false(typed));
    if (!rule && empty && param->required)
        rule = "required";
    if (rule)
        refuse_value(rq, param, rule);
    else if (typed)
        json_set(rq->input, param->name, typed);
}

static const Param *param_named(const Param *params, const char *name)
{
    for (const Param *param = params; param && param->name; param++)
        if (text_is(param->name, name))
            return param;
    return NULL;
}

static void refuse_unknown(Request *rq, Json source)
{
    const char *name;
    Json value;
    json_object_foreach (source, name, value) {
        const Param *param = param_named(rq->route->params, name);
        if (!text_is(name, "_csrf") && (!param || param->type == PARAM_FILE))
            invalid(rq, name, "check.unknown-field", json_set_str(json_new(), "rule", "unknown-field"));
    }
    for (size_t i = 0; i < rq->upload_count; i++) {
        const Param *param = param_named(rq->route->params, rq->uploads[i].field);
        if (!param || param->type != PARAM_FILE)
            invalid(rq, rq->uploads[i].field, "check.unknown-field",
                    json_set_str(json_new(), "rule", "unknown-field"));
    }
}

void params_check(Request *rq)
{
    Json source = rq->method == GET ? rq->query : rq->typed;
    source = source ? source : json_new();
    if (!rq->typed)
        rq->typed = source;
    if (!rq->errors)
        rq->errors = json_list();
    rq->input = json_new();
    if (!rq->route)
        return;
    for (const Param *param = rq->route->params; param && param->name; param++)
        check_one(rq, param, source);
    if (!(rq->route->flags & (ROUTE_OPEN_PARAMS | ROUTE_RAW_BODY)))
        refuse_unknown(rq, source);
}
