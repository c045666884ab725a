/* Working time (spec 23 §7.2, spec 03 §7.1). Pure calculation over a calendar held in memory.
 *
 * The table of holidays covers 2015–2045; before and after it the plain weekly pattern holds, and no moment
 * is refused. */
#ifndef SEN_PLATFORM_CALENDAR_H
#define SEN_PLATFORM_CALENDAR_H

#include "platform/solution.h"

extern const Solution
    calendar_solution; /* the page of the working calendar; loads data/public-holidays.csv */

typedef struct Calendar Calendar;

/* The province's calendar "tinh": Mon–Fri 07:30–11:30, 13:30–17:30 and the public holidays. */
const Calendar *calendar(void);
/* Pure: from the text of a CSV like data/public-holidays.csv; in the current arena (tests) or kept. */
const Calendar *calendar_parse(const char *csv, size_t size);

/* The earliest moment when `ms` of working time have passed after t (t itself for 0); for ms < 0 the latest
 * moment from which -ms pass until t. */
int64_t calendar_add_time(const Calendar *c, int64_t t, int64_t ms);
/* The closing time of the n-th working day after the day of t (which is not counted); n < 0: before it; 0:
 * calendar_closing(). */
int64_t calendar_add_days(const Calendar *c, int64_t t, int n);
/* Working milliseconds between two moments; negative when `to` is earlier. */
int64_t calendar_between(const Calendar *c, int64_t from, int64_t to);
bool calendar_working(const Calendar *c, int64_t t);
int64_t calendar_next_opening(const Calendar *c, int64_t t); /* t itself when open */
int64_t calendar_closing(const Calendar *c, int64_t t); /* closing time of the day of t (even when past), or
                                                           of the next working day when it is none */
/* The name of the holiday on a local day ("" on ordinary days; NULL-safe): for explaining a due date line by
 * line. */
const char *calendar_day_name(const Calendar *c, int64_t day, const char *lang);
typedef enum DayKind { DAY_WORK, DAY_WEEKEND, DAY_HOLIDAY, DAY_MAKE_UP } DayKind;
DayKind calendar_day_kind(const Calendar *c, int64_t day);

#endif
