/* The link that an administrator hands over: whoever holds it sets the account's password, once, within its
 * time. The token travels in the query of a page that loads nothing from other hosts and is not kept by the
 * browser. */
#include "platform/identity/pages.h"
#include "platform/identity/accounts.h"
#include "platform/identity/grants.h"
#include "platform/identity/password.h"
#include "platform/identity/sessions.h"
#include "platform/app/app.h"
#include "platform/audit/audit.h"
#include "base/arena.h"
#include "base/text.h"

const Param recovery_form_params[] = {
    { "token", PARAM_TEXT, false, 0, 100, NULL, NULL },
    { 0 },
};

const Param recovery_params[] = {
    { "token", PARAM_TEXT, true, 40, 100, NULL, NULL },
    { "password", PARAM_TEXT, true, 1, 256, NULL, "identity.password.new" },
    { "password_again", PARAM_TEXT, true, 1, 256, NULL, "identity.password.again" },
    { 0 },
};

static const char *token_of(Request *rq)
{
    return text_or(json_string_value(json_object_get(rq->typed, "token")), query_str(rq, "token"));
}

Reply recovery_form(Request *rq)
{
    const char *token = token_of(rq);
    int64_t account = recovery_account(rq->db, token, rq->now);
    if (!account)
        return problem(rq, 410, "identity.link.ended", NULL);
    Json model = json_new();
    json_set_str(model, "token", token);
    json_set_str(model, "name", account_name(rq->db, account));
    json_set_str(model, "username",
                 db_text(rq->db, "select username from iam_account where id = ?1", I(account)));
    json_set_str(model, "csrf", rq->actor->csrf);
    Reply reply = page(rq, "identity/set-password", model);
    reply_header(&reply, "Cache-Control", "no-store");
    reply_header(&reply, "Referrer-Policy", "no-referrer");
    identity_cookies(rq, &reply);
    return reply;
}

typedef struct NewPassword {
    int64_t account_id;
    const char *hash, *token;
    bool set;
} NewPassword;

static void set_password(Request *rq, void *argument)
{
    NewPassword *n = argument;
    n->set = recovery_use(rq->db, n->token, rq->now);
    if (!n->set)
        return;
    account_set_password(rq->db, n->account_id, n->hash);
    db_exec(rq->db, "update iam_account set state = 'active' where id = ?1 and state = 'invited'",
            I(n->account_id));
    sessions_end_all(rq->db, n->account_id, 0, rq->now);
    audit(rq, "identity.password.link", fmt("account:%lld", (long long)n->account_id), NULL);
}

static bool is_privileged(Request *rq, int64_t account_id)
{
    Json row = db_row(rq->db, "select kind, grants_version from iam_account where id = ?1", I(account_id));
    ActorKind kind = text_is(json_str(row, "kind"), "official") ? ACTOR_OFFICIAL : ACTOR_CITIZEN;
    return grants_privileged(grants_of(rq->db, account_id, kind, json_int(row, "grants_version"), rq->now));
}

Reply recovery_post(Request *rq)
{
    NewPassword *n = alloc(sizeof *n);
    n->token = in_str(rq, "token");
    n->account_id = recovery_account(rq->db, n->token, rq->now);
    if (!n->account_id)
        return problem(rq, 410, "identity.link.ended", NULL);
    const char *username =
        db_text(rq->db, "select username from iam_account where id = ?1", I(n->account_id));
    const char *weakness = password_weakness(in_str(rq, "password"), username);
    if (weakness)
        invalid(rq, "password", weakness, NULL);
    else if (!text_is(in_str(rq, "password"), in_str(rq, "password_again")))
        invalid(rq, "password_again", "identity.password.differs", NULL);
    if (has_errors(rq))
        return refuse(rq);
    n->hash = password_hash_for(in_str(rq, "password"), is_privileged(rq, n->account_id));
    db_in_write(rq, set_password, n);
    return n->set ? done(rq, "/sign-in", json_new()) : problem(rq, 410, "identity.link.ended", NULL);
}
