/* Users: the list, one of them, a new one. An administrator sees and changes the accounts of the bodies for
 * which he holds identity.users; who holds it everywhere also sees citizens and services. */
#include "platform/identity/pages.h"
#include "platform/identity/accounts.h"
#include "platform/identity/directory.h"
#include "platform/identity/grants.h"
#include "platform/identity/roles.h"
#include "platform/identity/users.h"
#include "platform/app/app.h"
#include "platform/audit/audit.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#include <string.h>

enum { PAGE_ROWS = 50, PAGE_MOST = 200, INVITATION_MS = 72 * HOUR_MS };

const Param users_list_params[] = {
    { "q", PARAM_TEXT, false, 0, 100, NULL, "identity.users.search" },
    { "org_id", PARAM_ID, false, 0, 0, NULL, "identity.org" },
    { "state", PARAM_CHOICE, false, 0, 0, "active|invited|locked|retired", "identity.users.state" },
    { "after", PARAM_TEXT, false, 0, 400, NULL, NULL },
    { "limit", PARAM_INT, false, 1, PAGE_MOST, NULL, NULL },
    { 0 },
};

const Param users_create_params[] = {
    { "kind", PARAM_CHOICE, false, 0, 0, "official|service", NULL },
    { "username", PARAM_TEXT, true, 2, 64, NULL, "identity.username" },
    { "name", PARAM_TEXT, true, 2, 200, NULL, "identity.name" },
    { "title", PARAM_TEXT, false, 0, 200, NULL, "identity.title" },
    { "pid", PARAM_TEXT, false, 0, 12, NULL, "identity.pid" },
    { "org_id", PARAM_ID, true, 0, 0, NULL, "identity.org" },
    { 0 },
};

/* ---- list ---- */

/* "name|id" of the last row of the page before. */
static const char *after_term(const char *after, const char **name, int64_t *id)
{
    const char *bar = strrchr(text_or(after, ""), '|');
    if (!bar || !text_int(bar + 1, 1, INT64_MAX, id))
        return " and ?3 = '' and ?4 = 0"; /* PostgreSQL wants to see every parameter */
    *name = text_copy_n(after, (size_t)(bar - after));
    return " and (coalesce(p.name_fold, a.username) > ?3 or (coalesce(p.name_fold, a.username) = ?3 and a.id "
           "> ?4))";
}

static const char *next_link(Request *rq, Json last)
{
    Buf link = { 0 };
    buf_fmt(&link, "/users?after=%s",
            url_encode(fmt("%s|%s", json_str(last, "name_fold"), json_str(last, "id"))));
    static const char *const kept[] = { "q", "org_id", "state", "limit" };
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (!text_empty(query_str(rq, kept[i])))
            buf_fmt(&link, "&%s=%s", kept[i], url_encode(query_str(rq, kept[i])));
    return buf_end(&link);
}

static Json read_page(Request *rq, int64_t limit)
{
    const char *q = text_fold(in_str(rq, "q")), *name = "", *state = in_str(rq, "state");
    int64_t id = 0, org_id = in_id(rq, "org_id");
    const char *after = after_term(in_str(rq, "after"), &name, &id);
    const char *sql =
        fmt("select a.id, a.username, a.kind, a.state, a.title, a.org_id, a.last_login_at, "
            "coalesce(p.full_name, a.title, a.username) as name, "
            "coalesce(p.name_fold, a.username) as name_fold from iam_account a left join iam_person p on "
            "p.id = a.person_id "
            "where %s and (?1 = '' or p.name_fold like ?2 or a.username like ?8)%s%s%s order by "
            "coalesce(p.name_fold, a.username), a.id limit ?5",
            scope_sql(rq->actor, "identity.users", "a.org_id"), after,
            *state ? " and a.state = ?6" : " and ?6 = ''", org_id ? " and a.org_id = ?7" : " and ?7 = 0");
    return db_rows(rq->db, sql, T(q), T(fmt("%%%s%%", q)), T(name), I(id), I(limit + 1), T(state), I(org_id),
                   T(fmt("%%%s%%", text_lower(in_str(rq, "q")))));
}

static void dress_row(Json row)
{
    const Org *org = org_by_id(json_id(row, "org_id"));
    json_set_str(row, "org_name", org ? org->short_name : NULL);
    json_set_str(row, "state_title", fmt("identity.state.%s", json_str(row, "state")));
    json_set_str(row, "kind_title", fmt("identity.kind.%s", json_str(row, "kind")));
    json_set_str(row, "state_colour",
                 text_is(json_str(row, "state"), "active")    ? "green"
                 : text_is(json_str(row, "state"), "invited") ? "blue"
                                                              : "red");
}

Reply users_list(Request *rq)
{
    int64_t limit = in_has(rq, "limit") ? in_int(rq, "limit") : PAGE_ROWS;
    Json model = json_new(), rows = read_page(rq, limit);
    if ((int64_t)json_array_size(rows) > limit) {
        json_array_remove(rows, (size_t)limit);
        json_set_str(model, "next", next_link(rq, json_array_get(rows, (size_t)limit - 1)));
    }
    json_each (rows, i, row) {
        dress_row(row);
        json_object_del(row, "name_fold");
    }
    json_set(model, "rows", rows);
    json_set_bool(model, "empty", !json_array_size(rows));
    json_set_str(model, "q", in_str(rq, "q"));
    return page(rq, "identity/users", model);
}

/* ---- one ---- */

Json user_in_reach(Request *rq, const char *permission)
{
    Json row = db_row(rq->db,
                      fmt("select a.id, a.person_id, a.username, a.kind, a.state, a.lock_reason, a.title, "
                          "a.org_id, a.created_at, a.last_login_at, "
                          "coalesce(p.full_name, a.title, a.username) as name from iam_account a left join "
                          "iam_person p on p.id = a.person_id "
                          "where a.id = ?1 and %s",
                          scope_sql(rq->actor, permission, "a.org_id")),
                      I(path_id(rq, "id")));
    if (row)
        dress_row(row);
    return row;
}

static Json assignments_model(Request *rq, int64_t account_id)
{
    Json rows = db_rows(rq->db,
                        "select id, role, org_id, subtree, valid_from, valid_to, reason from iam_assignment "
                        "where account_id = ?1 "
                        "order by valid_from desc, id desc",
                        I(account_id));
    json_each (rows, i, row) {
        const Org *org = org_by_id(json_id(row, "org_id"));
        json_set_str(row, "role_title", role_title(json_str(row, "role")));
        json_set_str(row, "org_name", org ? org->short_name : NULL);
        json_set_bool(row, "everywhere", !json_id(row, "org_id"));
        json_set_bool(row, "current",
                      json_int(row, "valid_from") <= rq->now &&
                          (!json_has(row, "valid_to") || json_int(row, "valid_to") > rq->now));
    }
    return rows;
}

/* Roles that this administrator could give at all, and the bodies to choose from. */
static void add_choices(Request *rq, Json model)
{
    Json role_list = json_list(), org_list = json_list();
    for (const Role *role = roles; role->name; role++)
        if (!text_is(role->name, "citizen") &&
            (!role->privileged || grants_role(rq->actor->grants, role->name)))
            json_add(role_list, json_set_str(json_set_str(json_new(), "value", role->name), "title",
                                             role_title(role->name)));
    const Directory *d = directory();
    for (size_t i = 0; i < d->count; i++)
        if (can_for(rq->actor, "identity.users", d->nodes[i].org.id))
            json_add(org_list, json_set_str(json_set_id(json_new(), "value", d->nodes[i].org.id), "title",
                                            d->nodes[i].org.name));
    json_set(model, "role_choices", role_list);
    json_set(model, "org_choices", org_list);
    json_set_bool(model, "may_everywhere", grants_cover(rq->actor->grants, "identity.users", 0, true));
}

Reply users_show(Request *rq)
{
    Json model = user_in_reach(rq, "identity.users");
    if (!model)
        return not_found(rq, "identity.user.missing");
    int64_t id = json_id(model, "id");
    json_set_str(model, "pid_masked", person_pid_masked(rq->db, json_id(model, "person_id")));
    json_set(model, "assignments", assignments_model(rq, id));
    json_set_int(model, "open_sessions",
                 db_int(rq->db,
                        "select count(*) from iam_session where account_id = ?1 and revoked_at is null and "
                        "ends_at > ?2 and idle_until > ?2",
                        I(id), I(rq->now)));
    json_set_id(model, "account_id", id); /* "id" is hidden inside the rows of roles */
    json_set_bool(model, "locked", text_is(json_str(model, "state"), "locked"));
    json_set_bool(model, "service", text_is(json_str(model, "kind"), "service"));
    json_set_bool(model, "self", id == rq->actor->account_id);
    add_choices(rq, model);
    audit_read(rq, "identity.user.read", fmt("account:%lld", (long long)id));
    return page(rq, "identity/user", model);
}

/* ---- a new one ---- */

Reply users_new(Request *rq)
{
    Json model = json_new();
    add_choices(rq, model);
    return page(rq, "identity/user-new", model);
}

static void check_new(Request *rq, const char *username)
{
    const char *pid = in_str(rq, "pid");
    if (!username_valid(username))
        invalid(rq, "username", "identity.username.form", NULL);
    else if (db_int(rq->db, "select count(*) from iam_account where username = ?1", T(username)))
        invalid(rq, "username", "identity.username.taken", NULL);
    if (!text_empty(pid) && !personal_number_valid(pid))
        invalid(rq, "pid", "identity.pid.form", NULL);
    if (!can_for(rq->actor, "identity.users", in_id(rq, "org_id")) || !org_by_id(in_id(rq, "org_id")))
        invalid(rq, "org_id", "identity.org.reach", NULL);
}

Reply user_secret_page(Request *rq, int64_t account_id, const char *kind, const char *secret)
{
    Json model = json_new();
    json_set_id(model, "account_id", account_id);
    json_set_str(model, "name", account_name(rq->db, account_id));
    json_set_bool(model, "is_link", text_is(kind, "link"));
    json_set_str(model, kind,
                 text_is(kind, "link") ? fmt("%s/sign-in/link?token=%s", settings()->base_url, secret)
                                       : secret);
    Reply reply = page(rq, "identity/secret", model);
    reply.status = 201;
    reply_header(&reply, "Cache-Control", "no-store");
    return reply;
}

Reply users_create(Request *rq)
{
    const char *username = username_folded(in_str(rq, "username"));
    bool service = text_is(in_str(rq, "kind"), "service");
    check_new(rq, username);
    if (has_errors(rq))
        return refuse(rq);
    int64_t id = account_create(rq->db, service ? ACTOR_SERVICE : ACTOR_OFFICIAL, username, NULL,
                                in_str(rq, "name"), in_str(rq, "pid"), in_id(rq, "org_id"));
    db_exec(rq->db, "update iam_account set state = ?2, title = ?3, created_by = ?4 where id = ?1", I(id),
            T(service ? "active" : "invited"),
            service               ? T(in_str(rq, "name"))
            : in_has(rq, "title") ? T(in_str(rq, "title"))
                                  : N(),
            I(rq->actor->account_id));
    audit(rq, "identity.user.create", fmt("account:%lld", (long long)id),
          json_set_str(json_new(), "username", username));
    if (service)
        return user_secret_page(rq, id, "token", account_token(rq->db, id, in_str(rq, "name"), 0));
    return user_secret_page(rq, id, "link",
                            recovery_create(rq->db, id, rq->actor->account_id, rq->now, INVITATION_MS));
}
