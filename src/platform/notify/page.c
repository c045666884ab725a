/* The bell: GET /notifications (one's own, newest first), POST /notifications/read. */
#include "base/clock.h"
#include "base/text.h"
#include "platform/identity/identity.h"
#include "platform/notify/mail.h"
#include "platform/view/view.h"

enum { PAGE_ROWS = 50 };

static Json shown(Request *rq, Json row)
{
    Json one = json_new();
    json_set_str(one, "id", json_str(row, "id"));
    json_set_str(one, "text", text_in(rq->lang, json_str(row, "text_key"), json_at(row, "text_values")));
    json_set_str(one, "url", json_has(row, "url") ? json_str(row, "url") : NULL);
    json_set_int(one, "created_at", json_int(row, "created_at"));
    json_set(one, "read_at", json_has(row, "read_at") ? json_integer(json_int(row, "read_at")) : NULL);
    json_set_bool(one, "is_new", !json_has(row, "read_at"));
    return one;
}

static Reply list(Request *rq)
{
    int64_t account = rq->actor->account_id, after = in_has(rq, "after") ? in_id(rq, "after") : INT64_MAX;
    Json model = json_new(), items = json_list();
    Json rows = db_rows(rq->db,
                        "select id, text_key, text_values, url, created_at, read_at from notification where "
                        "account_id = ?1 and id < ?2"
                        " order by id desc limit ?3",
                        I(account), I(after), I(PAGE_ROWS + 1));
    size_t count = json_array_size(rows);
    json_each (rows, i, row)
        if (i < PAGE_ROWS)
            json_add(items, shown(rq, row));
    const char *last = count > PAGE_ROWS ? json_str(json_array_get(rows, PAGE_ROWS - 1), "id") : NULL;
    json_set_int(model, "unread", notify_unread(rq->db, account));
    json_set_bool(model, "empty", count == 0);
    json_set(model, "items", items);
    json_set_str(model, "next", last);
    json_set_str(model, "next_href", last ? fmt("/notifications?after=%s", last) : NULL);
    return page(rq, "notify/notifications", model);
}

/* Marks one (id) or all of one's own as read. */
static Reply mark_read(Request *rq)
{
    int64_t account = rq->actor->account_id;
    if (in_has(rq, "id"))
        db_exec(rq->db,
                "update notification set read_at = ?1 where id = ?2 and account_id = ?3 and read_at is null",
                I(rq->now), I(in_id(rq, "id")), I(account));
    else
        db_exec(rq->db, "update notification set read_at = ?1 where account_id = ?2 and read_at is null",
                I(rq->now), I(account));
    return done(rq, "/notifications", json_set_int(json_new(), "unread", notify_unread(rq->db, account)));
}

static const Param list_params[] = { { "after", PARAM_ID, .title = NULL }, { 0 } };
static const Param read_params[] = { { "id", PARAM_ID, .title = NULL }, { 0 } };

static const Route routes[] = {
    { GET, "/notifications", list, "signed-in",
      "One's own notifications, newest first, and how many are unread", .params = list_params },
    { POST, "/notifications/read", mark_read, "signed-in", "Marks one notification, or all, as read",
      .params = read_params, .form = "/notifications" },
    { 0 },
};

const Solution notify_solution = { .name = "notify", .routes = routes, .jobs = notify_jobs };
