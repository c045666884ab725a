/* Writing what a command changed, in few statements, and the instance's event log.
 *
 * Events are sealed in a chain: each hash covers the event and the hash before it, the last one stands in the
 * instance's row (invariant I4). */
#include "base/arena.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/text.h"
#include "platform/workflow/engine.h"

enum { ROWS_A_STATEMENT = 32 };

typedef struct Event {
    int64_t seq, scope_id;
    const char *element_id, *intent, *payload, *before, *hash;
} Event;

static const char *seal(int64_t instance_id, int64_t seq, int64_t scope_id, const char *element_id,
                        int64_t at, const char *intent, int64_t actor_id, const char *payload,
                        const char *before)
{
    char *text = fmt("%s|%lld|%lld|%lld|%s|%lld|%s|%lld|%s", before, (long long)instance_id, (long long)seq,
                     (long long)scope_id, element_id, (long long)at, intent, (long long)actor_id, payload);
    Slice s = slice(text);
    return sha256_hex(s.at, s.size);
}

void run_log(Run *run, const Scope *scope, const char *intent, Json payload)
{
    Instance *i = &run->instance;
    Event *e = alloc(sizeof *e);
    *e = (Event){ .seq = ++i->event_seq,
                  .scope_id = scope->id,
                  .element_id = scope->element->id,
                  .intent = intent,
                  .payload = payload ? json_text(payload) : "{}",
                  .before = i->event_hash };
    e->hash = seal(i->id, e->seq, e->scope_id, e->element_id, run->now, intent, run->actor_id, e->payload,
                   e->before);
    i->event_hash = e->hash;
    vec_add(&run->events, e);
}

/* insert into … values (…), (…): `values` holds columns × rows of them. */
static void insert_rows(Db *db, const char *into, size_t columns, const Value *values, size_t rows)
{
    for (size_t done = 0; done < rows;) {
        size_t n = rows - done < ROWS_A_STATEMENT ? rows - done : ROWS_A_STATEMENT;
        Value *part = alloc_array(n * columns + 1, sizeof *part);
        Buf sql = { 0 };
        buf_fmt(&sql, "insert into %s values ", into);
        for (size_t i = 0; i < n * columns; i++) {
            part[i] = values[done * columns + i];
            buf_fmt(&sql, "%s?%zu%s",
                    i % columns ? ", "
                    : i         ? ", ("
                                : "(",
                    i + 1, i % columns == columns - 1 ? ")" : "");
        }
        db_exec_values(db, buf_end(&sql), part);
        done += n;
    }
}

static void write_events(Run *run)
{
    enum { COLUMNS = 10 };
    Value *values = alloc_array(run->events.count * COLUMNS + 1, sizeof *values), *v = values;
    for (size_t i = 0; i < run->events.count; i++) {
        const Event *e = run->events.items[i];
        *v++ = ID(run->instance.id), *v++ = I(e->seq), *v++ = ID(e->scope_id), *v++ = T(e->element_id),
        *v++ = I(run->now);
        *v++ = T(e->intent), *v++ = ID(run->actor_id), *v++ = T(e->payload), *v++ = T(e->before),
        *v++ = T(e->hash);
    }
    insert_rows(
        run->db,
        "wf_event (instance_id, seq, scope_id, element_id, at, intent, actor_id, payload, prev_hash, hash)",
        COLUMNS, values, run->events.count);
    run->events.count = 0;
}

static const char *const state_names[] = { "activating", "active",      "completing",
                                           "completed",  "terminating", "terminated" };

static void write_new_scopes(Run *run)
{
    enum { COLUMNS = 10 };
    Value *values = alloc_array(run->scopes.count * COLUMNS + 1, sizeof *values), *v = values;
    size_t rows = 0;
    for (size_t i = 0; i < run->scopes.count; i++) {
        Scope *s = run->scopes.items[i];
        if (s->stored)
            continue;
        *v++ = ID(s->id), *v++ = ID(run->instance.id), *v++ = ID(s->parent ? s->parent->id : 0);
        *v++ = ID(s->flow_scope ? s->flow_scope->id : 0), *v++ = T(s->element->id),
        *v++ = T(bpmn_type_name(s->element));
        *v++ = T(state_names[s->state]), *v++ = T(s->outcome), *v++ = I(s->created_at),
        *v++ = ID(s->ended_at);
        s->stored = true;
        s->dirty = false;
        rows++;
    }
    insert_rows(run->db,
                "wf_scope (id, instance_id, parent_id, flow_scope_id, element_id, type, state, outcome, "
                "created_at, ended_at)",
                COLUMNS, values, rows);
}

static void write_scopes(Run *run)
{
    write_new_scopes(run);
    for (size_t i = 0; i < run->scopes.count; i++) {
        Scope *s = run->scopes.items[i];
        if (!s->dirty)
            continue;
        db_exec(run->db,
                "update wf_scope set parent_id = ?2, state = ?3, outcome = ?4, ended_at = ?5 where id = ?1",
                ID(s->id), ID(s->parent ? s->parent->id : 0), T(state_names[s->state]), T(s->outcome),
                ID(s->ended_at));
        s->dirty = false;
    }
}

/* Variables of the process stay after its end; those of other scopes go with them (the log keeps every
 * value). */
static void write_variables(Run *run)
{
    for (size_t i = 0; i < run->scopes.count; i++) {
        Scope *s = run->scopes.items[i];
        const char *name;
        Json yes;
        if (s != run->root && scope_ended(s) && s->locals) {
            db_exec(run->db, "delete from wf_variable where scope_id = ?1", ID(s->id));
            s->locals = s->changed = NULL;
        }
        json_object_foreach (s->changed, name, yes)
            db_exec(run->db,
                    "insert into wf_variable (scope_id, name, instance_id, value) values (?1, ?2, ?3, ?4) "
                    "on conflict (scope_id, name) do update set value = excluded.value, version = "
                    "wf_variable.version + 1",
                    ID(s->id), T(name), ID(run->instance.id), J(json_object_get(s->locals, name)));
        s->changed = NULL;
    }
}

static void write_tokens(Run *run)
{
    for (size_t i = 0; i < run->tokens.count; i++) {
        Token *t = run->tokens.items[i];
        if (!t->dirty || (!t->count && !t->stored)) {
            t->dirty = false;
            continue;
        }
        if (t->count)
            db_exec(run->db,
                    "insert into wf_token (scope_id, flow_id, instance_id, count) values (?1, ?2, ?3, ?4) "
                    "on conflict (scope_id, flow_id) do update set count = excluded.count",
                    ID(t->scope->id), T(t->flow->id), ID(run->instance.id), I(t->count));
        else
            db_exec(run->db, "delete from wf_token where scope_id = ?1 and flow_id = ?2", ID(t->scope->id),
                    T(t->flow->id));
        t->stored = t->count > 0;
        t->dirty = false;
    }
}

void run_flush(Run *run)
{
    const Instance *i = &run->instance;
    if (run->created)
        instance_insert(run->db, i);
    else if (run->events.count)
        db_exec(run->db,
                "update wf_instance set state = ?2, ended_at = ?3, due_at = ?4, incident_count = ?5, "
                "event_seq = ?6, event_hash = ?7 where id = ?1",
                ID(i->id), T(i->state), ID(i->ended_at), ID(i->due_at), I(i->incident_count), I(i->event_seq),
                T(i->event_hash));
    run->created = false;
    write_scopes(run);
    write_variables(run);
    write_tokens(run);
    write_events(run);
}

void run_flush_all(Run *run)
{
    for (; run; run = run->outer)
        run_flush(run);
}

/* ---- Verification ---- */

typedef struct Chain {
    Json complaints;
    int64_t instance_id, seq;
    const char *hash, *head;
    bool sound;
} Chain;

static void complain(Chain *chain, const char *what)
{
    chain->sound = false;
    json_add_str(chain->complaints, fmt("process instance %lld, event %lld: %s",
                                        (long long)chain->instance_id, (long long)chain->seq, what));
}

static void end_of_chain(Chain *chain)
{
    if (chain->instance_id && !text_is(chain->hash, chain->head))
        complain(chain, "the log is shorter than its instance says");
}

static bool check_event(Json row, void *argument)
{
    Chain *chain = argument;
    if (json_id(row, "instance_id") != chain->instance_id) {
        end_of_chain(chain);
        chain->instance_id = json_id(row, "instance_id");
        chain->seq = 0;
        chain->hash = "";
        chain->head = text_copy(json_str(row, "event_hash"));
    }
    chain->seq++;
    const char *hash = seal(chain->instance_id, json_int(row, "seq"), json_id(row, "scope_id"),
                            json_str(row, "element_id"), json_int(row, "at"), json_str(row, "intent"),
                            json_id(row, "actor_id"), json_str(row, "payload"), chain->hash);
    if (json_int(row, "seq") != chain->seq || !text_is(hash, json_str(row, "hash")))
        complain(chain, "the seal is broken");
    chain->seq = json_int(row, "seq");
    chain->hash = text_copy(json_str(row, "hash"));
    return json_array_size(chain->complaints) < 100;
}

bool workflow_verify(Db *db, Json complaints)
{
    Chain chain = { .complaints = complaints, .sound = true };
    db_each(db,
            "select e.instance_id, e.seq, e.scope_id, e.element_id, e.at, e.intent, e.actor_id, e.payload, "
            "e.hash, i.event_hash "
            "from wf_event e join wf_instance i on i.id = e.instance_id order by e.instance_id, e.seq",
            VALUES(), check_event, &chain);
    end_of_chain(&chain);
    return chain.sound;
}
