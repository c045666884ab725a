/* Changing the form: new empty fields, and values with their appearance. Both are incremental updates. */
#include "platform/signatures/form.h"
#include "platform/signatures/canvas.h"
#include "platform/signatures/signatures.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- New fields ---- */

typedef struct PageChange {
    int page;
    int64_t number;
    PdfObj *dict, *annots;
} PageChange;

/* The page as it will be, made once per page. */
static PageChange *change_of(PdfFile *file, Vec *changes, int page)
{
    for (size_t i = 0; i < changes->count; i++)
        if (((PageChange *)changes->items[i])->page == page)
            return changes->items[i];
    PageChange *change = alloc(sizeof *change);
    PdfObj *dict = pdf_page(file, page, &change->number);
    if (!dict)
        return NULL;
    change->page = page;
    change->dict = pdf_copy_dict(file, dict);
    PdfObj *annots = pdf_get(file, dict, "Annots");
    change->annots = pdf_own(file, "[]");
    for (unsigned i = 0; annots->type == PDF_ARRAY && i < annots->count; i++)
        pdf_append(file, change->annots, annots->items[i]);
    pdf_set(file, change->dict, "Annots", change->annots);
    vec_add(changes, change);
    return change;
}

static char *field_body(PdfFile *file, const PdfField *field, const PageChange *page)
{
    double box[4], mm = 72 / 25.4;
    page_box(file, page->dict, box);
    double x = box[0] + field->x_mm * mm, top = box[3] - field->y_mm * mm;
    const char *rect =
        fmt("[%.3f %.3f %.3f %.3f]", x, top - field->height_mm * mm, x + field->width_mm * mm, top);
    /* F 4: printed. A signature field that shows nothing is hidden from print and screen (132: print,
     * locked). */
    const char *kind = field->signature ? "/FT /Sig" : "/FT /Tx /DA (/Helv 0 Tf 0 g)";
    return fmt("<< /Type /Annot /Subtype /Widget %s /T %s /F %d /P %lld 0 R /Rect %s >>", kind,
               pdf_text_string(field->name), field->signature && field->width_mm <= 0 ? 132 : 4,
               (long long)page->number, rect);
}

/* The form's dictionary as it will be, and its object (0: it stands in the catalog). */
static PdfObj *form_of(PdfFile *file, int64_t *number)
{
    PdfObj *member = pdf_member(pdf_catalog(file), "AcroForm"), *form = pdf_resolve(file, member);
    *number = form->type == PDF_DICT && member->type == PDF_REF ? member->number : 0;
    PdfObj *copy =
        form->type == PDF_DICT
            ? pdf_copy_dict(file, form)
            : pdf_own(file, "<< /Fields [] /DA (/Helv 0 Tf 0 g) /DR << /Font << /Helv << /Type /Font "
                            "/Subtype /Type1 /BaseFont /Helvetica >> >> >> >>");
    PdfObj *old = pdf_get(file, copy, "Fields"), *list = pdf_own(file, "[]");
    for (unsigned i = 0; old->type == PDF_ARRAY && i < old->count; i++)
        pdf_append(file, list, old->items[i]);
    pdf_set(file, copy, "Fields", list);
    return copy;
}

/* SigFlags 3: signature fields exist; the file may only be appended to. */
static void put_form(PdfUpdate *update, PdfObj *form, int64_t number, bool signature)
{
    PdfFile *file = update->file;
    PdfObj *root = pdf_member(file->trailer, "Root");
    if (signature)
        pdf_set(file, form, "SigFlags", pdf_own(file, "3"));
    if (number) {
        pdf_update_object(update, number, form);
        return;
    }
    PdfObj *catalog = pdf_copy_dict(file, pdf_catalog(file));
    number = pdf_update_new(update);
    pdf_update_object(update, number, form);
    pdf_set(file, catalog, "AcroForm", pdf_ref(file, number));
    pdf_update_object(update, root->number, catalog);
}

int64_t form_put_fields(PdfUpdate *update, const PdfField *fields, size_t count, const char **refusal)
{
    PdfFile *file = update->file;
    Vec changes = { 0 };
    int64_t form_number, first = 0;
    bool signature = false;
    PdfObj *form = form_of(file, &form_number);
    for (size_t i = 0; i < count; i++) {
        PageChange *page = change_of(file, &changes, fields[i].page);
        if (!page || pdf_form_find(file, fields[i].name)) {
            *refusal = page ? "signatures.field.twice" : "signatures.field.page";
            return 0;
        }
        int64_t number = pdf_update_new(update);
        const char *body = field_body(file, &fields[i], page);
        pdf_update_put(update, number, body, strlen(body));
        pdf_append(file, page->annots, pdf_ref(file, number));
        pdf_append(file, pdf_member(form, "Fields"), pdf_ref(file, number));
        signature = signature || fields[i].signature;
        first = first ? first : number;
    }
    for (size_t i = 0; i < changes.count; i++) {
        PageChange *page = changes.items[i];
        pdf_update_object(update, page->number, page->dict);
    }
    put_form(update, form, form_number, signature);
    return first;
}

const void *pdf_prepare(const void *pdf, size_t size, const PdfField *fields, size_t count, size_t *out_size,
                        const char **refusal)
{
    const char *ignored, **why = refusal ? refusal : &ignored;
    PdfUpdate update;
    PdfFile *file = pdf_open(pdf, size, why);
    if (!file)
        return NULL;
    pdf_update_begin(&update, file, 4096 + count * 512);
    if (!form_put_fields(&update, fields, count, why))
        return NULL;
    pdf_update_end(&update);
    *out_size = update.out.size;
    return file->error ? NULL : update.out.at;
}

const void *pdf_prepare_places(const void *pdf, size_t size, Json places, size_t *out_size)
{
    size_t count = json_array_size(places);
    PdfField *fields = alloc_array(count + 1, sizeof *fields);
    json_each (places, i, place)
        fields[i] = (PdfField){ json_str(place, "name"),      text_is(json_str(place, "type"), "signature"),
                                (int)json_int(place, "page"), json_num(place, "x_mm"),
                                json_num(place, "y_mm"),      json_num(place, "width_mm"),
                                json_num(place, "height_mm") };
    return pdf_prepare(pdf, size, fields, count, out_size, NULL);
}

/* ---- Values ---- */

/* Writes value and appearance of one text field; false when it is not there or locked. */
static bool fill_one(PdfUpdate *update, const char *name, const char *value)
{
    PdfFile *file = update->file;
    double width, height;
    FormField *field = pdf_form_find(file, name);
    if (!field || !text_is(field->type, "Tx") || form_locked(file, name) ||
        !rect_of(file, field->widget, &width, &height))
        return false;
    int64_t appearance = pdf_update_new(update);
    size_t body_size;
    const char *body = canvas_text_field(width, height, value, &body_size);
    pdf_update_put(update, appearance, body, body_size);
    PdfObj *dict = pdf_copy_dict(file, field->dict);
    pdf_set(file, dict, "V", pdf_own(file, pdf_text_string(value)));
    PdfObj *look = pdf_own(file, fmt("<< /N %lld 0 R >>", (long long)appearance));
    if (field->widget_number != field->number) {
        PdfObj *widget = pdf_copy_dict(file, field->widget);
        pdf_set(file, widget, "AP", look);
        pdf_update_object(update, field->widget_number, widget);
    } else {
        pdf_set(file, dict, "AP", look);
    }
    pdf_update_object(update, field->number, dict);
    return true;
}

const void *pdf_fill(const void *pdf, size_t size, const char *const *names_and_values, size_t *out_size)
{
    const char *error;
    PdfUpdate update;
    PdfFile *file = pdf_open(pdf, size, &error);
    if (!file)
        return NULL;
    pdf_update_begin(&update, file, 32768);
    for (; names_and_values[0]; names_and_values += 2)
        if (!fill_one(&update, names_and_values[0], names_and_values[1]))
            return NULL;
    pdf_update_end(&update);
    *out_size = update.out.size;
    return file->error ? NULL : update.out.at;
}
