/* Roles are data: the table below names them, and each solution's Permission.roles says which of them hold a
 * right from the start. Both go into the store at each start (iam_role, iam_role_permission), from where the
 * snapshot is read. */
#include "platform/identity/roles.h"
#include "platform/identity/directory.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"

#include <string.h>

const Role roles[] = {
    { "citizen", false, true },        /* công dân */
    { "reception", false, false },     /* công chức tiếp nhận – một cửa */
    { "specialist", false, false },    /* chuyên viên */
    { "leader", false, false },        /* lãnh đạo */
    { "clerk", false, false },         /* văn thư */
    { "director", false, false },      /* giám đốc trung tâm phục vụ hành chính công */
    { "process_owner", false, false }, /* chủ quy trình */
    { "province_admin", true, false }, /* quản trị tỉnh */
    { "security", true, false },       /* an toàn thông tin */
    { "auditor", true, false },        /* kiểm toán, thanh tra */
    { 0 },
};

const Role *role_named(const char *name)
{
    for (const Role *role = roles; role->name; role++)
        if (text_is(role->name, name))
            return role;
    return NULL;
}

char *role_title(const char *name)
{
    return fmt("identity.role.%s", name);
}

/* ---- reference data ---- */

static bool load_role(Db *db, const Role *role)
{
    return db_exec(db,
                   "insert into iam_role (name, title, privileged) values (?1, ?2, ?3) on conflict (name) do "
                   "update set title = excluded.title, "
                   "privileged = excluded.privileged where iam_role.title <> excluded.title or "
                   "iam_role.privileged <> excluded.privileged",
                   T(role->name), T(role_title(role->name)), B(role->privileged)) > 0;
}

static bool load_permission(Db *db, const Permission *p, Map *wanted)
{
    bool changed = false;
    for (char **role = text_split(text_or(p->roles, ""), ' ', NULL); *role; role++) {
        if (!**role)
            continue;
        if (!role_named(*role))
            raise_fault(FAULT_INTERNAL, "identity.role",
                        "permission %s names the role \"%s\", which roles.c does not know", p->name, *role);
        map_put(wanted, fmt("%s %s", *role, p->name), (void *)p);
        changed |= db_exec(db,
                           "insert into iam_role_permission (role, permission) values (?1, ?2) on conflict "
                           "(role, permission) do nothing",
                           T(*role), T(p->name)) > 0;
    }
    return changed;
}

/* Rights that no solution gives any more. */
static bool remove_others(Db *db, const Map *wanted)
{
    bool changed = false;
    Json rows = db_rows(db, "select role, permission from iam_role_permission");
    json_each (rows, i, row) {
        const char *role = json_str(row, "role"), *permission = json_str(row, "permission");
        if (map_get(wanted, fmt("%s %s", role, permission)))
            continue;
        db_exec(db, "delete from iam_role_permission where role = ?1 and permission = ?2", T(role),
                T(permission));
        changed = true;
    }
    return changed;
}

void roles_load_reference(Db *db)
{
    bool changed = false;
    Map wanted = { 0 };
    for (const Role *role = roles; role->name; role++)
        changed |= load_role(db, role);
    for (const Solution *const *solution = solutions(); *solution; solution++)
        for (const Permission *p = (*solution)->permissions; p && p->name; p++)
            changed |= load_permission(db, p, &wanted);
    changed |= remove_others(db, &wanted);
    if (changed)
        directory_changed(db);
}

/* ---- snapshot ---- */

void roles_read(Db *db, Directory *d)
{
    for (const Role *role = roles; role->name; role++) {
        RoleRights *rights = alloc(sizeof *rights);
        *rights = (RoleRights){ .name = role->name,
                                .title = role_title(role->name),
                                .privileged = role->privileged };
        map_put(&d->roles, role->name, rights);
    }
    Json rows = db_rows(db, "select role, permission from iam_role_permission order by role, permission");
    json_each (rows, i, row) {
        RoleRights *rights = map_get(&d->roles, json_str(row, "role"));
        if (rights)
            vec_add(&rights->permissions, (void *)json_str(row, "permission"));
    }
}
