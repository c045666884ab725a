/* Renders nodes into one buffer. The context is a stack of JSON values, innermost last; nothing of the model
 * is copied. */
#include "platform/view/mustache.h"
#include "platform/view/filters.h"
#include "base/fault.h"
#include "base/text.h"

#include <string.h>

enum { MAX_FRAMES = 128, MAX_PARTIALS = 40, DEFAULT_STEPS = 20 * 1000 * 1000 };

typedef struct Renderer {
    const Rendering *rendering;
    Buf *out;
    Json frames[MAX_FRAMES];
    unsigned depth, partials;
    long steps;
} Renderer;

bool json_truthy(Json value)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_TRUE:
        return true;
    case JSON_STRING:
        return json_string_length(value) > 0;
    case JSON_INTEGER:
        return json_integer_value(value) != 0;
    case JSON_REAL:
        return json_real_value(value) != 0;
    case JSON_ARRAY:
        return json_array_size(value) > 0;
    case JSON_OBJECT:
        return json_object_size(value) > 0;
    default:
        return false;
    }
}

static Json in_frames(const Renderer *r, const char *name, bool own)
{
    for (unsigned i = r->depth; i-- > 0;) {
        if (!json_is_object(r->frames[i]))
            continue;
        Json found = json_object_get(r->frames[i], name);
        if (found || own)
            return found;
    }
    return NULL;
}

static Json find_value(const Renderer *r, const Path *path)
{
    if (!path->count)
        return r->frames[r->depth - 1];
    const char *part = path->parts;
    Json value = in_frames(r, part, path->own);
    for (unsigned i = 1; value && i < path->count; i++) {
        part += strlen(part) + 1;
        value = json_is_array(value) && strcmp(part, "length") == 0
                    ? json_integer((json_int_t)json_array_size(value))
                    : json_object_get(value, part);
    }
    return value;
}

static void push(Renderer *r, Json value)
{
    if (r->depth == MAX_FRAMES)
        raise_fault(FAULT_LIMIT, "view.depth", "a template's sections are nested more than %d deep",
                    MAX_FRAMES);
    r->frames[r->depth++] = value;
}

/* ---- Values ---- */

/* A placeholder's name may have dots; it is looked for as a tag's name is. */
static Json value_for_text(void *context, const char *name)
{
    const Renderer *r = context;
    const char *dot = strchr(name, '.');
    if (!dot)
        return in_frames(r, name, false);
    return json_at(in_frames(r, text_copy_n(name, (size_t)(dot - name)), false), dot + 1);
}

/* Without `raw` the whole text is escaped; with it the text may hold markup, and only what is filled in is
 * escaped. */
static void write_text(Renderer *r, const char *key, bool raw)
{
    TextValues values = { value_for_text, r, r->rendering->now, raw };
    if (raw) {
        if (!text_write(r->out, r->rendering->lang, key, &values))
            buf_html(r->out, key);
        return;
    }
    Buf plain = { 0 };
    buf_html(r->out, text_write(&plain, r->rendering->lang, key, &values) ? buf_end(&plain) : key);
}

static void write_csrf(Renderer *r)
{
    Json token = in_frames(r, "csrf_token", false);
    if (!json_string_length(token))
        return;
    buf_text(r->out, "<input type=\"hidden\" name=\"_csrf\" value=\"");
    buf_html(r->out, json_string_value(token));
    buf_text(r->out, "\">");
}

static void write_value(Renderer *r, const Node *node)
{
    const char *shown;
    if (node->filter == FILTER_CSRF) {
        write_csrf(r);
        return;
    }
    if (node->filter == FILTER_TEXT) {
        const char *key = node->indirect ? value_plain(find_value(r, &node->path)) : node->text;
        if (*key)
            write_text(r, key, node->raw);
        return;
    }
    Json value = find_value(r, &node->path);
    if (node->filter)
        shown = filter_show(node->filter, r->rendering->lang, r->rendering->now, value);
    else
        shown = value_plain(value);
    if (node->raw || node->filter == FILTER_JSON)
        buf_text(r->out, shown);
    else
        buf_html(r->out, shown);
}

/* ---- Sections and partials ---- */

static void render_nodes(Renderer *r, const Template *template, uint32_t from, uint32_t to);

static void render_section(Renderer *r, const Template *template, uint32_t at)
{
    const Node *node = &template->nodes[at];
    Json value = find_value(r, &node->path);
    if (node->kind == NODE_INVERTED) {
        if (!json_truthy(value))
            render_nodes(r, template, at + 1, node->end);
        return;
    }
    if (!json_truthy(value))
        return;
    if (!json_is_array(value)) {
        push(r, value);
        render_nodes(r, template, at + 1, node->end);
        r->depth--;
        return;
    }
    json_each (value, i, item) {
        push(r, item);
        render_nodes(r, template, at + 1, node->end);
        r->depth--;
    }
}

static Json argument_json(Renderer *r, const Argument *argument)
{
    if (argument->kind == ARGUMENT_JSON)
        return json_copy(argument->value); /* the template's own value is shared by all threads */
    if (argument->kind == ARGUMENT_PATH) {
        Json value = NULL;
        for (int i = 0; i < argument->choices && (!value || json_is_null(value)); i++)
            value = find_value(r, &argument->paths[i]);
        return value ? json_incref(value) : json_null();
    }
    TextValues values = { value_for_text, r, r->rendering->now, false };
    Buf plain = { 0 };
    bool known = text_write(&plain, r->rendering->lang, argument->key, &values);
    return json_string(known ? buf_end(&plain) : argument->key);
}

static void render_partial(Renderer *r, const Node *node)
{
    if (++r->partials > MAX_PARTIALS)
        raise_fault(FAULT_LIMIT, "view.depth", "partials include one another more than %d deep, at \"%s\"",
                    MAX_PARTIALS, node->text);
    if (node->size) {
        Json frame = json_new();
        for (uint32_t i = 0; i < node->size; i++)
            json_set(frame, node->arguments[i].name, argument_json(r, &node->arguments[i]));
        push(r, frame);
    }
    render_nodes(r, node->partial, 0, node->partial->count);
    r->depth -= node->size > 0;
    r->partials--;
}

static void render_nodes(Renderer *r, const Template *template, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        const Node *node = &template->nodes[i];
        if (--r->steps < 0)
            raise_fault(FAULT_LIMIT, "view.steps", "template %s takes too long", template->name);
        switch (node->kind) {
        case NODE_TEXT:
            buf_add(r->out, node->text, node->size);
            break;
        case NODE_VALUE:
            write_value(r, node);
            break;
        case NODE_PARTIAL:
            if (node->partial)
                render_partial(r, node);
            else
                buf_add(r->out, r->rendering->content, r->rendering->content_size);
            break;
        default:
            render_section(r, template, i);
            i = node->end - 1;
        }
    }
}

void template_render(const Template *template, const Rendering *rendering, Json model, Buf *out)
{
    Renderer r = { .rendering = rendering,
                   .out = out,
                   .steps = rendering->max_steps ? rendering->max_steps : DEFAULT_STEPS };
    if (rendering->globals)
        push(&r, rendering->globals);
    push(&r, model ? model : json_new());
    render_nodes(&r, template, 0, template->count);
}
