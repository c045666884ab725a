/* What makes an element do something: event definitions, timers, scripts, and Sen's extension elements (spec
 * 23 §6.2). */
#include "base/arena.h"
#include "base/text.h"
#include "platform/workflow/bpmn.h"
#include "platform/workflow/timers.h"

#include <libxml/tree.h>
#include <string.h>

/* ---- Events ---- */

static void read_message(BpmnReader *reader, Element *e, xmlNode *node)
{
    const char *ref = bpmn_attribute(node, "messageRef");
    xmlNode *message = ref ? map_get(&reader->messages, ref) : NULL;
    e->trigger = ON_MESSAGE;
    e->message = message ? text_or(bpmn_attribute(message, "name"), ref) : NULL;
    if (message)
        bpmn_read_extensions(reader, e, message);
}

static void read_error(BpmnReader *reader, Element *e, xmlNode *node)
{
    const char *ref = bpmn_attribute(node, "errorRef");
    xmlNode *error = ref ? map_get(&reader->errors, ref) : NULL;
    e->trigger = ON_ERROR;
    e->error_code = error ? bpmn_attribute(error, "errorCode") : NULL;
}

static void read_timer(BpmnReader *reader, Element *e, xmlNode *node)
{
    static const struct {
        const char *name;
        TimerKind kind;
    } kinds[] = { { "timeDate", TIMER_DATE },
                  { "timeDuration", TIMER_DURATION },
                  { "timeCycle", TIMER_CYCLE } };
    e->trigger = ON_TIMER;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        xmlNode *time = bpmn_child(node, kinds[i].name);
        if (!time)
            continue;
        e->timer_kind = kinds[i].kind;
        e->timer = bpmn_expression(reader, e->id, bpmn_content(time), false);
        e->calendar = bpmn_attribute(time, "businessTime");
    }
    TimerSpec spec;
    if (!e->timer.text || (*e->timer.text != '=' && !timer_parse(e->timer_kind, e->timer.text, &spec)))
        bpmn_problem(reader, e->id, "TIMER_SYNTAX", text_or(e->timer.text, ""));
}

static void read_terminate(BpmnReader *reader, Element *e, xmlNode *node)
{
    (void)reader;
    (void)node;
    e->trigger = ON_TERMINATE;
}

enum {
    AT_START = 1 << EL_START,
    AT_END = 1 << EL_END,
    AT_CATCH = 1 << EL_CATCH,
    AT_THROW = 1 << EL_THROW,
    AT_BOUNDARY = 1 << EL_BOUNDARY
};

static const struct {
    const char *name;
    void (*read)(BpmnReader *, Element *, xmlNode *);
    unsigned where;
} definitions[] = {
    { "messageEventDefinition", read_message, AT_END | AT_CATCH | AT_THROW | AT_BOUNDARY },
    { "timerEventDefinition", read_timer, AT_CATCH | AT_BOUNDARY },
    { "errorEventDefinition", read_error, AT_END | AT_BOUNDARY },
    { "terminateEventDefinition", read_terminate, AT_END },
};

static void read_definition(BpmnReader *reader, Element *e, xmlNode *node)
{
    for (size_t i = 0; i < sizeof definitions / sizeof *definitions; i++) {
        if (bpmn_is(node, definitions[i].name) && definitions[i].where & 1u << e->type) {
            definitions[i].read(reader, e, node);
            return;
        }
    }
    bpmn_problem(reader, e->id, "UNSUPPORTED_ELEMENT", (const char *)node->name);
}

void bpmn_read_events(BpmnReader *reader, Element *e, xmlNode *node)
{
    int count = 0;
    for (xmlNode *n = node->children; n; n = n->next)
        if (bpmn_is(n, NULL) && text_ends((const char *)n->name, "EventDefinition") && count++ < 1)
            read_definition(reader, e, n);
    bool event_needed = e->type == EL_CATCH || e->type == EL_BOUNDARY;
    if (count > 1 || (event_needed && !count))
        bpmn_problem(reader, e->id, "UNSUPPORTED_ELEMENT",
                     "an event needs exactly one event definition here");
    if (e->type == EL_RECEIVE_TASK)
        read_message(reader, e, node);
    if (e->type == EL_SEND_TASK && bpmn_attribute(node, "messageRef"))
        read_message(reader, e, node);
    if (e->type == EL_SCRIPT_TASK) {
        xmlNode *script = bpmn_child(node, "script");
        e->script = bpmn_expression(reader, e->id, script ? bpmn_content(script) : "", true);
        e->result_variable = bpmn_attribute(node, "resultVariable");
    }
}

/* ---- Extension elements ---- */

static void read_task(BpmnReader *reader, Element *e, xmlNode *n)
{
    (void)reader;
    int64_t retries;
    e->job_type = bpmn_attribute(n, "type");
    e->backoff = bpmn_attribute(n, "backoff");
    if (bpmn_attribute(n, "retries") && text_int(bpmn_attribute(n, "retries"), 0, 100, &retries))
        e->retries = (int)retries;
}

static void read_header(BpmnReader *reader, Element *e, xmlNode *n)
{
    (void)reader;
    if (bpmn_attribute(n, "key"))
        map_put(&e->headers, bpmn_attribute(n, "key"), (void *)text_or(bpmn_attribute(n, "value"), ""));
}

static Mapping *mapping(BpmnReader *reader, const Element *e, xmlNode *n)
{
    Mapping *m = alloc(sizeof *m);
    m->source = bpmn_expression(reader, e->id, text_or(bpmn_attribute(n, "source"), ""), false);
    m->target = text_or(bpmn_attribute(n, "target"), "");
    return m;
}

static void append_mapping(Mapping **list, Mapping *m)
{
    while (*list)
        list = &(*list)->next;
    *list = m;
}

static void read_input(BpmnReader *reader, Element *e, xmlNode *n)
{
    append_mapping(&e->inputs, mapping(reader, e, n));
}

static void read_output(BpmnReader *reader, Element *e, xmlNode *n)
{
    append_mapping(&e->outputs, mapping(reader, e, n));
}

static void read_assignment(BpmnReader *reader, Element *e, xmlNode *n)
{
    e->groups = bpmn_expression(reader, e->id, bpmn_attribute(n, "groups"), false);
    e->assignee = bpmn_expression(reader, e->id, bpmn_attribute(n, "assignee"), false);
    e->area = bpmn_expression(reader, e->id, bpmn_attribute(n, "area"), false);
    e->policy = bpmn_attribute(n, "policy");
    e->different_from = bpmn_attribute(n, "differentFrom");
    e->same_as = bpmn_attribute(n, "sameAs");
}

static void read_schedule(BpmnReader *reader, Element *e, xmlNode *n)
{
    TimerSpec spec;
    e->due = bpmn_expression(reader, e->id, bpmn_attribute(n, "due"), false);
    e->due_calendar = bpmn_attribute(n, "businessTime");
    e->warn = bpmn_attribute(n, "warn");
    if (e->due.text && *e->due.text != '=' && !timer_parse(TIMER_DURATION, e->due.text, &spec) &&
        !timer_parse(TIMER_DATE, e->due.text, &spec))
        bpmn_problem(reader, e->id, "TIMER_SYNTAX", e->due.text);
}

static void read_form(BpmnReader *reader, Element *e, xmlNode *n)
{
    (void)reader;
    e->form = bpmn_attribute(n, "ref");
}

static void read_outcome(BpmnReader *reader, Element *e, xmlNode *n)
{
    (void)reader;
    Outcome *o = alloc(sizeof *o), **end = &e->outcomes;
    o->value = text_or(bpmn_attribute(n, "value"), "");
    o->label = text_or(bpmn_attribute(n, "label"), o->value);
    o->flow = bpmn_attribute(n, "flow");
    while (*end)
        end = &(*end)->next;
    *end = o;
}

/* On a <message>, an event, or a send or receive task. */
static void read_correlation(BpmnReader *reader, Element *e, xmlNode *n)
{
    if (bpmn_attribute(n, "name"))
        e->message = bpmn_attribute(n, "name");
    if (bpmn_attribute(n, "correlationKey"))
        e->correlation = bpmn_expression(reader, e->id, bpmn_attribute(n, "correlationKey"), false);
    if (bpmn_attribute(n, "ttl"))
        e->ttl = bpmn_expression(reader, e->id, bpmn_attribute(n, "ttl"), false);
    if (e->type == EL_SEND_TASK || e->type == EL_RECEIVE_TASK)
        e->trigger = ON_MESSAGE;
}

static void read_script(BpmnReader *reader, Element *e, xmlNode *n)
{
    (void)reader;
    e->result_variable = text_or(bpmn_attribute(n, "resultVariable"), e->result_variable);
}

static const struct {
    const char *name;
    void (*read)(BpmnReader *, Element *, xmlNode *);
} extensions[] = {
    { "task", read_task },       { "header", read_header },         { "input", read_input },
    { "output", read_output },   { "schedule", read_schedule },     { "form", read_form },
    { "outcome", read_outcome }, { "assignment", read_assignment }, { "message", read_correlation },
    { "script", read_script },
};

void bpmn_read_extensions(BpmnReader *reader, Element *e, xmlNode *node)
{
    xmlNode *holder = bpmn_child(node, "extensionElements");
    for (xmlNode *n = holder ? holder->children : NULL; n; n = n->next)
        for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
            if (sen_is(n, extensions[i].name))
                extensions[i].read(reader, e, n);
}
