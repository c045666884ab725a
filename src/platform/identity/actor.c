/* From a request to the person behind it, and the proof that a form was sent by that person's own page.
 *
 * Order: a bearer token (machines), else the session cookie, else a stranger. A browser never sends an
 * Authorization header on its own, so such requests need no form token; whoever comes with a cookie does. A
 * session has one token, kept in its row. A stranger (the sign-in page) has a signed double-submit cookie:
 * the form must repeat what the cookie says, and the cookie must carry our MAC, so that a neighbour host
 * which can set cookies for us cannot make one up. */
#include "platform/identity/identity.h"
#include "platform/identity/directory.h"
#include "platform/identity/grants.h"
#include "platform/identity/keys.h"
#include "platform/identity/sessions.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"

#include <string.h>

#define CSRF_COOKIE "sen_csrf"
enum { CSRF_COOKIE_S = 86400 };

/* ---- strangers ---- */

static bool stranger_token_holds(const char *token)
{
    const char *dot = token ? strchr(token, '.') : NULL;
    if (!dot || dot - token != 43)
        return false;
    return equal_secret(dot + 1, csrf_mac(text_copy_n(token, (size_t)(dot - token))));
}

static Actor *stranger(Request *rq)
{
    Actor *actor = alloc(sizeof *actor);
    const char *token = cookie(rq, CSRF_COOKIE);
    if (!stranger_token_holds(token)) {
        const char *nonce = random_token();
        token = fmt("%s.%s", nonce, csrf_mac(nonce));
    }
    actor->kind = ACTOR_STRANGER;
    actor->csrf = token;
    return actor;
}

void identity_cookies(Request *rq, Reply *reply)
{
    if (rq->actor && rq->actor->kind == ACTOR_STRANGER && !text_is(cookie(rq, CSRF_COOKIE), rq->actor->csrf))
        reply_cookie(reply, rq, CSRF_COOKIE, rq->actor->csrf, CSRF_COOKIE_S, false);
}

/* ---- known people and machines ---- */

static Actor *actor_of(Request *rq, const Session *found)
{
    Session *session = alloc(sizeof *session);
    Actor *actor = alloc(sizeof *actor);
    const Org *org = found->org_id ? org_by_id(found->org_id) : NULL;
    *session = *found;
    *actor = (Actor){ .kind = session->kind,
                      .account_id = session->account_id,
                      .person_id = session->person_id,
                      .org_id = session->org_id,
                      .name = session->name,
                      .username = session->username,
                      .org_name = org ? org->name : NULL,
                      .session_id = session->id,
                      .auth_time = session->auth_time,
                      .csrf = session->csrf,
                      .grants = grants_of(rq->db, session->account_id, session->kind, session->grants_version,
                                          rq->now) };
    return actor;
}

static const char *bearer(Request *rq)
{
    const char *value = header(rq, "Authorization");
    return value && text_starts(value, "Bearer " TOKEN_PREFIX) ? value + strlen("Bearer ") : NULL;
}

Actor *identity_of(Request *rq)
{
    Session session;
    const char *token = bearer(rq);
    directory_refresh(rq->db, rq->now);
    if (token)
        return token_find(rq->db, token, rq->now, &session) ? actor_of(rq, &session) : stranger(rq);
    if (!session_find(rq->db, cookie(rq, SESSION_COOKIE), rq->now, &session))
        return stranger(rq);
    session_touch(db_store(rq->db), &session, rq->now);
    return actor_of(rq, &session);
}

const Actor *system_actor(void)
{
    static const Actor system = { .kind = ACTOR_SYSTEM, .name = "Sen", .username = "system", .csrf = "" };
    return &system;
}

bool csrf_ok(Request *rq)
{
    const char *sent = header(rq, "X-CSRF-Token");
    if (rq->actor->kind == ACTOR_SERVICE && bearer(rq))
        return true;
    if (!sent)
        sent = json_string_value(json_object_get(rq->typed, "_csrf"));
    if (text_empty(sent) || text_empty(rq->actor->csrf) || !equal_secret(sent, rq->actor->csrf))
        return false;
    return rq->actor->kind != ACTOR_STRANGER || text_is(cookie(rq, CSRF_COOKIE), sent);
}

/* ---- step-up ---- */

bool identity_fresh(const Request *rq, int minutes)
{
    return rq->actor && rq->actor->session_id &&
           rq->now - rq->actor->auth_time <= (int64_t)minutes * MINUTE_MS;
}

/* What a browser would not take as another host: one slash, then none and no backslash; nothing below a
 * blank. */
bool path_is_local(const char *path)
{
    if (text_empty(path) || path[0] != '/' || path[1] == '/' || strlen(path) > 2000)
        return false;
    for (const char *at = path; *at; at++)
        if (*at == '\\' || (unsigned char)*at <= ' ' || *at == 0x7f)
            return false;
    return true;
}
