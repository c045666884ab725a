/* Commands: the calls of workflow.h. Each locks its instance, changes it and lets it run until it waits
 * again, all in the caller's transaction. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/text.h"
#include "platform/events/events.h"
#include "platform/identity/identity.h"
#include "platform/tasks/tasks.h"
#include "platform/workflow/engine.h"

/* The commands this thread is in the middle of, innermost first. */
static _Thread_local Run *current;

Run *run_current(Db *db, int64_t instance_id)
{
    for (Run *run = current; run; run = run->outer)
        if (run->db == db && run->instance.id == instance_id)
            return run;
    return NULL;
}

/* A fault must not leave a dead command on the thread's list. */
static void work(Run *run, Act *act, void *argument)
{
    Guard guard;
    run->outer = current;
    current = run;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        act(run, argument);
        run_drain(run);
        run_flush(run);
        guard_leave(&guard);
        current = run->outer;
    } else {
        current = run->outer;
        raise_again(&guard.fault);
    }
}

bool run_command(Db *db, int64_t instance_id, int64_t actor_id, int64_t now, Act *act, void *argument)
{
    Run *run = run_current(db, instance_id);
    if (run) {
        act(run, argument); /* the command in progress drains what this adds */
        return true;
    }
    run = alloc(sizeof *run);
    *run = (Run){ .db = db, .now = now, .actor_id = actor_id };
    if (!run_load(run, instance_id) || !text_is(run->instance.state, "active"))
        return false;
    work(run, act, argument);
    return true;
}

/* ---- Start ---- */

static void start_root(Run *run, void *argument)
{
    const WfStart *start = argument;
    const char *name;
    Json value;
    run->root = scope_new(run, run->model->process, NULL, NULL);
    json_object_foreach (start->variables, name, value)
        variable_set_local(run, run->root, name, value);
}

int64_t wf_start(Db *db, const WfStart *start, int64_t now)
{
    int64_t definition = definition_newest(db, start->process_id, now), id = id_new();
    if (!definition)
        raise_fault(FAULT_INTERNAL, "workflow.unknown", "no active process %s", start->process_id);
    Run *run = alloc(sizeof *run);
    *run = (Run){ .db = db,
                  .now = now,
                  .actor_id = start->started_by,
                  .created = true,
                  .model = definition_model(db, definition) };
    run->instance = (Instance){ .id = id,
                                .definition_id = definition,
                                .root_instance_id = id,
                                .process_id = start->process_id,
                                .business_key = start->business_key,
                                .org_id = start->org_id,
                                .subject_id = start->subject_id,
                                .module = text_or(start->module, ""),
                                .subject = text_or(start->subject, ""),
                                .url = text_or(start->url, ""),
                                .due_at = start->due_at,
                                .started_by = start->started_by,
                                .state = "active",
                                .started_at = now,
                                .event_hash = "" };
    events_publish(db, "workflow.instance.started", id, start->org_id,
                   json_set_str(json_new(), "process", start->process_id));
    work(run, start_root, (void *)start);
    return id;
}

/* ---- Tasks ---- */

typedef struct Completion {
    const Task *task;
    const char *outcome;
    Json data;
    WfAnswer answer;
} Completion;

static bool outcome_known(const Element *e, const char *outcome)
{
    if (!e->outcomes)
        return text_empty(outcome);
    for (const Outcome *o = e->outcomes; o; o = o->next)
        if (text_is(o->value, outcome))
            return true;
    return false;
}

static void complete_task(Run *run, void *argument)
{
    Completion *c = argument;
    Scope *scope = run_scope(run, c->task->scope_id);
    c->answer = WF_NOT_OPEN;
    if (!scope || scope->state != ACTIVE || scope->element->type != EL_USER_TASK)
        return;
    c->answer = WF_BAD_OUTCOME;
    if (!outcome_known(scope->element, c->outcome))
        return;
    c->answer = WF_OK;
    tasks_close(run->db, c->task->id, "completed", c->outcome, run->actor_id, run->now);
    Json data = c->data ? json_copy(c->data) : json_new();
    if (!text_empty(c->outcome)) {
        scope->outcome = c->outcome;
        json_set_str(data, "outcome", c->outcome);
    }
    scope_complete(run, scope, data);
}

WfAnswer wf_complete_task(Db *db, int64_t task_id, const struct Actor *actor, const char *outcome, Json data,
                          int64_t now)
{
    static const WfAnswer answers[] = { [CLAIM_OK] = WF_OK,
                                        [CLAIM_TAKEN] = WF_TAKEN,
                                        [CLAIM_SAME_PERSON] = WF_SAME_PERSON,
                                        [CLAIM_NOT_YOURS] = WF_NOT_YOURS,
                                        [CLAIM_GONE] = WF_NOT_OPEN };
    Task task;
    if (!tasks_find(db, task_id, &task))
        return WF_NOT_OPEN;
    Completion c = { .task = &task,
                     .outcome = outcome,
                     .data = data,
                     .answer = answers[tasks_may_do(db, task_id, actor, now)] };
    if (c.answer == WF_OK && !run_command(db, task.instance_id, actor->account_id, now, complete_task, &c))
        return WF_NOT_OPEN;
    return c.answer;
}

/* ---- Messages ---- */

typedef struct Delivery {
    int64_t scope_id;
    const char *element_id;
    Json data;
    bool taken;
} Delivery;

static void deliver(Run *run, void *argument)
{
    Delivery *d = argument;
    Scope *scope = run_scope(run, d->scope_id);
    if (!scope || scope->state != ACTIVE)
        return;
    d->taken = true;
    wait_trigger(run, scope, bpmn_element(run->model, d->element_id), d->data);
}

static bool already(Json processes, const char *process)
{
    json_each (processes, i, taken)
        if (text_is(json_string_value(taken), process))
            return true;
    return false;
}

/* Each process takes a message at most once: its oldest waiting instance. */
static int correlate(Db *db, const char *name, const char *key, Json variables, int64_t now, Json processes)
{
    int reached = 0;
    Json waiting = db_rows(
        db,
        "select s.instance_id, s.scope_id, s.element_id, d.process_id as process from wf_subscription s "
        "join wf_scope w on w.id = s.scope_id join wf_instance i on i.id = s.instance_id "
        "join wf_definition d on d.id = i.definition_id "
        "where s.kind = 'message' and s.name = ?1 and s.correlation_key = ?2 and i.state = 'active' order by "
        "s.id",
        T(name), T(key));
    json_each (waiting, i, row) {
        Delivery d = { json_id(row, "scope_id"), json_str(row, "element_id"), variables, false };
        if (already(processes, json_str(row, "process")))
            continue;
        run_command(db, json_id(row, "instance_id"), 0, now, deliver, &d);
        if (d.taken)
            json_add_str(processes, json_str(row, "process"));
        reached += d.taken;
    }
    return reached;
}

int wf_publish_once(Db *db, const char *message, const char *correlation_key, const char *message_id,
                    Json variables, int64_t ttl_ms, int64_t now)
{
    Json processes = json_list();
    if (message_id &&
        db_int(db, "select count(*) from wf_message where name = ?1 and message_id = ?2 and ttl_until > ?3",
               T(message), T(message_id), I(now)))
        return 0;
    if (message_id)
        db_exec(db, "delete from wf_message where name = ?1 and message_id = ?2", T(message), T(message_id));
    if (current) /* subscriptions of scopes that only stand in memory yet */
        run_flush_all(current);
    int reached = correlate(db, message, correlation_key, variables, now, processes);
    if (ttl_ms > 0 && (!reached || message_id))
        db_exec(db,
                "insert into wf_message (id, name, correlation_key, message_id, published_at, ttl_until, "
                "variables, processes) "
                "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                ID(id_new()), T(message), T(correlation_key), T(message_id), I(now), I(now + ttl_ms),
                J(variables), J(processes));
    return reached;
}

int wf_publish(Db *db, const char *message, const char *correlation_key, Json variables, int64_t ttl_ms,
               int64_t now)
{
    return wf_publish_once(db, message, correlation_key, NULL, variables, ttl_ms, now);
}

/* ---- Variables, cancelling, due dates ---- */

typedef struct Assignment {
    const char *name;
    Json value;
} Assignment;

static void assign(Run *run, void *argument)
{
    const Assignment *a = argument;
    variable_set_local(run, run->root, a->name, a->value);
}

void wf_set(Db *db, int64_t instance_id, const char *name, Json value)
{
    run_command(db, instance_id, 0, now_ms(), assign, &(Assignment){ name, value });
}

Json wf_variables(Db *db, int64_t instance_id)
{
    const Run *run = run_current(db, instance_id);
    if (run)
        return run->root->locals ? json_deep_copy(run->root->locals) : json_new();
    Json all = json_new();
    Json rows = db_rows(db,
                        "select v.name, v.value from wf_variable v join wf_scope s on s.id = v.scope_id "
                        "where v.instance_id = ?1 and s.flow_scope_id is null order by v.name",
                        ID(instance_id));
    json_each (rows, i, row)
        json_object_set(all, json_str(row, "name"), json_object_get(row, "value"));
    return all;
}

static void cancel(Run *run, void *argument)
{
    run_log(run, run->root, "cancel", json_set_str(json_new(), "reason", argument));
    scope_terminate(run, run->root);
    run->instance.state = "terminated";
    run->instance.ended_at = run->now;
    events_publish(run->db, "workflow.instance.terminated", run->instance.id, run->instance.org_id,
                   json_set_str(json_new(), "process", run->instance.process_id));
}

void wf_cancel(Db *db, int64_t instance_id, const char *reason, int64_t now)
{
    run_command(db, instance_id, 0, now, cancel, (void *)text_or(reason, ""));
}

static void move_due(Run *run, void *argument)
{
    int64_t due_at = *(int64_t *)argument, was = run->instance.due_at;
    if (due_at == was)
        return;
    run->instance.due_at = due_at;
    run_log(run, run->root, "due", json_set_int(json_set_int(json_new(), "was", was), "due_at", due_at));
    tasks_due_changed(run->db, run->instance.id, was, due_at);
}

void wf_due_changed(Db *db, int64_t instance_id, int64_t due_at)
{
    run_command(db, instance_id, 0, now_ms(), move_due, &due_at);
}

int64_t wf_instance_of(Db *db, const char *business_key)
{
    if (current)
        run_flush_all(current);
    return db_int(
        db,
        "select id from wf_instance where business_key = ?1 and state = 'active' order by id desc limit 1",
        T(business_key));
}

Json wf_history(Db *db, int64_t instance_id)
{
    int64_t definition = db_int(db, "select definition_id from wf_instance where id = ?1", ID(instance_id));
    Run *run = run_current(db, instance_id);
    if (run)
        run_flush(run);
    Json rows =
        db_rows(db,
                "select element_id as element, type, state, outcome, created_at, ended_at from wf_scope "
                "where instance_id = ?1 and flow_scope_id is not null order by id",
                ID(instance_id));
    const Model *model = definition ? definition_model(db, definition) : NULL;
    json_each (rows, i, row) {
        const Element *e = model ? bpmn_element(model, json_str(row, "element")) : NULL;
        json_set_str(row, "element_id", json_str(row, "element"));
        json_object_del(row, "element");
        json_set_str(row, "name", e ? text_empty(e->name) ? e->id : e->name : "");
    }
    return rows;
}

Json wf_check(const char *xml, size_t size)
{
    Json problems = json_list();
    bpmn_read(xml, size, problems);
    return problems;
}

/* ---- Incidents ---- */

typedef struct Retry {
    int64_t incident_id, scope_id;
    const char *type;
} Retry;

/* After an endless loop everything that was on the way goes on; otherwise the one scope tries again. */
static void retry(Run *run, void *argument)
{
    const Retry *r = argument;
    Scope *scope = run_scope(run, r->scope_id);
    run->instance.incident_count--;
    run_log(run, scope ? scope : run->root, "incident-resolved",
            json_set_id(json_new(), "incident_id", r->incident_id));
    if (text_is(r->type, "ENDLESS_LOOP")) {
        for (size_t i = 0; i < run->scopes.count; i++)
            if (((Scope *)run->scopes.items[i])->state != ACTIVE)
                run_enqueue(run, run->scopes.items[i]);
    } else if (!scope) {
        return;
    } else if (scope->state != ACTIVE) {
        run_enqueue(run, scope);
    } else if (scope->element->job_type) {
        service_run(run, scope, 1);
    } else {
        scope_settle(run, scope);
    }
}

bool workflow_retry(Db *db, int64_t instance_id, int64_t incident_id, int64_t actor_id, int64_t now)
{
    Json row = db_row(
        db,
        "select scope_id, type from wf_incident where id = ?1 and instance_id = ?2 and resolved_at is null",
        ID(incident_id), ID(instance_id));
    Retry r = { incident_id, json_id(row, "scope_id"), json_str(row, "type") };
    if (!row)
        return false;
    db_exec(db, "update wf_incident set resolved_at = ?2, resolved_by = ?3 where id = ?1", ID(incident_id),
            I(now), ID(actor_id));
    events_publish(db, "workflow.incident.resolved", instance_id, 0,
                   json_set_str(json_new(), "type", r.type));
    return run_command(db, instance_id, actor_id, now, retry, &r);
}
