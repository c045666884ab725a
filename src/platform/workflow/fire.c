/* Time: timers and retries that are due. A platform job calls this every second; what became due while the
 * program was down fires once. */
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/workflow/engine.h"

enum { BATCH = 100, POSTPONE_MS = 60 * 1000, MAX_BATCHES = 1000 };

typedef struct Due {
    int64_t id, instance_id, scope_id;
    const char *element_id;
    int repetitions, attempt;
    int64_t due_at;
} Due;

static void fire_timer(Run *run, void *argument)
{
    const Due *due = argument;
    Scope *scope = run_scope(run, due->scope_id);
    if (!scope)
        return;
    scope->due_at = due->due_at;
    scope->repetitions = due->repetitions;
    wait_trigger(run, scope, bpmn_element(run->model, due->element_id), NULL);
}

static void run_again(Run *run, void *argument)
{
    const Due *due = argument;
    Scope *scope = run_scope(run, due->scope_id);
    if (scope && scope->state == ACTIVE)
        service_run(run, scope, due->attempt + 1);
}

typedef struct Kind {
    const char *select, *remove, *postpone;
    Act *act;
} Kind;

static const Kind kinds[] = {
    { "select id, instance_id, scope_id, element_id as element, repetitions_left, due_at, 0 as attempt from "
      "wf_timer where due_at <= ?1 "
      "order by due_at, id limit ?2",
      "delete from wf_timer where id = ?1", "update wf_timer set due_at = due_at + ?2 where id = ?1",
      fire_timer },
    { "select id, instance_id, scope_id, '' as element, 0 as repetitions_left, due_at, attempt from wf_job "
      "where due_at <= ?1 "
      "order by due_at, id limit ?2",
      "delete from wf_job where id = ?1", "update wf_job set due_at = due_at + ?2 where id = ?1", run_again },
};

typedef struct Round {
    const Kind *kind;
    int64_t now;
    int limit;      /* rows to take */
    int64_t failed; /* one that raised a fault before: postponed instead of tried */
    int64_t last;   /* being tried */
    int taken;
} Round;

/* The row goes before its scope is woken, so that nothing fires twice. */
static void fire_some(Db *db, void *argument)
{
    Round *round = argument;
    round->taken = 0;
    round->last = 0;
    Json rows = db_rows(db, round->kind->select, I(round->now), I(round->limit));
    json_each (rows, i, row) {
        Due due = { json_id(row, "id"),
                    json_id(row, "instance_id"),
                    json_id(row, "scope_id"),
                    json_str(row, "element"),
                    (int)json_int(row, "repetitions_left"),
                    (int)json_int(row, "attempt"),
                    json_int(row, "due_at") };
        round->taken++;
        round->last = due.id;
        if (due.id == round->failed) {
            db_exec(db, round->kind->postpone, ID(due.id), I(POSTPONE_MS + round->now - due.due_at));
            continue;
        }
        db_exec(db, round->kind->remove, ID(due.id));
        run_command(db, due.instance_id, 0, round->now, round->kind->act, &due);
    }
}

/* One transaction; when something in it raises a fault, that row is postponed and the others go on. */
static bool fire_round(Store *store, Round *round)
{
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        store_write_wait(store, fire_some, round);
        guard_leave(&guard);
        round->failed = 0;
        return round->taken == round->limit;
    }
    if (guard.fault.kind == FAULT_STORE || guard.fault.kind == FAULT_MEMORY || !round->last)
        raise_again(&guard.fault);
    log_error("workflow.timer.failed", "id", fmt("%lld", (long long)round->last), "why", guard.fault.message,
              NULL);
    round->failed = round->last;
    return true;
}

static bool anything(Store *store, const Kind *kind, int64_t now)
{
    Db *db = store_read_begin(store);
    bool any = json_array_size(db_rows(db, kind->select, I(now), I(1))) > 0;
    store_read_end(db);
    return any;
}

static void forget_messages(Db *db, void *argument)
{
    db_exec(db, "delete from wf_message where ttl_until <= ?1", I(*(int64_t *)argument));
}

static bool old_messages(Store *store, int64_t now)
{
    Db *db = store_read_begin(store);
    bool any = db_int(db, "select count(*) from wf_message where ttl_until <= ?1", I(now)) > 0;
    store_read_end(db);
    return any;
}

void workflow_fire_due(Store *store, int64_t now)
{
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        Round round = { .kind = &kinds[k], .now = now, .limit = BATCH };
        for (int i = 0; i < MAX_BATCHES && (round.failed || anything(store, &kinds[k], now)); i++)
            if (!fire_round(store, &round))
                break;
    }
    if (old_messages(store, now))
        store_write_wait(store, forget_messages, &now);
}
