/* Assignments (account, role, organisation, period) become a sorted array of (permission, organisation): the
 * answer to "may this person do that there" is a binary search and a walk over the few organisations where
 * the right is held, each test a comparison of two numbers.
 *
 * The array is kept per account. It is used again as long as the account's grants_version (raised by every
 * change of its assignments), the directory's version (roles) and the period of its assignments stand.
 * Counted references keep it alive while a request uses it. */
#include "platform/identity/grants.h"
#include "platform/identity/directory.h"
#include "platform/identity/roles.h"
#include "platform/identity/sessions.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_SLOTS = 4096 };

struct Grants {
    atomic_int users; /* the cache counts as one */
    Arena *arena;     /* its own */
    ActorKind kind;
    int64_t account_id, version, directory_version, until;
    bool privileged;
    Grant *items; /* sorted by permission */
    size_t count;
    const char **roles; /* NULL-ended */
};

static Grants *cache[CACHE_SLOTS];
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- lifetime ---- */

static void release(void *what)
{
    Grants *g = what;
    if (atomic_fetch_sub(&g->users, 1) == 1)
        arena_free(g->arena);
}

static Grants **slot_of(int64_t account_id)
{
    return &cache[(uint64_t)account_id * 0x9E3779B97F4A7C15u >> 52];
}

static Grants *find_cached(int64_t account_id, ActorKind kind, int64_t version, int64_t now)
{
    pthread_mutex_lock(&cache_lock);
    Grants *g = *slot_of(account_id);
    if (g && (g->account_id != account_id || g->kind != kind || g->version != version ||
              g->directory_version != directory()->version || now >= g->until))
        g = NULL;
    if (g)
        atomic_fetch_add(&g->users, 1);
    pthread_mutex_unlock(&cache_lock);
    return g;
}

static void put_cached(Grants *g)
{
    atomic_fetch_add(&g->users, 1);
    pthread_mutex_lock(&cache_lock);
    Grants *before = *slot_of(g->account_id);
    *slot_of(g->account_id) = g;
    pthread_mutex_unlock(&cache_lock);
    if (before)
        release(before);
}

void grants_free_all(void)
{
    for (int i = 0; i < CACHE_SLOTS; i++) {
        Grants *g = cache[i];
        cache[i] = NULL;
        if (g)
            release(g);
    }
}

void grants_changed(Db *db, int64_t account_id)
{
    db_exec(db, "update iam_account set grants_version = grants_version + 1 where id = ?1", I(account_id));
    sessions_forget(db, account_id);
}

/* ---- working out ---- */

static int by_permission(const void *a, const void *b)
{
    const Grant *x = a, *y = b;
    int order = strcmp(x->permission, y->permission);
    return order ? order : (x->org_id > y->org_id) - (x->org_id < y->org_id);
}

static void add_role(Vec *items, Vec *names, Grants *g, const char *role, int64_t org_id, bool subtree)
{
    const RoleRights *rights = map_get(&directory()->roles, role);
    if (!rights)
        return;
    vec_add(names, (void *)rights->name);
    g->privileged |= rights->privileged;
    for (size_t i = 0; i < rights->permissions.count; i++) {
        Grant *grant = alloc(sizeof *grant);
        *grant = (Grant){ text_copy(rights->permissions.items[i]), org_id, subtree };
        vec_add(items, grant);
    }
}

static void fill(Db *db, Grants *g, ActorKind kind, int64_t now)
{
    Vec items = { 0 }, names = { 0 };
    if (kind == ACTOR_CITIZEN)
        add_role(&items, &names, g, "citizen", 0, true);
    Json rows = db_rows(db,
                        "select role, org_id, subtree, valid_from, valid_to from iam_assignment "
                        "where account_id = ?1 and (valid_to is null or valid_to > ?2)",
                        I(g->account_id), I(now));
    json_each (rows, i, row) {
        int64_t from = json_int(row, "valid_from"),
                to = json_has(row, "valid_to") ? json_int(row, "valid_to") : INT64_MAX;
        int64_t change = from > now ? from : to;
        if (change < g->until)
            g->until = change;
        if (from <= now)
            add_role(&items, &names, g, json_str(row, "role"), json_id(row, "org_id"),
                     json_bool(row, "subtree"));
    }
    vec_add(&names, NULL);
    g->roles = (const char **)names.items;
    g->count = items.count;
    g->items = alloc_array(items.count + 1, sizeof *g->items);
    for (size_t i = 0; i < items.count; i++)
        g->items[i] = *(Grant *)items.items[i];
    if (g->count)
        qsort(g->items, g->count, sizeof *g->items, by_permission);
}

static Grants *work_out(Db *db, int64_t account_id, ActorKind kind, int64_t version, int64_t now)
{
    Guard guard;
    Arena *arena = arena_new(0);
    if (!arena)
        raise_fault(FAULT_MEMORY, "identity.grants", "no memory for the rights of an account");
    guard_enter(&guard);
    if (setjmp(guard.at) != 0) {
        arena_free(arena);
        raise_again(&guard.fault);
    }
    Arena *before = arena_use(arena);
    Grants *g = alloc(sizeof *g);
    *g = (Grants){ .arena = arena,
                   .kind = kind,
                   .account_id = account_id,
                   .version = version,
                   .directory_version = directory()->version,
                   .until = INT64_MAX };
    atomic_init(&g->users, 1);
    fill(db, g, kind, now);
    arena_use(before);
    guard_leave(&guard);
    return g;
}

const Grants *grants_of(Db *db, int64_t account_id, ActorKind kind, int64_t version, int64_t now)
{
    Grants *g = find_cached(account_id, kind, version, now);
    if (!g) {
        g = work_out(db, account_id, kind, version, now);
        put_cached(g);
    }
    arena_defer(release, g);
    return g;
}

bool grants_privileged(const Grants *grants)
{
    return grants && grants->privileged;
}

bool grants_role(const Grants *grants, const char *role)
{
    for (size_t i = 0; grants && grants->roles[i]; i++)
        if (text_is(grants->roles[i], role))
            return true;
    return false;
}

/* ---- questions ---- */

/* The first grant of the permission; *count is how many there are. */
static const Grant *find(const Grants *g, const char *permission, size_t *count)
{
    size_t low = 0, high = g ? g->count : 0;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(g->items[middle].permission, permission) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *count = 0;
    while (g && low + *count < g->count && text_is(g->items[low + *count].permission, permission))
        ++*count;
    return *count ? &g->items[low] : NULL;
}

static bool everywhere(const Grant *grant)
{
    return !grant->org_id;
}

static bool reaches(const Grant *grant, int64_t org_id)
{
    return everywhere(grant) || grant->org_id == org_id ||
           (grant->subtree && org_within(org_id, grant->org_id));
}

bool can(const Actor *actor, const char *permission)
{
    size_t count;
    if (!actor)
        return false;
    return actor->kind == ACTOR_SYSTEM || find(actor->grants, permission, &count);
}

bool can_for(const Actor *actor, const char *permission, int64_t org_id)
{
    size_t count = 0;
    if (!actor)
        return false;
    if (actor->kind == ACTOR_SYSTEM)
        return true;
    const Grant *grant = find(actor->grants, permission, &count);
    for (size_t i = 0; i < count; i++)
        if (reaches(&grant[i], org_id))
            return true;
    return false;
}

bool grants_cover(const Grants *grants, const char *permission, int64_t org_id, bool subtree)
{
    size_t count;
    const Grant *grant = find(grants, permission, &count);
    for (size_t i = 0; i < count; i++)
        if (everywhere(&grant[i]) || (org_id && reaches(&grant[i], org_id) && (!subtree || grant[i].subtree)))
            return true;
    return false;
}

static void add_key(Buf *list, int64_t org_id)
{
    buf_fmt(list, "%s%lld", list->size ? "," : "", (long long)org_id);
}

static void add_grant(Buf *list, const Grant *grant)
{
    const OrgNode *top = org_node(grant->org_id);
    if (!top || !grant->subtree) {
        add_key(list, grant->org_id);
        return;
    }
    for (size_t place = top->place; place < top->end; place++)
        add_key(list, directory()->nodes[place].org.id);
}

/* Built from keys alone, so that nothing that anybody typed can stand in it. */
const char *scope_sql(const Actor *actor, const char *permission, const char *column)
{
    size_t count = 0;
    Buf list = { 0 };
    if (!actor)
        return "1=0";
    if (actor->kind == ACTOR_SYSTEM)
        return "1=1";
    const Grant *grant = find(actor->grants, permission, &count);
    for (size_t i = 0; i < count; i++) {
        if (everywhere(&grant[i]))
            return "1=1";
        add_grant(&list, &grant[i]);
    }
    return list.size ? fmt("%s in (%s)", column, buf_end(&list)) : "1=0";
}
