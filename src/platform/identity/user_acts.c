/* What an administrator does to an account: lock, let in again, hand over a new way in, give and take roles.
 *
 * Three rules bind every one of them (spec 19 §8): nobody acts on his own account; nobody hands out more than
 * he has; and the last province administrator cannot be removed. "More than he has" means: a privileged role
 * (power over the system) only by who holds that role himself for all of the place, an ordinary role by who
 * keeps the users of that place. */
#include "platform/identity/pages.h"
#include "platform/identity/accounts.h"
#include "platform/identity/grants.h"
#include "platform/identity/roles.h"
#include "platform/identity/sessions.h"
#include "platform/identity/users.h"
#include "platform/audit/audit.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"

const Param user_lock_params[] = {
    { "reason", PARAM_TEXT, true, 3, 500, NULL, "identity.reason" },
    { 0 },
};

const Param user_assign_params[] = {
    { "role", PARAM_TEXT, true, 1, 40, NULL, "identity.role" },
    { "org_id", PARAM_ID, false, 0, 0, NULL, "identity.org" },
    { "subtree", PARAM_BOOL, false, 0, 0, NULL, "identity.subtree" },
    { "valid_to", PARAM_DATE, false, 0, 0, NULL, "identity.valid-to" },
    { "reason", PARAM_TEXT, true, 3, 500, NULL, "identity.reason" },
    { 0 },
};

const Param user_token_params[] = {
    { "label", PARAM_TEXT, true, 2, 100, NULL, "identity.token.label" },
    { "expires", PARAM_DATE, false, 0, 0, NULL, "identity.token.expires" },
    { 0 },
};

/* ---- the rules ---- */

static int64_t other_admins(Db *db, int64_t but_account_id, int64_t now)
{
    return db_int(db,
                  "select count(distinct g.account_id) from iam_assignment g join iam_account a on a.id = "
                  "g.account_id and a.state = 'active' "
                  "where g.role = 'province_admin' and g.org_id is null and g.valid_from <= ?2 and "
                  "(g.valid_to is null or g.valid_to > ?2) "
                  "and g.account_id <> ?1",
                  I(but_account_id), I(now));
}

static bool is_province_admin(Db *db, int64_t account_id, int64_t now)
{
    return db_int(db,
                  "select count(*) from iam_assignment where account_id = ?1 and role = 'province_admin' and "
                  "org_id is null and valid_from <= ?2 "
                  "and (valid_to is null or valid_to > ?2)",
                  I(account_id), I(now)) > 0;
}

static bool is_last_admin(Request *rq, int64_t account_id)
{
    return is_province_admin(rq->db, account_id, rq->now) && !other_admins(rq->db, account_id, rq->now);
}

const char *grant_refusal(Request *rq, const char *role_name, int64_t org_id, bool subtree)
{
    const Role *role = role_named(role_name);
    if (!role || text_is(role_name, "citizen"))
        return "identity.role.missing";
    if (role->privileged && !grants_role(rq->actor->grants, role_name))
        return "identity.role.not-held";
    if (org_id && !org_by_id(org_id))
        return "identity.org.missing";
    return grants_cover(rq->actor->grants, "identity.users", org_id, subtree) ? NULL
                                                                              : "identity.role.out-of-reach";
}

/* Does the account hold power that the actor does not? Then taking it over, or out, would be a way around the
 * rules above. */
static bool outranks(Request *rq, int64_t account_id)
{
    Json held = db_rows(
        rq->db,
        "select distinct g.role from iam_assignment g join iam_role r on r.name = g.role and r.privileged "
        "where g.account_id = ?1 and (g.valid_to is null or g.valid_to > ?2)",
        I(account_id), I(rq->now));
    json_each (held, i, row)
        if (!grants_role(rq->actor->grants, json_str(row, "role")))
            return true;
    return false;
}

/* The account, or a refusal in *reply. */
static Json target(Request *rq, const char *permission, Reply *reply)
{
    Json user = user_in_reach(rq, permission);
    if (!user) {
        *reply = not_found(rq, "identity.user.missing");
    } else if (json_id(user, "id") == rq->actor->account_id) {
        *reply = forbidden(rq, "identity.users.own");
        return NULL;
    } else if (outranks(rq, json_id(user, "id"))) {
        *reply = forbidden(rq, "identity.role.not-held");
        return NULL;
    }
    return user;
}

static const char *object_of(Json user)
{
    return fmt("account:%s", json_str(user, "id"));
}

static Reply back(Request *rq, Json user)
{
    return done(rq, fmt("/users/%s", json_str(user, "id")),
                json_set_str(json_new(), "id", json_str(user, "id")));
}

/* ---- the acts ---- */

Reply user_lock(Request *rq)
{
    Reply reply;
    Json user = target(rq, "identity.lock", &reply);
    if (!user)
        return reply;
    if (is_last_admin(rq, json_id(user, "id")))
        return conflict(rq, "identity.users.last-admin", NULL);
    account_set_locked(rq->db, json_id(user, "id"), true);
    db_exec(rq->db, "update iam_account set lock_reason = ?2 where id = ?1", I(json_id(user, "id")),
            T(in_str(rq, "reason")));
    audit(rq, "identity.user.lock", object_of(user),
          json_set_str(json_new(), "reason", in_str(rq, "reason")));
    return back(rq, user);
}

Reply user_unlock(Request *rq)
{
    Reply reply;
    Json user = target(rq, "identity.lock", &reply);
    if (!user)
        return reply;
    account_set_locked(rq->db, json_id(user, "id"), false);
    audit(rq, "identity.user.unlock", object_of(user), NULL);
    return back(rq, user);
}

/* The old password stays good until the link is used: the owner, not the administrator, decides what the next
 * one is. */
Reply user_reset(Request *rq)
{
    Reply reply;
    Json user = target(rq, "identity.users", &reply);
    if (!user)
        return reply;
    int64_t id = json_id(user, "id");
    if (text_is(json_str(user, "kind"), "service"))
        return conflict(rq, "identity.user.is-service", NULL);
    char *token = recovery_create(rq->db, id, rq->actor->account_id, rq->now, DAY_MS);
    audit(rq, "identity.user.reset", object_of(user), NULL);
    return user_secret_page(rq, id, "link", token);
}

Reply user_assign(Request *rq)
{
    Reply reply;
    Json user = target(rq, "identity.users", &reply);
    if (!user)
        return reply;
    int64_t id = json_id(user, "id"), org_id = in_id(rq, "org_id"), assignment = id_new();
    const char *role = in_str(rq, "role"), *refusal = grant_refusal(rq, role, org_id, in_bool(rq, "subtree"));
    if (refusal) {
        invalid(rq, "role", refusal, NULL);
        return refuse(rq);
    }
    db_exec(rq->db,
            "insert into iam_assignment (id, account_id, role, org_id, subtree, valid_from, valid_to, "
            "reason, created_at, created_by) "
            "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?6, ?9)",
            I(assignment), I(id), T(role), ID(org_id), B(in_bool(rq, "subtree")), I(rq->now),
            in_has(rq, "valid_to") ? I(in_int(rq, "valid_to") + DAY_MS) : N(), T(in_str(rq, "reason")),
            I(rq->actor->account_id));
    grants_changed(rq->db, id);
    Json details = json_set_str(json_set_str(json_new(), "role", role), "reason", in_str(rq, "reason"));
    if (org_id)
        json_set_id(details, "org_id", org_id);
    audit(rq, "identity.role.assign", object_of(user),
          json_set_bool(details, "subtree", in_bool(rq, "subtree")));
    return created(rq, fmt("/users/%lld", (long long)id), json_set_id(json_new(), "id", assignment));
}

Reply user_revoke(Request *rq)
{
    Reply reply;
    Json user = target(rq, "identity.users", &reply);
    if (!user)
        return reply;
    int64_t id = json_id(user, "id"), assignment = path_id(rq, "assignment");
    Json row = db_row(rq->db,
                      "select role, org_id, subtree from iam_assignment where id = ?1 and account_id = ?2 "
                      "and (valid_to is null or valid_to > ?3)",
                      I(assignment), I(id), I(rq->now));
    if (!row)
        return not_found(rq, "identity.assignment.missing");
    const char *role = json_str(row, "role");
    if (grant_refusal(rq, role, json_id(row, "org_id"), json_bool(row, "subtree")))
        return forbidden(rq, "identity.role.not-held");
    if (text_is(role, "province_admin") && is_last_admin(rq, id))
        return conflict(rq, "identity.users.last-admin", NULL);
    db_exec(rq->db, "update iam_assignment set valid_to = ?2 where id = ?1", I(assignment), I(rq->now));
    grants_changed(rq->db, id);
    audit(rq, "identity.role.revoke", object_of(user), json_set_str(json_new(), "role", role));
    return back(rq, user);
}

Reply user_token(Request *rq)
{
    Reply reply;
    Json user = target(rq, "identity.users", &reply);
    if (!user)
        return reply;
    if (!text_is(json_str(user, "kind"), "service"))
        return conflict(rq, "identity.user.not-service", NULL);
    int64_t expires = in_has(rq, "expires") ? in_int(rq, "expires") + DAY_MS : 0;
    char *token = account_token(rq->db, json_id(user, "id"), in_str(rq, "label"), expires);
    audit(rq, "identity.token.create", object_of(user),
          json_set_str(json_new(), "label", in_str(rq, "label")));
    return user_secret_page(rq, json_id(user, "id"), "token", token);
}
