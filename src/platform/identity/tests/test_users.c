/* What administrators can do to accounts, and above all what they cannot (spec 19 §8). On either engine:
 * house.c opens the store with test_store_open(). */
#include "platform/identity/tests/house.h"
#include "platform/identity/accounts.h"
#include "platform/identity/pages.h"
#include "platform/audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/test.h"
#include "base/text.h"

#include <string.h>

/* A request of this account about that one. */
static Request *about(House *h, const char *who, int64_t whom)
{
    Request *rq = house_request(h, house_sign_in(h, who, HOUSE_PASSWORD, NULL));
    rq->path_values = json_set_id(json_new(), "id", whom);
    json_set_str(rq->input, "reason", "theo quyết định");
    return rq;
}

/* What comes of giving a role: the status, and what was wrong. org_key NULL: everywhere. */
static const char *given(House *h, const char *who, int64_t whom, const char *role, const char *org_key,
                         bool subtree)
{
    Request *rq = about(h, who, whom);
    json_set_str(rq->input, "role", role);
    if (org_key)
        json_set_id(rq->input, "org_id", org_by_key(org_key)->id);
    json_set_bool(rq->input, "subtree", subtree);
    Reply reply = house_write(h, rq, user_assign);
    return fmt("%d %s", reply.status,
               has_errors(rq) ? json_str(json_array_get(rq->errors, 0), "rule") : text_or(reply.code, ""));
}

TEST(an_administrator_gives_ordinary_roles_and_the_privileged_ones_that_he_holds)
{
    House *h = house_open();
    int64_t an = house_official(h, "an", NULL, "ubnd-28261");
    house_official(h, "tri", "province_admin", NULL);
    CHECK_TEXT(given(h, "tri", an, "reception", "ubnd-28261", true), "201 ");
    CHECK_TEXT(given(h, "tri", an, "province_admin", NULL, true), "201 ");
    CHECK_TEXT(given(h, "tri", an, "auditor", NULL, true), "422 identity.role.not-held");
    CHECK_TEXT(given(h, "tri", an, "security", "ubnd-28261", false), "422 identity.role.not-held");
    CHECK_TEXT(given(h, "tri", an, "emperor", NULL, true), "422 identity.role.missing");
    CHECK(can(house_request(h, house_sign_in(h, "an", HOUSE_PASSWORD, NULL))->actor, "test.receive"));
    CHECK_INT(house_int(h, "select count(*) from iam_assignment where role in ('auditor', 'security')"), 0);
    house_close(h);
}

TEST(nobody_gives_himself_anything)
{
    House *h = house_open();
    int64_t tri = house_official(h, "tri", "province_admin", NULL);
    CHECK_TEXT(given(h, "tri", tri, "reception", "ubnd-28261", true), "403 identity.users.own");
    CHECK_INT(house_write(h, about(h, "tri", tri), user_lock).status, 403);
    CHECK_INT(house_write(h, about(h, "tri", tri), user_reset).status, 403);
    house_close(h);
}

TEST(the_administrator_of_one_body_stays_within_it)
{
    House *h = house_open();
    int64_t here = house_official(h, "an", NULL, "ubnd-28261"),
            there = house_official(h, "khac", NULL, "ubnd-28249");
    house_official(h, "phuong", "province_admin", "ubnd-28261");
    CHECK_TEXT(given(h, "phuong", here, "reception", "ubnd-28261", true), "201 ");
    CHECK_TEXT(given(h, "phuong", here, "reception", "ubnd-28249", true), "422 identity.role.out-of-reach");
    CHECK_TEXT(given(h, "phuong", here, "reception", NULL, true), "422 identity.role.out-of-reach");
    CHECK_TEXT(given(h, "phuong", there, "reception", "ubnd-28261", true), "404 identity.user.missing");
    house_close(h);
}

TEST(the_last_administrator_of_the_province_cannot_be_removed)
{
    House *h = house_open();
    int64_t tri = house_official(h, "tri", "province_admin", NULL);
    house_official(h, "tinh", "province_admin", "ubnd-tinh");
    CHECK_INT(house_write(h, about(h, "tinh", tri), user_lock).status, 409);
    house_official(h, "hai", "province_admin", NULL);
    CHECK_INT(house_write(h, about(h, "tinh", tri), user_lock).status, 200);
    CHECK(house_sign_in(h, "tri", HOUSE_PASSWORD, NULL) == NULL);
    house_close(h);
}

TEST(an_account_with_more_power_cannot_be_taken_over)
{
    House *h = house_open();
    int64_t auditor = house_official(h, "lien", "auditor", NULL);
    house_official(h, "tri", "province_admin", NULL);
    CHECK_INT(house_write(h, about(h, "tri", auditor), user_reset).status, 403);
    CHECK_INT(house_write(h, about(h, "tri", auditor), user_lock).status, 403);
    CHECK_INT(house_int(h, "select count(*) from iam_credential where type = 'recovery'"), 0);
    house_close(h);
}

TEST(a_role_taken_back_ends_at_once)
{
    House *h = house_open();
    int64_t an = house_official(h, "an", "reception", "ubnd-28261");
    house_official(h, "tri", "province_admin", NULL);
    const char *token = house_sign_in(h, "an", HOUSE_PASSWORD, NULL);
    CHECK(can(house_request(h, token)->actor, "test.receive"));
    Request *rq = about(h, "tri", an);
    json_set_id(rq->path_values, "assignment",
                house_int(h, "select id from iam_assignment where role = 'reception'"));
    CHECK_INT(house_write(h, rq, user_revoke).status, 200);
    CHECK(!can(house_request(h, token)->actor, "test.receive"));
    CHECK_INT(house_write(h, rq, user_revoke).status, 404);
    house_close(h);
}

TEST(personal_numbers_are_shown_masked_and_looking_is_recorded)
{
    House *h = house_open();
    int64_t lan = house_citizen(h, "lan", "087190900777");
    house_official(h, "tri", "province_admin", NULL);
    Reply reply = house_call(h, about(h, "tri", lan), users_show);
    const char *text = json_text(reply.model);
    CHECK_TEXT(json_str(reply.model, "pid_masked"), "087******777");
    CHECK(!strstr(text, "087190900777"));
    audit_flush();
    CHECK_INT(
        house_int(
            h,
            fmt("select count(*) from audit where action = 'identity.user.read' and object = 'account:%lld'",
                (long long)lan)),
        1);
    house_close(h);
}

TEST(a_link_sets_a_password_once)
{
    House *h = house_open();
    int64_t an = house_official(h, "an", "reception", "ubnd-28261");
    house_official(h, "tri", "province_admin", NULL);
    const char *before = house_sign_in(h, "an", HOUSE_PASSWORD, NULL);
    Reply reply = house_write(h, about(h, "tri", an), user_reset);
    const char *token = strstr(json_str(reply.model, "link"), "token=") + strlen("token=");
    CHECK(house_request(h, before)->actor->account_id != 0); /* until the link is used, nothing has changed */
    for (int i = 0; i < 2; i++) {
        Request *rq = house_request(h, NULL);
        json_set_str(rq->input, "token", token);
        json_set_str(rq->input, "password", "đồng xanh lúa chín");
        json_set_str(rq->input, "password_again", "đồng xanh lúa chín");
        CHECK_INT(house_call(h, rq, recovery_post).status, i ? 410 : 200);
    }
    CHECK_INT(house_request(h, before)->actor->account_id, 0);
    CHECK(house_sign_in(h, "an", HOUSE_PASSWORD, NULL) == NULL);
    CHECK(house_sign_in(h, "an", "đồng xanh lúa chín", NULL) != NULL);
    house_close(h);
}

TEST(changing_the_password_ends_the_other_sessions)
{
    House *h = house_open();
    house_official(h, "an", "reception", "ubnd-28261");
    const char *other = house_sign_in(h, "an", HOUSE_PASSWORD, NULL),
               *mine = house_sign_in(h, "an", HOUSE_PASSWORD, NULL);
    Request *rq = house_request(h, mine);
    json_set_str(rq->input, "current", "không phải");
    json_set_str(rq->input, "password", "đồng xanh lúa chín");
    json_set_str(rq->input, "password_again", "đồng xanh lúa chín");
    CHECK_INT(house_call(h, rq, account_password_post).status, 422);
    rq->errors = json_list();
    json_set_str(rq->input, "current", HOUSE_PASSWORD);
    Reply reply = house_call(h, rq, account_password_post);
    CHECK_INT(reply.status, 200);
    CHECK_INT(house_request(h, other)->actor->account_id, 0);
    CHECK_INT(house_request(h, mine)->actor->account_id, 0);
    CHECK(house_request(h, house_cookie(&reply))->actor->account_id != 0);
    house_close(h);
}

TEST(the_demonstration_fills_every_commune_and_every_account_can_come_in)
{
    House *h = house_open();
    identity_solution.load_demo(h->store);
    static const char *const posts[] = { "reception", "specialist", "leader", "clerk" };
    for (int i = 0; i < 4; i++)
        CHECK_INT(
            house_int(
                h,
                fmt("select count(distinct g.org_id) from iam_assignment g join iam_org o on o.id = g.org_id "
                    "where g.role = '%s' and o.kind = 'people_committee_commune'",
                    posts[i])),
            102);
    CHECK_INT(house_int(h, "select count(*) from iam_account where kind = 'citizen'"), 50);
    CHECK_INT(house_int(h, "select count(distinct material) from iam_credential"), 1);
    Db *db = store_read_begin(h->store);
    Json people = db_rows(db, "select id from iam_person");
    json_each (people, i, person) {
        const char *pid = person_pid(db, json_id(person, "id"));
        CHECK(personal_number_valid(pid));
        CHECK(strcmp(pid + 6, "900000") >= 0);
    }
    store_read_end(db);
    for (const DemoAccount *d = demo_accounts; d->username; d++) {
        const Actor *actor = house_request(h, house_sign_in(h, d->username, DEMO_PASSWORD, NULL))->actor;
        CHECK_TEXT(actor->name, d->name);
        CHECK_TEXT(actor->org_name, d->org_key ? org_by_key(d->org_key)->name : NULL);
    }
    house_close(h);
}

int main(void)
{
    return run_tests(
        (Test[]){ TEST_CASE(an_administrator_gives_ordinary_roles_and_the_privileged_ones_that_he_holds),
                  TEST_CASE(nobody_gives_himself_anything),
                  TEST_CASE(the_administrator_of_one_body_stays_within_it),
                  TEST_CASE(the_last_administrator_of_the_province_cannot_be_removed),
                  TEST_CASE(an_account_with_more_power_cannot_be_taken_over),
                  TEST_CASE(a_role_taken_back_ends_at_once),
                  TEST_CASE(personal_numbers_are_shown_masked_and_looking_is_recorded),
                  TEST_CASE(a_link_sets_a_password_once),
                  TEST_CASE(changing_the_password_ends_the_other_sessions),
                  TEST_CASE(the_demonstration_fills_every_commune_and_every_account_can_come_in),
                  { 0 } });
}
