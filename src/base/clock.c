/* Civil-date arithmetic after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"
 * (days_from_civil). */
#include "base/clock.h"
#include "base/text.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LOCAL_OFFSET_MS = 7 * HOUR_MS };

static _Atomic int64_t frozen;

int64_t now_ms(void)
{
    int64_t fixed = atomic_load_explicit(&frozen, memory_order_relaxed);
    if (fixed)
        return fixed;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void time_freeze(int64_t ms)
{
    atomic_store(&frozen, ms);
}

int64_t monotonic_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = floor_div(y, 400), yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

void civil_from_days(int64_t days, int *year, int *month, int *day)
{
    days += 719468;
    int64_t era = floor_div(days, 146097), doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

static LocalTime broken_down(int64_t ms)
{
    LocalTime t;
    int64_t days = floor_div(ms, DAY_MS), rest = ms - days * DAY_MS;
    civil_from_days(days, &t.year, &t.month, &t.day);
    t.hour = (int)(rest / HOUR_MS);
    t.minute = (int)(rest / MINUTE_MS % 60);
    t.second = (int)(rest / SECOND_MS % 60);
    t.ms = (int)(rest % SECOND_MS);
    t.weekday = (int)((days % 7 + 11) % 7); /* 1970-01-01 was a Thursday */
    return t;
}

LocalTime local_time(int64_t ms)
{
    return broken_down(ms + LOCAL_OFFSET_MS);
}

int64_t local_ms(int year, int month, int day, int hour, int minute, int second)
{
    return days_from_civil(year, month, day) * DAY_MS + hour * (int64_t)HOUR_MS +
           minute * (int64_t)MINUTE_MS + second * (int64_t)SECOND_MS - LOCAL_OFFSET_MS;
}

int64_t local_day(int64_t ms)
{
    return floor_div(ms + LOCAL_OFFSET_MS, DAY_MS);
}

int64_t day_start(int64_t day)
{
    return day * DAY_MS - LOCAL_OFFSET_MS;
}

char *time_iso(int64_t ms)
{
    LocalTime t = broken_down(ms);
    return fmt("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.year, t.month, t.day, t.hour, t.minute, t.second,
               t.ms);
}

char *time_iso_local(int64_t ms)
{
    LocalTime t = local_time(ms);
    return fmt("%04d-%02d-%02dT%02d:%02d:%02d+07:00", t.year, t.month, t.day, t.hour, t.minute, t.second);
}

char *date_vi(int64_t ms)
{
    LocalTime t = local_time(ms);
    return fmt("%02d/%02d/%04d", t.day, t.month, t.year);
}

char *time_vi(int64_t ms)
{
    LocalTime t = local_time(ms);
    return fmt("%02d:%02d %02d/%02d/%04d", t.hour, t.minute, t.day, t.month, t.year);
}

char *date_iso(int64_t ms)
{
    LocalTime t = local_time(ms);
    return fmt("%04d-%02d-%02d", t.year, t.month, t.day);
}

static bool real_date(int y, int m, int d)
{
    if (y < 1 || y > 9999 || m < 1 || m > 12 || d < 1 || d > 31)
        return false;
    int yy, mm, dd;
    civil_from_days(days_from_civil(y, m, d), &yy, &mm, &dd);
    return yy == y && mm == m && dd == d;
}

/* "Z", "+07:00", "-0330" or nothing; the offset in minutes east. */
static bool parse_offset(const char *text, int64_t *offset_ms)
{
    int h, m, used = 0;
    char sign;
    *offset_ms = LOCAL_OFFSET_MS;
    if (!*text)
        return true;
    *offset_ms = 0;
    if (text_is(text, "Z"))
        return true;
    if (sscanf(text, "%c%2d:%2d%n", &sign, &h, &m, &used) != 3 &&
        sscanf(text, "%c%2d%2d%n", &sign, &h, &m, &used) != 3)
        return false;
    *offset_ms = (sign == '-' ? -1 : 1) * (h * (int64_t)HOUR_MS + m * (int64_t)MINUTE_MS);
    return !text[used] && (sign == '+' || sign == '-') && h >= 0 && h <= 14 && m >= 0 && m < 60;
}

bool time_parse(const char *text, int64_t *ms)
{
    int y, mo, d, h = 0, mi = 0, s = 0, used = 0;
    int64_t offset = LOCAL_OFFSET_MS;
    if (sscanf(text, "%2d/%2d/%4d%n", &d, &mo, &y, &used) == 3 && !text[used] && used >= 8) {
        /* as people write it */
    } else if (used = 0, sscanf(text, "%4d-%2d-%2d%n", &y, &mo, &d, &used) == 3 && used == 10) {
        text += used;
        if (*text) {
            if ((*text != 'T' && *text != ' ') ||
                (used = 0, sscanf(text + 1, "%2d:%2d%n", &h, &mi, &used)) != 2 || used != 5)
                return false;
            text += 1 + used;
            if (*text == ':') {
                if ((used = 0, sscanf(text + 1, "%2d%n", &s, &used)) != 1 || used != 2)
                    return false;
                text += 3;
                if (*text == '.')
                    text += 1 + strspn(text + 1, "0123456789");
            }
            if (!parse_offset(text, &offset))
                return false;
        }
    } else {
        return false;
    }
    if (!real_date(y, mo, d) || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 59)
        return false;
    *ms = days_from_civil(y, mo, d) * DAY_MS + h * (int64_t)HOUR_MS + mi * (int64_t)MINUTE_MS +
          s * (int64_t)SECOND_MS - offset;
    return true;
}
