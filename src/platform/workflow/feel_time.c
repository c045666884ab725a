/* Dates, moments and durations of FEEL. A moment without an offset is local time (Asia/Ho_Chi_Minh). */
#include "base/clock.h"
#include "base/text.h"
#include "platform/workflow/feel_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MONTHS_A_YEAR = 12 };

FeelValue feel_date(const char *text)
{
    int64_t ms;
    if (strlen(text) < 10 || text[4] != '-' || (text[10] && text[10] != 'T') || !time_parse(text, &ms))
        return feel_null();
    return feel_at(FEEL_DATE, local_day(ms));
}

FeelValue feel_datetime(const char *text)
{
    int64_t ms;
    return strlen(text) >= 10 && text[4] == '-' && time_parse(text, &ms) ? feel_at(FEEL_DATETIME, ms)
                                                                         : feel_null();
}

/* One number with its unit letter; seconds may have a fraction. */
static bool part(const char **at, char unit, int64_t unit_size, int64_t *sum, bool *any)
{
    char *end;
    if (**at < '0' || **at > '9')
        return true;
    size_t digits = strspn(*at, "0123456789");
    if (digits > 12)
        return false;
    int64_t n = strtoll(*at, &end, 10), thousandths = 0;
    if (*end == '.' && unit == 'S') {
        int64_t scale = 100;
        for (end++; *end >= '0' && *end <= '9'; end++, scale /= 10)
            thousandths += (*end - '0') * scale;
    }
    if (*end != unit)
        return true;
    int64_t size;
    if (__builtin_mul_overflow(n, unit_size, &size) || __builtin_add_overflow(*sum, size + thousandths, sum))
        return false;
    *any = true;
    *at = end + 1;
    return true;
}

/* P1Y2M, P1DT2H30M, -PT5M. Years and months do not mix with days (ISO 8601, as FEEL restricts it). */
FeelValue feel_duration(const char *text)
{
    bool minus = *text == '-', months = false, days = false;
    int64_t month_sum = 0, ms = 0;
    const char *at = text + minus;
    if (*at++ != 'P')
        return feel_null();
    bool good = part(&at, 'Y', MONTHS_A_YEAR, &month_sum, &months) &&
                part(&at, 'M', 1, &month_sum, &months) && part(&at, 'W', 7 * (int64_t)DAY_MS, &ms, &days) &&
                part(&at, 'D', DAY_MS, &ms, &days);
    if (good && *at == 'T') {
        bool time = false;
        at++;
        good = part(&at, 'H', HOUR_MS, &ms, &time) && part(&at, 'M', MINUTE_MS, &ms, &time) &&
               part(&at, 'S', SECOND_MS, &ms, &time) && time;
        days |= time;
    }
    if (!good || *at || months == days)
        return feel_null();
    return months ? feel_at(FEEL_MONTHS, minus ? -month_sum : month_sum)
                  : feel_at(FEEL_DAYS, minus ? -ms : ms);
}

FeelValue feel_literal_at(const char *text)
{
    if (strchr(text, 'P'))
        return feel_duration(text);
    return strchr(text, 'T') ? feel_datetime(text) : feel_date(text);
}

static int last_day(int year, int month)
{
    int next_year = year + month / 12, next_month = month % 12 + 1;
    return (int)(days_from_civil(next_year, next_month, 1) - days_from_civil(year, month, 1));
}

/* The same day of another month, or that month's last day. */
FeelValue feel_add_months(FeelValue date, int64_t months)
{
    int year, month, day;
    int64_t days = date.type == FEEL_DATE ? date.at : local_day(date.at);
    civil_from_days(days, &year, &month, &day);
    int64_t count = year * (int64_t)MONTHS_A_YEAR + month - 1 + months;
    if (count < MONTHS_A_YEAR || count >= 10000 * (int64_t)MONTHS_A_YEAR)
        return feel_null();
    year = (int)(count / MONTHS_A_YEAR);
    month = (int)(count % MONTHS_A_YEAR) + 1;
    if (day > last_day(year, month))
        day = last_day(year, month);
    int64_t moved = days_from_civil(year, month, day);
    return feel_at(date.type, date.type == FEEL_DATE ? moved : date.at + (moved - days) * DAY_MS);
}

static FeelValue date_member(FeelValue value, const char *name)
{
    LocalTime t = local_time(value.type == FEEL_DATE ? day_start(value.at) : value.at);
    const struct {
        const char *name;
        int value;
        bool of_date;
    } members[] = { { "year", t.year, true },     { "month", t.month, true },
                    { "day", t.day, true },       { "weekday", t.weekday ? t.weekday : 7, true },
                    { "hour", t.hour, false },    { "minute", t.minute, false },
                    { "second", t.second, false } };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (text_is(members[i].name, name) && (members[i].of_date || value.type == FEEL_DATETIME))
            return feel_int(members[i].value);
    return feel_null();
}

FeelValue feel_member(FeelValue value, const char *name)
{
    int64_t at = value.at;
    switch (value.type) {
    case FEEL_DATE:
    case FEEL_DATETIME:
        return date_member(value, name);
    case FEEL_MONTHS:
        return text_is(name, "years")    ? feel_int(at / MONTHS_A_YEAR)
               : text_is(name, "months") ? feel_int(at % MONTHS_A_YEAR)
                                         : feel_null();
    case FEEL_DAYS:
        return text_is(name, "days")      ? feel_int(at / DAY_MS)
               : text_is(name, "hours")   ? feel_int(at / HOUR_MS % 24)
               : text_is(name, "minutes") ? feel_int(at / MINUTE_MS % 60)
               : text_is(name, "seconds") ? feel_int(at / SECOND_MS % 60)
                                          : feel_null();
    default:
        return feel_null();
    }
}

static char *show_days(int64_t ms)
{
    const char *sign = ms < 0 ? "-" : "";
    uint64_t n = ms < 0 ? (uint64_t)0 - (uint64_t)ms : (uint64_t)ms;
    unsigned long long d = n / DAY_MS, h = n / HOUR_MS % 24, m = n / MINUTE_MS % 60, s = n / 1000 % 60,
                       f = n % 1000;
    if (!n)
        return fmt("PT0S");
    char *seconds = f ? fmt("%llu.%03lluS", s, f) : s ? fmt("%lluS", s) : fmt("%s", "");
    return fmt("%sP%s%s%s%s%s", sign, d ? fmt("%lluD", d) : "", h || m || s || f ? "T" : "",
               h ? fmt("%lluH", h) : "", m ? fmt("%lluM", m) : "", seconds);
}

static char *show_months(int64_t at)
{
    long long years = llabs((long long)at) / MONTHS_A_YEAR, months = llabs((long long)at) % MONTHS_A_YEAR;
    return fmt("%sP%s%s", at < 0 ? "-" : "", years ? fmt("%lldY", years) : "",
               months || !years ? fmt("%lldM", months) : "");
}

char *feel_string(FeelValue value)
{
    switch (value.type) {
    case FEEL_NULL:
        return NULL;
    case FEEL_BOOL:
        return fmt("%s", value.truth ? "true" : "false");
    case FEEL_NUMBER:
        return decimal_text(value.number);
    case FEEL_STRING:
        return text_copy(value.text);
    case FEEL_DATE:
        return date_iso(day_start(value.at));
    case FEEL_DATETIME:
        return time_iso_local(value.at);
    case FEEL_DAYS:
        return show_days(value.at);
    case FEEL_MONTHS:
        return show_months(value.at);
    default:
        return json_text(feel_to_json(value));
    }
}
