/* The calendar "tinh" that the program ships: parsed once, on first use, into an arena that lives as long as
 * the process. */
#include "platform/calendar/calendar.h"
#include "base/arena.h"
#include "platform/app/app.h"

#include <pthread.h>
#include <stdatomic.h>

static _Atomic(const Calendar *) shipped;
static Arena *shipped_arena; /* owned by this file, never freed */
static pthread_mutex_t parsing = PTHREAD_MUTEX_INITIALIZER;

static const Calendar *parse_shipped(void)
{
    size_t size;
    const char *csv = asset_text("data/public-holidays.csv", &size);
    if (!csv)
        raise_fault(FAULT_INTERNAL, "calendar.data", "data/public-holidays.csv is not in the program");
    return calendar_parse(csv, size);
}

static void parse_once(void)
{
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        if (!shipped_arena)
            shipped_arena = arena_new(0);
        arena_use(shipped_arena);
        atomic_store(&shipped, parse_shipped());
        arena_use(guard.arena);
        guard_leave(&guard);
    } else {
        pthread_mutex_unlock(&parsing);
        raise_again(&guard.fault);
    }
}

const Calendar *calendar(void)
{
    const Calendar *c = atomic_load(&shipped);
    if (c)
        return c;
    pthread_mutex_lock(&parsing);
    if (!atomic_load(&shipped))
        parse_once();
    pthread_mutex_unlock(&parsing);
    return atomic_load(&shipped);
}
