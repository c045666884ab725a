/* Time: UTC milliseconds since 1970 everywhere inside; Asia/Ho_Chi_Minh only for people.
 *
 * Vietnam has been at UTC+7 without daylight saving since 1975-06-13, so the civil time of every moment this
 * program handles is a fixed offset; dates of birth before that are dates, not moments. */
#ifndef SEN_BASE_CLOCK_H
#define SEN_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

/* The wall clock; in tests it can be stopped with time_freeze(ms) and let go with time_freeze(0). */
int64_t now_ms(void);
void time_freeze(int64_t ms);
/* A clock that never goes back, in microseconds, for measuring. */
int64_t monotonic_us(void);

/* Days since 1970-01-01 of a civil date in the proleptic Gregorian calendar, and back. */
int64_t days_from_civil(int year, int month, int day);
void civil_from_days(int64_t days, int *year, int *month, int *day);

typedef struct LocalTime {
    int year, month, day, hour, minute, second, ms;
    int weekday; /* 0 Sunday .. 6 Saturday */
} LocalTime;

LocalTime local_time(int64_t ms);
int64_t local_ms(int year, int month, int day, int hour, int minute, int second);
/* The local day (days since 1970-01-01) a moment falls on, and its first millisecond. */
int64_t local_day(int64_t ms);
int64_t day_start(int64_t day);

char *time_iso(int64_t ms);       /* 2026-01-05T01:30:00.000Z */
char *time_iso_local(int64_t ms); /* 2026-01-05T08:30:00+07:00 */
char *date_vi(int64_t ms);        /* 21/11/2026, local */
char *time_vi(int64_t ms);        /* 15:30 21/11/2026, local */
char *date_iso(int64_t ms);       /* 2026-11-21, local */
/* "2026-11-21", "21/11/2026", or ISO 8601 with time and optional offset (none: local). */
bool time_parse(const char *text, int64_t *ms);

#endif
