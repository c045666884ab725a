/* The dated exceptions of the calendar, as data/public-holidays.csv has them; for the rooms of calendar only.
 */
#ifndef SEN_PLATFORM_CALENDAR_HOLIDAYS_H
#define SEN_PLATFORM_CALENDAR_HOLIDAYS_H

#include "platform/calendar/calendar.h"

enum { CALENDAR_FIRST_YEAR = 2015, CALENDAR_LAST_YEAR = 2045 };

typedef struct Holiday {
    int64_t day; /* days since 1970-01-01 */
    bool works;  /* a weekend day worked to make up for another */
    const char *name_vi, *name_en;
    const char *basis;    /* the document it stands in */
    const char *verified; /* "yes", "part" or "no": how far the row was checked against that document */
} Holiday;

/* Reads the rows, sorted by day. A row that is not understood, or a day that stands twice, raises
 * FAULT_INTERNAL with its line. */
size_t holidays_parse(const char *csv, size_t size, const Holiday **out);

size_t calendar_holidays(const Calendar *c, const Holiday **out);
/* Working days from one day to before another. */
int64_t calendar_days_between(const Calendar *c, int64_t from_day, int64_t to_day);

#endif
