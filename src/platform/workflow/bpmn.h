/* A process model: BPMN 2.0 XML read into linked C structures, once per version, and never changed
 * afterwards.
 *
 *   XML → bpmn_read.c (elements, flows) + bpmn_extensions.c (sen: elements, events, timers) → bpmn_check.c
 * (rules of spec 23 §8.1) → Model
 *
 * A model lives in the arena that was current when it was read: the request's for a check, a kept one for a
 * deployed version (deploy.c). */
#ifndef SEN_PLATFORM_BPMN_H
#define SEN_PLATFORM_BPMN_H

#include "base/map.h"
#include "platform/workflow/feel.h"

typedef enum ElementType {
    EL_PROCESS,
    EL_SUB_PROCESS,
    EL_START,
    EL_END,
    EL_CATCH,
    EL_THROW,
    EL_BOUNDARY,
    EL_TASK,
    EL_USER_TASK,
    EL_SERVICE_TASK,
    EL_SEND_TASK,
    EL_SCRIPT_TASK,
    EL_RECEIVE_TASK,
    EL_EXCLUSIVE,
    EL_PARALLEL,
    EL_INCLUSIVE,
    EL_EVENT_GATEWAY,
    EL_TYPES
} ElementType;

typedef enum Trigger { ON_NOTHING, ON_MESSAGE, ON_TIMER, ON_ERROR, ON_TERMINATE } Trigger;

/* A text of the model that may be FEEL ("= …"): `feel` is NULL for plain text. `text` is NULL when it is not
 * there at all. */
typedef struct Expression {
    const char *text;
    const Feel *feel;
} Expression;

typedef enum TimerKind { TIMER_DATE, TIMER_DURATION, TIMER_CYCLE } TimerKind;

typedef struct Mapping {
    struct Mapping *next;
    Expression source;
    const char *target;
} Mapping;

typedef struct Outcome {
    struct Outcome *next;
    const char *value, *label, *flow; /* flow: taken instead of asking conditions; may be NULL */
} Outcome;

struct Element;

typedef struct Flow {
    const char *id, *name;
    struct Element *from, *to;
    Expression condition; /* always FEEL */
    int index;            /* among all flows of the model, in document order */
} Flow;

typedef struct Element {
    const char *id, *name;
    ElementType type;
    Trigger trigger;
    int index;              /* in document order; the process is 0 */
    struct Element *parent; /* process or sub-process; NULL for the process */
    const char *lane;
    Vec in, out;          /* Flow * */
    Flow *otherwise;      /* default flow */
    Vec boundaries;       /* Element *, of an activity */
    struct Element *host; /* of a boundary event */
    bool interrupting;
    struct Element *start; /* none start event, of a process or sub-process */

    const char *message, *error_code;
    Expression correlation, ttl;
    TimerKind timer_kind;
    Expression timer;
    const char *calendar; /* sen:businessTime; NULL: calendar time */

    Expression script;
    const char *result_variable;
    const char *job_type, *backoff;
    int retries;
    Map headers;
    Mapping *inputs, *outputs;

    Expression groups, assignee, area;
    const char *policy, *different_from, *same_as;
    Expression due;
    const char *due_calendar;
    const char *warn;
    const char *form;
    Outcome *outcomes;

    /* while reading */
    const char *default_id, *attached_id;
} Element;

typedef struct Shape {
    const char *element_id, *name; /* name: of what is only drawing (lanes, pools, notes) */
    double x, y, width, height;
    bool expanded, horizontal;
} Shape;

typedef struct Edge {
    const char *element_id;
    Vec points; /* double[2] */
} Edge;

typedef struct Model {
    const char *process_id, *name, *version_tag;
    Element *process;
    Vec elements; /* Element *, in document order */
    Vec flows;    /* Flow * */
    Map by_id;    /* Element * */
    Map flow_by_id;
    bool inclusive_joins;
    Vec shapes, edges; /* diagram interchange; empty when the file has none */
} Model;

/* Reads and checks. Problems are added to `problems`: {element, rule, severity: error|warning, message,
 * detail}; NULL when nothing could be read at all. */
Model *bpmn_read(const char *xml, size_t size, Json problems);
bool bpmn_has_errors(Json problems);

const Element *bpmn_element(const Model *model, const char *id);
const char *bpmn_type_name(const Element *element); /* "userTask" */
bool bpmn_is_activity(const Element *element);

/* ---- Inside the reader ---- */
struct _xmlNode;

typedef struct BpmnReader {
    Model *model;
    Json problems;
    Map messages, errors; /* id → struct _xmlNode * of <message>, <error> */
    Map refs;             /* lanes: element id → lane name */
    Map ids;              /* every id seen */
} BpmnReader;

void bpmn_problem(BpmnReader *reader, const char *element, const char *rule, const char *detail);
Expression bpmn_expression(BpmnReader *reader, const char *element, const char *text, bool always_feel);
void bpmn_read_events(BpmnReader *reader, Element *element, struct _xmlNode *node);
void bpmn_read_extensions(BpmnReader *reader, Element *element, struct _xmlNode *node);
void bpmn_read_drawing(BpmnReader *reader, struct _xmlNode *node, const Map *names);
void bpmn_check_model(BpmnReader *reader);
const char *bpmn_attribute(struct _xmlNode *node, const char *name);  /* NULL when absent or empty */
char *bpmn_content(struct _xmlNode *node);                            /* trimmed */
struct _xmlNode *bpmn_child(struct _xmlNode *node, const char *name); /* first BPMN child element */
bool bpmn_is(struct _xmlNode *node, const char *name);                /* in the BPMN namespace */
bool sen_is(struct _xmlNode *node, const char *name);                 /* in Sen's */

#endif
