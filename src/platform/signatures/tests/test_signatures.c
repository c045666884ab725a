/* signatures: documents are signed in SoftHSM2 and judged by poppler (pdfsig), qpdf and OpenSSL, which share
 * no code with us. */
#include "platform/signatures/tests/sandbox.h"
#include "platform/reports/reports.h"
#include "platform/signatures/pdf_sign.h"
#include "platform/signatures/token.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/test.h"
#include "base/text.h"

#include <string.h>

static Signed sign_as_leader(Store *store, const void *pdf, size_t size)
{
    SignRequest request = { .pdf = pdf,
                            .size = size,
                            .account_id = LEADER,
                            .org_id = AGENCY,
                            .field = "ChuKyLanhDao",
                            .reason = "Phê duyệt",
                            .location = "Cao Lãnh",
                            .lock = "exclude So NgayThang DauCoQuan",
                            .title = "CHỦ TỊCH" };
    Db *db = store_read_begin(store);
    Signed signed_ = sign_pdf(db, &request);
    store_read_end(db);
    return signed_;
}

TEST(byte_range_follows_the_worked_example)
{
    size_t range[4];
    byte_range(525, 8192, 17107, range);
    CHECK_INT(range[0], 0);
    CHECK_INT(range[1], 525);
    CHECK_INT(range[2], 16911);
    CHECK_INT(range[3], 196);
}

TEST(a_signature_is_valid_to_poppler)
{
    size_t size;
    Store *store = sandbox_open();
    const void *pdf = sample_document(&size);
    CHECK(strstr(output_of("qpdf --check %s", temp_file(pdf, size, ".pdf")),
                 "No syntax or stream encoding errors"));
    Signed one = sign_as_leader(store, pdf, size);
    CHECK_TEXT(one.refusal, NULL);
    CHECK(memcmp(one.pdf, pdf, size) == 0);
    const char *path = temp_file(one.pdf, one.size, ".pdf");
    CHECK(strstr(output_of("qpdf --check %s", path), "No syntax or stream encoding errors"));
    const char *said = output_of("pdfsig %s", path);
    CHECK(strstr(said, "Signature is Valid"));
    CHECK(strstr(said, "Lê Thị Mai"));
    CHECK(strstr(said, "ETSI.CAdES.detached"));
    CHECK(strstr(said, "Total document signed"));
    sandbox_close(store);
}

static const void *fill_number(const void *pdf, size_t size, size_t *out_size)
{
    return pdf_fill(pdf, size, (const char *const[]){ "So", "15", "NgayThang", "ngày 21 tháng 11 năm 2026", NULL }, out_size);
}

static Signed sign_as_agency(Store *store, const void *pdf, size_t size)
{
    SignRequest request = { .pdf = pdf, .size = size, .org_id = AGENCY, .field = "DauCoQuan", .lock = "all", .caller_id = LEADER };
    Db *db = store_read_begin(store);
    Signed signed_ = sign_pdf(db, &request);
    store_read_end(db);
    return signed_;
}

static Json verified(Store *store, const void *pdf, size_t size)
{
    Db *db = store_read_begin(store);
    Json list = signatures_verify(db, pdf, size, now_ms());
    store_read_end(db);
    return list;
}

/* "TOTAL-FAILED/HASH_FAILURE" of the n-th signature */
static const char *verdict(Json list, size_t n)
{
    Json item = json_array_get(list, n);
    return fmt("%s/%s", json_str(item, "indication"), json_str(item, "sub_indication"));
}

/* Leader, number and date, seal: the order of Decree 30. */
static Signed whole_way(Store *store)
{
    size_t size, filled_size;
    const void *pdf = sample_document(&size);
    Signed one = sign_as_leader(store, pdf, size);
    CHECK_TEXT(one.refusal, NULL);
    const void *filled = fill_number(one.pdf, one.size, &filled_size);
    CHECK(filled != NULL);
    Signed two = sign_as_agency(store, filled, filled_size);
    CHECK_TEXT(two.refusal, NULL);
    return two;
}

TEST(leader_number_and_seal_are_all_valid)
{
    Store *store = sandbox_open();
    Signed two = whole_way(store);
    const char *path = temp_file(two.pdf, two.size, ".pdf");
    CHECK(strstr(output_of("qpdf --check %s", path), "No syntax or stream encoding errors"));
    CHECK_TEXT(output_of("pdfsig %s | grep -c 'Signature is Valid'", path), "2\n");
    Json list = verified(store, two.pdf, two.size);
    CHECK_INT(json_array_size(list), 2);
    CHECK_TEXT(verdict(list, 0), "TOTAL-PASSED/");
    CHECK_TEXT(verdict(list, 1), "TOTAL-PASSED/");
    Json leader = json_array_get(list, 0), agency = json_array_get(list, 1);
    CHECK_TEXT(json_str(leader, "field"), "ChuKyLanhDao");
    CHECK_TEXT(json_str(leader, "signer"), "Lê Thị Mai");
    CHECK_TEXT(json_str(leader, "changes"), "permitted");
    CHECK_TEXT(json_str(leader, "message_key"), "signatures.verdict.valid-fields");
    CHECK_TEXT(json_str(leader, "reason"), "Phê duyệt");
    CHECK(!json_bool(leader, "covers_all"));
    CHECK_TEXT(json_str(agency, "field"), "DauCoQuan");
    CHECK_TEXT(json_str(agency, "changes"), "none");
    CHECK_TEXT(json_str(agency, "level"), "B");
    CHECK(json_bool(agency, "covers_all"));
    CHECK(json_bool(agency, "sandbox"));
    CHECK(now_ms() - json_int(leader, "signed_at") < 120000 && now_ms() >= json_int(leader, "signed_at"));
    sandbox_close(store);
}

int main(void)
{
    int failed = run_tests((Test[]){ TEST_CASE(byte_range_follows_the_worked_example),
                                     TEST_CASE(a_signature_is_valid_to_poppler),
TEST_CASE(leader_number_and_seal_are_all_valid),
                                     { 0 } });
    reports_stop();
    return failed;
}
