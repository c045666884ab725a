/* The drawing, in the shapes of BPMN 2.0.2 clause 7: circles are events, rounded rectangles activities,
 * diamonds gateways. Colours come from the page's style sheet by class (bpmn, bpmn-active, bpmn-passed);
 * without it everything is drawn in the colour of the text. */
#include "platform/workflow/diagram.h"
#include "base/buf.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

enum { MARGIN = 20, LINE_HEIGHT = 15, LETTER = 7, MAX_LINES = 4 };

typedef struct Box {
    double left, top, right, bottom;
} Box;

static void grow(Box *box, double x, double y)
{
    box->left = fmin(box->left, x);
    box->top = fmin(box->top, y);
    box->right = fmax(box->right, x);
    box->bottom = fmax(box->bottom, y);
}

static Box bounds(const Model *model)
{
    Box box = { INFINITY, INFINITY, -INFINITY, -INFINITY };
    for (size_t i = 0; i < model->shapes.count; i++) {
        const Shape *s = model->shapes.items[i];
        grow(&box, s->x, s->y);
        grow(&box, s->x + s->width,
             s->y + s->height + 2 * LINE_HEIGHT); /* labels of events stand below them */
    }
    for (size_t i = 0; i < model->edges.count; i++) {
        const Edge *e = model->edges.items[i];
        for (size_t k = 0; k < e->points.count; k++)
            grow(&box, ((double *)e->points.items[k])[0], ((double *)e->points.items[k])[1]);
    }
    return box;
}

/* ---- Words, broken into lines that fit ---- */

static void add_line(Buf *out, const char *line, double x, double y)
{
    buf_fmt(out, "<tspan x=\"%.0f\" y=\"%.0f\">", x, y);
    buf_html(out, line);
    buf_text(out, "</tspan>");
}

static void add_words(Buf *out, const char *text, double x, double y, double width, bool centred)
{
    const char *lines[MAX_LINES] = { 0 };
    size_t most = (size_t)fmax(6, width / LETTER), count = 0;
    for (char **word = text_split(text, ' ', NULL); *word; word++) {
        const char *longer = count && lines[count - 1] ? fmt("%s %s", lines[count - 1], *word) : *word;
        if (count && utf8_length(longer) <= most)
            lines[count - 1] = longer;
        else if (count < MAX_LINES)
            lines[count++] = *word;
        else
            lines[count - 1] = longer;
    }
    if (count)
        lines[count - 1] = text_shorten(lines[count - 1], most + 2);
    if (centred)
        y -= (double)(count - 1) * LINE_HEIGHT / 2;
    buf_text(out, "<text text-anchor=\"middle\" font-size=\"12\" stroke=\"none\" fill=\"currentColor\">");
    for (size_t i = 0; i < count; i++)
        add_line(out, lines[i], x, y + (double)i * LINE_HEIGHT);
    buf_text(out, "</text>");
}

/* ---- Shapes ---- */

static void add_event(Buf *out, const Shape *s, const Element *e)
{
    static const char *const marks[] = {
        [ON_NOTHING] = "", [ON_MESSAGE] = "✉", [ON_TIMER] = "◷", [ON_ERROR] = "⚡", [ON_TERMINATE] = "●"
    };
    double r = s->width / 2, x = s->x + r, y = s->y + r;
    bool twice = e->type == EL_CATCH || e->type == EL_THROW || e->type == EL_BOUNDARY;
    const char *dash = e->type == EL_BOUNDARY && !e->interrupting ? " stroke-dasharray=\"4 3\"" : "";
    buf_fmt(out, "<circle cx=\"%.0f\" cy=\"%.0f\" r=\"%.1f\" stroke-width=\"%d\"%s/>", x, y, r,
            e->type == EL_END ? 4 : 1, dash);
    if (twice)
        buf_fmt(out, "<circle cx=\"%.0f\" cy=\"%.0f\" r=\"%.1f\"%s/>", x, y, r - 4, dash);
    if (e->trigger != ON_NOTHING)
        buf_fmt(out,
                "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\" font-size=\"16\" stroke=\"none\" "
                "fill=\"currentColor\">%s</text>",
                x, y + 6, marks[e->trigger]);
    if (!text_empty(e->name))
        add_words(out, e->name, x, s->y + s->height + LINE_HEIGHT, 90, false);
}

static void add_gateway(Buf *out, const Shape *s, const Element *e)
{
    static const char *const marks[EL_TYPES] = {
        [EL_EXCLUSIVE] = "✕", [EL_PARALLEL] = "✚", [EL_INCLUSIVE] = "◯", [EL_EVENT_GATEWAY] = "⬠"
    };
    double x = s->x + s->width / 2, y = s->y + s->height / 2;
    buf_fmt(out, "<path d=\"M%.0f %.0fL%.0f %.0fL%.0f %.0fL%.0f %.0fZ\"/>", x, s->y, s->x + s->width, y, x,
            s->y + s->height, s->x, y);
    buf_fmt(out,
            "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\" font-size=\"20\" stroke=\"none\" "
            "fill=\"currentColor\">%s</text>",
            x, y + 7, marks[e->type]);
    if (!text_empty(e->name))
        add_words(out, e->name, x, s->y + s->height + LINE_HEIGHT, 110, false);
}

static void add_box(Buf *out, const Shape *s, const char *name, int radius, bool label_at_top)
{
    buf_fmt(out, "<rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\" rx=\"%d\"/>", s->x, s->y,
            s->width, s->height, radius);
    add_words(out, name, s->x + s->width / 2, label_at_top ? s->y + LINE_HEIGHT : s->y + s->height / 2 + 4,
              s->width - 10, !label_at_top);
}

static void add_count(Buf *out, const Shape *s, int64_t count)
{
    double x = s->x + s->width, y = s->y;
    buf_fmt(out, "<g class=\"bpmn-count\"><circle cx=\"%.0f\" cy=\"%.0f\" r=\"11\" fill=\"currentColor\"/>",
            x, y);
    buf_fmt(out,
            "<text class=\"bpmn-count-number\" x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\" font-size=\"11\" "
            "stroke=\"none\" fill=\"#fff\">%lld</text></g>",
            x, y + 4, (long long)count);
}

static void add_shape(Buf *out, const Model *model, const Shape *s, Json active, Json passed)
{
    const Element *e = bpmn_element(model, s->element_id);
    /* a boundary event waits whenever its activity does: that says nothing */
    int64_t here = e && e->type == EL_BOUNDARY ? 0 : json_int(active, s->element_id);
    buf_fmt(out, "<g class=\"bpmn-shape%s%s\"", here ? " bpmn-active" : "",
            json_int(passed, s->element_id) ? " bpmn-passed" : "");
    buf_fmt(out, " stroke-width=\"%d\">", here ? 3 : 1);
    if (!e)
        add_box(out, s, s->name, 0, true); /* a lane, a pool, a note */
    else if (e->type == EL_SUB_PROCESS)
        add_box(out, s, e->name, 10, s->expanded);
    else if (e->type >= EL_EXCLUSIVE)
        add_gateway(out, s, e);
    else if (bpmn_is_activity(e))
        add_box(out, s, text_empty(e->name) ? e->id : e->name, 10, false);
    else
        add_event(out, s, e);
    if (here)
        add_count(out, s, here);
    buf_text(out, "</g>");
}

static void add_edge(Buf *out, const Model *model, const Edge *edge)
{
    const Flow *flow = map_get(&model->flow_by_id, edge->element_id);
    buf_text(out, "<polyline class=\"bpmn-flow\" marker-end=\"url(#bpmn-arrow)\" points=\"");
    for (size_t i = 0; i < edge->points.count; i++) {
        const double *p = edge->points.items[i];
        buf_fmt(out, "%s%.0f,%.0f", i ? " " : "", p[0], p[1]);
    }
    buf_text(out, "\"/>");
    if (!flow || text_empty(flow->name) || edge->points.count < 2)
        return;
    size_t at =
        edge->points.count > 2; /* behind the first bend: flows of one gateway often share the way to it */
    const double *a = edge->points.items[at], *b = edge->points.items[at + 1];
    add_words(out, flow->name, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2 - 6, 120, false);
}

char *diagram_svg(const Model *model, const char *title, Json active, Json passed)
{
    Buf out = { 0 };
    if (!model->shapes.count)
        return NULL;
    Box box = bounds(model);
    double width = box.right - box.left + 2 * MARGIN, height = box.bottom - box.top + 2 * MARGIN;
    buf_fmt(&out,
            "<svg class=\"bpmn\" role=\"img\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"%.0f %.0f %.0f "
            "%.0f\" width=\"%.0f\" height=\"%.0f\" ",
            box.left - MARGIN, box.top - MARGIN, width, height, width, height);
    buf_text(&out, "fill=\"none\" stroke=\"currentColor\"><title>");
    buf_html(&out, title);
    buf_text(&out, "</title><defs><marker id=\"bpmn-arrow\" viewBox=\"0 0 10 10\" refX=\"10\" refY=\"5\" "
                   "markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">"
                   "<path d=\"M0 0L10 5L0 10Z\" fill=\"currentColor\" stroke=\"none\"/></marker></defs>");
    for (size_t i = 0; i < model->edges.count; i++)
        add_edge(&out, model, model->edges.items[i]);
    for (size_t i = 0; i < model->shapes.count; i++)
        add_shape(&out, model, model->shapes.items[i], active, passed);
    buf_text(&out, "</svg>");
    return (char *)buf_end(&out);
}
