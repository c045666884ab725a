/* The store above its engines: opening, the pool of readers, the ways into a transaction, figures.
 *
 * A read takes a connection from the pool, begins, and gives it back. A write goes into the queue (queue.c),
 * from which the engine's writer threads take it; they come back here, to write_run() and write_answer(), for
 * what is the same on both engines. */
#include "store/engine.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { READ_WAIT_S = 30 };

static atomic_llong last_run;
static _Thread_local bool store_thread; /* it may not wait for a write: it would have to do it itself */

/* ---- Opening and closing ---- */

static void start_engine(Store *store)
{
    if (text_starts(store->url, "sqlite:"))
        sqlite_start(store);
    else
        postgres_start(store);
}

static void free_store(Store *store)
{
    queue_free(&store->queue);
    pthread_mutex_destroy(&store->lock);
    pthread_cond_destroy(&store->freed);
    heap_free(store->url);
    heap_free(store);
}

Store *store_open(const StoreOptions *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    Store *store = heap_alloc(sizeof *store);
    pthread_condattr_t monotonic;
    pthread_mutex_init(&store->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&store->freed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    store->slow_ms = options->slow_ms;
    store->readers = options->readers > 0 ? options->readers : (int)(processors > 0 ? processors : 1) * 2;
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) != 0) {
        free_store(store);
        raise_again(&guard.fault);
    }
    store->url = heap_dup(options->url ? options->url : "");
    queue_open(&store->queue);
    start_engine(store);
    guard_leave(&guard);
    return store;
}

void store_close(Store *store)
{
    pthread_mutex_lock(&store->lock);
    store->closing = true;
    pthread_cond_broadcast(&store->freed);
    while (store->in_use)
        pthread_cond_wait(&store->freed, &store->lock);
    pthread_mutex_unlock(&store->lock);
    queue_close(&store->queue);
    while (store->idle) {
        Db *db = store->idle;
        store->idle = db->next;
        store->calls->disconnect(db);
    }
    store->calls->close(store);
    free_store(store);
}

Engine store_engine(const Store *store)
{
    return store->calls->engine;
}

StoreStats store_stats(const Store *store)
{
    return (StoreStats){ .reads = store->reads,
                         .writes = store->writes,
                         .commits = store->commits,
                         .retries = store->retries,
                         .queries = store->query_count,
                         .busy_us = store->busy_us };
}

void store_backup(Store *store, const char *path)
{
    store->calls->backup(store, path);
}

char *store_integrity(Store *store)
{
    return store->calls->integrity(store);
}

/* ---- Reading ---- */

/* An idle connection, or NULL and a place in the pool for a new one. */
static Db *take_reader(Store *store)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += READ_WAIT_S;
    int rc = 0;
    pthread_mutex_lock(&store->lock);
    while (!store->closing && store->in_use == store->readers && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&store->freed, &store->lock, &until);
    bool closing = store->closing, free = store->in_use < store->readers;
    Db *db = NULL;
    if (!closing && free) {
        db = store->idle;
        if (db)
            store->idle = db->next;
        store->in_use++;
    }
    pthread_mutex_unlock(&store->lock);
    if (closing)
        raise_fault(FAULT_STORE, "store.closed", "the store is being closed");
    if (!free)
        raise_fault(FAULT_LIMIT, "store.readers", "no read connection became free in %d s", READ_WAIT_S);
    return db;
}

/* `db` NULL: its place only. */
static void give_reader(Store *store, Db *db)
{
    pthread_mutex_lock(&store->lock);
    if (db) {
        db->next = store->idle;
        store->idle = db;
    }
    store->in_use--;
    if (store->closing)
        pthread_cond_broadcast(&store->freed);
    else
        pthread_cond_signal(&store->freed);
    pthread_mutex_unlock(&store->lock);
}

static void clean(Db *db)
{
    db->rejected = false;
    db->broken.kind = FAULT_NONE;
    db->queries = db->time_us = 0;
}

void db_refresh(Db *db)
{
    unsigned epoch = atomic_load(&db->store->epoch);
    if (db->epoch != epoch)
        statements_forget(db);
    db->epoch = epoch;
}

Db *store_read_begin(Store *store)
{
    Db *volatile db = take_reader(store);
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) != 0) {
        give_reader(store, db);
        raise_again(&guard.fault);
    }
    if (!db)
        db = store->calls->connect(store);
    db_refresh(db);
    clean(db);
    store->calls->begin(db, MODE_READ);
    guard_leave(&guard);
    db->open = true;
    atomic_fetch_add_explicit(&store->reads, 1, memory_order_relaxed);
    return db;
}

void store_read_end(Db *db)
{
    statements_abandon(db);
    db->calls->end_read(db);
    db->open = false;
    give_reader(db->store, db);
}

/* ---- Writing ---- */

void store_write(Store *store, WriteFn *write, DoneFn *done, void *argument)
{
    queue_put(&store->queue, &(Write){ write, done, argument, MODE_WRITE });
}

/* One that somebody waits for: stands on that thread's stack. */
typedef struct Waiting {
    WriteFn *write;
    void *argument;
    Arena *arena;
    Fault fault;
    sem_t done;
} Waiting;

static void waiting_write(Db *db, void *argument)
{
    Waiting *waiting = argument;
    arena_use(waiting->arena);
    waiting->write(db, waiting->argument);
}

static void waiting_done(void *argument, const Fault *fault)
{
    Waiting *waiting = argument;
    if (fault)
        waiting->fault = *fault;
    sem_post(&waiting->done);
}

static void write_wait(Store *store, WriteFn *write, void *argument, Mode mode)
{
    if (store_thread)
        fault_abort("store_write_wait() on a store thread");
    Waiting waiting = { .write = write, .argument = argument, .arena = arena_current() };
    sem_init(&waiting.done, 0, 0);
    queue_put(&store->queue, &(Write){ waiting_write, waiting_done, &waiting, mode });
    while (sem_wait(&waiting.done) != 0) {
        /* interrupted by a signal */
    }
    sem_destroy(&waiting.done);
    if (waiting.fault.kind)
        raise_again(&waiting.fault);
}

void store_write_wait(Store *store, WriteFn *write, void *argument)
{
    write_wait(store, write, argument, MODE_WRITE);
}

void store_schema_wait(Store *store, WriteFn *write, void *argument)
{
    write_wait(store, write, argument, MODE_SCHEMA);
}

bool write_run(Db *db, const Write *write, Fault *fault)
{
    Guard guard;
    Arena *own = arena_current();
    clean(db);
    db->open = store_thread = true;
    db->run = atomic_fetch_add_explicit(&last_run, 1, memory_order_relaxed) + 1;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        write->write(db, write->argument);
        if (db->broken.kind) /* somebody caught it and went on */
            raise_again(&db->broken);
        guard_leave(&guard);
        fault->kind = FAULT_NONE;
    } else {
        *fault = guard.fault;
    }
    db->open = false;
    db->run = 0;
    arena_use(own);
    statements_abandon(db);
    return !fault->kind;
}

static void call_safely(void (*call)(void *), DoneFn *done, void *argument, const Fault *fault)
{
    Guard guard;
    Arena *own = arena_current();
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        if (call)
            call(argument);
        if (done)
            done(argument, fault);
        guard_leave(&guard);
    } else {
        log_error("store.answer", "code", guard.fault.code, "message", guard.fault.message, NULL);
    }
    arena_use(own);
}

void write_answer(Db *db, const Write *write, size_t after_from, size_t after_to, const Fault *fault)
{
    atomic_fetch_add_explicit(&db->store->writes, 1, memory_order_relaxed);
    for (size_t i = after_from; i < after_to; i++)
        call_safely(db->after[i].call, NULL, db->after[i].argument, NULL);
    if (write->done)
        call_safely(NULL, write->done, write->argument, fault);
}

/* ---- A transaction ---- */

void db_reject(Db *db)
{
    db->rejected = true;
}

bool db_rejected(const Db *db)
{
    return db->rejected;
}

void db_after_commit(Db *db, void (*call)(void *argument), void *argument)
{
    if (!db->writable)
        fault_abort("db_after_commit() in a read transaction");
    if (db->after_count == db->after_room) {
        size_t room = db->after_room ? db->after_room * 2 : 64;
        db->after = heap_realloc(db->after, room * sizeof *db->after);
        db->after_room = room;
    }
    db->after[db->after_count++] = (AfterCommit){ call, argument };
}

int64_t db_run(const Db *db)
{
    return db->run;
}

bool db_writable(const Db *db)
{
    return db->writable;
}

Engine db_engine(const Db *db)
{
    return db->calls->engine;
}

Store *db_store(const Db *db)
{
    return db->store;
}

int64_t db_queries(const Db *db)
{
    return db->queries;
}

int64_t db_time_us(const Db *db)
{
    return db->time_us;
}

void db_forget(Db *db)
{
    statements_forget(db);
    verbs_forget(db);
    heap_free(db->after);
}
