/* A limit is used up in one of two ways. *Hours* of working time run from a moment; *days* are counted whole,
 * and the day on which counting starts is not counted, so that they end at a closing time. Both are a start
 * and what is left:
 *
 *     WORKING_DAY by_hours, HOUR   left is working milliseconds
 *     WORKING_DAY by_days          left is working days; ends at the closing time of the last one
 *     DAY, MONTH                   left is calendar days; an end on a day off moves to the next working day
 *     SAME_DAY                     accepted by 15:00:00: today's closing time, later: the next working day's
 *
 * An interruption that pauses takes what is left at its beginning and starts counting again at its end; one
 * that restarts gives the full limit again. An interruption that begins after the due moment changes nothing:
 * what is late stays late. */
#include "solutions/procedures/clock.h"
#include "base/clock.h"
#include "base/text.h"

enum { STANDARD_DAY_MS = 8 * HOUR_MS, SAME_DAY_UNTIL_MS = 15 * HOUR_MS, DAYS_TOLD = 120 };

typedef struct Running {
    int64_t start, left; /* left: milliseconds or days, by the limit's kind */
    int64_t due;
} Running;

static const struct {
    const char *name;
    LimitUnit unit;
} units[] = { { "WORKING_DAY", LIMIT_WORKING_DAY },
              { "DAY", LIMIT_DAY },
              { "HOUR", LIMIT_HOUR },
              { "MONTH", LIMIT_MONTH },
              { "SAME_DAY", LIMIT_SAME_DAY } };

LimitUnit limit_unit(const char *name)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (text_is(units[i].name, name))
            return units[i].unit;
    return LIMIT_NONE;
}

const char *limit_unit_name(LimitUnit unit)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (units[i].unit == unit)
            return units[i].name;
    return "";
}

ClockPolicy clock_policy(const char *name)
{
    return text_is(name, "pause") ? CLOCK_PAUSE : text_is(name, "restart") ? CLOCK_RESTART : CLOCK_RUN;
}

static bool in_hours(const Limit *limit)
{
    return limit->unit == LIMIT_HOUR || (limit->unit == LIMIT_WORKING_DAY && limit->by_hours);
}

/* The closing time of a day, or of the next working day when it is a day off. */
static int64_t close_of(const Calendar *c, int64_t day)
{
    return calendar_closing(c, day_start(day));
}

/* Whole working days after the day of `start` that have closed by `t`. */
static int64_t closed_days(const Calendar *c, int64_t start, int64_t t)
{
    int64_t first = local_day(start) + 1, today = local_day(t);
    int64_t last = t >= close_of(c, today) ? today + 1 : today;
    return last > first ? calendar_between(c, day_start(first), day_start(last)) / STANDARD_DAY_MS : 0;
}

/* The calendar days from `start` to the same date `months` later, or to the last day of that month. */
static int64_t month_days(int64_t start, int64_t months)
{
    LocalTime t = local_time(start);
    int64_t month = t.year * 12 + t.month - 1 + months;
    int64_t first = days_from_civil((int)(month / 12), (int)(month % 12) + 1, 1);
    int64_t next = days_from_civil((int)((month + 1) / 12), (int)((month + 1) % 12) + 1, 1);
    int64_t day = first + t.day - 1;
    return (day < next ? day : next - 1) - local_day(start);
}

static int64_t end_of(const Calendar *c, const Limit *limit, int64_t start, int64_t left)
{
    if (in_hours(limit))
        return calendar_add_time(c, start, left);
    if (limit->unit == LIMIT_WORKING_DAY)
        return left > 0 ? calendar_add_days(c, start, (int)left) : close_of(c, local_day(start));
    return close_of(c, local_day(start) + left);
}

static Running begin(const Calendar *c, const Limit *limit, int64_t start)
{
    Running r = { .start = start };
    if (limit->unit == LIMIT_SAME_DAY) {
        bool today = start - day_start(local_day(start)) <= SAME_DAY_UNTIL_MS;
        r.due = today ? close_of(c, local_day(start)) : calendar_add_days(c, start, 1);
        return r;
    }
    if (limit->unit == LIMIT_HOUR)
        r.left = limit->quantity * HOUR_MS;
    else if (in_hours(limit))
        r.left = limit->quantity * STANDARD_DAY_MS;
    else
        r.left = limit->unit == LIMIT_MONTH ? month_days(start, limit->quantity) : limit->quantity;
    r.due = end_of(c, limit, start, r.left);
    return r;
}

static Running resume(const Calendar *c, const Limit *limit, Running r, int64_t from, int64_t to)
{
    if (limit->unit == LIMIT_SAME_DAY) {
        int64_t moved = calendar_add_time(c, to, calendar_between(c, from, r.due));
        return (Running){ .start = to, .due = close_of(c, local_day(moved)) };
    }
    if (in_hours(limit))
        r.left = calendar_between(c, from, r.due);
    else if (limit->unit == LIMIT_WORKING_DAY)
        r.left -= closed_days(c, r.start, from);
    else
        r.left -= local_day(from) - local_day(r.start);
    r.start = to;
    r.due = end_of(c, limit, to, r.left);
    return r;
}

static Running interrupted(const Calendar *c, const Limit *limit, Running r, const Interruption *stop,
                           int64_t now)
{
    int64_t to = stop->to ? stop->to : now;
    if (stop->policy == CLOCK_RUN || stop->from >= r.due || to < stop->from)
        return r;
    return stop->policy == CLOCK_RESTART ? begin(c, limit, to) : resume(c, limit, r, stop->from, to);
}

int64_t clock_due(const Calendar *c, const Limit *limit, int64_t accepted_at, const Interruption *stops,
                  size_t count, int64_t now)
{
    if (limit->unit == LIMIT_NONE)
        return 0;
    Running r = begin(c, limit, accepted_at);
    for (size_t i = 0; i < count; i++)
        r = interrupted(c, limit, r, &stops[i], now);
    return r.due;
}

/* ---- Telling it ---- */

static Json line(Json lines, const char *kind, int64_t at)
{
    LocalTime t = local_time(at);
    Json item = json_new(), values = json_new();
    json_set_str(values, "date", fmt("%02d/%02d", t.day, t.month));
    json_set_str(values, "time", fmt("%02d:%02d", t.hour, t.minute));
    json_set_int(values, "weekday", t.weekday);
    json_set_int(item, "at", at);
    json_set_str(item, "kind", kind);
    json_set_str(item, "key", fmt("procedures.clock.%s", kind));
    json_set(item, "values", values);
    json_add(lines, item);
    return values;
}

/* The days from the day after `r.start` to that of `until`, each with what it counts for. */
static void tell_days(Json lines, const Calendar *c, const Limit *limit, Running r, int64_t until,
                      const char *lang)
{
    int64_t first = local_day(r.start) + 1, last = local_day(until), n = 0;
    bool counted = limit->unit == LIMIT_WORKING_DAY && !limit->by_hours;
    for (int64_t day = first; day <= last && day < first + DAYS_TOLD; day++) {
        int64_t at = day_start(day);
        const char *name = calendar_day_name(c, day, lang);
        switch (calendar_day_kind(c, day)) {
        case DAY_WEEKEND:
            line(lines, "weekend", at);
            break;
        case DAY_HOLIDAY:
            json_set_str(line(lines, "holiday", at), "name", name);
            break;
        case DAY_MAKE_UP:
            json_set_str(line(lines, "make_up", at), "name", name);
            /* fallthrough */
        case DAY_WORK:
            n++;
            if (counted && (day < last || until >= close_of(c, day))) {
                Json values = line(lines, "count", at);
                json_set_int(values, "n", n);
                json_set_int(values, "of", r.left);
            }
        }
    }
}

static void tell_stop(Json lines, const Interruption *stop)
{
    json_set_str(line(lines, "pause", stop->from), "reason", stop->reason);
    if (stop->to)
        line(lines, stop->policy == CLOCK_RESTART ? "restart" : "resume", stop->to);
}

Json clock_explain(const Calendar *c, const Limit *limit, int64_t accepted_at, const Interruption *stops,
                   size_t count, int64_t now, const char *lang)
{
    Json lines = json_list();
    Json start = line(lines, "start", accepted_at);
    json_set_int(start, "quantity", limit->quantity);
    json_set_str(start, "unit", fmt("procedures.unit.%s", limit_unit_name(limit->unit)));
    if (limit->unit == LIMIT_NONE)
        return lines;
    if (limit->unit == LIMIT_SAME_DAY)
        line(lines,
             accepted_at - day_start(local_day(accepted_at)) <= SAME_DAY_UNTIL_MS ? "before_three"
                                                                                  : "after_three",
             accepted_at);
    Running r = begin(c, limit, accepted_at);
    for (size_t i = 0; i < count; i++) {
        Running next = interrupted(c, limit, r, &stops[i], now);
        if (next.start == r.start && next.due == r.due)
            continue;
        tell_days(lines, c, limit, r, stops[i].from, lang);
        tell_stop(lines, &stops[i]);
        r = next;
    }
    tell_days(lines, c, limit, r, r.due, lang);
    line(lines, "due", r.due);
    return lines;
}
