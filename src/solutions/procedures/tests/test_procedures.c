/* The room as people use it: every path through its real routes, on the real catalogue, processes and
 * signatures. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/test.h"
#include "base/text.h"
#include "platform/files/files.h"
#include "platform/search/search.h"
#include "platform/signatures/signatures.h"
#include "solutions/procedures/public.h"
#include "solutions/procedures/results.h"
#include "solutions/procedures/tests/office.h"
#include "solutions/procedures/verify.h"

#include <string.h>

#define COPY      "2.000815"
#define RESIDENCE "1.004222"
#define LAND      "1.115760"

static void load_again(Db *db, void *argument)
{
    (void)argument;
    catalogue_load(db);
}

TEST(the_catalogue_holds_103_procedures_and_the_same_content_makes_no_new_version)
{
    office_open();
    CHECK_INT(office_int("select count(*) from prc_procedure"), 103);
    CHECK_INT(office_int("select count(*) from prc_version"), 103);
    CHECK_INT(office_int("select count(*) from prc_version where not sample"), 81);
    store_write_wait(office_store(), load_again, NULL);
    CHECK_INT(office_int("select count(*) from prc_version"), 103);
}

static const char *first_found(const char *typed)
{
    Reply reply = office_get(STRANGER, fmt("/procedures?q=%s", url_encode(typed)));
    CHECK_INT(reply.status, 200);
    return json_str(json_array_get(json_at(reply.model, "items"), 0), "code");
}

TEST(a_procedure_is_found_by_words_without_marks)
{
    CHECK_TEXT(first_found("chung thuc ban sao"), COPY);
    CHECK_TEXT(first_found("khai sinh"), "1.001193");
    CHECK_TEXT(first_found("Đăng ký kết hôn"), "1.000894");
}

static FeeQuote quote(const char *procedure, int64_t channel, int64_t pages, int64_t copies)
{
    Version v;
    Db *db = store_read_begin(office_store());
    CHECK(version_in_force(db, procedure, &v));
    FeeQuote fee = version_fee(db, &v, &(FeeCase){ (Channel)channel, pages, copies, false });
    store_read_end(db);
    return fee;
}

TEST(fees_are_quoted_from_the_catalogue_and_what_is_not_known_is_not_called_free)
{
    CHECK_INT(quote(COPY, CHANNEL_ONLINE, 5, 3).vnd, 21000);
    CHECK_INT(quote(RESIDENCE, CHANNEL_ONLINE, 1, 1).vnd, 10000);
    CHECK_INT(quote(RESIDENCE, CHANNEL_COUNTER, 1, 1).vnd, 20000);
    CHECK(!quote("1.004873", CHANNEL_ONLINE, 1, 1).known);
    CHECK(!quote("1.001622", CHANNEL_ONLINE, 1, 1).known);
    CHECK(!quote("2.001610", CHANNEL_ONLINE, 1, 1).known); /* the record says "100" đồng */
    CHECK(quote("1.000894", CHANNEL_ONLINE, 1, 1).known);  /* miễn */
}

TEST(filing_needs_a_body_the_required_papers_and_a_real_personal_number)
{
    CHECK_INT(office_post(LAN, "/procedures/" COPY "/apply", "{'step': 'details'}").status, 422);
    CHECK_INT(office_post(RECEPTION, "/procedures/" COPY "/apply", "{'step': 'details'}").status, 403);
    Reply reply = office_post(SON, "/procedures/" COPY "/apply",
                              fmt("{'step': 'details', 'org_id': '%lld', 'applicant.pid': '999999999999', "
                                  "'applicant.phone': '0912345678',"
                                  " 'applicant.address': 'x', 'document': 'x', 'pages': '1', 'copies': '1'}",
                                  (long long)org_by_key("ubnd-28261")->id));
    CHECK_TEXT(office_error(reply), "personal-id applicant.pid");
    int64_t id = office_at("submitted", COPY); /* leaves a complete one behind; the next has no papers */
    reply = office_post(
        LAN, "/procedures/" COPY "/apply",
        fmt("{'step': 'details', 'org_id': '%lld', 'applicant.phone': '0912345678', 'applicant.address': 'x',"
            " 'document': 'x', 'pages': '1', 'copies': '1'}",
            (long long)org_by_key("ubnd-28261")->id));
    const char *draft =
        fmt("/procedures/" COPY "/apply?draft=%lld", (long long)json_id(reply.model, "draft"));
    CHECK_TEXT(office_error(office_post(LAN, draft, "{'step': 'papers', 'go': 'next'}")),
               "procedures.apply.paper-missing");
    CHECK_TEXT(office_error(office_post(LAN, draft, "{'step': 'review', 'request_id': 'x'}")),
               "procedures.apply.papers-missing");
    CHECK_INT(office_post(SON, draft, "{'step': 'review', 'request_id': 'x'}").status, 404);
    CHECK_TEXT(office_dossier(id).status, "submitted");
}

TEST(a_dossier_gets_its_code_when_filed_and_the_same_submission_gives_the_same_dossier)
{
    int64_t id = office_at("submitted", COPY), before = office_int("select count(*) from prc_dossier");
    Dossier d = office_dossier(id);
    CHECK(d.code && strlen(d.code) > 20);
    CHECK_INT(d.fee_vnd, 21000);
    CHECK_INT(d.accepted_at, 0);
    Reply again = office_post(LAN, fmt("/procedures/" COPY "/apply?draft=%lld", (long long)id),
                              fmt("{'step': 'review', 'request_id': 'r%lld'}", (long long)id));
    CHECK_TEXT(json_str(again.model, "code"), d.code);
    CHECK_INT(office_int("select count(*) from prc_dossier"), before);
    CHECK_INT(
        office_int(fmt("select count(*) from prc_dossier_event where dossier_id = %lld", (long long)id)), 1);
}

TEST(a_dossier_goes_from_filing_to_a_result_that_verifies_and_is_not_shown_to_strangers)
{
    int64_t id = office_at("end", RESIDENCE);
    Dossier d = office_dossier(id);
    CHECK_TEXT(d.status, "returned"); /* filed online, it is delivered into the account */
    CHECK(d.finished_at && d.returned_at);
    Json record = office_get(LAN, fmt("/dossiers/%lld", (long long)id)).model;
    const char *verify = json_str(record, "result.verify");
    CHECK_INT(office_get(LAN, json_str(record, "result.url")).status, 200);
    CHECK_INT(office_get(SON, json_str(record, "result.url")).status, 404);
    CHECK_INT(office_get(STRANGER, json_str(record, "result.url")).status, 403);
    Reply stranger = office_get(STRANGER, verify);
    CHECK(json_bool(stranger.model, "valid"));
    CHECK_INT(json_array_size(json_at(stranger.model, "signatures")), 2);
    CHECK(!strstr(json_text(stranger.model), "đủ điều kiện")); /* never the content */
    CHECK_INT(office_get(STRANGER, "/verify/NOSUCHTOKEN").status, 404);
}

static int64_t events_of(int64_t id)
{
    return office_int(fmt("select count(*) from prc_dossier_event where dossier_id = %lld", (long long)id));
}

TEST(every_step_stands_in_the_audit_chain)
{
    int64_t id = office_at("end", COPY);
    CHECK_INT(events_of(id), 8); /* submit accept hand_over draft_result sign number issue deliver */
    CHECK_INT(
        office_int(
            fmt("select count(*) from audit where object = 'dossier:%lld' and action in "
                "('procedures.submit',"
                " 'procedures.accept', 'procedures.hand_over', 'procedures.draft_result', 'procedures.sign',"
                " 'procedures.number', 'procedures.issue', 'procedures.deliver')",
                (long long)id)),
        8);
}

TEST(only_the_desk_of_the_body_accepts_and_only_once)
{
    int64_t id = office_at("submitted", COPY);
    CHECK_INT(office_act(SPECIALIST, id, "accept", "{}").status, 403);
    CHECK_INT(office_act(LAN, id, "accept", "{}").status, 403);
    CHECK_INT(office_act(RECEPTION_ELSEWHERE, id, "accept", "{}").status, 404); /* not theirs to see */
    CHECK_INT(office_act(RECEPTION, id, "accept", "{}").status, 200);
    Reply again = office_act(RECEPTION, id, "accept", "{}");
    CHECK_INT(again.status, 409);
    CHECK_TEXT(again.code, "procedures.transition-not-allowed");
    CHECK(strstr(json_text(json_at(again.model, "allowed")), "\"request_supplement\"") != NULL);
}

TEST(a_refusal_of_intake_needs_a_ground_and_ends_the_dossier)
{
    int64_t id = office_at("submitted", COPY);
    CHECK_INT(office_act(RECEPTION, id, "refuse", "{}").status, 422);
    CHECK_TEXT(office_dossier(id).status, "submitted");
    CHECK_INT(office_act(RECEPTION, id, "refuse", "{'ground': 'Không thuộc thẩm quyền'}").status, 200);
    CHECK_TEXT(office_dossier(id).status, "refused");
    CHECK_INT(office_act(RECEPTION, id, "accept", "{}").status, 409);
    CHECK_INT(office_act(LAN, id, "withdraw", "{'reason': 'tôi xin rút'}").status, 409);
}

TEST(completion_before_acceptance_does_not_begin_the_clock)
{
    int64_t id = office_at("submitted", RESIDENCE);
    CHECK_INT(office_act(RECEPTION, id, "request-supplement",
                         "{'items': ['Hợp đồng thuê nhà'], 'ground': 'Thiếu giấy tờ'}")
                  .status,
              200);
    CHECK_TEXT(office_dossier(id).status, "incomplete");
    CHECK_INT(office_dossier(id).due_at, 0);
    CHECK_INT(office_act(RECEPTION, id, "accept", "{}").status, 409);
    CHECK_INT(office_send(LAN, fmt("/dossiers/%lld/supplement", (long long)id), "{}", "item_0").status, 200);
    CHECK_TEXT(office_dossier(id).status, "submitted");
    CHECK_INT(office_act(RECEPTION, id, "accept", "{}").status, 200);
    CHECK(office_dossier(id).due_at > 0);
}

TEST(a_supplement_in_examination_pauses_the_clock_and_both_dates_are_kept)
{
    office_now("2026-11-16T08:00");
    int64_t id =
        office_at("examine", RESIDENCE); /* 7 working days: Wed 25/11, for Tue 24 is a holiday: Thu 26/11 */
    CHECK_TEXT(time_iso_local(office_dossier(id).due_at), "2026-11-26T17:30:00+07:00");
    office_now("2026-11-18T10:00");
    CHECK_INT(office_act(RECEPTION, id, "request-supplement",
                         "{'items': ['Giấy xác nhận'], 'ground': 'Thiếu giấy tờ'}")
                  .status,
              200);
    CHECK_TEXT(office_dossier(id).status, "awaiting_supplement");
    office_now("2026-11-20T15:00");
    CHECK_TEXT(office_error(office_act(LAN, id, "supplement", "{}")), "procedures.supplement.file-missing");
    CHECK_INT(office_send(LAN, fmt("/dossiers/%lld/supplement", (long long)id), "{}", "item_0").status, 200);
    Dossier d = office_dossier(id);
    CHECK_TEXT(d.status, "in_progress");
    CHECK_TEXT(time_iso_local(d.original_due_at), "2026-11-26T17:30:00+07:00");
    CHECK_TEXT(time_iso_local(d.due_at),
               "2026-12-01T17:30:00+07:00"); /* one day had closed; six are left after Fri 20 */
    Json record = office_get(LAN, fmt("/dossiers/%lld", (long long)id)).model;
    CHECK(strstr(json_text(json_at(record, "explained")), "Ngày Văn hóa Việt Nam") != NULL);
    office_now(NULL);
}

TEST(only_the_leader_asks_a_second_time)
{
    int64_t id = office_at("examine", RESIDENCE);
    const char *ask = "{'items': ['Giấy xác nhận'], 'ground': 'Thiếu giấy tờ'}";
    CHECK_INT(office_act(SPECIALIST, id, "request-supplement", ask).status, 200);
    office_send(LAN, fmt("/dossiers/%lld/supplement", (long long)id), "{}", "item_0");
    CHECK_TEXT(office_error(office_act(RECEPTION, id, "request-supplement", ask)),
               "procedures.supplement.second-needs-leader");
    CHECK_TEXT(office_error(office_act(SPECIALIST, id, "request-supplement", ask)),
               "procedures.supplement.second-needs-leader");
    CHECK_INT(office_act(CLERK, id, "request-supplement", ask).status, 403);
    CHECK_INT(
        office_act(LEADER, id, "request-supplement", "{'items': [' '], 'ground': 'Thiếu giấy tờ'}").status,
        422);
    CHECK_INT(office_act(LEADER, id, "request-supplement", ask).status, 200);
}

TEST(a_supplement_is_asked_for_in_examination_only)
{
    int64_t id = office_at("sign", RESIDENCE);
    const char *ask = "{'items': ['Giấy xác nhận'], 'ground': 'Thiếu giấy tờ'}";
    CHECK_TEXT(office_error(office_act(RECEPTION, id, "request-supplement", ask)),
               "procedures.supplement.after-examination");
    CHECK_INT(office_act(LEADER, id, "return-draft", "{'note': 'Cần xem lại giấy tờ'}").status, 200);
    CHECK_INT(office_act(RECEPTION, id, "request-supplement", ask).status, 200);
}

TEST(who_accepted_does_not_examine)
{
    office_second_hat("specialist");
    int64_t id = office_at("submitted", COPY);
    CHECK_INT(office_act(TWO_HATS, id, "accept", "{}").status, 200);
    Reply reply = office_act(
        TWO_HATS, id, "examine",
        "{'kind': 'positive', 'result_title': 'Kết quả', 'conclusion': 'Đủ điều kiện giải quyết'}");
    CHECK_INT(reply.status, 409);
    CHECK_TEXT(reply.code, "procedures.task.same-person");
    Json record = office_get(TWO_HATS, fmt("/dossiers/%lld", (long long)id)).model;
    CHECK(!json_bool(record, "acts.examine"));
    office_second_hat(NULL);
}

TEST(each_step_waits_for_the_one_before)
{
    int64_t id = office_at("examine", COPY);
    CHECK_TEXT(office_error(office_act(LEADER, id, "sign", "{}")), "procedures.task.not-open");
    CHECK_TEXT(office_error(office_act(CLERK, id, "issue", "{}")), "procedures.task.not-open");
    CHECK_INT(office_act(RECEPTION, id, "deliver", "{'receiver': 'Lan', 'id_check': 'CCCD'}").status, 409);
    CHECK_INT(office_act(LEADER, id, "issue", "{}").status, 403);
    CHECK_INT(office_act(CLERK, id, "sign", "{}").status, 403);
    CHECK_TEXT(office_dossier(id).status, "in_progress");
}

typedef struct Forged {
    const char *pdf;
    size_t size;
    int64_t result_id;
} Forged;

static void put_forged(Db *db, void *argument)
{
    Forged *f = argument;
    FileRef file = files_put(db, f->pdf, f->size, "ket-qua.pdf", "application/pdf", 0, 0);
    db_exec(db, "update prc_result set file_id = ?2, sha256 = ?3 where id = ?1", ID(f->result_id),
            ID(file.id), T(file.sha256));
}

TEST(what_was_altered_after_signing_is_not_issued)
{
    int64_t id = office_at("issue", COPY);
    Result r;
    size_t size;
    Db *db = store_read_begin(office_store());
    CHECK(result_of(db, id, &r));
    const void *as_signed = files_read(r.sha256, &size);
    store_read_end(db);
    char *pdf = memcpy(alloc(size), as_signed, size);
    char *word = memmem(pdf, size, "/Producer", 9);
    CHECK(word != NULL);
    word[1] = 'Q'; /* one byte inside what the leader signed */
    Forged forged = { pdf, size, r.id };
    store_write_wait(office_store(), put_forged, &forged);
    Reply reply = office_act(CLERK, id, "issue", "{}");
    CHECK_INT(reply.status, 409);
    CHECK_TEXT(reply.code, "procedures.result.signature-invalid");
    CHECK_TEXT(office_dossier(id).status, "in_progress");
}

TEST(the_applicant_does_not_see_what_is_still_being_decided)
{
    int64_t id = office_at("sign", COPY);
    Json record = office_get(LAN, fmt("/dossiers/%lld", (long long)id)).model;
    CHECK(!json_has(record, "result"));
    CHECK(!strstr(json_text(record), "draft_result"));
    CHECK(json_has(office_get(LEADER, fmt("/dossiers/%lld", (long long)id)).model, "result"));
    CHECK_INT(office_get(SON, fmt("/dossiers/%lld", (long long)id)).status, 404);
    CHECK_INT(office_get(RECEPTION_ELSEWHERE, fmt("/dossiers/%lld", (long long)id)).status, 404);
}

TEST(a_withdrawal_is_agreed_to_or_sent_back_with_a_reason)
{
    int64_t id = office_at("examine", RESIDENCE);
    CHECK_INT(office_act(SON, id, "withdraw", "{'reason': 'tôi xin rút'}").status, 404);
    CHECK_INT(office_act(LAN, id, "withdraw", "{'reason': 'tôi xin rút'}").status, 200);
    CHECK_TEXT(office_dossier(id).status, "withdrawing");
    CHECK_TEXT(office_error(office_act(RECEPTION, id, "settle-withdrawal", "{'agree': 'false'}")),
               "procedures.withdrawal.reason-missing");
    CHECK_INT(office_act(RECEPTION, id, "settle-withdrawal", "{'agree': 'false', 'reason': 'Đã có dự thảo'}")
                  .status,
              200);
    CHECK_TEXT(office_dossier(id).status, "in_progress");
    office_act(LAN, id, "withdraw", "{'reason': 'tôi xin rút'}");
    CHECK_INT(office_act(RECEPTION, id, "settle-withdrawal", "{'agree': 'true'}").status, 200);
    CHECK_TEXT(office_dossier(id).status, "stopped");
    CHECK_INT(office_int(
                  fmt("select count(*) from task where subject_id = %lld and state in ('created', 'claimed')",
                      (long long)id)),
              0);
    int64_t issued = office_at("end", COPY);
    CHECK_INT(office_act(LAN, issued, "withdraw", "{'reason': 'tôi xin rút'}").status, 409);
}

TEST(a_dossier_is_stopped_for_a_missing_supplement_only_when_its_time_is_over)
{
    int64_t id = office_at("examine", RESIDENCE);
    office_act(SPECIALIST, id, "request-supplement",
               "{'items': ['Giấy xác nhận'], 'ground': 'Thiếu giấy tờ'}");
    CHECK_INT(office_act(SPECIALIST, id, "stop", "{'ground': 'Không bổ sung'}").status, 403);
    CHECK_TEXT(office_error(office_act(LEADER, id, "stop", "{'ground': 'Không bổ sung'}")),
               "procedures.supplement.still-time");
    office_run(fmt("update prc_supplement set due_at = 1 where dossier_id = %lld", (long long)id));
    CHECK_INT(office_act(LEADER, id, "stop", "{'ground': 'Không bổ sung'}").status, 200);
    CHECK_TEXT(office_dossier(id).status, "stopped");
}

TEST(a_land_dossier_waits_for_its_tax_before_it_is_signed)
{
    int64_t id = office_at("examine", LAND);
    CHECK_INT(office_act(SPECIALIST, id, "examine",
                         "{'kind': 'positive', 'result_title': 'Giấy chứng nhận', 'conclusion': 'Đủ điều "
                         "kiện cấp giấy', 'tax': 'true'}")
                  .status,
              200);
    CHECK_TEXT(office_dossier(id).status, "awaiting_payment");
    CHECK_INT(office_act(LEADER, id, "sign", "{}").status, 409);
    CHECK_INT(office_act(SPECIALIST, id, "pay", "{'reference': 'KB-1'}").status, 403);
    CHECK_INT(office_act(RECEPTION, id, "pay", "{}").status, 422);
    CHECK_INT(office_act(RECEPTION, id, "pay", "{'reference': 'KB-1'}").status, 200);
    CHECK_TEXT(office_dossier(id).status, "in_progress");
    CHECK_INT(office_act(LEADER, id, "sign", "{}").status, 200);
}

static int status_of(const char *code, const char *word)
{
    Reply reply = office_get(STRANGER, fmt("/status?code=%s&k=%s", code, word));
    return reply.status;
}

TEST(the_state_is_shown_to_who_holds_the_paper_and_guessing_closes_the_page)
{
    Dossier d = office_dossier(office_at("submitted", COPY));
    const char *word = public_check_word(d.code);
    Reply reply = office_get(STRANGER, fmt("/status?code=%s&k=%s", d.code, word));
    CHECK_TEXT(json_str(reply.model, "status"), "submitted");
    CHECK(!strstr(json_text(reply.model), "Lan")); /* no personal data */
    CHECK_INT(status_of("H20.17-20200101-0000001", word), 404);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(status_of(d.code, "AAAAAAAA"), 404);
        while (office_int(
                   fmt("select coalesce(sum(tries), 0) from prc_status_try where code = '%s'", d.code)) <= i)
            continue; /* counted right after the answer */
    }
    CHECK_INT(status_of(d.code, word), 429);
    office_run("update prc_status_try set hour = hour - 1");
    CHECK_INT(status_of(d.code, word), 200);
}

TEST(the_official_forms_are_documents)
{
    int64_t id = office_at("examine", COPY);
    Reply form = office_get(LAN, fmt("/dossiers/%lld/forms/01.pdf", (long long)id));
    CHECK_TEXT(form.type, "application/pdf");
    CHECK(form.size > 1000 && memcmp(form.bytes, "%PDF", 4) == 0);
    CHECK_INT(office_get(LAN, fmt("/dossiers/%lld/forms/02.pdf", (long long)id)).status,
              404); /* nothing was asked for */
    CHECK_INT(office_get(SON, fmt("/dossiers/%lld/forms/01.pdf", (long long)id)).status, 404);
}

TEST(figures_have_their_denominator_and_stay_within_the_scope)
{
    Reply reply = office_get(LEADER, "/steering");
    int64_t finished = office_int(
        "select count(*) from prc_dossier where status in ('resolved', 'returned') and due_at is not null");
    CHECK_INT(json_int(reply.model, "total.finished"), finished);
    CHECK(json_int(reply.model, "total.on_time") <= finished && finished > 0);
    CHECK_INT(office_get(CLERK, "/steering").status, 403);
    CHECK_INT(office_get(STRANGER, "/board").status, 200);
}

static bool sound(Json complaints)
{
    Db *db = store_read_begin(office_store());
    bool ok = dossiers_verify(db, complaints);
    store_read_end(db);
    return ok;
}

TEST(chains_that_were_touched_are_found)
{
    Json complaints = json_list();
    int64_t id = office_at("examine", COPY);
    CHECK(sound(complaints));
    CHECK_INT(json_array_size(complaints), 0);
    office_run(
        fmt("update prc_dossier_event set note = 'khác' where dossier_id = %lld and seq = 2", (long long)id));
    CHECK(!sound(complaints));
    CHECK(strstr(json_string_value(json_array_get(complaints, 0)), "seal") != NULL);
    office_run(
        fmt("update prc_dossier_event set note = null where dossier_id = %lld and seq = 2", (long long)id));
    CHECK(sound(json_list()));
    office_run(fmt("update prc_dossier set due_at = due_at + 1 where id = %lld", (long long)id));
    CHECK(!sound(json_list()));
    office_run(fmt("update prc_dossier set due_at = due_at - 1, status = 'resolved' where id = %lld",
                   (long long)id));
    CHECK(!sound(json_list()));
    office_run(fmt("update prc_dossier set status = 'in_progress' where id = %lld", (long long)id));
    CHECK(sound(json_list()));
    office_close();
}

int main(void)
{
    return run_tests((Test[]){
        TEST_CASE(the_catalogue_holds_103_procedures_and_the_same_content_makes_no_new_version),
        TEST_CASE(a_procedure_is_found_by_words_without_marks),
        TEST_CASE(fees_are_quoted_from_the_catalogue_and_what_is_not_known_is_not_called_free),
        TEST_CASE(filing_needs_a_body_the_required_papers_and_a_real_personal_number),
        TEST_CASE(a_dossier_gets_its_code_when_filed_and_the_same_submission_gives_the_same_dossier),
        TEST_CASE(a_dossier_goes_from_filing_to_a_result_that_verifies_and_is_not_shown_to_strangers),
        TEST_CASE(every_step_stands_in_the_audit_chain),
        TEST_CASE(only_the_desk_of_the_body_accepts_and_only_once),
        TEST_CASE(a_refusal_of_intake_needs_a_ground_and_ends_the_dossier),
        TEST_CASE(completion_before_acceptance_does_not_begin_the_clock),
        TEST_CASE(a_supplement_in_examination_pauses_the_clock_and_both_dates_are_kept),
        TEST_CASE(only_the_leader_asks_a_second_time),
        TEST_CASE(a_supplement_is_asked_for_in_examination_only),
        TEST_CASE(who_accepted_does_not_examine),
        TEST_CASE(each_step_waits_for_the_one_before),
        TEST_CASE(what_was_altered_after_signing_is_not_issued),
        TEST_CASE(the_applicant_does_not_see_what_is_still_being_decided),
        TEST_CASE(a_withdrawal_is_agreed_to_or_sent_back_with_a_reason),
        TEST_CASE(a_dossier_is_stopped_for_a_missing_supplement_only_when_its_time_is_over),
        TEST_CASE(a_land_dossier_waits_for_its_tax_before_it_is_signed),
        TEST_CASE(the_state_is_shown_to_who_holds_the_paper_and_guessing_closes_the_page),
        TEST_CASE(the_official_forms_are_documents),
        TEST_CASE(figures_have_their_denominator_and_stay_within_the_scope),
        TEST_CASE(chains_that_were_touched_are_found),
        { 0 },
    });
}
