/* Who may come in, how long they stay, what they may do there: on the store, without HTTP around it. The
 * handlers are called as the app room calls them, with requests made by hand. */
#include "platform/identity/tests/house.h"
#include "platform/identity/accounts.h"
#include "platform/identity/directory.h"
#include "platform/identity/keys.h"
#include "platform/identity/password.h"
#include "platform/identity/sessions.h"
#include "platform/identity/throttle.h"
#include "platform/audit/audit.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/test.h"
#include "base/text.h"

#include <string.h>
#include <unistd.h>

/* ---- numbers ---- */

TEST(the_tax_code_of_the_specification_holds_and_a_slip_does_not)
{
    CHECK(tax_code_valid("1402000019"));
    CHECK(!tax_code_valid("1402000018"));
    CHECK(!tax_code_valid("1402000091"));
    CHECK(tax_code_valid("1402000019-001"));
    CHECK(!tax_code_valid("1402000019-01"));
    CHECK(!tax_code_valid("140200001x"));
    CHECK(!tax_code_valid(""));
    CHECK(tax_code_valid("0100109106"));   /* Viettel, as on its invoices */
    CHECK(tax_code_valid("0300588569"));   /* Vinamilk */
    CHECK(tax_code_valid("087090900001")); /* a person's own number, since 2025-07-01 */
}

TEST(a_personal_number_has_a_province_a_century_and_a_year_that_has_been)
{
    CHECK(personal_number_valid("087090900001"));
    CHECK(personal_number_valid("082225900001"));  /* a boy born in 2025 */
    CHECK(!personal_number_valid("087299900001")); /* 2099 */
    CHECK(!personal_number_valid("003090900001")); /* there is no province 003 */
    CHECK(!personal_number_valid("08709090000"));
    CHECK(!personal_number_valid("0870909000012"));
    CHECK(!personal_number_valid("08709090000a"));
    CHECK(!personal_number_valid(NULL));
}

/* ---- passwords ---- */

TEST(argon2id_of_another_program_is_verified)
{
    /* a vector of the reference implementation (src/test.c): Argon2id, version 19, t 2, m 2^16, p 1 */
    const char *hash =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    CHECK(password_verify(hash, "password"));
    CHECK(!password_verify(hash, "passwore"));
    CHECK(!password_verify(NULL, "password"));
    CHECK(password_outdated(hash, false));
    CHECK(!password_outdated(password_hash("sen-sen-sen"), false));
    CHECK(password_outdated(password_hash("sen-sen-sen"), true));
}

TEST(a_password_is_the_same_however_its_marks_are_typed)
{
    const char *composed = "mật khẩu dài", *decomposed = "ma\u0323\u0302t kha\u0302\u0309u da\u0300i";
    CHECK(strcmp(composed, decomposed) != 0);
    CHECK(password_verify(password_hash(composed), decomposed));
}

TEST(guessable_passwords_are_refused)
{
    CHECK_TEXT(password_weakness("matkhau123", "an"), "identity.password.common");
    CHECK_TEXT(password_weakness("P@ssw0rd", "an"), "identity.password.common");
    CHECK_TEXT(password_weakness("abcdefghij", "an"), "identity.password.common");
    CHECK_TEXT(password_weakness("ngắn", "an"), "identity.password.short");
    CHECK_TEXT(password_weakness("nguyen.van.a-2026", "nguyen.van.a"), "identity.password.name");
    CHECK(password_weakness("con cò bay lả bay la", "an") == NULL);
}

TEST(the_delay_doubles_after_five_failures_up_to_a_quarter_of_an_hour)
{
    CHECK_INT(throttle_delay_s(4), 0);
    CHECK_INT(throttle_delay_s(5), 1);
    CHECK_INT(throttle_delay_s(9), 16);
    CHECK_INT(throttle_delay_s(14), 512);
    CHECK_INT(throttle_delay_s(15), 900);
    CHECK_INT(throttle_delay_s(5000), 900);
}

TEST(networks_are_slash_24_and_slash_48)
{
    CHECK_TEXT(network_of("203.0.113.77"), "203.0.113.0/24");
    CHECK_TEXT(network_of("2001:db8:7:9::1"), "2001:db8:7::/48");
    CHECK_TEXT(network_of("nonsense"), "?");
}

TEST(only_paths_of_this_site_are_followed_after_signing_in)
{
    CHECK(path_is_local("/dossiers?sort=-due_at"));
    CHECK(!path_is_local("//evil.example"));
    CHECK(!path_is_local("/\\evil.example"));
    CHECK(!path_is_local("https://evil.example"));
    CHECK(!path_is_local("/a\nSet-Cookie: x"));
    CHECK(!path_is_local(""));
}

/* ---- organisations ---- */

TEST(the_tree_holds_the_province_its_departments_and_102_communes)
{
    House *h = house_open();
    const Org **orgs;
    size_t count = orgs_all(&orgs), communes = 0;
    for (size_t i = 0; i < count; i++)
        communes += text_is(orgs[i]->kind, "people_committee_commune");
    CHECK_INT((int64_t)communes, 102);
    CHECK_INT((int64_t)count, 127); /* and the committee, 13 departments, 11 central bodies; no templates */
    const Org *province = org_by_key("ubnd-tinh"), *ward = org_by_key("ubnd-28261");
    CHECK_TEXT(ward->name, "Ủy ban nhân dân phường Mỹ Tho");
    CHECK_TEXT(ward->unit_code, "28261");
    CHECK_TEXT(province->code, "H20");
    CHECK(org_within(ward->id, province->id));
    CHECK(!org_within(province->id, ward->id));
    CHECK(!org_within(org_by_key("cat")->id, province->id)); /* the police are a central body */
    CHECK(org_by_key("sdttg") == NULL);
    CHECK(org_by_id(ward->id) == ward);
    house_close(h);
}

static void load_again(Db *db, void *argument)
{
    (void)argument;
    identity_solution.load_reference(db);
}

static void rename_ward(Db *db, void *argument)
{
    (void)argument;
    int64_t id = org_by_key("ubnd-28261")->id;
    db_exec(db, "update iam_org_name set valid_to = ?2 where org_id = ?1", I(id), I(now_ms() - 1));
    db_exec(db,
            "insert into iam_org_name (org_id, name, short_name, name_fold, valid_from) values (?1, 'Phường "
            "mới', 'PM', 'phuong moi', ?2)",
            I(id), I(now_ms() - 1));
    directory_changed(db);
}

TEST(reference_data_are_loaded_once_and_a_change_reaches_the_snapshot)
{
    House *h = house_open();
    int64_t id = org_by_key("ubnd-28261")->id;
    const Org *before = org_by_id(id);
    store_write_wait(h->store, load_again, NULL);
    CHECK_INT(org_by_key("ubnd-28261")->id, id);
    CHECK_INT(house_int(h, "select count(*) from iam_org"), 127);
    CHECK_INT(house_int(h, "select count(*) from iam_org_name"), 127);
    store_write_wait(h->store, rename_ward, NULL);
    house_request(h, NULL);
    CHECK_TEXT(org_by_id(id)->name, "Phường mới");
    CHECK_TEXT(before->name,
               "Ủy ban nhân dân phường Mỹ Tho"); /* whoever held the old snapshot still reads it */
    house_close(h);
}

/* ---- persons ---- */

TEST(a_personal_number_is_kept_sealed_and_found_by_its_digest)
{
    House *h = house_open();
    int64_t account = house_citizen(h, "lan", "087190900777");
    Db *db = store_read_begin(h->store);
    int64_t person = db_int(db, "select person_id from iam_account where id = ?1", I(account));
    const char *sealed = db_text(db, "select pid_sealed from iam_person where id = ?1", I(person));
    CHECK(!strstr(sealed, "087190900777"));
    CHECK_TEXT(person_pid(db, person), "087190900777");
    CHECK_TEXT(person_pid_masked(db, person), "087******777");
    CHECK_INT(person_by_pid(db, "087190900777"), person);
    CHECK_INT(person_by_pid(db, "087190900778"), 0);
    CHECK(pid_unseal(person + 1, sealed) == NULL); /* it opens in its own row only */
    CHECK_TEXT(db_text(db, "select sex from iam_person where id = ?1", I(person)), "female");
    store_read_end(db);
    CHECK_INT(access(fmt("%s/keys/pid.key", h->folder), R_OK), 0);
    house_close(h);
}

TEST(a_lost_key_is_noticed_and_not_replaced)
{
    House *h = house_open();
    house_citizen(h, "lan", "087190900777");
    CHECK_INT(unlink(fmt("%s/keys/pid.key", h->folder)), 0);
    CHECK_FAULT(FAULT_STORE, store_write_wait(h->store, load_again, NULL));
    CHECK(access(fmt("%s/keys/pid.key", h->folder), F_OK) != 0);
    house_close(h);
}

/* ---- signing in ---- */

TEST(the_right_password_opens_a_session_and_the_old_one_ends)
{
    House *h = house_open();
    house_official(h, "an", "reception", "ubnd-28261");
    const char *first = house_sign_in(h, "an", HOUSE_PASSWORD, NULL);
    CHECK(first != NULL);
    Request *rq = house_request(h, first);
    CHECK_INT(rq->actor->kind, ACTOR_OFFICIAL);
    CHECK_TEXT(rq->actor->username, "an");
    CHECK_TEXT(rq->actor->org_name, "Ủy ban nhân dân phường Mỹ Tho");
    const char *second = house_sign_in(h, " AN ", HOUSE_PASSWORD, first);
    CHECK(second && !text_is(second, first));
    CHECK_INT(house_request(h, first)->actor->kind, ACTOR_STRANGER);
    CHECK_INT(house_request(h, second)->actor->kind, ACTOR_OFFICIAL);
    CHECK_INT(house_int(h, fmt("select count(*) from iam_session where token_hash = '%s'", second)),
              0); /* the cookie itself is nowhere */
    CHECK_INT(house_int(h, "select count(*) from audit where action = 'identity.sign-in' and result = 'ok'"),
              2);
    house_close(h);
}

TEST(unknown_names_wrong_passwords_and_locked_accounts_get_the_same_answer_after_the_same_work)
{
    House *h = house_open();
    house_official(h, "an", "reception", "ubnd-28261");
    int64_t locked = house_official(h, "khoa", "reception", "ubnd-28261");
    house_lock(h, locked);
    const char *names[] = { "an", "khoa", "khong.co" },
               *passwords[] = { "sai mật khẩu", HOUSE_PASSWORD, HOUSE_PASSWORD };
    char *answers[3];
    int64_t times[3], began = monotonic_us();
    password_hash(HOUSE_PASSWORD);
    int64_t one_hash = monotonic_us() - began;
    for (int i = 0; i < 3; i++) {
        began = monotonic_us();
        answers[i] = house_refusal(h, names[i], passwords[i]);
        times[i] = monotonic_us() - began;
    }
    CHECK_TEXT(
        answers[0],
        "422 [{\"path\":\"\",\"rule\":\"identity.sign-in.failed\",\"message\":\"identity.sign-in.failed\"}]");
    CHECK_TEXT(answers[1], answers[0]);
    CHECK_TEXT(answers[2], answers[0]);
    for (int i = 0; i < 3; i++)
        CHECK(times[i] > one_hash / 3); /* nobody was let off the hash */
    house_close(h);
}

TEST(after_nine_failures_the_tenth_waits_sixteen_seconds_known_or_not)
{
    House *h = house_open();
    house_official(h, "an", "reception", "ubnd-28261");
    const char *names[] = { "an", "khong.co" };
    for (int i = 0; i < 2; i++) {
        house_fail(h, names[i], 9);
        CHECK_TEXT(house_refusal(h, names[i], HOUSE_PASSWORD),
                   "422 "
                   "[{\"path\":\"\",\"rule\":\"identity.sign-in.wait\",\"message\":\"identity.sign-in.wait\","
                   "\"seconds\":16}]");
    }
    time_freeze(now_ms() + 17 * SECOND_MS);
    CHECK(house_sign_in(h, "an", HOUSE_PASSWORD, NULL) != NULL);
    CHECK_INT(house_int(h, "select count(*) from iam_throttle"), 1); /* the success forgave an's */
    house_close(h);
}

TEST(a_network_that_guesses_is_slowed_and_another_is_not)
{
    for (int i = 0; i < 30; i++) {
        CHECK_INT(throttle_network_s("198.51.100.0/24", 1000000), 0);
        throttle_network_failed("198.51.100.0/24", 1000000);
    }
    CHECK_INT(throttle_network_s("198.51.100.0/24", 1000000), 2);
    CHECK_INT(throttle_network_s("203.0.113.0/24", 1000000), 0);
    CHECK_INT(throttle_network_s("198.51.100.0/24", 1002000), 0);
    throttle_network_reset();
}

/* ---- sessions ---- */

static void session_ends(const char *username, int64_t idle_ms, int64_t whole_ms)
{
    House *h = house_open();
    int64_t begin = now_ms();
    time_freeze(begin);
    house_citizen(h, "dan", "087190900001");
    house_official(h, "vien", "reception", "ubnd-28261");
    house_official(h, "tri", "province_admin", NULL);
    const char *token = house_sign_in(h, username, HOUSE_PASSWORD, NULL);
    time_freeze(begin + idle_ms - 1);
    CHECK(house_request(h, token)->actor->account_id != 0);
    house_settle(h);
    time_freeze(begin + 2 * idle_ms - 2); /* it was used in between */
    CHECK(house_request(h, token)->actor->account_id != 0);
    house_settle(h);
    time_freeze(begin + 3 * idle_ms);
    CHECK_INT(house_request(h, token)->actor->account_id, 0);
    token = house_sign_in(h, username, HOUSE_PASSWORD, NULL);
    begin += 3 * idle_ms;
    for (int64_t t = 0; t < whole_ms; t += idle_ms / 2) {
        time_freeze(begin + t);
        CHECK(house_request(h, token)->actor->account_id != 0);
        house_settle(h);
    }
    time_freeze(begin + whole_ms);
    CHECK_INT(house_request(h, token)->actor->account_id, 0);
    house_close(h);
}

TEST(a_citizens_session_ends_after_15_idle_minutes_or_8_hours)
{
    session_ends("dan", 15 * MINUTE_MS, 8 * HOUR_MS);
}

TEST(an_officials_session_ends_after_30_idle_minutes_or_12_hours)
{
    session_ends("vien", 30 * MINUTE_MS, 12 * HOUR_MS);
}

TEST(an_administrators_session_ends_after_10_idle_minutes_or_4_hours)
{
    session_ends("tri", 10 * MINUTE_MS, 4 * HOUR_MS);
}

static void revoke_quietly(Db *db, void *argument)
{
    (void)argument; /* as another node would: nothing tells this one */
    db_exec(db, "update iam_session set revoked_at = 1");
}

TEST(a_session_revoked_elsewhere_is_dead_within_a_second)
{
    House *h = house_open();
    house_official(h, "an", "reception", "ubnd-28261");
    const char *token = house_sign_in(h, "an", HOUSE_PASSWORD, NULL);
    CHECK(house_request(h, token)->actor->account_id != 0);
    store_write_wait(h->store, revoke_quietly, NULL);
    usleep(1000000);
    CHECK_INT(house_request(h, token)->actor->account_id, 0);
    house_close(h);
}

TEST(locking_an_account_ends_its_sessions_at_once)
{
    House *h = house_open();
    int64_t account = house_official(h, "an", "reception", "ubnd-28261");
    const char *token = house_sign_in(h, "an", HOUSE_PASSWORD, NULL);
    CHECK(house_request(h, token)->actor->account_id != 0);
    house_lock(h, account);
    CHECK_INT(house_request(h, token)->actor->account_id, 0);
    house_close(h);
}

TEST(a_bearer_token_is_its_service_and_needs_no_form_token)
{
    House *h = house_open();
    const char *token = house_service(h, "may.do");
    Session found;
    Db *db = store_read_begin(h->store);
    CHECK(token_find(db, token, now_ms(), &found));
    CHECK_INT(found.kind, ACTOR_SERVICE);
    CHECK(!session_find(db, token, now_ms(), &found)); /* it does not open as a cookie */
    CHECK_INT(db_int(db, "select count(*) from iam_credential where material = ?1", T(token)), 0);
    store_read_end(db);
    house_close(h);
}

/* ---- rights ---- */

TEST(an_official_of_another_commune_is_out_of_scope)
{
    House *h = house_open();
    house_official(h, "an", "reception", "ubnd-28261");
    const char *token = house_sign_in(h, "an", HOUSE_PASSWORD, NULL);
    const Actor *actor = house_request(h, token)->actor;
    CHECK(house_request(h, token)->actor->grants == actor->grants); /* worked out once */
    int64_t here = org_by_key("ubnd-28261")->id, there = org_by_key("ubnd-28249")->id;
    CHECK(can(actor, "test.receive"));
    CHECK(can_for(actor, "test.receive", here));
    CHECK(!can_for(actor, "test.receive", there));
    CHECK(!can_for(actor, "test.receive", org_by_key("ubnd-tinh")->id));
    CHECK(!can(actor, "test.lead"));
    CHECK_TEXT(scope_sql(actor, "test.receive", "d.org_id"), fmt("d.org_id in (%lld)", (long long)here));
    CHECK_TEXT(scope_sql(actor, "test.lead", "d.org_id"), "1=0");
    CHECK_TEXT(scope_sql(system_actor(), "test.lead", "d.org_id"), "1=1");
    house_close(h);
}

TEST(a_role_for_the_province_reaches_its_communes_and_one_for_everywhere_all)
{
    House *h = house_open();
    house_official(h, "tinh", "leader", "ubnd-tinh");
    house_official(h, "doc", "leader", NULL);
    const Actor *actor = house_request(h, house_sign_in(h, "tinh", HOUSE_PASSWORD, NULL))->actor;
    CHECK(can_for(actor, "test.lead", org_by_key("ubnd-28249")->id));
    CHECK(!can_for(actor, "test.lead", org_by_key("cat")->id));
    actor = house_request(h, house_sign_in(h, "doc", HOUSE_PASSWORD, NULL))->actor;
    CHECK(can_for(actor, "test.lead", org_by_key("cat")->id));
    CHECK_TEXT(scope_sql(actor, "test.lead", "x"), "1=1");
    house_close(h);
}

static void assign_leader(Db *db, void *argument)
{
    role_assign(db, *(int64_t *)argument, "leader", org_by_key("ubnd-28261")->id, true);
}

TEST(a_new_role_holds_with_the_next_request_and_an_expired_one_no_longer)
{
    House *h = house_open();
    int64_t account = house_official(h, "an", "reception", "ubnd-28261");
    const char *token = house_sign_in(h, "an", HOUSE_PASSWORD, NULL);
    CHECK(!can(house_request(h, token)->actor, "test.lead"));
    store_write_wait(h->store, assign_leader, &account);
    CHECK(can(house_request(h, token)->actor, "test.lead"));
    house_run(h, fmt("update iam_assignment set valid_to = %lld where role = 'leader'",
                     (long long)now_ms() + MINUTE_MS));
    house_run(h, "update iam_account set grants_version = grants_version + 1");
    usleep(1000000);
    CHECK(can(house_request(h, token)->actor, "test.lead"));
    time_freeze(now_ms() + 2 * MINUTE_MS);
    CHECK(!can(house_request(h, token)->actor, "test.lead"));
    CHECK(can(house_request(h, token)->actor, "test.receive"));
    house_close(h);
}

TEST(whoever_has_a_role_here_or_above_is_found_for_a_task)
{
    House *h = house_open();
    int64_t here = house_official(h, "an", "reception", "ubnd-28261"),
            above = house_official(h, "tinh", "reception", "ubnd-tinh");
    house_official(h, "khac", "reception", "ubnd-28249");
    house_lock(h, house_official(h, "khoa", "reception", "ubnd-28261"));
    int64_t *accounts;
    Db *db = store_read_begin(h->store);
    CHECK_INT((int64_t)accounts_with_role(db, "reception", org_by_key("ubnd-28261")->id, &accounts), 2);
    CHECK(accounts[0] == here && accounts[1] == above);
    store_read_end(db);
    house_close(h);
}

/* ---- forms ---- */

TEST(a_form_without_the_token_of_its_session_is_refused)
{
    House *h = house_open();
    house_official(h, "an", "reception", "ubnd-28261");
    Request *rq = house_request(h, house_sign_in(h, "an", HOUSE_PASSWORD, NULL));
    CHECK(!csrf_ok(rq));
    rq->typed = json_set_str(json_new(), "_csrf", "guess");
    CHECK(!csrf_ok(rq));
    rq->typed = json_set_str(json_new(), "_csrf", rq->actor->csrf);
    CHECK(csrf_ok(rq));
    rq = house_request(h, NULL);
    rq->typed = json_set_str(json_new(), "_csrf",
                             rq->actor->csrf); /* a stranger's form without the cookie that goes with it */
    CHECK(!csrf_ok(rq));
    house_close(h);
}

TEST(signing_asks_for_a_fresh_proof)
{
    House *h = house_open();
    house_official(h, "an", "leader", "ubnd-28261");
    const char *token = house_sign_in(h, "an", HOUSE_PASSWORD, NULL);
    CHECK(identity_fresh(house_request(h, token), 5));
    time_freeze(now_ms() + 6 * MINUTE_MS);
    CHECK(!identity_fresh(house_request(h, token), 5));
    const char *renewed = house_again(h, token, "sai mật khẩu");
    CHECK(renewed == NULL);
    renewed = house_again(h, token, HOUSE_PASSWORD);
    CHECK(renewed && !text_is(renewed, token));
    CHECK(identity_fresh(house_request(h, renewed), 5));
    CHECK_INT(house_request(h, token)->actor->kind, ACTOR_STRANGER);
    house_close(h);
}

int main(void)
{
    return run_tests((Test[]){
        TEST_CASE(the_tax_code_of_the_specification_holds_and_a_slip_does_not),
        TEST_CASE(a_personal_number_has_a_province_a_century_and_a_year_that_has_been),
        TEST_CASE(argon2id_of_another_program_is_verified),
        TEST_CASE(a_password_is_the_same_however_its_marks_are_typed),
        TEST_CASE(guessable_passwords_are_refused),
        TEST_CASE(the_delay_doubles_after_five_failures_up_to_a_quarter_of_an_hour),
        TEST_CASE(networks_are_slash_24_and_slash_48),
        TEST_CASE(only_paths_of_this_site_are_followed_after_signing_in),
        TEST_CASE(the_tree_holds_the_province_its_departments_and_102_communes),
        TEST_CASE(reference_data_are_loaded_once_and_a_change_reaches_the_snapshot),
        TEST_CASE(a_personal_number_is_kept_sealed_and_found_by_its_digest),
        TEST_CASE(a_lost_key_is_noticed_and_not_replaced),
        TEST_CASE(the_right_password_opens_a_session_and_the_old_one_ends),
        TEST_CASE(unknown_names_wrong_passwords_and_locked_accounts_get_the_same_answer_after_the_same_work),
        TEST_CASE(after_nine_failures_the_tenth_waits_sixteen_seconds_known_or_not),
        TEST_CASE(a_network_that_guesses_is_slowed_and_another_is_not),
        TEST_CASE(a_citizens_session_ends_after_15_idle_minutes_or_8_hours),
        TEST_CASE(an_officials_session_ends_after_30_idle_minutes_or_12_hours),
        TEST_CASE(an_administrators_session_ends_after_10_idle_minutes_or_4_hours),
        TEST_CASE(a_session_revoked_elsewhere_is_dead_within_a_second),
        TEST_CASE(locking_an_account_ends_its_sessions_at_once),
        TEST_CASE(a_bearer_token_is_its_service_and_needs_no_form_token),
        TEST_CASE(an_official_of_another_commune_is_out_of_scope),
        TEST_CASE(a_role_for_the_province_reaches_its_communes_and_one_for_everywhere_all),
        TEST_CASE(a_new_role_holds_with_the_next_request_and_an_expired_one_no_longer),
        TEST_CASE(whoever_has_a_role_here_or_above_is_found_for_a_task),
        TEST_CASE(a_form_without_the_token_of_its_session_is_refused),
        TEST_CASE(signing_asks_for_a_fresh_proof),
        { 0 } });
}
