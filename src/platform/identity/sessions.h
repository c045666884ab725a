/* Sessions on the server (spec 19 §5.4): the browser holds 32 random bytes, the store only their digest. */
#ifndef SEN_PLATFORM_IDENTITY_SESSIONS_H
#define SEN_PLATFORM_IDENTITY_SESSIONS_H

#include "platform/identity/identity.h"

#define SESSION_COOKIE "sen_session"
#define TOKEN_PREFIX   "sen_" /* of bearer tokens, so that scanners of source code find a leaked one */

/* What a session or a bearer token stands for; plain memory, so that it can be kept and copied. */
typedef struct Session {
    int64_t id; /* 0: a bearer token */
    int64_t account_id, person_id, org_id, grants_version;
    int64_t auth_time, idle_until, ends_at, last_seen_at;
    ActorKind kind;
    char csrf[48], username[256], name[512];
} Session;

/* By the cookie. False: unknown, ended, revoked, or its account is locked. */
bool session_find(Db *db, const char *token, int64_t now, Session *out);
/* By a bearer token of a service account. */
bool token_find(Db *db, const char *token, int64_t now, Session *out);
/* Notes that it was used, and moves the idle limit; writes at most every 30 s. */
void session_touch(Store *store, const Session *session, int64_t now);

/* Begins a session and returns its cookie. Limits are those of the kind of account, or of a privileged one.
 */
char *session_begin(Request *rq, int64_t account_id, ActorKind kind, bool privileged, int64_t *session_id);
/* The same session under a new cookie, after the person has proved again who they are. */
char *session_renew(Request *rq, int64_t session_id);
void session_end(Db *db, int64_t session_id, int64_t account_id, int64_t now);
/* All of the account but one (0: all). Returns how many. */
int64_t sessions_end_all(Db *db, int64_t account_id, int64_t but_session_id, int64_t now);
/* After this transaction: what this node remembers of the account's sessions is read anew. */
void sessions_forget(Db *db, int64_t account_id);
void sessions_forget_all(void);

/* "Firefox, Linux": enough for the owner to recognise a session. */
char *browser_family(const char *user_agent);
/* Seconds that the cookie lives. */
int64_t session_max_age_s(ActorKind kind, bool privileged);

#endif
