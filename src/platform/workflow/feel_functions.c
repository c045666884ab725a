/* FEEL's built-in functions, as a table (DMN 1.5 §10.3.4). */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "platform/workflow/feel_inside.h"

#include <string.h>
#include <utf8proc.h>

#define FUNCTION(name)                                                                                       \
    static FeelValue name(FeelRun *run __attribute__((unused)), const FeelValue *args,                       \
                          size_t count __attribute__((unused)))

/* ---- Conversion ---- */

FUNCTION(string_of)
{
    return feel_text(feel_string(args[0]));
}

/* number("1 234,5", " ", ","): grouping separator and decimal separator may be given. */
FUNCTION(number_of)
{
    if (args[0].type == FEEL_NUMBER)
        return args[0];
    if (args[0].type != FEEL_STRING)
        return feel_null();
    const char *text = args[0].text;
    if (count > 1 && args[1].type == FEEL_STRING && args[1].text[0])
        text = text_replace(text, args[1].text, "");
    if (count > 2 && args[2].type == FEEL_STRING && args[2].text[0])
        text = text_replace(text, args[2].text, ".");
    FeelValue n = { .type = FEEL_NUMBER };
    return decimal_parse(text, strlen(text), &n.number) ? n : feel_null();
}

static bool small_int(FeelValue v, int64_t *out)
{
    return v.type == FEEL_NUMBER && decimal_to_int(v.number, out) && *out > -100000 && *out < 100000;
}

FUNCTION(date_of)
{
    int64_t y, m, d;
    if (count == 3 && small_int(args[0], &y) && small_int(args[1], &m) && small_int(args[2], &d))
        return feel_date(fmt("%04d-%02d-%02d", (int)y, (int)m, (int)d));
    if (count != 1)
        return feel_null();
    if (args[0].type == FEEL_DATETIME)
        return feel_at(FEEL_DATE, local_day(args[0].at));
    return args[0].type == FEEL_DATE     ? args[0]
           : args[0].type == FEEL_STRING ? feel_date(args[0].text)
                                         : feel_null();
}

/* date and time("…"), or date and time(date, "08:30:00"). */
FUNCTION(datetime_of)
{
    if (count == 2 && args[0].type == FEEL_DATE && args[1].type == FEEL_STRING)
        return feel_datetime(fmt("%sT%s", feel_string(args[0]), args[1].text));
    if (args[0].type == FEEL_DATE)
        return feel_at(FEEL_DATETIME, day_start(args[0].at));
    return args[0].type == FEEL_DATETIME ? args[0]
           : args[0].type == FEEL_STRING ? feel_datetime(args[0].text)
                                         : feel_null();
}

FUNCTION(duration_of)
{
    return args[0].type == FEEL_STRING ? feel_duration(args[0].text) : feel_null();
}

FUNCTION(now_is)
{
    (void)args;
    return feel_at(FEEL_DATETIME, run->now);
}

FUNCTION(today_is)
{
    (void)args;
    return feel_at(FEEL_DATE, local_day(run->now));
}

/* ---- Truth ---- */

FUNCTION(negation)
{
    return args[0].type == FEEL_BOOL ? feel_bool(!args[0].truth) : feel_null();
}

/* ---- Text ---- */

static bool two_texts(const FeelValue *args)
{
    return args[0].type == FEEL_STRING && args[1].type == FEEL_STRING;
}

FUNCTION(length_of)
{
    return args[0].type == FEEL_STRING ? feel_int((int64_t)utf8_length(args[0].text)) : feel_null();
}

FUNCTION(contains)
{
    return two_texts(args) ? feel_bool(strstr(args[0].text, args[1].text) != NULL) : feel_null();
}

FUNCTION(starts_with)
{
    return two_texts(args) ? feel_bool(text_starts(args[0].text, args[1].text)) : feel_null();
}

FUNCTION(ends_with)
{
    return two_texts(args) ? feel_bool(text_ends(args[0].text, args[1].text)) : feel_null();
}

static FeelValue mapped(FeelValue text, utf8proc_int32_t (*map)(utf8proc_int32_t))
{
    if (text.type != FEEL_STRING)
        return feel_null();
    Buf out = { 0 };
    utf8proc_int32_t c;
    for (const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text.text; *at;) {
        utf8proc_uint8_t bytes[4];
        utf8proc_ssize_t n = utf8proc_iterate(at, -1, &c);
        if (n <= 0)
            return feel_null();
        at += n;
        buf_add(&out, bytes, (size_t)utf8proc_encode_char(map(c), bytes));
    }
    return feel_text(buf_end(&out));
}

FUNCTION(upper_case)
{
    return mapped(args[0], utf8proc_toupper);
}

FUNCTION(lower_case)
{
    return mapped(args[0], utf8proc_tolower);
}

static const char *skip_points(const char *at, int64_t n)
{
    for (; n > 0 && *at; n--)
        do
            at++;
        while (((unsigned char)*at & 0xc0) == 0x80);
    return at;
}

/* By code points from 1; a negative start counts from the end. */
FUNCTION(substring)
{
    int64_t start, size = INT64_MAX;
    if (args[0].type != FEEL_STRING || args[1].type != FEEL_NUMBER ||
        !decimal_to_int(args[1].number, &start) || !start)
        return feel_null();
    if (count > 2 && args[2].type != FEEL_NULL &&
        (args[2].type != FEEL_NUMBER || !decimal_to_int(args[2].number, &size) || size < 1))
        return feel_null();
    int64_t length = (int64_t)utf8_length(args[0].text);
    if (start > length || start < -length)
        return feel_text("");
    const char *from = skip_points(args[0].text, start > 0 ? start - 1 : length + start),
               *to = skip_points(from, size);
    return feel_text(text_copy_n(from, (size_t)(to - from)));
}

FUNCTION(substring_before)
{
    const char *at = two_texts(args) ? strstr(args[0].text, args[1].text) : NULL;
    if (!two_texts(args))
        return feel_null();
    return feel_text(at ? text_copy_n(args[0].text, (size_t)(at - args[0].text)) : "");
}

FUNCTION(substring_after)
{
    const char *at = two_texts(args) ? strstr(args[0].text, args[1].text) : NULL;
    if (!two_texts(args))
        return feel_null();
    return feel_text(at ? at + strlen(args[1].text) : "");
}

/* ---- Lists: f(list) or f(a, b, …) ---- */

static FeelValue listed(const FeelValue *args, size_t count)
{
    if (count == 1)
        return feel_as_list(args[0]);
    FeelValue list = feel_list();
    for (size_t i = 0; i < count; i++)
        feel_list_add(list, args[i]);
    return list;
}

FUNCTION(count_of)
{
    return feel_int((int64_t)feel_as_list(args[0]).list->count);
}

FUNCTION(sum)
{
    FeelValue list = listed(args, count), total = feel_int(0);
    for (size_t i = 0; i < list.list->count; i++)
        total = feel_item(list, i)->type == FEEL_NUMBER ? feel_arithmetic(OP_ADD, total, *feel_item(list, i))
                                                        : feel_null();
    return list.list->count ? total : feel_null();
}

static FeelValue extreme(const FeelValue *args, size_t count, int wanted)
{
    FeelValue list = listed(args, count);
    if (!list.list->count)
        return feel_null();
    FeelValue best = *feel_item(list, 0);
    for (size_t i = 0; i < list.list->count; i++) {
        int order;
        if (!feel_compare(*feel_item(list, i), best, &order))
            return feel_null();
        if (order * wanted > 0)
            best = *feel_item(list, i);
    }
    return best;
}

FUNCTION(min)
{
    return extreme(args, count, -1);
}

FUNCTION(max)
{
    return extreme(args, count, 1);
}

FUNCTION(list_contains)
{
    FeelValue list = feel_as_list(args[0]);
    for (size_t i = 0; i < list.list->count; i++) {
        FeelValue is = feel_equal(*feel_item(list, i), args[1]);
        if (is.type == FEEL_BOOL && is.truth)
            return is;
    }
    return feel_bool(false);
}

static void add_all(FeelValue to, FeelValue from)
{
    for (size_t i = 0; i < from.list->count; i++)
        feel_list_add(to, *feel_item(from, i));
}

FUNCTION(append)
{
    FeelValue list = feel_list();
    add_all(list, feel_as_list(args[0]));
    for (size_t i = 1; i < count; i++)
        feel_list_add(list, args[i]);
    return list;
}

FUNCTION(concatenate)
{
    FeelValue list = feel_list();
    for (size_t i = 0; i < count; i++)
        add_all(list, feel_as_list(args[i]));
    return list;
}

FUNCTION(distinct)
{
    FeelValue from = feel_as_list(args[0]), list = feel_list();
    for (size_t i = 0; i < from.list->count && run->steps < 1000000; i++) {
        run->steps += (long)list.list->count; /* quadratic, so it costs what it takes */
        if (!list_contains(run, (FeelValue[]){ list, *feel_item(from, i) }, 2).truth)
            feel_list_add(list, *feel_item(from, i));
    }
    return list;
}

/* ---- Numbers ---- */

FUNCTION(floor_of)
{
    return args[0].type == FEEL_NUMBER ? feel_number(decimal_floor(args[0].number)) : feel_null();
}

FUNCTION(ceiling_of)
{
    return args[0].type == FEEL_NUMBER ? feel_number(decimal_ceiling(args[0].number)) : feel_null();
}

FUNCTION(absolute)
{
    FeelValue v = args[0];
    if (v.type == FEEL_NUMBER)
        v.number.negative = false;
    else if ((v.type == FEEL_DAYS || v.type == FEEL_MONTHS) && v.at < 0)
        v.at = -v.at;
    else if (v.type != FEEL_DAYS && v.type != FEEL_MONTHS)
        return feel_null();
    return v;
}

/* dividend - divisor × floor(dividend / divisor): the sign is the divisor's. */
FUNCTION(modulo)
{
    FeelValue quotient = feel_arithmetic(OP_DIVIDE, args[0], args[1]);
    if (quotient.type != FEEL_NUMBER)
        return feel_null();
    return feel_arithmetic(
        OP_SUBTRACT, args[0],
        feel_arithmetic(OP_MULTIPLY, args[1], feel_number(decimal_floor(quotient.number))));
}

static const FeelFunction functions[] = {
    { "abs", absolute, 1, 1, "n" },
    { "append", append, 1, -1, "list,item" },
    { "ceiling", ceiling_of, 1, 1, "n" },
    { "concatenate", concatenate, 1, -1, "list" },
    { "contains", contains, 2, 2, "string,match" },
    { "count", count_of, 1, 1, "list" },
    { "date", date_of, 1, 3, "from" },
    { "date and time", datetime_of, 1, 2, "from" },
    { "distinct values", distinct, 1, 1, "list" },
    { "duration", duration_of, 1, 1, "from" },
    { "ends with", ends_with, 2, 2, "string,match" },
    { "floor", floor_of, 1, 1, "n" },
    { "list contains", list_contains, 2, 2, "list,element" },
    { "lower case", lower_case, 1, 1, "string" },
    { "max", max, 1, -1, "list" },
    { "min", min, 1, -1, "list" },
    { "modulo", modulo, 2, 2, "dividend,divisor" },
    { "not", negation, 1, 1, "negand" },
    { "now", now_is, 0, 0, "" },
    { "number", number_of, 1, 3, "from,grouping separator,decimal separator" },
    { "starts with", starts_with, 2, 2, "string,match" },
    { "string", string_of, 1, 1, "from" },
    { "string length", length_of, 1, 1, "string" },
    { "substring", substring, 2, 3, "string,start position,length" },
    { "substring after", substring_after, 2, 2, "string,match" },
    { "substring before", substring_before, 2, 2, "string,match" },
    { "sum", sum, 1, -1, "list" },
    { "today", today_is, 0, 0, "" },
    { "upper case", upper_case, 1, 1, "string" },
    { 0 },
};

const FeelFunction *feel_function(const char *name, size_t size)
{
    for (const FeelFunction *f = functions; f->name; f++)
        if (strlen(f->name) == size && memcmp(f->name, name, size) == 0)
            return f;
    return NULL;
}

const FeelFunction *feel_function_at(const char *text, size_t *size)
{
    for (const FeelFunction *f = functions; f->name; f++) {
        size_t n = strlen(f->name);
        if (!strchr(f->name, ' ') || !text_starts(text, f->name))
            continue;
        if (text[n + strspn(text + n, " \t\r\n")] == '(') {
            *size = n;
            return f;
        }
    }
    return NULL;
}
