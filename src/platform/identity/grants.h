/* What an account may do, worked out once and kept until something changes. */
#ifndef SEN_PLATFORM_IDENTITY_GRANTS_H
#define SEN_PLATFORM_IDENTITY_GRANTS_H

#include "platform/identity/identity.h"

/* One permission for one organisation (or its subtree; org_id 0: everywhere). */
typedef struct Grant {
    const char *permission;
    int64_t org_id;
    bool subtree;
} Grant;

typedef struct Grants Grants;

/* The grants of an account, held until the current arena dies. `version`: iam_account.grants_version as just
 * read. */
const Grants *grants_of(Db *db, int64_t account_id, ActorKind kind, int64_t version, int64_t now);
/* Does it hold a privileged role? Then its sessions are short. */
bool grants_privileged(const Grants *grants);
/* Does it hold this role for all that `org_id` (and its subtree) covers? org_id 0: everywhere. */
bool grants_cover(const Grants *grants, const char *permission, int64_t org_id, bool subtree);
/* Does it hold the role anywhere? */
bool grants_role(const Grants *grants, const char *role);
/* In a transaction that changes what an account may do. */
void grants_changed(Db *db, int64_t account_id);
void grants_free_all(void);

#endif
