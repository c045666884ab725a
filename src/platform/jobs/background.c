/* See background.h. */
#include "platform/jobs/background.h"

int64_t backoff_ms(int64_t attempt)
{
    static const int64_t steps[BACKOFF_STEPS] = { MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS,
                                                  6 * HOUR_MS };
    return steps[attempt < 1 ? 0 : attempt > BACKOFF_STEPS ? BACKOFF_STEPS - 1 : attempt - 1];
}

void read_through(Store *store, void (*read)(Db *db, void *argument), void *argument)
{
    Guard guard;
    Db *db = store_read_begin(store);
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        read(db, argument);
        guard_leave(&guard);
        store_read_end(db);
    } else {
        store_read_end(db);
        raise_again(&guard.fault);
    }
}
