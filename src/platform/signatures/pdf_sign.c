/* A signature is an incremental update that holds a signature dictionary. Its /Contents is written as zeros
 * first; everything around them is hashed (ByteRange), signed, and the CMS goes into the gap as hexadecimal
 * digits. */
#include "platform/signatures/pdf_sign.h"
#include "platform/signatures/canvas.h"
#include "platform/signatures/signatures.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void byte_range(size_t a, size_t reserve, size_t length, size_t range[4])
{
    size_t b = a + 2 + 2 * reserve;
    memcpy(range, (size_t[4]){ 0, a, b, length - b }, 4 * sizeof *range);
}

/* ---- The dictionary ---- */

/* "all" or "exclude So NgayThang": the members of a field lock (ISO 32000-2, table 236), "" for no lock. */
static const char *lock_members(const char *lock)
{
    size_t count;
    char **words = text_split(text_or(lock, ""), ' ', &count);
    Buf out = { 0 };
    if (!count || text_empty(words[0]))
        return "";
    if (text_is(words[0], "all"))
        return "/Action /All";
    buf_fmt(&out, "/Action /%s /Fields [", text_is(words[0], "include") ? "Include" : "Exclude");
    for (size_t i = 1; i < count; i++)
        buf_fmt(&out, "%s%s", i > 1 ? " " : "", pdf_text_string(words[i]));
    buf_text(&out, "]");
    return out.at;
}

static const char *pdf_date(int64_t ms)
{
    LocalTime t = local_time(ms);
    return fmt("(D:%04d%02d%02d%02d%02d%02d+07'00')", t.year, t.month, t.day, t.hour, t.minute, t.second);
}

static void add_text(Buf *out, const char *key, const char *value)
{
    if (!text_empty(value))
        buf_fmt(out, " /%s %s", key, pdf_text_string(value));
}

static const char RANGE_ROOM[] = "/ByteRange [0 ********** ********** **********]";

/* Returns the offset of '<' in the dictionary; *range_at that of RANGE_ROOM. */
static size_t dictionary(Buf *out, const SignatureSpec *spec, int64_t root, size_t *range_at)
{
    const char *lock = lock_members(spec->lock);
    buf_text(out, "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached ");
    *range_at = out->size;
    buf_fmt(out, "%s /Contents ", RANGE_ROOM);
    size_t at = out->size;
    char *zeros = alloc(2 * spec->reserve + 3);
    memset(zeros, '0', 2 * spec->reserve + 2);
    zeros[0] = '<';
    zeros[2 * spec->reserve + 1] = '>';
    buf_add(out, zeros, 2 * spec->reserve + 2);
    buf_fmt(out, " /M %s", pdf_date(spec->now));
    add_text(out, "Name", spec->name);
    add_text(out, "Reason", spec->reason);
    add_text(out, "Location", spec->location);
    if (*lock)
        buf_fmt(
            out,
            " /Reference [<< /Type /SigRef /TransformMethod /FieldMDP /DigestMethod /SHA256 /Data %lld 0 R "
            "/TransformParams << /Type /TransformParams /V /1.2 %s >> >>]",
            (long long)root, lock);
    buf_text(out, " /Prop_Build << /App << /Name /Sen >> >> >>");
    return at;
}

/* ---- The field ---- */

/* The field to sign, added without a picture when the document has none of the name. */
static bool find_field(PdfUpdate *update, const SignatureSpec *spec, FormField *out, const char **refusal)
{
    PdfFile *file = update->file;
    FormField *field = pdf_form_find(file, spec->field);
    if (field && !text_is(field->type, "Sig"))
        *refusal = "signatures.field.kind";
    else if (field && field->value->type != PDF_NULL)
        *refusal = "signatures.field.signed";
    else if (form_locked(file, spec->field))
        *refusal = "signatures.field.locked";
    if (*refusal)
        return false;
    if (field) {
        *out = *field;
        return true;
    }
    PdfField invisible = { .name = spec->field, .signature = true, .page = 1 };
    int64_t number = form_put_fields(update, &invisible, 1, refusal);
    if (!number)
        return false;
    const struct PdfWritten *written = update->written; /* what form_put_fields() wrote first is the field */
    PdfLex lex = { file, update->out.at, update->out.size, (size_t)written[0].at, false };
    int64_t n;
    pdf_whole_number(&lex, &n);
    pdf_whole_number(&lex, &n);
    pdf_keyword(&lex, "obj");
    *out = (FormField){ .name = spec->field, .dict = pdf_parse(&lex, 0), .number = number };
    out->widget = out->dict;
    out->widget_number = number;
    update->written_count--; /* it is written again below: the first place is forgotten */
    memmove(update->written, update->written + 1, update->written_count * sizeof *update->written);
    return true;
}

/* The picture, as a new object; 0 for a field without size. */
static int64_t put_look(PdfUpdate *update, const SignatureSpec *spec, PdfObj *widget)
{
    double width = 0, height = 0;
    size_t size;
    SignatureLook look = { spec->name, spec->organisation, spec->title, spec->now, spec->sandbox };
    rect_of(update->file, widget, &width, &height);
    if (width < 0 || height < 0 || width > 14400 || height > 14400) /* ISO 32000-2, Annex C */
        width = height = 0;
    const char *body =
        spec->seal ? canvas_seal(width, height, &look, &size) : canvas_signature(width, height, &look, &size);
    int64_t number = pdf_update_new(update);
    pdf_update_put(update, number, body, size);
    return number;
}

static void put_field(PdfUpdate *update, const SignatureSpec *spec, const FormField *field, int64_t value,
                      int64_t look)
{
    PdfFile *file = update->file;
    const char *lock = lock_members(spec->lock);
    PdfObj *dict = pdf_copy_dict(file, field->dict), *widget = dict;
    if (field->widget_number != field->number)
        widget = pdf_copy_dict(file, field->widget);
    pdf_set(file, dict, "V", pdf_ref(file, value));
    if (*lock)
        pdf_set(file, dict, "Lock", pdf_own(file, fmt("<< /Type /SigFieldLock %s >>", lock)));
    pdf_set(file, widget, "AP", pdf_own(file, fmt("<< /N %lld 0 R >>", (long long)look)));
    pdf_update_object(update, field->number, dict);
    if (widget != dict)
        pdf_update_object(update, field->widget_number, widget);
}

static void write_range(PreparedSignature *prepared, size_t range_at)
{
    size_t range[4];
    byte_range(prepared->contents_at, prepared->reserve, prepared->size, range);
    char *text = fmt("/ByteRange [%zu %zu %zu %zu]", range[0], range[1], range[2], range[3]);
    memset(prepared->bytes + range_at, ' ', strlen(RANGE_ROOM));
    memcpy(prepared->bytes + range_at, text, strlen(text));
    Digest *digest = digest_new();
    digest_add(digest, prepared->bytes, range[1]);
    digest_add(digest, prepared->bytes + range[2], range[3]);
    digest_end(digest, prepared->digest);
}

PreparedSignature signature_prepare(const void *pdf, size_t size, const SignatureSpec *spec)
{
    PreparedSignature prepared = { .reserve = spec->reserve };
    PdfUpdate update;
    FormField field;
    Buf body = { 0 };
    size_t range_at;
    PdfFile *file = pdf_open(pdf, size, &prepared.refusal);
    if (!file)
        return prepared;
    pdf_update_begin(&update, file, 2 * spec->reserve + 65536);
    if (!find_field(&update, spec, &field, &prepared.refusal))
        return prepared;
    int64_t look = put_look(&update, spec, field.widget), number = pdf_update_new(&update);
    size_t at = dictionary(&body, spec, pdf_member(file->trailer, "Root")->number, &range_at);
    size_t base = pdf_update_put(&update, number, body.at, body.size);
    put_field(&update, spec, &field, number, look);
    pdf_update_end(&update);
    if (file->error) {
        prepared.refusal = file->error;
        return prepared;
    }
    prepared.bytes = update.out.at;
    prepared.size = update.out.size;
    prepared.contents_at = base + at;
    write_range(&prepared, base + range_at);
    return prepared;
}

bool signature_embed(PreparedSignature *prepared, const void *cms, size_t size)
{
    static const char DIGITS[] = "0123456789abcdef";
    const unsigned char *from = cms;
    if (size > prepared->reserve)
        return false;
    char *to = prepared->bytes + prepared->contents_at + 1;
    for (size_t i = 0; i < size; i++) {
        *to++ = DIGITS[from[i] >> 4];
        *to++ = DIGITS[from[i] & 15];
    }
    return true;
}
