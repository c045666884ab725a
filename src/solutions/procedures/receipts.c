/* Form 01, Giấy tiếp nhận hồ sơ và hẹn trả kết quả: what was handed in, when it is due and why then, with the
 * QR code and check word by which anybody who holds the paper may ask for its state. Form 02, Phiếu yêu cầu
 * bổ sung, hoàn thiện hồ sơ: what is missing, on what ground. Forms are made from the rows whenever they are
 * asked for; the same rows give the same words. They are Vietnamese in every language. */
#include "solutions/procedures/receipts.h"
#include "base/clock.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/audit/audit.h"
#include "platform/reports/reports.h"
#include "platform/view/view.h"
#include "solutions/procedures/papers.h"
#include "solutions/procedures/public.h"
#include "solutions/procedures/record.h"

static Json block(Json blocks, const char *kind)
{
    Json b = json_set_str(json_new(), "kind", kind);
    json_add(blocks, b);
    return b;
}

static void text_block(Json blocks, const char *text, const char *align)
{
    json_set_str(json_set_str(block(blocks, "text"), "text", text), "align", align);
}

static void pair(Json items, const char *label, const char *value)
{
    if (!text_empty(value))
        json_add(items, json_set_str(json_set_str(json_new(), "label", label), "value", value));
}

static void head(Json blocks, const Dossier *d, const Org *org)
{
    Json b = block(blocks, "heading2"), left = json_list();
    json_add_str(left, org ? org->name : "");
    json_add_str(left, "BỘ PHẬN TIẾP NHẬN VÀ TRẢ KẾT QUẢ");
    json_add_str(left, fmt("Số: %s", d->code));
    json_set(b, "left", left);
    json_set(b, "right", json_list());
}

static void qr(Json blocks, const Dossier *d)
{
    const char *word = public_check_word(d->code);
    Json b = block(blocks, "qr");
    json_set_str(b, "text", fmt("%s/status?code=%s&k=%s", settings()->base_url, url_encode(d->code), word));
    json_set_int(b, "size_mm", 30);
    json_set_str(b, "caption", fmt("Mã tra cứu: %s", word));
}

static void papers_table(Json blocks, Db *db, const Dossier *d)
{
    static const struct {
        const char *title;
        double width;
    } heads[] = { { "STT", 0.08 }, { "Tên giấy tờ", 0.62 }, { "Số lượng", 0.12 }, { "Hình thức", 0.18 } };
    Json table = block(blocks, "table"), columns = json_list(), rows = json_list();
    int64_t n = 0;
    for (size_t i = 0; i < 4; i++)
        json_add(columns,
                 json_set_num(json_set_str(json_new(), "title", heads[i].title), "width", heads[i].width));
    json_each (papers_given(db, d), i, paper) {
        if (json_int(paper, "superseded"))
            continue;
        Json row = json_list();
        json_add_str(row, fmt("%lld", (long long)++n));
        json_add_str(row, json_str(paper, "name"));
        json_add_str(row, "1");
        json_add_str(row, json_id(paper, "file_id") ? "Bản điện tử" : "Bản giấy");
        json_add(rows, row);
    }
    json_set(table, "columns", columns);
    json_set(table, "rows", rows);
}

static const char *due_text(const Dossier *d)
{
    if (d->due_at)
        return fmt("%s (giờ hành chính)", time_vi(d->due_at));
    return d->accepted_at ? "Theo quy định của thủ tục (chưa có thời hạn công bố)"
                          : "Tính từ khi hồ sơ được tiếp nhận";
}

static const char *fee_text(const Dossier *d)
{
    if (!d->fee_known)
        return "Theo thông báo của Bộ phận Một cửa";
    if (!d->fee_vnd)
        return "Không thu";
    return fmt("%s (%s)%s", show_money("vi", d->fee_vnd), money_in_words(d->fee_vnd),
               text_is(d->fee_state, "paid") ? ", đã nộp" : "");
}

static void receipt(Json blocks, Db *db, const Dossier *d, const Version *v, int64_t now)
{
    const Org *org = org_by_id(d->reception_org_id);
    Json items = json_list(), reasons = due_explained(db, d, "vi", now);
    head(blocks, d, org);
    json_set_str(block(blocks, "title"), "text", "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ");
    pair(items, "Mã hồ sơ", d->code);
    pair(items, "Tiếp nhận hồ sơ của", d->applicant_name);
    pair(items, "Chủ hồ sơ", d->owner_name);
    pair(items, "Địa chỉ", d->applicant_address);
    pair(items, "Số điện thoại", d->applicant_phone);
    pair(items, "Nội dung giải quyết", fmt("%s (mã thủ tục %s)", v->name, v->code));
    pair(items, "Thời điểm nộp", d->submitted_at ? time_vi(d->submitted_at) : "");
    pair(items, "Thời điểm tiếp nhận", d->accepted_at ? time_vi(d->accepted_at) : "Chưa tiếp nhận");
    pair(items, "Hẹn trả kết quả", due_text(d));
    pair(items, "Phí, lệ phí", fee_text(d));
    pair(items, "Nơi trả kết quả",
         d->channel == CHANNEL_ONLINE ? "Tài khoản của người nộp trên hệ thống"
         : org                        ? org->name
                                      : "");
    json_set(block(blocks, "pairs"), "items", items);
    text_block(blocks, "Thành phần hồ sơ đã nhận:", "left");
    papers_table(blocks, db, d);
    if (json_array_size(reasons))
        text_block(blocks,
                   d->accepted_at ? "Cách tính ngày hẹn trả:"
                                  : "Ngày hẹn trả dự kiến, nếu hồ sơ được tiếp nhận ngay:",
                   "left");
    json_each (reasons, i, reason)
        text_block(blocks, fmt("– %s", json_str(reason, "text")), "left");
    qr(blocks, d);
}

static bool supplement_form(Json blocks, Db *db, const Dossier *d, const Version *v)
{
    Json s = db_row(db,
                    "select number, stage, ground, items, asked_by_name, asked_at, due_at from "
                    "prc_supplement where dossier_id = ?1"
                    " order by number desc limit 1",
                    ID(d->id));
    Json facts = json_list();
    if (!s)
        return false;
    head(blocks, d, org_by_id(d->reception_org_id));
    json_set_str(block(blocks, "title"), "text", "PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ");
    pair(facts, "Mã hồ sơ", d->code);
    pair(facts, "Người nộp hồ sơ", d->applicant_name);
    pair(facts, "Nội dung yêu cầu giải quyết", fmt("%s (mã thủ tục %s)", v->name, v->code));
    pair(facts, "Lần yêu cầu", fmt("%lld", (long long)json_int(s, "number")));
    pair(facts, "Giai đoạn",
         text_is(json_str(s, "stage"), "intake") ? "Trước khi tiếp nhận" : "Trong khi giải quyết");
    pair(facts, "Căn cứ, lý do", json_str(s, "ground"));
    pair(facts, "Người yêu cầu", json_str(s, "asked_by_name"));
    pair(facts, "Thời điểm yêu cầu", time_vi(json_int(s, "asked_at")));
    pair(facts, "Bổ sung trước", time_vi(json_int(s, "due_at")));
    json_set(block(blocks, "pairs"), "items", facts);
    text_block(blocks, "Giấy tờ, thông tin cần bổ sung:", "left");
    json_each (json_at(s, "items"), i, item)
        text_block(blocks, fmt("%zu. %s", i + 1, json_string_value(item)), "left");
    qr(blocks, d);
    return true;
}

Reply dossier_form(Request *rq)
{
    Dossier d;
    Version v;
    Json blocks = json_list();
    const char *form = path_str(rq, "form");
    if (!dossier_find(rq->db, path_id(rq, "id"), &d) || !dossier_may_read(&d, rq->actor) || !d.submitted_at)
        return not_found(rq, "procedures.dossier.missing");
    version_find(rq->db, d.version_id, &v);
    bool there = true;
    if (text_is(form, "01.pdf"))
        receipt(blocks, rq->db, &d, &v, rq->now);
    else
        there = text_is(form, "02.pdf") && supplement_form(blocks, rq->db, &d, &v);
    if (!there)
        return not_found(rq, "procedures.form.missing");
    audit_read(rq, "procedures.form.read", fmt("dossier:%lld/form:%s", (long long)d.id, form));
    size_t size;
    const void *pdf = pdf_document(blocks,
                                   &(PdfOptions){ .title = fmt("%s %s", form, d.code),
                                                  .lang = "vi",
                                                  .footer = d.code,
                                                  .watermark = settings()->demo ? "BẢN TRÌNH DIỄN" : NULL,
                                                  .now = d.updated_at },
                                   &size);
    return bytes_reply("application/pdf", pdf, size);
}
