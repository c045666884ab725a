/* Starting and stopping: the listening socket, libmicrohttpd, the workers; and what can be asked of a running
 * server. */
#include "base/clock.h"
#include "base/log.h"
#include "net/inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_OPTIONS = 16 };

static const char busy_text[] =
    "{\"type\":\"urn:sen:problem:http.unavailable\",\"title\":\"Service Unavailable\",\"status\":503}";

/* ---- Starting ---- */

static ServerOptions with_defaults(const ServerOptions *given)
{
    ServerOptions o = *given;
    int processors = (int)sysconf(_SC_NPROCESSORS_ONLN);
    o.io_threads = o.io_threads > 0 ? o.io_threads : processors;
    o.workers = o.workers > 0 ? o.workers : 2 * processors;
    o.max_body = o.max_body > 0 ? o.max_body : 1024 * 1024;
    o.max_upload = o.max_upload > 0 ? o.max_upload : 50 * 1024 * 1024;
    o.idle_s = o.idle_s > 0 ? o.idle_s : 30;
    o.max_connections = o.max_connections > o.io_threads ? o.max_connections : 4096;
    o.temp_dir = text_copy(text_or(o.temp_dir, P_tmpdir));
    o.cert = o.cert ? text_copy(o.cert) : NULL;
    o.key = o.key ? text_copy(o.key) : NULL;
    o.listen = text_copy(o.listen);
    o.trusted_proxies = text_copy(text_or(o.trusted_proxies, ""));
    return o;
}

static char *pem_text(const char *path)
{
    Buf text = { 0 };
    char bytes[4096];
    FILE *file = fopen(path, "re");
    if (!file)
        raise_fault(FAULT_INTERNAL, "http.tls", "%s: %s", path, strerror(errno));
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, file));)
        buf_add(&text, bytes, n);
    fclose(file);
    return (char *)buf_end(&text);
}

static void log_mhd(void *cls, const char *format, va_list args)
{
    char line[256];
    (void)cls;
    vsnprintf(line, sizeof line, format, args);
    line[strcspn(line, "\n")] = '\0';
    log_debug("http.library", "message", line, NULL);
}

/* Targets are decoded by the router, segment by segment. */
static size_t keep_escaped(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

static void start_daemon(Server *server)
{
    const ServerOptions *o = &server->options;
    struct MHD_OptionItem items[MAX_OPTIONS];
    int n = 0;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
                     MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG;
#define OPTION(name, number, at)                                                                             \
    items[n++] = (struct MHD_OptionItem){ name, (intptr_t)(number), (void *)(at) }
    OPTION(MHD_OPTION_CONNECTION_LIMIT, o->max_connections, NULL);
    OPTION(MHD_OPTION_CONNECTION_TIMEOUT, o->idle_s, NULL);
    OPTION(MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL);
    OPTION(MHD_OPTION_NOTIFY_COMPLETED, on_completed, server);
    OPTION(MHD_OPTION_URI_LOG_CALLBACK, on_target, server);
    OPTION(MHD_OPTION_UNESCAPE_CALLBACK, keep_escaped, server);
    if (o->io_threads > 1)
        OPTION(MHD_OPTION_THREAD_POOL_SIZE, o->io_threads, NULL);
    if (o->cert) {
        if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
            raise_fault(FAULT_INTERNAL, "http.tls", "this libmicrohttpd was built without TLS");
        flags |= MHD_USE_TLS;
        OPTION(MHD_OPTION_HTTPS_MEM_CERT, 0, pem_text(o->cert));
        OPTION(MHD_OPTION_HTTPS_MEM_KEY, 0, pem_text(text_or(o->key, o->cert)));
    }
    OPTION(MHD_OPTION_END, 0, NULL);
#undef OPTION
    server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER,
                                      log_mhd, NULL, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
    if (!server->daemon)
        raise_fault(FAULT_INTERNAL, "http.start", "the server could not start on %s", o->listen);
}

static void start(Server *server, const ServerOptions *options)
{
    server->options = with_defaults(options);
    proxies_parse(&server->proxies, options->trusted_proxies);
    if (options->rate_per_minute > 0)
        server->limiter = limiter_new(options->rate_per_minute);
    server->busy =
        MHD_create_response_from_buffer(sizeof busy_text - 1, (void *)busy_text, MHD_RESPMEM_PERSISTENT);
    if (!server->busy ||
        MHD_add_response_header(server->busy, "Content-Type", "application/problem+json") != MHD_YES ||
        MHD_add_response_header(server->busy, "Retry-After", "1") != MHD_YES ||
        MHD_add_response_header(server->busy, "Cache-Control", "no-store") != MHD_YES)
        raise_fault(FAULT_MEMORY, "http.start", "no memory for the server");
    server->bus = bus_new();
    server->workers = workers_start(server, server->options.workers);
    server->slow = workers_start(server, server->options.workers);
    if (!workers_count(server->workers) || !workers_count(server->slow))
        raise_fault(FAULT_INTERNAL, "http.start", "no thread could be started");
    start_daemon(server);
    server->door = door_open(server->options.listen, server->daemon, &server->port);
}

Server *server_start(const ServerOptions *options, const Hooks *hooks)
{
    Server *server = heap_alloc(sizeof *server);
    server->hooks = *hooks;
    atomic_init(&server->owners, 1);
    pthread_mutex_init(&server->gate, NULL);
    pthread_cond_init(&server->idle, NULL);
    server->router.arena = arena_new(0);
    Guard guard;
    guard_enter(&guard);
    bool ok = server->router.arena && setjmp(guard.at) == 0;
    if (ok) {
        Arena *before = arena_use(server->router.arena);
        start(server, options);
        arena_use(before);
        guard_leave(&guard);
        return server;
    }
    if (!server->router.arena) {
        guard_leave(&guard);
        guard.fault = (Fault){ .kind = FAULT_MEMORY,
                               .code = "memory.exhausted",
                               .message = "no memory for the server" };
    }
    server_stop(server, 0);
    raise_again(&guard.fault);
}

int server_port(const Server *server)
{
    return server->port;
}

void server_open(Server *server)
{
    atomic_store(&server->open, true);
}

/* ---- Stopping ---- */

/* Waits until no request is left, at most until then. With the gate held. */
static void wait_idle(Server *server, int64_t until_us)
{
    struct timespec until = { until_us / 1000000, until_us % 1000000 * 1000 };
    while (atomic_load(&server->in_flight) > 0)
        if (pthread_cond_clockwait(&server->idle, &server->gate, CLOCK_MONOTONIC, &until) != 0)
            return;
}

static void end_requests(Server *server, int64_t until_us)
{
    pthread_mutex_lock(&server->gate);
    wait_idle(server, until_us);
    server->closed = true;
    for (Exchange *ex = server->suspended; ex; ex = ex->after)
        exchange_abandon(ex);
    wait_idle(server, monotonic_us() + 200 * 1000); /* for the 503s to be written */
    pthread_mutex_unlock(&server->gate);
    while (atomic_load(&server->unresumed) > 0)
        usleep(1000); /* an answer is between its decision and its resume: a few instructions */
}

void server_stop(Server *server, int grace_ms)
{
    int64_t until_us = monotonic_us() + (int64_t)grace_ms * 1000;
    atomic_store(&server->stopping, true);
    door_close(server->door);
    if (server->bus)
        bus_close(server->bus);
    end_requests(server, until_us);
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    server->daemon = NULL;
    if (server->slow)
        workers_stop(server->slow, until_us + 500 * 1000);
    if (server->workers)
        workers_stop(server->workers, until_us + 500 * 1000);
    server_release(server);
}

void server_release(Server *server)
{
    if (atomic_fetch_sub(&server->owners, 1) != 1)
        return;
    workers_free(server->workers);
    workers_free(server->slow);
    bus_free(server->bus);
    limiter_free(server->limiter);
    if (server->busy)
        MHD_destroy_response(server->busy);
    pthread_mutex_destroy(&server->gate);
    pthread_cond_destroy(&server->idle);
    arena_free(server->router.arena);
    heap_free(server);
}

/* ---- Asking ---- */

void server_add_routes(Server *server, const Route *routes)
{
    router_add(&server->router, routes);
}

size_t server_routes(const Server *server, const Route ***routes)
{
    *routes = (const Route **)server->router.routes.items;
    return server->router.routes.count;
}

const Route *server_find(const Server *server, Method method, const char *path, Json *values)
{
    RouteMatch match;
    char *bare = text_copy_n(path, strcspn(path, "?"));
    bool found = router_find(&server->router, method, bare, &match) == ROUTE_FOUND;
    if (values)
        *values = found ? match.values : NULL;
    return found ? match.route : NULL;
}

void server_publish(Server *server, const char *topic, const char *event, const char *data)
{
    bus_publish(server->bus, topic, event, data);
}

void server_count(Server *server, const Exchange *ex, int64_t bytes_out, bool timed)
{
    if (!ex->sent_status)
        return; /* the client went away before it had asked for anything */
    atomic_fetch_add(&server->requests, 1);
    atomic_fetch_add(&server->by_status[ex->sent_status / 100 < 6 ? ex->sent_status / 100 : 0], 1);
    atomic_fetch_add(&server->bytes_out, bytes_out);
    int64_t ms = (monotonic_us() - ex->started_us) / 1000;
    int bucket = 0;
    while (bucket < 15 && ms >= (int64_t)1 << bucket)
        bucket++;
    if (timed)
        atomic_fetch_add(&server->latency[bucket], 1);
}

ServerStats server_stats(const Server *server)
{
    ServerStats s = { .requests = atomic_load(&server->requests),
                      .in_flight = atomic_load(&server->in_flight),
                      .streams = bus_streams(server->bus),
                      .bytes_out = atomic_load(&server->bytes_out),
                      .rate_limited = atomic_load(&server->rate_limited) };
    for (int i = 0; i < 6; i++)
        s.by_status[i] = atomic_load(&server->by_status[i]);
    for (int i = 0; i < 16; i++)
        s.latency_us_bucket[i] = atomic_load(&server->latency[i]);
    s.in_flight -= s.streams;
    return s;
}
