/* The process engine: BPMN 2.0 XML executed as it is, on the tables and the step machine of spec 23 §4–5. A
 * module ships .bpmn files in <room>/processes/ and handlers for its service tasks; it never touches the wf_
 * tables. All calls join the caller's write transaction. */
#ifndef SEN_PLATFORM_WORKFLOW_H
#define SEN_PLATFORM_WORKFLOW_H

#include "platform/solution.h"

extern const Solution workflow_solution; /* /processes: definitions, instances, diagram, history */

/* Context of a service task of type `type` (sen:task type="procedures.issue"). */
typedef struct WfStep {
    Db *db;
    int64_t now;
    int64_t instance_id, scope_id;
    const char *business_key; /* dossier code */
    int64_t subject_id;       /* given to wf_start */
    const char *element_id;
    Json headers;   /* sen:header, sen:input values */
    Json variables; /* visible ones; change them by wf_set() */
    /* What the handler answers: variables for the process (through sen:output, if there is any), or an error
     * for a boundary event to catch. */
    Json result;
    const char *error_code, *error_message;
} WfStep;

typedef void WfRun(WfStep *step);
typedef struct WfHandler {
    const char *type;
    WfRun *run; /* inside the transaction; raising a fault makes an incident, retried as a job */
} WfHandler;

typedef struct WfStart {
    const char *process_id;
    const char *business_key;
    int64_t subject_id, org_id; /* org_id: whose tasks they are, unless sen:assignment area says otherwise */
    const char *module, *subject, *url; /* for the tasks: see tasks.h */
    int64_t due_at;                     /* of the whole; a task's due is min(step limit, this) */
    int64_t started_by;
    Json variables;
} WfStart;

int64_t wf_start(Db *db, const WfStart *start,
                 int64_t now); /* instance id; raises FAULT_INTERNAL when the process is unknown */
/* Completes a user task that the actor holds. The outcome must be one of the element's sen:outcome values. */
typedef enum WfAnswer { WF_OK, WF_NOT_OPEN, WF_BAD_OUTCOME, WF_TAKEN, WF_SAME_PERSON, WF_NOT_YOURS } WfAnswer;
WfAnswer wf_complete_task(Db *db, int64_t task_id, const struct Actor *actor, const char *outcome, Json data,
                          int64_t now);
/* Correlates a message with a waiting catch event; buffered for ttl_ms when nobody waits. Number of instances
 * reached. */
int wf_publish(Db *db, const char *message, const char *correlation_key, Json variables, int64_t ttl_ms,
               int64_t now);
/* The same, but a message_id (may be NULL) that came before within its ttl has no effect. */
int wf_publish_once(Db *db, const char *message, const char *correlation_key, const char *message_id,
                    Json variables, int64_t ttl_ms, int64_t now);
void wf_set(Db *db, int64_t instance_id, const char *name, Json value);
Json wf_variables(Db *db, int64_t instance_id);
void wf_cancel(Db *db, int64_t instance_id, const char *reason, int64_t now);
/* Moves the due date of an instance's open tasks when its whole due date moved. */
void wf_due_changed(Db *db, int64_t instance_id, int64_t due_at);
int64_t wf_instance_of(Db *db, const char *business_key); /* active one, 0 when none */
/* Elements passed and active, for a timeline or a diagram: [{element_id, type, name, state, created_at,
 * ended_at}]. */
Json wf_history(Db *db, int64_t instance_id);

/* Checks a model: [{element, rule, message}] with the rule ids of spec 23 §8.1; empty when it can run. */
Json wf_check(const char *xml, size_t size);

#endif
