/* The document of a result: built from the dossier's rows in the layout of Decree 30/2020, with the empty
 * fields that leader, clerk and seal fill in that order. Its QR code leads to /verify/{token}; the token is
 * random, so that nobody finds a result by counting. */
#include "solutions/procedures/results.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/files/files.h"
#include "platform/forms/forms.h"
#include "platform/reports/reports.h"

static const Field result_fields[] = {
    FIELD(ID, Result, id),
    FIELD(ID, Result, dossier_id),
    FIELD(TEXT, Result, token),
    FIELD(TEXT, Result, kind),
    FIELD(TEXT, Result, title),
    FIELD(TEXT, Result, conclusion),
    FIELD(TEXT, Result, state),
    FIELD(ID, Result, number_seq),
    FIELD(TEXT, Result, number),
    FIELD(ID, Result, dated_at),
    FIELD(ID, Result, signer_id),
    FIELD(TEXT, Result, signer_name),
    FIELD(ID, Result, signed_at),
    FIELD(ID, Result, issued_at),
    FIELD(ID, Result, file_id),
    FIELD(TEXT, Result, sha256),
    { 0 },
};

bool result_of(Db *db, int64_t dossier_id, Result *out)
{
    return db_get(
        db, result_fields, out,
        "select * from prc_result where dossier_id = ?1 and state <> 'revoked' order by id desc limit 1",
        ID(dossier_id));
}

bool result_by_token(Db *db, const char *token, Result *out)
{
    return db_get(db, result_fields, out,
                  "select * from prc_result where token = ?1 and state in ('issued', 'revoked')", T(token));
}

void result_draft(Db *db, const Dossier *d, const char *kind, const char *title, const char *conclusion,
                  int64_t by)
{
    if (db_exec(db,
                "update prc_result set kind = ?2, title = ?3, conclusion = ?4, drafted_by_id = ?5 where "
                "dossier_id = ?1 and state = 'drafted'",
                ID(d->id), T(kind), T(title), T(conclusion), ID(by)))
        return;
    unsigned char bytes[15];
    random_bytes(bytes, sizeof bytes);
    db_exec(db,
            "insert into prc_result (id, dossier_id, token, kind, title, conclusion, state, drafted_by_id)"
            " values (?1,?2,?3,?4,?5,?6,'drafted',?7)",
            ID(id_new()), ID(d->id), T(base32_encode(bytes, sizeof bytes)), T(kind), T(title), T(conclusion),
            ID(by));
}

void result_number(Db *db, const Dossier *d, Result *r, int64_t now)
{
    const Org *org = org_by_id(d->org_id);
    if (r->number_seq)
        return;
    r->number_seq = sequence_next(db, fmt("KQ.%s", org->code), local_time(now).year);
    r->number = fmt("%lld/KQ-UBND", (long long)r->number_seq);
    r->dated_at = now;
    r->state = "numbered";
    db_exec(
        db,
        "update prc_result set number_seq = ?2, number = ?3, dated_at = ?4, state = 'numbered' where id = ?1",
        ID(r->id), I(r->number_seq), T(r->number), I(now));
}

/* ---- The document ---- */

static Json block(Json blocks, const char *kind)
{
    Json b = json_set_str(json_new(), "kind", kind);
    json_add(blocks, b);
    return b;
}

static void text_block(Json blocks, const char *text, const char *align, bool bold)
{
    Json b = block(blocks, "text");
    json_set_str(b, "text", text);
    json_set_str(b, "align", align);
    json_set_bool(b, "bold", bold);
}

static void pair(Json items, const char *label, const char *value)
{
    if (!text_empty(value))
        json_add(items, json_set_str(json_set_str(json_new(), "label", label), "value", value));
}

static const char *upper_body(const Org *org)
{
    const Org *parent = org_by_id(org->parent_id);
    return parent ? parent->name : "";
}

static void head(Json blocks, const Org *org)
{
    Json b = block(blocks, "heading2"), left = json_list(), right = json_list();
    json_add_str(left, upper_body(org));
    json_add_str(left, org->name);
    json_add_str(left, "Số: [[So 18]]/KQ-UBND");
    json_add_str(right, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM");
    json_add_str(right, "Độc lập - Tự do - Hạnh phúc");
    json_add_str(right, "[[NgayThang 75]]");
    json_set(b, "left", left);
    json_set(b, "right", right);
    json_set_bool(b, "fields", true);
}

static void facts(Json blocks, const Dossier *d, const Version *v)
{
    Json items = json_list();
    const Form *form = form_find(v->form_id);
    pair(items, "Mã hồ sơ", d->code);
    pair(items, "Thủ tục", fmt("%s (%s)", v->name, v->code));
    pair(items, "Người nộp hồ sơ", d->applicant_name);
    pair(items, "Chủ hồ sơ", d->owner_name);
    if (form) {
        json_each (form_review(form, "vi", d->form_data), i, item)
            pair(items, json_str(item, "label"), json_str(item, "value"));
    }
    json_set(block(blocks, "pairs"), "items", items);
}

static void field(Json blocks, const char *name)
{
    Json b = block(blocks, "field");
    json_set_str(b, "name", name);
    json_set_str(b, "type", "signature");
    json_set_int(b, "width_mm", 60);
    json_set_int(b, "height_mm", 24);
    json_set_str(b, "align", "center");
}

static void feet(Json blocks, const Result *r, const Org *org)
{
    Json columns = block(blocks, "columns"), items = json_list(), left = json_list(), right = json_list();
    Json qr = block(left, "qr");
    json_set_str(qr, "text", fmt("%s/verify/%s", settings()->base_url, r->token));
    json_set_int(qr, "size_mm", 28);
    json_set_str(qr, "caption", "Quét mã để xác minh văn bản");
    text_block(right, "LÃNH ĐẠO CÓ THẨM QUYỀN", "center", true);
    field(right, "ChuKyLanhDao");
    text_block(right, "DẤU CỦA CƠ QUAN", "center", true);
    text_block(right, org->name, "center", false);
    field(right, "DauCoQuan");
    json_add(items, left);
    json_add(items, right);
    json_set(columns, "items", items);
}

const void *result_document(Db *db, const Dossier *d, const Result *r, int64_t now, size_t *size)
{
    Version v;
    Json blocks = json_list(), places = json_list();
    const Org *org = org_by_id(d->org_id);
    version_find(db, d->version_id, &v);
    head(blocks, org);
    json_set_str(block(blocks, "title"), "text", r->title);
    facts(blocks, d, &v);
    text_block(blocks, r->conclusion, "justify", false);
    feet(blocks, r, org);
    PdfOptions options = { .title = r->title,
                           .lang = "vi",
                           .footer = d->code,
                           .watermark = settings()->demo ? "CHỮ KÝ THỬ NGHIỆM" : NULL,
                           .now = now,
                           .places = places };
    const void *pdf = pdf_document(blocks, &options, size);
    return pdf_prepare_places(pdf, *size, places, size);
}

/* ---- The leader's signature ---- */

Signed result_sign(Db *db, const Dossier *d, const Result *r, const Actor *leader, int64_t now)
{
    size_t size;
    const void *pdf = result_document(db, d, r, now, &size);
    return sign_pdf(db, &(SignRequest){ .pdf = pdf,
                                        .size = size,
                                        .account_id = leader->account_id,
                                        .field = "ChuKyLanhDao",
                                        .reason = r->title,
                                        .lock = "exclude So NgayThang DauCoQuan",
                                        .now = now });
}

void result_signed(Db *db, Dossier *d, const Result *r, const Signed *done, const Actor *leader, int64_t now)
{
    FileRef file = files_put(db, done->pdf, done->size, fmt("%s.pdf", d->code), "application/pdf",
                             leader->account_id, d->org_id);
    db_exec(db,
            "update prc_result set state = 'signed', signer_id = ?2, signer_name = ?3, signed_at = ?4, "
            "file_id = ?5, sha256 = ?6 where id = ?1",
            ID(r->id), ID(leader->account_id), T(text_or(done->signer, leader->name)), I(now), ID(file.id),
            T(file.sha256));
    dossier_note(db, d, "sign", &(Act){ .actor = leader, .now = now, .document_id = file.id });
}
