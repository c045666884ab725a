/* signatures: what forgers do to a signed document (spec 25 §7.5, §10), each with the verdict that it must
 * get. */
#include "platform/signatures/tests/sandbox.h"
#include "platform/reports/reports.h"
#include "platform/signatures/form.h"
#include "platform/signatures/signatures.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/test.h"
#include "base/text.h"

#include <string.h>

static const char *const NUMBER[] = { "So", "15", "NgayThang", "ngày 21 tháng 11 năm 2026", NULL };

/* Signed by the leader; and, when `sealed`, numbered and sealed by the agency. */
static Signed signed_document(Store *store, bool sealed)
{
    size_t size;
    static int64_t minutes; /* each at another minute, so that no two are the same */
    SignRequest request = { .account_id = LEADER,
                            .org_id = AGENCY,
                            .field = "ChuKyLanhDao",
                            .lock = "exclude So NgayThang DauCoQuan",
                            .now = now_ms() - ++minutes * MINUTE_MS };
    request.pdf = sample_document(&size);
    request.size = size;
    Db *db = store_read_begin(store);
    Signed one = sign_pdf(db, &request);
    CHECK_TEXT(one.refusal, NULL);
    if (sealed) {
        request = (SignRequest){ .org_id = AGENCY, .field = "DauCoQuan", .lock = "all" };
        request.pdf = pdf_fill(one.pdf, one.size, NUMBER, &request.size);
        one = sign_pdf(db, &request);
        CHECK_TEXT(one.refusal, NULL);
    }
    store_read_end(db);
    return one;
}

static const char *verdict(Store *store, const void *pdf, size_t size, size_t n)
{
    Db *db = store_read_begin(store);
    Json item = json_array_get(signatures_verify(db, pdf, size, now_ms()), n);
    store_read_end(db);
    return fmt("%s/%s/%s", json_str(item, "indication"), json_str(item, "sub_indication"),
               json_str(item, "changes"));
}

/* A forger's incremental update: change() writes whatever it likes. */
typedef void ChangeFn(PdfUpdate *update);

static const char *verdict_after(bool sealed, ChangeFn *change)
{
    const char *error;
    PdfUpdate update;
    Store *store = sandbox_open();
    Signed one = signed_document(store, sealed);
    PdfFile *file = pdf_open(one.pdf, one.size, &error);
    CHECK(file != NULL);
    pdf_update_begin(&update, file, 4096);
    change(&update);
    pdf_update_end(&update);
    const char *path = temp_file(update.out.at, update.out.size, ".pdf");
    CHECK(strstr(output_of("qpdf --check %s", path),
                 "No syntax or stream encoding errors")); /* a forgery that readers open */
    const char *said = verdict(store, update.out.at, update.out.size, 0);
    sandbox_close(store);
    return said;
}

static void put_stream(PdfUpdate *update, int64_t number, const char *content)
{
    const char *body = fmt("<< /Length %zu >>\nstream\n%s\nendstream", strlen(content), content);
    pdf_update_put(update, number, body, strlen(body));
}

static void replace_content(PdfUpdate *update)
{
    int64_t number;
    PdfObj *contents = pdf_member(pdf_page(update->file, 1, &number), "Contents");
    put_stream(update, contents->number, "0 0 1 rg 100 100 300 300 re f");
}

static void add_page(PdfUpdate *update)
{
    PdfFile *file = update->file;
    PdfObj *pages_ref = pdf_member(pdf_catalog(file), "Pages"),
           *pages = pdf_copy_dict(file, pdf_resolve(file, pages_ref));
    int64_t page = pdf_update_new(update);
    const char *body =
        fmt("<< /Type /Page /Parent %lld 0 R /MediaBox [0 0 595 842] >>", (long long)pages_ref->number);
    pdf_update_put(update, page, body, strlen(body));
    PdfObj *kids = pdf_own(file, "[]");
    pdf_append(file, kids, pdf_get(file, pages, "Kids")->items[0]);
    pdf_append(file, kids, pdf_ref(file, page));
    pdf_set(file, pages, "Kids", kids);
    pdf_set(file, pages, "Count", pdf_own(file, "2"));
    pdf_update_object(update, pages_ref->number, pages);
}

static void remove_page(PdfUpdate *update)
{
    PdfFile *file = update->file;
    PdfObj *pages_ref = pdf_member(pdf_catalog(file), "Pages"),
           *pages = pdf_copy_dict(file, pdf_resolve(file, pages_ref));
    pdf_set(file, pages, "Kids", pdf_own(file, "[]"));
    pdf_set(file, pages, "Count", pdf_own(file, "0"));
    pdf_update_object(update, pages_ref->number, pages);
}

static void cover_with_annotation(PdfUpdate *update)
{
    PdfFile *file = update->file;
    int64_t number, note = pdf_update_new(update);
    PdfObj *page = pdf_copy_dict(file, pdf_page(file, 1, &number)), *annots = pdf_own(file, "[]"),
           *old = pdf_get(file, page, "Annots");
    for (unsigned i = 0; i < old->count; i++)
        pdf_append(file, annots, old->items[i]);
    pdf_append(file, annots, pdf_ref(file, note));
    pdf_set(file, page, "Annots", annots);
    const char *body = "<< /Type /Annot /Subtype /Square /Rect [50 300 550 700] /IC [1 1 1] /F 4 >>";
    pdf_update_put(update, note, body, strlen(body));
    pdf_update_object(update, number, page);
}

/* The dictionary of the signature, said again with another /Reason. */
static void change_reason(PdfUpdate *update)
{
    PdfFile *file = update->file;
    FormField *field = pdf_form_find(file, "ChuKyLanhDao");
    PdfObj *value = pdf_copy_dict(file, field->value);
    pdf_set(file, value, "Reason", pdf_own(file, "(Khong dong y)"));
    pdf_update_object(update, field->value_number, value);
}

static void fill_locked_field(PdfUpdate *update)
{
    PdfFile *file = update->file;
    FormField *field = pdf_form_find(file, "So");
    PdfObj *dict = pdf_copy_dict(file, field->dict);
    pdf_set(file, dict, "V", pdf_own(file, "(99)"));
    pdf_update_object(update, field->number, dict);
}

static void move_field(PdfUpdate *update)
{
    PdfFile *file = update->file;
    FormField *field = pdf_form_find(file, "So");
    PdfObj *dict = pdf_copy_dict(file, field->dict);
    pdf_set(file, dict, "Rect", pdf_own(file, "[0 0 595 842]"));
    pdf_update_object(update, field->number, dict);
}

static void new_picture_for_signature(PdfUpdate *update)
{
    PdfFile *file = update->file;
    FormField *field = pdf_form_find(file, "ChuKyLanhDao");
    PdfObj *look = pdf_get(file, field->widget, "AP");
    put_stream(update, pdf_member(look, "N")->number, "1 0 0 rg 0 0 100 100 re f");
}

static void replace_font(PdfUpdate *update)
{
    PdfFile *file = update->file;
    int64_t number;
    PdfObj *fonts = pdf_get(file, pdf_get(file, pdf_page(file, 1, &number), "Resources"), "Font");
    CHECK(fonts->count > 0 && fonts->items[0]->type == PDF_REF);
    const char *body = "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>";
    pdf_update_put(update, fonts->items[0]->number, body, strlen(body));
}

static void add_metadata(PdfUpdate *update)
{
    PdfFile *file = update->file;
    PdfObj *catalog = pdf_copy_dict(file, pdf_catalog(file));
    int64_t number = pdf_update_new(update);
    put_stream(update, number, "<x/>");
    pdf_set(file, catalog, "Metadata", pdf_ref(file, number));
    pdf_update_object(update, pdf_member(file->trailer, "Root")->number, catalog);
}

static void add_text_field(PdfUpdate *update)
{
    const char *refusal = NULL;
    PdfField field = { "Them", false, 1, 20, 20, 100, 100 };
    CHECK(form_put_fields(update, &field, 1, &refusal) > 0);
}

TEST(replaced_page_content_fails)
{
    CHECK_TEXT(verdict_after(false, replace_content), "TOTAL-FAILED/FORMAT_FAILURE/content");
}

TEST(added_page_fails)
{
    CHECK_TEXT(verdict_after(false, add_page), "TOTAL-FAILED/FORMAT_FAILURE/content");
}

TEST(removed_page_fails)
{
    CHECK_TEXT(verdict_after(false, remove_page), "TOTAL-FAILED/FORMAT_FAILURE/content");
}

TEST(covering_annotation_fails)
{
    CHECK_TEXT(verdict_after(false, cover_with_annotation), "TOTAL-FAILED/FORMAT_FAILURE/annotations");
}

TEST(changed_reason_fails)
{
    CHECK(text_starts(verdict_after(false, change_reason), "TOTAL-FAILED/FORMAT_FAILURE"));
}

TEST(filling_an_open_field_is_permitted)
{
    CHECK_TEXT(verdict_after(false, fill_locked_field), "TOTAL-PASSED//permitted");
}

TEST(filling_a_locked_field_fails)
{
    Store *store = sandbox_open();
    Signed two = signed_document(store, true);
    const char *error;
    size_t size;
    PdfUpdate update;
    CHECK(pdf_fill(two.pdf, two.size, NUMBER, &size) == NULL); /* we do not do it ourselves */
    PdfFile *file = pdf_open(two.pdf, two.size, &error);
    pdf_update_begin(&update, file, 4096);
    fill_locked_field(&update);
    pdf_update_end(&update);
    CHECK_TEXT(verdict(store, update.out.at, update.out.size, 1), "TOTAL-FAILED/FORMAT_FAILURE/content");
    sandbox_close(store);
}

TEST(moving_a_field_over_the_page_fails)
{
    CHECK_TEXT(verdict_after(false, move_field), "TOTAL-FAILED/FORMAT_FAILURE/content");
}

TEST(another_picture_for_a_signature_fails)
{
    CHECK_TEXT(verdict_after(false, new_picture_for_signature), "TOTAL-FAILED/FORMAT_FAILURE/content");
}

TEST(replaced_font_fails)
{
    CHECK_TEXT(verdict_after(false, replace_font), "TOTAL-FAILED/FORMAT_FAILURE/content");
}

TEST(added_text_field_fails)
{
    CHECK(text_starts(verdict_after(false, add_text_field), "TOTAL-FAILED/FORMAT_FAILURE"));
}

TEST(added_metadata_leaves_the_verdict_open)
{
    CHECK_TEXT(verdict_after(false, add_metadata), "INDETERMINATE/FORMAT_FAILURE/other");
}

/* Content that hides until its object appears in a later revision. */
TEST(a_shadow_that_comes_later_fails)
{
    Store *store = sandbox_open();
    size_t size;
    const char *error;
    PdfUpdate update;
    const void *pdf = sample_document(&size);
    PdfFile *file = pdf_open(pdf, size, &error);
    int64_t page_number, shadow;
    PdfObj *page = pdf_copy_dict(file, pdf_page(file, 1, &page_number));
    pdf_update_begin(&update, file, 4096);
    shadow = pdf_update_new(&update);
    PdfObj *contents = pdf_own(file, "[]");
    pdf_append(file, contents, pdf_member(page, "Contents"));
    pdf_append(file, contents, pdf_ref(file, shadow)); /* missing: nothing is drawn */
    pdf_set(file, page, "Contents", contents);
    pdf_update_object(&update, page_number, page);
    pdf_update_end(&update);
    SignRequest request = { .pdf = update.out.at,
                            .size = update.out.size,
                            .account_id = LEADER,
                            .org_id = AGENCY,
                            .field = "ChuKyLanhDao" };
    Db *db = store_read_begin(store);
    Signed one = sign_pdf(db, &request);
    store_read_end(db);
    CHECK_TEXT(one.refusal, NULL);
    file = pdf_open(one.pdf, one.size, &error);
    pdf_update_begin(&update, file, 4096);
    put_stream(&update, shadow, "1 0 0 rg 0 0 500 500 re f");
    pdf_update_end(&update);
    CHECK_TEXT(verdict(store, update.out.at, update.out.size, 0), "TOTAL-FAILED/FORMAT_FAILURE/content");
    sandbox_close(store);
}

TEST(one_changed_byte_is_found_by_us_and_by_poppler)
{
    Store *store = sandbox_open();
    Signed one = signed_document(store, false);
    for (size_t at = 1000; at < one.size; at += one.size / 7) {
        char *bytes = text_copy_n(one.pdf, one.size);
        size_t here = at;
        while (bytes[here] < '1' || bytes[here] > '8') /* a digit for a digit: the file stays readable */
            here++;
        bytes[here]++;
        CHECK(text_starts(verdict(store, bytes, one.size, 0), "TOTAL-FAILED"));
    }
    char *bytes = text_copy_n(one.pdf, one.size), *title = memmem(bytes, one.size, "/CreationDate (2", 16);
    CHECK(title != NULL);
    title[15] = '3';
    CHECK_TEXT(verdict(store, bytes, one.size, 0), "TOTAL-FAILED/HASH_FAILURE/none");
    CHECK(strstr(output_of("pdfsig %s", temp_file(bytes, one.size, ".pdf")), "Digest Mismatch"));
    sandbox_close(store);
}

TEST(another_byte_range_fails)
{
    Store *store = sandbox_open();
    Signed one = signed_document(store, false);
    static const char *const FORGED[] = { "[0 100 ", "[1 ", "[0 0 0 " };
    for (size_t i = 0; i < 3; i++) {
        char *bytes = text_copy_n(one.pdf, one.size), *range = memmem(bytes, one.size, "/ByteRange [", 12);
        CHECK(range != NULL);
        memcpy(range + 11, FORGED[i], strlen(FORGED[i]));
        CHECK(text_starts(verdict(store, bytes, one.size, 0), "TOTAL-FAILED/FORMAT_FAILURE"));
    }
    sandbox_close(store);
}

TEST(bytes_hidden_in_the_gap_fail)
{
    Store *store = sandbox_open();
    Signed one = signed_document(store, false);
    char *bytes = text_copy_n(one.pdf, one.size), *contents = memmem(bytes, one.size, "/Contents <", 11);
    char *end = memchr(contents, '>', one.size - (size_t)(contents - bytes));
    end[-1] = '1'; /* not zero behind the CMS */
    CHECK(text_starts(verdict(store, bytes, one.size, 0), "TOTAL-FAILED/FORMAT_FAILURE"));
    sandbox_close(store);
}

TEST(another_documents_signature_fails)
{
    Store *store = sandbox_open();
    Signed one = signed_document(store, false), other = signed_document(store, false);
    char *bytes = text_copy_n(one.pdf, one.size), *to = memmem(bytes, one.size, "/Contents <", 11);
    const char *from = memmem(other.pdf, other.size, "/Contents <", 11);
    CHECK(to && from);
    memcpy(to + 11, from + 11, 8192 * 2);
    CHECK_TEXT(verdict(store, bytes, one.size, 0), "TOTAL-FAILED/HASH_FAILURE/none");
    sandbox_close(store);
}

int main(void)
{
    int failed = run_tests((Test[]){ TEST_CASE(replaced_page_content_fails),
                                     TEST_CASE(added_page_fails),
                                     TEST_CASE(removed_page_fails),
                                     TEST_CASE(covering_annotation_fails),
                                     TEST_CASE(changed_reason_fails),
                                     TEST_CASE(filling_an_open_field_is_permitted),
                                     TEST_CASE(filling_a_locked_field_fails),
                                     TEST_CASE(moving_a_field_over_the_page_fails),
                                     TEST_CASE(another_picture_for_a_signature_fails),
                                     TEST_CASE(replaced_font_fails),
                                     TEST_CASE(added_text_field_fails),
                                     TEST_CASE(added_metadata_leaves_the_verdict_open),
                                     TEST_CASE(a_shadow_that_comes_later_fails),
                                     TEST_CASE(one_changed_byte_is_found_by_us_and_by_poppler),
                                     TEST_CASE(another_byte_range_fails),
                                     TEST_CASE(bytes_hidden_in_the_gap_fail),
                                     TEST_CASE(another_documents_signature_fails),
                                     { 0 } });
    reports_stop();
    return failed;
}
