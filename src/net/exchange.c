/* The I/O side of a request: libmicrohttpd's callbacks.
 *
 * libmicrohttpd calls on_target() when the request line has come, on_request() when the headers are there,
 * again for every piece of the body, once more at its end, and again after a suspended connection was
 * resumed; then on_completed(). The rules that keep this sound:
 *
 * - A connection is suspended before its exchange is queued, so a resume can never come before its suspend.
 * - While it is suspended libmicrohttpd does not look at the socket: a client that goes away is noticed when
 * the answer is written. on_completed() thus always comes after the resume, and the arena lives until both
 * sides have let go.
 * - Nothing may jump out of a callback: all work here runs behind io_try(). */
#include "base/clock.h"
#include "base/log.h"
#include "net/inside.h"

#include <string.h>

/* ---- Work behind a guard ---- */

typedef void IoWork(Exchange *ex, void *argument);

static bool io_try(Exchange *ex, IoWork *work, void *argument)
{
    Guard guard;
    arena_use(ex->rq.arena);
    guard_enter(&guard);
    bool ok = setjmp(guard.at) == 0;
    if (ok) {
        work(ex, argument);
        guard_leave(&guard);
    } else {
        log_error("http.io", "code", guard.fault.code, "message", guard.fault.message, NULL);
    }
    arena_use(NULL);
    return ok;
}

/* ---- The beginning ---- */

static Exchange *first_memory(Arena *arena, const char *target)
{
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) != 0)
        return NULL;
    size_t size = strlen(target);
    Exchange *ex = arena_alloc(arena, sizeof *ex);
    ex->target_too_long = size > MAX_TARGET;
    bool fit = !ex->target_too_long && utf8_valid(target, size);
    char *copy = arena_alloc(arena, fit ? size + 1 : 1);
    if (fit)
        memcpy(copy, target, size);
    ex->rq.target = copy; /* empty: malformed */
    guard_leave(&guard);
    return ex;
}

void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    Server *server = cls;
    Arena *arena = arena_new(REQUEST_MEMORY);
    Exchange *ex = arena ? first_memory(arena, target) : NULL;
    if (!ex) {
        arena_free(arena);
        return NULL;
    }
    ex->rq.arena = arena;
    ex->rq.server = server;
    ex->rq.connection = ex;
    ex->server = server;
    ex->connection = connection;
    ex->started_us = monotonic_us();
    atomic_init(&ex->owners, 1);
    atomic_fetch_add(&server->in_flight, 1);
    return ex;
}

/* ---- Suspending and answering ---- */

static enum MHD_Result answer_busy(Exchange *ex)
{
    ex->sent_status = 503;
    return MHD_queue_response(ex->connection, 503, ex->server->busy);
}

static void list_add(Server *server, Exchange *ex)
{
    ex->after = server->suspended;
    if (ex->after)
        ex->after->before = ex;
    server->suspended = ex;
    ex->listed = true;
}

static void list_remove(Server *server, Exchange *ex)
{
    if (ex->before)
        ex->before->after = ex->after;
    else
        server->suspended = ex->after;
    if (ex->after)
        ex->after->before = ex->before;
    ex->listed = false;
}

/* To the workers. The gate keeps this apart from server_stop(), which lets nothing be suspended any more. */
static enum MHD_Result hand_over(Exchange *ex)
{
    Server *server = ex->server;
    pthread_mutex_lock(&server->gate);
    if (server->closed) {
        pthread_mutex_unlock(&server->gate);
        return answer_busy(ex);
    }
    list_add(server, ex);
    atomic_fetch_add(&ex->owners, 2); /* the handling side's and the queue's */
    atomic_store(&ex->stage, STAGE_HANDLING);
    atomic_fetch_add(&server->unresumed, 1);
    MHD_suspend_connection(ex->connection);
    pthread_mutex_unlock(&server->gate);
    const Route *route = ex->rq.route;
    workers_push(route && route->flags & ROUTE_SLOW ? server->slow : server->workers, ex);
    return MHD_YES;
}

static enum MHD_Result queue_answer(Exchange *ex)
{
    struct MHD_Response *response = send_create(ex);
    if (!response)
        return answer_busy(ex);
    enum MHD_Result result = MHD_queue_response(ex->connection, ex->out.status, response);
    ex->sent_status = ex->out.status;
    MHD_destroy_response(response); /* the connection holds it now */
    return result;
}

typedef struct Piece {
    const char *bytes;
    size_t size;
} Piece;

static void feed(Exchange *ex, void *argument)
{
    const Piece *piece = argument;
    int status = 0;
    const char *code = intake_feed(ex, piece->bytes, piece->size, &status);
    if (code)
        refuse_exchange(ex, status, code);
}

/* libmicrohttpd cuts off who is silent; this is for who sends a byte now and then. */
static bool creeps(const Exchange *ex)
{
    int64_t seconds = (monotonic_us() - ex->started_us) / 1000000;
    return seconds > ex->server->options.idle_s && ex->body_taken < seconds * SLOWEST_BODY;
}

enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                           const char *version, const char *upload, size_t *upload_size, void **context)
{
    Server *server = cls;
    Exchange *ex = *context;
    (void)url;
    if (!ex) /* no memory even to begin */
        return MHD_queue_response(connection, 503, server->busy);
    int stage = atomic_load(&ex->stage);
    if (stage == STAGE_ANSWERED)
        return queue_answer(ex);
    if (stage == STAGE_ABANDONED)
        return answer_busy(ex);
    if (!ex->begun) {
        if (atomic_load(&server->stopping))
            return answer_busy(ex);
        RequestLine line = { method, version };
        if (!io_try(ex, arrive, &line))
            return answer_busy(ex);
        return ex->early ? hand_over(ex) : MHD_YES;
    }
    if (*upload_size) {
        Piece piece = { upload, *upload_size };
        *upload_size = 0;
        if (!io_try(ex, feed, &piece))
            refuse_exchange(ex, 503, "http.unavailable");
        bool too_much = ex->body_taken > MAX_DRAIN && ex->refused;
        return too_much || creeps(ex) ? MHD_NO : MHD_YES;
    }
    return hand_over(ex);
}

void exchange_answer(Exchange *ex)
{
    Server *server = ex->server;
    int handling = STAGE_HANDLING;
    if (atomic_compare_exchange_strong(&ex->stage, &handling, STAGE_ANSWERED)) {
        MHD_resume_connection(ex->connection);
        atomic_fetch_sub(&server->unresumed, 1);
    } else {
        send_drop(ex); /* too late: the server stopped meanwhile */
    }
    exchange_release(ex);
}

void exchange_abandon(Exchange *ex)
{
    int handling = STAGE_HANDLING;
    if (!atomic_compare_exchange_strong(&ex->stage, &handling, STAGE_ABANDONED))
        return;
    atomic_fetch_add(&ex->server->owners, 1);
    MHD_resume_connection(ex->connection);
    atomic_fetch_sub(&ex->server->unresumed, 1);
}

void exchange_release(Exchange *ex)
{
    if (atomic_fetch_sub(&ex->owners, 1) != 1)
        return;
    Server *server = ex->server;
    bool orphan = atomic_load(&ex->stage) == STAGE_ABANDONED;
    arena_free(ex->rq.arena);
    if (orphan)
        server_release(server);
}

void on_completed(void *cls, struct MHD_Connection *connection, void **context,
                  enum MHD_RequestTerminationCode code)
{
    Server *server = cls;
    Exchange *ex = *context;
    (void)connection;
    (void)code;
    *context = NULL;
    if (!ex)
        return;
    if (atomic_load(&ex->stage) == STAGE_ANSWERED) {
        server_count(server, ex, ex->head ? 0 : ex->out.size, !ex->out.stream);
        send_drop(ex); /* the stream; or, when it was resumed but never asked for again, all */
    } else {
        server_count(server, ex, 0, true);
    }
    pthread_mutex_lock(&server->gate);
    if (ex->listed)
        list_remove(server, ex);
    if (atomic_fetch_sub(&server->in_flight, 1) == 1 && atomic_load(&server->stopping))
        pthread_cond_broadcast(&server->idle);
    pthread_mutex_unlock(&server->gate);
    exchange_release(ex);
}
