/* One job from taking it to writing down how it went. See jobs.c for the states. */
#include "platform/jobs/runner.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/jobs/background.h"

/* ---- Taking ---- */

/* Only types that this program knows: during a rolling upgrade an old node leaves new work to new nodes. The
 * names are ours, written into the statement so that it stays one prepared statement. */
static const char *known_types(void)
{
    Buf list = { 0 };
    for (const Solution *const *solution = solutions(); *solution; solution++)
        for (const Job *job = (*solution)->jobs; job && job->type; job++)
            buf_fmt(&list, "%s'%s'", list.size ? "," : "", job->type);
    return buf_end(&list);
}

/* First what a dead node left behind, then what is due, the oldest first; each along its index. `skip` goes
 * after each. */
static const char *due_sql(const char *types, const char *skip)
{
    return fmt(
        "select coalesce("
        "(select id from job where state = 'running' and locked_until < ?1 and type in (%s) limit 1%s),"
        "(select id from job where state = 'waiting' and run_at <= ?1 and type in (%s)"
        " order by run_at, id limit 1%s))",
        types, skip, types, skip);
}

typedef struct Taking {
    const char *types;
    int64_t now;
    Taken *taken;
    bool found;
} Taking;

static void take(Db *db, void *argument)
{
    Taking *t = argument;
    const char *skip = db_engine(db) == ENGINE_POSTGRES ? " for update skip locked" : "";
    const char *sql = fmt("update job set state = 'running', attempts = attempts + 1, locked_until = ?2"
                          " where id = (%s) returning id, type, key, payload, attempts",
                          due_sql(t->types, skip));
    Json row = db_row(db, sql, I(t->now), I(t->now + LEASE_MS));
    t->found = row != NULL;
    if (row)
        *t->taken = (Taken){ .id = json_id(row, "id"),
                             .attempts = json_int(row, "attempts"),
                             .type = text_copy(json_str(row, "type")),
                             .key = text_copy(json_str(row, "key")),
                             .payload = json_at(row, "payload") };
}

/* Idle runners ask often; only a job that is there is worth a write. */
static void look(Db *db, void *argument)
{
    Taking *t = argument;
    t->found = db_int(db, due_sql(t->types, ""), I(t->now)) != 0;
}

bool job_take(Store *store, int64_t now, Taken *taken)
{
    Taking taking = { .types = known_types(), .now = now, .taken = taken };
    if (text_empty(taking.types))
        return false;
    read_through(store, look, &taking);
    if (taking.found)
        store_write_wait(store, take, &taking);
    return taking.found;
}

/* ---- Running ---- */

typedef struct Run {
    Store *store;
    const Taken *taken;
    const Job *job;
    int64_t now;
    Fault fault;
} Run;

static int max_attempts(const Job *job)
{
    return job->max_attempts ? job->max_attempts : DEFAULT_ATTEMPTS;
}

static bool scheduled(const Taken *taken)
{
    return text_is(taken->key, SCHEDULE_KEY);
}

/* "Done", in the transaction of the work itself. Whoever lost its lease meanwhile must not leave anything
 * behind. */
static void write_done(Db *db, const Run *run)
{
    int64_t rows;
    if (scheduled(run->taken))
        rows = db_exec(
            db,
            "update job set state = 'waiting', attempts = 0, run_at = ?1, locked_until = null, error = null"
            " where id = ?2 and state = 'running' and attempts = ?3",
            I(run->now + run->job->every_s * (int64_t)SECOND_MS), I(run->taken->id), I(run->taken->attempts));
    else
        rows = db_exec(db,
                       "update job set state = 'done', locked_until = null, error = null, finished_at = ?1"
                       " where id = ?2 and state = 'running' and attempts = ?3",
                       I(now_ms()), I(run->taken->id), I(run->taken->attempts));
    if (rows != 1)
        raise_fault(FAULT_INTERNAL, "jobs.lease", "job %lld was taken over by another runner",
                    (long long)run->taken->id);
}

static Work work_of(Db *db, const Run *run)
{
    return (Work){ .db = db,
                   .now = run->now,
                   .data = run->taken->payload,
                   .topic = run->taken->type,
                   .attempt = (int)run->taken->attempts };
}

static void work_and_done(Db *db, void *argument)
{
    Run *run = argument;
    if (!run->job->slow) {
        Work work = work_of(db, run);
        run->job->run(&work);
        if (db_rejected(db))
            raise_fault(FAULT_INTERNAL, "jobs.rejected", "the job %s rejected its transaction",
                        run->job->type);
    }
    write_done(db, run);
}

/* A slow job has a read transaction while it works; its end is written when that is closed. */
static void work_slowly(Db *db, void *argument)
{
    Run *run = argument;
    Work work = work_of(db, run);
    run->job->run(&work);
}

static bool work_through(Run *run)
{
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        if (run->taken->attempts > max_attempts(run->job) && !scheduled(run->taken))
            raise_fault(FAULT_INTERNAL, "jobs.crashed", "the process ended while it ran this job");
        if (run->job->slow)
            read_through(run->store, work_slowly, run);
        store_write_wait(run->store, work_and_done, run);
        guard_leave(&guard);
        return true;
    }
    run->fault = guard.fault;
    return false;
}

/* ---- Failing ---- */

static void reschedule(Db *db, const Run *run, const char *error)
{
    int64_t wait = backoff_ms(run->taken->attempts), period = run->job->every_s * (int64_t)SECOND_MS;
    db_exec(db,
            "update job set state = 'waiting', run_at = ?1, locked_until = null, error = ?2"
            " where id = ?3 and state = 'running' and attempts = ?4",
            I(run->now + (wait < period ? wait : period)), T(error), I(run->taken->id),
            I(run->taken->attempts));
}

/* What becomes of a job that failed: the same was asked for anew meanwhile → that one will do the work. */
static const char *next_state(Db *db, const Run *run)
{
    if (run->taken->attempts >= max_attempts(run->job))
        return "parked";
    if (!text_empty(run->taken->key) &&
        db_int(db, "select 1 from job where type = ?1 and key = ?2 and state = 'waiting'",
               T(run->taken->type), T(run->taken->key)))
        return "replaced";
    return "waiting";
}

static void note_failure(Db *db, void *argument)
{
    const Run *run = argument;
    const char *error = fmt("%s: %s", run->fault.code, run->fault.message);
    if (scheduled(run->taken)) {
        reschedule(db, run, error);
        return;
    }
    const char *state = next_state(db, run);
    db_exec(db,
            "update job set state = ?1, run_at = ?2, locked_until = null, error = ?3, finished_at = ?4"
            " where id = ?5 and state = 'running' and attempts = ?6",
            T(state), I(run->now + backoff_ms(run->taken->attempts)), T(error),
            text_is(state, "replaced") ? I(now_ms()) : N(), I(run->taken->id), I(run->taken->attempts));
}

void job_run(Store *store, const Taken *taken, int64_t now)
{
    Run run = { .store = store, .taken = taken, .job = job_type(taken->type), .now = now };
    if (work_through(&run))
        return;
    log_warn("jobs.failed", "type", taken->type, "id", fmt("%lld", (long long)taken->id), "code",
             run.fault.code, "error", run.fault.message, "attempt", fmt("%lld", (long long)taken->attempts),
             NULL);
    store_write_wait(store, note_failure, &run);
}

/* ---- Keeping ---- */

typedef struct Keep {
    const int64_t *ids;
    size_t count;
    int64_t until;
} Keep;

static void keep(Db *db, void *argument)
{
    const Keep *k = argument;
    for (size_t i = 0; i < k->count; i++)
        db_exec(db, "update job set locked_until = ?1 where id = ?2 and state = 'running'", I(k->until),
                I(k->ids[i]));
}

void job_keep(Store *store, const int64_t *ids, size_t count, int64_t now)
{
    Keep k = { ids, count, now + LEASE_MS };
    if (count)
        store_write_wait(store, keep, &k);
}
