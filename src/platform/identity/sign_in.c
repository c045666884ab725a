/* Signing in, proving it again, signing out.
 *
 * The way of an attempt: the brakes are asked; the hash is verified on a worker, outside of any write
 * transaction; then one write transaction either counts the failure or ends the old session and begins a new
 * one. The write asks the brake on the name once more, so that many guesses sent at the same moment do not
 * pass it together.
 *
 * Whoever tries names learns nothing: an unknown name is verified against a hash of no password, a locked
 * account answers like a wrong password, all with the same words and status after the same work. Privileged
 * accounts have a costlier hash, which a clock can tell; so one unknown name in sixteen, always the same
 * ones, costs as much, and slowness does not prove that there is an administrator of that name. */
#include "platform/identity/pages.h"
#include "platform/identity/identity.h"
#include "platform/identity/accounts.h"
#include "platform/identity/grants.h"
#include "platform/identity/keys.h"
#include "platform/identity/password.h"
#include "platform/identity/sessions.h"
#include "platform/identity/throttle.h"
#include "platform/app/app.h"
#include "platform/audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"

#include <string.h>

const Param sign_in_form_params[] = {
    { "to", PARAM_TEXT, false, 0, 2000, NULL, NULL },
    { "as", PARAM_TEXT, false, 0, 100, NULL, NULL }, /* a demonstration account to fill in */
    { 0 },
};

const Param sign_in_params[] = {
    { "username", PARAM_TEXT, true, 1, 255, NULL, "identity.username" },
    { "password", PARAM_TEXT, true, 1, 256, NULL, "identity.password" },
    { "to", PARAM_TEXT, false, 0, 2000, NULL, NULL },
    { 0 },
};

const Param sign_in_again_params[] = {
    { "password", PARAM_TEXT, true, 1, 256, NULL, "identity.password" },
    { "to", PARAM_TEXT, false, 0, 2000, NULL, NULL },
    { 0 },
};

/* ---- one attempt ---- */

typedef struct Attempt {
    const char *username, *password;
    int64_t account_id;
    ActorKind kind;
    bool active, privileged;
    const char *hash, *fresh_hash; /* fresh: when the parameters have changed since */
    bool right;
    int64_t wait_s; /* > 0: not looked at */
    char *token;    /* of the new session */
    int64_t session_id;
} Attempt;

static void find_account(Request *rq, Attempt *a)
{
    Json row = db_row(rq->db,
                      "select a.id, a.kind, a.state, a.grants_version, c.material from iam_account a join "
                      "iam_credential c on c.account_id = a.id "
                      "and c.type = 'password' and c.revoked_at is null where a.username = ?1",
                      T(a->username));
    if (!row)
        return;
    a->account_id = json_id(row, "id");
    a->kind = text_is(json_str(row, "kind"), "official") ? ACTOR_OFFICIAL : ACTOR_CITIZEN;
    a->active = text_is(json_str(row, "state"), "active") && !text_is(json_str(row, "kind"), "service");
    a->hash = json_str(row, "material");
    a->privileged = grants_privileged(
        grants_of(rq->db, a->account_id, a->kind, json_int(row, "grants_version"), rq->now));
}

/* Nobody can know which without our key. */
static bool decoy_is_costly(const char *username)
{
    return strchr("ABCD", csrf_mac(username)[0]); /* 4 of the 64 of base64url */
}

static void verify(Attempt *a)
{
    if (!a->hash)
        password_verify_decoy(a->password, decoy_is_costly(a->username));
    else
        a->right = password_verify(a->hash, a->password) && a->active;
    if (a->right && password_outdated(a->hash, a->privileged))
        a->fresh_hash = password_hash_for(a->password, a->privileged);
}

static void fail(Request *rq, const Attempt *a, const char *action)
{
    throttle_failed(rq->db, a->username, rq->now);
    throttle_network_failed(network_of(rq->ip), rq->now);
    audit_result(rq, action,
                 a->account_id ? fmt("account:%lld", (long long)a->account_id) : "account:unknown", "failed",
                 NULL);
}

static void use_fresh_hash(Request *rq, const Attempt *a)
{
    if (a->fresh_hash)
        account_set_password(rq->db, a->account_id, a->fresh_hash);
    throttle_clear(rq->db, a->username);
}

/* As the account that has just proved itself, for the audit row. */
static void audit_as_owner(Request *rq, const Attempt *a, const char *action, int64_t session_id)
{
    Actor owner = { .kind = a->kind, .account_id = a->account_id, .session_id = session_id, .csrf = "" },
          *before = rq->actor;
    owner.org_id = db_int(rq->db, "select org_id from iam_account where id = ?1", I(a->account_id));
    rq->actor = &owner;
    audit(rq, action, fmt("session:%lld", (long long)session_id), NULL);
    rq->actor = before;
}

static void settle_sign_in(Request *rq, void *argument)
{
    Attempt *a = argument;
    a->wait_s = throttle_wait_s(rq->db, a->username, rq->now);
    if (a->wait_s)
        return;
    if (!a->right) {
        fail(rq, a, "identity.sign-in");
        return;
    }
    if (rq->actor->session_id)
        session_end(rq->db, rq->actor->session_id, rq->actor->account_id, rq->now);
    use_fresh_hash(rq, a);
    a->token = session_begin(rq, a->account_id, a->kind, a->privileged, &a->session_id);
    db_exec(rq->db, "update iam_account set last_login_at = ?2 where id = ?1", I(a->account_id), I(rq->now));
    audit_as_owner(rq, a, "identity.sign-in", a->session_id);
}

static void settle_again(Request *rq, void *argument)
{
    Attempt *a = argument;
    a->wait_s = throttle_wait_s(rq->db, a->username, rq->now);
    if (a->wait_s)
        return;
    if (!a->right) {
        fail(rq, a, "identity.step-up");
        return;
    }
    use_fresh_hash(rq, a);
    a->session_id = rq->actor->session_id;
    a->token = session_renew(rq, a->session_id);
    audit_as_owner(rq, a, "identity.step-up", a->session_id);
}

/* ---- answers ---- */

static Reply with_retry_after(Reply reply, int64_t seconds)
{
    reply_header(&reply, "Retry-After", fmt("%lld", (long long)seconds));
    return reply;
}

static Reply refuse_wait(Request *rq, const char *code, int64_t seconds)
{
    invalid(rq, "", code, json_set_int(json_new(), "seconds", seconds));
    return with_retry_after(refuse(rq), seconds);
}

static Reply refuse_attempt(Request *rq, const Attempt *a)
{
    if (a->wait_s)
        return refuse_wait(rq, "identity.sign-in.wait", a->wait_s);
    invalid(rq, "", "identity.sign-in.failed", NULL);
    return refuse(rq);
}

/* Where to go afterwards: as asked for, when that is on this site. */
static const char *destination(const char *to)
{
    return path_is_local(to) && !text_starts(to, "/sign-in") && !text_starts(to, "/sign-out") ? to : "/";
}

static Reply enter(Request *rq, const Attempt *a)
{
    const char *to = destination(in_str(rq, "to"));
    Json model = json_set_str(json_set_id(json_new(), "account_id", a->account_id), "to", to);
    Reply reply = done(rq, to, model);
    reply_cookie(&reply, rq, SESSION_COOKIE, a->token, session_max_age_s(a->kind, a->privileged), false);
    return reply;
}

/* 0, or how long this network or this name has to wait; *code says which. */
static int64_t brake(Request *rq, const char *username, const char **code)
{
    int64_t seconds = throttle_network_s(network_of(rq->ip), rq->now);
    *code = "identity.sign-in.network";
    if (seconds)
        return seconds;
    *code = "identity.sign-in.wait";
    return throttle_wait_s(rq->db, username, rq->now);
}

static Reply attempt(Request *rq, const char *username, RequestWrite *settle)
{
    Attempt *a = alloc(sizeof *a);
    const char *code;
    int64_t seconds = brake(rq, username, &code);
    if (seconds)
        return refuse_wait(rq, code, seconds);
    *a = (Attempt){ .username = username, .password = in_str(rq, "password") };
    find_account(rq, a);
    verify(a);
    db_in_write(rq, settle, a);
    return a->token ? enter(rq, a) : refuse_attempt(rq, a);
}

/* ---- handlers ---- */

static const char *asked_destination(Request *rq)
{
    const char *typed = json_string_value(json_object_get(rq->typed, "to"));
    return destination(text_empty(typed) ? query_str(rq, "to") : typed);
}

/* Each with a link that fills in the form above: one click, then the button. */
static Json demo_model(const char *to)
{
    Json list = json_list();
    for (const DemoAccount *d = demo_accounts; settings()->demo && d->username; d++) {
        Json one = json_new();
        json_set_str(one, "href", fmt("/sign-in?as=%s&to=%s", d->username, url_encode(to)));
        json_set_str(one, "username", d->username);
        json_set_str(one, "name", d->name);
        json_set_str(one, "title", d->title);
        json_set_str(one, "what", d->what);
        json_add(list, one);
    }
    return list;
}

static bool demo_account(const char *username)
{
    for (const DemoAccount *d = demo_accounts; settings()->demo && d->username; d++)
        if (text_is(d->username, username))
            return true;
    return false;
}

Reply sign_in_form(Request *rq)
{
    Json model = json_new();
    const char *to = asked_destination(rq), *as = query_str(rq, "as");
    const char *typed = json_string_value(json_object_get(rq->typed, "username"));
    bool filled = text_empty(typed) && demo_account(as);
    json_set_str(model, "to", to);
    json_set_str(model, "username", filled ? as : text_or(typed, ""));
    json_set_bool(model, "filled", filled);
    json_set(model, "demo", demo_model(to));
    json_set_bool(model, "has_demo", settings()->demo);
    json_set_str(model, "demo_password", settings()->demo ? DEMO_PASSWORD : NULL);
    json_set_str(model, "csrf", rq->actor->csrf);
    Reply reply = page(rq, "identity/sign-in", model);
    reply_header(&reply, "Cache-Control", "no-store");
    identity_cookies(rq, &reply);
    return reply;
}

Reply sign_in_post(Request *rq)
{
    return attempt(rq, username_folded(in_str(rq, "username")), settle_sign_in);
}

Reply sign_in_again_form(Request *rq)
{
    Json model = json_new();
    json_set_str(model, "to", asked_destination(rq));
    json_set_str(model, "username", rq->actor->username);
    json_set_str(model, "name", rq->actor->name);
    json_set_str(model, "csrf", rq->actor->csrf);
    return page(rq, "identity/sign-in-again", model);
}

Reply sign_in_again_post(Request *rq)
{
    return attempt(rq, rq->actor->username, settle_again);
}

Reply sign_out_post(Request *rq)
{
    if (rq->actor->session_id) {
        session_end(rq->db, rq->actor->session_id, rq->actor->account_id, rq->now);
        audit(rq, "identity.sign-out", fmt("session:%lld", (long long)rq->actor->session_id), NULL);
    }
    Reply reply = done(rq, "/", json_new());
    reply_cookie(&reply, rq, SESSION_COOKIE, "", 0, false);
    return reply;
}

/* The page that holds the form that was sent, or the one that was asked for. */
static const char *page_of_form(Request *rq)
{
    const char *from = header(rq, "Referer"), *base = settings()->base_url;
    if (rq->method == GET)
        return rq->target;
    if (from && base && text_starts(from, base) && path_is_local(from + strlen(base)))
        return from + strlen(base);
    return "/";
}

Reply identity_step_up(Request *rq, const char *to)
{
    if (rq->wants_json)
        return problem(rq, 401, "identity.step-up", NULL);
    return redirect_to(fmt("/sign-in/again?to=%s", url_encode(path_is_local(to) ? to : page_of_form(rq))));
}
