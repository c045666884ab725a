/* Inside the room of jobs. */
#ifndef SEN_PLATFORM_JOBS_RUNNER_H
#define SEN_PLATFORM_JOBS_RUNNER_H

#include "platform/jobs/jobs.h"

enum { LEASE_MS = 60 * 1000, DEFAULT_ATTEMPTS = 8 };

#define SCHEDULE_KEY "@schedule"

/* A job that this thread has taken: nobody else runs it before locked_until, which the keeper moves on. */
typedef struct Taken {
    int64_t id, attempts; /* attempts counts this one */
    const char *type, *key;
    Json payload;
} Taken;

/* Every type of job of this program, in one table; NULL when there is none of that name. */
const Job *job_type(const char *type);

/* The row of every type that runs by itself, where it is missing. */
void jobs_schedule(Store *store, int64_t now);
/* Takes the job that is due first; false when there is none. */
bool job_take(Store *store, int64_t now, Taken *taken);
/* Runs it and writes down how it went. Raises only what the store raises while writing that down. */
void job_run(Store *store, const Taken *taken, int64_t now);
/* Moves locked_until on; for what runs long. */
void job_keep(Store *store, const int64_t *ids, size_t count, int64_t now);

/* Wakes an idle runner; fits db_after_commit(). */
void jobs_wake(void *unused);

#endif
