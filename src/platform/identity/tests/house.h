/* A small house for the tests of identity: an empty store with the organisations, two rights to hold, people
 * who come and go. */
#ifndef SEN_PLATFORM_IDENTITY_TESTS_HOUSE_H
#define SEN_PLATFORM_IDENTITY_TESTS_HOUSE_H

#include "platform/identity/identity.h"
#include "store/test_store.h"

#define HOUSE_PASSWORD "con cò bay lả bay la"

typedef struct House {
    Store *store;
    char *folder; /* of keys */
} House;

House *house_open(void);
void house_close(House *house);

/* Accounts with HOUSE_PASSWORD. org_key NULL: the role holds everywhere. */
int64_t house_citizen(House *house, const char *username, const char *pid);
int64_t house_official(House *house, const char *username, const char *role, const char *org_key);
const char *house_service(House *house, const char *username); /* its bearer token */
void house_lock(House *house, int64_t account_id);
void house_run(House *house, const char *sql);
int64_t house_int(House *house, const char *sql);
/* Waits until what requests left to be written (last seen) is written. */
void house_settle(House *house);

/* A request that has come in now with this session cookie (NULL: none); its actor is known, its transaction
 * over. */
Request *house_request(House *house, const char *session);
/* A handler in its transaction; the request's input must be filled. */
Reply house_call(House *house, Request *rq, Handler *handler);
/* A writing handler in its write transaction, undone when it refuses, as the app room does. */
Reply house_write(House *house, Request *rq, Handler *handler);
/* The session cookie of a reply, NULL when it sets none. */
const char *house_cookie(const Reply *reply);

const char *house_sign_in(House *house, const char *username, const char *password, const char *session);
const char *house_again(House *house, const char *session, const char *password);
/* Status and errors of an attempt that must fail. */
char *house_refusal(House *house, const char *username, const char *password);
/* Counts failures for a name without waiting for them. */
void house_fail(House *house, const char *username, int times);

#endif
