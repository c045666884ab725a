/* GET /organisations: the public directory of bodies (danh bạ cơ quan), from the snapshot in memory. */
#include "platform/identity/pages.h"
#include "platform/identity/directory.h"
#include "base/arena.h"
#include "base/text.h"

#include <string.h>

const Param orgs_list_params[] = {
    { "q", PARAM_TEXT, false, 0, 100, NULL, "identity.orgs.search" },
    { "kind", PARAM_TEXT, false, 0, 40, NULL, NULL },
    { 0 },
};

static Json org_model(const OrgNode *node)
{
    const Org *org = &node->org;
    Json model = json_new();
    json_set_id(model, "id", org->id);
    json_set_str(model, "key", org->key);
    json_set_str(model, "kind", org->kind);
    json_set_str(model, "kind_title", fmt("identity.org.kind.%s", org->kind));
    json_set_str(model, "name", org->name);
    json_set_str(model, "short_name", org->short_name);
    json_set_str(model, "code", org->code);
    json_set_str(model, "unit_code", org->unit_code);
    if (org->parent_id)
        json_set_id(model, "parent_id", org->parent_id);
    json_set_int(model, "depth", node->depth);
    return model;
}

/* Every word that was typed must begin a word of the name, or be the code. */
static bool matches(const Org *org, const char *folded)
{
    const char *name =
        fmt(" %s ", text_fold(fmt("%s %s %s", org->name, org->short_name, text_or(org->code, ""))));
    for (char **word = text_split(folded, ' ', NULL); *word; word++)
        if (**word && !strstr(name, fmt(" %s", *word)))
            return false;
    return true;
}

/* Groups in the order of the tree: [{kind, title, orgs}]. */
static Json grouped(Request *rq, int64_t *count)
{
    const Directory *d = directory();
    const char *q = text_fold(in_str(rq, "q")), *kind = in_str(rq, "kind");
    Json groups = json_list(), by_kind = json_new();
    for (size_t i = 0; i < d->count; i++) {
        const Org *org = &d->nodes[i].org;
        if ((*kind && !text_is(kind, org->kind)) || !matches(org, q))
            continue;
        Json group = json_object_get(by_kind, org->kind);
        if (!group) {
            group = json_set_str(json_new(), "kind", org->kind);
            json_set_str(group, "title", fmt("identity.org.kinds.%s", org->kind));
            json_set(group, "orgs", json_list());
            json_set(by_kind, org->kind, group);
            json_add(groups, group);
        }
        json_add(json_at(group, "orgs"), org_model(&d->nodes[i]));
        json_set_int(group, "count", json_int(group, "count") + 1);
        ++*count;
    }
    return groups;
}

Reply orgs_list(Request *rq)
{
    int64_t count = 0;
    Json model = json_new(), groups = grouped(rq, &count);
    json_set(model, "groups", groups);
    json_set_int(model, "count", count);
    json_set_bool(model, "empty", !count);
    json_set_str(model, "q", in_str(rq, "q"));
    json_set_str(model, "kind", in_str(rq, "kind"));
    return page(rq, "identity/organisations", model);
}

static Json children_model(const OrgNode *node)
{
    const Directory *d = directory();
    Json list = json_list();
    for (size_t place = node->place + 1; place < node->end; place++)
        if (d->nodes[place].org.parent_id == node->org.id)
            json_add(list, org_model(&d->nodes[place]));
    return list;
}

/* By key or by number: /organisations/ubnd-28261. */
static const OrgNode *asked(Request *rq)
{
    const OrgNode *node = path_id(rq, "id") ? org_node(path_id(rq, "id")) : NULL;
    return node ? node : map_get(&directory()->by_key, path_str(rq, "id"));
}

Reply orgs_show(Request *rq)
{
    const OrgNode *node = asked(rq);
    if (!node)
        return not_found(rq, "identity.org.missing");
    Json model = org_model(node);
    const OrgNode *parent = org_node(node->org.parent_id);
    json_set(model, "parent", parent ? org_model(parent) : NULL);
    json_set(model, "children", children_model(node));
    json_set_int(model, "children_count", (int64_t)json_array_size(json_at(model, "children")));
    json_set(model, "names",
             db_rows(rq->db,
                     "select name, short_name, valid_from, valid_to from iam_org_name where org_id = ?1 "
                     "order by valid_from desc",
                     I(node->org.id)));
    json_set_bool(model, "renamed", json_array_size(json_at(model, "names")) > 1);
    return page(rq, "identity/organisation", model);
}
