/* Asking for background work, and its way through the table `job`:
 *
 *   waiting ──take──▶ running ──▶ done                       (deleted after a week)
 *      ▲                 │ fault: back-off                    parked: given up, a person decides (GET /jobs)
 *      └─────────────────┴──▶ parked after max_attempts      replaced: failed while the same (type, key) was
 * asked for anew
 *
 * Taking a job is a transaction of its own that counts the attempt and sets a lease, so that work which kills
 * its process is not tried for ever and comes back when the lease has run out. An ordinary job's work and its
 * "done" are one transaction: what it does in the store happens exactly once. */
#include "platform/jobs/jobs.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "platform/jobs/runner.h"

int64_t jobs_add(Db *db, const char *type, const char *key, Json payload, int64_t run_at)
{
    int64_t now = now_ms();
    db_after_commit(db, jobs_wake, NULL);
    return db_int(
        db,
        "insert into job (id, type, key, payload, run_at, created_at) values (?1, ?2, ?3, ?4, ?5, ?6)"
        " on conflict (type, key) where state = 'waiting' and key is not null do update set payload = "
        "excluded.payload,"
        " run_at = case when excluded.run_at < job.run_at then excluded.run_at else job.run_at end returning "
        "id",
        I(id_new()), T(type), T(key), J(payload ? payload : json_new()), I(run_at ? run_at : now), I(now));
}

void jobs_cancel(Db *db, const char *type, const char *key)
{
    db_exec(db, "delete from job where type = ?1 and key = ?2 and state = 'waiting'", T(type), T(key));
}

const Job *job_type(const char *type)
{
    for (const Solution *const *solution = solutions(); *solution; solution++)
        for (const Job *job = (*solution)->jobs; job && job->type; job++)
            if (text_is(job->type, type))
                return job;
    return NULL;
}

/* ---- Schedules ---- */

/* A new period that is shorter than the old one counts at once. */
static void schedule_one(Db *db, const Job *job, int64_t now)
{
    db_exec(db,
            "insert into job (id, type, key, payload, run_at, created_at) values (?1, ?2, ?3, '{}', ?4, ?4)"
            " on conflict do nothing",
            I(id_new()), T(job->type), T(SCHEDULE_KEY), I(now));
    db_exec(db,
            "update job set run_at = ?1 where type = ?2 and key = ?3 and state = 'waiting' and run_at > ?1",
            I(now + job->every_s * (int64_t)SECOND_MS), T(job->type), T(SCHEDULE_KEY));
}

static void schedule_all(Db *db, void *now)
{
    for (const Solution *const *solution = solutions(); *solution; solution++)
        for (const Job *job = (*solution)->jobs; job && job->type; job++)
            if (job->every_s > 0)
                schedule_one(db, job, *(const int64_t *)now);
}

void jobs_schedule(Store *store, int64_t now)
{
    store_write_wait(store, schedule_all, &now);
}
