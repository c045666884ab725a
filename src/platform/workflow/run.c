/* A command's picture of one instance: read under lock at the beginning, changed in memory, written by
 * flush.c. */
#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "platform/workflow/engine.h"

static const Field instance_fields[] = {
    FIELD(ID, Instance, id),
    FIELD(ID, Instance, definition_id),
    FIELD(TEXT, Instance, process_id),
    FIELD(TEXT, Instance, business_key),
    FIELD(ID, Instance, parent_instance_id),
    FIELD(ID, Instance, parent_scope_id),
    FIELD(ID, Instance, root_instance_id),
    FIELD(ID, Instance, org_id),
    FIELD(ID, Instance, subject_id),
    FIELD(TEXT, Instance, module),
    FIELD(TEXT, Instance, subject),
    FIELD(TEXT, Instance, url),
    FIELD(ID, Instance, due_at),
    FIELD(ID, Instance, started_by),
    FIELD(TEXT, Instance, state),
    FIELD(INT, Instance, started_at),
    FIELD(ID, Instance, ended_at),
    FIELD(INT, Instance, incident_count),
    FIELD(INT, Instance, event_seq),
    FIELD(TEXT, Instance, event_hash),
    { 0 },
};

void instance_insert(Db *db, const Instance *instance)
{
    db_insert(db, "wf_instance", instance_fields, instance);
}

/* Two commands on one instance must not interleave. SQLite has one writer; PostgreSQL locks the row. */
static bool read_instance(Run *run, int64_t id)
{
    bool locks = db_engine(run->db) == ENGINE_POSTGRES;
    return db_get(run->db, instance_fields, &run->instance,
                  locks ? "select * from wf_instance where id = ?1 for update"
                        : "select * from wf_instance where id = ?1",
                  ID(id));
}

Scope *run_scope(const Run *run, int64_t id)
{
    for (size_t i = 0; i < run->scopes.count; i++) {
        Scope *s = run->scopes.items[i];
        if (s->id == id)
            return s;
    }
    return NULL;
}

static ScopeState state_named(const char *name)
{
    return text_is(name, "activating") ? ACTIVATING : text_is(name, "active") ? ACTIVE : COMPLETING;
}

static void read_scopes(Run *run)
{
    Json rows =
        db_rows(run->db,
                "select id, parent_id, flow_scope_id, element_id, state, outcome, created_at from wf_scope "
                "where instance_id = ?1 and state in ('activating', 'active', 'completing') order by id",
                ID(run->instance.id));
    json_each (rows, i, row) {
        Scope *s = alloc(sizeof *s);
        s->id = json_id(row, "id");
        s->element = bpmn_element(run->model, json_str(row, "element_id"));
        if (!s->element)
            raise_fault(FAULT_INTERNAL, "workflow.model",
                        "instance %lld is at an element its model does not have",
                        (long long)run->instance.id);
        s->parent = run_scope(run, json_id(row, "parent_id"));
        s->flow_scope = run_scope(run, json_id(row, "flow_scope_id"));
        s->state = state_named(json_str(row, "state"));
        s->outcome = json_has(row, "outcome") ? json_str(row, "outcome") : NULL;
        s->created_at = json_int(row, "created_at");
        s->stored = true;
        vec_add(&run->scopes, s);
    }
    run->root = run->scopes.count ? run->scopes.items[0] : NULL;
}

static void read_variables(Run *run)
{
    Json rows = db_rows(
        run->db,
        "select scope_id, name, value from wf_variable where instance_id = ?1 order by scope_id, name",
        ID(run->instance.id));
    json_each (rows, i, row) {
        Scope *s = run_scope(run, json_id(row, "scope_id"));
        if (!s)
            continue;
        if (!s->locals)
            s->locals = json_new();
        json_object_set(s->locals, json_str(row, "name"), json_object_get(row, "value"));
    }
}

static void read_tokens(Run *run)
{
    Json rows = db_rows(
        run->db,
        "select scope_id, flow_id, count from wf_token where instance_id = ?1 order by scope_id, flow_id",
        ID(run->instance.id));
    json_each (rows, i, row) {
        Token *t = alloc(sizeof *t);
        *t = (Token){ .scope = run_scope(run, json_id(row, "scope_id")),
                      .flow = map_get(&run->model->flow_by_id, json_str(row, "flow_id")),
                      .count = (int)json_int(row, "count"),
                      .stored = true };
        if (t->scope && t->flow)
            vec_add(&run->tokens, t);
    }
}

bool run_load(Run *run, int64_t instance_id)
{
    if (!read_instance(run, instance_id))
        return false;
    run->model = definition_model(run->db, run->instance.definition_id);
    run->scopes = run->tokens = run->events = (Vec){ 0 };
    read_scopes(run);
    read_variables(run);
    read_tokens(run);
    return true;
}

/* Keeps what is not in the store: what a waiting scope was triggered with, the turn of a cycle. */
static void carry_over(Scope *to, const Scope *from)
{
    to->triggered = from->triggered;
    to->data = from->data;
    to->due_at = from->due_at;
    to->repetitions = from->repetitions;
}

static void restore(Run *run, size_t head, size_t tail)
{
    Vec queue = run->queue, scopes = run->scopes;
    int moves = run->moves;
    if (!run_load(run, run->instance.id))
        raise_fault(FAULT_INTERNAL, "workflow.restore", "an instance vanished in the middle of its command");
    for (size_t i = 0; i < scopes.count; i++) {
        const Scope *old = scopes.items[i];
        Scope *again = run_scope(run, old->id);
        if (again)
            carry_over(again, old);
    }
    run->queue = (Vec){ 0 };
    run->head = 0;
    run->moves = moves;
    for (size_t i = head; i < tail; i++) {
        Scope *again = run_scope(run, ((Scope *)queue.items[i])->id);
        if (again)
            run_enqueue(run, again);
    }
}

void run_restore_all(Run *run, const size_t *heads, const size_t *tails)
{
    for (size_t n = 0; run; run = run->outer, n++)
        restore(run, heads[n], tails[n]);
}
