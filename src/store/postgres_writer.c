/* Writing to PostgreSQL: as many threads as the store has readers, each with a connection, each taking one
 * write from the queue at a time.
 *
 * A write is run again when the server could not order it among the others (SQLSTATE 40001, 40P01) and when
 * the connection broke before the commit. Two that compute the same new key (the next number of a chain) may
 * also meet as a unique violation, which is then no fault of theirs: such a write is run again, too, and only
 * when it meets the same key a second time, now from a snapshot in which the other row stands, the conflict
 * is real. When it breaks during the commit nobody knows how it ended, so the server is asked, by the number
 * of the transaction, as soon as it can be reached: a write is never told to have failed when it stands, nor
 * the other way round. Only when the server stays away is the answer "store.unknown". */
#include "store/postgres.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ATTEMPTS_MOST = 8, ASK_TIMES = 100, ASK_PAUSE_MS = 100 };

typedef struct Worker {
    Store *store;
    PostgresDb *db;
    Arena *arena; /* for writes that set none; emptied after each */
    unsigned seed;
    uint64_t conflict; /* the key that this write has met: see PostgresDb.key */
    bool started;
    pthread_t thread;
} Worker;

struct PostgresWriters {
    int count;
    Worker workers[];
};

/* What became of an attempt. */
typedef enum Outcome { STANDS, UNDONE, AGAIN, NOT_KNOWN } Outcome;

/* Waits 0 … 2^attempt ms, so that two that met do not meet again. */
static void pause_before(Worker *w, int attempt)
{
    usleep((useconds_t)(rand_r(&w->seed) % (1000 << attempt)));
}

/* ---- A commit whose end is not known ---- */

static bool reach(Worker *w)
{
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) != 0)
        return false;
    postgres_connect(w->db);
    guard_leave(&guard);
    return true;
}

static Outcome ask_once(Worker *w)
{
    static const struct {
        const char *status;
        Outcome outcome;
    } meanings[] = { { "committed", STANDS }, { "aborted", AGAIN } };
    if (!reach(w))
        return NOT_KNOWN;
    Outcome outcome = NOT_KNOWN; /* in progress: the server has not noticed yet that we are gone */
    const char *const values[] = { w->db->xact };
    PGresult *result =
        PQexecParams(w->db->conn, "select pg_xact_status($1::xid8)", 1, NULL, values, NULL, NULL, 0);
    for (size_t i = 0; PQresultStatus(result) == PGRES_TUPLES_OK && i < 2; i++)
        if (text_is(PQgetvalue(result, 0, 0), meanings[i].status))
            outcome = meanings[i].outcome;
    PQclear(result);
    return outcome;
}

static Outcome ask(Worker *w)
{
    Outcome outcome = ask_once(w);
    for (int i = 0; outcome == NOT_KNOWN && i < ASK_TIMES; i++) {
        usleep(ASK_PAUSE_MS * 1000);
        outcome = ask_once(w);
    }
    return outcome;
}

/* ---- One write ---- */

static Outcome why_undone(Worker *w, const Fault *fault)
{
    if (fault->kind == FAULT_RETRY)
        return AGAIN;
    if (fault->kind != FAULT_CONFLICT || w->db->key == w->conflict)
        return UNDONE;
    w->conflict = w->db->key;
    return AGAIN;
}

static Outcome commit(Worker *w, Fault *fault)
{
    PGresult *result = PQexec(w->db->conn, "commit");
    bool stands = PQresultStatus(result) == PGRES_COMMAND_OK && text_is(PQcmdStatus(result), "COMMIT");
    if (!stands)
        postgres_fault(w->db, result, NULL, fault);
    PQclear(result);
    if (stands)
        return STANDS;
    if (PQstatus(w->db->conn) != CONNECTION_BAD)
        return why_undone(w, fault);
    Outcome outcome = ask(w);
    if (outcome == NOT_KNOWN)
        snprintf(fault->code, sizeof fault->code, "store.unknown");
    return outcome;
}

static bool begin(Worker *w, Mode mode, Fault *fault)
{
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) != 0) {
        *fault = guard.fault;
        return false;
    }
    db_refresh(&w->db->db);
    postgres_begin(&w->db->db, mode);
    guard_leave(&guard);
    return true;
}

static Outcome attempt(Worker *w, const Write *write, Fault *fault)
{
    Db *db = &w->db->db;
    db->after_count = 0;
    w->db->key = 0;
    if (!begin(w, write->mode, fault))
        return fault->kind == FAULT_RETRY ? AGAIN : UNDONE;
    bool stands = write_run(db, write, fault);
    if (stands && !db->rejected)
        return commit(w, fault);
    db->after_count = 0;
    bool lost = PQstatus(w->db->conn) == CONNECTION_BAD;
    postgres_rollback(w->db);
    return lost && fault->kind ? AGAIN : why_undone(w, fault);
}

static void do_write(Worker *w, const Write *write)
{
    Fault fault = { .kind = FAULT_NONE };
    w->conflict = 0;
    Outcome outcome = attempt(w, write, &fault);
    for (int n = 1; outcome == AGAIN && n < ATTEMPTS_MOST; n++) {
        atomic_fetch_add_explicit(&w->store->retries, 1, memory_order_relaxed);
        pause_before(w, n);
        outcome = attempt(w, write, &fault);
    }
    if (outcome == STANDS)
        atomic_fetch_add_explicit(&w->store->commits, 1, memory_order_relaxed);
    else
        w->db->db.after_count = 0;
    write_answer(&w->db->db, write, 0, w->db->db.after_count,
                 outcome != STANDS && fault.kind ? &fault : NULL);
    arena_reset(w->arena);
}

/* ---- The threads ---- */

static void *work(void *argument)
{
    Worker *w = argument;
    Write write;
    arena_use(w->arena);
    while (queue_take(&w->store->queue, &write, 1))
        do_write(w, &write);
    arena_use(NULL);
    return NULL;
}

static void start_worker(Worker *w, Store *store, unsigned seed)
{
    w->store = store;
    w->seed = seed;
    w->db = postgres_db(store, true);
    if (seed == 1)
        postgres_connect(w->db); /* the others connect when they are needed */
    w->arena = arena_new(0);
    w->started = w->arena && pthread_create(&w->thread, NULL, work, w) == 0;
    if (!w->started)
        raise_fault(FAULT_MEMORY, "store.thread", "a writer could not be started");
}

PostgresWriters *postgres_writers_start(Store *store)
{
    PostgresWriters *writers = heap_alloc(sizeof *writers + (size_t)store->readers * sizeof(Worker));
    writers->count = store->readers;
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) != 0) {
        queue_close(&store->queue);
        postgres_writers_join(writers);
        raise_again(&guard.fault);
    }
    for (int i = 0; i < writers->count; i++)
        start_worker(&writers->workers[i], store, (unsigned)i + 1);
    guard_leave(&guard);
    return writers;
}

void postgres_writers_join(PostgresWriters *writers)
{
    for (int i = 0; i < writers->count; i++) {
        Worker *w = &writers->workers[i];
        if (w->started)
            pthread_join(w->thread, NULL);
        if (w->db)
            postgres_disconnect(&w->db->db);
        arena_free(w->arena);
    }
    heap_free(writers);
}
