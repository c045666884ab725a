/* Who asks, for which body, and what they may do (spec 19). */
#ifndef SEN_PLATFORM_IDENTITY_H
#define SEN_PLATFORM_IDENTITY_H

#include "net/http.h"
#include "platform/solution.h"

#include <stdio.h>

extern const Solution identity_solution;

typedef enum ActorKind {
    ACTOR_STRANGER,
    ACTOR_CITIZEN,
    ACTOR_OFFICIAL,
    ACTOR_SERVICE,
    ACTOR_SYSTEM
} ActorKind;

/* Lives as long as the request. A stranger has zero ids; ACTOR_SYSTEM is background work. */
typedef struct Actor {
    ActorKind kind;
    int64_t account_id, person_id;
    int64_t org_id;   /* the body an official acts for */
    const char *name; /* for people: "Nguyễn Văn An" */
    const char *username;
    const char *org_name;
    int64_t session_id;
    int64_t auth_time; /* of the last sign-in or step-up */
    const char *csrf;  /* token that forms carry in "_csrf" and scripts in X-CSRF-Token */
    const struct Grants *grants;
} Actor;

/* Finds the actor of a request by its session cookie or bearer token; a stranger when there is none. */
struct Actor *identity_of(Request *rq);
/* For the answer to `rq`: gives a stranger without one the cookie that makes forms work (once a page with a
 * form is shown). */
void identity_cookies(Request *rq, Reply *reply);
/* Does a writing request carry the token of its session (field "_csrf" or header X-CSRF-Token), or a bearer
 * token? */
bool csrf_ok(Request *rq);
/* The actor of background work. */
const Actor *system_actor(void);

/* Has the person proved who they are within the last `minutes` (step-up, spec 19 §5.3)? Signing asks for 5.
 */
bool identity_fresh(const Request *rq, int minutes);
/* The answer when not: people go to /sign-in/again and come back to `to` (a local path; NULL: the page that
 * holds this form), programs get 401 "identity.step-up". */
Reply identity_step_up(Request *rq, const char *to);
/* "203.0.113.0/24", "2001:db8:7::/48": as much of an address as is kept. */
char *network_of(const char *ip);
/* A path of this site and nothing else: for where to go after signing in. */
bool path_is_local(const char *path);

/* Does the actor hold the permission for at least one organisation? */
bool can(const Actor *actor, const char *permission);
/* For a record of this organisation? */
bool can_for(const Actor *actor, const char *permission, int64_t org_id);
/* A condition to be put into a query: "d.org_id in (…)" for the organisations where the actor holds the
 * permission, "1=1" for all, "1=0" for none. */
const char *scope_sql(const Actor *actor, const char *permission, const char *column);

/* Organisations, held in memory, as of now. */
typedef struct Org {
    int64_t id, parent_id;
    const char *key;  /* "ubnd-28249" */
    const char *kind; /* of data/organisations.csv; "unit" for rooms inside */
    const char *name, *short_name;
    const char *unit_code; /* administrative unit: "82", "28249" */
    const char *code;      /* official agency code, or the sample one: "H20.17" */
} Org;
const Org *org_by_id(int64_t id);
const Org *org_by_key(const char *key);
size_t orgs_all(const Org ***orgs);
/* Is `org` inside the subtree of `top`? */
bool org_within(int64_t org_id, int64_t top_id);

/* Accounts that hold a role for this organisation: for task assignment and notices. */
size_t accounts_with_role(Db *db, const char *role, int64_t org_id, int64_t **accounts);
const char *account_name(Db *db, int64_t account_id);

/* Persons. The full number is for forms and papers that need it; whoever asks for another person's writes an
 * audit row. */
int64_t person_by_pid(Db *db, const char *pid);     /* 0: nobody */
char *person_pid(Db *db, int64_t person_id);        /* NULL: none kept */
char *person_pid_masked(Db *db, int64_t person_id); /* 087******345; "" when none is kept */

/* 12-digit personal number: shape, province and century-sex codes of data/personal-id-codes.csv (no check
 * digit exists). */
bool personal_number_valid(const char *number);
/* Tax code check digit (10, or 10-3; 12-digit personal number accepted for individuals): spec 19 §7.8. */
bool tax_code_valid(const char *code);

/* Used by `sen user` and the demonstration. `password_hash` NULL: nobody can sign in with a password. A
 * person with this pid who is already known is linked. */
int64_t account_create(Db *db, ActorKind kind, const char *username, const char *password_hash,
                       const char *name, const char *pid, int64_t org_id);
/* org_id 0: everywhere in the province. */
void role_assign(Db *db, int64_t account_id, const char *role, int64_t org_id, bool subtree);
void account_set_password(Db *db, int64_t account_id, const char *password_hash);
void account_set_locked(Db *db, int64_t account_id, bool locked);
/* A machine's account acts by a bearer token, shown once; only its digest is kept. expires_at 0: never. */
char *account_token(Db *db, int64_t account_id, const char *label, int64_t expires_at);
/* The well-known accounts of the demonstration, one a line: what each is for. */
typedef struct DemoAccount {
    const char *username, *name, *title, *role, *org_key;
    bool everywhere;  /* the role holds for the whole province */
    const char *what; /* i18n key: what one can do with it */
} DemoAccount;
#define DEMO_PASSWORD "sen-demo-2026"
extern const DemoAccount demo_accounts[]; /* nameless at the end */
void print_demo_accounts(FILE *out);
char *password_hash(const char *password); /* argon2id PHC string; slow: never inside a write transaction */

#endif
