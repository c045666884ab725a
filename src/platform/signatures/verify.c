/* Every signature of a document, judged one by one (spec 25 §7.1, §7.4, §7.5): format → digest → signature
 * value → later changes → certificate. The worst finding is the verdict: what failed cannot be mended by what
 * is good. */
#include "platform/signatures/verify.h"
#include "platform/view/view.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMPARE_LIMIT = 256 * 1024 * 1024 };

typedef struct Seen {
    const FormField *field;
    size_t range[4];
    bool has_range;
    size_t end; /* of the revision it covers */
    const PdfObj *contents;
    CmsCheck cms;
    Certificate certificate;
    Changes changes;
    Verdict verdict;
} Seen;

/* ---- Format ---- */

static bool read_range(PdfFile *file, Seen *seen)
{
    PdfObj *array = pdf_get(file, seen->field->value, "ByteRange");
    if (array->type != PDF_ARRAY || array->count != 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        PdfObj *number = pdf_item(file, array, i);
        if (number->type != PDF_INT || number->number < 0 || (uint64_t)number->number > file->size)
            return false;
        seen->range[i] = (size_t)number->number;
    }
    seen->has_range = true;
    seen->end = seen->range[2] + seen->range[3];
    return true;
}

/* First 0; 0 < a < b ≤ L; the gap is exactly this dictionary's /Contents; the ranges end within the file. */
static bool range_is_right(PdfFile *file, Seen *seen)
{
    if (!read_range(file, seen))
        return false;
    const size_t *r = seen->range;
    seen->contents = pdf_member(seen->field->value, "Contents");
    return r[0] == 0 && r[1] > 0 && r[1] < r[2] && r[2] <= file->size && seen->end <= file->size &&
           seen->contents && seen->contents->type == PDF_STRING && seen->contents->end > 0 &&
           seen->contents->start == r[1] && seen->contents->end == r[2] && file->bytes[r[1]] == '<';
}

static bool kind_is_known(PdfFile *file, const Seen *seen)
{
    PdfObj *kind = pdf_get(file, seen->field->value, "SubFilter");
    return pdf_is_name(kind, "ETSI.CAdES.detached") || pdf_is_name(kind, "adbe.pkcs7.detached");
}

/* ---- Later changes ---- */

/* Only white space behind the signed bytes: nothing was added. */
static bool covers_all(const PdfFile *file, const Seen *seen)
{
    for (size_t i = seen->end; i < file->size; i++)
        if (!memchr("\0\t\n\f\r ", file->bytes[i], 6))
            return false;
    return true;
}

/* Reading two revisions takes memory that is given back at once, and more than the limit means "not
 * analysed". */
static Changes compare(const PdfFile *file, const Seen *seen)
{
    Arena *outer = arena_current(), *inner = arena_new(COMPARE_LIMIT);
    Changes changes = CHANGES_UNKNOWN;
    Guard guard;
    if (!inner)
        return changes;
    arena_use(inner);
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        const char *error;
        PdfFile *then = pdf_open(file->bytes, seen->end, &error),
                *now = pdf_open(file->bytes, file->size, &error);
        FormField *field = then && now ? pdf_form_find(then, seen->field->name) : NULL;
        if (field && field->value->type == PDF_DICT) {
            Lock lock = lock_of(then, field->value);
            changes = changes_between(then, now, &lock);
            if (changes == CHANGES_ANNOTATIONS && lock.doc_mdp == 3)
                changes = CHANGES_PERMITTED;
        }
        guard_leave(&guard);
    }
    arena_use(outer);
    arena_free(inner);
    return changes;
}

/* ---- The verdict ---- */

static Verdict cms_verdict(CmsFault fault)
{
    static const Verdict VERDICTS_OF[] = { [CMS_GOOD] = VERDICT_VALID,
                                           [CMS_MALFORMED] = VERDICT_FORMAT,
                                           [CMS_HASH] = VERDICT_HASH,
                                           [CMS_SIGNATURE] = VERDICT_CRYPTO,
                                           [CMS_ATTRIBUTES] = VERDICT_ATTRIBUTES,
                                           [CMS_NO_CERTIFICATE] = VERDICT_NO_CERTIFICATE,
                                           [CMS_ALGORITHM] = VERDICT_ALGORITHM };
    return VERDICTS_OF[fault];
}

static Verdict judge(Db *db, PdfFile *file, Seen *seen, int64_t now)
{
    bool in_range = range_is_right(file, seen);
    if (!kind_is_known(file, seen))
        return VERDICT_UNSUPPORTED;
    if (!in_range)
        return VERDICT_FORMAT;
    const size_t *r = seen->range;
    seen->cms =
        cms_check(seen->contents->text, seen->contents->size, file->bytes, r[1], file->bytes + r[2], r[3]);
    Verdict verdict = cms_verdict(seen->cms.fault);
    if (verdict == VERDICT_HASH || verdict == VERDICT_CRYPTO || verdict == VERDICT_FORMAT)
        return verdict;
    seen->changes = covers_all(file, seen) ? CHANGES_NONE : compare(file, seen);
    if (seen->changes >= CHANGES_ANNOTATIONS)
        return VERDICT_CHANGED;
    if (verdict != VERDICT_VALID)
        return verdict;
    verdict = trust_verdict(db, &seen->cms, now, &seen->certificate);
    if (verdict != VERDICT_VALID)
        return verdict;
    return seen->changes >= CHANGES_OTHER       ? VERDICT_CHANGED_UNSURE
           : seen->changes == CHANGES_PERMITTED ? VERDICT_VALID_FIELDS
                                                : VERDICT_VALID;
}

/* ---- The report ---- */

/* D:YYYYMMDDHHmmSS+07'00' */
static int64_t moment_of(const char *text)
{
    int part[6] = { 0, 1, 1, 0, 0, 0 }, hours = 0, minutes = 0;
    char sign = 'Z';
    if (text_starts(text, "D:"))
        text += 2;
    if (sscanf(text, "%4d%2d%2d%2d%2d%2d%c%2d'%2d", &part[0], &part[1], &part[2], &part[3], &part[4],
               &part[5], &sign, &hours, &minutes) < 3)
        return 0;
    if (part[0] < 1970 || part[0] > 9999 || part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > 31 ||
        hours < 0 || hours > 14)
        return 0;
    int64_t utc = local_ms(part[0], part[1], part[2], part[3], part[4], part[5]) + 7 * (int64_t)HOUR_MS;
    int64_t offset = hours * (int64_t)HOUR_MS + minutes * (int64_t)MINUTE_MS;
    return sign == '+' ? utc - offset : sign == '-' ? utc + offset : utc;
}

static Json certificate_json(const Seen *seen)
{
    X509 *x = seen->cms.signer;
    Json out = json_new();
    json_set_str(out, "subject", certificate_name(X509_get_subject_name(x), NID_commonName));
    json_set_str(out, "organisation", certificate_name(X509_get_subject_name(x), NID_organizationName));
    json_set_str(out, "issuer", certificate_name(X509_get_issuer_name(x), NID_commonName));
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
    json_set_str(out, "serial",
                 hex_encode(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)));
    json_set_int(out, "not_before_at", certificate_time(X509_get0_notBefore(x)));
    json_set_int(out, "not_after_at", certificate_time(X509_get0_notAfter(x)));
    json_set_str(out, "sha256", seen->certificate.sha256);
    return out;
}

static void say(Json item, Verdict verdict)
{
    const VerdictText *text = &VERDICT_TEXTS[verdict];
    const char *label = fmt("signatures.label.%s", text_lower(text->indication));
    json_set_str(item, "indication", text->indication);
    json_set_str(item, "sub_indication", text->sub_indication);
    json_set_str(item, "label", text_in("vi", label, NULL));
    json_set_str(item, "label_key", label);
    json_set_str(item, "message", text_in("vi", text->message, NULL));
    json_set_str(item, "message_key", text->message);
}

static const char *changes_word(Changes changes)
{
    static const char *const WORDS[] = { "none",    "validation",  "permitted", "other",
                                         "unknown", "annotations", "content" };
    return WORDS[changes];
}

static Json report(PdfFile *file, const Seen *seen)
{
    Json item = json_set_str(json_new(), "field", seen->field->name);
    PdfObj *value = seen->field->value;
    Json certificate = seen->cms.signer ? certificate_json(seen) : NULL;
    int64_t at = moment_of(pdf_text(pdf_get(file, value, "M")));
    json_set_str(item, "signer",
                 certificate ? json_str(certificate, "subject") : pdf_text(pdf_get(file, value, "Name")));
    json_set_str(item, "organisation", json_str(certificate, "organisation"));
    json_set(item, "signed_at", at ? json_integer(at) : NULL);
    json_set_str(item, "reason", pdf_text(pdf_get(file, value, "Reason")));
    json_set_str(item, "location", pdf_text(pdf_get(file, value, "Location")));
    json_set_bool(item, "covers_all", seen->has_range && covers_all(file, seen));
    json_set_str(item, "changes", changes_word(seen->changes));
    json_set_str(item, "level", seen->cms.baseline && !seen->cms.has_time ? "B" : NULL);
    json_set_str(item, "kind", seen->certificate.kind);
    json_set_bool(item, "sandbox", text_is(seen->certificate.kind, "sandbox"));
    json_set(item, "certificate", certificate);
    say(item, seen->verdict);
    return item;
}

static int by_end(const void *a, const void *b)
{
    const Seen *x = a, *y = b;
    return (x->end > y->end) - (x->end < y->end);
}

static Json unreadable(const char *error)
{
    Json list = json_list(), item = json_set_str(json_new(), "field", NULL);
    json_set_bool(item, "covers_all", false);
    say(item, VERDICT_UNREADABLE);
    json_set_str(item, "error", error);
    json_add(list, item);
    return list;
}

Json signatures_verify(Db *db, const void *pdf, size_t size, int64_t now)
{
    const char *error;
    PdfFile *file = pdf_open(pdf, size, &error);
    size_t field_count = 0, count = 0;
    if (!file)
        return unreadable(error);
    FormField *fields = pdf_form_fields(file, &field_count);
    Seen *seen = alloc_array(field_count + 1, sizeof *seen);
    for (size_t i = 0; i < field_count; i++)
        if (text_is(fields[i].type, "Sig") && fields[i].value->type == PDF_DICT) {
            seen[count].field = &fields[i];
            seen[count].verdict = judge(db, file, &seen[count], now);
            count++;
        }
    if (file->error)
        return unreadable(file->error);
    qsort(seen, count, sizeof *seen, by_end);
    Json list = json_list();
    for (size_t i = 0; i < count; i++)
        json_add(list, report(file, &seen[i]));
    return list;
}
