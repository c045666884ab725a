/* Work: user tasks (rows of platform/tasks), service tasks (handlers inside the transaction), scripts. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/events/events.h"
#include "platform/identity/identity.h"
#include "platform/tasks/tasks.h"
#include "platform/workflow/engine.h"

/* ---- User tasks ---- */

static int64_t step_due(Run *run, Scope *scope)
{
    const Element *e = scope->element;
    TimerSpec spec;
    int64_t at;
    const char *text = expression_text(run, scope, e->due);
    if (!text)
        return 0;
    if (timer_parse(TIMER_DURATION, text, &spec))
        return timer_after(&spec, run->now, e->due_calendar);
    return time_parse(text, &at) ? at : 0;
}

static int64_t task_org(Run *run, Scope *scope)
{
    int64_t id;
    const char *area = expression_text(run, scope, scope->element->area);
    if (!area)
        return run->instance.org_id;
    const Org *org = text_int(area, 1, INT64_MAX, &id) ? org_by_id(id) : org_by_key(area);
    return org ? org->id : run->instance.org_id;
}

static const char *task_role(Run *run, Scope *scope)
{
    const Element *e = scope->element;
    return e->groups.text ? text_or(expression_text(run, scope, e->groups), "") : text_or(e->lane, "");
}

/* differentFrom names a user task, or the start event: then whoever started the process. */
static int64_t excluded(Run *run, const Element *e)
{
    if (!e->different_from)
        return 0;
    const Element *other = bpmn_element(run->model, e->different_from);
    return other && other->type == EL_START
               ? run->instance.started_by
               : tasks_completed_by(run->db, run->instance.id, e->different_from);
}

/* Four eyes need a second pair: when the only holder of the role is the excluded one, somebody has to be
 * appointed first. */
bool user_prepare(Run *run, Scope *scope)
{
    int64_t not_this = excluded(run, scope->element), *accounts;
    if (!not_this)
        return true;
    size_t count = accounts_with_role(run->db, task_role(run, scope), task_org(run, scope), &accounts);
    for (size_t i = 0; i < count; i++)
        if (accounts[i] != not_this)
            return true;
    if (!count) /* nobody yet: the task waits for whoever is appointed */
        return true;
    run_incident(
        run, scope, "NO_CANDIDATE",
        fmt("nobody but the one who did %s may do %s", scope->element->different_from, scope->element->id));
    return false;
}

static int64_t task_assignee(Run *run, Scope *scope, int64_t not_this)
{
    const Element *e = scope->element;
    int64_t id = 0, *accounts;
    if (e->same_as)
        id = tasks_completed_by(run->db, run->instance.id, e->same_as);
    const char *text = id ? NULL : expression_text(run, scope, e->assignee);
    if (text && text_int(text, 1, INT64_MAX, &id))
        return id == not_this ? 0 : id;
    if (!id && text_is(e->policy, "least_loaded")) {
        size_t count = accounts_with_role(run->db, task_role(run, scope), task_org(run, scope), &accounts);
        id = tasks_least_loaded(run->db, accounts, count, not_this, run->now);
    }
    return id;
}

void user_enter(Run *run, Scope *scope)
{
    const Element *e = scope->element;
    const Instance *i = &run->instance;
    int64_t due = step_due(run, scope), not_this = excluded(run, e);
    Task task = { .module = i->module,
                  .title = text_empty(e->name) ? e->id : e->name,
                  .subject = i->subject,
                  .url = i->url,
                  .subject_id = i->subject_id,
                  .org_id = task_org(run, scope),
                  .role = task_role(run, scope),
                  .assignee_id = task_assignee(run, scope, not_this),
                  .excluded_id = not_this,
                  .step_due_at = due,
                  .due_at = !due || (i->due_at && i->due_at < due) ? i->due_at : due,
                  .instance_id = i->id,
                  .scope_id = scope->id,
                  .element_id = e->id,
                  .form_id = e->form };
    tasks_create(run->db, &task, run->now);
}

void user_close(Run *run, Scope *scope)
{
    int64_t task = tasks_of_scope(run->db, scope->id);
    if (task)
        tasks_close(run->db, task, "canceled", NULL, run->actor_id, run->now);
}

/* ---- Service tasks ---- */

static const WfHandler *test_handlers;

void workflow_test_handlers(const WfHandler *handlers)
{
    test_handlers = handlers;
}

static const WfHandler *find_handler(const WfHandler *handlers, const char *type)
{
    for (; handlers && handlers->type; handlers++)
        if (text_is(handlers->type, type))
            return handlers;
    return NULL;
}

const WfHandler *workflow_handler(const char *type)
{
    const WfHandler *found = find_handler(test_handlers, type);
    for (const Solution *const *s = solutions(); *s && !found; s++)
        found = find_handler((*s)->handlers, type);
    return found;
}

static Json service_headers(const Scope *scope)
{
    Json headers = json_new();
    for (size_t i = 0; i < scope->element->headers.count; i++)
        json_set_str(headers, scope->element->headers.entries[i].key,
                     scope->element->headers.entries[i].value);
    for (const Mapping *m = scope->element->inputs; m; m = m->next)
        json_object_set(headers, m->target, json_object_get(scope->locals, m->target));
    return headers;
}

/* "PT1M,PT10M,PT1H": the n-th wait, or the last. */
static int64_t backoff(const char *text, int attempt)
{
    TimerSpec spec = { 0 };
    size_t count;
    char **parts = text_split(text_or(text, "PT1M,PT10M,PT1H"), ',', &count);
    size_t at = (size_t)attempt <= count ? (size_t)attempt - 1 : count - 1;
    return timer_parse(TIMER_DURATION, text_trim(parts[at]), &spec) && spec.ms ? spec.ms : MINUTE_MS;
}

/* The handler failed and what it did is undone: try again later, or ask an operator when all tries are used
 * up. */
static void service_failed(Run *run, Scope *scope, int attempt, const char *why)
{
    int left = scope->element->retries - attempt;
    int64_t due = left > 0 ? run->now + backoff(scope->element->backoff, attempt) : 0;
    log_warn("workflow.job.failed", "type", scope->element->job_type, "why", why, NULL);
    db_exec(run->db, "delete from wf_job where scope_id = ?1", ID(scope->id));
    db_exec(run->db,
            "insert into wf_job (id, instance_id, scope_id, type, retries, attempt, due_at, error, back_off, "
            "headers) "
            "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            ID(id_new()), ID(run->instance.id), ID(scope->id), T(scope->element->job_type),
            I(left > 0 ? left : 0), I(attempt), ID(due), T(why), T(scope->element->backoff),
            J(service_headers(scope)));
    run_log(run, scope, "job-failed",
            json_set_int(json_set_str(json_new(), "error", why), "attempt", attempt));
    if (left <= 0)
        run_incident(run, scope, "JOB_FAILED", why);
}

enum { MAX_NESTED = 16 };

/* Runs the handler in a savepoint: a fault undoes what the handler wrote, and only that. Faults of the store
 * itself go on outward. */
static bool call_handler(Run *run, const WfHandler *handler, WfStep *step, Fault *fault)
{
    Guard guard;
    size_t heads[MAX_NESTED], tails[MAX_NESTED], n = 0;
    for (Run *r = run; r; r = r->outer) {
        if (n == MAX_NESTED)
            raise_fault(FAULT_INTERNAL, "workflow.nested", "handlers nest more than %d deep", MAX_NESTED);
        heads[n] = r->head;
        tails[n++] = r->queue.count;
    }
    run_flush_all(run); /* a rollback must find everything as it is in memory now */
    db_exec(run->db, "savepoint wf_handler");
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        handler->run(step);
        guard_leave(&guard);
        db_exec(run->db, "release savepoint wf_handler");
        return true;
    }
    *fault = guard.fault;
    if (fault->kind != FAULT_INTERNAL && fault->kind != FAULT_CONFLICT && fault->kind != FAULT_LIMIT)
        raise_again(fault);
    db_exec(run->db, "rollback to savepoint wf_handler");
    db_exec(run->db, "release savepoint wf_handler");
    run_restore_all(run, heads, tails);
    return false;
}

static void service_done(Run *run, Scope *scope, const WfStep *step)
{
    Json data = json_set_str(json_set_str(json_new(), "error_code", step->error_code), "error_message",
                             step->error_message);
    if (scope->state != ACTIVE) /* the handler itself ended it, by canceling the instance for one */
        return;
    if (!step->error_code)
        scope_complete(run, scope, step->result);
    else if (!error_throw(run, scope, step->error_code, data))
        run_incident(run, scope, "UNHANDLED_ERROR",
                     fmt("%s: %s", step->error_code, text_or(step->error_message, "")));
}

void service_run(Run *run, Scope *scope, int attempt)
{
    const Element *e = scope->element;
    const WfHandler *handler = workflow_handler(e->job_type);
    Fault fault;
    if (!handler) {
        run_incident(run, scope, "HANDLER_MISSING", fmt("no handler for %s", e->job_type));
        return;
    }
    WfStep step = { .db = run->db,
                    .now = run->now,
                    .instance_id = run->instance.id,
                    .scope_id = scope->id,
                    .business_key = run->instance.business_key,
                    .subject_id = run->instance.subject_id,
                    .element_id = e->id,
                    .headers = service_headers(scope),
                    .variables = variables_visible(run, scope) };
    bool good = call_handler(run, handler, &step, &fault);
    scope = run_scope(run, step.scope_id); /* a rollback inside made the old pointer stale */
    if (good)
        service_done(run, scope, &step);
    else
        service_failed(run, scope, attempt, fault.message);
}

void service_enter(Run *run, Scope *scope)
{
    service_run(run, scope, 1);
}

void service_close(Run *run, Scope *scope)
{
    db_exec(run->db, "delete from wf_job where scope_id = ?1", ID(scope->id));
}

/* ---- Scripts ---- */

bool script_prepare(Run *run, Scope *scope)
{
    Json value = expression_value(run, scope, scope->element->script);
    scope->data =
        scope->element->result_variable ? json_set(json_new(), scope->element->result_variable, value) : NULL;
    return true;
}

void script_enter(Run *run, Scope *scope)
{
    scope_complete(run, scope, scope->data);
}
