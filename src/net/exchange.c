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
#include <strings.h>

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

static void refuse_exchange(Exchange *ex, int status, const char *code)
{
    ex->refused = true;
    ex->reply = problem(&ex->rq, status, code, NULL);
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

typedef struct Collect {
    Exchange *ex;
    size_t bytes;
    char *at; /* NULL while only counting */
} Collect;

static enum MHD_Result collect(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    Collect *c = cls;
    (void)kind;
    size_t n = strlen(name) + 1, v = value ? strlen(value) + 1 : 1;
    if (c->at) {
        HeaderLine *line = &c->ex->headers[c->ex->header_count++];
        line->name = memcpy(c->at, name, n);
        line->value = v > 1 ? memcpy(c->at + n, value, v) : c->at + n;
        if (!utf8_valid(line->value,
                        v - 1)) /* Latin-1 from old clients: it must never reach JSON or the store */
            for (char *b = c->at + n; *b; b++)
                *b = (char)((unsigned char)*b > 0x7e ? '?' : *b);
        c->at += n + v;
    }
    c->bytes += n + v;
    return MHD_YES;
}

/* Copies the headers, since a connection may be gone while its handler still runs. False: too many. */
static bool collect_headers(Exchange *ex)
{
    Collect c = { .ex = ex };
    int lines = MHD_get_connection_values(ex->connection, MHD_HEADER_KIND, collect, &c);
    if (lines > MAX_HEADER_LINES || c.bytes > MAX_HEADERS)
        return false;
    ex->headers = alloc_array((size_t)lines + 1, sizeof *ex->headers);
    c.at = alloc(c.bytes + 1);
    MHD_get_connection_values(ex->connection, MHD_HEADER_KIND, collect, &c);
    return true;
}

static void read_client(Exchange *ex)
{
    Request *rq = &ex->rq;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(ex->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info && info->client_addr)
        address_bytes(info->client_addr, ex->address);
    rq->secure = ex->server->options.cert;
    if (ex->server->proxies.count &&
        forwarded(&ex->server->proxies, ex->address, header(rq, "X-Forwarded-For")))
        rq->secure = text_is(header(rq, "X-Forwarded-Proto"), "https");
    rq->ip = address_text(ex->address);
    rq->now = now_ms();
    rq->trace_id = trace_from(header(rq, "traceparent"));
    bool htmx = text_is(header(rq, "HX-Request"), "true");
    rq->fragment = htmx && !text_is(header(rq, "HX-Boosted"), "true");
    rq->wants_json = prefers_json(header(rq, "Accept"), htmx);
    rq->lang = prefers_language(cookie(rq, "lang"), header(rq, "Accept-Language"));
}

static unsigned read_method(Exchange *ex, const char *method)
{
    ex->head = text_is(method, "HEAD");
    if (ex->head)
        return GET;
    for (unsigned bit = GET; bit <= DELETE; bit <<= 1)
        if (text_is(method, method_name(bit)))
            return bit;
    return 0;
}

/* The path of a request target, which may be in absolute form (RFC 9112 §3.2.2). */
static const char *path_of(const char *target)
{
    if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
        const char *path = strchr(strstr(target, "//") + 2, '/');
        target = path ? path : "/";
    }
    return text_copy_n(target, strcspn(target, "?"));
}

static void not_allowed(Exchange *ex, unsigned allowed, bool options)
{
    const char *allow = allow_text(allowed);
    refuse_exchange(ex, 405, "http.method-not-allowed");
    if (options)
        ex->reply = (Reply){ .status = 204, .kind = REPLY_BYTES, .bytes = "" };
    reply_header(&ex->reply, "Allow", allow);
}

static void moved(Exchange *ex, const char *path)
{
    const char *query = strchr(ex->rq.target, '?');
    ex->refused = true;
    ex->reply = (Reply){ .status = 308, .kind = REPLY_BYTES, .bytes = "" };
    reply_header(&ex->reply, "Location", fmt("%s%s", path, text_or(query, "")));
}

static void find_route(Exchange *ex, const char *method)
{
    Request *rq = &ex->rq;
    RouteMatch match;
    unsigned bit = read_method(ex, method);
    rq->method = bit ? bit : GET;
    RouteResult result = router_find(&ex->server->router, bit, path_of(rq->target), &match);
    rq->path = match.path;
    rq->path_values = match.values ? match.values : json_new();
    if (result == ROUTE_MISSING && bit == GET && ex->server->hooks.asset && text_starts(rq->path, "/assets/"))
        ex->asset = true;
    else if (result == ROUTE_FOUND)
        rq->route = match.route;
    else if (result == ROUTE_OTHER_METHOD)
        not_allowed(ex, match.allowed, text_is(method, "OPTIONS"));
    else if (result == ROUTE_MOVED)
        moved(ex, match.moved);
    else
        refuse_exchange(ex, result == ROUTE_MALFORMED ? 400 : 404,
                        result == ROUTE_MALFORMED ? "http.malformed" : "http.not-found");
}

static void limit_rate(Exchange *ex)
{
    Server *server = ex->server;
    if (!server->limiter || ex->asset) /* a page fetches many of them */
        return;
    int wait_s = limiter_wait_s(server->limiter, ex->address, ex->started_us);
    if (!wait_s)
        return;
    atomic_fetch_add(&server->rate_limited, 1);
    refuse_exchange(ex, 429, "http.too-many-requests");
    reply_header(&ex->reply, "Retry-After", fmt("%d", wait_s));
}

static void begin(Exchange *ex, void *method)
{
    Request *rq = &ex->rq;
    int status = 0;
    ex->begun = true;
    rq->path = "/";
    bool headers_fit = collect_headers(ex);
    read_client(ex);
    find_route(ex, method);
    limit_rate(ex);
    if (!atomic_load(&ex->server->open)) {
        refuse_exchange(ex, 503, "http.starting");
        reply_header(&ex->reply, "Retry-After", "2");
    } else if (ex->target_too_long) {
        refuse_exchange(ex, 414, "http.target-too-long");
    } else if (!headers_fit) {
        refuse_exchange(ex, 431, "http.headers-too-large");
    }
    if (ex->refused)
        rq->route = NULL;
    const char *length = MHD_lookup_connection_value(ex->connection, MHD_HEADER_KIND, "Content-Length");
    int64_t size = 0;
    const char *code = intake_begin(ex, length, &status);
    if (code)
        refuse_exchange(ex, status, code);
    bool huge = text_int(length, 0, INT64_MAX, &size) && size > MAX_DRAIN;
    ex->early = ex->refused && (huge || header(rq, "Expect"));
}

/* ---- Suspending and answering ---- */

static enum MHD_Result answer_busy(Exchange *ex)
{
    ex->status = 503;
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
    workers_push(server->workers, ex);
    return MHD_YES;
}

static enum MHD_Result queue_answer(Exchange *ex)
{
    struct MHD_Response *response = ex->response;
    if (!response) /* not even a problem could be made */
        return answer_busy(ex);
    enum MHD_Result result = MHD_queue_response(ex->connection, ex->status, response);
    ex->response = NULL;
    MHD_destroy_response(response);
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

enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                           const char *version, const char *upload, size_t *upload_size, void **context)
{
    Server *server = cls;
    Exchange *ex = *context;
    (void)url;
    (void)version;
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
        if (!io_try(ex, begin, (void *)method))
            return answer_busy(ex);
        return ex->early ? hand_over(ex) : MHD_YES;
    }
    if (*upload_size) {
        Piece piece = { upload, *upload_size };
        *upload_size = 0;
        if (!io_try(ex, feed, &piece))
            refuse_exchange(ex, 503, "http.unavailable");
        return ex->body_taken > MAX_DRAIN && ex->refused ? MHD_NO : MHD_YES;
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
    } else if (ex->response) {
        MHD_destroy_response(ex->response); /* too late: the server stopped meanwhile */
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
    if (ex->stream)
        stream_gone(ex->stream);
    if (ex->response && atomic_load(&ex->stage) == STAGE_ANSWERED)
        MHD_destroy_response(ex->response); /* resumed, but never asked for again */
    server_count(server, ex);
    pthread_mutex_lock(&server->gate);
    if (ex->listed)
        list_remove(server, ex);
    if (atomic_fetch_sub(&server->in_flight, 1) == 1 && atomic_load(&server->stopping))
        pthread_cond_broadcast(&server->idle);
    pthread_mutex_unlock(&server->gate);
    exchange_release(ex);
}
