/* One request, one transaction. See app.h for the way; the phases below are in its order.
 *
 * What a handler answers decides what stands: a reply below 400 without recorded errors is committed and only
 * then sent, anything else is undone first. A refusal of a person's input (REPLY_AGAIN) shows the form's page
 * again in a fresh read snapshot, with what was typed. */
#include "platform/app/app.h"
#include "platform/app/start.h"
#include "platform/identity/identity.h"
#include "platform/solution.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"

#include <string.h>

typedef struct Phase {
    Request *rq;
    Reply reply;
} Phase;

static Settings current;
static Store *the_store;
static Server *the_server;

const Settings *settings(void)
{
    return &current;
}

Store *app_store(void)
{
    return the_store;
}

Server *app_server(void)
{
    return the_server;
}

void app_use(const Settings *s, Store *store, Server *server)
{
    current = *s;
    the_store = store;
    the_server = server;
}

static Reply fault_reply(Request *rq, const Fault *fault)
{
    static const struct {
        int status;
        const char *code;
    } answers[] = {
        [FAULT_NONE] = { 500, "http.internal" },     [FAULT_INTERNAL] = { 500, "http.internal" },
        [FAULT_MEMORY] = { 503, "http.busy" },       [FAULT_STORE] = { 503, "http.store" },
        [FAULT_CONFLICT] = { 409, "http.conflict" }, [FAULT_RETRY] = { 503, "http.busy" },
        [FAULT_LIMIT] = { 503, "http.busy" },
    };
    log_error("request.fault", "code", fault->code, "message", fault->message, "trace", rq->trace_id, "route",
              rq->route ? rq->route->path : "", NULL);
    return problem(rq, answers[fault->kind].status, answers[fault->kind].code, NULL);
}

/* ---- permission ---- */

static bool may_enter(Request *rq, Reply *refusal)
{
    const char *permission = rq->route->permission;
    if (text_is(permission, "public"))
        return true;
    if (rq->actor->kind == ACTOR_STRANGER) {
        *refusal = rq->wants_json || rq->method != GET
                       ? problem(rq, 401, "http.sign-in", NULL)
                       : redirect_to(fmt("/sign-in?to=%s", url_encode(rq->target)));
        return false;
    }
    if (text_is(permission, "signed-in") || can(rq->actor, permission))
        return true;
    *refusal = forbidden(rq, "http.forbidden");
    return false;
}

static bool csrf_holds(Request *rq, Reply *refusal)
{
    if (rq->method == GET || rq->route->flags & ROUTE_NO_CSRF || csrf_ok(rq))
        return true;
    *refusal = problem(rq, 403, "http.csrf", NULL);
    return false;
}

/* ---- the phases ---- */

/* Shows the page that holds the form, with the errors and what was typed; what the refusal says in headers
 * (Retry-After) stays. */
static Reply form_again(Request *rq, const ReplyHeader *headers)
{
    Json values = NULL;
    const char *path = rq->path;
    if (rq->route->form)
        path = path_filled(rq->route->form, rq->path_values);
    const Route *form = server_find(rq->server, GET, path, &values);
    if (!form || rq->wants_json)
        return problem(rq, 422, "http.invalid-input", json_set(json_new(), "errors", rq->errors));
    const Route *posted = rq->route;
    rq->route = form;
    rq->path_values = values;
    Reply reply = form->handler(rq);
    rq->route = posted;
    if (reply.status == 200)
        reply.status = 422;
    for (; headers; headers = headers->next)
        reply_header(&reply, headers->name, headers->value);
    return reply;
}

static Reply settled(Request *rq, Reply reply)
{
    return reply.kind == REPLY_AGAIN ? form_again(rq, reply.headers) : reply;
}

/* In a fresh read snapshot, on this thread. */
static void again_work(Request *rq)
{
    Phase *phase = rq->work;
    Guard guard;
    rq->db = store_read_begin(the_store);
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        phase->reply = form_again(rq, phase->reply.headers);
        guard_leave(&guard);
    } else {
        phase->reply = fault_reply(rq, &guard.fault);
    }
    store_read_end(rq->db);
    rq->db = NULL;
    request_finish(rq, phase->reply);
}

static void write_work(Db *db, void *argument)
{
    Phase *phase = argument;
    Request *rq = phase->rq;
    arena_use(rq->arena);
    rq->db = db;
    rq->errors = json_list(); /* the store may run this again */
    phase->reply = rq->route->handler(rq);
    if (phase->reply.status >= 400 || has_errors(rq))
        db_reject(db);
}

static void write_done(void *argument, const Fault *fault)
{
    Phase *phase = argument;
    Request *rq = phase->rq;
    Arena *before = arena_use(rq->arena);
    rq->db = NULL;
    if (fault)
        phase->reply = fault_reply(rq, fault);
    if (phase->reply.kind == REPLY_AGAIN)
        request_later(rq, again_work);
    else
        request_finish(rq, phase->reply);
    arena_use(before);
}

/* Everything that needs no write transaction. False: the request was handed on to the store. */
static bool read_phase(Phase *phase)
{
    Request *rq = phase->rq;
    bool writes = rq->method != GET && !(rq->route->flags & ROUTE_SLOW);
    rq->actor = identity_of(rq);
    if (!may_enter(rq, &phase->reply) || !csrf_holds(rq, &phase->reply))
        return true;
    params_check(rq);
    if (has_errors(rq))
        phase->reply = settled(rq, refuse(rq));
    else if (!writes)
        phase->reply = settled(rq, rq->route->handler(rq));
    else
        return false;
    return true;
}

static void handle(Request *rq)
{
    Phase *phase = alloc(sizeof *phase);
    *phase = (Phase){ .rq = rq };
    rq->work = phase;
    rq->db = store_read_begin(the_store);
    bool answered = read_phase(phase);
    store_read_end(rq->db);
    rq->db = NULL;
    if (answered)
        request_finish(rq, phase->reply);
    else
        store_write(the_store, write_work, write_done, phase); /* from here on the request is the store's */
}

void app_handle(Request *rq)
{
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        handle(rq);
        guard_leave(&guard);
        return;
    }
    if (rq->db)
        store_read_end(rq->db);
    rq->db = NULL;
    request_finish(rq, fault_reply(rq, &guard.fault));
}

/* ---- slow routes ---- */

typedef struct InWrite {
    Request *rq;
    RequestWrite *write;
    void *argument;
} InWrite;

static void in_write(Db *db, void *argument)
{
    InWrite *w = argument;
    w->rq->db = db;
    w->write(w->rq, w->argument);
}

void db_in_write(Request *rq, RequestWrite *write, void *argument)
{
    InWrite w = { rq, write, argument };
    Guard guard;
    store_read_end(rq->db); /* so that what follows sees what was written */
    rq->db = NULL;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        store_write_wait(the_store, in_write, &w);
        guard_leave(&guard);
        rq->db = store_read_begin(the_store);
    } else {
        rq->db = store_read_begin(the_store);
        raise_again(&guard.fault);
    }
}
