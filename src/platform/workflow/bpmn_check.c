/* The rules that a model must keep to be deployed (spec 23 §8.1), each a function over the model; the table
 * at the end lists them. */
#include "base/arena.h"
#include "base/text.h"
#include "platform/forms/forms.h"
#include "platform/workflow/bpmn.h"

#include <string.h>

static void starts(BpmnReader *r, const Element *e)
{
    int none = 0;
    if (e->type != EL_PROCESS && e->type != EL_SUB_PROCESS)
        return;
    for (size_t i = 0; i < r->model->elements.count; i++) {
        const Element *child = r->model->elements.items[i];
        none += child->parent == e && child->type == EL_START;
    }
    if (none == 0)
        bpmn_problem(r, e->id, "NO_START", "");
    if (none > 1)
        bpmn_problem(r, e->id, "MULTIPLE_NONE_START", "");
}

static void boundary(BpmnReader *r, const Element *e)
{
    if (e->type == EL_BOUNDARY &&
        (!e->host || !bpmn_is_activity(e->host) || e->host->parent != e->parent || e->in.count))
        bpmn_problem(r, e->id, "BOUNDARY_DETACHED", text_or(e->attached_id, ""));
}

static void flows_stay_inside(BpmnReader *r, const Element *e)
{
    for (size_t i = 0; i < e->out.count; i++) {
        const Flow *flow = e->out.items[i];
        if (flow->to->parent != e->parent)
            bpmn_problem(r, flow->id, "FLOW_CROSSES_SCOPE", "");
    }
    if ((e->type == EL_START && e->in.count) || (e->type == EL_END && e->out.count))
        bpmn_problem(r, e->id, "DANGLING_FLOW",
                     e->type == EL_START ? "into a start event" : "out of an end event");
}

static void default_flow(BpmnReader *r, const Element *e)
{
    if (e->default_id && !e->otherwise)
        bpmn_problem(r, e->id, "DANGLING_FLOW", e->default_id);
    if (e->otherwise && e->otherwise->condition.text)
        bpmn_problem(r, e->otherwise->id, "DEFAULT_FLOW_CONDITIONAL", "");
}

static void gateway_conditions(BpmnReader *r, const Element *e)
{
    if ((e->type != EL_EXCLUSIVE && e->type != EL_INCLUSIVE) || e->out.count < 2)
        return;
    for (size_t i = 0; i < e->out.count; i++) {
        const Flow *flow = e->out.items[i];
        if (!flow->condition.text && flow != e->otherwise)
            bpmn_problem(r, flow->id, "GATEWAY_COND_MISSING", "");
    }
}

static void event_gateway(BpmnReader *r, const Element *e)
{
    if (e->type != EL_EVENT_GATEWAY)
        return;
    bool good = e->out.count >= 2;
    for (size_t i = 0; i < e->out.count; i++) {
        const Element *to = ((Flow *)e->out.items[i])->to;
        good = good && (to->type == EL_CATCH || to->type == EL_RECEIVE_TASK) && to->in.count == 1 &&
               !to->boundaries.count;
    }
    if (!good)
        bpmn_problem(r, e->id, "EVENT_GATEWAY_TARGET", "");
}

static void message_named(BpmnReader *r, const Element *e)
{
    if (e->trigger == ON_MESSAGE && !e->message)
        bpmn_problem(r, e->id, "UNSUPPORTED_ELEMENT", "a message without a name");
}

static void service_typed(BpmnReader *r, const Element *e)
{
    bool sends = e->type == EL_SEND_TASK && e->trigger == ON_MESSAGE;
    if ((e->type == EL_SERVICE_TASK || e->type == EL_SEND_TASK) && !e->job_type && !sends)
        bpmn_problem(r, e->id, "UNSUPPORTED_ELEMENT", "a service task without sen:task type");
}

static void human_step(BpmnReader *r, const Element *e)
{
    if (e->type != EL_USER_TASK)
        return;
    if (!e->due.text)
        bpmn_problem(r, e->id, "NO_LIMIT", "");
    if (e->form && !form_find(e->form))
        bpmn_problem(r, e->id, "FORM_MISSING", e->form);
    if (!e->groups.text && !e->assignee.text && !e->lane)
        bpmn_problem(r, e->id, "ROLE_UNKNOWN", "");
    const char *others[] = { e->different_from, e->same_as };
    for (int i = 0; i < 2; i++) {
        const Element *other = others[i] ? bpmn_element(r->model, others[i]) : NULL;
        bool starts = other && i == 0 && other->type == EL_START; /* whoever started the process */
        if (others[i] && (!other || (other->type != EL_USER_TASK && !starts)))
            bpmn_problem(r, e->id, "ROLE_UNKNOWN", others[i]);
    }
    for (const Outcome *o = e->outcomes; o; o = o->next) {
        const Flow *flow = o->flow ? map_get(&r->model->flow_by_id, o->flow) : NULL;
        if (o->flow && (!flow || flow->from != e))
            bpmn_problem(r, e->id, "DANGLING_FLOW", o->flow);
    }
}

/* ---- Everything must be reachable from a start event, over flows, boundary events and into sub-processes
 * ---- */

static void mark_reachable(const Model *model, bool *seen)
{
    Vec queue = { 0 };
    vec_add(&queue, model->process);
    for (size_t i = 0; i < queue.count; i++) {
        const Element *e = queue.items[i];
        if (seen[e->index])
            continue;
        seen[e->index] = true;
        if (e->start)
            vec_add(&queue, e->start);
        for (size_t k = 0; k < e->boundaries.count; k++)
            vec_add(&queue, e->boundaries.items[k]);
        for (size_t k = 0; k < e->out.count; k++)
            vec_add(&queue, ((Flow *)e->out.items[k])->to);
    }
}

static void reachable(BpmnReader *r)
{
    bool *seen = alloc_array(r->model->elements.count, sizeof *seen);
    mark_reachable(r->model, seen);
    for (size_t i = 0; i < r->model->elements.count; i++) {
        const Element *e = r->model->elements.items[i];
        bool other = (e->type == EL_START && e->parent->start != e) || (e->type == EL_BOUNDARY && !e->host);
        if (!seen[i] && !other) /* those have a rule of their own */
            bpmn_problem(r, e->id, "UNREACHABLE", "");
    }
}

static bool good_process_id(const char *id)
{
    size_t n = strlen(id);
    const char *first = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    return n >= 1 && n <= 100 && strchr(first, id[0]) &&
           strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789.-") == n;
}

void bpmn_check_model(BpmnReader *r)
{
    static void (*const rules[])(BpmnReader *, const Element *) = {
        starts,        boundary,      flows_stay_inside, default_flow, gateway_conditions,
        event_gateway, message_named, service_typed,     human_step,
    };
    if (!good_process_id(r->model->process_id))
        bpmn_problem(r, r->model->process_id, "NO_EXECUTABLE_PROCESS",
                     "a process id is ^[A-Za-z_][\\w.-]{0,99}$");
    for (size_t i = 0; i < r->model->elements.count; i++)
        for (size_t k = 0; k < sizeof rules / sizeof *rules; k++)
            rules[k](r, r->model->elements.items[i]);
    reachable(r);
}
