/* The worker's side of a request: parse what came, call the handler, render and build its reply.
 *
 * complete() never fails: if a page cannot be rendered, the fault is rendered as a problem; if that cannot be
 * rendered either, as net's own JSON; if there is no memory even for that, as the answer that was made when
 * the server started. */
#include "base/clock.h"
#include "base/log.h"
#include "net/inside.h"

#include <stdio.h>
#include <string.h>

/* ---- Faults as answers ---- */

static Reply fault_reply(const Fault *fault)
{
    static const struct {
        int status;
        const char *code;
    } answers[] = {
        [FAULT_INTERNAL] = { 500, "http.internal" }, [FAULT_MEMORY] = { 503, "http.unavailable" },
        [FAULT_STORE] = { 503, "http.unavailable" }, [FAULT_CONFLICT] = { 409, "http.conflict" },
        [FAULT_RETRY] = { 503, "http.unavailable" }, [FAULT_LIMIT] = { 503, "http.unavailable" },
    };
    return (Reply){ .status = answers[fault->kind].status,
                    .kind = REPLY_PROBLEM,
                    .code = answers[fault->kind].code };
}

static void log_fault(const Exchange *ex, const Fault *fault)
{
    const Request *rq = &ex->rq;
    log_error("http.fault", "code", fault->code, "message", fault->message, "method", method_name(rq->method),
              "route", rq->route ? rq->route->path : rq->path, "trace", rq->trace_id, NULL);
}

/* ---- Rendering without templates ---- */

const char *status_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } phrases[] = {
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 409, "Conflict" },
        { 410, "Gone" },
        { 412, "Precondition Failed" },
        { 413, "Content Too Large" },
        { 414, "URI Too Long" },
        { 415, "Unsupported Media Type" },
        { 416, "Range Not Satisfiable" },
        { 422, "Unprocessable Content" },
        { 423, "Locked" },
        { 428, "Precondition Required" },
        { 429, "Too Many Requests" },
        { 431, "Request Header Fields Too Large" },
        { 500, "Internal Server Error" },
        { 501, "Not Implemented" },
        { 502, "Bad Gateway" },
        { 503, "Service Unavailable" },
        { 504, "Gateway Timeout" },
    };
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return "Error";
}

static Json problem_document(const Request *rq, const Reply *reply)
{
    Json document = json_new();
    json_set_str(document, "type", fmt("urn:sen:problem:%s", reply->code));
    json_set_str(document, "title", status_phrase(reply->status));
    json_set_int(document, "status", reply->status);
    json_set_str(document, "trace_id", rq->trace_id);
    if (reply->model)
        json_object_update_missing(document, reply->model);
    return document;
}

void render_plain(Request *rq, Reply *reply)
{
    bool is_problem = reply->kind == REPLY_PROBLEM;
    const char *text = json_text(is_problem ? problem_document(rq, reply) : reply->model);
    reply->kind = REPLY_BYTES;
    reply->type = is_problem ? "application/problem+json" : "application/json";
    reply->bytes = text;
    reply->size = strlen(text);
}

/* ---- From a reply to bytes on their way ---- */

static bool unchanged(Exchange *ex, const Reply *reply)
{
    if (reply->kind != REPLY_PAGE || ex->rq.method != GET || reply->status != 200)
        return false;
    for (const ReplyHeader *line = reply->headers; line; line = line->next)
        if (text_is(line->name, "ETag"))
            return etag_in(header(&ex->rq, "If-None-Match"), line->value, true);
    return false;
}

static void render(Exchange *ex, Reply *reply, bool plain)
{
    Request *rq = &ex->rq;
    const Hooks *hooks = &ex->server->hooks;
    if (reply->kind ==
        REPLY_AGAIN) { /* platform/app shows the form again; where nobody did, it is a problem */
        reply->kind = REPLY_PROBLEM;
        reply->code = text_or(reply->code, "http.invalid-input");
        reply->model = json_set(json_new(), "errors", rq->errors ? json_incref(rq->errors) : json_list());
    }
    if (unchanged(ex, reply)) {
        reply->status = 304;
        reply->kind = REPLY_BYTES;
        reply->bytes = "";
        return;
    }
    if (reply->kind != REPLY_PAGE && reply->kind != REPLY_PROBLEM)
        return;
    if (hooks->render && !plain)
        hooks->render(rq, reply);
    if (reply->kind == REPLY_PAGE || reply->kind == REPLY_PROBLEM)
        render_plain(rq, reply);
}

static bool try_complete(Exchange *ex, Reply reply, bool plain, Fault *fault)
{
    Guard guard;
    guard_enter(&guard);
    bool ok = setjmp(guard.at) == 0;
    if (ok) {
        bool personal = reply.kind == REPLY_PAGE || reply.kind == REPLY_PROBLEM || reply.kind == REPLY_AGAIN;
        render(ex, &reply, plain);
        send_build(ex, &reply, personal);
        guard_leave(&guard);
    } else {
        *fault = guard.fault;
        log_fault(ex, fault);
        send_drop(ex);
        ex->out = (Outgoing){ 0 };
    }
    return ok;
}

static void log_access(const Exchange *ex)
{
    if (!ex->server->options.access_log)
        return;
    const Request *rq = &ex->rq;
    char status[12], ms[24], bytes[24], ip[64];
    const char *text = text_or(rq->ip, "");
    const char *dot = strrchr(text, '.');
    size_t kept =
        dot ? (size_t)(dot - text) : strcspn(text, ":"); /* /24; of an IPv6 address the first group */
    snprintf(status, sizeof status, "%u", ex->out.status ? ex->out.status : 503);
    snprintf(ms, sizeof ms, "%.1f", (double)(monotonic_us() - ex->started_us) / 1000);
    snprintf(bytes, sizeof bytes, "%lld", (long long)ex->out.size);
    snprintf(ip, sizeof ip, "%.*s%s", (int)kept, text, dot ? ".0" : "::");
    log_info("http.request", "method", ex->head ? "HEAD" : method_name(rq->method), "path", rq->path,
             "status", status, "ms", ms, "bytes", bytes, "trace", rq->trace_id, "ip", ip, NULL);
}

/* Renders and builds ex->reply and hands it to the I/O side. Never raises; the arena is current. */
static void complete(Exchange *ex)
{
    Fault fault;
    if (!try_complete(ex, ex->reply, false, &fault) &&
        !try_complete(ex, fault_reply(&fault), false, &fault) &&
        !try_complete(ex, fault_reply(&fault), true, &fault))
        ex->out.status = 0; /* the answer that was made beforehand */
    log_access(ex);
    exchange_answer(ex);
}

void request_finish(Request *rq, Reply reply)
{
    Exchange *ex = exchange_of(rq);
    if (atomic_exchange(&ex->finished, true)) {
        log_error("http.finished-twice", "path", rq->path, NULL);
        return;
    }
    ex->reply = reply;
    Workers *workers = ex->server->workers;
    if (needs_worker(ex, &reply) && !workers_mine(ex->server)) {
        atomic_fetch_add(&ex->owners, 1);
        if (workers_push(workers, ex))
            return;
        exchange_release(ex);
    }
    Arena *before = arena_use(rq->arena);
    complete(ex);
    arena_use(before);
}

/* ---- Handling ---- */

static void refuse_now(Exchange *ex, int status, const char *code)
{
    request_finish(&ex->rq, problem(&ex->rq, status, code, NULL));
}

static bool parse_query(Request *rq)
{
    const char *query = strchr(rq->target, '?');
    rq->query = json_new();
    return !query || urlencoded_parse(query + 1, strlen(query + 1), rq->query);
}

static void serve_asset(Exchange *ex)
{
    Request *rq = &ex->rq;
    const char *encodings = header(rq, "Accept-Encoding");
    Reply reply = { .status = 200, .kind = REPLY_BYTES };
    bool found = ex->server->hooks.asset(rq->path + strlen("/assets/"), accepts_encoding(encodings, "gzip"),
                                         accepts_encoding(encodings, "br"), &reply);
    if (!found) {
        refuse_now(ex, 404, "http.not-found");
        return;
    }
    reply_header(&reply, "Cache-Control", "public, max-age=31536000, immutable");
    reply_header(&reply, "Vary", "Accept-Encoding");
    request_finish(rq, reply);
}

static void handle(Exchange *ex)
{
    Request *rq = &ex->rq;
    int status = 400;
    const char *code = NULL;
    rq->errors = json_list();
    rq->input = json_new();
    bool query_ok = parse_query(rq);
    rq->typed = json_new();
    if (ex->refused)
        request_finish(rq, ex->reply);
    else if (!query_ok)
        refuse_now(ex, 400, "http.malformed");
    else if (ex->asset)
        serve_asset(ex);
    else if ((code = intake_end(ex, &status)))
        refuse_now(ex, status, code);
    else
        ex->server->hooks.handle(rq);
}

static void run_guarded(Exchange *ex, void (*work)(Exchange *ex))
{
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        work(ex);
        guard_leave(&guard);
        return;
    }
    log_fault(ex, &guard.fault);
    if (!atomic_load(&ex->finished))
        request_finish(&ex->rq, fault_reply(&guard.fault));
}

static void go_on(Exchange *ex)
{
    void (*later)(Request *) = ex->later;
    ex->later = NULL;
    later(&ex->rq);
}

void request_later(Request *rq, void (*work)(Request *rq))
{
    Exchange *ex = exchange_of(rq);
    ex->later = work;
    atomic_fetch_add(&ex->owners, 1);
    if (workers_push(ex->server->workers, ex))
        return;
    exchange_release(ex); /* the workers have stopped: here, then */
    Arena *before = arena_use(rq->arena);
    run_guarded(ex, go_on);
    arena_use(before);
}

void answer_run(Exchange *ex)
{
    if (atomic_load(&ex->stage) == STAGE_ABANDONED) {
        exchange_answer(ex); /* nobody waits for it any more */
        return;
    }
    arena_use(ex->rq.arena);
    if (atomic_load(&ex->finished))
        complete(ex);
    else
        run_guarded(ex, ex->later ? go_on : handle);
    arena_use(NULL);
}
