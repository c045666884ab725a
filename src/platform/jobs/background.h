/* What all background work has in common: how long to wait after a failure, and reading safely outside of a
 * request. */
#ifndef SEN_PLATFORM_JOBS_BACKGROUND_H
#define SEN_PLATFORM_JOBS_BACKGROUND_H

#include "base/clock.h"
#include "store/store.h"

enum { BACKOFF_STEPS = 5 };

/* After the n-th failed attempt (from 1): 1 minute, 5 minutes, 30 minutes, 2 hours, then 6 hours each time.
 */
int64_t backoff_ms(int64_t attempt);

/* Runs `read` in a read transaction that ends however it goes; raises what it raises. */
void read_through(Store *store, void (*read)(Db *db, void *argument), void *argument);

#endif
