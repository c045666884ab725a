/* Working time as arithmetic over counted working days (spec 23 §7.2).
 *
 * Every working day of the calendar "tinh" is the same 8 hours, so the working time before any moment is
 *
 *     worked(t) = 8 h · (working days before the day of t) + (hours open so far on that day)
 *
 * and the three questions become one function and its inverse: between = worked(to) − worked(from); add finds
 * the moment where worked() reaches a sum. The count of working days before each day of 2015–2045 is a prefix
 * sum made once from the weekly pattern and the holidays; its inverse is a binary search.
 *
 * Outside 2015–2045 the plain weekly pattern goes on without holidays, by a closed formula: no moment is
 * refused, and a due date thirty years ahead is right but for holidays nobody has announced. */
#include "platform/calendar/calendar.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "platform/calendar/holidays.h"

#include <string.h>

enum { FIRST_YEAR = CALENDAR_FIRST_YEAR, LAST_YEAR = CALENDAR_LAST_YEAR };
enum { MONDAY = 4 /* 1970-01-05, in days since 1970-01-01 */, WEEK = 7, WORKING_WEEK = 5 };

/* The hours of a working day, in milliseconds after local midnight; editing them here changes the whole
 * program. */
static const struct Hours {
    int64_t opens, closes;
} hours[] = {
    { 7 * HOUR_MS + 30 * MINUTE_MS, 11 * HOUR_MS + 30 * MINUTE_MS },
    { 13 * HOUR_MS + 30 * MINUTE_MS, 17 * HOUR_MS + 30 * MINUTE_MS },
};
enum { HOURS_COUNT = sizeof hours / sizeof *hours };
enum { STANDARD_DAY_MS = 8 * HOUR_MS }; /* the sum of the above */

struct Calendar {
    int64_t first, last;       /* days since 1970-01-01: [first, last) is in the table */
    int64_t *before;           /* working days before day first + i; one more entry than days */
    const Holiday **exception; /* of day first + i, NULL on ordinary days */
    const Holiday *holidays;
    size_t holiday_count;
};

/* ---- The plain weekly pattern, for any day ---- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool plain_working(int64_t day)
{
    return day - MONDAY - WEEK * floor_div(day - MONDAY, WEEK) < WORKING_WEEK;
}

/* Mondays to Fridays from 1970-01-05 to before `day`. */
static int64_t plain_before(int64_t day)
{
    int64_t weeks = floor_div(day - MONDAY, WEEK), rest = day - MONDAY - WEEK * weeks;
    return WORKING_WEEK * weeks + (rest < WORKING_WEEK ? rest : WORKING_WEEK);
}

/* The day with exactly `n` Mondays to Fridays before it that is one itself. */
static int64_t plain_nth(int64_t n)
{
    int64_t weeks = floor_div(n, WORKING_WEEK);
    return MONDAY + WEEK * weeks + (n - WORKING_WEEK * weeks);
}

/* ---- The same with holidays ---- */

static bool in_table(const Calendar *c, int64_t day)
{
    return day >= c->first && day < c->last;
}

static const Holiday *exception_on(const Calendar *c, int64_t day)
{
    return in_table(c, day) ? c->exception[day - c->first] : NULL;
}

static bool working_day(const Calendar *c, int64_t day)
{
    const Holiday *exception = exception_on(c, day);
    return exception ? exception->works : plain_working(day);
}

static int64_t days_before(const Calendar *c, int64_t day)
{
    if (day < c->first)
        return plain_before(day);
    if (day >= c->last)
        return c->before[c->last - c->first] + plain_before(day) - plain_before(c->last);
    return c->before[day - c->first];
}

/* The working day with exactly `n` working days before it: the last day whose count is not above n. */
static int64_t nth_day(const Calendar *c, int64_t n)
{
    int64_t low = 0, high = c->last - c->first;
    if (n < c->before[0])
        return plain_nth(n);
    if (n >= c->before[high])
        return plain_nth(n - c->before[high] + plain_before(c->last));
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (c->before[middle] <= n)
            low = middle;
        else
            high = middle;
    }
    return c->first + low;
}

static void order_by_day(Calendar *c)
{
    size_t days = (size_t)(c->last - c->first);
    c->exception = alloc_array(days, sizeof *c->exception);
    for (size_t i = 0; i < c->holiday_count; i++)
        if (in_table(c, c->holidays[i].day))
            c->exception[c->holidays[i].day - c->first] = &c->holidays[i];
}

const Calendar *calendar_parse(const char *csv, size_t size)
{
    Calendar *c = alloc(sizeof *c);
    c->first = days_from_civil(FIRST_YEAR, 1, 1);
    c->last = days_from_civil(LAST_YEAR + 1, 1, 1);
    c->holiday_count = holidays_parse(csv, size, &c->holidays);
    order_by_day(c);
    c->before = alloc_array((size_t)(c->last - c->first) + 1, sizeof *c->before);
    c->before[0] = plain_before(c->first);
    for (int64_t day = c->first; day < c->last; day++)
        c->before[day - c->first + 1] = c->before[day - c->first] + working_day(c, day);
    return c;
}

/* ---- Within a day ---- */

/* Open time from midnight to `at`, on a working day. */
static int64_t open_until(int64_t at)
{
    int64_t sum = 0;
    for (int i = 0; i < HOURS_COUNT; i++)
        if (at > hours[i].opens)
            sum += (at < hours[i].closes ? at : hours[i].closes) - hours[i].opens;
    return sum;
}

/* The time of day when `open` milliseconds have been worked: the earliest such, or the latest (after the
 * break instead of before). */
static int64_t time_after(int64_t open, bool latest)
{
    for (int i = 0;; i++) {
        int64_t length = hours[i].closes - hours[i].opens;
        if (open < length || (open == length && !latest) || i == HOURS_COUNT - 1)
            return hours[i].opens + open;
        open -= length;
    }
}

static int64_t worked(const Calendar *c, int64_t t)
{
    int64_t day = local_day(t), sum = STANDARD_DAY_MS * days_before(c, day);
    return working_day(c, day) ? sum + open_until(t - day_start(day)) : sum;
}

/* ---- The questions ---- */

int64_t calendar_between(const Calendar *c, int64_t from, int64_t to)
{
    return worked(c, to) - worked(c, from);
}

int64_t calendar_add_time(const Calendar *c, int64_t t, int64_t ms)
{
    if (ms == 0)
        return t;
    int64_t sum = worked(c, t) + ms;
    int64_t day_index = ms > 0 ? floor_div(sum - 1, STANDARD_DAY_MS) : floor_div(sum, STANDARD_DAY_MS);
    return day_start(nth_day(c, day_index)) + time_after(sum - day_index * STANDARD_DAY_MS, ms < 0);
}

static int64_t closing_of(int64_t day)
{
    return day_start(day) + hours[HOURS_COUNT - 1].closes;
}

int64_t calendar_closing(const Calendar *c, int64_t t)
{
    return closing_of(nth_day(c, days_before(c, local_day(t))));
}

int64_t calendar_add_days(const Calendar *c, int64_t t, int n)
{
    int64_t day = local_day(t);
    if (n == 0)
        return calendar_closing(c, t);
    return closing_of(nth_day(c, n > 0 ? days_before(c, day + 1) + n - 1 : days_before(c, day) + n));
}

bool calendar_working(const Calendar *c, int64_t t)
{
    int64_t day = local_day(t), at = t - day_start(day);
    for (int i = 0; i < HOURS_COUNT; i++)
        if (at >= hours[i].opens && at < hours[i].closes)
            return working_day(c, day);
    return false;
}

int64_t calendar_next_opening(const Calendar *c, int64_t t)
{
    int64_t day = local_day(t), at = t - day_start(day);
    if (working_day(c, day))
        for (int i = 0; i < HOURS_COUNT; i++)
            if (at < hours[i].closes)
                return at < hours[i].opens ? day_start(day) + hours[i].opens : t;
    return day_start(nth_day(c, days_before(c, day + 1))) + hours[0].opens;
}

DayKind calendar_day_kind(const Calendar *c, int64_t day)
{
    const Holiday *exception = exception_on(c, day);
    if (exception)
        return exception->works ? DAY_MAKE_UP : DAY_HOLIDAY;
    return plain_working(day) ? DAY_WORK : DAY_WEEKEND;
}

const char *calendar_day_name(const Calendar *c, int64_t day, const char *lang)
{
    const Holiday *exception = c ? exception_on(c, day) : NULL;
    if (!exception)
        return "";
    return text_is(lang, "en") ? exception->name_en : exception->name_vi;
}

int64_t calendar_days_between(const Calendar *c, int64_t from_day, int64_t to_day)
{
    return days_before(c, to_day) - days_before(c, from_day);
}

size_t calendar_holidays(const Calendar *c, const Holiday **out)
{
    *out = c->holidays;
    return c->holiday_count;
}
