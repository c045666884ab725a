/* See fixture.h. */
#include "fixture.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/text.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

atomic_int fixture_delay_ms, fixture_begun, fixture_finished;

const char *fixture_path(const char *name)
{
    return fmt("/tmp/sen-net-%d-%s", (int)getpid(), name);
}

/* ---- The thread that finishes /later ---- */

enum { MOST_LATER = 1024 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static struct {
    Request *rq;
    int64_t at_us;
} queue[MOST_LATER];
static int first, count;
static bool over;
static pthread_t thread;

static void *finish_later(void *nothing)
{
    pthread_mutex_lock(&lock);
    while (!over || count) {
        if (!count) {
            pthread_cond_wait(&wake, &lock);
            continue;
        }
        Request *rq = queue[first].rq;
        int64_t wait_us = queue[first].at_us - monotonic_us();
        first = (first + 1) % MOST_LATER;
        count--;
        pthread_mutex_unlock(&lock);
        if (wait_us > 0)
            usleep((useconds_t)wait_us);
        atomic_fetch_add(&fixture_finished, 1);
        request_finish(rq, bytes_reply("text/plain", "later", 5));
        pthread_mutex_lock(&lock);
    }
    pthread_mutex_unlock(&lock);
    return nothing;
}

static void put_off(Request *rq)
{
    pthread_mutex_lock(&lock);
    int at = (first + count++) % MOST_LATER;
    queue[at].rq = rq;
    queue[at].at_us = monotonic_us() + (int64_t)atomic_load(&fixture_delay_ms) * 1000;
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&lock);
    atomic_fetch_add(&fixture_begun, 1);
}

/* ---- Handlers ---- */

static Reply hello(Request *rq)
{
    (void)rq;
    return text_reply("text/plain", "Xin chào\n");
}

static Reply later(Request *rq)
{
    (void)rq;
    return (Reply){ .status = -1 }; /* see handle() */
}

static Reply show(Request *rq)
{
    Json model = json_set_str(json_new(), "id", path_str(rq, "id"));
    json_set_str(model, "lang", rq->lang);
    json_set_str(model, "ip", rq->ip);
    json_set_str(model, "path", rq->path);
    json_set_str(model, "target", rq->target);
    json_set_bool(model, "secure", rq->secure);
    json_set_bool(model, "fragment", rq->fragment);
    json_set(model, "query", json_incref(rq->query));
    return json_reply(200, model);
}

static Reply save(Request *rq)
{
    if (has_errors(rq))
        return refuse(rq);
    Json model = json_set(json_new(), "input", json_incref(rq->input));
    for (size_t i = 0; i < rq->upload_count; i++) {
        json_set_str(model, "file", rq->uploads[i].file_name);
        json_set_int(model, "size", rq->uploads[i].size);
        json_set_str(model, "sha256", rq->uploads[i].sha256);
        json_set_bool(model, "on_disk", access(rq->uploads[i].path, R_OK) == 0);
    }
    return created(rq, "/items/77", model);
}

static Reply raw(Request *rq)
{
    Json model = json_set_int(json_new(), "size", (int64_t)rq->body_size);
    json_set_str(model, "sha256", sha256_hex(rq->body, rq->body_size));
    return json_reply(200, model);
}

static Reply fault(Request *rq)
{
    raise_fault((FaultKind)path_id(rq, "kind"), "test.fault", "asked for");
}

static Reply paged(Request *rq)
{
    Reply reply = page(rq, "test/page", json_set_str(json_new(), "title", "Trang"));
    reply_cookie(&reply, rq, "seen", "1", 60, false);
    return reply;
}

static Reply large(Request *rq)
{
    Buf text = { 0 };
    for (int i = 0; i < 4000; i++)
        buf_fmt(&text, "Đồng Tháp %d\n", i);
    (void)rq;
    Reply reply = text_reply("text/plain", buf_end(&text));
    reply_etag(&reply, "large");
    return reply;
}

static Reply tagged(Request *rq)
{
    (void)rq;
    Reply reply = text_reply("text/plain", "version seven");
    reply_etag(&reply, "v7");
    return reply;
}

static Reply file(Request *rq)
{
    Reply reply = file_reply(
        "application/pdf", text_is(path_str(rq, "which"), "missing") ? "/nonexistent" : fixture_path("file"),
        "Đơn \"xin\".pdf");
    reply_etag(&reply, "file-1");
    return reply;
}

static Reply stream(Request *rq)
{
    static const char *topics[] = { "dossiers", "dossier:7", NULL };
    return events_reply(rq, topics);
}

static Reply away(Request *rq)
{
    (void)rq;
    return redirect_to("http://localhost:1/");
}

static Reply loop(Request *rq)
{
    (void)rq;
    return redirect_to("/loop");
}

static const Param item[] = {
    { "name", PARAM_TEXT, .required = true, .max = 20 }, { "age", PARAM_INT }, { "scan", PARAM_FILE }, { 0 }
};

static const Route routes[] = {
    { GET, "/hello", hello, "public" },
    { GET, "/later", later, "public" },
    { POST, "/later", later, "public", .flags = ROUTE_OPEN_PARAMS },
    { GET, "/items/{id}", show, "public" },
    { POST, "/items", save, "public", .params = item },
    { POST, "/uploads", save, "public", .params = item, .flags = ROUTE_LARGE_BODY },
    { POST, "/raw", raw, "public", .flags = ROUTE_RAW_BODY | ROUTE_LARGE_BODY },
    { GET, "/fault/{kind}", fault, "public" },
    { GET, "/page", paged, "public" },
    { GET, "/large", large, "public" },
    { GET, "/tagged", tagged, "public" },
    { GET, "/file/{which}", file, "public" },
    { GET, "/away", away, "public" },
    { GET, "/loop", loop, "public" },
    { GET, "/events", stream, "public" },
    { 0 },
};

/* ---- Hooks ---- */

static void handle(Request *rq)
{
    params_check(rq);
    Reply reply = rq->route->handler(rq);
    if (reply.status < 0)
        put_off(rq);
    else
        request_finish(rq, reply);
}

static bool asset(const char *name, bool gzip, bool brotli, Reply *reply)
{
    (void)gzip;
    if (!text_is(name, "app-1234.js"))
        return false;
    *reply = bytes_reply("text/javascript", brotli ? "br!" : "plain", brotli ? 3 : 5);
    if (brotli)
        reply_header(reply, "Content-Encoding", "br");
    return true;
}

Server *fixture_start(const ServerOptions *options)
{
    static const Hooks hooks = { .handle = handle, .asset = asset };
    ServerOptions o = options ? *options : (ServerOptions){ 0 };
    if (!o.listen)
        o.listen = "127.0.0.1:0";
    o.io_threads = 2;
    o.workers = 2;
    over = false;
    first = count = 0;
    atomic_store(&fixture_delay_ms, 5);
    atomic_store(&fixture_begun, 0);
    atomic_store(&fixture_finished, 0);
    pthread_create(&thread, NULL, finish_later, NULL);
    Server *server = server_start(&o, &hooks);
    server_add_routes(server, routes);
    server_open(server);
    return server;
}

void fixture_stop(Server *server, int grace_ms)
{
    server_stop(server, grace_ms);
    fixture_end();
}

void fixture_end(void)
{
    pthread_mutex_lock(&lock);
    over = true;
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
}
