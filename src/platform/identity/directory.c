/* A snapshot is built aside and put in place by one pointer: readers take no lock and never see half a
 * change.
 *
 * A request may hold pointers into a snapshot (org_by_id() gives them out), so a replaced one is kept for an
 * hour, longer than any request or job, and freed when the next one is put in place. Organisations change a
 * few times a year and a snapshot of 3,000 is about a megabyte.
 *
 * Every change raises the stamp "directory" in its transaction. A node looks at the stamp at most once a
 * second, so a change made elsewhere holds here within a second; one made here makes the next request look at
 * once. */
#include "platform/identity/directory.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"

#include <pthread.h>
#include <stdatomic.h>

enum { LOOK_EVERY_US = 1000000 };
static const int64_t keep_retired_us = 3600ll * 1000000;

static _Atomic(Directory *) current;
static _Atomic int64_t looked_us;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

const Directory *directory(void)
{
    Directory *d = atomic_load_explicit(&current, memory_order_acquire);
    if (!d)
        fault_abort("the directory of organisations was asked for before it was loaded");
    return d;
}

static int64_t stamp(Db *db)
{
    return db_int(db, "select value from iam_stamp where name = 'directory'");
}

static void free_older(Directory *d, int64_t now_us, int64_t least_age_us)
{
    while (d->older) {
        Directory *older = d->older;
        if (now_us - older->retired_us < least_age_us) {
            d = older;
            continue;
        }
        d->older = older->older;
        arena_free(older->arena);
    }
}

static Directory *read_all(Db *db, int64_t now)
{
    Guard guard;
    Arena *arena = arena_new(0);
    if (!arena)
        raise_fault(FAULT_MEMORY, "identity.directory", "no memory for the organisations");
    guard_enter(&guard);
    if (setjmp(guard.at) != 0) {
        arena_free(arena);
        raise_again(&guard.fault);
    }
    Arena *before = arena_use(arena);
    Directory *d = alloc(sizeof *d);
    *d = (Directory){ .arena = arena, .version = stamp(db), .until = INT64_MAX };
    orgs_read(db, d, now);
    roles_read(db, d);
    arena_use(before);
    guard_leave(&guard);
    return d;
}

void directory_load(Db *db, int64_t now)
{
    Directory *fresh = read_all(db, now);
    pthread_mutex_lock(&loading);
    Directory *old = atomic_load(&current);
    if (old)
        old->retired_us = monotonic_us();
    fresh->older = old;
    atomic_store_explicit(&current, fresh, memory_order_release);
    free_older(fresh, monotonic_us(), keep_retired_us);
    pthread_mutex_unlock(&loading);
}

void directory_refresh(Db *db, int64_t now)
{
    int64_t now_us = monotonic_us(), last = atomic_load(&looked_us);
    const Directory *d = atomic_load(&current);
    if (d && now_us - last < LOOK_EVERY_US && now < d->until)
        return;
    if (!atomic_compare_exchange_strong(&looked_us, &last, now_us))
        return; /* another request looks */
    if (!d || now >= d->until || stamp(db) != d->version)
        directory_load(db, now);
}

static void look_again(void *argument)
{
    (void)argument;
    atomic_store(&looked_us, 0);
}

void directory_changed(Db *db)
{
    db_exec(db, "insert into iam_stamp (name, value) values ('directory', 1) on conflict (name) do update "
                "set value = iam_stamp.value + 1");
    db_after_commit(db, look_again, NULL);
}

void directory_free(void)
{
    pthread_mutex_lock(&loading);
    Directory *d = atomic_exchange(&current, NULL);
    if (d) {
        free_older(d, monotonic_us(), 0);
        arena_free(d->arena);
    }
    atomic_store(&looked_us, 0);
    pthread_mutex_unlock(&loading);
}
