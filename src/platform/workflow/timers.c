/* Parsing and adding of timers. Working time comes from the province's calendar (platform/calendar); there is
 * one, "tinh". */
#include "platform/workflow/timers.h"
#include "base/clock.h"
#include "base/text.h"
#include "platform/calendar/calendar.h"
#include "platform/workflow/feel_inside.h"

#include <stdlib.h>
#include <string.h>

static bool duration(const char *text, TimerSpec *out)
{
    FeelValue d = feel_duration(text);
    if (d.type == FEEL_NULL || d.at < 0)
        return false;
    *(d.type == FEEL_MONTHS ? &out->months : &out->ms) = d.at;
    return true;
}

/* R3/PT10M, R/PT10M, R3/2026-01-01T07:00:00/P1D. */
static bool cycle(const char *text, TimerSpec *out)
{
    size_t count;
    int64_t n = -1;
    char **parts = text_split(text, '/', &count);
    if (count < 2 || count > 3 || parts[0][0] != 'R' ||
        (parts[0][1] && !text_int(parts[0] + 1, 1, 1000000, &n)))
        return false;
    out->repetitions = (int)n;
    if (count == 3 && !time_parse(parts[1], &out->start))
        return false;
    return duration(parts[count - 1], out) && (out->months || out->ms >= SECOND_MS);
}

bool timer_parse(TimerKind kind, const char *text, TimerSpec *out)
{
    *out = (TimerSpec){ .repetitions = 1 };
    if (kind == TIMER_DATE)
        return time_parse(text, &out->start);
    return kind == TIMER_DURATION ? duration(text, out) : cycle(text, out);
}

int64_t timer_after(const TimerSpec *spec, int64_t from, const char *calendar_id)
{
    if (spec->months) {
        FeelValue moved = feel_add_months(feel_at(FEEL_DATETIME, from), spec->months);
        return moved.type == FEEL_NULL ? from : moved.at;
    }
    if (!calendar_id)
        return from + spec->ms;
    int64_t days = spec->ms / DAY_MS, rest = spec->ms % DAY_MS;
    if (days > 0 && days < 10000)
        from = calendar_add_days(calendar(), from, (int)days);
    return rest ? calendar_add_time(calendar(), from, rest) : from;
}

int64_t timer_first(const TimerSpec *spec, TimerKind kind, int64_t now, const char *calendar_id)
{
    if (kind == TIMER_DATE || (kind == TIMER_CYCLE && spec->start))
        return spec->start;
    return timer_after(spec, now, calendar_id);
}
