/* Durable background work: a row in the transaction that asks for it, a pool of runners, retries with
 * back-off, schedules. */
#ifndef SEN_PLATFORM_JOBS_H
#define SEN_PLATFORM_JOBS_H

#include "platform/solution.h"

extern const Solution jobs_solution;

/* Runs once at `run_at` (0: now). `key` (may be NULL) makes it unique among waiting jobs of the type. Returns
 * its id. */
int64_t jobs_add(Db *db, const char *type, const char *key, Json payload, int64_t run_at);
void jobs_cancel(Db *db, const char *type, const char *key);

void jobs_start(Store *store, int runners);
void jobs_stop(void);
void jobs_drain(Store *store, int64_t now); /* runs what is due, on this thread: tests */

#endif
