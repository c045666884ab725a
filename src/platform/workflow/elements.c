/* What each kind of element does (spec 23 §5.2), as a table; waiting events stand in waits.c, tasks in
 * work.c. */
#include "base/text.h"
#include "platform/workflow/engine.h"

static void enter_scope(Run *run, Scope *scope)
{
    scope_new(run, scope->element->start, scope, scope);
}

/* ---- Gateways ---- */

static bool leave_parallel(Run *run, Scope *scope, Vec *flows)
{
    (void)run;
    *flows = (Vec){ 0 };
    for (size_t i = 0; i < scope->element->out.count; i++)
        vec_add(flows, scope->element->out.items[i]);
    return true;
}

/* Conditions in document order; a gateway that only joins has one flow, which needs no condition. */
static bool leave_choosing(Run *run, Scope *scope, Vec *flows, bool all)
{
    const Element *e = scope->element;
    for (size_t i = 0; i < e->out.count; i++) {
        Flow *flow = e->out.items[i];
        bool taken = flow->condition.text ? expression_true(run, scope->flow_scope, flow->condition)
                                          : flow != e->otherwise && e->out.count == 1;
        if (taken)
            vec_add(flows, flow);
        if (taken && !all)
            break;
    }
    if (!flows->count && e->otherwise)
        vec_add(flows, e->otherwise);
    if (flows->count || !e->out.count)
        return true;
    run_incident(run, scope, all ? "NO_OUTGOING_FLOW" : "EXCLUSIVE_NO_FLOW",
                 fmt("no condition out of %s is true and there is no default", e->id));
    return false;
}

static bool leave_exclusive(Run *run, Scope *scope, Vec *flows)
{
    return leave_choosing(run, scope, flows, false);
}

static bool leave_inclusive(Run *run, Scope *scope, Vec *flows)
{
    return leave_choosing(run, scope, flows, true);
}

/* ---- Ends and throws ---- */

static void terminate_others(Run *run, Scope *scope)
{
    for (size_t i = 0; i < run->scopes.count; i++) {
        Scope *s = run->scopes.items[i];
        if (s != scope && s->flow_scope == scope->flow_scope && !scope_ended(s))
            scope_terminate(run, s);
    }
    for (size_t i = 0; i < run->tokens.count; i++) {
        Token *t = run->tokens.items[i];
        if (t->scope == scope->flow_scope) {
            t->count = 0;
            t->dirty = true;
        }
    }
}

/* The boundary event that catches an error thrown in or below an activity: nearest first, specific before
 * catch-all. */
static Scope *catcher(Run *run, Scope *from, const char *code)
{
    for (Scope *at = from; at; at = at->flow_scope) {
        Scope *any = NULL;
        for (size_t i = 0; i < run->scopes.count; i++) {
            Scope *s = run->scopes.items[i];
            if (s->parent != at || s->element->type != EL_BOUNDARY || s->element->trigger != ON_ERROR ||
                s->state > ACTIVE)
                continue;
            if (s->element->error_code && text_is(s->element->error_code, code))
                return s;
            if (!s->element->error_code)
                any = s;
        }
        if (any)
            return any;
    }
    return NULL;
}

bool error_throw(Run *run, Scope *from, const char *code, Json data)
{
    Scope *boundary = catcher(run, from, code);
    if (!boundary)
        return false;
    Scope *host = boundary->parent;
    boundary->parent = boundary->flow_scope;
    boundary->dirty = true;
    scope_terminate(run, host);
    scope_complete(run, boundary, data);
    return true;
}

static char *message_key(Run *run, const Scope *scope)
{
    const Expression e = scope->element->correlation;
    return e.text ? expression_text(run, scope, e) : text_copy(text_or(run->instance.business_key, ""));
}

bool throw_prepare(Run *run, Scope *scope)
{
    const Element *e = scope->element;
    if (e->trigger == ON_MESSAGE && !message_key(run, scope)) {
        run_incident(run, scope, "CORRELATION_NULL", fmt("the correlation key of %s is null", e->id));
        return false;
    }
    if (e->trigger == ON_ERROR && !catcher(run, scope, e->error_code)) {
        run_incident(run, scope, "UNHANDLED_ERROR",
                     fmt("nobody catches error %s", text_or(e->error_code, "")));
        return false;
    }
    return true;
}

/* A thrown message carries what the input mappings made, and nothing else. */
static void publish(Run *run, Scope *scope)
{
    const Element *e = scope->element;
    TimerSpec ttl = { 0 };
    char *text = expression_text(run, scope, e->ttl);
    if (text)
        timer_parse(TIMER_DURATION, text, &ttl);
    wf_publish(run->db, e->message, message_key(run, scope), scope->locals, ttl.ms, run->now);
}

void throw_enter(Run *run, Scope *scope)
{
    const Element *e = scope->element;
    int64_t id = scope->id;
    if (e->trigger == ON_MESSAGE)
        publish(run, scope);
    scope = run_scope(
        run,
        id); /* publishing may run handlers of other instances, and a failing one reads everything again */
    if (e->trigger == ON_TERMINATE)
        terminate_others(run, scope);
    if (e->trigger == ON_ERROR)
        error_throw(run, scope, e->error_code, json_set_str(json_new(), "error_code", e->error_code));
    else
        scope_complete(run, scope, NULL);
}

static bool send_prepare(Run *run, Scope *scope)
{
    return scope->element->job_type || throw_prepare(run, scope);
}

static void send_enter(Run *run, Scope *scope)
{
    (scope->element->job_type ? service_enter : throw_enter)(run, scope);
}

static void boundary_enter(Run *run, Scope *scope)
{
    if (scope->element->trigger != ON_ERROR) /* an error is found by who throws it */
        wait_enter(run, scope);
}

/* The flow that the outcome names, else by conditions. */
static bool leave_user(Run *run, Scope *scope, Vec *flows)
{
    for (const Outcome *o = scope->element->outcomes; o && scope->outcome; o = o->next) {
        if (!text_is(o->value, scope->outcome) || !o->flow)
            continue;
        vec_add(flows, map_get(&run->model->flow_by_id, o->flow));
        return true;
    }
    return leave_by_conditions(run, scope, flows);
}

const Behaviour behaviours[EL_TYPES] = {
    [EL_PROCESS] = { .enter = enter_scope },
    [EL_SUB_PROCESS] = { .enter = enter_scope },
    [EL_START] = { 0 },
    [EL_END] = { throw_prepare, throw_enter, NULL, NULL },
    [EL_THROW] = { throw_prepare, throw_enter, NULL, NULL },
    [EL_CATCH] = { wait_prepare, wait_enter, NULL, wait_close },
    [EL_BOUNDARY] = { wait_prepare, boundary_enter, NULL, wait_close },
    [EL_RECEIVE_TASK] = { wait_prepare, wait_enter, NULL, wait_close },
    [EL_EVENT_GATEWAY] = { wait_prepare, wait_enter, event_gateway_leave, wait_close },
    [EL_TASK] = { 0 },
    [EL_USER_TASK] = { user_prepare, user_enter, leave_user, user_close },
    [EL_SERVICE_TASK] = { NULL, service_enter, NULL, service_close },
    [EL_SEND_TASK] = { send_prepare, send_enter, NULL, service_close },
    [EL_SCRIPT_TASK] = { script_prepare, script_enter, NULL, NULL },
    [EL_EXCLUSIVE] = { .leave = leave_exclusive },
    [EL_PARALLEL] = { .leave = leave_parallel },
    [EL_INCLUSIVE] = { .leave = leave_inclusive },
};
