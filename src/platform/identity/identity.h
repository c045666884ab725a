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
/* Does a writing request carry the token of its session (field "_csrf" or header X-CSRF-Token), or a bearer
 * token? */
bool csrf_ok(Request *rq);
/* The actor of background work. */
const Actor *system_actor(void);

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

/* 12-digit personal number: shape, province and century-sex codes of data/personal-id-codes.csv (no check
 * digit exists). */
bool personal_number_valid(const char *number);
/* Tax code check digit (10, or 10-3; 12-digit personal number accepted for individuals): spec 19 §7.8. */
bool tax_code_valid(const char *code);

/* Used by `sen user` and the demonstration. */
int64_t account_create(Db *db, ActorKind kind, const char *username, const char *password_hash,
                       const char *name, const char *pid, int64_t org_id);
void role_assign(Db *db, int64_t account_id, const char *role, int64_t org_id, bool subtree);
void account_set_password(Db *db, int64_t account_id, const char *password_hash);
void account_set_locked(Db *db, int64_t account_id, bool locked);
/* The well-known accounts of the demonstration, one a line: what each is for. */
void print_demo_accounts(FILE *out);
char *password_hash(const char *password); /* argon2id PHC string; slow: never inside a write transaction */

#endif
