/* A process that writes is killed (SIGKILL) at random moments. Whatever it had acknowledged must be there
 * when the store is opened again. */
#include "store/tests/things.h"
#include "base/clock.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 20, WRITERS = 4, NUMBERS = 1 << 20 };

static char url[600];
static bool acknowledged[NUMBERS];

/* ---- The child ---- */

static atomic_long next_number;
static int pipe_out;

static void add_number(Db *db, void *argument)
{
    int64_t number = *(int64_t *)argument;
    db_exec(db, "insert into thing (id, count) values (?1, ?2)", I(number), I(number));
    db_exec(db, "update counter set n = n + 1 where id = 1");
}

static void *write_numbers(void *store)
{
    arena_use(arena_new(0));
    for (;;) {
        int64_t number = atomic_fetch_add(&next_number, 1);
        Guard guard;
        guard_enter(&guard);
        if (setjmp(guard.at) == 0) {
            store_write_wait(store, add_number, &number);
            guard_leave(&guard);
            if (write(pipe_out, &number, sizeof number) != sizeof number)
                _exit(1);
        }
        arena_reset(arena_current());
    }
    return NULL;
}

static void child(int64_t first)
{
    pthread_t thread;
    Store *store = store_open(&(StoreOptions){ .url = url, .readers = WRITERS });
    atomic_store(&next_number, first);
    for (int i = 0; i < WRITERS; i++)
        pthread_create(&thread, NULL, write_numbers, store);
    for (;;)
        pause();
}

/* ---- The parent ---- */

static int64_t read_numbers(int fd, int64_t *highest)
{
    int64_t number, count = 0;
    while (read(fd, &number, sizeof number) == sizeof number && number < NUMBERS) {
        acknowledged[number] = true;
        *highest = number > *highest ? number : *highest;
        count++;
    }
    return count;
}

/* Returns how many writes were acknowledged before the end. */
static int64_t round_of_killing(int64_t *highest)
{
    int ends[2];
    int64_t number;
    CHECK_INT(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        pipe_out = ends[1];
        child(*highest + 1000);
    }
    close(ends[1]);
    CHECK_INT(read(ends[0], &number, sizeof number), sizeof number); /* it is at work */
    acknowledged[number] = true;
    *highest = number > *highest ? number : *highest;
    usleep((useconds_t)(random() % 30000));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    int64_t count = 1 + read_numbers(ends[0], highest);
    close(ends[0]);
    return count;
}

static bool see_number(Json row, void *argument)
{
    bool *there = argument;
    int64_t id = json_id(row, "id");
    if (id < NUMBERS)
        there[id] = true;
    return true;
}

/* The number of those that are there. */
static int64_t check_all_there(void)
{
    Store *store = store_open(&(StoreOptions){ .url = url, .readers = 1 });
    bool *there = alloc(NUMBERS);
    CHECK_TEXT(store_integrity(store), "");
    Db *db = store_read_begin(store);
    db_each(db, "select id from thing", VALUES(), see_number, there);
    int64_t rows = db_int(db, "select count(*) from thing");
    CHECK_INT(db_int(db, "select n from counter where id = 1"), rows); /* no half of a write */
    store_read_end(db);
    store_close(store);
    for (int64_t i = 0; i < NUMBERS; i++)
        if (acknowledged[i] && !there[i])
            raise_fault(FAULT_INTERNAL, "test", "write %lld was acknowledged and is not there", (long long)i);
    return rows;
}

TEST(what_was_acknowledged_outlives_the_process)
{
    const char *given = getenv("SEN_TEST_STORE");
    char folder[] = "/tmp/sen-crash-XXXXXX";
    bool own = text_empty(given) || text_is(given, "sqlite");
    int64_t total = 0, highest = 0, rows = 0;
    srandom((unsigned)now_ms());
    CHECK(mkdtemp(folder));
    snprintf(url, sizeof url, "%s", own ? fmt("sqlite:%s/sen.db", folder) : given);
    test_store_close(test_store_open()); /* empties PostgreSQL */
    Store *store = store_open(&(StoreOptions){ .url = url });
    store_migrate(store, &things_migration, 1);
    store_close(store); /* no thread may run while we fork */
    for (int i = 0; i < ROUNDS; i++) {
        Arena *arena = arena_new(0), *before = arena_use(arena);
        total += round_of_killing(&highest);
        rows = check_all_there();
        arena_use(before);
        arena_free(arena);
    }
    CHECK(total >= ROUNDS && rows >= total);
    CHECK_INT(system(fmt("rm -r %s", folder)), 0);
}

int main(void)
{
    return run_tests((Test[]){ TEST_CASE(what_was_acknowledged_outlives_the_process), { 0 } });
}
