/* Facts about writes that wait together: on SQLite they share a transaction, on PostgreSQL they do not, and
 * nobody can tell. */
#include "store/tests/things.h"

#include <semaphore.h>
#include <stdatomic.h>
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

static const Migration late_migration = {
    "tests/0002-late",
    "create table late (id bigint primary key, thing_id bigint references thing(id) deferrable initially "
    "deferred);\n",
};

static void refer_to_nothing(Db *db)
{
    db_exec(db, "insert into late (id, thing_id) values (1, 999)");
}

static void refer_to_later(Db *db)
{
    db_exec(db, "insert into late (id, thing_id) values (2, 50)");
    db_exec(db, "insert into thing (id, count) values (50, 0)");
}

TEST(references_checked_at_the_end_fail_only_their_own_write)
{
    Store *store = open_things();
    store_migrate(store, &late_migration, 1);
    Queued queued[] = { { .id = 1 },
                        { .id = 2, .also = refer_to_nothing },
                        { .id = 3, .also = refer_to_later } };
    write_together(store, queued, 3);
    CHECK(!queued[0].fault.kind && !queued[2].fault.kind);
    CHECK_TEXT(queued[1].fault.code, "store.reference");
    CHECK_INT(read_int(store, "select count(*) from thing"), 3);
    CHECK_INT(read_int(store, "select id from late"), 2);
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

int main(void)
{
    return run_tests((Test[]){ TEST_CASE(neighbours_of_a_failed_write_stand),
                               TEST_CASE(references_checked_at_the_end_fail_only_their_own_write),
                               TEST_CASE(one_commit_serves_many_writes),
                               TEST_CASE(a_full_queue_refuses_instead_of_growing),
                               { 0 } });
}
