/* Background jobs: once, again after a failure, back after a crash, by the clock once in the whole cluster.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/test.h"
#include "base/text.h"
#include "platform/jobs/background.h"
#include "platform/jobs/runner.h"
#include "store/test_store.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

static const char *const ran_sql =
    "create table ran (id bigint primary key, type text, n bigint, attempt bigint)";
static const int64_t start = 1795000000000;

static _Atomic bool failing;
static _Atomic int slow_runs;

static void note(Db *db, const Work *work)
{
    db_exec(db, "insert into ran (id, type, n, attempt) values (?1, ?2, ?3, ?4)", I(id_new()), T(work->topic),
            I(json_int(work->data, "n")), I(work->attempt));
}

static void plain(Work *work)
{
    note(work->db, work);
    if (failing)
        raise_fault(FAULT_INTERNAL, "test.failing", "the other side does not answer");
}

static void note_slowly(Db *db, void *argument)
{
    note(db, argument);
}

static void slow(Work *work)
{
    slow_runs++;
    CHECK(!db_writable(work->db));
    store_write_wait(db_store(work->db), note_slowly, work);
}

static const Job jobs[] = {
    { .type = "test.plain", .run = plain, .max_attempts = 3 },
    { .type = "test.slow", .run = slow, .slow = true },
    { 0 },
};
static const Solution once_only = { .name = "test", .jobs = jobs };
static const Job hourly[] = { { .type = "test.hourly", .run = plain, .every_s = 3600, .max_attempts = 2 },
                              { 0 } };
static const Solution scheduled = { .name = "clock", .jobs = hourly };

static Store *open_store(const Solution *solution)
{
    static const Solution *list[2];
    Store *store = test_store_open();
    list[0] = solution;
    solutions_use(list);
    failing = false;
    test_store_migrate(store, (const char *const[]){ "src/platform/jobs", NULL });
    store_migrate(store, &(Migration){ "test/0001-ran", ran_sql }, 1);
    return store;
}

typedef struct Ask {
    const char *type, *key;
    int64_t n, run_at, id;
    bool reject;
} Ask;

static void add(Db *db, void *argument)
{
    Ask *ask = argument;
    ask->id = jobs_add(db, ask->type, ask->key, json_set_int(json_new(), "n", ask->n), ask->run_at);
    if (ask->reject)
        db_reject(db);
}

static int64_t want(Store *store, const char *type, const char *key, int64_t n, int64_t run_at)
{
    Ask ask = { .type = type, .key = key, .n = n, .run_at = run_at };
    store_write_wait(store, add, &ask);
    return ask.id;
}

static int64_t ask(Store *store, const char *sql)
{
    Db *db = store_read_begin(store);
    int64_t value = db_int(db, sql);
    store_read_end(db);
    return value;
}

static const char *text(Store *store, const char *sql)
{
    Db *db = store_read_begin(store);
    const char *value = db_text(db, sql);
    store_read_end(db);
    return value;
}

TEST(a_job_runs_once_when_its_time_has_come)
{
    Store *store = open_store(&once_only);
    time_freeze(start);
    want(store, "test.plain", NULL, 1, 0);
    want(store, "test.plain", NULL, 2, start + HOUR_MS);
    jobs_drain(store, start);
    jobs_drain(store, start + HOUR_MS - 1);
    CHECK_INT(ask(store, "select count(*) from ran"), 1);
    CHECK_INT(ask(store, "select n from ran"), 1);
    jobs_drain(store, start + HOUR_MS);
    jobs_drain(store, start + 2 * HOUR_MS);
    CHECK_INT(ask(store, "select count(*) from ran"), 2);
    CHECK_INT(ask(store, "select count(*) from job where state = 'done'"), 2);
    test_store_close(store);
}

TEST(a_job_asked_for_in_a_transaction_that_is_undone_does_not_exist)
{
    Store *store = open_store(&once_only);
    Ask refused = { .type = "test.plain", .reject = true };
    store_write_wait(store, add, &refused);
    CHECK_INT(ask(store, "select count(*) from job"), 0);
    test_store_close(store);
}

TEST(a_key_is_unique_among_waiting_jobs_of_its_type)
{
    Store *store = open_store(&once_only);
    time_freeze(start);
    int64_t first = want(store, "test.plain", "dossier:1", 1, start + HOUR_MS);
    CHECK_INT(want(store, "test.plain", "dossier:1", 2, start + 2 * HOUR_MS), first);
    CHECK(want(store, "test.slow", "dossier:1", 3, start + HOUR_MS) != first);
    CHECK(want(store, "test.plain", "dossier:2", 4, start + HOUR_MS) != first);
    CHECK_INT(ask(store, "select count(*) from job"), 3);
    jobs_drain(store, start + HOUR_MS); /* the earlier time and the newer payload stand */
    CHECK_INT(ask(store, "select count(*) from ran where n = 2"), 1);
    CHECK_INT(ask(store, "select count(*) from ran where n = 1"), 0);
    CHECK(want(store, "test.plain", "dossier:1", 5, 0) != first); /* the first has run */
    test_store_close(store);
}

static void cancel(Db *db, void *unused)
{
    (void)unused;
    jobs_cancel(db, "test.plain", "reminder");
}

TEST(a_cancelled_job_does_not_run)
{
    Store *store = open_store(&once_only);
    time_freeze(start);
    want(store, "test.plain", "reminder", 1, start + HOUR_MS);
    store_write_wait(store, cancel, NULL);
    jobs_drain(store, start + DAY_MS);
    CHECK_INT(ask(store, "select count(*) from ran"), 0);
    test_store_close(store);
}

TEST(a_failing_job_is_tried_again_later_and_parked_with_its_error)
{
    Store *store = open_store(&once_only);
    time_freeze(start);
    failing = true;
    want(store, "test.plain", NULL, 1, 0);
    jobs_drain(store, start);
    CHECK_INT(ask(store, "select count(*) from ran"), 0); /* what it wrote was undone */
    CHECK_INT(ask(store, "select run_at from job"), start + MINUTE_MS);
    jobs_drain(store, start + MINUTE_MS - 1);
    CHECK_INT(ask(store, "select attempts from job"), 1);
    jobs_drain(store, start + MINUTE_MS);
    CHECK_INT(ask(store, "select run_at from job"), start + 6 * MINUTE_MS);
    jobs_drain(store, start + 6 * MINUTE_MS);
    CHECK_TEXT(text(store, "select state from job"), "parked");
    CHECK_TEXT(text(store, "select error from job"), "test.failing: the other side does not answer");
    failing = false;
    jobs_drain(store, start + 365 * (int64_t)DAY_MS);
    CHECK_INT(ask(store, "select count(*) from ran"), 0);
    test_store_close(store);
}

TEST(back_off_is_one_and_five_and_thirty_minutes_then_two_and_six_hours)
{
    CHECK_INT(backoff_ms(1), MINUTE_MS);
    CHECK_INT(backoff_ms(2), 5 * MINUTE_MS);
    CHECK_INT(backoff_ms(3), 30 * MINUTE_MS);
    CHECK_INT(backoff_ms(4), 2 * HOUR_MS);
    CHECK_INT(backoff_ms(5), 6 * HOUR_MS);
    CHECK_INT(backoff_ms(50), 6 * HOUR_MS);
}

TEST(a_failed_job_gives_way_to_a_newer_one_with_its_key)
{
    Store *store = open_store(&once_only);
    Taken taken;
    time_freeze(start);
    want(store, "test.plain", "k", 1, 0);
    CHECK(job_take(store, start, &taken));
    want(store, "test.plain", "k", 2, 0); /* while the first runs */
    failing = true;
    job_run(store, &taken, start);
    CHECK_INT(ask(store, "select count(*) from job where state = 'replaced'"), 1);
    failing = false;
    jobs_drain(store, start);
    CHECK_INT(ask(store, "select count(*) from ran where n = 2"), 1);
    CHECK_INT(ask(store, "select count(*) from ran"), 1);
    test_store_close(store);
}

TEST(the_job_of_a_node_that_died_comes_back_when_its_lease_has_run_out)
{
    Store *store = open_store(&once_only);
    Taken dead;
    time_freeze(start);
    want(store, "test.plain", NULL, 1, 0);
    CHECK(job_take(store, start, &dead)); /* and the node dies */
    jobs_drain(store, start + LEASE_MS);
    CHECK_INT(ask(store, "select count(*) from ran"), 0);
    job_keep(store, &dead.id, 1, start + LEASE_MS / 2); /* or lives after all: its keeper renews the lease */
    jobs_drain(store, start + LEASE_MS + 1);
    CHECK_INT(ask(store, "select count(*) from ran"), 0);
    jobs_drain(store, start + LEASE_MS / 2 + LEASE_MS + 1);
    CHECK_INT(ask(store, "select attempt from ran"), 2);
    job_run(store, &dead, start + HOUR_MS); /* the dead one rises and finds that it has lost the job */
    CHECK_INT(ask(store, "select count(*) from ran"), 1);
    CHECK_TEXT(text(store, "select state from job"), "done");
    test_store_close(store);
}

TEST(a_job_that_kills_its_process_every_time_is_parked)
{
    Store *store = open_store(&once_only);
    Taken dead;
    int64_t now = start;
    time_freeze(start);
    want(store, "test.plain", NULL, 1, 0);
    for (int i = 0; i < 3; i++, now += LEASE_MS + 1)
        CHECK(job_take(store, now, &dead));
    jobs_drain(store, now);
    CHECK_TEXT(text(store, "select state from job"), "parked");
    CHECK_TEXT(text(store, "select error from job"), "jobs.crashed: the process ended while it ran this job");
    CHECK_INT(ask(store, "select count(*) from ran"), 0);
    test_store_close(store);
}

TEST(a_slow_job_reads_and_opens_its_own_write)
{
    Store *store = open_store(&once_only);
    time_freeze(start);
    slow_runs = 0;
    want(store, "test.slow", NULL, 4, 0);
    jobs_drain(store, start);
    jobs_drain(store, start + DAY_MS);
    CHECK_INT(slow_runs, 1);
    CHECK_INT(ask(store, "select n from ran"), 4);
    CHECK_TEXT(text(store, "select state from job"), "done");
    test_store_close(store);
}

TEST(a_scheduled_job_runs_every_hour_also_after_failures)
{
    Store *store = open_store(&scheduled);
    time_freeze(start);
    jobs_drain(store, start);
    jobs_drain(store, start + HOUR_MS - 1);
    CHECK_INT(ask(store, "select count(*) from ran"), 1);
    jobs_drain(store, start + HOUR_MS);
    CHECK_INT(ask(store, "select count(*) from ran"), 2);
    failing = true;
    for (int i = 0; i < 10; i++)
        jobs_drain(store, start + (3 + i) * (int64_t)HOUR_MS);
    CHECK_TEXT(text(store, "select state from job"), "waiting");
    CHECK_INT(ask(store, "select count(*) from job"), 1);
    failing = false;
    jobs_drain(store, start + 20 * (int64_t)HOUR_MS);
    CHECK_INT(ask(store, "select count(*) from ran"), 3);
    CHECK(text(store, "select error from job") == NULL);
    test_store_close(store);
}

static bool within_s(Store *store, int seconds, const char *sql, int64_t wanted)
{
    for (int i = 0; i < seconds * 100; i++) {
        if (ask(store, sql) == wanted)
            return true;
        nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
    }
    return false;
}

static const Job both_jobs[] = {
    { .type = "test.plain", .run = plain },
    { .type = "test.hourly", .run = plain, .every_s = 3600 },
    { 0 },
};
static const Solution both = { .name = "both", .jobs = both_jobs };

TEST(two_runners_run_each_job_once_and_a_schedule_once)
{
    Store *store = open_store(&both);
    time_freeze(0);
    jobs_start(store, 2);
    for (int n = 1; n <= 40; n++)
        want(store, "test.plain", NULL, n, 0);
    CHECK(within_s(store, 30, "select count(*) from job where state = 'done'", 40));
    jobs_stop();
    CHECK_INT(ask(store, "select count(*) from ran where type = 'test.plain'"), 40);
    CHECK_INT(ask(store, "select count(distinct n) from ran where type = 'test.plain'"), 40);
    CHECK_INT(ask(store, "select count(*) from ran where type = 'test.hourly'"), 1);
    test_store_close(store);
}

TEST(a_type_that_this_program_does_not_know_is_left_to_others)
{
    Store *store = open_store(&once_only);
    time_freeze(start);
    want(store, "future.kind", NULL, 1, 0);
    jobs_drain(store, start + DAY_MS);
    CHECK_TEXT(text(store, "select state from job"), "waiting");
    CHECK_INT(ask(store, "select attempts from job"), 0);
    test_store_close(store);
}

int main(void)
{
    return run_tests((Test[]){
        TEST_CASE(a_job_runs_once_when_its_time_has_come),
        TEST_CASE(a_job_asked_for_in_a_transaction_that_is_undone_does_not_exist),
        TEST_CASE(a_key_is_unique_among_waiting_jobs_of_its_type),
        TEST_CASE(a_cancelled_job_does_not_run),
        TEST_CASE(a_failing_job_is_tried_again_later_and_parked_with_its_error),
        TEST_CASE(back_off_is_one_and_five_and_thirty_minutes_then_two_and_six_hours),
        TEST_CASE(a_failed_job_gives_way_to_a_newer_one_with_its_key),
        TEST_CASE(the_job_of_a_node_that_died_comes_back_when_its_lease_has_run_out),
        TEST_CASE(a_job_that_kills_its_process_every_time_is_parked),
        TEST_CASE(a_slow_job_reads_and_opens_its_own_write),
        TEST_CASE(a_scheduled_job_runs_every_hour_also_after_failures),
        TEST_CASE(two_runners_run_each_job_once_and_a_schedule_once),
        TEST_CASE(a_type_that_this_program_does_not_know_is_left_to_others),
        { 0 },
    });
}
