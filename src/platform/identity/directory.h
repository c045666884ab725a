/* What changes seldom and is asked for in every request: organisations and roles, held in memory as one
 * snapshot. */
#ifndef SEN_PLATFORM_IDENTITY_DIRECTORY_H
#define SEN_PLATFORM_IDENTITY_DIRECTORY_H

#include "platform/identity/identity.h"
#include "base/map.h"

/* An organisation and its place in the tree: the subtree is nodes [place, end) of the snapshot. */
typedef struct OrgNode {
    Org org;
    size_t place, end;
    int depth;
} OrgNode;

/* Permissions of a role, sorted. */
typedef struct RoleRights {
    const char *name, *title;
    bool privileged;
    Vec permissions;
} RoleRights;

typedef struct Directory {
    Arena *arena;       /* its own */
    int64_t version;    /* iam_stamp "directory" when it was read */
    int64_t until;      /* the next moment at which validity changes something */
    int64_t retired_us; /* when it was replaced */
    struct Directory *older;
    OrgNode *nodes; /* in tree order */
    size_t count;
    OrgNode **by_id;  /* sorted */
    const Org **orgs; /* in tree order */
    Map by_key;       /* OrgNode */
    Map roles;        /* RoleRights, in the order of roles.c */
} Directory;

/* Never NULL once directory_load() has run. Stays valid for an hour after it was replaced. */
const Directory *directory(void);
/* Reads it anew and makes it the current one. */
void directory_load(Db *db, int64_t now);
/* At the begin of a request: loads it when another node, or this one, has changed something. Asks the store
 * at most once a second. */
void directory_refresh(Db *db, int64_t now);
/* In a transaction that changes organisations or roles. */
void directory_changed(Db *db);
void directory_free(void);

const OrgNode *org_node(int64_t id);

/* For the loader: fill their part of a new snapshot, in its arena. */
void orgs_read(Db *db, Directory *d, int64_t now);
void roles_read(Db *db, Directory *d);
/* Reference data. */
void orgs_load_reference(Db *db, int64_t now);
void roles_load_reference(Db *db);

#endif
