/* Giving roles, and finding who has one. */
#include "platform/identity/grants.h"
#include "platform/identity/directory.h"
#include "platform/identity/roles.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/text.h"

void role_assign(Db *db, int64_t account_id, const char *role, int64_t org_id, bool subtree)
{
    if (!role_named(role))
        raise_fault(FAULT_INTERNAL, "identity.role", "there is no role \"%s\"", role);
    int64_t now = now_ms();
    db_exec(db,
            "insert into iam_assignment (id, account_id, role, org_id, subtree, valid_from, created_at) "
            "values (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            I(id_new()), I(account_id), T(role), ID(org_id), B(subtree), I(now));
    grants_changed(db, account_id);
}

/* "123,124,…": the organisation and all above it, whose subtree holds it. */
static const char *above(int64_t org_id)
{
    Buf list = { 0 };
    buf_text(&list, "0");
    for (const Org *org = org_by_id(org_id); org; org = org_by_id(org->parent_id))
        buf_fmt(&list, ",%lld", (long long)org->id);
    return buf_end(&list);
}

size_t accounts_with_role(Db *db, const char *role, int64_t org_id, int64_t **accounts)
{
    Json rows = db_rows(
        db,
        fmt("select distinct a.id from iam_assignment g join iam_account a on a.id = g.account_id "
            "where g.role = ?1 and a.state = 'active' and g.valid_from <= ?3 and (g.valid_to is null or "
            "g.valid_to > ?3) "
            "and (g.org_id is null or g.org_id = ?2 or (g.subtree and g.org_id in (%s))) order by a.id",
            above(org_id)),
        T(role), I(org_id), I(now_ms()));
    size_t count = json_array_size(rows);
    *accounts = alloc_array(count + 1, sizeof **accounts);
    json_each (rows, i, row)
        (*accounts)[i] = json_id(row, "id");
    return count;
}
