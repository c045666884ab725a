/* What stands around every page: title, menu, who is signed in, language, notices. Layouts are
 * web/views/layout.html (officials) and web/views/public-layout.html (citizens and strangers); a template can
 * name another one. */
#include "platform/view/inside.h"
#include "platform/view/i18n.h"
#include "platform/view/static_files.h"
#include "net/server.h"
#include "platform/app/app.h"
#include "platform/identity/identity.h"
#include "platform/solution.h"
#include "base/text.h"

#include <string.h>

/* ---- What every template can ask for ---- */

static Json me_model(const Actor *actor)
{
    Json me = json_new();
    bool known = actor && actor->kind != ACTOR_STRANGER;
    json_set_bool(me, "signed_in", known);
    json_set_bool(me, "official", known && actor->kind == ACTOR_OFFICIAL);
    json_set_bool(me, "citizen", known && actor->kind == ACTOR_CITIZEN);
    json_set_str(me, "name", known ? text_or(actor->name, actor->username) : "");
    json_set_str(me, "org", known ? text_or(actor->org_name, "") : "");
    return me;
}

/* {field: message}, the first error of each, for fields that a template writes by hand. */
static Json by_field(Json errors)
{
    Json map = json_new();
    json_each (errors, i, error)
        if (!json_object_get(map, json_str(error, "path")))
            json_set_str(map, json_str(error, "path"), json_str(error, "message"));
    return map;
}

Json view_globals(Request *rq)
{
    Json globals = json_new(), page = json_new(), errors = translated_errors(rq);
    json_set_str(page, "path", text_or(rq->path, "/"));
    json_set_str(page, "target", text_or(rq->target, "/"));
    json_set_str(page, "trace_id", text_or(rq->trace_id, ""));
    json_set_int(page, "now", rq->now);
    json_set_bool(page, "demo", settings()->demo);
    json_set_str(globals, "lang", rq->lang);
    json_set_str(globals, "csrf_token", rq->actor ? text_or(rq->actor->csrf, "") : "");
    json_set(globals, "me", me_model(rq->actor));
    json_set(globals, "page", page);
    if (rq->typed)
        json_object_set(globals, "typed", rq->typed);
    json_set(globals, "errors", errors);
    json_set(globals, "wrong", by_field(errors));
    return globals;
}

/* ---- Menu ---- */

static bool may_see(const Actor *actor, const char *permission)
{
    if (text_is(permission, "public"))
        return true;
    if (!actor || actor->kind == ACTOR_STRANGER)
        return false;
    if (text_is(permission, "citizen"))
        return actor->kind == ACTOR_CITIZEN;
    return text_is(permission, "signed-in") || can(actor, permission);
}

/* Is the place of the menu that this path lies in? Returns how well: the length of the match. */
static size_t lies_in(const char *path, const char *item)
{
    size_t n = strlen(item);
    if (strncmp(path, item, n) != 0 || (path[n] && path[n] != '/' && n > 1))
        return 0;
    return n > 1 || text_is(path, item) ? n : 0;
}

static void insert_ordered(Json list, Json item)
{
    size_t at = json_array_size(list);
    while (at && json_int(json_array_get(list, at - 1), "order") > json_int(item, "order"))
        at--;
    json_array_insert_new(list, at, item);
}

static Json group_model(Request *rq, const Solution *solution, Json *current, size_t *match)
{
    Json items = json_list();
    for (const MenuItem *item = solution->menu; item && item->path; item++) {
        if (!may_see(rq->actor, item->permission))
            continue;
        Json model = json_new();
        json_set_str(model, "path", item->path);
        json_set_str(model, "title", text_in(rq->lang, item->title, NULL));
        json_set_str(model, "icon", text_or(item->icon, "point"));
        json_set_int(model, "order", item->order);
        insert_ordered(items, model);
        size_t n = lies_in(text_or(rq->path, ""), item->path);
        if (n > *match) {
            *match = n;
            *current = model;
        }
    }
    if (!json_array_size(items))
        return NULL;
    Json group = json_set(json_new(), "items", items);
    json_set_int(group, "order", json_int(json_array_get(items, 0), "order"));
    if (solution->title && json_array_size(items) > 1)
        json_set_str(group, "title", text_in(rq->lang, solution->title, NULL));
    return group;
}

/* [{title?, items: [{path, title, icon, current}]}]: a group for each solution, by the order of its first
 * item. */
static Json menu_model(Request *rq)
{
    Json groups = json_list(), current = NULL;
    size_t match = 0;
    for (const Solution *const *s = solutions(); s && *s; s++) {
        Json group = group_model(rq, *s, &current, &match);
        if (group)
            insert_ordered(groups, group);
    }
    if (current)
        json_set_bool(current, "current", true);
    return groups;
}

/* ---- Title, languages, notice ---- */

/* The words of the page's first heading, markup left out, as HTML: a page is called what it says of itself.
 */
static const char *heading(const Buf *content)
{
    const char *at = content->at ? strstr(content->at, "<h1") : NULL;
    const char *end = at ? strstr(at, "</h1>") : NULL;
    Buf words = { 0 };
    bool inside = false;
    for (; at && end && at < end; at++) {
        if (*at == '<' || *at == '>')
            inside = *at == '<';
        else if (!inside && (*at != '\n' || words.size))
            buf_char(&words, *at == '\n' ? ' ' : *at);
    }
    return text_trim(buf_end(&words));
}

static const char *title_html(Request *rq, Json model, const Buf *content)
{
    const char *words = heading(content), *site = html_escape(text_in(rq->lang, "view.site", NULL));
    if (!*words)
        words = html_escape(json_str(model, "title"));
    const char *wrong =
        json_array_size(rq->errors) ? html_escape(text_in(rq->lang, "view.title.wrong", NULL)) : "";
    return *words ? fmt("%s%s · %s", wrong, words, site) : site;
}

/* The other languages: a link each, which sets the cookie and comes back here. */
static Json languages_model(Request *rq)
{
    Json list = json_list();
    for (const char *const *code = text_languages(); *code; code++) {
        if (text_is(*code, rq->lang))
            continue;
        Json item = json_set_str(json_new(), "code", *code);
        json_set_str(item, "title", text_in(*code, "view.language", NULL));
        json_set_str(item, "href", fmt("/language/%s?back=%s", *code, url_encode(text_or(rq->target, "/"))));
        json_add(list, item);
    }
    return list;
}

void view_flash(Reply *reply, const Request *rq, const char *key, Json values)
{
    Json flash = json_set_str(json_new(), "key", key);
    if (values)
        json_object_set(flash, "values", values);
    const char *text = json_text(flash);
    reply_cookie(reply, rq, "flash", base64url_encode(text, strlen(text)), 60, false);
}

/* A notice left by the page before, shown once. Only texts that exist are shown, whatever the cookie says. */
static const char *take_flash(Request *rq, Reply *reply)
{
    const char *sent = cookie(rq, "flash");
    size_t size;
    char error[100];
    if (text_empty(sent))
        return NULL;
    reply_cookie(reply, rq, "flash", "", 0, false);
    const char *text = base64_decode(sent, &size);
    Json flash = text ? json_parse(text, size, error, sizeof error) : NULL;
    const char *key = json_str(flash, "key");
    return text_known(rq->lang, key) ? text_in(rq->lang, key, json_at(flash, "values")) : NULL;
}

void layout_write(Buf *out, Request *rq, Reply *reply, const char *name, Json globals, Json page,
                  Buf *content)
{
    const char *usual = rq->actor && rq->actor->kind == ACTOR_OFFICIAL ? "layout" : "public-layout";
    const Template *layout = template_find(text_or(name, usual));
    Json model = json_new();
    json_set_str(model, "title_html", title_html(rq, page, content));
    json_set(model, "menu", menu_model(rq));
    json_set(model, "languages", languages_model(rq));
    json_set(model, "islands", asset_islands());
    json_set_bool(model, "has_search", rq->server && server_find(rq->server, GET, "/search", NULL) != NULL);
    json_set_int(model, "unread", json_int(page, "unread"));
    json_set_str(model, "flash", take_flash(rq, reply));
    Rendering rendering = { .lang = rq->lang,
                            .now = rq->now,
                            .globals = globals,
                            .content = buf_end(content),
                            .content_size = content->size };
    if (!layout)
        raise_fault(FAULT_INTERNAL, "view.template", "there is no layout \"%s\"", text_or(name, usual));
    template_render(layout, &rendering, model, out);
}
