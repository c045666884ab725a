/* Finding a session is the first thing that every request does, so it is kept in memory for a moment: 4,096
 * slots by the digest of the cookie, each good for 0.9 s. That bound is the promise that a session revoked on
 * another node is dead here within a second; one revoked here is dropped from memory at its commit.
 *
 * last_seen_at and idle_until are written at most every 30 s, not with every request; a session may therefore
 * end up to 30 s before its idle limit, never after it. */
#include "platform/identity/sessions.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { CACHE_SLOTS = 4096, CACHE_US = 900000, TOUCH_EVERY_MS = 30 * SECOND_MS };

/* ---- memory ---- */

typedef struct Slot {
    unsigned char digest[SHA256_SIZE];
    int64_t read_us; /* 0: empty */
    Session session;
} Slot;

static Slot slots[CACHE_SLOTS];
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;

static Slot *slot_of(const unsigned char digest[SHA256_SIZE])
{
    return &slots[(digest[0] << 8 | digest[1]) % CACHE_SLOTS];
}

static bool recall(const unsigned char digest[SHA256_SIZE], Session *out)
{
    pthread_mutex_lock(&slots_lock);
    Slot *slot = slot_of(digest);
    bool found = slot->read_us && monotonic_us() - slot->read_us < CACHE_US &&
                 memcmp(slot->digest, digest, SHA256_SIZE) == 0;
    if (found)
        *out = slot->session;
    pthread_mutex_unlock(&slots_lock);
    return found;
}

static void remember(const unsigned char digest[SHA256_SIZE], const Session *session)
{
    pthread_mutex_lock(&slots_lock);
    Slot *slot = slot_of(digest);
    memcpy(slot->digest, digest, SHA256_SIZE);
    slot->read_us = monotonic_us();
    slot->session = *session;
    pthread_mutex_unlock(&slots_lock);
}

static void forget(void *account_id)
{
    pthread_mutex_lock(&slots_lock);
    for (int i = 0; i < CACHE_SLOTS; i++)
        if (slots[i].session.account_id == (int64_t)(intptr_t)account_id)
            slots[i].read_us = 0;
    pthread_mutex_unlock(&slots_lock);
}

void sessions_forget(Db *db, int64_t account_id)
{
    db_after_commit(db, forget, (void *)(intptr_t)account_id);
}

void sessions_forget_all(void)
{
    pthread_mutex_lock(&slots_lock);
    memset(slots, 0, sizeof slots);
    pthread_mutex_unlock(&slots_lock);
}

/* ---- finding ---- */

static ActorKind kind_named(const char *name)
{
    return text_is(name, "official")  ? ACTOR_OFFICIAL
           : text_is(name, "service") ? ACTOR_SERVICE
                                      : ACTOR_CITIZEN;
}

static bool fill(Json row, Session *out)
{
    if (!row)
        return false;
    *out = (Session){ .id = json_id(row, "session_id"),
                      .account_id = json_id(row, "account_id"),
                      .person_id = json_id(row, "person_id"),
                      .org_id = json_id(row, "org_id"),
                      .grants_version = json_int(row, "grants_version"),
                      .auth_time = json_int(row, "auth_time"),
                      .idle_until = json_int(row, "idle_until"),
                      .ends_at = json_int(row, "ends_at"),
                      .last_seen_at = json_int(row, "last_seen_at"),
                      .kind = kind_named(json_str(row, "kind")) };
    snprintf(out->csrf, sizeof out->csrf, "%s", json_str(row, "csrf"));
    snprintf(out->username, sizeof out->username, "%s", json_str(row, "username"));
    snprintf(out->name, sizeof out->name, "%s",
             json_has(row, "name") ? json_str(row, "name") : json_str(row, "username"));
    return true;
}

static bool session_from_store(Db *db, const char *digest, Session *out)
{
    return fill(
        db_row(
            db,
            "select s.id as session_id, s.account_id, a.person_id, a.org_id, a.grants_version, s.auth_time, "
            "s.idle_until, "
            "s.ends_at, s.last_seen_at, s.csrf, a.kind, a.username, p.full_name as name from iam_session s "
            "join iam_account a on a.id = s.account_id left join iam_person p on p.id = a.person_id "
            "where s.token_hash = ?1 and s.revoked_at is null and a.state = 'active'",
            T(digest)),
        out);
}

static bool token_from_store(Db *db, const char *digest, Session *out)
{
    return fill(db_row(db,
                       "select a.id as account_id, a.person_id, a.org_id, a.grants_version, a.kind, "
                       "a.username, c.label as name, "
                       "coalesce(c.expires_at, 9000000000000000) as ends_at from iam_credential c join "
                       "iam_account a on a.id = c.account_id "
                       "where c.material = ?1 and c.type = 'token' and c.revoked_at is null and a.state = "
                       "'active' and a.kind = 'service'",
                       T(digest)),
                out);
}

static bool find(Db *db, const char *token, Session *out, bool (*from_store)(Db *, const char *, Session *))
{
    unsigned char digest[SHA256_SIZE];
    if (!token || strlen(token) < 40 || strlen(token) > 60)
        return false;
    sha256(token, strlen(token), digest);
    if (recall(digest, out))
        return true;
    if (!from_store(db, hex_encode(digest, sizeof digest), out))
        return false;
    remember(digest, out);
    return true;
}

bool session_find(Db *db, const char *token, int64_t now, Session *out)
{
    return find(db, token, out, session_from_store) && out->id && now < out->idle_until && now < out->ends_at;
}

bool token_find(Db *db, const char *token, int64_t now, Session *out)
{
    return find(db, token, out, token_from_store) && !out->id && now < out->ends_at;
}

/* ---- last seen ---- */

typedef struct Touch {
    int64_t session_id, account_id, now;
} Touch;

static void write_touch(Db *db, void *argument)
{
    const Touch *t = argument;
    Arena *arena = arena_new(0), *before = arena_use(arena);
    db_exec(db,
            "update iam_session set idle_until = idle_until + (?2 - last_seen_at), last_seen_at = ?2 "
            "where id = ?1 and revoked_at is null and last_seen_at < ?2",
            I(t->session_id), I(t->now));
    arena_use(before);
    arena_free(arena);
}

static void touched(void *argument, const Fault *fault)
{
    Touch *t = argument;
    if (fault)
        log_warn("identity.session.touch", "fault", fault->code, NULL);
    else
        forget((void *)(intptr_t)t->account_id);
    heap_free(t);
}

void session_touch(Store *store, const Session *session, int64_t now)
{
    if (!session->id || now - session->last_seen_at < TOUCH_EVERY_MS)
        return;
    bool first = false;
    pthread_mutex_lock(&slots_lock); /* of many requests at once, one writes */
    for (int i = 0; i < CACHE_SLOTS && !first; i++)
        if (slots[i].read_us && slots[i].session.id == session->id &&
            slots[i].session.last_seen_at == session->last_seen_at) {
            slots[i].session.last_seen_at = now;
            slots[i].session.idle_until += now - session->last_seen_at;
            first = true;
        }
    pthread_mutex_unlock(&slots_lock);
    if (!first)
        return;
    Touch *t = heap_alloc(sizeof *t);
    *t = (Touch){ session->id, session->account_id, now };
    store_write(store, write_touch, touched, t);
}

/* ---- begin and end ---- */

typedef struct Limits {
    int64_t idle_ms, whole_ms;
} Limits;

static Limits limits_of(ActorKind kind, bool privileged)
{
    if (privileged)
        return (Limits){ 10 * MINUTE_MS, 4 * HOUR_MS };
    if (kind == ACTOR_OFFICIAL)
        return (Limits){ 30 * MINUTE_MS, 12 * HOUR_MS };
    return (Limits){ 15 * MINUTE_MS, 8 * HOUR_MS };
}

int64_t session_max_age_s(ActorKind kind, bool privileged)
{
    return limits_of(kind, privileged).whole_ms / SECOND_MS;
}

static const char *digest_of(const char *token)
{
    return sha256_hex(token, strlen(token));
}

char *session_begin(Request *rq, int64_t account_id, ActorKind kind, bool privileged, int64_t *session_id)
{
    char *token = random_token();
    Limits limits = limits_of(kind, privileged);
    *session_id = id_new();
    db_exec(rq->db,
            "insert into iam_session (id, token_hash, account_id, csrf, lang, created_at, auth_time, "
            "idle_until, ends_at, last_seen_at, ip_prefix, "
            "ua_family) values (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?6, ?9, ?10)",
            I(*session_id), T(digest_of(token)), I(account_id), T(random_token()), T(rq->lang), I(rq->now),
            I(rq->now + limits.idle_ms), I(rq->now + limits.whole_ms), T(network_of(rq->ip)),
            T(browser_family(header(rq, "User-Agent"))));
    return token;
}

char *session_renew(Request *rq, int64_t session_id)
{
    char *token = random_token();
    db_exec(rq->db, "update iam_session set token_hash = ?2, auth_time = ?3, csrf = ?4 where id = ?1",
            I(session_id), T(digest_of(token)), I(rq->now), T(random_token()));
    sessions_forget(rq->db, rq->actor->account_id);
    return token;
}

void session_end(Db *db, int64_t session_id, int64_t account_id, int64_t now)
{
    db_exec(db,
            "update iam_session set revoked_at = ?3 where id = ?1 and account_id = ?2 and revoked_at is null",
            I(session_id), I(account_id), I(now));
    sessions_forget(db, account_id);
}

int64_t sessions_end_all(Db *db, int64_t account_id, int64_t but_session_id, int64_t now)
{
    sessions_forget(db, account_id);
    return db_exec(db,
                   "update iam_session set revoked_at = ?3 where account_id = ?1 and id <> ?2 and revoked_at "
                   "is null and ends_at > ?3",
                   I(account_id), I(but_session_id), I(now));
}

/* ---- for the owner's eyes ---- */

static const char *first_of(const char *text, const char *const pairs[][2], const char *otherwise)
{
    for (; (*pairs)[0]; pairs++)
        if (strstr(text, (*pairs)[0]))
            return (*pairs)[1];
    return otherwise;
}

/* Order matters: Edge and Opera also call themselves Chrome, and Chrome calls itself Safari. */
char *browser_family(const char *user_agent)
{
    static const char *const browsers[][2] = { { "Edg", "Edge" },        { "OPR/", "Opera" },
                                               { "coc_coc", "Cốc Cốc" }, { "Firefox", "Firefox" },
                                               { "Chrome", "Chrome" },   { "Safari", "Safari" },
                                               { "curl", "curl" },       { 0 } };
    static const char *const systems[][2] = { { "Android", "Android" },
                                              { "iPhone", "iPhone" },
                                              { "iPad", "iPad" },
                                              { "Windows", "Windows" },
                                              { "Mac OS", "macOS" },
                                              { "Linux", "Linux" },
                                              { 0 } };
    if (text_empty(user_agent))
        return text_copy("?");
    const char *system = first_of(user_agent, systems, NULL), *browser = first_of(user_agent, browsers, "?");
    return system ? fmt("%s, %s", browser, system) : text_copy(browser);
}
