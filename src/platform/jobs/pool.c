/* The pool: runners that take and run jobs one by one, and a keeper that renews the leases of what is
 * running. A node that dies renews nothing; its jobs are taken by others when their leases have run out. */
#include "platform/jobs/runner.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <pthread.h>
#include <time.h>

enum { MAX_RUNNERS = 64, POLL_S = 1, KEEP_S = LEASE_MS / 1000 / 3 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work;    /* something may be due */
    pthread_cond_t stopped; /* the keeper sleeps on it */
    pthread_t runner[MAX_RUNNERS], keeper;
    int64_t running[MAX_RUNNERS]; /* job id of each runner, 0: idle */
    int count;
    int signals; /* wakes that no runner has taken up yet */
    bool stop;
    Store *store;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER,
           .work = PTHREAD_COND_INITIALIZER,
           .stopped = PTHREAD_COND_INITIALIZER };

void jobs_wake(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&pool.lock);
    if (pool.signals < pool.count)
        pool.signals++;
    pthread_cond_signal(&pool.work);
    pthread_mutex_unlock(&pool.lock);
}

/* Waits on a condition for so long, or until it is time to stop. The lock is held. */
static void wait_at_most(pthread_cond_t *condition, int seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    pthread_cond_timedwait(condition, &pool.lock, &until);
}

static bool stopping(void)
{
    pthread_mutex_lock(&pool.lock);
    bool stop = pool.stop;
    pthread_mutex_unlock(&pool.lock);
    return stop;
}

/* False when it is time to stop. */
static bool wait_for_work(void)
{
    pthread_mutex_lock(&pool.lock);
    if (!pool.signals && !pool.stop)
        wait_at_most(&pool.work, POLL_S);
    if (pool.signals)
        pool.signals--;
    bool go_on = !pool.stop;
    pthread_mutex_unlock(&pool.lock);
    return go_on;
}

static void set_running(int number, int64_t id)
{
    pthread_mutex_lock(&pool.lock);
    pool.running[number] = id;
    pthread_mutex_unlock(&pool.lock);
}

static bool take_and_run(Store *store, int number, int64_t now)
{
    Taken taken;
    if (!job_take(store, now, &taken))
        return false;
    set_running(number, taken.id);
    job_run(store, &taken, now);
    return true;
}

/* One job in its own arena; false when none was due or the store is away. */
static bool one_job(int number, Arena *arena)
{
    Guard guard;
    volatile bool ran = false;
    arena_use(arena);
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        ran = take_and_run(pool.store, number, now_ms());
        guard_leave(&guard);
    } else {
        log_error("jobs.runner", "code", guard.fault.code, "error", guard.fault.message, NULL);
    }
    set_running(number, 0);
    arena_use(NULL);
    arena_reset(arena);
    return ran;
}

static void *run(void *argument)
{
    int number = (int)(intptr_t)argument;
    Arena *arena = arena_new(0);
    if (!arena)
        fault_abort("no memory to start a runner of jobs");
    do {
        while (!stopping() && one_job(number, arena))
            continue;
    } while (wait_for_work());
    arena_free(arena);
    return NULL;
}

/* ---- The keeper ---- */

static void keep_leases(void)
{
    int64_t ids[MAX_RUNNERS];
    size_t count = 0;
    pthread_mutex_lock(&pool.lock);
    for (int i = 0; i < pool.count; i++)
        if (pool.running[i])
            ids[count++] = pool.running[i];
    pthread_mutex_unlock(&pool.lock);
    job_keep(pool.store, ids, count, now_ms());
}

static void keep_once(Arena *arena)
{
    Guard guard;
    arena_use(arena);
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        keep_leases();
        guard_leave(&guard);
    } else {
        log_error("jobs.keeper", "code", guard.fault.code, "error", guard.fault.message, NULL);
    }
    arena_use(NULL);
    arena_reset(arena);
}

/* Outlives the stop of the runners: what they still finish keeps its lease. */
static void *keep(void *unused)
{
    Arena *arena = arena_new(0);
    if (!arena)
        fault_abort("no memory to start the keeper of jobs");
    pthread_mutex_lock(&pool.lock);
    while (pool.count) {
        wait_at_most(&pool.stopped, KEEP_S);
        pthread_mutex_unlock(&pool.lock);
        keep_once(arena);
        pthread_mutex_lock(&pool.lock);
    }
    pthread_mutex_unlock(&pool.lock);
    arena_free(arena);
    return unused;
}

/* ---- Start and stop ---- */

static void start_thread(pthread_t *thread, void *(*body)(void *), void *argument)
{
    if (pthread_create(thread, NULL, body, argument) != 0)
        raise_fault(FAULT_MEMORY, "jobs.thread", "a runner of jobs could not be started");
}

void jobs_start(Store *store, int runners)
{
    if (runners <= 0)
        return;
    pool.store = store;
    pool.stop = false;
    jobs_schedule(store, now_ms());
    pool.count = runners < MAX_RUNNERS ? runners : MAX_RUNNERS;
    start_thread(&pool.keeper, keep, NULL);
    for (int i = 0; i < pool.count; i++)
        start_thread(&pool.runner[i], run, (void *)(intptr_t)i);
}

void jobs_stop(void)
{
    if (!pool.count)
        return;
    pthread_mutex_lock(&pool.lock);
    pool.stop = true;
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.lock);
    for (int i = 0; i < pool.count; i++)
        pthread_join(pool.runner[i], NULL);
    pthread_mutex_lock(&pool.lock);
    pool.count = 0;
    pthread_cond_signal(&pool.stopped);
    pthread_mutex_unlock(&pool.lock);
    pthread_join(pool.keeper, NULL);
}

void jobs_drain(Store *store, int64_t now)
{
    Taken taken;
    jobs_schedule(store, now);
    while (job_take(store, now, &taken))
        job_run(store, &taken, now);
}
