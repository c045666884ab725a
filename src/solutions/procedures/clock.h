/* The legal clock of a dossier (spec 03 §7.1): when it is due, and why. Pure: no I/O, no globals. */
#ifndef SEN_PROCEDURES_CLOCK_H
#define SEN_PROCEDURES_CLOCK_H

#include "base/json.h"
#include "platform/calendar/calendar.h"

typedef enum LimitUnit {
    LIMIT_NONE,
    LIMIT_WORKING_DAY,
    LIMIT_DAY,
    LIMIT_HOUR,
    LIMIT_MONTH,
    LIMIT_SAME_DAY
} LimitUnit;

/* The time the law gives. LIMIT_NONE: the record does not say; then there is no due date. */
typedef struct Limit {
    LimitUnit unit;
    int64_t quantity;
    bool by_hours; /* WORKING_DAY counted as quantity × 8 working hours, not by closing times */
} Limit;

/* What an interruption does to the clock; the version of the procedure says which, with its legal ground. */
typedef enum ClockPolicy { CLOCK_RUN, CLOCK_PAUSE, CLOCK_RESTART } ClockPolicy;

typedef struct Interruption {
    int64_t from, to; /* to 0: it still lasts */
    ClockPolicy policy;
    const char *reason; /* i18n key: "procedures.clock.supplement" */
} Interruption;

/* "WORKING_DAY" … "SAME_DAY"; LIMIT_NONE for anything else ("OTHER"). */
LimitUnit limit_unit(const char *name);
const char *limit_unit_name(LimitUnit unit);
ClockPolicy clock_policy(const char *name); /* "run" "pause" "restart" */

/* The due moment of a dossier accepted at `accepted_at`, after its interruptions in order of time; 0 for
 * LIMIT_NONE. While one lasts, the due moment is what it would be if it ended at `now`. */
int64_t clock_due(const Calendar *c, const Limit *limit, int64_t accepted_at, const Interruption *stops,
                  size_t count, int64_t now);

/* The same, told line by line (PRC-51): [{at, kind, key, values}]. kind: start count weekend holiday make_up
 * pause resume restart due; `key` is the i18n key of the sentence, filled from `values` {date, weekday 0–6,
 * n, of, name, time, reason}. */
Json clock_explain(const Calendar *c, const Limit *limit, int64_t accepted_at, const Interruption *stops,
                   size_t count, int64_t now, const char *lang);

#endif
