/* Rows of reads, written right after by the store's writer.
 *
 * A reader's transaction is a snapshot, so its row gets a transaction of its own. The reader does not wait:
 * thousands of such rows share the group commits that happen anyway. Two things keep the promise that a read
 * of personal data leaves a trace: audit_flush() at shutdown waits until all are on disk, and a reader that
 * finds too many waiting waits as well, so that the queue cannot grow while the disk stands still. */
#include "platform/audit/reads.h"
#include "platform/audit/audit.h"
#include "platform/audit/chain.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"

#include <pthread.h>

enum { MOST_WAITING = 10000 };

typedef struct Pending {
    Arena *arena; /* its own; dies when the row is durable */
    Json row;
} Pending;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t fewer = PTHREAD_COND_INITIALIZER;
static long waiting;

static void count_one(int change)
{
    pthread_mutex_lock(&lock);
    waiting += change;
    if (change < 0)
        pthread_cond_broadcast(&fewer);
    pthread_mutex_unlock(&lock);
}

static void wait_below(long most)
{
    pthread_mutex_lock(&lock);
    while (waiting > most)
        pthread_cond_wait(&fewer, &lock);
    pthread_mutex_unlock(&lock);
}

static void write_one(Db *db, void *argument)
{
    Pending *p = argument;
    arena_use(p->arena);
    audit_append(db, json_deep_copy(p->row)); /* a copy: the work may be run again */
}

static void done_one(void *argument, const Fault *fault)
{
    Pending *p = argument;
    if (fault)
        log_error("audit.read.lost", "actor", json_str(p->row, "actor"), "action", json_str(p->row, "action"),
                  "object", json_str(p->row, "object"), "fault", fault->code, NULL);
    arena_free(p->arena);
    count_one(-1);
}

static Pending *keep(Json row)
{
    Guard guard;
    Arena *arena = arena_new(0);
    if (!arena)
        raise_fault(FAULT_MEMORY, "audit.read", "no memory for an audit row");
    guard_enter(&guard);
    if (setjmp(guard.at) != 0) {
        arena_free(arena);
        raise_again(&guard.fault);
    }
    Arena *before = arena_use(arena);
    Pending *p = alloc(sizeof *p);
    *p = (Pending){ .arena = arena, .row = json_deep_copy(row) };
    arena_use(before);
    guard_leave(&guard);
    return p;
}

void audit_later(Store *store, Json row)
{
    Pending *p = keep(row);
    wait_below(MOST_WAITING);
    count_one(1);
    store_write(store, write_one, done_one, p);
}

void audit_flush(void)
{
    wait_below(0);
}
