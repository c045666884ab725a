/* Waiting for messages and timers: intermediate catch events, receive tasks, boundary events, event-based
 * gateways. */
#include "base/crypto.h"
#include "base/text.h"
#include "platform/workflow/engine.h"

/* What an event waits for, reckoned at the moment it is entered. */
typedef struct Wait {
    const char *key;
    int64_t due_at;
    int repetitions;
    const char *spec;
} Wait;

static const char *reckon_timer(Run *run, Scope *scope, const Element *e, Wait *out)
{
    TimerSpec spec;
    const char *text = expression_text(run, scope, e->timer);
    if (!text || !timer_parse(e->timer_kind, text, &spec))
        return fmt("the timer of %s has no usable value: %s", e->id, text_or(text, "null"));
    out->spec = text;
    out->due_at = scope->due_at ? scope->due_at : timer_first(&spec, e->timer_kind, run->now, e->calendar);
    out->repetitions = scope->due_at ? scope->repetitions : spec.repetitions;
    return NULL;
}

static bool reckon(Run *run, Scope *scope, const Element *e, Wait *out)
{
    const char *trouble = NULL;
    if (e->trigger == ON_TIMER)
        trouble = reckon_timer(run, scope, e, out);
    if (trouble)
        run_incident(run, scope, "TIMER_VALUE", trouble);
    if (e->trigger == ON_MESSAGE) {
        out->key = e->correlation.text ? expression_text(run, scope, e->correlation)
                                       : text_or(run->instance.business_key, "");
        if (!out->key)
            run_incident(run, scope, "CORRELATION_NULL",
                         trouble = fmt("the correlation key of %s is null", e->id));
    }
    return !trouble;
}

static size_t events_of(const Scope *scope)
{
    return scope->element->type == EL_EVENT_GATEWAY ? scope->element->out.count : 1;
}

static const Element *event_of(const Scope *scope, size_t i)
{
    return scope->element->type == EL_EVENT_GATEWAY ? ((Flow *)scope->element->out.items[i])->to
                                                    : scope->element;
}

bool wait_prepare(Run *run, Scope *scope)
{
    Wait wait;
    for (size_t i = 0; i < events_of(scope); i++)
        if (!reckon(run, scope, event_of(scope, i), &wait))
            return false;
    return true;
}

static void open_timer(Run *run, Scope *scope, const Element *e, const Wait *wait)
{
    db_exec(run->db,
            "insert into wf_timer (id, instance_id, scope_id, element_id, due_at, repetitions_left, spec, "
            "business, calendar_id) "
            "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            ID(id_new()), ID(run->instance.id), ID(scope->id), T(e->id), I(wait->due_at),
            I(wait->repetitions), T(wait->spec), B(e->calendar != NULL), T(e->calendar));
}

static void open_subscription(Run *run, Scope *scope, const Element *e, const Wait *wait)
{
    db_exec(run->db,
            "insert into wf_subscription (id, kind, name, correlation_key, instance_id, scope_id, "
            "element_id, interrupting, created_at) "
            "values (?1, 'message', ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            ID(id_new()), T(e->message), T(wait->key), ID(run->instance.id), ID(scope->id), T(e->id),
            B(e->interrupting), I(run->now));
}

/* A buffered message that this process has not taken yet: the oldest. */
static Json buffered(Run *run, const Element *e, const char *key)
{
    Json rows = db_rows(run->db,
                        "select id, published_at, variables, processes from wf_message where name = ?1 and "
                        "correlation_key = ?2 "
                        "and ttl_until > ?3 order by id",
                        T(e->message), T(key), I(run->now));
    json_each (rows, i, row) {
        bool taken = false;
        json_each (json_object_get(row, "processes"), k, process)
            taken |= text_is(json_string_value(process), run->instance.process_id);
        if (!taken)
            return row;
    }
    return NULL;
}

static void take_message(Run *run, Json message)
{
    Json processes = json_object_get(message, "processes");
    json_add_str(processes, run->instance.process_id);
    db_exec(run->db, "update wf_message set processes = ?1 where id = ?2", J(processes),
            ID(json_id(message, "id")));
}

/* Opens everything, then looks whether something is there already: of several, the earliest wins. */
void wait_enter(Run *run, Scope *scope)
{
    const Element *first = NULL;
    Json message = NULL;
    int64_t at = INT64_MAX;
    for (size_t i = 0; i < events_of(scope); i++) {
        const Element *e = event_of(scope, i);
        Wait wait = { 0 };
        reckon(run, scope, e, &wait);
        (e->trigger == ON_TIMER ? open_timer : open_subscription)(run, scope, e, &wait);
        Json found = e->trigger == ON_MESSAGE ? buffered(run, e, wait.key) : NULL;
        int64_t ready = found                                               ? json_int(found, "published_at")
                        : e->trigger == ON_TIMER && wait.due_at <= run->now ? wait.due_at
                                                                            : INT64_MAX;
        if (ready < at) {
            at = ready;
            first = e;
            message = found;
        }
    }
    if (!first || (first->trigger == ON_TIMER &&
                   scope->element->type == EL_BOUNDARY)) /* a boundary timer fires by the clock */
        return;
    if (message)
        take_message(run, message);
    wait_trigger(run, scope, first, message ? json_object_get(message, "variables") : NULL);
}

void wait_close(Run *run, Scope *scope)
{
    db_exec(run->db, "delete from wf_timer where scope_id = ?1", ID(scope->id));
    db_exec(run->db, "delete from wf_subscription where scope_id = ?1", ID(scope->id));
}

bool event_gateway_leave(Run *run, Scope *scope, Vec *flows)
{
    (void)run;
    for (size_t i = 0; i < scope->element->out.count; i++) {
        Flow *flow = scope->element->out.items[i];
        if (text_is(flow->to->id, scope->outcome))
            vec_add(flows, flow);
    }
    return true;
}

/* The next turn of a cycle: from the due time, or from now when that has passed meanwhile (spec 23 §5.3,
 * misfire "once"). */
static void repeat_timer(Run *run, Scope *host, Scope *fired)
{
    TimerSpec spec;
    const Element *e = fired->element;
    const char *text = expression_text(run, fired, e->timer);
    if (fired->repetitions == 1 || fired->repetitions == 0 || !text ||
        !timer_parse(e->timer_kind, text, &spec))
        return;
    Scope *next = scope_new(run, e, host, fired->flow_scope);
    next->due_at = timer_after(&spec, fired->due_at, e->calendar);
    if (next->due_at <= run->now)
        next->due_at = timer_after(&spec, run->now, e->calendar);
    next->repetitions = fired->repetitions > 0 ? fired->repetitions - 1 : -1;
}

static void fire_boundary(Run *run, Scope *scope, Json data)
{
    Scope *host = scope->parent;
    scope->parent = scope->flow_scope;
    scope->dirty = true;
    if (scope->element->interrupting)
        scope_terminate(run, host);
    else if (scope->element->trigger == ON_TIMER)
        repeat_timer(run, host, scope);
    else
        scope_new(run, scope->element, host, scope->flow_scope);
    scope_complete(run, scope, data);
}

void wait_trigger(Run *run, Scope *scope, const Element *event, Json data)
{
    if (scope->state != ACTIVE)
        return;
    run_log(run, scope, "triggered", json_set_str(json_new(), "by", event->id));
    if (scope->element->type == EL_BOUNDARY) {
        fire_boundary(run, scope, data);
    } else if (scope->element->type == EL_EVENT_GATEWAY) {
        scope->outcome = event->id;
        scope->data = data;
        scope_complete(run, scope, NULL);
    } else {
        scope_complete(run, scope, data);
    }
}
