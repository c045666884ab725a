/* Starting: all templates and texts that the program carries are compiled into one arena, which lives until
 * view_stop(). Rendering: a page's model goes through its template into a buffer, that buffer through a
 * layout into the answer. */
#include "platform/view/view.h"
#include "platform/view/inside.h"
#include "platform/view/i18n.h"
#include "platform/view/filters.h"
#include "platform/view/static_files.h"
#include "platform/app/app.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/map.h"
#include "base/text.h"

#include <string.h>

static Arena *arena; /* owns everything below */
static Map *templates;

/* ---- Starting ---- */

/* "src/solutions/X/views/Y.html" → "X/Y"; "web/views/c/Z.html" → "c/Z"; NULL: not a template. */
static const char *template_name(const char *file)
{
    const char *views = strstr(file, "/views/"), *room;
    if (!views)
        return NULL;
    const char *rest = views + strlen("/views/");
    int size = (int)(strlen(rest) - strlen(".html"));
    if (text_starts(file, "web/"))
        return fmt("%.*s", size, rest);
    for (room = views; room > file && room[-1] != '/'; room--)
        ;
    return fmt("%.*s/%.*s", (int)(views - room), room, size, rest);
}

static const Template *find_by_name(const char *name, void *map)
{
    return map_get(map, name);
}

static void load_templates(Map *into)
{
    size_t size;
    for (const char **file = asset_names("", ".html"); *file; file++) {
        const char *name = template_name(*file);
        if (!name)
            continue;
        const Template *before = map_get(into, name);
        if (before)
            raise_fault(FAULT_INTERNAL, "view.template", "%s and %s are both template \"%s\"", before->file,
                        *file, name);
        const char *source = asset_text(*file, &size);
        map_put(into, name, template_compile(name, *file, source, size));
    }
    for (size_t i = 0; i < into->count; i++)
        template_link(into->entries[i].value, find_by_name, into);
}

static Texts *load_texts(void)
{
    size_t size;
    Texts *texts = texts_new();
    for (const char **file = asset_names("", ".json"); *file; file++) {
        if (!strstr(*file, "/i18n/"))
            continue;
        const char *json = asset_text(*file, &size);
        texts_add(texts, *file, json, size);
    }
    return texts;
}

/* A key that a template names but no file has would be seen by the first reader of that page; it is seen at
 * start instead. */
static void complain_about_keys(const Map *all)
{
    for (size_t i = 0; i < all->count; i++) {
        const Template *t = all->entries[i].value;
        for (uint32_t n = 0; n < t->count; n++) {
            const Node *node = &t->nodes[n];
            if (node->kind == NODE_VALUE && node->filter == FILTER_TEXT && !node->indirect &&
                !text_known("vi", node->text))
                log_warn("view.text.unknown", "text", node->text, "template",
                         fmt("%s:%u", t->file, node->line), NULL);
        }
    }
}

void view_start(void)
{
    Guard guard;
    view_stop();
    Arena *made = arena_new(0);
    if (!made)
        raise_fault(FAULT_MEMORY, "memory.exhausted", "no memory for templates");
    guard_enter(&guard);
    if (setjmp(guard.at) != 0) {
        arena_free(made);
        raise_again(&guard.fault);
    }
    Arena *before = arena_use(made);
    Map *all = alloc(sizeof *all);
    load_templates(all);
    Texts *texts = load_texts();
    texts_use(texts);
    texts_complain(texts);
    complain_about_keys(all);
    arena_use(before);
    guard_leave(&guard);
    arena = made;
    templates = all;
    asset_islands_keep();
    log_debug("view.ready", "templates", before ? fmt("%zu", all->count) : "", NULL);
}

void view_stop(void)
{
    asset_islands_forget();
    texts_use(NULL);
    templates = NULL;
    arena_free(arena);
    arena = NULL;
}

const Template *template_find(const char *name)
{
    return templates ? map_get(templates, name) : NULL;
}

/* ---- Rendering ---- */

static const Template *template_or_fault(const char *name)
{
    const Template *found = template_find(name);
    if (!found)
        raise_fault(FAULT_INTERNAL, "view.template", "there is no template \"%s\"", name);
    return found;
}

void template_write(Buf *out, const char *name, const char *lang, int64_t now, Json globals, Json model)
{
    Rendering rendering = { .lang = lang, .now = now, .globals = globals };
    template_render(template_or_fault(name), &rendering, model, out);
}

char *view_fragment(const char *lang, const char *template, Json model)
{
    Buf out = { 0 };
    Json globals = json_set_str(json_new(), "lang", lang);
    template_write(&out, template, lang, now_ms(), globals, model);
    return (char *)buf_end(&out);
}

void html_reply(Reply *reply, Buf *html)
{
    reply->kind = REPLY_BYTES;
    reply->type = "text/html; charset=utf-8";
    reply->bytes = buf_end(html);
    reply->size = html->size;
}

void json_bytes(Reply *reply, const char *type, Json model)
{
    const char *text = json_text(model ? model : json_new());
    reply->kind = REPLY_BYTES;
    reply->type = type;
    reply->bytes = text;
    reply->size = strlen(text);
}

static void page_write(Request *rq, Reply *reply)
{
    Buf content = { 0 }, whole = { 0 };
    Json globals = view_globals(rq);
    const Template *template = template_or_fault(reply->template);
    template_write(&content, reply->template, rq->lang, rq->now, globals, reply->model);
    if (!rq->fragment && !text_is(template->layout, "none"))
        layout_write(&whole, rq, reply, template->layout, globals, reply->model, &content);
    html_reply(reply, whole.size ? &whole : &content);
}

void view_render(Request *rq, Reply *reply)
{
    if (reply->kind == REPLY_PROBLEM)
        problem_write(rq, reply);
    else if (reply->kind == REPLY_PAGE && rq->wants_json)
        json_bytes(reply, "application/json", reply->model);
    else if (reply->kind == REPLY_PAGE)
        page_write(rq, reply);
}
