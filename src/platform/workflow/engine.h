/* Inside the engine: one command on one instance, from locking its row to writing what changed.
 *
 *   command (commands.c) → Run: instance, scopes, tokens, variables in memory (run.c)
 *     → queue of scopes, drained first in first out (step.c), each by what its element does (elements.c,
 * waits.c, work.c) → rows and sealed events written once at the end (flush.c)
 *
 * A Run lives in the arena of its command. Commands of the same thread may nest: a handler may start, publish
 * to or change another instance, and even its own (the running command is then found and simply goes on). */
#ifndef SEN_PLATFORM_ENGINE_H
#define SEN_PLATFORM_ENGINE_H

#include "platform/workflow/bpmn.h"
#include "platform/workflow/timers.h"
#include "platform/workflow/workflow.h"

typedef enum ScopeState { ACTIVATING, ACTIVE, COMPLETING, COMPLETED, TERMINATING, TERMINATED } ScopeState;

/* An element instance. */
typedef struct Scope {
    int64_t id;
    const Element *element;
    struct Scope *parent;     /* whose life bounds it: the host of a boundary event, else the flow scope */
    struct Scope *flow_scope; /* where its tokens run; NULL for the process */
    ScopeState state;
    const char *outcome;
    int64_t created_at, ended_at;
    Json locals;  /* its own variables; NULL: none */
    Json changed; /* {name: true}: to be written */
    bool stored, dirty;
    bool triggered;  /* what it waits for has come already (behind an event gateway) */
    Json data;       /* what came with it */
    int64_t due_at;  /* the next turn of a cycle timer; 0: to be reckoned */
    int repetitions; /* of a cycle, with due_at */
} Scope;

typedef struct Token {
    Scope *scope;
    const Flow *flow;
    int count;
    bool dirty, stored;
} Token;

/* The row of wf_instance. */
typedef struct Instance {
    int64_t id, definition_id, parent_instance_id, parent_scope_id, root_instance_id, org_id, subject_id,
        due_at, started_by;
    int64_t started_at, ended_at, incident_count, event_seq;
    const char *process_id, *business_key, *module, *subject, *url, *state, *event_hash;
} Instance;

typedef struct Run {
    struct Run *outer;
    Db *db;
    int64_t now, actor_id;
    Instance instance;
    bool created;
    const Model *model;
    Scope *root;
    Vec scopes; /* Scope *, parents before children */
    Vec tokens; /* Token * */
    Vec queue;  /* Scope * */
    size_t head;
    int moves;
    bool budget_used_up; /* by an expression of the present move */
    Vec events;          /* Event * (flush.c) */
} Run;

/* ---- Commands (commands.c) ---- */
typedef void Act(Run *run, void *argument);
/* Loads and locks the instance, acts, drains, writes. False when there is no such instance or it has ended.
 */
bool run_command(Db *db, int64_t instance_id, int64_t actor_id, int64_t now, Act *act, void *argument);
/* The command of this thread that is at work on the instance, or NULL. */
Run *run_current(Db *db, int64_t instance_id);
bool run_load(Run *run, int64_t instance_id);
void instance_insert(Db *db, const Instance *instance);
void run_flush(Run *run);
void run_flush_all(Run *run); /* this one and those around it */
/* After a rollback to the last run_flush_all(): reads this run and those around it again. Scope pointers held
 * elsewhere are stale then. */
void run_restore_all(Run *run, const size_t *heads, const size_t *tails);
Scope *run_scope(const Run *run, int64_t id);

/* ---- The step machine (step.c) ---- */
Scope *scope_new(Run *run, const Element *element, Scope *parent, Scope *flow_scope);
void scope_complete(Run *run, Scope *scope, Json data); /* applies output mappings, queues the leaving */
void scope_terminate(Run *run, Scope *scope);
void scope_settle(Run *run, Scope *flow_scope); /* after a token moved or died there */
bool scope_ended(const Scope *scope);
void run_enqueue(Run *run, Scope *scope);
void run_drain(Run *run);
void run_log(Run *run, const Scope *scope, const char *intent, Json payload);
void run_incident(Run *run, Scope *scope, const char *type, const char *message);
void take_flow(Run *run, const Flow *flow, Scope *flow_scope);
/* Chooses the flows out of an activity or event by their conditions. */
bool leave_by_conditions(Run *run, Scope *scope, Vec *flows);
Scope *take_flow_to(Run *run, const Flow *flow, Scope *flow_scope); /* never a join; the new scope */

/* ---- Elements (elements.c, waits.c, work.c) ---- */
typedef struct Behaviour {
    bool (*prepare)(Run *run, Scope *scope); /* false: an incident was raised, the scope stays activating;
                                                NULL: nothing to prepare */
    void (*enter)(Run *run, Scope *scope);   /* NULL: goes straight through */
    bool (*leave)(Run *run, Scope *scope,
                  Vec *flows); /* chooses flows; false: an incident was raised. NULL: as an activity */
    void (*close)(Run *run,
                  Scope *scope); /* it has ended: its timers, subscriptions, jobs, tasks go. NULL: nothing */
} Behaviour;
extern const Behaviour behaviours[EL_TYPES];

bool wait_prepare(Run *run, Scope *scope);
void wait_enter(Run *run, Scope *scope);
void wait_close(Run *run, Scope *scope);
bool event_gateway_leave(Run *run, Scope *scope, Vec *flows);
void wait_trigger(Run *run, Scope *scope, const Element *event, Json data);
bool throw_prepare(Run *run, Scope *scope);
void throw_enter(Run *run, Scope *scope);
bool error_throw(Run *run, Scope *from, const char *code, Json data); /* false: nobody catches it */

bool user_prepare(Run *run, Scope *scope);
void user_enter(Run *run, Scope *scope);
void user_close(Run *run, Scope *scope);
void service_enter(Run *run, Scope *scope);
void service_close(Run *run, Scope *scope);
void service_run(Run *run, Scope *scope, int attempt);
bool script_prepare(Run *run, Scope *scope);
void script_enter(Run *run, Scope *scope);

/* ---- Variables (variables.c) ---- */
Json variables_visible(const Run *run, const Scope *scope); /* all that the scope sees, and business_key */
void variable_set_local(Run *run, Scope *scope, const char *name, Json value);
void variable_set(Run *run, Scope *scope, const char *name,
                  Json value); /* where it is defined, else at the root */
Json expression_value(Run *run, const Scope *scope,
                      Expression expression); /* text itself when it is not FEEL; NULL when absent */
char *expression_text(Run *run, const Scope *scope, Expression expression); /* NULL when absent or null */
bool expression_true(Run *run, const Scope *scope, Expression expression);
void variables_in(Run *run, Scope *scope);             /* input mappings */
void variables_out(Run *run, Scope *scope, Json data); /* output mappings, or all of data outward */

/* ---- Deployed versions (deploy.c) ---- */
const Model *definition_model(Db *db, int64_t definition_id);
int64_t definition_newest(Db *db, const char *process_id, int64_t now); /* 0: none */
void definitions_forget(void);                                          /* frees the models held in memory */
/* Deploys a text as a new version when it differs from the newest one of its name; the definition's id.
 * Raises FAULT_INTERNAL when it has errors. */
int64_t definition_deploy(Db *db, const char *name, const char *xml, size_t size, int64_t now);
void definitions_ship(Db *db, int64_t now); /* every .bpmn of the program */

/* ---- Time (fire.c) ---- */
void workflow_fire_due(Store *store, int64_t now); /* timers and retries that are due */

/* ---- Incidents ---- */
bool workflow_retry(Db *db, int64_t instance_id, int64_t incident_id, int64_t actor_id, int64_t now);
/* Recomputes the event chains; adds a sentence for each broken row. */
bool workflow_verify(Db *db, Json complaints);

const WfHandler *workflow_handler(const char *type);
/* Tests: handlers beside those of solutions(). */
void workflow_test_handlers(const WfHandler *handlers);

#endif
