/* Facts about transactions side by side: isolation, retries, backups, broken connections. */
#include "store/tests/things.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

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

/* The next number of a chain: computed from the last one. */
static atomic_int chain_runs;

static void append(Db *db, void *argument)
{
    (void)argument;
    int64_t last = db_int(db, "select max(id) from thing");
    atomic_fetch_add(&chain_runs, 1);
    db_exec(db, "insert into thing (id, count) values (?1, ?2)", I(last + 1), I(last));
}

static void *append_often(void *store)
{
    Arena *arena = arena_new(0);
    arena_use(arena);
    for (int i = 0; i < 50; i++) {
        Guard guard;
        guard_enter(&guard);
        if (setjmp(guard.at) == 0) {
            store_write_wait(store, append, NULL);
            guard_leave(&guard);
        } else if (guard.fault.kind == FAULT_RETRY) {
            i--;
        } else {
            atomic_fetch_add(&refused, 1);
        }
        arena_reset(arena);
    }
    arena_use(NULL);
    arena_free(arena);
    return NULL;
}

static void append_again(Db *db, void *argument)
{
    (void)argument;
    atomic_fetch_add(&chain_runs, 1);
    db_exec(db, "insert into thing (id, count) values (1, 0)");
}

TEST(numbers_of_a_chain_have_no_gap_and_no_conflict_but_a_real_one)
{
    Store *store = open_things();
    atomic_store(&refused, 0);
    run_threads(append_often, store, THREADS);
    CHECK_INT(refused, 0);
    CHECK_INT(read_int(store, "select max(id) from thing"), THREADS * 50);
    atomic_store(&chain_runs, 0);
    CHECK_FAULT(FAULT_CONFLICT, store_write_wait(store, append_again, NULL));
    CHECK(chain_runs <= 2);
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
    return run_tests((Test[]){ TEST_CASE(increments_by_many_threads_lose_none),
                               TEST_CASE(numbers_of_a_chain_have_no_gap_and_no_conflict_but_a_real_one),
                               TEST_CASE(a_read_sees_one_unchanging_state),
                               TEST_CASE(readers_never_see_half_a_write),
                               TEST_CASE(a_backup_taken_while_writing_is_whole),
                               TEST_CASE(write_skew_does_not_happen),
                               TEST_CASE(a_connection_that_breaks_loses_and_doubles_nothing),
                               { 0 } });
}
