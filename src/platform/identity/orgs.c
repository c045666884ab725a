/* Organisations: from data/organisations.csv into the store, from the store into the snapshot, and the
 * questions put to it. */
#include "platform/identity/directory.h"
#include "platform/identity/csv.h"
#include "platform/app/app.h"
#include "base/arena.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- reference data ---- */

static const char *level_of(const char *kind)
{
    return text_is(kind, "people_committee_commune") ? "commune" : "province";
}

/* The old name ends and the new one begins: papers of before keep the name of before. */
static bool rename_org(Db *db, int64_t id, const char *name, const char *short_name, int64_t now)
{
    if (db_int(db,
               "select count(*) from iam_org_name where org_id = ?1 and valid_to is null and name = ?2 and "
               "short_name = ?3",
               I(id), T(name), T(short_name)))
        return false;
    bool first = !db_int(db, "select count(*) from iam_org_name where org_id = ?1", I(id));
    db_exec(db, "update iam_org_name set valid_to = ?2 where org_id = ?1 and valid_to is null", I(id),
            I(now));
    db_exec(db,
            "insert into iam_org_name (org_id, name, short_name, name_fold, valid_from) values (?1, ?2, ?3, "
            "?4, ?5)",
            I(id), T(name), T(short_name), T(text_fold(fmt("%s %s", name, short_name))), I(first ? 0 : now));
    return true;
}

static bool load_one(Db *db, Json row, int order, int64_t now)
{
    const char *key = json_str(row, "key"), *code = json_str(row, "official_id"),
               *parent_key = json_str(row, "parent");
    int64_t id = db_int(db, "select id from iam_org where key = ?1", T(key));
    int64_t parent = *parent_key ? db_int(db, "select id from iam_org where key = ?1", T(parent_key)) : 0;
    bool changed = !id;
    if (!id) {
        id = id_new();
        db_exec(
            db,
            "insert into iam_org (id, key, kind, level, code, unit_code, parent_id, sort_order, created_at) "
            "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            I(id), T(key), T(json_str(row, "kind")), T(level_of(json_str(row, "kind"))),
            *code ? T(code) : N(), T(json_str(row, "admin_unit")), ID(parent), I(order), I(now));
    }
    return rename_org(db, id, json_str(row, "name"), json_str(row, "short_name"), now) || changed;
}

/* Rows of kind department_template name departments that this province does not have; they are no
 * organisations. */
void orgs_load_reference(Db *db, int64_t now)
{
    Json rows = csv_asset("data/organisations.csv");
    bool changed = false;
    int order = 0;
    json_each (rows, i, row)
        if (!text_is(json_str(row, "kind"), "department_template"))
            changed |= load_one(db, row, ++order, now);
    if (changed)
        directory_changed(db);
}

/* ---- snapshot ---- */

typedef struct Loading {
    Directory *d;
    OrgNode *rows; /* as read, ordered by parent and place among brothers */
    size_t count;
} Loading;

/* Puts the children of a node behind it, depth first. */
static void place_children(Loading *l, int64_t parent_id, int depth)
{
    for (size_t i = 0; i < l->count; i++) {
        OrgNode *row = &l->rows[i];
        if (row->org.parent_id != parent_id || row->end)
            continue;
        size_t place = l->d->count++;
        row->end = 1; /* placed */
        l->d->nodes[place] = *row;
        l->d->nodes[place].place = place;
        l->d->nodes[place].depth = depth;
        place_children(l, row->org.id, depth + 1);
        l->d->nodes[place].end = l->d->count;
    }
}

static int by_id(const void *a, const void *b)
{
    int64_t x = (*(OrgNode *const *)a)->org.id, y = (*(OrgNode *const *)b)->org.id;
    return x < y ? -1 : x > y;
}

/* The official identifier, or as long as none was given a sample one in its form: "H20.17". */
static const char *code_of(Json row)
{
    const char *province = text_or(settings()->province_code, "H20");
    if (json_has(row, "code"))
        return json_str(row, "code");
    int64_t order = json_int(row, "sort_order");
    return order > 1 ? fmt("%s.%02lld", province, (long long)order - 1) : text_copy(province);
}

static Org org_of(Json row)
{
    return (Org){ .id = json_id(row, "id"),
                  .parent_id = json_id(row, "parent_id"),
                  .key = json_str(row, "key"),
                  .kind = json_str(row, "kind"),
                  .name = json_str(row, "name"),
                  .short_name = json_str(row, "short_name"),
                  .unit_code = json_has(row, "unit_code") ? json_str(row, "unit_code") : NULL,
                  .code = code_of(row) };
}

static int64_t next_change(Db *db, int64_t now)
{
    int64_t next =
        db_int(db,
               "select min(t) from (select valid_from as t from iam_org where valid_from > ?1 union all "
               "select valid_to from iam_org where valid_to > ?1 union all select valid_from from "
               "iam_org_name where valid_from > ?1 "
               "union all select valid_to from iam_org_name where valid_to > ?1) changes",
               I(now));
    return next ? next : INT64_MAX;
}

void orgs_read(Db *db, Directory *d, int64_t now)
{
    Json rows = db_rows(
        db,
        "select o.id, o.parent_id, o.key, o.kind, o.unit_code, o.code, o.sort_order, n.name, n.short_name "
        "from iam_org o "
        "join iam_org_name n on n.org_id = o.id and n.valid_from <= ?1 and (n.valid_to is null or n.valid_to "
        "> ?1) "
        "where (o.valid_from is null or o.valid_from <= ?1) and (o.valid_to is null or o.valid_to > ?1) "
        "order by o.sort_order, o.id",
        I(now));
    size_t count = json_array_size(rows);
    Loading l = { .d = d, .rows = alloc_array(count + 1, sizeof *l.rows), .count = count };
    json_each (rows, i, row)
        l.rows[i].org = org_of(row);
    d->nodes = alloc_array(count + 1, sizeof *d->nodes);
    d->by_id = alloc_array(count + 1, sizeof *d->by_id);
    d->orgs = alloc_array(count + 1, sizeof *d->orgs);
    place_children(&l, 0, 0);
    if (d->count != count)
        log_error("identity.orgs.unreachable", "count", fmt("%zu", count - d->count), NULL);
    for (size_t i = 0; i < d->count; i++) {
        d->by_id[i] = &d->nodes[i];
        d->orgs[i] = &d->nodes[i].org;
        map_put(&d->by_key, d->nodes[i].org.key, &d->nodes[i]);
    }
    qsort(d->by_id, d->count, sizeof *d->by_id, by_id);
    d->until = next_change(db, now);
}

/* ---- questions ---- */

const OrgNode *org_node(int64_t id)
{
    const Directory *d = directory();
    const OrgNode wanted = { .org.id = id }, *key = &wanted;
    OrgNode **found = bsearch(&key, d->by_id, d->count, sizeof *d->by_id, by_id);
    return found ? *found : NULL;
}

const Org *org_by_id(int64_t id)
{
    const OrgNode *node = org_node(id);
    return node ? &node->org : NULL;
}

const Org *org_by_key(const char *key)
{
    const OrgNode *node = map_get(&directory()->by_key, key);
    return node ? &node->org : NULL;
}

size_t orgs_all(const Org ***orgs)
{
    *orgs = directory()->orgs;
    return directory()->count;
}

bool org_within(int64_t org_id, int64_t top_id)
{
    const OrgNode *org = org_node(org_id), *top = org_node(top_id);
    return org && top && org->place >= top->place && org->place < top->end;
}
