/* sen init --demo: four officials for each of the 102 communes and each department, the well-known accounts
 * that the sign-in page lists, and fifty citizens. All of them share one password and one hash of it,
 * computed once: five hundred hashes would take twenty seconds. */
#include "platform/identity/demo.h"
#include "platform/identity/demo_names.h"
#include "platform/identity/accounts.h"
#include "platform/identity/grants.h"
#include "platform/app/app.h"
#include "base/arena.h"
#include "base/text.h"

#include <string.h>

enum { CITIZENS = 50 };

/* Every name, role and place that people are told about; the first at each place takes the post that would be
 * made up otherwise. */
const DemoAccount demo_accounts[] = {
    { "cong.dan", "Nguyễn Thị Lan", NULL, "citizen", NULL, false, "identity.demo.citizen" },
    { "mot.cua", "Trần Thị Ngọc Hạnh", "Công chức tiếp nhận – một cửa", "reception", "ubnd-28261", false,
      "identity.demo.reception" },
    { "chuyen.vien", "Lê Minh Khoa", "Chuyên viên", "specialist", "ubnd-28261", false,
      "identity.demo.specialist" },
    { "lanh.dao", "Huỳnh Quốc Thắng", "Chủ tịch", "leader", "ubnd-28261", false, "identity.demo.leader" },
    { "van.thu", "Phạm Thị Thu Cúc", "Văn thư", "clerk", "ubnd-28261", false, "identity.demo.clerk" },
    { "mot.cua.2", "Võ Thanh Tuyền", "Công chức tiếp nhận – một cửa", "reception", "ubnd-28249", false,
      "identity.demo.reception-2" },
    { "giam.doc", "Đặng Hoàng Nam", "Giám đốc Trung tâm Phục vụ hành chính công", "director", "vpub", true,
      "identity.demo.director" },
    { "quan.tri", "Ngô Đức Trí", "Quản trị viên", "province_admin", "skhcn", true, "identity.demo.admin" },
    { "kiem.toan", "Mai Bích Liên", "Thanh tra viên", "auditor", "ttra", true, "identity.demo.auditor" },
    { 0 },
};

typedef struct Post {
    const char *role, *prefix, *commune_title, *department_title;
} Post;

static const Post posts[] = {
    { "reception", "mot.cua", "Công chức tiếp nhận – một cửa", "Công chức tiếp nhận – một cửa" },
    { "specialist", "chuyen.vien", "Chuyên viên", "Chuyên viên" },
    { "leader", "lanh.dao", "Chủ tịch", "Giám đốc" },
    { "clerk", "van.thu", "Văn thư", "Văn thư" },
};

typedef struct Loading {
    const char *hash;
    uint64_t seed;
    int number;
} Loading;

static bool taken(const Post *post, const char *org_key)
{
    for (const DemoAccount *d = demo_accounts; d->username; d++)
        if (text_is(d->role, post->role) && text_is(d->org_key, org_key))
            return true;
    return false;
}

static void give_title(Db *db, int64_t account, const char *title)
{
    db_exec(db, "update iam_account set title = ?2 where id = ?1", I(account), T(title));
}

static void add_known(Db *db, Loading *l, const DemoAccount *d)
{
    const Org *org = d->org_key ? org_by_key(d->org_key) : NULL;
    bool female = strstr(d->name, "Thị") || strstr(d->name, "Bích") || strstr(d->name, "Tuyền");
    DemoPerson person = demo_person(&l->seed, female, ++l->number);
    int64_t account = account_create(db, org ? ACTOR_OFFICIAL : ACTOR_CITIZEN, d->username, l->hash, d->name,
                                     person.pid, org ? org->id : 0);
    if (!org)
        return;
    give_title(db, account, d->title);
    role_assign(db, account, d->role, d->everywhere ? 0 : org->id, true);
}

/* "mot.cua.28270" at a commune, "mot.cua.stp" at a department. */
static void add_post(Db *db, Loading *l, const Post *post, const Org *org)
{
    bool commune = text_is(org->kind, "people_committee_commune");
    DemoPerson person = demo_person(&l->seed, demo_random(&l->seed, 2), ++l->number);
    const char *username = fmt("%s.%s", post->prefix, commune ? org->unit_code : org->key);
    int64_t account = account_create(db, ACTOR_OFFICIAL, username, l->hash, person.name, person.pid, org->id);
    give_title(db, account, commune ? post->commune_title : post->department_title);
    role_assign(db, account, post->role, org->id, true);
}

static void add_officials(Db *db, Loading *l)
{
    const Org **orgs;
    size_t count = orgs_all(&orgs);
    for (size_t i = 0; i < count; i++) {
        if (!text_is(orgs[i]->kind, "people_committee_commune") && !text_is(orgs[i]->kind, "department"))
            continue;
        for (size_t p = 0; p < sizeof posts / sizeof *posts; p++)
            if (!taken(&posts[p], orgs[i]->key))
                add_post(db, l, &posts[p], orgs[i]);
    }
}

static void add_citizens(Db *db, Loading *l)
{
    for (int i = 2; i <= CITIZENS; i++) { /* the first is cong.dan */
        DemoPerson person = demo_person(&l->seed, demo_random(&l->seed, 2), ++l->number);
        account_create(db, ACTOR_CITIZEN, fmt("cong.dan.%d", i), l->hash, person.name, person.pid, 0);
    }
}

static void load(Db *db, void *argument)
{
    Loading l = *(Loading *)argument; /* a copy: the work may be run again */
    for (const DemoAccount *d = demo_accounts; d->username; d++)
        add_known(db, &l, d);
    add_officials(db, &l);
    add_citizens(db, &l);
}

void demo_load(Store *store)
{
    Loading l = { .hash = password_hash(DEMO_PASSWORD), .seed = 20250701 };
    store_write_wait(store, load, &l);
}

void print_demo_accounts(FILE *out)
{
    fprintf(out, "Demonstration accounts, all with the password %s:\n", DEMO_PASSWORD);
    for (const DemoAccount *d = demo_accounts; d->username; d++) {
        const Org *org = d->org_key ? org_by_key(d->org_key) : NULL;
        fprintf(out, "  %-12s %s%s%s%s%s\n", d->username, d->name, d->title ? ", " : "",
                text_or(d->title, ", công dân"), org ? ", " : "", org ? org->short_name : "");
    }
}
