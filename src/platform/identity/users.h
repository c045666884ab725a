/* Between the pages of users and the acts on one. */
#ifndef SEN_PLATFORM_IDENTITY_USERS_H
#define SEN_PLATFORM_IDENTITY_USERS_H

#include "net/http.h"

/* The account of the path, when it lies within the reach of this administrator: {id, username, kind, state,
 * org_id, name …}; else NULL. */
Json user_in_reach(Request *rq, const char *permission);
/* The page that shows a secret once: a link to set a password, or a token. */
Reply user_secret_page(Request *rq, int64_t account_id, const char *kind, const char *secret);
/* May the actor give this role there? NULL, or the i18n key of the refusal. */
const char *grant_refusal(Request *rq, const char *role, int64_t org_id, bool subtree);

#endif
