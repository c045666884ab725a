/* Facts about transactions side by side: grouping, isolation, order, retries, backups. */
#include "store/tests/things.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Writes that are queued together ---- */

typedef struct Queued {
    int64_t id;
    Fault fault;
    int place; /* in the order of answers; 0: none yet */
    int after_place;
    void (*also)(Db *db);
} Queued;

static sem_t gate, answered;
static atomic_int answers;

static void hold(Db *db, void *argument)
{
    (void)db;
    (void)argument;
    while (sem_wait(&gate) != 0) {
    }
}

static void note_after(void *argument)
{
    ((Queued *)argument)->after_place = atomic_fetch_add(&answers, 1) + 1;
}

static void add_queued(Db *db, void *argument)
{
    Queued *queued = argument;
    db_after_commit(db, note_after, queued);
    db_exec(db, "insert into thing (id, count, name) values (?1, 0, ?2)", I(queued->id),
            T(fmt("n%lld", (long long)queued->id)));
    if (queued->also)
        queued->also(db);
}

static void note_answer(void *argument, const Fault *fault)
{
    Queued *queued = argument;
    if (fault)
        queued->fault = *fault;
    queued->place = atomic_fetch_add(&answers, 1) + 1;
    sem_post(&answered);
}

/* Holds the first writer, so that all of these wait together, then lets them go and waits for their answers.
 */
static void write_together(Store *store, Queued *queued, int count)
{
    sem_init(&gate, 0, 0);
    sem_init(&answered, 0, 0);
    atomic_store(&answers, 0);
    store_write(store, hold, NULL, NULL);
    for (int i = 0; i < count; i++)
        store_write(store, add_queued, note_answer, &queued[i]);
    sem_post(&gate);
    for (int i = 0; i < count; i++)
        while (sem_wait(&answered) != 0) {
        }
}

static void conflict(Db *db)
{
    db_exec(db, "insert into thing (id, count) select min(id), 0 from thing");
}

static void break_rule(Db *db)
{
    (void)db;
    raise_fault(FAULT_LIMIT, "test.limit", "enough");
}

TEST(neighbours_of_a_failed_write_stand)
{
    Store *store = open_things();
    Queued queued[] = { { .id = 1 },
                        { .id = 2, .also = conflict },
                        { .id = 3 },
                        { .id = 4, .also = db_reject },
                        { .id = 5, .also = break_rule },
                        { .id = 6 } };
    write_together(store, queued, 6);
    CHECK(!queued[0].fault.kind && !queued[2].fault.kind && !queued[3].fault.kind && !queued[5].fault.kind);
    CHECK_TEXT(queued[1].fault.code, "store.unique");
    CHECK_TEXT(queued[4].fault.code, "test.limit");
    Db *db = store_read_begin(store);
    CHECK_TEXT(json_text(db_rows(db, "select id from thing order by id")),
               "[{\"id\":\"1\"},{\"id\":\"3\"},{\"id\":\"6\"}]");
    store_read_end(db);
    for (int i = 0; i < 6; i++) /* only what stands is followed up, and before its answer */
        CHECK(i == 0 || i == 2 || i == 5 ? queued[i].after_place && queued[i].after_place < queued[i].place
                                         : !queued[i].after_place);
    test_store_close(store);
}

TEST(one_commit_serves_many_writes)
{
    Store *store = open_things();
    if (store_engine(store) == ENGINE_POSTGRES) {
        test_store_close(store);
        test_skip("PostgreSQL groups commits itself");
    }
    static Queued queued[300];
    memset(queued, 0, sizeof queued);
    for (int i = 0; i < 300; i++)
        queued[i].id = i + 1;
    int64_t commits = store_stats(store).commits, writes = store_stats(store).writes;
    write_together(store, queued, 300);
    CHECK_INT(read_int(store, "select count(*) from thing"), 300);
    CHECK(store_stats(store).writes - writes >= 300);
    CHECK(store_stats(store).commits - commits <= 20);
    for (int i = 1; i < 300; i++)
        CHECK(queued[i].place > queued[i - 1].place);
    test_store_close(store);
}

TEST(a_full_queue_refuses_instead_of_growing)
{
    Store *store = test_store_open();
    int held = store_engine(store) == ENGINE_POSTGRES ? 8 : 1;
    sem_init(&gate, 0, 0);
    for (int i = 0; i < held; i++)
        store_write(store, hold, NULL, NULL);
    while (read_int(store, "select 1") && store_stats(store).reads < 20) /* until they have been taken */
        usleep(10000);
    for (int i = 0; i < 10000; i++)
        store_write(store, hold, NULL, NULL);
    CHECK_FAULT(FAULT_LIMIT, store_write(store, hold, NULL, NULL));
    for (int i = 0; i < 10000 + held; i++)
        sem_post(&gate);
    test_store_close(store); /* which ends them all */
}

/* ---- Side by side ---- */

enum { THREADS = 8, INCREMENTS = 500 };

static void increment(Db *db, void *argument)
{
    (void)argument;
    int64_t n = db_int(db, "select n from counter where id = 1");
    db_exec(db, "update counter set n = ?1 where id = 1", I(n + 1));
}

static atomic_int refused;

static void increment_once(Store *store)
{
    Guard guard;
    for (bool done = false; !done;) {
        guard_enter(&guard);
        if (setjmp(guard.at) == 0) {
            store_write_wait(store, increment, NULL);
            guard_leave(&guard);
            return;
        }
        if (guard.fault.kind != FAULT_RETRY) {
            atomic_fetch_add(&refused, 1);
            return;
        }
    }
}

static void *increment_often(void *argument)
{
    Arena *arena = arena_new(0);
    arena_use(arena);
    for (int i = 0; i < INCREMENTS; i++) {
        increment_once(argument);
        arena_reset(arena);
    }
    arena_use(NULL);
    arena_free(arena);
    return NULL;
}

static void run_threads(void *(*run)(void *), void *argument, int count)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, run, argument);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

TEST(increments_by_many_threads_lose_none)
{
    Store *store = open_things();
    atomic_store(&refused, 0);
    run_threads(increment_often, store, THREADS);
    CHECK_INT(refused, 0);
    CHECK_INT(read_int(store, "select n from counter where id = 1"), THREADS * INCREMENTS);
    if (store_engine(store) == ENGINE_POSTGRES)
        CHECK(store_stats(store).retries > 0);
    else
        CHECK_INT(store_stats(store).retries, 0);
    test_store_close(store);
}

TEST(a_read_sees_one_unchanging_state)
{
    Store *store = open_things();
    Db *db = store_read_begin(store);
    CHECK_INT(db_int(db, "select n from counter where id = 1"), 0);
    store_write_wait(store, increment, NULL);
    CHECK_INT(db_int(db, "select n from counter where id = 1"), 0);
    CHECK(!db_writable(db) && db_store(db) == store && db_engine(db) == store_engine(store));
    CHECK(db_queries(db) == 2 && db_time_us(db) > 0);
    store_read_end(db);
    CHECK_INT(read_int(store, "select n from counter where id = 1"), 1);
    test_store_close(store);
}

/* Two accounts whose sum never changes, whoever looks. */
static void move(Db *db, void *argument)
{
    (void)argument;
    db_exec(db, "update thing set count = count - 1 where id = 1");
    db_exec(db, "update thing set count = count + 1 where id = 2");
}

static atomic_bool moving;

static void *keep_moving(void *argument)
{
    Arena *arena = arena_new(0);
    arena_use(arena);
    while (atomic_load(&moving)) {
        Guard guard;
        guard_enter(&guard);
        if (setjmp(guard.at) == 0) {
            store_write_wait(argument, move, NULL);
            guard_leave(&guard);
        }
        arena_reset(arena);
    }
    arena_use(NULL);
    arena_free(arena);
    return NULL;
}

static void check_sum(Store *store)
{
    Db *db = store_read_begin(store);
    int64_t one = db_int(db, "select count from thing where id = 1"),
            two = db_int(db, "select count from thing where id = 2");
    store_read_end(db);
    CHECK_INT(one + two, 2000000);
}

TEST(readers_never_see_half_a_write)
{
    Store *store = open_things();
    pthread_t mover;
    WRITE(store, "insert into thing (id, count) values (1, 1000000), (2, 1000000)");
    atomic_store(&moving, true);
    pthread_create(&mover, NULL, keep_moving, store);
    int64_t commits = store_stats(store).commits;
    for (int i = 0; i < 300 || store_stats(store).commits < commits + 20; i++)
        check_sum(store);
    atomic_store(&moving, false);
    pthread_join(mover, NULL);
    CHECK(read_int(store, "select count from thing where id = 2") > 1000000);
    test_store_close(store);
}

TEST(a_backup_taken_while_writing_is_whole)
{
    Store *store = open_things();
    pthread_t mover;
    char *path = fmt("/tmp/sen-backup-%d.db", (int)getpid());
    if (store_engine(store) == ENGINE_POSTGRES) {
        CHECK_FAULT(FAULT_STORE, store_backup(store, path));
        test_store_close(store);
        return;
    }
    WRITE(store, "insert into thing (id, count) values (1, 1000000), (2, 1000000)");
    WRITE(store, "with recursive r(i) as (select 3 union all select i + 1 from r where i < 20000) "
                 "insert into thing (id, count, name) select i, i, 'name ' || i from r");
    atomic_store(&moving, true);
    pthread_create(&mover, NULL, keep_moving, store);
    for (int i = 0; i < 5; i++) {
        store_backup(store, path);
        CHECK_FAULT(FAULT_STORE, store_backup(store, path)); /* never over another one */
        Store *copy = store_open(&(StoreOptions){ .url = fmt("sqlite:%s", path) });
        CHECK_TEXT(store_integrity(copy), "");
        CHECK_INT(read_int(copy, "select count(*) from thing"), 20000);
        check_sum(copy);
        store_close(copy);
        CHECK_INT(unlink(path), 0);
    }
    atomic_store(&moving, false);
    pthread_join(mover, NULL);
    CHECK_TEXT(store_integrity(store), "");
    test_store_close(store);
}

/* ---- PostgreSQL only: what its isolation and its network bring ---- */

/* Each reads what the other writes: no order of the two gives what both saw, so one must be run again. */
static sem_t both_read;
static atomic_int readers_there, runs;

static void skew(Db *db, void *argument)
{
    int64_t id = *(int64_t *)argument;
    atomic_fetch_add(&runs, 1);
    int64_t sum = db_int(db, "select sum(count) from thing");
    if (atomic_fetch_add(&readers_there, 1) < 2) {
        if (atomic_load(&readers_there) == 2) {
            sem_post(&both_read);
            sem_post(&both_read);
        }
        while (sem_wait(&both_read) != 0) {
        }
    }
    if (sum >= 2)
        db_exec(db, "update thing set count = count - 1 where id = ?1", I(id));
}

static void *skew_thread(void *argument)
{
    void **two = argument;
    Arena *arena = arena_new(0);
    arena_use(arena);
    store_write_wait(two[0], skew, two[1]);
    arena_use(NULL);
    arena_free(arena);
    return NULL;
}

TEST(write_skew_does_not_happen)
{
    Store *store = open_things();
    if (store_engine(store) != ENGINE_POSTGRES) {
        test_store_close(store);
        test_skip("SQLite runs one write at a time");
    }
    WRITE(store, "insert into thing (id, count) values (1, 1), (2, 1)");
    int64_t ids[] = { 1, 2 };
    pthread_t threads[2];
    void *arguments[2][2] = { { store, &ids[0] }, { store, &ids[1] } };
    sem_init(&both_read, 0, 0);
    atomic_store(&readers_there, 0);
    atomic_store(&runs, 0);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, skew_thread, arguments[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(read_int(store, "select sum(count) from thing"), 1);
    CHECK(runs >= 3 && store_stats(store).retries >= 1);
    test_store_close(store);
}

static void kill_others(Store *store)
{
    Db *db = store_read_begin(store);
    db_int(db, "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'sen' "
               "and pid <> pg_backend_pid()");
    store_read_end(db);
}

TEST(a_connection_that_breaks_loses_and_doubles_nothing)
{
    Store *store = open_things();
    if (store_engine(store) != ENGINE_POSTGRES) {
        test_store_close(store);
        test_skip("SQLite has no connection that could break");
    }
    pthread_t threads[4];
    Store *killer = store_open(&(StoreOptions){ .url = getenv("SEN_TEST_STORE"), .readers = 1 });
    atomic_store(&refused, 0);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, increment_often, store);
    for (int i = 0; i < 20; i++) {
        usleep(20000);
        kill_others(killer);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(read_int(store, "select n from counter where id = 1"), 4 * INCREMENTS - refused);
    CHECK(refused < INCREMENTS);
    store_close(killer);
    test_store_close(store);
}

int main(void)
{
    return run_tests((Test[]){ TEST_CASE(neighbours_of_a_failed_write_stand),
                               TEST_CASE(one_commit_serves_many_writes),
                               TEST_CASE(a_full_queue_refuses_instead_of_growing),
                               TEST_CASE(increments_by_many_threads_lose_none),
                               TEST_CASE(a_read_sees_one_unchanging_state),
                               TEST_CASE(readers_never_see_half_a_write),
                               TEST_CASE(a_backup_taken_while_writing_is_whole),
                               TEST_CASE(write_skew_does_not_happen),
                               TEST_CASE(a_connection_that_breaks_loses_and_doubles_nothing),
                               { 0 } });
}
