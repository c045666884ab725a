/* Reading a model's drawing (diagram interchange): shapes with bounds, edges with waypoints. Nothing here
 * changes what runs. */
#include "base/arena.h"
#include "base/text.h"
#include "platform/workflow/bpmn.h"

#include <libxml/tree.h>
#include <stdlib.h>

static bool di_is(xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && node->ns &&
           text_is((const char *)node->ns->href, "http://www.omg.org/spec/BPMN/20100524/DI") &&
           text_is((const char *)node->name, name);
}

static double number(xmlNode *node, const char *name)
{
    const char *text = bpmn_attribute(node, name);
    double value = text ? strtod(text, NULL) : 0;
    return value > -1e6 && value < 1e6 ? value : 0;
}

static void read_shape(BpmnReader *reader, xmlNode *node, const Map *names)
{
    Shape *shape = alloc(sizeof *shape);
    shape->element_id = text_or(bpmn_attribute(node, "bpmnElement"), "");
    shape->name = text_or(map_get(names, shape->element_id), "");
    shape->expanded = text_is(bpmn_attribute(node, "isExpanded"), "true");
    shape->horizontal = text_is(bpmn_attribute(node, "isHorizontal"), "true");
    for (xmlNode *n = node->children; n; n = n->next) {
        if (n->type != XML_ELEMENT_NODE || !text_is((const char *)n->name, "Bounds"))
            continue;
        shape->x = number(n, "x");
        shape->y = number(n, "y");
        shape->width = number(n, "width");
        shape->height = number(n, "height");
    }
    vec_add(&reader->model->shapes, shape);
}

static void read_edge(BpmnReader *reader, xmlNode *node)
{
    Edge *edge = alloc(sizeof *edge);
    edge->element_id = text_or(bpmn_attribute(node, "bpmnElement"), "");
    for (xmlNode *n = node->children; n; n = n->next) {
        if (n->type != XML_ELEMENT_NODE || !text_is((const char *)n->name, "waypoint"))
            continue;
        double *point = alloc(2 * sizeof *point);
        point[0] = number(n, "x");
        point[1] = number(n, "y");
        vec_add(&edge->points, point);
    }
    vec_add(&reader->model->edges, edge);
}

void bpmn_read_drawing(BpmnReader *reader, xmlNode *node, const Map *names)
{
    for (xmlNode *n = node->children; n; n = n->next) {
        if (di_is(n, "BPMNShape"))
            read_shape(reader, n, names);
        else if (di_is(n, "BPMNEdge"))
            read_edge(reader, n);
        else if (n->type == XML_ELEMENT_NODE)
            bpmn_read_drawing(reader, n, names);
    }
}
