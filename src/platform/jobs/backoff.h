/* How long failing background work waits before it is tried again: 1 minute, 5 minutes, 30 minutes, 2 hours, then 6 hours each time. */
#ifndef SEN_PLATFORM_JOBS_BACKOFF_H
#define SEN_PLATFORM_JOBS_BACKOFF_H

#include "base/clock.h"

enum { BACKOFF_STEPS = 5 };

/* After the n-th failed attempt (from 1). */
static inline int64_t backoff_ms(int64_t attempt)
{
    static const int64_t steps[BACKOFF_STEPS] = { MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 6 * HOUR_MS };
    return steps[attempt < 1 ? 0 : attempt > BACKOFF_STEPS ? BACKOFF_STEPS - 1 : attempt - 1];
}

#endif
