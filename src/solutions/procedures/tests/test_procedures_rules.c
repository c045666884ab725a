/* The rules of the room against the numbers of spec 03 §4.1, §5.1, §7.1, §7.3 and §7.6. */
#include "base/clock.h"
#include "base/test.h"
#include "base/text.h"
#include "solutions/procedures/clock.h"
#include "solutions/procedures/codes.h"
#include "solutions/procedures/fees.h"
#include "solutions/procedures/states.h"

#include <string.h>

/* Tuesday 24/11/2026 is a holiday (28/2026/QH16). */
static const Calendar *autumn_2026(void)
{
    static const char csv[] = "date,kind,name_vi,name_en,basis,verified\n"
                              "2026-11-24,off,Ngày Văn hóa Việt Nam,Vietnam Culture Day,28/2026/QH16,yes\n";
    return calendar_parse(csv, strlen(csv));
}

static int64_t at(const char *text)
{
    int64_t ms = 0;
    CHECK(time_parse(text, &ms));
    return ms;
}

static const char *due(Limit limit, const char *accepted, const Interruption *stops, size_t count)
{
    return time_iso_local(
        clock_due(autumn_2026(), &limit, at(accepted), stops, count, at("2026-12-31T08:00")));
}

static const Limit five_by_hours = { LIMIT_WORKING_DAY, 5, true };
static const Limit five_by_days = { LIMIT_WORKING_DAY, 5, false };

TEST(three_working_days_by_days_end_at_a_closing_time)
{
    CHECK_TEXT(due((Limit){ LIMIT_WORKING_DAY, 3, false }, "2026-11-20T16:00", NULL, 0),
               "2026-11-26T17:30:00+07:00");
}

TEST(three_working_days_by_hours_end_at_the_hour)
{
    CHECK_TEXT(due((Limit){ LIMIT_WORKING_DAY, 3, true }, "2026-11-20T16:00", NULL, 0),
               "2026-11-26T16:00:00+07:00");
}

TEST(same_day_accepted_before_three_is_due_today)
{
    CHECK_TEXT(due((Limit){ LIMIT_SAME_DAY, 1, false }, "2026-11-20T14:59", NULL, 0),
               "2026-11-20T17:30:00+07:00");
    CHECK_TEXT(due((Limit){ LIMIT_SAME_DAY, 1, false }, "2026-11-20T15:00:00", NULL, 0),
               "2026-11-20T17:30:00+07:00");
}

TEST(same_day_accepted_after_three_is_due_the_next_working_day)
{
    CHECK_TEXT(due((Limit){ LIMIT_SAME_DAY, 1, false }, "2026-11-20T15:01", NULL, 0),
               "2026-11-23T17:30:00+07:00");
    CHECK_TEXT(due((Limit){ LIMIT_SAME_DAY, 1, false }, "2026-11-23T15:01", NULL, 0),
               "2026-11-25T17:30:00+07:00");
}

TEST(a_pause_leaves_what_was_left)
{
    Interruption stop = { at("2026-11-18T10:00"), at("2026-11-20T15:00"), CLOCK_PAUSE, "supplement" };
    CHECK_TEXT(due(five_by_hours, "2026-11-16T08:00", &stop, 1), "2026-11-26T11:00:00+07:00");
}

TEST(a_restart_gives_the_full_limit_again)
{
    Interruption stop = { at("2026-11-18T10:00"), at("2026-11-20T15:00"), CLOCK_RESTART, "supplement" };
    CHECK_TEXT(due(five_by_hours, "2026-11-16T08:00", &stop, 1), "2026-11-30T15:00:00+07:00");
}

TEST(an_interruption_that_runs_changes_nothing)
{
    Interruption stop = { at("2026-11-18T10:00"), at("2026-11-20T15:00"), CLOCK_RUN, "opinion" };
    CHECK_TEXT(due(five_by_hours, "2026-11-16T08:00", &stop, 1),
               due(five_by_hours, "2026-11-16T08:00", NULL, 0));
}

TEST(a_pause_of_whole_days_keeps_the_days_that_had_not_closed)
{
    /* Mon 16 + 5 = Mon 23; only Tue 17 has closed on Wed 18 10:00, so 4 days are left: Mon 23, Wed 25, Thu
     * 26, Fri 27. */
    Interruption stop = { at("2026-11-18T10:00"), at("2026-11-20T15:00"), CLOCK_PAUSE, "supplement" };
    CHECK_TEXT(due(five_by_days, "2026-11-16T08:00", NULL, 0), "2026-11-23T17:30:00+07:00");
    CHECK_TEXT(due(five_by_days, "2026-11-16T08:00", &stop, 1), "2026-11-27T17:30:00+07:00");
}

TEST(what_is_late_stays_late)
{
    Interruption stop = { at("2026-11-25T10:00"), at("2026-11-27T15:00"), CLOCK_PAUSE, "supplement" };
    CHECK_TEXT(due(five_by_days, "2026-11-16T08:00", &stop, 1), "2026-11-23T17:30:00+07:00");
}

TEST(calendar_days_and_months_move_off_a_day_off)
{
    CHECK_TEXT(due((Limit){ LIMIT_DAY, 4, false }, "2026-11-20T09:00", NULL, 0), "2026-11-25T17:30:00+07:00");
    CHECK_TEXT(due((Limit){ LIMIT_MONTH, 1, false }, "2026-10-22T09:00", NULL, 0),
               "2026-11-23T17:30:00+07:00");
    /* No 31 in November: its last day, a Monday. */
    CHECK_TEXT(due((Limit){ LIMIT_MONTH, 1, false }, "2026-10-31T09:00", NULL, 0),
               "2026-11-30T17:30:00+07:00");
}

TEST(hours_are_working_hours)
{
    CHECK_TEXT(due((Limit){ LIMIT_HOUR, 4, false }, "2026-11-20T16:00", NULL, 0),
               "2026-11-23T10:00:00+07:00");
    CHECK_TEXT(due((Limit){ LIMIT_HOUR, 4, false }, "2026-11-20T19:00", NULL, 0),
               "2026-11-23T11:30:00+07:00");
}

TEST(no_limit_on_record_gives_no_due_date)
{
    Limit none = { limit_unit("OTHER"), 3, false };
    CHECK_INT(clock_due(autumn_2026(), &none, at("2026-11-20T16:00"), NULL, 0, 0), 0);
}

static const char *kinds(Json lines)
{
    const char *all = "";
    json_each (lines, i, item)
        all = fmt("%s%s%s", all, i ? " " : "", json_str(item, "kind"));
    return all;
}

TEST(a_due_date_is_explained_day_by_day)
{
    Limit limit = { LIMIT_WORKING_DAY, 3, false };
    Json lines = clock_explain(autumn_2026(), &limit, at("2026-11-20T16:00"), NULL, 0, 0, "vi");
    CHECK_TEXT(kinds(lines), "start weekend weekend count holiday count count due");
    Json holiday = json_array_get(lines, 4);
    CHECK_TEXT(json_str(holiday, "values.date"), "24/11");
    CHECK_INT(json_int(holiday, "values.weekday"), 2);
    CHECK_TEXT(json_str(holiday, "values.name"), "Ngày Văn hóa Việt Nam");
    CHECK_INT(json_int(json_array_get(lines, 6), "values.n"), 3);
    CHECK_INT(json_int(json_array_get(lines, 7), "at"), at("2026-11-26T17:30"));
}

TEST(an_explanation_tells_pauses_and_ends_where_the_clock_ends)
{
    Interruption stop = { at("2026-11-18T10:00"), at("2026-11-20T15:00"), CLOCK_PAUSE, "supplement" };
    Json lines = clock_explain(autumn_2026(), &five_by_days, at("2026-11-16T08:00"), &stop, 1, 0, "vi");
    CHECK_TEXT(kinds(lines), "start count pause resume weekend weekend count holiday count count count due");
    CHECK_INT(json_int(json_array_get(lines, 11), "at"), at("2026-11-27T17:30"));
}

TEST(every_state_carries_the_national_code)
{
    static const struct {
        const char *official;
        int code;
    } facts[] = { { "cho_tiep_nhan", 1 }, { "da_tiep_nhan", 2 }, { "tu_choi", 3 },
                  { "dang_xu_ly", 4 },    { "cho_bo_sung", 5 },  { "cho_hoan_thien", 5 },
                  { "cho_tai_chinh", 6 }, { "yeu_cau_rut", 7 },  { "dung", 8 },
                  { "da_co_ket_qua", 9 }, { "da_tra", 10 } };
    const State *all;
    size_t count = states_all(&all), found = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < sizeof facts / sizeof *facts; k++)
            if (text_is(all[i].official, facts[k].official)) {
                CHECK_INT(all[i].national, facts[k].code);
                found++;
            }
    CHECK_INT(found, 11);
}

TEST(moves_lead_where_the_table_says)
{
    CHECK_TEXT(move_find("accept", "submitted")->to, "accepted");
    CHECK_TEXT(move_find("hand_over", "accepted")->to, "in_progress");
    CHECK_TEXT(move_find("supplement", "awaiting_supplement")->to, "in_progress");
    CHECK_TEXT(move_find("withdraw", "awaiting_payment")->to, "withdrawing");
    CHECK_TEXT(move_find("deliver", "resolved")->to, "returned");
}

TEST(moves_that_are_not_in_the_table_are_refused)
{
    CHECK(!move_find("accept", "accepted"));
    CHECK(!move_find("accept", "draft"));
    CHECK(!move_find("issue", "awaiting_supplement"));
    CHECK(!move_find("issue", "resolved"));
    CHECK(!move_find("withdraw", "resolved"));
    CHECK(!move_find("refuse", "accepted"));
    CHECK(!move_find("supplement", "in_progress"));
    CHECK(!move_find("deliver", "in_progress"));
    CHECK(!move_find("stop", "returned"));
    CHECK(!move_find("submit", "submit"));
}

TEST(every_end_is_an_end_and_every_other_state_has_a_way_out)
{
    const State *all;
    size_t count = states_all(&all);
    for (size_t i = 0; i < count; i++)
        CHECK(all[i].ended == (json_array_size(moves_allowed(all[i].name)) == 0));
}

TEST(a_refusal_can_name_what_is_allowed)
{
    CHECK_TEXT(json_text(moves_allowed("submitted")),
               "[\"refuse\",\"ask_completion\",\"accept\",\"withdraw\"]");
}

TEST(a_dossier_code_is_made_and_read)
{
    CHECK_TEXT(dossier_code("H20.17", at("2026-11-20T23:59"), 123), "H20.17-20261120-0000123");
    DossierCode code;
    CHECK(dossier_code_parse("H20.17-20261120-0000123", &code));
    CHECK_TEXT(code.agency, "H20.17");
    CHECK_INT(code.sequence, 123);
    CHECK(!code.legacy);
    CHECK_INT(code.day, local_day(at("2026-11-20T08:00")));
}

TEST(codes_of_the_old_circular_are_still_read)
{
    DossierCode code;
    CHECK(dossier_code_parse("000.00.17.H20-181220-0042", &code));
    CHECK_TEXT(code.agency, "000.00.17.H20");
    CHECK_INT(code.sequence, 42);
    CHECK(code.legacy);
}

TEST(malformed_codes_are_refused)
{
    static const char *const bad[] = { "",
                                       "H20.17",
                                       "H20.17-20261320-0000123",
                                       "H20.17-20261120-123",
                                       "H20.17-20261120-0000000",
                                       "h20-20261120-0000123",
                                       "H20.-20261120-0000123",
                                       "H20.17-20261120-00001x3",
                                       "H20.17-20261120-0000123-1",
                                       "000.00.17.H20-181232-0042" };
    DossierCode code;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!dossier_code_parse(bad[i], &code));
    CHECK(procedure_code_valid("1.001193"));
    CHECK(!procedure_code_valid("1.00119"));
    CHECK(!procedure_code_valid("1-001193"));
}

TEST(the_check_word_is_the_one_of_the_specification)
{
    CHECK_TEXT(check_word("sen-demo-key", 12, "H20.17-20261120-0000123"), "FAREKDHJ");
}

static const FeeRule certified_copy = { "FEE", 0, 2000, 2, 1000, 200000, true, false, NULL };

TEST(certified_copies_of_five_pages_three_times_cost_21000_dong)
{
    FeeCase of = { CHANNEL_COUNTER, 5, 3, false };
    CHECK_INT(fee_of(&certified_copy, &of), 21000);
}

TEST(a_copy_never_costs_more_than_its_cap)
{
    FeeCase of = { CHANNEL_COUNTER, 500, 2, false };
    CHECK_INT(fee_of(&certified_copy, &of), 400000);
    of = (FeeCase){ CHANNEL_COUNTER, 198, 1, false };
    CHECK_INT(fee_of(&certified_copy, &of), 200000);
    of = (FeeCase){ CHANNEL_COUNTER, 1, 1, false };
    CHECK_INT(fee_of(&certified_copy, &of), 2000);
}

static const FeeRule residence[] = { { "FEE", CHANNEL_ONLINE, 10000, 0, 0, 0, true, false, NULL },
                                     { "FEE", CHANNEL_COUNTER, 20000, 0, 0, 0, true, true, NULL } };

TEST(residence_is_cheaper_online_and_free_for_exempt_groups)
{
    CHECK_INT(fee_quote(residence, 2, &(FeeCase){ CHANNEL_ONLINE, 1, 1, false }).vnd, 10000);
    CHECK_INT(fee_quote(residence, 2, &(FeeCase){ CHANNEL_COUNTER, 1, 1, false }).vnd, 20000);
    CHECK_INT(fee_quote(residence, 2, &(FeeCase){ CHANNEL_COUNTER, 1, 1, true }).vnd, 0);
}

TEST(an_amount_that_is_not_known_is_never_quoted_as_free)
{
    FeeRule by_council = { "SERVICE_FEE", 0, 0, 0, 0, 0, false, true, "mức do HĐND cấp tỉnh quy định" };
    FeeQuote quote = fee_quote(&by_council, 1, &(FeeCase){ CHANNEL_COUNTER, 1, 1, false });
    CHECK(!quote.known);
    CHECK_TEXT(json_str(json_array_get(quote.lines, 0), "note"), "mức do HĐND cấp tỉnh quy định");
}

int main(void)
{
    return run_tests((Test[]){
        TEST_CASE(three_working_days_by_days_end_at_a_closing_time),
        TEST_CASE(three_working_days_by_hours_end_at_the_hour),
        TEST_CASE(same_day_accepted_before_three_is_due_today),
        TEST_CASE(same_day_accepted_after_three_is_due_the_next_working_day),
        TEST_CASE(a_pause_leaves_what_was_left),
        TEST_CASE(a_restart_gives_the_full_limit_again),
        TEST_CASE(an_interruption_that_runs_changes_nothing),
        TEST_CASE(a_pause_of_whole_days_keeps_the_days_that_had_not_closed),
        TEST_CASE(what_is_late_stays_late),
        TEST_CASE(calendar_days_and_months_move_off_a_day_off),
        TEST_CASE(hours_are_working_hours),
        TEST_CASE(no_limit_on_record_gives_no_due_date),
        TEST_CASE(a_due_date_is_explained_day_by_day),
        TEST_CASE(an_explanation_tells_pauses_and_ends_where_the_clock_ends),
        TEST_CASE(every_state_carries_the_national_code),
        TEST_CASE(moves_lead_where_the_table_says),
        TEST_CASE(moves_that_are_not_in_the_table_are_refused),
        TEST_CASE(every_end_is_an_end_and_every_other_state_has_a_way_out),
        TEST_CASE(a_refusal_can_name_what_is_allowed),
        TEST_CASE(a_dossier_code_is_made_and_read),
        TEST_CASE(codes_of_the_old_circular_are_still_read),
        TEST_CASE(malformed_codes_are_refused),
        TEST_CASE(the_check_word_is_the_one_of_the_specification),
        TEST_CASE(certified_copies_of_five_pages_three_times_cost_21000_dong),
        TEST_CASE(a_copy_never_costs_more_than_its_cap),
        TEST_CASE(residence_is_cheaper_online_and_free_for_exempt_groups),
        TEST_CASE(an_amount_that_is_not_known_is_never_quoted_as_free),
        { 0 },
    });
}
