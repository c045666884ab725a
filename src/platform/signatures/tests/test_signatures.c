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

#include <pthread.h>
#include <string.h>

static void run_sql(Db *db, void *sql)
{
    db_exec(db, sql);
}

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
    return pdf_fill(pdf, size,
                    (const char *const[]){ "So", "15", "NgayThang", "ngày 21 tháng 11 năm 2026", NULL },
                    out_size);
}

static Signed sign_as_agency(Store *store, const void *pdf, size_t size)
{
    SignRequest request = {
        .pdf = pdf, .size = size, .org_id = AGENCY, .field = "DauCoQuan", .lock = "all", .caller_id = LEADER
    };
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
    CHECK_TEXT(output_of("pdfsig %s 2>/dev/null | grep -c 'Signature is Valid'", path), "2\n");
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

TEST(the_certificate_is_trusted_where_the_root_is)
{
    Store *store = sandbox_open();
    Signed two = whole_way(store);
    const char *root = sandbox_root_file(store), *path = temp_file(two.pdf, two.size, ".pdf");
    const char *said = output_of("d=$(mktemp -d) && certutil -d sql:$d -N --empty-password && certutil -d "
                                 "sql:$d -A -n sen -t C,C,C -i %s && "
                                 "pdfsig -nssdir $d %s; rm -rf $d",
                                 root, path);

    CHECK(strstr(said, "Certificate is Trusted"));
    /* The CMS inside, by OpenSSL alone: path, signature, attributes. */
    said = output_of("cd /tmp && python3 -c \"import re,sys; b=open('%s','rb').read(); "
                     "m=list(re.finditer(rb'/ByteRange \\[0 (\\d+) (\\d+) "
                     "(\\d+)\\]', b))[0]; a,c,n=map(int,m.groups()); "
                     "open('%s.cms','wb').write(bytes.fromhex(b[a+1:c-1].decode())); "
                     "open('%s.data','wb').write(b[:a]+b[c:c+n])\" && openssl cms -verify -binary -inform "
                     "DER -in %s.cms -content %s.data "
                     "-CAfile %s -purpose any -cades -out /dev/null; rm -f %s.cms %s.data",
                     path, path, path, path, path, root, path, path);
    CHECK(strstr(said, "CAdES Verification successful"));
    sandbox_close(store);
}

static const char *refusal_with(Store *store, const char *change)
{
    size_t size;
    const void *pdf = sample_document(&size);
    store_write_wait(store, run_sql, (void *)change);
    long before = token_signings();
    Signed none = sign_as_leader(store, pdf, size);
    CHECK(none.pdf == NULL);
    CHECK_INT(token_signings(), before); /* the device was not asked */
    return none.refusal;
}

TEST(a_certificate_that_may_not_sign_never_reaches_the_token)
{
    Store *store = sandbox_open();
    CHECK_TEXT(refusal_with(store, "update sig_certificate set status = 'suspended'"),
               "signatures.suspended");
    CHECK_TEXT(refusal_with(store, "update sig_certificate set status = 'revoked'"), "signatures.revoked");
    CHECK_TEXT(refusal_with(store, "update sig_certificate set status = 'active', not_after = 1000"),
               "signatures.expired");
    CHECK_TEXT(refusal_with(
                   store, "update sig_certificate set not_after = 9000000000000, not_before = 8000000000000"),
               "signatures.not-yet-valid");
    CHECK_TEXT(refusal_with(store, "update sig_certificate set not_before = 0, key_bits = 1024"),
               "signatures.algorithm-not-allowed");
    CHECK_TEXT(refusal_with(store, "update sig_certificate set key_bits = 2048, account_id = 99"),
               "signatures.no-certificate");
    sandbox_close(store);
}

TEST(a_key_that_is_gone_is_the_devices_fault)
{
    size_t size;
    Store *store = sandbox_open();
    const void *pdf = sample_document(&size);
    store_write_wait(store, run_sql,
                     "update sig_certificate set key_id = '0000000000000000000000000000000000000000'");
    CHECK_TEXT(sign_as_leader(store, pdf, size).refusal, "signatures.device");
    Db *db = store_read_begin(store);
    CHECK_TEXT(db_text(db, "select state from sig_request"), "failed");
    CHECK_INT(db_int(db, "select count(*) from sig_signature"), 0);
    store_read_end(db);
    sandbox_close(store);
}

/* Another key of the token under the name of the leader: its signature must not get out. */
TEST(a_signature_is_proved_before_it_is_embedded)
{
    size_t size;
    Store *store = sandbox_open();
    const void *pdf = sample_document(&size);
    store_write_wait(store, run_sql,
                     "update sig_certificate set key_id = (select key_id from sig_certificate where role = "
                     "'root') where account_id = 11");
    CHECK_TEXT(sign_as_leader(store, pdf, size).refusal, "signatures.device");
    sandbox_close(store);
}

TEST(revoked_and_expired_certificates_leave_the_verdict_open)
{
    Store *store = sandbox_open();
    Signed two = whole_way(store);
    store_write_wait(store, run_sql, "update sig_certificate set status = 'revoked' where account_id = 11");
    CHECK_TEXT(verdict(verified(store, two.pdf, two.size), 0), "INDETERMINATE/REVOKED_NO_POE");
    CHECK_TEXT(verdict(verified(store, two.pdf, two.size), 1), "TOTAL-PASSED/");
    store_write_wait(store, run_sql, "update sig_certificate set status = 'suspended' where account_id = 11");
    CHECK_TEXT(verdict(verified(store, two.pdf, two.size), 0), "INDETERMINATE/TRY_LATER");
    store_write_wait(store, run_sql, "delete from sig_signature");
    store_write_wait(store, run_sql, "delete from sig_evidence");
    store_write_wait(store, run_sql, "delete from sig_request");
    store_write_wait(store, run_sql, "delete from sig_certificate where account_id = 11");
    CHECK_TEXT(verdict(verified(store, two.pdf, two.size), 0), "INDETERMINATE/TRY_LATER");
    store_write_wait(store, run_sql, "update sig_certificate set status = 'revoked' where role = 'root'");
    CHECK_TEXT(verdict(verified(store, two.pdf, two.size), 0), "INDETERMINATE/NO_CERTIFICATE_CHAIN_FOUND");
    sandbox_close(store);
}

TEST(a_certificate_that_ended_leaves_the_verdict_open)
{
    Store *store = sandbox_open();
    Signed two = whole_way(store);
    Db *db = store_read_begin(store);
    Json list = signatures_verify(db, two.pdf, two.size, now_ms() + 731 * (int64_t)DAY_MS);
    store_read_end(db);
    CHECK_TEXT(verdict(list, 0), "INDETERMINATE/OUT_OF_BOUNDS_NO_POE");
    sandbox_close(store);
}

TEST(signing_twice_or_into_a_locked_field_is_refused)
{
    Store *store = sandbox_open();
    Signed two = whole_way(store);
    CHECK_TEXT(sign_as_leader(store, two.pdf, two.size).refusal, "signatures.field.signed");
    SignRequest request = {
        .pdf = two.pdf, .size = two.size, .account_id = LEADER, .org_id = AGENCY, .field = "Moi"
    };
    Db *db = store_read_begin(store);
    CHECK_TEXT(sign_pdf(db, &request).refusal, "signatures.field.locked"); /* the seal locked all */
    request.field = "So";
    CHECK_TEXT(sign_pdf(db, &request).refusal, "signatures.field.kind");
    store_read_end(db);
    sandbox_close(store);
}

TEST(files_with_object_streams_and_of_a_megabyte_are_signed)
{
    size_t size;
    Store *store = sandbox_open();
    const void *pdf = sample_document(&size);
    const char *path = temp_file(pdf, size, ".pdf"), *packed = fmt("%s.packed.pdf", path);
    CHECK_TEXT(output_of("head -c 1100000 /dev/urandom > %s.bin && qpdf --object-streams=generate "
                         "--compress-streams=y %s --add-attachment "
                         "%s.bin --key=x -- %s && rm %s.bin",
                         path, path, path, packed, path),
               "");
    const void *bytes = read_whole(packed, &size);
    CHECK(size > 1000000);
    CHECK(memmem(bytes, size, "/ObjStm", 7) != NULL);
    Signed one = sign_as_leader(store, bytes, size);
    CHECK_TEXT(one.refusal, NULL);
    const void *filled = fill_number(one.pdf, one.size, &size);
    CHECK(filled != NULL);
    Signed two = sign_as_agency(store, filled, size);
    CHECK_TEXT(two.refusal, NULL);
    const char *result = temp_file(two.pdf, two.size, ".pdf");
    CHECK_TEXT(output_of("pdfsig %s 2>/dev/null | grep -c 'Signature is Valid'", result), "2\n");
    CHECK(strstr(output_of("qpdf --check %s", result), "No syntax or stream encoding errors"));
    CHECK_TEXT(verdict(verified(store, two.pdf, two.size), 0), "TOTAL-PASSED/");
    output_of("rm -f %s", packed);
    sandbox_close(store);
}

TEST(encrypted_and_broken_files_are_refused)
{
    size_t size, n;
    Store *store = sandbox_open();
    const void *pdf = sample_document(&size);
    const char *path = temp_file(pdf, size, ".pdf"), *locked = fmt("%s.locked.pdf", path);
    output_of("qpdf --encrypt a b 256 -- %s %s", path, locked);
    const void *bytes = read_whole(locked, &n);
    CHECK_TEXT(sign_as_leader(store, bytes, n).refusal, "signatures.pdf.encrypted");
    CHECK_TEXT(sign_as_leader(store, pdf, size - 60).refusal, "signatures.pdf.malformed");
    CHECK_TEXT(sign_as_leader(store, "xin chào, đây không phải PDF", 30).refusal, "signatures.pdf.not-pdf");
    Json list = verified(store, bytes, n);
    CHECK_TEXT(verdict(list, 0), "TOTAL-FAILED/FORMAT_FAILURE");
    CHECK_INT(json_array_size(verified(store, pdf, size)), 0); /* no signature: an empty list */
    output_of("rm -f %s", locked);
    sandbox_close(store);
}

TEST(a_document_without_fields_gets_an_invisible_one)
{
    size_t size;
    Store *store = sandbox_open();
    PdfOptions options = { .title = "Trơn", .now = now_ms() };
    const void *pdf =
        pdf_document(json_parse_own("[{\"kind\":\"title\",\"text\":\"A\"}]", 29, "t"), &options, &size);
    Signed one = sign_as_leader(store, pdf, size);
    CHECK_TEXT(one.refusal, NULL);
    const char *path = temp_file(one.pdf, one.size, ".pdf");
    CHECK(strstr(output_of("pdfsig %s", path), "Signature is Valid"));
    CHECK(strstr(output_of("qpdf --check %s", path), "No syntax or stream encoding errors"));
    CHECK_TEXT(verdict(verified(store, one.pdf, one.size), 0), "TOTAL-PASSED/");
    sandbox_close(store);
}

/* ---- Many at once ---- */

enum { THREADS = 4, EACH = 5 };

typedef struct Load {
    Store *store;
    const void *pdf;
    size_t size;
    int number, valid;
} Load;

static void *sign_many(void *argument)
{
    Load *load = argument;
    for (int i = 0; i < EACH; i++) {
        Arena *arena = arena_new(0);
        arena_use(arena);
        SignRequest request = { .pdf = load->pdf,
                                .size = load->size,
                                .account_id = LEADER,
                                .org_id = AGENCY,
                                .field = "ChuKyLanhDao",
                                .now = now_ms() - (load->number * EACH + i) * 60000 };
        Db *db = store_read_begin(load->store);
        Signed one = sign_pdf(db, &request);
        load->valid +=
            one.pdf && text_is(json_str(json_array_get(signatures_verify(db, one.pdf, one.size, now_ms()), 0),
                                        "indication"),
                               "TOTAL-PASSED");
        store_read_end(db);
        arena_use(NULL);
        arena_free(arena);
    }
    return NULL;
}

TEST(many_workers_sign_at_once)
{
    size_t size;
    Store *store = sandbox_open();
    const void *pdf = sample_document(&size);
    pthread_t threads[THREADS];
    Load loads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        loads[i] = (Load){ store, pdf, size, i, 0 };
        CHECK_INT(pthread_create(&threads[i], NULL, sign_many, &loads[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(loads[i].valid, EACH);
    }
    Db *db = store_read_begin(store);
    Json complaints = json_list();
    CHECK(signatures_solution.verify(db, complaints));
    CHECK_INT(db_int(db, "select max(seq) from sig_evidence"), THREADS * EACH);
    store_read_end(db);
    store_write_wait(store, run_sql,
                     "update sig_evidence set created_at = 1, prev_hash = hash where seq = 3");
    db = store_read_begin(store);
    CHECK(!signatures_solution.verify(db,
                                      complaints)); /* what was changed behind the program's back is named */
    CHECK(strstr(json_text(complaints), "row 3"));
    store_read_end(db);
    sandbox_close(store);
}

TEST(pins_are_files_that_only_the_owner_reads)
{
    sandbox_close(sandbox_open());
    CHECK_TEXT(
        output_of("stat -c %%a %s/keys/token.pin %s/keys/token.so-pin", sandbox_folder(), sandbox_folder()),
        "600\n600\n");
    CHECK_TEXT(
        output_of("grep -rl \"$(cat %s/keys/token.pin)\" %s | wc -l", sandbox_folder(), sandbox_folder()),
        "1\n");
}

int main(void)
{
    int failed = run_tests((Test[]){ TEST_CASE(byte_range_follows_the_worked_example),
                                     TEST_CASE(a_signature_is_valid_to_poppler),
                                     TEST_CASE(leader_number_and_seal_are_all_valid),
                                     TEST_CASE(the_certificate_is_trusted_where_the_root_is),
                                     TEST_CASE(a_certificate_that_may_not_sign_never_reaches_the_token),
                                     TEST_CASE(a_key_that_is_gone_is_the_devices_fault),
                                     TEST_CASE(a_signature_is_proved_before_it_is_embedded),
                                     TEST_CASE(revoked_and_expired_certificates_leave_the_verdict_open),
                                     TEST_CASE(a_certificate_that_ended_leaves_the_verdict_open),
                                     TEST_CASE(signing_twice_or_into_a_locked_field_is_refused),
                                     TEST_CASE(files_with_object_streams_and_of_a_megabyte_are_signed),
                                     TEST_CASE(encrypted_and_broken_files_are_refused),
                                     TEST_CASE(a_document_without_fields_gets_an_invisible_one),
                                     TEST_CASE(many_workers_sign_at_once),
                                     TEST_CASE(pins_are_files_that_only_the_owner_reads),

                                     { 0 } });
    reports_stop();
    return failed;
}
