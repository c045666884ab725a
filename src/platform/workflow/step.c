/* The step machine (spec 23 §5.1): each move takes one scope one state further,
 *     activating → active → completing → completed       or       → terminating → terminated,
 * first in first out; the flows of a scope in document order. */
#include "base/arena.h"
#include "base/crypto.h"
#include "base/text.h"
#include "platform/events/events.h"
#include "platform/workflow/engine.h"

#include <string.h>

enum { MAX_MOVES = 10000 };

bool scope_ended(const Scope *scope)
{
    return scope->state == COMPLETED || scope->state == TERMINATED;
}

void run_enqueue(Run *run, Scope *scope)
{
    vec_add(&run->queue, scope);
}

static void become(Run *run, Scope *scope, ScopeState state)
{
    static const char *const names[] = { "activating", "active",      "completing",
                                         "completed",  "terminating", "terminated" };
    scope->state = state;
    scope->dirty = true;
    if (scope_ended(scope))
        scope->ended_at = run->now;
    Json payload = json_new();
    if (state == ACTIVATING) {
        json_set_id(payload, "parent_id", scope->parent ? scope->parent->id : 0);
        json_set_id(payload, "flow_scope_id", scope->flow_scope ? scope->flow_scope->id : 0);
    }
    run_log(run, scope, names[state], payload);
}

Scope *scope_new(Run *run, const Element *element, Scope *parent, Scope *flow_scope)
{
    Scope *scope = alloc(sizeof *scope);
    *scope = (Scope){
        .id = id_new(), .element = element, .parent = parent, .flow_scope = flow_scope, .created_at = run->now
    };
    vec_add(&run->scopes, scope);
    become(run, scope, ACTIVATING);
    run_enqueue(run, scope);
    return scope;
}

void run_incident(Run *run, Scope *scope, const char *type, const char *message)
{
    int64_t id = id_new();
    db_exec(run->db,
            "insert into wf_incident (id, instance_id, scope_id, element_id, type, message, created_at) "
            "values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            ID(id), ID(run->instance.id), ID(scope->id), T(scope->element->id), T(type), T(message),
            I(run->now));
    run->instance.incident_count++;
    run_log(run, scope, "incident", json_set_str(json_set_id(json_new(), "incident_id", id), "type", type));
    Json data = json_set_str(json_set_str(json_new(), "type", type), "element_id", scope->element->id);
    events_publish(run->db, "workflow.incident.created", run->instance.id, run->instance.org_id, data);
}

/* ---- Tokens before joins ---- */

static Token *token_at(Run *run, Scope *scope, const Flow *flow)
{
    for (size_t i = 0; i < run->tokens.count; i++) {
        Token *t = run->tokens.items[i];
        if (t->scope == scope && t->flow == flow)
            return t;
    }
    Token *t = alloc(sizeof *t);
    *t = (Token){ .scope = scope, .flow = flow };
    vec_add(&run->tokens, t);
    return t;
}

static void token_change(Run *run, Token *token, int by)
{
    token->count += by;
    token->dirty = true;
    run_log(run, token->scope, "token",
            json_set_int(json_set_str(json_new(), "flow", token->flow->id), "count", token->count));
}

static void fire_parallel(Run *run, const Element *gateway, Scope *flow_scope)
{
    for (size_t i = 0; i < gateway->in.count; i++)
        if (!token_at(run, flow_scope, gateway->in.items[i])->count)
            return;
    for (size_t i = 0; i < gateway->in.count; i++)
        token_change(run, token_at(run, flow_scope, gateway->in.items[i]), -1);
    scope_new(run, gateway, flow_scope, flow_scope);
}

Scope *take_flow_to(Run *run, const Flow *flow, Scope *flow_scope)
{
    return scope_new(run, flow->to, flow_scope, flow_scope);
}

void take_flow(Run *run, const Flow *flow, Scope *flow_scope)
{
    const Element *to = flow->to;
    if ((to->type != EL_PARALLEL && to->type != EL_INCLUSIVE) || to->in.count < 2) {
        take_flow_to(run, flow, flow_scope);
        return;
    }
    token_change(run, token_at(run, flow_scope, flow), 1);
    if (to->type == EL_PARALLEL)
        fire_parallel(run, to, flow_scope);
}

/* ---- The inclusive join (spec 23 §7.1; BPMN 2.0.2 clause 13) ---- */

/* Marks every element met walking backwards from a flow without entering the gateway. Flows are marked by
 * `flows`. */
static void walk_back(const Flow *flow, const Element *gateway, bool *elements, bool *flows)
{
    if (flows[flow->index])
        return;
    flows[flow->index] = true;
    const Element *from = flow->from->type == EL_BOUNDARY && flow->from->host ? flow->from->host : flow->from;
    if (flow->from == gateway)
        return;
    elements[flow->from->index] = elements[from->index] = true;
    for (size_t i = 0; i < from->in.count; i++)
        walk_back(from->in.items[i], gateway, elements, flows);
}

static bool inclusive_ready(Run *run, const Element *gateway, Scope *flow_scope)
{
    size_t elements = run->model->elements.count, flows = run->model->flows.count;
    bool *with = alloc(elements + flows + 1), *without = alloc(elements + flows + 1), any = false;
    for (size_t i = 0; i < gateway->in.count; i++) {
        const Flow *flow = gateway->in.items[i];
        bool full = token_at(run, flow_scope, flow)->count > 0;
        any |= full;
        walk_back(flow, gateway, full ? with : without, full ? with + elements : without + elements);
    }
    for (size_t i = 0; any && i < run->scopes.count; i++) {
        const Scope *s = run->scopes.items[i];
        if (s->flow_scope == flow_scope && !scope_ended(s) && s->element != gateway &&
            without[s->element->index] && !with[s->element->index])
            return false;
    }
    for (size_t i = 0; any && i < run->tokens.count; i++) {
        const Token *t = run->tokens.items[i];
        size_t at = elements + (size_t)t->flow->index;
        if (t->scope == flow_scope && t->count && without[at] && !with[at])
            return false;
    }
    return any;
}

static void fire_inclusive(Run *run, Scope *flow_scope)
{
    for (size_t i = 0; i < run->model->elements.count; i++) {
        const Element *e = run->model->elements.items[i];
        if (e->type != EL_INCLUSIVE || e->in.count < 2 || e->parent != flow_scope->element ||
            !inclusive_ready(run, e, flow_scope))
            continue;
        for (size_t k = 0; k < e->in.count; k++)
            if (token_at(run, flow_scope, e->in.items[k])->count)
                token_change(run, token_at(run, flow_scope, e->in.items[k]), -1);
        scope_new(run, e, flow_scope, flow_scope);
    }
}

/* ---- When nothing moves in a scope any more ---- */

static bool has_fired(Run *run, const Element *gateway, const Scope *flow_scope)
{
    for (size_t i = 0; i < run->scopes.count; i++) {
        const Scope *s = run->scopes.items[i];
        if (s->element == gateway && s->flow_scope == flow_scope && s->state == COMPLETED)
            return true;
    }
    return db_int(run->db,
                  "select count(*) from wf_scope where flow_scope_id = ?1 and element_id = ?2 and state = "
                  "'completed'",
                  ID(flow_scope->id), T(gateway->id)) > 0;
}

/* Tokens left before a join that has already fired are surplus and go; before one that never fired they are a
 * deadlock. */
static bool tokens_left(Run *run, Scope *flow_scope)
{
    for (size_t i = 0; i < run->tokens.count; i++) {
        Token *t = run->tokens.items[i];
        if (t->scope != flow_scope || !t->count)
            continue;
        if (!has_fired(run, t->flow->to, flow_scope)) {
            run_incident(run, flow_scope, "DEADLOCK",
                         fmt("%s waits for a token that can no longer come", t->flow->to->id));
            return true;
        }
        token_change(run, t, -t->count);
    }
    return false;
}

void scope_settle(Run *run, Scope *flow_scope)
{
    if (!flow_scope || flow_scope->state != ACTIVE)
        return;
    if (run->model->inclusive_joins)
        fire_inclusive(run, flow_scope);
    for (size_t i = 0; i < run->scopes.count; i++) {
        const Scope *s = run->scopes.items[i];
        if (s->flow_scope == flow_scope && !scope_ended(s))
            return;
    }
    if (!tokens_left(run, flow_scope))
        scope_complete(run, flow_scope, NULL);
}

/* ---- Moves ---- */

static bool has_boundaries(const Element *e)
{
    return e->boundaries.count && e->type != EL_TASK && e->type != EL_SCRIPT_TASK; /* those never wait */
}

/* An expression took more steps than it may (spec 23 §8.2): the scope stays where it is. */
static bool budget_used_up(Run *run, Scope *scope)
{
    bool used_up = run->budget_used_up;
    run->budget_used_up = false;
    if (used_up)
        run_incident(run, scope, "EXPRESSION_BUDGET",
                     fmt("an expression of %s takes too many steps", scope->element->id));
    return used_up;
}

static void activate(Run *run, Scope *scope)
{
    const Behaviour *b = &behaviours[scope->element->type];
    variables_in(run, scope);
    if (b->prepare && !scope->triggered && !b->prepare(run, scope))
        return;
    if (budget_used_up(run, scope))
        return;
    become(run, scope, ACTIVE);
    for (size_t i = 0; has_boundaries(scope->element) && i < scope->element->boundaries.count; i++)
        scope_new(run, scope->element->boundaries.items[i], scope, scope->flow_scope);
    if (b->enter && !scope->triggered)
        b->enter(run, scope);
    else
        scope_complete(run, scope, scope->data);
}

void scope_complete(Run *run, Scope *scope, Json data)
{
    variables_out(run, scope, data);
    become(run, scope, COMPLETING);
    run_enqueue(run, scope);
}

/* A scope that has gone on, or is ended from outside, is stuck no more. */
static void resolve_incidents(Run *run, const Scope *scope)
{
    if (run->instance.incident_count > 0)
        run->instance.incident_count -= db_exec(run->db,
                                                "update wf_incident set resolved_at = ?2, resolved_by = ?3 "
                                                "where scope_id = ?1 and resolved_at is null",
                                                ID(scope->id), I(run->now), ID(run->actor_id));
}

/* Ends what lives only as long as this scope: boundary events, timers, subscriptions, jobs, tasks. */
static void close_scope(Run *run, Scope *scope)
{
    resolve_incidents(run, scope);
    for (size_t i = 0; i < run->scopes.count; i++) {
        Scope *s = run->scopes.items[i];
        if (s->parent == scope && !scope_ended(s))
            scope_terminate(run, s);
    }
    for (size_t i = 0; i < run->tokens.count; i++) {
        Token *t = run->tokens.items[i];
        if (t->scope == scope && t->count)
            token_change(run, t, -t->count);
    }
    if (behaviours[scope->element->type].close)
        behaviours[scope->element->type].close(run, scope);
}

void scope_terminate(Run *run, Scope *scope)
{
    run->moves++;
    become(run, scope, TERMINATING);
    close_scope(run, scope);
    become(run, scope, TERMINATED);
}

static void end_instance(Run *run, const char *state)
{
    run->instance.state = state;
    run->instance.ended_at = run->now;
    events_publish(run->db, fmt("workflow.instance.%s", state), run->instance.id, run->instance.org_id,
                   json_set_str(json_new(), "process", run->instance.process_id));
}

/* The flows an activity or event is left by: unconditional ones, those whose condition is true, or the
 * default. */
bool leave_by_conditions(Run *run, Scope *scope, Vec *flows)
{
    const Element *e = scope->element;
    for (size_t i = 0; i < e->out.count; i++) {
        Flow *flow = e->out.items[i];
        if (flow != e->otherwise &&
            (!flow->condition.text || expression_true(run, scope->flow_scope, flow->condition)))
            vec_add(flows, flow);
    }
    if (!flows->count && e->otherwise)
        vec_add(flows, e->otherwise);
    if (flows->count || !e->out.count)
        return true;
    run_incident(run, scope, "NO_OUTGOING_FLOW",
                 fmt("no condition out of %s is true and there is no default", e->id));
    return false;
}

static void leave(Run *run, Scope *scope)
{
    const Behaviour *b = &behaviours[scope->element->type];
    Vec flows = { 0 };
    bool chosen = (b->leave ? b->leave : leave_by_conditions)(run, scope, &flows);
    if (budget_used_up(run, scope) || !chosen)
        return;
    close_scope(run, scope);
    become(run, scope, COMPLETED);
    for (size_t i = 0; i < flows.count; i++) {
        if (scope->element->type != EL_EVENT_GATEWAY) {
            take_flow(run, flows.items[i], scope->flow_scope);
            continue;
        }
        Scope *event = take_flow_to(run, flows.items[i], scope->flow_scope);
        event->triggered = true;
        event->data = scope->data;
    }
    if (scope == run->root)
        end_instance(run, "completed");
    else
        scope_settle(run, scope->flow_scope);
}

void run_drain(Run *run)
{
    while (run->head < run->queue.count) {
        Scope *scope = run->queue.items[run->head++];
        if (scope->state != ACTIVATING && scope->state != COMPLETING)
            continue;
        if (++run->moves > MAX_MOVES) {
            run_incident(run, scope, "ENDLESS_LOOP", fmt("more than %d moves in one command", MAX_MOVES));
            return;
        }
        if (scope->state == ACTIVATING)
            activate(run, scope);
        else
            leave(run, scope);
    }
}
