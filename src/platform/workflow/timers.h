/* Timer texts of BPMN (spec 23 §5.3): dates, durations, cycles; calendar time or working time. */
#ifndef SEN_PLATFORM_TIMERS_H
#define SEN_PLATFORM_TIMERS_H

#include "platform/workflow/bpmn.h"

typedef struct TimerSpec {
    int64_t start;      /* UTC ms of a date, or of a cycle's beginning; 0: none */
    int64_t months, ms; /* of a duration or of a cycle's interval */
    int repetitions;    /* 1; of a cycle: how often; -1: without end */
} TimerSpec;

bool timer_parse(TimerKind kind, const char *text, TimerSpec *out);
/* `from` moved by the spec's duration: in working time when `calendar` is given (whole days: closing time of
 * the n-th working day). */
int64_t timer_after(const TimerSpec *spec, int64_t from, const char *calendar);
/* When it fires first. */
int64_t timer_first(const TimerSpec *spec, TimerKind kind, int64_t now, const char *calendar);

#endif
