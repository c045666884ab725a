/* GET /tasks: the inbox, in four views; POST /tasks/{id}/claim and /unclaim. One screen for every module. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "platform/audit/audit.h"
#include "platform/calendar/calendar.h"
#include "platform/identity/identity.h"
#include "platform/lists/lists.h"
#include "platform/tasks/rows.h"
#include "platform/view/view.h"

#include <stdlib.h>
#include <string.h>

static const ListColumn columns[] = {
    { "title", "t.title", LIST_TEXT, .link = NULL, .sortable = true },
    { "subject", "t.subject", LIST_TEXT, .link = NULL, .sortable = true },
    { "due_at", "coalesce(t.due_at, 9000000000000)", LIST_DATETIME, .sortable = true },
    { "created_at", "t.created_at", LIST_DATETIME, .sortable = true },
    { "id", "t.id", LIST_CODE, .hidden = true },
    { 0 },
};

static const ListFilter filters[] = {
    { "find", FILTER_TEXT, "cast(? as text) <> ''" }, /* shown by the list; the condition is made by found()
                                                         below, on folded text */
    { "module", FILTER_CHOICE, "t.module = ?",
      .options = "select distinct module as value, module as title from task where module <> '' order by 1" },
    { 0 },
};

static const List tasks_list = { .name = "tasks",
                                 .path = "/tasks",
                                 .from = "task t",
                                 .key = "t.id",
                                 .columns = columns,
                                 .filters = filters,
                                 .order = "due_at",
                                 .topic = "tasks" };

/* ---- Which tasks a person sees (spec 23 §8.4) ---- */

static void add_orgs(Buf *sql, int64_t top)
{
    const Org **orgs;
    size_t count = orgs_all(&orgs);
    buf_fmt(sql, "t.org_id in (%lld", (long long)top);
    for (size_t i = 0; i < count; i++)
        if (orgs[i]->id != top && org_within(orgs[i]->id, top))
            buf_fmt(sql, ", %lld", (long long)orgs[i]->id);
    buf_char(sql, ')');
}

/* The roles of the account at their organisations, as a condition on t.role and t.org_id. */
static const char *of_my_groups(Db *db, int64_t account, int64_t now)
{
    Buf sql = { 0 };
    Json rows =
        db_rows(db,
                "select role, org_id, subtree from iam_assignment where account_id = ?1 and valid_from <= ?2 "
                "and (valid_to is null or valid_to > ?2)",
                ID(account), I(now));
    buf_text(&sql, "(1=0");
    json_each (rows, i, row) {
        int64_t org = json_id(row, "org_id");
        buf_fmt(&sql, " or (t.role = '%s'", text_replace(json_str(row, "role"), "'", "''"));
        if (org)
            buf_text(&sql, " and ");
        if (org && json_bool(row, "subtree"))
            add_orgs(&sql, org);
        else if (org)
            buf_fmt(&sql, "t.org_id = %lld", (long long)org);
        buf_char(&sql, ')');
    }
    buf_char(&sql, ')');
    return buf_end(&sql);
}

static const char *mine(const Request *rq)
{
    return fmt("(t.assignee_id = %lld and t.state in ('created', 'claimed'))",
               (long long)rq->actor->account_id);
}

static const char *group(const Request *rq)
{
    return fmt("(t.assignee_id is null and t.state = 'created' and (t.excluded_id is null or t.excluded_id "
               "<> %lld) and %s)",
               (long long)rq->actor->account_id, of_my_groups(rq->db, rq->actor->account_id, rq->now));
}

static const char *const views[] = { "mine", "group", "overdue", "done", NULL };

static const char *scope_of(const Request *rq, const char *view)
{
    if (text_is(view, "group"))
        return group(rq);
    if (text_is(view, "overdue"))
        return fmt("((%s or %s) and t.due_at < %lld)", mine(rq), group(rq), (long long)rq->now);
    if (text_is(view, "done"))
        return fmt("(t.completed_by = %lld and t.state = 'completed')", (long long)rq->actor->account_id);
    return mine(rq);
}

/* Folded text holds letters, digits and single spaces only, so it can stand in a pattern. */
static const char *found(const char *typed)
{
    Buf sql = { 0 };
    buf_text(&sql, "1=1");
    for (char **word = text_split(text_fold(typed), ' ', NULL); *word; word++)
        if (**word)
            buf_fmt(&sql, " and t.subject_fold like '%%%s%%'", *word);
    return buf_end(&sql);
}

/* ---- One row: its due date in colour and words, and what can be done ---- */

/* How much of the time from creation to the due date is used, in working time, in percent. */
static int64_t used_percent(int64_t created, int64_t due, int64_t now)
{
    int64_t whole = calendar_between(calendar(), created, due),
            used = calendar_between(calendar(), created, now);
    return now >= due ? 100 : whole > 0 ? used * 100 / whole : 0;
}

/* White below 50 %, a word from 50 %, yellow from 80 %, red when late (spec 23, WFL-28): never the colour
 * alone. */
static void add_due(Json row, const char *lang, int64_t now)
{
    int64_t due = json_int(row, "due_at");
    if (!due || json_has(row, "completed_at"))
        return;
    int64_t percent = used_percent(json_int(row, "created_at"), due, now);
    const char *key = percent >= 100  ? "tasks.due.late"
                      : percent >= 80 ? "tasks.due.soon"
                      : percent >= 50 ? "tasks.due.half"
                                      : "tasks.due.early";
    json_set_int(row, "due_percent", percent);
    json_set_str(row, "due_colour",
                 percent >= 100  ? "red"
                 : percent >= 80 ? "amber"
                 : percent >= 50 ? "blue"
                                 : "grey");
    json_set_str(row, "due_words", text_in(lang, key, json_set_int(json_new(), "percent", percent)));
}

static void add_acts(Json row, const Actor *actor)
{
    bool free = text_is(json_str(row, "state"), "created");
    bool held =
        text_is(json_str(row, "state"), "claimed") && json_id(row, "assignee_id") == actor->account_id;
    json_set_bool(row, "can_claim", free);
    json_set_bool(row, "can_unclaim", held);
    json_set_str(row, "state_title", fmt("tasks.state.%s", json_str(row, "state")));
}

/* The whole rows of these ids, by id. */
static Json whole_rows(Request *rq, Json ids)
{
    Buf list = { 0 };
    Json by_id = json_new();
    buf_text(&list, "0");
    json_each (ids, i, row)
        buf_fmt(&list, ", %lld", (long long)json_id(row, "id"));
    Json rows = db_rows(
        rq->db,
        fmt("select id, module, title, subject, url, role, org_id, state, assignee_id, due_at, created_at, "
            "claimed_at, "
            "completed_at, outcome, element_id, form_id, instance_id, subject_id from task where id in (%s)",
            buf_end(&list)));
    json_each (rows, i, row) {
        add_due(row, rq->lang, rq->now);
        add_acts(row, rq->actor);
        if (text_known(rq->lang, json_str(row, "title"))) /* else it is words, of a process */
            json_set_str(row, "title", text_in(rq->lang, json_str(row, "title"), NULL));
        json_object_set(by_id, json_str(row, "id"), row);
    }
    return by_id;
}

static void complete_rows(Request *rq, Json model, const char *member)
{
    Json short_rows = json_object_get(model, member), whole = whole_rows(rq, short_rows), rows = json_list();
    json_each (short_rows, i, row)
        json_array_append(rows, json_object_get(whole, json_str(row, "id")));
    json_set(model, member, rows);
}

/* ---- The page ---- */

static Json tabs(Request *rq, const char *current)
{
    Json items = json_list();
    for (const char *const *view = views; *view; view++) {
        Json tab = json_set_str(json_new(), "text", text_in(rq->lang, fmt("tasks.view.%s", *view), NULL));
        json_set_str(tab, "href", fmt("/tasks?view=%s", *view));
        json_set_bool(tab, "current", text_is(*view, current));
        if (!text_is(*view, "done"))
            json_set_int(tab, "count",
                         db_int(rq->db, fmt("select count(*) from task t where %s", scope_of(rq, *view))));
        json_add(items, tab);
    }
    return json_set(json_set_str(json_new(), "label", text_in(rq->lang, "tasks.title", NULL)), "items",
                    items);
}

static Reply show_tasks(Request *rq)
{
    const char *view = text_or(query_str(rq, "view"), "");
    if (!text_is(view, "group") && !text_is(view, "overdue") && !text_is(view, "done"))
        view = "mine";
    List list = tasks_list;
    if (text_is(view, "done"))
        list.order = "-created_at";
    Json model = list_model(rq, &list, fmt("%s and %s", scope_of(rq, view), found(query_str(rq, "find"))));
    complete_rows(rq, model, rq->wants_json ? "items" : "rows");
    json_set_str(model, "view", view);
    if (rq->wants_json)
        return page(rq, "tasks/tasks", model);
    json_object_del(model, "csv_href");
    json_object_del(model, "xlsx_href");
    json_set_str(model, "empty_text", text_in(rq->lang, fmt("tasks.empty.%s", view), NULL));
    return page(rq, "tasks/tasks", json_set(model, "tabs", tabs(rq, view)));
}

/* ---- Claiming ---- */

static Reply taken(Request *rq, const Task *task)
{
    Json members = json_set_str(json_new(), "name", account_name(rq->db, task->assignee_id));
    return conflict(rq, "tasks.taken", members);
}

static Reply claim(Request *rq)
{
    Task task;
    int64_t id = path_id(rq, "id");
    if (!tasks_find(rq->db, id, &task))
        return not_found(rq, "tasks.missing");
    switch (tasks_claim(rq->db, id, rq->actor, rq->now)) {
    case CLAIM_TAKEN:
        tasks_find(rq->db, id, &task);
        return taken(rq, &task);
    case CLAIM_SAME_PERSON:
        return conflict(rq, "tasks.same-person", NULL);
    case CLAIM_NOT_YOURS:
        return not_found(rq, "tasks.missing"); /* who may not see it learns nothing */
    case CLAIM_GONE:
        return conflict(rq, "tasks.gone", NULL);
    default:
        audit(rq, "tasks.claim", fmt("task:%lld", (long long)id), NULL);
        return done(rq, task.url[0] ? task.url : "/tasks?view=mine",
                    json_set_str(json_set_id(json_new(), "id", id), "state", "claimed"));
    }
}

static Reply unclaim(Request *rq)
{
    int64_t id = path_id(rq, "id");
    if (!tasks_unclaim(rq->db, id, rq->actor))
        return conflict(rq, "tasks.not-yours", NULL);
    audit(rq, "tasks.unclaim", fmt("task:%lld", (long long)id), NULL);
    return done(rq, "/tasks?view=group", json_set_str(json_set_id(json_new(), "id", id), "state", "created"));
}

static const Param no_params[] = { { 0 } };

static const Route routes[] = {
    { GET, "/tasks", show_tasks, "tasks.work",
      "The tasks of the person who asks: ?view=mine, group, overdue or done", .flags = ROUTE_OPEN_PARAMS },
    { POST, "/tasks/{id}/claim", claim, "tasks.work", "Takes a task of one's group", no_params, "/tasks" },
    { POST, "/tasks/{id}/unclaim", unclaim, "tasks.work", "Gives a task back to its group", no_params,
      "/tasks" },
    { 0 },
};

static const Permission permissions[] = {
    { "tasks.work", "tasks.permission.work", "reception specialist leader clerk director process_owner" },
    { 0 },
};

static const MenuItem menu[] = { { "/tasks", "tasks.title", "tasks.work", "checklist", 10 }, { 0 } };

static int64_t count_open(Db *db)
{
    return db_int(db, "select count(*) from task where state in ('created', 'claimed')");
}

static int64_t count_late(Db *db)
{
    return db_int(db, "select count(*) from task where state in ('created', 'claimed') and due_at < ?1",
                  I(now_ms()));
}

static const Metric metrics[] = {
    { "sen_tasks_open", "Tasks that wait for somebody", count_open },
    { "sen_tasks_late", "Open tasks past their due date", count_late },
    { 0 },
};

static const Topic topics[] = { { "tasks", "tasks.work" }, { 0 } };

const Solution tasks_solution = { .name = "tasks",
                                  .routes = routes,
                                  .topics = topics,
                                  .permissions = permissions,
                                  .menu = menu,
                                  .metrics = metrics };
