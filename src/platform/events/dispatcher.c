/* From the outbox to the subscribers.
 *
 * For each subscriber and subject only the oldest pending event is offered, so order is kept by construction,
 * and a subject whose event fails holds up nobody but itself. The heads that are due are queued to the store
 * together, so that one group commit serves many. Each delivery is one transaction: it deletes the pending
 * row (which also settles which of several nodes has it) and runs the subscriber. A fault undoes both; a
 * second transaction then notes the error and the time of the next attempt. After six attempts the row is
 * parked: the later events of its subject wait until a person has it tried again or skipped (GET
 * /events/parked). */
#include "platform/events/dispatcher.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/jobs/background.h"

#include <pthread.h>
#include <time.h>

enum { BATCH = 64, MAX_ATTEMPTS = BACKOFF_STEPS + 1, POLL_MS = 1000 };

typedef struct Batch {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int running;
} Batch;

typedef struct Delivery {
    int64_t id, event_id, attempts;
    const char *subscriber;
    Arena *arena; /* of its transaction */
    Batch *batch;
    Fault fault;
} Delivery;

static const Field head_fields[] = {
    FIELD(INT, Delivery, id),
    FIELD(INT, Delivery, event_id),
    FIELD(INT, Delivery, attempts),
    FIELD(TEXT, Delivery, subscriber),
    { 0 },
};

static const char *const heads_sql = "select p.id, p.event_id, p.attempts, p.subscriber from event_pending p "
                                     "where p.parked_at is null and p.next_at <= ?1"
                                     " and not exists (select 1 from event_pending q where q.subscriber = "
                                     "p.subscriber and q.order_id = p.order_id"
                                     " and q.event_id < p.event_id) order by p.event_id limit ?2";

/* ---- One delivery ---- */

static void run_subscriber(Db *db, const Delivery *d)
{
    const Subscription *subscription = events_subscription(d->subscriber);
    Json event = db_row(db, "select topic, subject_id, data from event where id = ?1", I(d->event_id));
    if (!subscription)
        raise_fault(FAULT_INTERNAL, "events.subscriber", "there is no subscriber named %s", d->subscriber);
    Work work = {
        .db = db,
        .now = now_ms(),
        .data = json_at(event, "data"),
        .topic = json_str(event, "topic"),
        .subject_id = json_id(event, "subject_id"),
        .attempt = (int)d->attempts + 1,
    };
    subscription->run(&work);
    if (db_rejected(db))
        raise_fault(FAULT_INTERNAL, "events.rejected", "the subscriber %s rejected its transaction",
                    d->subscriber);
}

/* A WriteFn: it may be run again, so it begins with an empty arena. */
static void deliver(Db *db, void *argument)
{
    Delivery *d = argument;
    arena_reset(d->arena);
    arena_use(d->arena);
    if (db_exec(db, "delete from event_pending where id = ?1 and attempts = ?2 and parked_at is null",
                I(d->id), I(d->attempts)) == 1)
        run_subscriber(db, d); /* otherwise another node has had it */
}

static void delivered(void *argument, const Fault *fault)
{
    Delivery *d = argument;
    Batch *batch = d->batch;
    if (fault)
        d->fault = *fault;
    pthread_mutex_lock(&batch->lock);
    batch->running--;
    pthread_cond_signal(&batch->changed);
    pthread_mutex_unlock(&batch->lock);
}

static void note_failure(Db *db, void *argument)
{
    const Delivery *d = argument;
    int64_t now = now_ms(), attempts = d->attempts + 1;
    db_exec(db,
            "update event_pending set attempts = ?1, next_at = ?2, parked_at = ?3, error = ?4 where id = ?5 "
            "and attempts = ?6",
            I(attempts), I(now + backoff_ms(attempts)), attempts >= MAX_ATTEMPTS ? I(now) : N(),
            T(fmt("%s: %s", d->fault.code, d->fault.message)), I(d->id), I(d->attempts));
}

/* ---- A batch ---- */

static void free_arena(void *arena)
{
    arena_free(arena);
}

static void queue(Store *store, Delivery *d)
{
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        store_write(store, deliver, delivered, d);
        guard_leave(&guard);
    } else {
        delivered(d, &guard.fault);
    }
}

static void wait_for(Batch *batch)
{
    pthread_mutex_lock(&batch->lock);
    while (batch->running)
        pthread_cond_wait(&batch->changed, &batch->lock);
    pthread_mutex_unlock(&batch->lock);
}

/* Nothing may be raised between the first queue() and wait_for(): the store still holds pointers into our
 * arena. */
static void deliver_all(Store *store, Delivery *deliveries, size_t count)
{
    Batch batch = { .lock = PTHREAD_MUTEX_INITIALIZER,
                    .changed = PTHREAD_COND_INITIALIZER,
                    .running = (int)count };
    for (size_t i = 0; i < count; i++) {
        deliveries[i].batch = &batch;
        if (!(deliveries[i].arena = arena_new(0)))
            raise_fault(FAULT_MEMORY, "memory.exhausted", "no memory for a delivery");
        arena_defer(free_arena, deliveries[i].arena);
    }
    for (size_t i = 0; i < count; i++)
        queue(store, &deliveries[i]);
    wait_for(&batch);
}

typedef struct Heads {
    Delivery *list;
    size_t count;
} Heads;

static void read_heads(Db *db, void *argument)
{
    Heads *heads = argument;
    heads->count =
        db_all(db, head_fields, sizeof *heads->list, &heads->list, heads_sql, I(now_ms()), I(BATCH));
}

static size_t deliver_due(Store *store)
{
    Heads heads = { 0 };
    read_through(store, read_heads, &heads);
    deliver_all(store, heads.list, heads.count);
    for (size_t i = 0; i < heads.count; i++) {
        const Delivery *d = &heads.list[i];
        if (d->fault.kind == FAULT_NONE)
            continue;
        log_warn("events.failed", "subscriber", d->subscriber, "code", d->fault.code, "error",
                 d->fault.message, "attempt", fmt("%lld", (long long)d->attempts + 1), NULL);
        store_write_wait(store, note_failure, &heads.list[i]);
    }
    return heads.count;
}

/* ---- The thread ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t woken;
    pthread_t thread;
    Store *store;
    bool started, stop, work;
} dispatcher = { .lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER };

void events_wake(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&dispatcher.lock);
    dispatcher.work = true;
    pthread_cond_signal(&dispatcher.woken);
    pthread_mutex_unlock(&dispatcher.lock);
}

/* Sleeps until woken, at most one poll; false when it is time to stop. */
static bool wait_for_work(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += POLL_MS / 1000;
    pthread_mutex_lock(&dispatcher.lock);
    if (!dispatcher.work && !dispatcher.stop)
        pthread_cond_timedwait(&dispatcher.woken, &dispatcher.lock, &until);
    dispatcher.work = false;
    bool go_on = !dispatcher.stop;
    pthread_mutex_unlock(&dispatcher.lock);
    return go_on;
}

/* One pass in its own arena; how many were tried. A fault (the store is away) ends the pass, the next poll
 * tries again. */
static size_t pass(Store *store, Arena *arena)
{
    Guard guard;
    size_t count = 0;
    arena_use(arena);
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        count = deliver_due(store);
        guard_leave(&guard);
    } else {
        log_error("events.pass", "code", guard.fault.code, "error", guard.fault.message, NULL);
    }
    arena_use(NULL);
    arena_reset(arena);
    return count;
}

static bool stopping(void)
{
    pthread_mutex_lock(&dispatcher.lock);
    bool stop = dispatcher.stop;
    pthread_mutex_unlock(&dispatcher.lock);
    return stop;
}

static void *dispatch(void *argument)
{
    Arena *arena = arena_new(0);
    if (!arena)
        fault_abort("no memory to start the dispatcher of events");
    do {
        while (pass(argument, arena) && !stopping())
            continue;
    } while (wait_for_work());
    arena_free(arena);
    return NULL;
}

void events_start(Store *store)
{
    dispatcher.store = store;
    dispatcher.stop = false;
    if (pthread_create(&dispatcher.thread, NULL, dispatch, store) != 0)
        raise_fault(FAULT_MEMORY, "events.thread", "the dispatcher of events could not be started");
    dispatcher.started = true;
}

void events_stop(void)
{
    if (dispatcher.started) {
        pthread_mutex_lock(&dispatcher.lock);
        dispatcher.stop = true;
        pthread_cond_signal(&dispatcher.woken);
        pthread_mutex_unlock(&dispatcher.lock);
        pthread_join(dispatcher.thread, NULL);
        dispatcher.started = false;
    }
    events_forget_told();
}

void events_drain(Store *store)
{
    while (deliver_due(store))
        continue;
}
