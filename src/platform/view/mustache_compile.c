/* From the text of a template to its nodes, in one pass over the tags. See mustache.h for the language.
 *
 * A tag that stands alone on its line (section, comment, delimiters, partial) takes the line with it: the
 * text before loses the blanks after its last newline, the text behind begins after the next one. A section's
 * node knows where it ends, so rendering jumps and never searches. */
#include "platform/view/mustache.h"
#include "platform/view/static_files.h"
#include "platform/view/filters.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>

enum { MAX_OPEN = 64, MAX_DELIMITER = 15, MAX_PARTS = 16 };

typedef struct Compiler {
    Template *template;
    uint32_t room;
    const char *source, *end, *at;
    char open[MAX_DELIMITER + 1], close[MAX_DELIMITER + 1];
    uint32_t sections[MAX_OPEN];
    Slice section_names[MAX_OPEN];
    unsigned depth;
} Compiler;

static uint32_t line_of(const Compiler *c, const char *at)
{
    uint32_t line = 1;
    for (const char *p = c->source; p < at; p++)
        line += *p == '\n';
    return line;
}

static _Noreturn void wrong(const Compiler *c, const char *at, const char *what)
{
    raise_fault(FAULT_INTERNAL, "view.template", "%s:%u: %s", c->template->file, line_of(c, at), what);
}

static Node *add_node(Compiler *c, NodeKind kind, const char *at)
{
    Template *t = c->template;
    if (t->count == c->room) {
        c->room = c->room ? c->room * 2 : 16;
        Node *nodes = alloc_array(c->room, sizeof *nodes);
        if (t->count)
            memcpy(nodes, t->nodes, t->count * sizeof *nodes);
        t->nodes = nodes;
    }
    Node *node = &t->nodes[t->count++];
    *node = (Node){ .kind = (uint8_t)kind, .line = line_of(c, at) };
    return node;
}

static void add_text(Compiler *c, const char *from, const char *to)
{
    if (to <= from)
        return;
    Node *node = add_node(c, NODE_TEXT, from);
    node->text = from;
    node->size = (uint32_t)(to - from);
}

static Slice trimmed(const char *from, const char *to)
{
    while (from < to && isspace((unsigned char)*from))
        from++;
    while (to > from && isspace((unsigned char)to[-1]))
        to--;
    return (Slice){ from, (size_t)(to - from) };
}

static bool name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '$' || c == '@';
}

bool path_parse(const char *text, size_t size, Path *path)
{
    *path = (Path){ 0 };
    if (size == 1 && *text == '.')
        return true;
    if (size && *text == '.') {
        path->own = true;
        text++, size--;
    }
    char *parts = text_copy_n(text, size);
    path->parts = parts;
    path->count = 1;
    for (size_t i = 0; i < size; i++) {
        bool dot = parts[i] == '.';
        if (dot ? i == 0 || i + 1 == size || parts[i + 1] == '.' || path->count == MAX_PARTS
                : !name_char(parts[i]))
            return false;
        if (dot) {
            parts[i] = '\0';
            path->count++;
        }
    }
    return size > 0;
}

static Path path_or_wrong(Compiler *c, Slice name, const char *at)
{
    Path path;
    if (!path_parse(name.at, name.size, &path))
        wrong(c, at, fmt("\"%.*s\" is no name", (int)name.size, name.at));
    return path;
}

/* {{name}}, {{filter:name}}, {{t:key}}, {{t:*name}}, {{asset:file}}, {{csrf}} */
static void add_value(Compiler *c, Slice name, bool raw)
{
    Node *node = add_node(c, NODE_VALUE, name.at);
    node->raw = raw;
    const char *colon = memchr(name.at, ':', name.size);
    if (name.size == 4 && memcmp(name.at, "csrf", 4) == 0) {
        node->filter = FILTER_CSRF;
        return;
    }
    if (!colon) {
        node->path = path_or_wrong(c, name, name.at);
        return;
    }
    node->filter = filter_named(name.at, (size_t)(colon - name.at));
    if (node->filter == FILTER_NONE)
        wrong(c, name.at, fmt("unknown filter \"%.*s\"", (int)(colon - name.at), name.at));
    Slice rest = trimmed(colon + 1, name.at + name.size);
    if (!rest.size)
        wrong(c, name.at, "nothing stands behind the filter");
    node->indirect = node->filter == FILTER_TEXT && *rest.at == '*';
    if (node->filter == FILTER_ASSET) { /* it never changes while the program runs */
        node->kind = NODE_TEXT;
        node->filter = FILTER_NONE;
        node->text = html_escape(asset_path(slice_text(rest)));
        node->size = (uint32_t)strlen(node->text);
    } else if (node->filter == FILTER_TEXT && !node->indirect)
        node->text = text_copy_n(rest.at, rest.size);
    else
        node->path = path_or_wrong(c, node->indirect ? (Slice){ rest.at + 1, rest.size - 1 } : rest, name.at);
}

static void open_section(Compiler *c, Slice name, NodeKind kind)
{
    if (c->depth == MAX_OPEN)
        wrong(c, name.at, "sections stand too deep in one another");
    c->sections[c->depth] = c->template->count;
    c->section_names[c->depth++] = name;
    Path path = path_or_wrong(c, name, name.at);
    add_node(c, kind, name.at)->path = path;
}

static void close_section(Compiler *c, Slice name)
{
    if (!c->depth)
        wrong(c, name.at, fmt("section \"%.*s\" ends without having begun", (int)name.size, name.at));
    Slice begun = c->section_names[--c->depth];
    if (begun.size != name.size || memcmp(begun.at, name.at, name.size) != 0)
        wrong(c, name.at,
              fmt("section \"%.*s\" of line %u is closed as \"%.*s\"", (int)begun.size, begun.at,
                  line_of(c, begun.at), (int)name.size, name.at));
    c->template->nodes[c->sections[c->depth]].end = c->template->count;
}

/* The value of an argument: "literal", true, false, -12, t:key, a path, or paths. */
static void argument_value(Compiler *c, Slice value, Argument *argument)
{
    char *text = slice_text(value);
    int64_t number;
    if (value.size >= 2 && *value.at == '"') {
        text[value.size - 1] = '\0';
        argument->value = json_string(text + 1);
        if (!argument->value)
            wrong(c, value.at, "a literal is not UTF-8");
    } else if (text_is(text, "true") || text_is(text, "false")) {
        argument->value = json_boolean(*text == 't');
    } else if (text_int(text, INT64_MIN, INT64_MAX, &number)) {
        argument->value = json_integer(number);
    } else if (text_starts(text, "t:") && text[2]) {
        argument->kind = ARGUMENT_KEY;
        argument->key = text + 2;
    } else {
        size_t count;
        char **paths = text_split(text, '|', &count);
        if (count > MAX_CHOICES)
            wrong(c, value.at, "an argument has too many paths");
        argument->kind = ARGUMENT_PATH;
        for (argument->choices = 0; argument->choices < (int)count; argument->choices++)
            argument->paths[argument->choices] = path_or_wrong(c, slice(paths[argument->choices]), value.at);
    }
}

/* One name=value at `at`; returns where it ends. */
static const char *add_argument(Compiler *c, const char *at, const char *end, Argument *argument)
{
    const char *from = at;
    while (at < end && name_char(*at))
        at++;
    if (at == from || at == end || *at != '=')
        wrong(c, from, "a partial's arguments are written name=value");
    argument->name = text_copy_n(from, (size_t)(at - from));
    from = ++at;
    if (at < end && *at == '"') {
        at = memchr(at + 1, '"', (size_t)(end - at - 1));
        if (!at)
            wrong(c, from, "a literal has no closing quote");
        at++;
    } else {
        while (at < end && !isspace((unsigned char)*at))
            at++;
    }
    argument_value(c, (Slice){ from, (size_t)(at - from) }, argument);
    return at;
}

static void add_partial(Compiler *c, Slice body)
{
    enum { MAX_ARGUMENTS = 24 };
    Argument arguments[MAX_ARGUMENTS] = { 0 };
    const char *at = body.at, *end = body.at + body.size;
    uint32_t count = 0;
    while (at < end && !isspace((unsigned char)*at))
        at++;
    size_t name_size = (size_t)(at - body.at);
    for (;;) {
        while (at < end && isspace((unsigned char)*at))
            at++;
        if (at == end)
            break;
        if (count == MAX_ARGUMENTS)
            wrong(c, at, "a partial has too many arguments");
        at = add_argument(c, at, end, &arguments[count++]);
    }
    if (!name_size)
        wrong(c, body.at, "a partial has no name");
    Node *node = add_node(c, NODE_PARTIAL, body.at);
    node->text = text_copy_n(body.at, name_size);
    node->size = count;
    node->arguments = count ? alloc_array(count, sizeof *arguments) : NULL;
    if (count)
        memcpy(node->arguments, arguments, count * sizeof *arguments);
}

/* {{=<% %>=}} */
static void set_delimiters(Compiler *c, Slice body)
{
    if (body.size && body.at[body.size - 1] == '=')
        body.size--;
    body = trimmed(body.at, body.at + body.size);
    size_t first = 0;
    while (first < body.size && !isspace((unsigned char)body.at[first]))
        first++;
    Slice second = trimmed(body.at + first, body.at + body.size);
    if (!first || !second.size || first > MAX_DELIMITER || second.size > MAX_DELIMITER ||
        memchr(body.at, '=', body.size) || memchr(second.at, ' ', second.size))
        wrong(c, body.at, "delimiters are set as {{=<% %>=}}");
    memcpy(c->open, body.at, first);
    c->open[first] = '\0';
    memcpy(c->close, second.at, second.size);
    c->close[second.size] = '\0';
}

static void comment(Compiler *c, Slice body)
{
    static const char word[] = "layout:";
    Slice text = trimmed(body.at, body.at + body.size);
    if (memmem(body.at, body.size, c->open, strlen(c->open)))
        wrong(c, body.at, "a comment cannot hold a tag: it would end with it");
    if (text.size > sizeof word - 1 && memcmp(text.at, word, sizeof word - 1) == 0) {
        Slice name = trimmed(text.at + sizeof word - 1, text.at + text.size);
        c->template->layout = slice_text(name);
    }
}

/* Is the tag from..to alone on its line? Then *from moves to the line's beginning and *to behind its newline.
 */
static void take_line(const Compiler *c, const char **from, const char **to)
{
    const char *before = *from, *after = *to;
    while (before > c->source && (before[-1] == ' ' || before[-1] == '\t'))
        before--;
    if (before > c->source && before[-1] != '\n')
        return;
    while (after < c->end && (*after == ' ' || *after == '\t'))
        after++;
    if (after < c->end && *after == '\r' && after + 1 < c->end && after[1] == '\n')
        after++;
    if (after < c->end && *after != '\n')
        return;
    *from = before;
    *to = after < c->end ? after + 1 : after;
}

static const char *find(const char *at, const char *end, const char *what)
{
    return at < end ? memmem(at, (size_t)(end - at), what, strlen(what)) : NULL;
}

static void compile_tag(Compiler *c, char sign, Slice body)
{
    switch (sign) {
    case '#':
        open_section(c, body, NODE_SECTION);
        break;
    case '^':
        open_section(c, body, NODE_INVERTED);
        break;
    case '/':
        close_section(c, body);
        break;
    case '>':
        add_partial(c, body);
        break;
    case '!':
        comment(c, body);
        break;
    case '=':
        set_delimiters(c, body);
        break;
    default:
        add_value(c, body, sign == '{' || sign == '&');
    }
}

/* The tag that opens at `tag`: text before it, itself, and where to go on. */
static void next_tag(Compiler *c, const char *tag)
{
    const char *inside = tag + strlen(c->open);
    while (inside < c->end && isspace((unsigned char)*inside))
        inside++;
    char sign = inside < c->end && strchr("#^/>!={&", *inside) ? *inside : '\0';
    inside += sign != '\0';
    const char *close = find(inside, c->end,
                             sign == '{'   ? fmt("}%s", c->close)
                             : sign == '=' ? fmt("=%s", c->close)
                                           : c->close);
    if (!close)
        wrong(c, tag, "a tag is not closed");
    const char *from = tag, *to = close + strlen(c->close) + (sign == '{' || sign == '=');
    if (sign && strchr("#^/>!=", sign))
        take_line(c, &from, &to);
    add_text(c, c->at, from);
    compile_tag(c, sign, trimmed(inside, close));
    c->at = to;
}

Template *template_compile(const char *name, const char *file, const char *source, size_t size)
{
    Template *template = alloc(sizeof *template);
    *template = (Template){ .name = text_copy(name), .file = text_copy(file) };
    Compiler c = { .template = template,
                   .source = source,
                   .end = source + size,
                   .at = source,
                   .open = "{{",
                   .close = "}}" };
    if (size >= UINT32_MAX)
        wrong(&c, source, "the template is too large");
    for (const char *tag; (tag = find(c.at, c.end, c.open));)
        next_tag(&c, tag);
    add_text(&c, c.at, c.end);
    if (c.depth)
        wrong(&c, c.section_names[c.depth - 1].at, "this section has no end");
    return template;
}

void template_link(Template *template, TemplateFinder *finder, void *context)
{
    for (uint32_t i = 0; i < template->count; i++) {
        Node *node = &template->nodes[i];
        if (node->kind != NODE_PARTIAL || text_is(node->text, "content"))
            continue;
        node->partial = finder(node->text, context);
        if (!node->partial)
            raise_fault(FAULT_INTERNAL, "view.template", "%s:%u: there is no partial \"%s\"", template->file,
                        node->line, node->text);
    }
}
