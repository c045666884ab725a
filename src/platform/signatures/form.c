/* Reading the form: fields are a tree; a field's kids are fields when they have a name and widgets when they
 * have none. */
#include "platform/signatures/form.h"
#include "platform/signatures/signatures.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/text.h"

#include <string.h>

enum { MOST_FIELDS = 20000 };

typedef struct Walk {
    PdfFile *file;
    Vec found;
    size_t visited;
} Walk;

static void add_field(Walk *walk, PdfObj *ref, PdfObj *dict, const char *name, PdfObj *type, PdfObj *kids)
{
    FormField *field = alloc(sizeof *field);
    *field = (FormField){ .name = name, .type = type->text, .dict = dict, .number = ref->number };
    field->widget = dict;
    field->widget_number = ref->number;
    if (kids->type == PDF_ARRAY && kids->count && kids->items[0]->type == PDF_REF) {
        field->widget = pdf_item(walk->file, kids, 0);
        field->widget_number = kids->items[0]->number;
    }
    PdfObj *value = pdf_member(dict, "V");
    field->value = pdf_resolve(walk->file, value);
    field->value_number = value && value->type == PDF_REF ? value->number : 0;
    vec_add(&walk->found, field);
}

static void walk_field(Walk *walk, PdfObj *ref, const char *parent, PdfObj *type, int depth)
{
    PdfFile *file = walk->file;
    PdfObj *dict = pdf_resolve(file, ref), *kids = pdf_get(file, dict, "Kids");
    if (dict->type != PDF_DICT || depth > 32 || ++walk->visited > MOST_FIELDS)
        return;
    PdfObj *own_type = pdf_get(file, dict, "FT");
    if (own_type->type == PDF_NAME)
        type = own_type;
    const char *partial = pdf_text(pdf_get(file, dict, "T"));
    const char *name = *parent && *partial ? fmt("%s.%s", parent, partial) : *partial ? partial : parent;
    bool inner = false;
    for (unsigned i = 0; kids->type == PDF_ARRAY && i < kids->count; i++)
        inner = inner || pdf_member(pdf_item(file, kids, i), "T");
    if (!inner) {
        if (type && ref->type == PDF_REF && *name)
            add_field(walk, ref, dict, name, type, kids);
        return;
    }
    for (unsigned i = 0; i < kids->count; i++)
        walk_field(walk, kids->items[i], name, type, depth + 1);
}

FormField *pdf_form_fields(PdfFile *file, size_t *count)
{
    Walk walk = { .file = file };
    PdfObj *list = pdf_get(file, pdf_get(file, pdf_catalog(file), "AcroForm"), "Fields");
    for (unsigned i = 0; list->type == PDF_ARRAY && i < list->count; i++)
        walk_field(&walk, list->items[i], "", NULL, 0);
    FormField *fields = alloc_array(walk.found.count + 1, sizeof *fields);
    for (size_t i = 0; i < walk.found.count; i++)
        fields[i] = *(FormField *)walk.found.items[i];
    *count = walk.found.count;
    return fields;
}

FormField *pdf_form_find(PdfFile *file, const char *name)
{
    size_t count;
    FormField *fields = pdf_form_fields(file, &count);
    for (size_t i = 0; i < count; i++)
        if (text_is(fields[i].name, name))
            return &fields[i];
    return NULL;
}

/* ---- Locks ---- */

Lock lock_of(PdfFile *file, PdfObj *signature)
{
    Lock lock = { 0 };
    PdfObj *references = pdf_get(file, signature, "Reference");
    for (unsigned i = 0; references->type == PDF_ARRAY && i < references->count; i++) {
        PdfObj *reference = pdf_item(file, references, i),
               *parameters = pdf_get(file, reference, "TransformParams");
        PdfObj *method = pdf_get(file, reference, "TransformMethod"),
               *action = pdf_get(file, parameters, "Action");
        if (pdf_is_name(method, "DocMDP")) {
            PdfObj *p = pdf_get(file, parameters, "P");
            lock.doc_mdp = p->type == PDF_INT && p->number >= 1 && p->number <= 3 ? (int)p->number : 2;
        } else if (pdf_is_name(method, "FieldMDP")) {
            lock.kind = pdf_is_name(action, "Include")   ? LOCK_INCLUDE
                        : pdf_is_name(action, "Exclude") ? LOCK_EXCLUDE
                                                         : LOCK_ALL;
            lock.names = pdf_get(file, parameters, "Fields");
        }
    }
    return lock;
}

bool lock_holds(PdfFile *file, const Lock *lock, const char *field)
{
    bool named = false;
    for (unsigned i = 0; lock->names && lock->names->type == PDF_ARRAY && i < lock->names->count; i++) {
        const char *name = pdf_text(pdf_item(file, lock->names, i));
        named = named || text_is(name, field) || text_starts(field, fmt("%s.", name));
    }
    return lock->doc_mdp == 1 || lock->kind == LOCK_ALL || (lock->kind == LOCK_INCLUDE && named) ||
           (lock->kind == LOCK_EXCLUDE && !named);
}

bool form_locked(PdfFile *file, const char *name)
{
    size_t count;
    FormField *fields = pdf_form_fields(file, &count);
    for (size_t i = 0; i < count; i++) {
        if (!text_is(fields[i].type, "Sig") || fields[i].value->type != PDF_DICT)
            continue;
        Lock lock = lock_of(file, fields[i].value);
        if (lock_holds(file, &lock, name))
            return true;
    }
    return false;
}

/* ---- Geometry ---- */

static bool read_box(PdfFile *file, PdfObj *array, double box[4])
{
    for (size_t i = 0; i < 4; i++) {
        PdfObj *number = pdf_item(file, array, i);
        if (number->type != PDF_INT && number->type != PDF_REAL)
            return false;
        box[i] = number->real;
    }
    for (int i = 0; i < 2; i++)
        if (box[i] > box[i + 2]) {
            double swap = box[i];
            box[i] = box[i + 2];
            box[i + 2] = swap;
        }
    return true;
}

void page_box(PdfFile *file, PdfObj *page, double box[4])
{
    static const char *const BOXES[] = { "CropBox", "MediaBox" };
    for (size_t b = 0; b < 2; b++) {
        PdfObj *node = page;
        for (int depth = 0; node->type == PDF_DICT && depth < PDF_MOST_DEPTH; depth++) { /* inherited */
            if (read_box(file, pdf_get(file, node, BOXES[b]), box))
                return;
            node = pdf_get(file, node, "Parent");
        }
    }
    memcpy(box, (double[4]){ 0, 0, 595.276, 841.89 }, 4 * sizeof *box);
}

bool rect_of(PdfFile *file, PdfObj *widget, double *width, double *height)
{
    double box[4];
    if (!read_box(file, pdf_get(file, widget, "Rect"), box))
        return false;
    *width = box[2] - box[0];
    *height = box[3] - box[1];
    return true;
}
