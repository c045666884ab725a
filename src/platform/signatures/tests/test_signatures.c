/* signatures: documents are signed in SoftHSM2 and judged by poppler (pdfsig), qpdf and OpenSSL, which share no code with us. */
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
    SignRequest request = { .pdf = pdf, .size = size, .account_id = LEADER, .org_id = AGENCY, .field = "ChuKyLanhDao",
                            .reason = "Phê duyệt", .location = "Cao Lãnh", .lock = "exclude So NgayThang DauCoQuan", .title = "CHỦ TỊCH" };
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
    CHECK(strstr(output_of("qpdf --check %s", temp_file(pdf, size, ".pdf")), "No syntax or stream encoding errors"));
    Signed one = sign_as_leader(store, pdf, size);
    CHECK_TEXT(one.refusal, NULL);
    CHECK(memcmp(one.pdf, pdf, size) == 0);
    const char *path = temp_file(one.pdf, one.size, ".pdf");
    CHECK(strstr(output_of("qpdf --check %s", path), "No syntax or stream encoding errors"));
    const char *said = output_of("pdfsig %s", path);
    if (!strstr(said, "Signature is Valid")) { puts(said); output_of("cp %s /tmp/bad.pdf", path); }
    CHECK(strstr(said, "Signature is Valid"));
    CHECK(strstr(said, "Lê Thị Mai"));
    CHECK(strstr(said, "ETSI.CAdES.detached"));
    CHECK(strstr(said, "Total document signed"));
    output_of("cp %s /tmp/one.pdf", path);
    sandbox_close(store);
}

int main(void)
{
    int failed = run_tests((Test[]){ TEST_CASE(byte_range_follows_the_worked_example), TEST_CASE(a_signature_is_valid_to_poppler), { 0 } });
    reports_stop();
    return failed;
}
