/* What the store promises when memory, disk or files fail: a write that was answered stands, one that got a
 * fault does not, and the store works again when the cause has gone. Every point where something can fail is
 * made to fail in turn. */
#include "store/tests/things.h"
#include "store/tests/shim_vfs.h"
#include "store/engine.h"

#include <semaphore.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WRITES = 9, GROUPED = 4, TURNS_MOST = 3000 };

/* ---- The work: some writes one by one, some together, one large ---- */

typedef struct Outcome {
    int64_t id;
    bool answered;
    Fault fault;
    sem_t *sem;
} Outcome;

/* Two tables, so that a half would show. */
static void add_two(Db *db, void *argument)
{
    int64_t id = ((Outcome *)argument)->id;
    size_t size = id == 3 ? 200000 : 100;
    char *raw = alloc(size);
    db_exec(db, "insert into thing (id, count, name, raw) values (?1, 0, ?2, ?3)", I(id),
            T(fmt("n%lld", (long long)id)), X(raw, size));
    db_exec(db, "insert into counter (id, n) values (?1, ?1)", I(id + 100));
}

static void note(void *argument, const Fault *fault)
{
    Outcome *outcome = argument;
    if (fault)
        outcome->fault = *fault;
    outcome->answered = true;
    sem_post(outcome->sem);
}

static void work(Store *store, Outcome outcomes[WRITES])
{
    static sem_t sem;
    sem_init(&sem, 0, 0);
    for (int i = 0; i < WRITES; i++) {
        outcomes[i] = (Outcome){ .id = i + 1, .sem = &sem };
        store_write(store, add_two, note, &outcomes[i]);
        bool alone = i < WRITES - GROUPED;
        for (int waits = alone ? 1 : i == WRITES - 1 ? GROUPED : 0; waits; waits--)
            sem_wait(&sem);
    }
}

/* ---- What must be so afterwards ---- */

static int64_t count_of(Store *store, int64_t id)
{
    Db *db = store_read_begin(store);
    int64_t n = db_int(db, "select count(*) from thing where id = ?1", I(id)) +
                db_int(db, "select count(*) from counter where id = ?1", I(id + 100));
    store_read_end(db);
    return n;
}

static void check_outcomes(Store *store, const Outcome *outcomes, const char *when)
{
    CHECK_TEXT(store_integrity(store), "");
    for (int i = 0; i < WRITES; i++) {
        int64_t n = count_of(store, outcomes[i].id);
        const char *code = outcomes[i].fault.kind ? outcomes[i].fault.code : "stands";
        bool right =
            text_is(code, "store.unknown") ? n == 0 || n == 2 : n == (outcomes[i].fault.kind ? 0 : 2);
        if (!right || !outcomes[i].answered)
            raise_fault(FAULT_INTERNAL, "test", "%s: write %d: %s, but %d of 2 rows are there (%s)", when,
                        i + 1, code, (int)n, outcomes[i].fault.message);
    }
}

static void copy_file(const char *from, const char *to)
{
    CHECK_INT(system(fmt("cp %s %s 2>/dev/null || rm -f %s", from, to, to)), 0);
}

/* What would be there if the process had died now: the files without the shared index. */
static void check_after_death(const char *path, const Outcome *outcomes, const char *when)
{
    char *copy = fmt("%s.copy", path);
    copy_file(path, copy);
    copy_file(fmt("%s-wal", path), fmt("%s-wal", copy));
    Store *store = store_open(&(StoreOptions){ .url = fmt("sqlite:%s", copy), .readers = 1 });
    check_outcomes(store, outcomes, when);
    store_close(store);
    unlink(copy);
}

/* One turn: the n-th operation fails. False: there were not so many. */
static bool turn(ShimMode mode, long n, bool fails_at_close)
{
    static const char *const modes[] = { "once", "dead", "full" };
    char *when = fmt("%s, operation %ld", modes[mode], n), *folder = fmt("/tmp/sen-shim-XXXXXX");
    CHECK(mkdtemp(folder));
    char *path = fmt("%s/sen.db", folder), *url = fmt("sqlite:%s", path);
    Outcome outcomes[WRITES];
    Store *store = store_open(&(StoreOptions){ .url = url, .readers = 1 });
    store_migrate(store, &things_migration, 1);
    shim_arm(mode, n);
    work(store, outcomes);
    int failures = 0;
    if (!fails_at_close) {
        failures = shim_disarm();
        check_after_death(path, outcomes, fmt("%s, after death", when));
        WRITE(store, "insert into counter (id, n) values (?1, 0)", I(1000)); /* it works again */
        check_outcomes(store, outcomes, when);
    }
    store_close(store);
    failures += fails_at_close ? shim_disarm() : 0;
    store = store_open(&(StoreOptions){ .url = url, .readers = 1 });
    check_outcomes(store, outcomes, fmt("%s, opened again", when));
    store_close(store);
    CHECK_INT(system(fmt("rm -r %s", folder)), 0);
    return failures;
}

static void all_turns(ShimMode mode, bool fails_at_close)
{
    long n = 1;
    for (bool more = true; more && n < TURNS_MOST; n++) {
        Arena *arena = arena_new(0), *before = arena_use(arena);
        more = turn(mode, n, fails_at_close);
        arena_use(before);
        arena_free(arena);
    }
    CHECK(n > 30 && n < TURNS_MOST);
}

static void need_sqlite(void)
{
    const char *url = getenv("SEN_TEST_STORE");
    if (!text_empty(url) && !text_starts(url, "sqlite"))
        test_skip("about SQLite's files");
}

TEST(every_commit_is_synced_before_its_answer)
{
    need_sqlite();
    Store *store = open_things();
    for (int i = 0; i < 20; i++) {
        long before = shim_syncs();
        WRITE(store, "update counter set n = n + 1");
        CHECK(shim_syncs() > before);
    }
    test_store_close(store);
}

TEST(one_failed_file_operation_never_makes_an_answer_untrue)
{
    need_sqlite();
    all_turns(SHIM_ONCE, false);
}

TEST(a_disk_that_dies_never_makes_an_answer_untrue)
{
    need_sqlite();
    all_turns(SHIM_DEAD, false);
}

TEST(a_full_disk_never_makes_an_answer_untrue)
{
    need_sqlite();
    all_turns(SHIM_FULL, false);
}

TEST(a_failure_while_closing_loses_nothing)
{
    need_sqlite();
    all_turns(SHIM_ONCE, true);
    all_turns(SHIM_DEAD, true);
}

/* ---- Memory ---- */

static void nothing(void *argument)
{
    (void)argument;
}

static void typical(Db *db, void *argument)
{
    add_two(db, argument);
    CHECK_INT(json_array_size(db_rows(db, "select id, name, count from thing order by id")), 1);
    db_exec(db, "update counter set n = n + 1 where id = ?1", I(((Outcome *)argument)->id + 100));
    db_after_commit(db, nothing, NULL);
}

static void typical_read(Store *store, int64_t id)
{
    Db *db = store_read_begin(store);
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        CHECK_TEXT(json_str(db_row(db, "select * from thing where id = ?1", I(id)), "name"),
                   fmt("n%lld", (long long)id));
        guard_leave(&guard);
    }
    store_read_end(db);
    if (guard.fault.kind)
        raise_again(&guard.fault);
}

/* How to make the n-th allocation fail (0: none), and how many are left until then. */
typedef struct Failing {
    void (*arm)(long n);
    long (*left)(void);
} Failing;

/* Runs it with the n-th allocation failing; what was answered stands, the other does not. False: there were
 * not so many. */
static bool memory_turn(Store *store, Outcome *outcome, const Failing *failing)
{
    Guard guard;
    guard_enter(&guard);
    failing->arm(outcome->id);
    if (setjmp(guard.at) == 0) {
        store_write_wait(store, typical, outcome);
        outcome->answered = true;
        typical_read(store, outcome->id);
        guard_leave(&guard);
    }
    bool failed = failing->left() == 0;
    failing->arm(0);
    if (guard.fault.kind)
        CHECK_INT(guard.fault.kind, FAULT_MEMORY);
    CHECK_INT(count_of(store, outcome->id), outcome->answered ? 2 : 0);
    CHECK_INT(read_int(store, "select count(*) from thing"), outcome->answered);
    WRITE(store, "delete from thing");
    WRITE(store, "delete from counter");
    return failed;
}

static void memory_turns(const Failing *failing)
{
    Store *store = open_things();
    WRITE(store, "delete from counter");
    long n = 1;
    for (bool more = true; more; n++) {
        Arena *arena = arena_new(0), *before = arena_use(arena);
        Outcome outcome = { .id = n };
        atomic_fetch_add(&store->epoch,
                         1); /* statements are prepared anew: their allocations are part of it */
        more = memory_turn(store, &outcome, failing);
        arena_use(before);
        arena_free(arena);
    }
    CHECK(n > 10);
    CHECK_TEXT(store_integrity(store), "");
    test_store_close(store);
}

/* ---- SQLite's own memory ---- */

static sqlite3_mem_methods real_memory;
static atomic_long sqlite_countdown;

static bool memory_fails(void)
{
    return atomic_load(&sqlite_countdown) > 0 && atomic_fetch_sub(&sqlite_countdown, 1) == 1;
}

static void *failing_malloc(int size)
{
    return memory_fails() ? NULL : real_memory.xMalloc(size);
}

static void *failing_realloc(void *old, int size)
{
    return memory_fails() ? NULL : real_memory.xRealloc(old, size);
}

static void sqlite_fail_after(long n)
{
    atomic_store(&sqlite_countdown, n);
}

static long sqlite_left(void)
{
    return atomic_load(&sqlite_countdown);
}

static void make_sqlite_memory_fail(void)
{
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory);
    sqlite3_mem_methods own = real_memory;
    own.xMalloc = failing_malloc;
    own.xRealloc = failing_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &own);
}

TEST(every_allocation_of_ours_can_fail)
{
    memory_turns(&(Failing){ alloc_fail_after, alloc_failures_left });
}

TEST(every_allocation_of_sqlite_can_fail)
{
    need_sqlite();
    memory_turns(&(Failing){ sqlite_fail_after, sqlite_left });
}

int main(void)
{
    make_sqlite_memory_fail();
    shim_install();
    return run_tests((Test[]){ TEST_CASE(every_commit_is_synced_before_its_answer),
                               TEST_CASE(one_failed_file_operation_never_makes_an_answer_untrue),
                               TEST_CASE(a_disk_that_dies_never_makes_an_answer_untrue),
                               TEST_CASE(a_full_disk_never_makes_an_answer_untrue),
                               TEST_CASE(a_failure_while_closing_loses_nothing),
                               TEST_CASE(every_allocation_of_ours_can_fail),
                               TEST_CASE(every_allocation_of_sqlite_can_fail),
                               { 0 } });
}
