/* Reading BPMN XML: elements, flows, lanes, drawing. No DTD, no entities, no network, depth and size limited
 * (spec 23 §8.1). */
#include "platform/workflow/bpmn.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SIZE = 5 * 1024 * 1024, MAX_DEPTH = 200 };

#define BPMN_NS "http://www.omg.org/spec/BPMN/20100524/MODEL"
#define SEN_NS  "urn:sen:bpmn:1"

static bool in_namespace(xmlNode *node, const char *ns, const char *name)
{
    return node->type == XML_ELEMENT_NODE && node->ns && text_is((const char *)node->ns->href, ns) &&
           (!name || text_is((const char *)node->name, name));
}

bool bpmn_is(xmlNode *node, const char *name)
{
    return in_namespace(node, BPMN_NS, name);
}

bool sen_is(xmlNode *node, const char *name)
{
    return in_namespace(node, SEN_NS, name);
}

const char *bpmn_attribute(xmlNode *node, const char *name)
{
    for (xmlAttr *a = node->properties; a; a = a->next) {
        if (!text_is((const char *)a->name, name))
            continue;
        xmlChar *value = xmlNodeListGetString(node->doc, a->children, 1);
        char *text = value ? text_trim(text_copy((const char *)value)) : NULL;
        xmlFree(value);
        return text_empty(text) ? NULL : text;
    }
    return NULL;
}

char *bpmn_content(xmlNode *node)
{
    xmlChar *value = xmlNodeGetContent(node);
    char *text = text_trim(text_copy(value ? (const char *)value : ""));
    xmlFree(value);
    return text;
}

xmlNode *bpmn_child(xmlNode *node, const char *name)
{
    for (xmlNode *n = node->children; n; n = n->next)
        if (bpmn_is(n, name))
            return n;
    return NULL;
}

/* A message may have been cut in the middle of a letter, or quote bytes of a broken file. */
static const char *valid_part(const char *text)
{
    size_t size = strlen(text);
    while (size && !utf8_valid(text, size))
        size--;
    return text_copy_n(text, size);
}

void bpmn_problem(BpmnReader *reader, const char *element, const char *rule, const char *detail)
{
    static const char *const warnings[] = { "NO_LIMIT", "CALLED_MISSING" };
    const char *severity = "error";
    for (size_t i = 0; i < sizeof warnings / sizeof *warnings; i++)
        if (text_is(rule, warnings[i]))
            severity = "warning";
    Json problem = json_set_str(json_set_str(json_new(), "element", element), "rule", rule);
    json_set_str(problem, "severity", severity);
    json_set_str(problem, "message", fmt("workflow.rule.%s", text_replace(text_lower(rule), "_", "-")));
    json_add(reader->problems, json_set_str(problem, "detail", valid_part(detail)));
}

bool bpmn_has_errors(Json problems)
{
    json_each (problems, i, problem)
        if (text_is(json_str(problem, "severity"), "error"))
            return true;
    return false;
}

Expression bpmn_expression(BpmnReader *reader, const char *element, const char *text, bool always_feel)
{
    Expression e = { .text = text };
    if (!text || (*text != '=' && !always_feel))
        return e;
    char error[200];
    e.feel = feel_compile(text + (*text == '='), error, sizeof error);
    if (!e.feel)
        bpmn_problem(reader, element, "FEEL_SYNTAX", error);
    return e;
}

/* ---- Elements ---- */

static const struct {
    const char *name;
    ElementType type;
} types[] = {
    { "startEvent", EL_START },
    { "endEvent", EL_END },
    { "intermediateCatchEvent", EL_CATCH },
    { "intermediateThrowEvent", EL_THROW },
    { "boundaryEvent", EL_BOUNDARY },
    { "task", EL_TASK },
    { "manualTask", EL_TASK },
    { "userTask", EL_USER_TASK },
    { "serviceTask", EL_SERVICE_TASK },
    { "sendTask", EL_SEND_TASK },
    { "scriptTask", EL_SCRIPT_TASK },
    { "receiveTask", EL_RECEIVE_TASK },
    { "exclusiveGateway", EL_EXCLUSIVE },
    { "parallelGateway", EL_PARALLEL },
    { "inclusiveGateway", EL_INCLUSIVE },
    { "eventBasedGateway", EL_EVENT_GATEWAY },
    { "subProcess", EL_SUB_PROCESS },
    { "process", EL_PROCESS },
};

/* What may stand in a process and is not executed. */
static const char *const passive[] = { "documentation",
                                       "extensionElements",
                                       "ioSpecification",
                                       "laneSet",
                                       "dataObject",
                                       "dataObjectReference",
                                       "dataStoreReference",
                                       "textAnnotation",
                                       "association",
                                       "group",
                                       "property",
                                       "auditing",
                                       "monitoring",
                                       "artifact",
                                       "supportedInterfaceRef",
                                       "incoming",
                                       "outgoing",
                                       NULL };

const char *bpmn_type_name(const Element *element)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].type == element->type)
            return types[i].name;
    return "process";
}

bool bpmn_is_activity(const Element *element)
{
    return element->type == EL_SUB_PROCESS || (element->type >= EL_TASK && element->type <= EL_RECEIVE_TASK);
}

const Element *bpmn_element(const Model *model, const char *id)
{
    return map_get(&model->by_id, id);
}

static bool listed(const char *const *list, const char *name)
{
    for (; *list; list++)
        if (text_is(*list, name))
            return true;
    return false;
}

static Element *new_element(BpmnReader *reader, xmlNode *node, ElementType type, Element *parent)
{
    Element *e = alloc(sizeof *e);
    e->id = text_or(bpmn_attribute(node, "id"), "");
    e->name = text_or(bpmn_attribute(node, "name"), "");
    e->type = type;
    e->parent = parent;
    e->index = (int)reader->model->elements.count;
    e->interrupting = !text_is(bpmn_attribute(node, "cancelActivity"), "false");
    e->default_id = bpmn_attribute(node, "default");
    e->attached_id = bpmn_attribute(node, "attachedToRef");
    e->retries = 3;
    vec_add(&reader->model->elements, e);
    map_put(&reader->model->by_id, e->id, e);
    return e;
}

static void read_flow(BpmnReader *reader, xmlNode *node)
{
    Flow *flow = alloc(sizeof *flow);
    flow->id = text_or(bpmn_attribute(node, "id"), "");
    flow->name = text_or(bpmn_attribute(node, "name"), "");
    flow->index = (int)reader->model->flows.count;
    xmlNode *condition = bpmn_child(node, "conditionExpression");
    if (condition)
        flow->condition = bpmn_expression(reader, flow->id, bpmn_content(condition), true);
    vec_add(&reader->model->flows, flow);
    map_put(&reader->model->flow_by_id, flow->id, flow);
}

static void read_lanes(BpmnReader *reader, xmlNode *set)
{
    for (xmlNode *lane = set->children; lane; lane = lane->next) {
        if (!bpmn_is(lane, "lane"))
            continue;
        const char *name = bpmn_attribute(lane, "name");
        for (xmlNode *ref = lane->children; ref && name; ref = ref->next)
            if (bpmn_is(ref, "flowNodeRef"))
                map_put(&reader->refs, bpmn_content(ref), (void *)name);
        if (bpmn_child(lane, "childLaneSet"))
            read_lanes(reader, bpmn_child(lane, "childLaneSet"));
    }
}

static void read_children(BpmnReader *reader, xmlNode *node, Element *parent);

/* Things that change what an element does and that this engine does not do. */
static const char *unsupported_part(xmlNode *node)
{
    static const char *const parts[] = { "multiInstanceLoopCharacteristics", "standardLoopCharacteristics",
                                         NULL };
    for (const char *const *part = parts; *part; part++)
        if (bpmn_child(node, *part))
            return *part;
    if (text_is(bpmn_attribute(node, "isForCompensation"), "true"))
        return "isForCompensation";
    if (text_is(bpmn_attribute(node, "triggeredByEvent"), "true"))
        return "triggeredByEvent";
    return NULL;
}

static void read_element(BpmnReader *reader, xmlNode *node, Element *parent)
{
    const char *name = (const char *)node->name, *id = text_or(bpmn_attribute(node, "id"), "");
    if (listed(passive, name)) {
        if (text_is(name, "laneSet"))
            read_lanes(reader, node);
        return;
    }
    if (text_is(name, "sequenceFlow")) {
        read_flow(reader, node);
        return;
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!text_is(types[i].name, name) || types[i].type == EL_PROCESS)
            continue;
        Element *e = new_element(reader, node, types[i].type, parent);
        if (unsupported_part(node))
            bpmn_problem(reader, id, "UNSUPPORTED_ELEMENT", unsupported_part(node));
        bpmn_read_events(reader, e, node);
        bpmn_read_extensions(reader, e, node);
        if (e->type == EL_SUB_PROCESS)
            read_children(reader, node, e);
        return;
    }
    bpmn_problem(reader, id, "UNSUPPORTED_ELEMENT", name);
}

static void read_children(BpmnReader *reader, xmlNode *node, Element *parent)
{
    for (xmlNode *n = node->children; n; n = n->next)
        if (bpmn_is(n, NULL))
            read_element(reader, n, parent);
}

/* ---- Linking by id ---- */

static void link_flows(BpmnReader *reader, xmlNode *node)
{
    Model *model = reader->model;
    for (xmlNode *n = node->children; n; n = n->next) {
        if (bpmn_is(n, "subProcess"))
            link_flows(reader, n);
        Flow *flow = bpmn_is(n, "sequenceFlow")
                         ? map_get(&model->flow_by_id, text_or(bpmn_attribute(n, "id"), ""))
                         : NULL;
        if (!flow || flow->from || flow->to)
            continue;
        const char *from = bpmn_attribute(n, "sourceRef"), *to = bpmn_attribute(n, "targetRef");
        flow->from = from ? map_get(&model->by_id, from) : NULL;
        flow->to = to ? map_get(&model->by_id, to) : NULL;
        if (!flow->from || !flow->to) {
            bpmn_problem(reader, flow->id, "DANGLING_FLOW", "");
            continue;
        }
        vec_add(&flow->from->out, flow);
        vec_add(&flow->to->in, flow);
        if (flow->from->default_id && text_is(flow->from->default_id, flow->id))
            flow->from->otherwise = flow;
    }
}

static void link_elements(BpmnReader *reader)
{
    Model *model = reader->model;
    for (size_t i = 0; i < model->elements.count; i++) {
        Element *e = model->elements.items[i];
        e->lane = map_get(&reader->refs, e->id);
        if (e->type == EL_START && e->parent && !e->parent->start)
            e->parent->start = e;
        if (e->type == EL_INCLUSIVE && e->in.count > 1)
            model->inclusive_joins = true;
        if (e->type != EL_BOUNDARY || !e->attached_id)
            continue;
        e->host = map_get(&model->by_id, e->attached_id);
        if (e->host)
            vec_add(&e->host->boundaries, e);
    }
}

/* ---- The document ---- */

/* Ids are unique in the whole file; names are kept for the drawing; too deep a tree is refused. */
static bool walk_ids(BpmnReader *reader, xmlNode *node, Map *names, int depth)
{
    if (depth > MAX_DEPTH)
        return false;
    for (xmlNode *n = node->children; n; n = n->next) {
        if (n->type != XML_ELEMENT_NODE)
            continue;
        const char *id = bpmn_attribute(n, "id");
        if (id && map_get(&reader->ids, id))
            bpmn_problem(reader, id, "DUPLICATE_ID", (const char *)n->name);
        if (id)
            map_put(&reader->ids, id, n);
        if (id && bpmn_is(n, NULL)) {
            xmlNode *text = bpmn_child(n, "text");
            map_put(names, id, (void *)text_or(bpmn_attribute(n, "name"), text ? bpmn_content(text) : ""));
        }
        if (!walk_ids(reader, n, names, depth + 1))
            return false;
    }
    return true;
}

static void read_definitions(BpmnReader *reader, xmlNode *root)
{
    xmlNode *process = NULL;
    for (xmlNode *n = root->children; n; n = n->next) {
        const char *id = n->type == XML_ELEMENT_NODE ? bpmn_attribute(n, "id") : NULL;
        if (id && bpmn_is(n, "message"))
            map_put(&reader->messages, id, n);
        else if (id && bpmn_is(n, "error"))
            map_put(&reader->errors, id, n);
        else if (bpmn_is(n, "process") && text_is(bpmn_attribute(n, "isExecutable"), "true")) {
            if (process)
                bpmn_problem(reader, id, "UNSUPPORTED_ELEMENT", "a second executable process in one file");
            else
                process = n;
        }
    }
    if (!process) {
        bpmn_problem(reader, "", "NO_EXECUTABLE_PROCESS", "");
        return;
    }
    Model *model = reader->model;
    model->process = new_element(reader, process, EL_PROCESS, NULL);
    model->process_id = model->process->id;
    model->name = text_empty(model->process->name) ? model->process_id : model->process->name;
    model->version_tag = bpmn_attribute(process, "versionTag");
    read_children(reader, process, model->process);
    link_flows(reader, process);
    link_elements(reader);
    bpmn_check_model(reader);
}

static void free_document(void *document)
{
    xmlFreeDoc(document);
}

static xmlDoc *parse(const char *xml, size_t size, const char **error)
{
    *error = "larger than 5 MiB";
    if (size > MAX_SIZE)
        return NULL;
    xmlParserCtxt *context = xmlNewParserCtxt();
    if (!context)
        raise_fault(FAULT_MEMORY, "memory.exhausted", "no memory for an XML parser");
    xmlDoc *document = xmlCtxtReadMemory(context, xml, (int)size, NULL, NULL,
                                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    *error = document ? ""
                      : fmt("line %d: %s", context->lastError.line,
                            text_trim(text_copy(text_or(context->lastError.message, ""))));
    xmlFreeParserCtxt(context);
    if (document)
        arena_defer(free_document, document);
    if (document && (document->intSubset || document->extSubset)) {
        *error = "a document type declaration is not allowed";
        return NULL;
    }
    return document;
}

Model *bpmn_read(const char *xml, size_t size, Json problems)
{
    BpmnReader reader = { .model = alloc(sizeof(Model)), .problems = problems };
    const char *error;
    xmlDoc *document = parse(xml, size, &error);
    xmlNode *root = document ? xmlDocGetRootElement(document) : NULL;
    Map names = { 0 };
    if (!root) {
        bpmn_problem(&reader, "", "XML_MALFORMED", error);
        return NULL;
    }
    if (!bpmn_is(root, "definitions")) {
        bpmn_problem(&reader, "", "NS_UNKNOWN", root->ns ? (const char *)root->ns->href : "");
        return NULL;
    }
    if (!walk_ids(&reader, root, &names, 1)) {
        bpmn_problem(&reader, "", "XML_MALFORMED", fmt("nested more than %d deep", MAX_DEPTH));
        return NULL;
    }
    read_definitions(&reader, root);
    bpmn_read_drawing(&reader, root, &names);
    return reader.model->process ? reader.model : NULL;
}
