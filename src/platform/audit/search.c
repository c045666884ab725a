/* GET /audit: who did what to what, newest first, page by page by key. Whoever searches leaves a row as well.
 */
#include "platform/audit/search.h"
#include "platform/audit/audit.h"
#include "platform/identity/identity.h"
#include "platform/view/view.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#include <string.h>

enum { PAGE_ROWS = 50, PAGE_MOST = 500, MOST_TERMS = 12 };

const Param audit_search_params[] = {
    { "actor", PARAM_TEXT, false, 0, 100, NULL, "audit.search.actor" },
    { "action", PARAM_TEXT, false, 0, 100, NULL, "audit.search.action" },
    { "object", PARAM_TEXT, false, 0, 100, NULL, "audit.search.object" },
    { "from", PARAM_DATE, false, 0, 0, NULL, "audit.search.from" },
    { "to", PARAM_DATE, false, 0, 0, NULL, "audit.search.to" },
    { "after", PARAM_ID, false, 0, 0, NULL, NULL },
    { "limit", PARAM_INT, false, 1, PAGE_MOST, NULL, NULL },
    { 0 },
};

typedef struct Terms {
    Buf where;
    Value values[MOST_TERMS + 1];
    int count;
} Terms;

static void term(Terms *t, const char *condition, Value value)
{
    t->values[t->count++] = value;
    buf_text(&t->where, " and ");
    buf_text(&t->where, text_replace(condition, "?", fmt("?%d", t->count)));
}

/* A user name, or the key as it stands in the trail. */
static const char *actor_key(Request *rq, const char *typed)
{
    if (text_starts(typed, "u:") || text_is(typed, "system") || text_is(typed, "stranger"))
        return typed;
    int64_t id = db_int(rq->db, "select id from iam_account where username = ?1", T(text_lower(typed)));
    return id ? fmt("u:%lld", (long long)id) : "u:0";
}

/* "procedures." finds every action of the module, "procedures.accept" that one; "dossier:7/" all that belongs
 * to that dossier. */
static void term_text(Terms *t, const char *column, const char *typed)
{
    size_t n = strlen(typed);
    if (n && strchr(".:/", typed[n - 1])) {
        term(t, fmt("%s >= ?", column), T(typed));
        term(t, fmt("%s < ?", column), T(fmt("%.*s%c", (int)n - 1, typed, typed[n - 1] + 1)));
    } else {
        term(t, fmt("%s = ?", column), T(typed));
    }
}

static void read_terms(Request *rq, Terms *t)
{
    if (!text_empty(in_str(rq, "actor")))
        term(t, "a.actor = ?", T(actor_key(rq, in_str(rq, "actor"))));
    if (!text_empty(in_str(rq, "action")))
        term_text(t, "a.action", in_str(rq, "action"));
    if (!text_empty(in_str(rq, "object")))
        term_text(t, "a.object", in_str(rq, "object"));
    if (in_has(rq, "from"))
        term(t, "a.at >= ?", I(in_int(rq, "from")));
    if (in_has(rq, "to"))
        term(t, "a.at < ?", I(in_int(rq, "to") + DAY_MS));
    if (in_id(rq, "after"))
        term(t, "a.id < ?", I(in_id(rq, "after")));
}

static const char *actor_name(Request *rq, const char *actor)
{
    int64_t id;
    if (!text_starts(actor, "u:") || !text_int(actor + 2, 1, INT64_MAX, &id))
        return NULL;
    return account_name(rq->db, id);
}

/* Words where there are some; the trail itself keeps its keys. */
static const char *words(const char *lang, const char *prefix, const char *key, const char *otherwise)
{
    const char *name = fmt("%s%s", prefix, key);
    return text_known(lang, name) ? text_in(lang, name, NULL) : otherwise;
}

/* "procedures.accept" is what the module calls "procedures.event.accept", or "audit.action.…" here. */
static const char *action_title(const char *lang, const char *action)
{
    char **parts = text_split(action, '.', NULL);
    const char *event = parts[0] && parts[1] && !parts[2] ? fmt("%s.event.%s", parts[0], parts[1]) : "";
    return words(lang, "audit.action.", action, words(lang, "", event, NULL));
}

static const char *actor_title(const char *lang, const char *actor)
{
    return words(lang, "audit.actor.", actor, text_in(lang, "audit.actor.unknown", NULL));
}

static void dress_row(Request *rq, Json row)
{
    json_set_str(row, "actor_title", actor_title(rq->lang, json_str(row, "actor")));
    json_set_str(row, "action_title", action_title(rq->lang, json_str(row, "action")));
    json_set_str(row, "result_title",
                 words(rq->lang, "audit.result.", json_str(row, "result"), json_str(row, "result")));
    const Org *org = org_by_id(json_id(row, "org_id"));
    json_set_str(row, "actor_name", actor_name(rq, json_str(row, "actor")));
    json_set_str(row, "org_name", org ? org->short_name : NULL);
    json_set_str(row, "details_text", json_has(row, "details") ? json_text(json_at(row, "details")) : NULL);
    json_set_bool(row, "refused", !text_is(json_str(row, "result"), "ok"));
}

/* The link to the next page: the same search, after this row. */
static const char *next_link(Request *rq, const char *after)
{
    static const char *const kept[] = { "actor", "action", "object", "from", "to", "limit" };
    Buf link = { 0 };
    buf_fmt(&link, "/audit?after=%s", after);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (!text_empty(query_str(rq, kept[i])))
            buf_fmt(&link, "&%s=%s", kept[i], url_encode(query_str(rq, kept[i])));
    return buf_end(&link);
}

Reply audit_search(Request *rq)
{
    int64_t limit = in_has(rq, "limit") ? in_int(rq, "limit") : PAGE_ROWS;
    Terms t = { 0 };
    read_terms(rq, &t);
    t.values[t.count] = I(limit + 1);
    const char *sql = fmt("select a.* from audit a where 1=1%s order by a.id desc limit ?%d",
                          buf_end(&t.where), t.count + 1);
    Json rows = db_rows_values(rq->db, sql, t.values);
    Json model = json_new();
    if ((int64_t)json_array_size(rows) > limit) {
        json_array_remove(rows, (size_t)limit);
        json_set_str(model, "next", next_link(rq, json_str(json_array_get(rows, (size_t)limit - 1), "id")));
    }
    json_each (rows, i, row)
        dress_row(rq, row);
    json_set(model, "rows", rows);
    json_set_bool(model, "empty", !json_array_size(rows));
    json_set(model, "query", rq->query ? json_deep_copy(rq->query) : json_new());
    audit_read(rq, "audit.search", "audit");
    return page(rq, "audit/search", model);
}
