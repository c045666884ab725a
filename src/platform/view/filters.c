/* The filters: a table of names, and one function that shows a value. */
#include "platform/view/filters.h"
#include "platform/view/view.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static const char *const names[FILTER_COUNT] = {
    [FILTER_TEXT] = "t",      [FILTER_DATE] = "date",
    [FILTER_TIME] = "time",   [FILTER_DATETIME] = "datetime",
    [FILTER_ISO] = "iso",     [FILTER_DAY] = "day",
    [FILTER_AGO] = "ago",     [FILTER_NUMBER] = "number",
    [FILTER_MONEY] = "money", [FILTER_PERCENT] = "percent",
    [FILTER_BYTES] = "bytes", [FILTER_MASK] = "mask",
    [FILTER_ID] = "id",       [FILTER_JSON] = "json",
    [FILTER_ASSET] = "asset", [FILTER_CSRF] = "csrf",
};

Filter filter_named(const char *name, size_t size)
{
    for (int i = FILTER_NONE + 1; i < FILTER_COUNT; i++)
        if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0)
            return (Filter)i;
    return FILTER_NONE;
}

/* ---- Plain values ---- */

static const char *plain_integer(json_int_t value)
{
    char digits[24], *at = digits + sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        *--at = '-';
    return text_copy_n(at, (size_t)(digits + sizeof digits - at));
}

/* The shortest digits that read back as the same number. */
static const char *plain_real(double value)
{
    char *text = fmt("%.15g", value);
    return strtod(text, NULL) == value ? text : fmt("%.17g", value);
}

const char *value_plain(Json value)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        return json_string_value(value);
    case JSON_INTEGER:
        return plain_integer(json_integer_value(value));
    case JSON_REAL:
        return plain_real(json_real_value(value));
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    case JSON_NULL:
        return "";
    default:
        return json_text(value);
    }
}

/* JSON inside HTML's script element must not hold "</script" or "<!--"; escaping these three anywhere keeps
 * the meaning. */
static const char *script_json(Json value)
{
    Buf out = { 0 };
    for (const char *c = value ? json_text(value) : "null"; *c; c++) {
        if (*c == '<' || *c == '>' || *c == '&')
            buf_fmt(&out, "\\u%04x", *c);
        else
            buf_char(&out, *c);
    }
    return buf_end(&out);
}

/* Field "items[2].name" has the id "f-items-2-name" on the page: an id that style sheets, scripts and links
 * can name. */
const char *field_id(const char *path)
{
    Buf id = { 0 };
    buf_text(&id, "f-");
    for (const char *c = path; *c; c++) {
        if (strchr(".[]", *c)) {
            if (id.at[id.size - 1] != '-')
                buf_char(&id, '-');
        } else {
            buf_char(&id, *c);
        }
    }
    while (id.size > 2 && id.at[id.size - 1] == '-')
        id.at[--id.size] = '\0';
    return id.at;
}

/* ---- Moments ---- */

/* The largest distance from 1970 that a moment may have, as in ECMAScript; what is further out is no moment.
 */
static const double MOST_MS = 8.64e15;

/* A moment is a number, a decimal string, or a text that says a date; 0 and null are no moment. */
static bool moment(Json value, int64_t *ms)
{
    const char *text = json_string_value(value);
    if (text)
        return (text_int(text, (int64_t)-MOST_MS, (int64_t)MOST_MS, ms) && *ms) || time_parse(text, ms);
    double number = json_number_value(value);
    if (!(fabs(number) <= MOST_MS) || number == 0)
        return false;
    *ms = (int64_t)number;
    return true;
}

/* Text that is no date is shown as it is: what was typed, to be corrected. Only <input type=date> can show
 * nothing but a date. */
static const char *show_moment(Filter filter, const char *lang, int64_t now, Json value)
{
    int64_t ms;
    if (!moment(value, &ms))
        return json_is_string(value) && filter != FILTER_DAY ? json_string_value(value) : "";
    switch (filter) {
    case FILTER_DATE:
        return date_vi(ms);
    case FILTER_TIME:
        return show_time(lang, ms);
    case FILTER_DATETIME:
        return show_datetime(lang, ms);
    case FILTER_ISO:
        return time_iso_local(ms);
    case FILTER_DAY:
        return date_iso(ms);
    default:
        return show_ago(lang, ms, now);
    }
}

char *show_ago(const char *lang, int64_t ms, int64_t now)
{
    static const struct {
        int64_t unit_ms, up_to;
        const char *past, *future;
    } units[] = {
        { MINUTE_MS, 60, "view.ago.minutes", "view.in.minutes" },
        { HOUR_MS, 24, "view.ago.hours", "view.in.hours" },
        { DAY_MS, 31, "view.ago.days", "view.in.days" },
        { 30 * (int64_t)DAY_MS, 12, "view.ago.months", "view.in.months" },
        { 365 * (int64_t)DAY_MS, INT64_MAX, "view.ago.years", "view.in.years" },
    };
    int64_t distance = now > ms ? now - ms : ms - now;
    if (distance < MINUTE_MS)
        return text_in(lang, "view.ago.now", NULL);
    size_t i = 0;
    while (distance / units[i].unit_ms >= units[i].up_to)
        i++;
    int64_t count = distance / units[i].unit_ms;
    return text_in(lang, now > ms ? units[i].past : units[i].future,
                   json_set_int(json_new(), "count", count ? count : 1));
}

/* ---- Quantities ---- */

static double number_of(Json value)
{
    return json_is_string(value) ? strtod(json_string_value(value), NULL) : json_number_value(value);
}

static bool numeric(Json value)
{
    if (!json_is_string(value))
        return json_is_number(value);
    char *end;
    const char *text = json_string_value(value);
    strtod(text, &end);
    return end > text && !*end && !isspace((unsigned char)*text);
}

/* Rounded to a whole amount; what no amount can be is cut to the largest. */
static int64_t whole(Json value)
{
    if (json_is_string(value))
        return strtoll(json_string_value(value), NULL, 10);
    if (!json_is_real(value))
        return json_integer_value(value);
    double number = json_real_value(value);
    return number >= 9e18 ? INT64_MAX : number <= -9e18 ? -INT64_MAX : llround(number);
}

static const char *show_bytes(const char *lang, double size)
{
    static const char *const units[] = { "B", "KB", "MB", "GB", "TB" };
    size_t i = 0;
    for (; size >= 1024 && i + 1 < sizeof units / sizeof *units; i++)
        size /= 1024;
    return fmt("%s %s", show_number(lang, size, i ? -1 : 0), units[i]);
}

static const char *show_quantity(Filter filter, const char *lang, Json value)
{
    if (!numeric(value))
        return value_plain(value);
    switch (filter) {
    case FILTER_MONEY:
        return show_money(lang, whole(value));
    case FILTER_PERCENT:
        return show_percent(lang, number_of(value));
    case FILTER_BYTES:
        return show_bytes(lang, number_of(value));
    default:
        return show_number(lang, number_of(value), -3);
    }
}

const char *filter_show(Filter filter, const char *lang, int64_t now, Json value)
{
    switch (filter) {
    case FILTER_DATE:
    case FILTER_TIME:
    case FILTER_DATETIME:
    case FILTER_ISO:
    case FILTER_DAY:
    case FILTER_AGO:
        return show_moment(filter, lang, now, value);
    case FILTER_NUMBER:
    case FILTER_MONEY:
    case FILTER_PERCENT:
    case FILTER_BYTES:
        return show_quantity(filter, lang, value);
    case FILTER_MASK:
        return text_mask(value_plain(value));
    case FILTER_ID:
        return field_id(value_plain(value));
    case FILTER_JSON:
        return script_json(value);
    default:
        return value_plain(value);
    }
}
