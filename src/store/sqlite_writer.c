/* The one thread that writes to SQLite, with group commit.
 *
 * It takes all writes that wait, begins, runs each in a savepoint of its own (one that fails or is rejected
 * takes nothing of its neighbours with it), and commits them together: one fsync for all. While the disk
 * works the next ones gather, so batches grow with the load by themselves. Answers go out only after the
 * commit, also to those that were refused: what they saw came from their neighbours.
 *
 * When the disk fails:
 *   - in the middle of a write: SQLite may have undone the whole transaction. The culprit gets the fault, the
 * others are run again.
 *   - at the commit: everybody gets the fault. The pages of the failed commit may already be in the WAL file,
 * whole, and would come back to life if the process died now; so a tiny other commit is written over them
 * ("spoiling") before anybody is told. Where the disk refuses even that, the code is "store.unknown". */
#include "store/sqlite.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>

enum {
    BATCH_MOST = 512,
    BATCH_US = 50 * 1000,
    RESTARTS_MOST = 2,
    CHECKPOINT_PAGES = 4000,
    LARGE_WAL_PAGES = 65536
};

static const int64_t ANALYZE_EVERY_US = 3600 * (int64_t)1000000;

struct SqliteWriter {
    Store *store;
    SqliteDb *db;
    Arena *arena; /* for writes that set none; emptied after each batch */
    pthread_t thread;
    int64_t analyzed_us;
    int wal_pages, checkpointed; /* in the log after the last commit; at the last checkpoint */
    size_t from, to, count;      /* writes[from..count) are taken, [from..to) are in this transaction */
    bool alone;                  /* one write in the transaction: it needs no savepoint */
    Write writes[BATCH_MOST];
    Fault faults[BATCH_MOST];
    size_t after_end[BATCH_MOST]; /* where the after-commit calls of each end */
};

static void set_fault(SqliteWriter *w, size_t i, int rc)
{
    sqlite_fault(w->db->handle, rc, NULL, &w->faults[i]);
}

/* ---- One write ---- */

/* References that are checked at the end of a transaction must be whole at the end of each write. */
static bool references_hold(SqliteWriter *w, size_t i)
{
    int dangling = 0, most = 0;
    sqlite3_db_status(w->db->handle, SQLITE_DBSTATUS_DEFERRED_FKS, &dangling, &most, 0);
    if (dangling)
        set_fault(w, i, SQLITE_CONSTRAINT_FOREIGNKEY);
    return !dangling;
}

/* False: the whole transaction is gone. */
static bool undo(SqliteWriter *w)
{
    if (sqlite3_get_autocommit(w->db->handle))
        return false;
    if (w->alone)
        return true; /* end_batch() rolls back */
    if (sqlite_control(w->db, ROLLBACK_TO) == SQLITE_OK && sqlite_control(w->db, RELEASE) == SQLITE_OK)
        return true;
    sqlite_control(w->db, ROLLBACK);
    return false;
}

/* False: the whole transaction is gone. */
static bool run_one(SqliteWriter *w, size_t i)
{
    Db *db = &w->db->db;
    size_t after = db->after_count;
    int rc = w->alone ? SQLITE_OK : sqlite_control(w->db, SAVEPOINT);
    if (rc != SQLITE_OK) {
        set_fault(w, i, rc);
        sqlite_control(w->db, ROLLBACK);
        return false;
    }
    bool stands = write_run(db, &w->writes[i], &w->faults[i]) && !db->rejected && references_hold(w, i);
    rc = stands && !w->alone ? sqlite_control(w->db, RELEASE) : SQLITE_OK;
    if (rc != SQLITE_OK) {
        set_fault(w, i, rc);
        stands = false;
    }
    if (!stands)
        db->after_count = after;
    w->after_end[i] = db->after_count;
    return stands || undo(w);
}

/* ---- One batch ---- */

static void fail_all(SqliteWriter *w, const Fault *fault)
{
    for (size_t i = w->from; i < w->to; i++) {
        if (!w->faults[i].kind)
            w->faults[i] = *fault;
        w->after_end[i] = 0;
    }
    w->db->db.after_count = 0;
}

/* Runs writes until all are done or the time is up. False: the transaction is gone. */
static bool run_all(SqliteWriter *w)
{
    int64_t until = monotonic_us() + BATCH_US;
    w->db->db.after_count = 0;
    for (w->to = w->from; w->to < w->count;) {
        size_t i = w->to++;
        w->after_end[i] = w->db->db.after_count;
        if (!w->faults[i].kind && !run_one(w, i)) /* a fault: from before a restart */
            return false;
        if (monotonic_us() > until)
            break;
    }
    return true;
}

/* Overwrites the pages of a commit that failed: see above. */
static bool spoil(SqliteWriter *w)
{
    if (sqlite_control(w->db, BEGIN_WRITE) != SQLITE_OK)
        return false;
    if (sqlite_control(w->db, SPOIL) == SQLITE_OK && sqlite_control(w->db, COMMIT) == SQLITE_OK)
        return true;
    sqlite_control(w->db, ROLLBACK);
    return false;
}

static void commit_failed(SqliteWriter *w, int rc)
{
    Fault fault;
    sqlite_fault(w->db->handle, rc, NULL, &fault);
    if (!sqlite3_get_autocommit(w->db->handle))
        sqlite_control(w->db, ROLLBACK);
    if (!spoil(w))
        snprintf(fault.code, sizeof fault.code, "store.unknown");
    if (fault.kind == FAULT_CONFLICT || fault.kind == FAULT_INTERNAL)
        fault.kind = FAULT_STORE;
    log_error("store.commit", "code", fault.code, "message", fault.message, NULL);
    fail_all(w, &fault);
}

static void end_batch(SqliteWriter *w)
{
    bool undone = w->alone && (w->faults[w->from].kind || w->db->db.rejected);
    int rc = sqlite_control(w->db, undone ? ROLLBACK : COMMIT);
    if (rc != SQLITE_OK)
        commit_failed(w, rc);
    else if (!undone)
        atomic_fetch_add_explicit(&w->store->commits, 1, memory_order_relaxed);
}

static void run_batch(SqliteWriter *w)
{
    for (int restarts = 0;; restarts++) {
        int rc = sqlite_control(w->db, BEGIN_WRITE);
        if (rc == SQLITE_OK) {
            w->alone = w->count - w->from == 1;
            if (run_all(w)) {
                end_batch(w);
                return;
            }
        }
        if (rc != SQLITE_OK || restarts == RESTARTS_MOST) {
            Fault fault = w->faults[w->to > w->from ? w->to - 1 : w->from];
            if (rc != SQLITE_OK)
                sqlite_fault(w->db->handle, rc, NULL, &fault);
            w->to = w->count;
            fail_all(w, &fault);
            return;
        }
    }
}

static void answer(SqliteWriter *w)
{
    size_t after = 0;
    for (size_t i = w->from; i < w->to; i++) {
        write_answer(&w->db->db, &w->writes[i], after, w->after_end[i],
                     w->faults[i].kind ? &w->faults[i] : NULL);
        after = w->after_end[i];
    }
    w->from = w->to;
}

/* ---- The thread ---- */

static int count_pages(void *argument, sqlite3 *handle, const char *name, int pages)
{
    (void)handle;
    (void)name;
    ((SqliteWriter *)argument)->wal_pages = pages;
    return SQLITE_OK;
}

/* Statistics for the query planner, from a sample of each index, when much has been written; PostgreSQL does
 * this by itself. */
static void analyze(SqliteWriter *w)
{
    int64_t now = monotonic_us();
    if (w->analyzed_us && now - w->analyzed_us < ANALYZE_EVERY_US)
        return;
    w->analyzed_us = now;
    sqlite_control(w->db, ANALYZE);
}

/* Moves pages from the log into the database, after the answers have gone out, each time it has grown by so
 * many. Readers keep the log from being used anew; when it has become large, wait for them a moment. */
static void checkpoint(SqliteWriter *w)
{
    if (w->wal_pages < w->checkpointed)
        w->checkpointed = 0; /* begun anew */
    if (w->wal_pages - w->checkpointed < CHECKPOINT_PAGES)
        return;
    bool large = w->wal_pages > LARGE_WAL_PAGES;
    sqlite3_busy_timeout(w->db->handle, 100);
    sqlite3_wal_checkpoint_v2(w->db->handle, "main",
                              large ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    sqlite3_busy_timeout(w->db->handle, 10000);
    w->checkpointed = w->wal_pages;
    analyze(w);
}

static void *work(void *argument)
{
    SqliteWriter *w = argument;
    arena_use(w->arena);
    while ((w->count = queue_take(&w->store->queue, w->writes, BATCH_MOST))) {
        for (w->from = 0; w->from < w->count; w->from = w->to) {
            for (size_t i = w->from; i < w->count; i++)
                w->faults[i].kind = FAULT_NONE;
            db_refresh(&w->db->db);
            run_batch(w);
            answer(w);
            arena_reset(w->arena);
            checkpoint(w);
        }
    }
    arena_use(NULL);
    return NULL;
}

static void give_back(SqliteWriter *w)
{
    if (w->db)
        sqlite_disconnect(&w->db->db);
    arena_free(w->arena);
    heap_free(w);
}

SqliteWriter *sqlite_writer_start(Store *store)
{
    SqliteWriter *w = heap_alloc(sizeof *w);
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) != 0) {
        give_back(w);
        raise_again(&guard.fault);
    }
    w->store = store;
    w->db = sqlite_connect(store, true);
    sqlite3_wal_hook(w->db->handle, count_pages, w);
    w->arena = arena_new(0);
    if (!w->arena || pthread_create(&w->thread, NULL, work, w) != 0)
        raise_fault(FAULT_MEMORY, "store.thread", "the writer could not be started");
    guard_leave(&guard);
    return w;
}

void sqlite_writer_join(SqliteWriter *w)
{
    pthread_join(w->thread, NULL);
    give_back(w);
}
