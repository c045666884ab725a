/* Persons and their accounts: making them, changing what keeps people in or out. Each function belongs into
 * the transaction of its caller. */
#include "platform/identity/accounts.h"
#include "platform/identity/grants.h"
#include "platform/identity/keys.h"
#include "platform/identity/sessions.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/text.h"

#include <string.h>

/* ---- persons ---- */

int64_t person_by_pid(Db *db, const char *pid)
{
    return text_empty(pid) ? 0
                           : db_int(db, "select id from iam_person where pid_index = ?1", T(pid_index(pid)));
}

char *person_pid(Db *db, int64_t person_id)
{
    const char *sealed = db_text(db, "select pid_sealed from iam_person where id = ?1", I(person_id));
    return sealed ? pid_unseal(person_id, sealed) : NULL;
}

char *person_pid_masked(Db *db, int64_t person_id)
{
    const char *pid = person_pid(db, person_id);
    return pid ? text_mask(pid) : text_copy("");
}

/* Sex and year of birth stand in the number (Circular 07/2016/TT-BCA, annex 3). */
static const char *sex_of(const char *pid)
{
    return text_empty(pid) ? NULL : (pid[3] - '0') % 2 ? "female" : "male";
}

int64_t person_create(Db *db, const char *name, const char *pid)
{
    int64_t id = id_new(), now = now_ms();
    const char *full_name = text_nfc(text_trim(name));
    bool numbered = !text_empty(pid);
    db_exec(db,
            "insert into iam_person (id, pid_sealed, pid_index, full_name, name_fold, sex, created_at, "
            "updated_at) "
            "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
            I(id), numbered ? T(pid_seal(id, pid)) : N(), numbered ? T(pid_index(pid)) : N(), T(full_name),
            T(text_fold(full_name)), T(sex_of(pid)), I(now));
    return id;
}

/* ---- accounts ---- */

static const char *const kind_names[] = {
    [ACTOR_STRANGER] = "citizen", [ACTOR_CITIZEN] = "citizen", [ACTOR_OFFICIAL] = "official",
    [ACTOR_SERVICE] = "service",  [ACTOR_SYSTEM] = "service",
};

/* Lower case ASCII, digits and . _ -: nothing that looks like something else, nothing to normalise. */
bool username_valid(const char *username)
{
    size_t n = strlen(username);
    return n >= 2 && n <= 64 && strspn(username, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n &&
           strcspn(username, "._-") > 0;
}

char *username_folded(const char *typed)
{
    return text_lower(text_nfc(text_trim(typed)));
}

void account_set_password(Db *db, int64_t account_id, const char *password_hash)
{
    int64_t now = now_ms();
    db_exec(db,
            "update iam_credential set revoked_at = ?2 where account_id = ?1 and type = 'password' and "
            "revoked_at is null",
            I(account_id), I(now));
    db_exec(db,
            "insert into iam_credential (id, account_id, type, material, created_at) values (?1, ?2, "
            "'password', ?3, ?4)",
            I(id_new()), I(account_id), T(password_hash), I(now));
}

int64_t account_create(Db *db, ActorKind kind, const char *username, const char *password_hash,
                       const char *name, const char *pid, int64_t org_id)
{
    int64_t id = id_new(), person_id = 0;
    if (!username_valid(username))
        raise_fault(FAULT_INTERNAL, "identity.username", "a user name is 2 to 64 of a-z 0-9 . _ -");
    if (kind != ACTOR_SERVICE) {
        person_id = person_by_pid(db, pid);
        if (!person_id)
            person_id = person_create(db, name, pid);
    }
    db_exec(db,
            "insert into iam_account (id, person_id, org_id, kind, username, title, state, created_at) "
            "values (?1, ?2, ?3, ?4, ?5, ?6, 'active', ?7)",
            I(id), ID(person_id), ID(org_id), T(kind_names[kind]), T(username),
            kind == ACTOR_SERVICE ? T(name) : N(), I(now_ms()));
    if (password_hash)
        account_set_password(db, id, password_hash);
    return id;
}

void account_set_locked(Db *db, int64_t account_id, bool locked)
{
    int64_t now = now_ms();
    db_exec(db, "update iam_account set state = ?2, lock_reason = ?3 where id = ?1 and state <> 'retired'",
            I(account_id), T(locked ? "locked" : "active"), locked ? T("admin") : N());
    if (locked)
        sessions_end_all(db, account_id, 0, now);
    sessions_forget(db, account_id);
}

const char *account_name(Db *db, int64_t account_id)
{
    const char *name = db_text(db,
                               "select coalesce(p.full_name, a.title, a.username) from iam_account a left "
                               "join iam_person p on p.id = a.person_id "
                               "where a.id = ?1",
                               I(account_id));
    return text_or(name, "?");
}

char *account_token(Db *db, int64_t account_id, const char *label, int64_t expires_at)
{
    char *token = fmt("%s%s", TOKEN_PREFIX, random_token());
    db_exec(db,
            "insert into iam_credential (id, account_id, type, material, label, created_at, expires_at) "
            "values (?1, ?2, 'token', ?3, ?4, ?5, ?6)",
            I(id_new()), I(account_id), T(sha256_hex(token, strlen(token))), T(label), I(now_ms()),
            expires_at ? I(expires_at) : N());
    return token;
}

/* ---- links that set a password once ---- */

char *recovery_create(Db *db, int64_t account_id, int64_t created_by, int64_t now, int64_t lives_ms)
{
    char *token = random_token();
    db_exec(db,
            "update iam_credential set revoked_at = ?2 where account_id = ?1 and type = 'recovery' and "
            "revoked_at is null",
            I(account_id), I(now));
    db_exec(db,
            "insert into iam_credential (id, account_id, type, material, created_at, created_by, expires_at) "
            "values (?1, ?2, 'recovery', ?3, ?4, ?5, ?6)",
            I(id_new()), I(account_id), T(sha256_hex(token, strlen(token))), I(now), ID(created_by),
            I(now + lives_ms));
    return token;
}

int64_t recovery_account(Db *db, const char *token, int64_t now)
{
    return db_int(db,
                  "select c.account_id from iam_credential c join iam_account a on a.id = c.account_id where "
                  "c.material = ?1 and c.type = 'recovery' "
                  "and c.revoked_at is null and c.expires_at > ?2 and a.state in ('active', 'invited')",
                  T(sha256_hex(token, strlen(token))), I(now));
}

bool recovery_use(Db *db, const char *token, int64_t now)
{
    return db_exec(db,
                   "update iam_credential set revoked_at = ?2, last_used_at = ?2 where material = ?1 and "
                   "type = 'recovery' and revoked_at is null",
                   T(sha256_hex(token, strlen(token))), I(now)) == 1;
}
