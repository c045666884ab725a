/* GET /account: what the system knows of me, where I am signed in, my password, my language. */
#include "platform/identity/pages.h"
#include "platform/identity/accounts.h"
#include "platform/identity/directory.h"
#include "platform/identity/grants.h"
#include "platform/identity/password.h"
#include "platform/identity/roles.h"
#include "platform/identity/sessions.h"
#include "platform/identity/throttle.h"
#include "platform/app/app.h"
#include "platform/audit/audit.h"
#include "base/arena.h"
#include "base/text.h"

const Param account_password_params[] = {
    { "current", PARAM_TEXT, true, 1, 256, NULL, "identity.password.current" },
    { "password", PARAM_TEXT, true, 1, 256, NULL, "identity.password.new" },
    { "password_again", PARAM_TEXT, true, 1, 256, NULL, "identity.password.again" },
    { 0 },
};

const Param account_language_params[] = {
    { "lang", PARAM_CHOICE, true, 0, 0, "vi|en", "identity.language" },
    { 0 },
};

static Json sessions_model(Request *rq)
{
    Json rows = db_rows(rq->db,
                        "select id, created_at, last_seen_at, ip_prefix, ua_family from iam_session "
                        "where account_id = ?1 and revoked_at is null and ends_at > ?2 and idle_until > ?2 "
                        "order by last_seen_at desc",
                        I(rq->actor->account_id), I(rq->now));
    json_each (rows, i, row)
        json_set_bool(row, "current", json_id(row, "id") == rq->actor->session_id);
    return rows;
}

static Json roles_model(Request *rq)
{
    Json rows = db_rows(rq->db,
                        "select role, org_id, subtree, valid_from, valid_to from iam_assignment "
                        "where account_id = ?1 and valid_from <= ?2 and (valid_to is null or valid_to > ?2) "
                        "order by role, id",
                        I(rq->actor->account_id), I(rq->now));
    json_each (rows, i, row) {
        const Org *org = org_by_id(json_id(row, "org_id"));
        json_set_str(row, "role_title", role_title(json_str(row, "role")));
        json_set_str(row, "org_name", org ? org->name : NULL);
        json_set_bool(row, "everywhere", !json_id(row, "org_id"));
    }
    return rows;
}

Reply account_show(Request *rq)
{
    Json model = db_row(rq->db,
                        "select a.username, a.kind, a.title, a.locale, a.last_login_at, p.full_name as name, "
                        "p.birth_date, p.sex, p.email, "
                        "p.phone, p.source, p.updated_at from iam_account a left join iam_person p on p.id = "
                        "a.person_id where a.id = ?1",
                        I(rq->actor->account_id));
    if (!model)
        return not_found(rq, "identity.user.missing");
    json_set_id(model, "account_id", rq->actor->account_id);
    json_set_str(model, "pid_masked", person_pid_masked(rq->db, rq->actor->person_id));
    json_set_str(model, "org_name", rq->actor->org_name);
    json_set(model, "sessions", sessions_model(rq));
    json_set(model, "roles", roles_model(rq));
    json_set_bool(model, "has_roles", json_array_size(json_at(model, "roles")));
    json_set_bool(model, "is_vi", text_is(rq->lang, "vi"));
    json_set_str(model, "csrf", rq->actor->csrf);
    return page(rq, "identity/account", model);
}

/* ---- password ---- */

typedef struct Change {
    const char *hash;
    char *token; /* of this session, renewed */
} Change;

static void change_password(Request *rq, void *argument)
{
    Change *c = argument;
    account_set_password(rq->db, rq->actor->account_id, c->hash);
    sessions_end_all(rq->db, rq->actor->account_id, rq->actor->session_id, rq->now);
    c->token = session_renew(rq, rq->actor->session_id);
    throttle_clear(rq->db, rq->actor->username);
    audit(rq, "identity.password.change", fmt("account:%lld", (long long)rq->actor->account_id), NULL);
}

static void count_failure(Request *rq, void *argument)
{
    (void)argument;
    throttle_failed(rq->db, rq->actor->username, rq->now);
    audit_result(rq, "identity.password.change", fmt("account:%lld", (long long)rq->actor->account_id),
                 "failed", NULL);
}

static void check_new(Request *rq)
{
    const char *weakness = password_weakness(in_str(rq, "password"), rq->actor->username);
    if (weakness)
        invalid(rq, "password", weakness, NULL);
    else if (!text_is(in_str(rq, "password"), in_str(rq, "password_again")))
        invalid(rq, "password_again", "identity.password.differs", NULL);
}

static void check_current(Request *rq)
{
    const char *hash = db_text(rq->db,
                               "select material from iam_credential where account_id = ?1 and type = "
                               "'password' and revoked_at is null",
                               I(rq->actor->account_id));
    int64_t seconds = throttle_wait_s(rq->db, rq->actor->username, rq->now);
    if (seconds) {
        invalid(rq, "current", "identity.sign-in.wait", json_set_int(json_new(), "seconds", seconds));
    } else if (!password_verify(hash, in_str(rq, "current"))) {
        db_in_write(rq, count_failure, NULL);
        invalid(rq, "current", "identity.password.wrong", NULL);
    }
}

Reply account_password_post(Request *rq)
{
    check_new(rq);
    if (!has_errors(rq))
        check_current(rq);
    if (has_errors(rq))
        return refuse(rq);
    Change *c = alloc(sizeof *c);
    bool privileged = grants_privileged(rq->actor->grants);
    c->hash = password_hash_for(in_str(rq, "password"), privileged);
    db_in_write(rq, change_password, c);
    Reply reply = done(rq, "/account", json_new());
    reply_cookie(&reply, rq, SESSION_COOKIE, c->token, session_max_age_s(rq->actor->kind, privileged), false);
    return reply;
}

/* ---- language, sessions ---- */

Reply account_language_post(Request *rq)
{
    db_exec(rq->db, "update iam_account set locale = ?2 where id = ?1", I(rq->actor->account_id),
            T(in_str(rq, "lang")));
    Reply reply = done(rq, "/account", json_new());
    reply_cookie(&reply, rq, "lang", in_str(rq, "lang"), 365 * 86400, false);
    return reply;
}

Reply account_session_end(Request *rq)
{
    int64_t id = path_id(rq, "id");
    if (!db_int(rq->db, "select count(*) from iam_session where id = ?1 and account_id = ?2", I(id),
                I(rq->actor->account_id)))
        return not_found(rq, "identity.session.missing");
    session_end(rq->db, id, rq->actor->account_id, rq->now);
    audit(rq, "identity.session.end", fmt("session:%lld", (long long)id), NULL);
    return done(rq, "/account", json_new());
}
