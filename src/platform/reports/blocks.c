/* The kinds of block, as a table from their name to what sets them. Sizes and styles are those of Decree
 * 30/2020, Phụ lục I, mục V. */
#include "platform/reports/sheet.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    PangoAlignment align;
} ALIGNMENTS[] = { { "left", PANGO_ALIGN_LEFT },
                   { "center", PANGO_ALIGN_CENTER },
                   { "right", PANGO_ALIGN_RIGHT } };

static PangoAlignment alignment(Json block, PangoAlignment otherwise)
{
    for (size_t i = 0; i < sizeof ALIGNMENTS / sizeof *ALIGNMENTS; i++)
        if (text_is(json_str(block, "align"), ALIGNMENTS[i].name))
            return ALIGNMENTS[i].align;
    return otherwise;
}

static double number_or(Json block, const char *name, double otherwise)
{
    return json_has(block, name) ? json_num(block, name) : otherwise;
}

static void set_title(Sheet *sheet, Json block)
{
    TextStyle style = { .size = 14, .bold = true, .align = PANGO_ALIGN_CENTER };
    sheet->y += 4 * MM;
    sheet_tag(sheet, "H1");
    sheet_text(sheet, json_str(block, "text"), &style);
    sheet->y += 1 * MM;
}

static void set_subtitle(Sheet *sheet, Json block)
{
    TextStyle style = { .size = 13, .bold = true, .align = PANGO_ALIGN_CENTER };
    sheet_tag(sheet, "H2");
    sheet_text(sheet, json_str(block, "text"), &style);
    sheet->y += 2 * MM;
}

/* Cuts "[[So 18]]" out of a text: a no-break space stands for it there and a shape of its width in the
 * layout. */
static char *cut_gaps(const char *text, Gap *gaps, size_t *count, size_t most)
{
    Buf out = { 0 };
    *count = 0;
    for (const char *at; (at = strstr(text, "[["));) {
        const char *end = strstr(at, "]]"), *space = end ? memchr(at, ' ', (size_t)(end - at)) : NULL;
        if (!space || *count == most)
            break;
        buf_add(&out, text, (size_t)(at - text));
        gaps[(*count)++] =
            (Gap){ text_copy_n(at + 2, (size_t)(space - at - 2)), out.size, atof(space + 1) * MM };
        buf_text(&out, "\u00a0");
        text = end + 2;
    }
    buf_text(&out, text);
    return out.at;
}

static void widen_gaps(PangoLayout *layout, const Gap *gaps, size_t count)
{
    PangoAttrList *attributes = pango_attr_list_new();
    for (size_t i = 0; i < count; i++) {
        PangoRectangle box = { .width = (int)(gaps[i].width * PANGO_SCALE), .height = 1 };
        PangoAttribute *shape = pango_attr_shape_new(&box, &box);
        shape->start_index = (guint)gaps[i].index;
        shape->end_index = shape->start_index + 2;
        pango_attr_list_insert(attributes, shape);
    }
    pango_layout_set_attributes(layout, attributes);
    pango_attr_list_unref(attributes);
}

static void set_text(Sheet *sheet, Json block)
{
    enum { MOST_GAPS = 8 };
    Gap gaps[MOST_GAPS];
    size_t count = 0;
    const char *text = json_str(block, "text");
    TextStyle style = { .size = number_or(block, "size", 13),
                        .bold = json_bool(block, "bold"),
                        .italic = json_bool(block, "italic"),
                        .align = alignment(block, PANGO_ALIGN_LEFT),
                        .justify = text_is(json_str(block, "align"), "justify"),
                        .leading = 1.15 };
    if (style.justify)
        style.indent = 10 * MM;
    if (json_bool(block, "fields"))
        text = cut_gaps(text, gaps, &count, MOST_GAPS);
    PangoLayout *layout = sheet_layout(sheet, text, sheet->width, &style);
    if (count)
        widen_gaps(layout, gaps, count);
    sheet_tag(sheet, "P");
    sheet_lines(sheet, layout, sheet->left, gaps, count);
    sheet->y += 4;
}

static void set_space(Sheet *sheet, Json block)
{
    sheet->y += json_num(block, "mm") * MM;
}

static void set_line(Sheet *sheet, Json block)
{
    (void)block;
    sheet_tag(sheet, NULL);
    sheet_need(sheet, 8);
    if (sheet->drawing) {
        cairo_set_line_width(sheet->cr, 0.5);
        cairo_move_to(sheet->cr, sheet->left, sheet->y + 4);
        cairo_line_to(sheet->cr, sheet->left + sheet->width, sheet->y + 4);
        cairo_stroke(sheet->cr);
    }
    sheet->y += 8;
}

/* Where a thing of this width begins. */
static double aligned(Sheet *sheet, Json block, double width)
{
    PangoAlignment align = alignment(block, PANGO_ALIGN_LEFT);
    double room = sheet->width - width;
    return sheet->left + (align == PANGO_ALIGN_CENTER ? room / 2 : align == PANGO_ALIGN_RIGHT ? room : 0);
}

static void set_qr(Sheet *sheet, Json block)
{
    double size = number_or(block, "size_mm", 30) * MM, x = aligned(sheet, block, size);
    TextStyle style = { .size = 10, .align = PANGO_ALIGN_CENTER };
    PangoLayout *caption = sheet_layout(sheet, json_str(block, "caption"), size + 20 * MM, &style);
    bool captioned = *json_str(block, "caption");
    sheet_tag(sheet, "Figure");
    sheet_need(sheet, size + (captioned ? layout_height(caption) : 0));
    if (sheet->drawing)
        sheet_qr(sheet, json_str(block, "text"), x, sheet->y, size);
    sheet->y += size;
    if (captioned) {
        double left = x - 10 * MM < sheet->left ? sheet->left : x - 10 * MM;
        if (left + size + 20 * MM > sheet->left + sheet->width)
            left = sheet->left + sheet->width - size - 20 * MM;
        sheet_lines(sheet, caption, left, NULL, 0);
    }
}

static void set_field(Sheet *sheet, Json block)
{
    double width = number_or(block, "width_mm", 50) * MM, height = number_or(block, "height_mm", 7) * MM;
    sheet_tag(sheet, NULL);
    sheet_need(sheet, height);
    sheet_place(sheet, json_str(block, "name"), json_has(block, "type") ? json_str(block, "type") : "text",
                aligned(sheet, block, width), sheet->y, width, height);
    sheet->y += height;
}

/* ---- Side by side ---- */

/* Sets each item in its own column from the same y; returns the lowest end. */
static double set_items(Sheet *sheet, Json items, double gutter)
{
    double top = sheet->y, lowest = top, left = sheet->left, width = sheet->width;
    size_t count = json_array_size(items);
    json_each (items, i, item) {
        sheet->y = top;
        sheet->width = (width - gutter * (double)(count - 1)) / (double)count;
        sheet->left = left + (double)i * (sheet->width + gutter);
        sheet_blocks(sheet, item);
        if (sheet->y > lowest)
            lowest = sheet->y;
    }
    sheet->left = left;
    sheet->width = width;
    return lowest;
}

static void set_columns(Sheet *sheet, Json block)
{
    Json items = json_at(block, "items");
    Sheet trial = *sheet;
    if (!json_array_size(items))
        return;
    trial.drawing = false;
    trial.unbroken = true;
    double height = set_items(&trial, items, 6 * MM) - sheet->y;
    sheet_tag(sheet, NULL);
    if (!sheet->unbroken && height > sheet->bottom - sheet->top) {
        json_each (items, i, item) /* longer than a page: one below the other loses nothing */
            sheet_blocks(sheet, item);
        return;
    }
    sheet_need(sheet, height);
    bool unbroken = sheet->unbroken;
    sheet->unbroken = true;
    sheet->y = set_items(sheet, items, 6 * MM);
    sheet->unbroken = unbroken;
}

static const struct Kind {
    const char *name;
    void (*set)(Sheet *sheet, Json block);
} KINDS[] = {
    { "heading2", sheet_head }, { "title", set_title },   { "subtitle", set_subtitle }, { "text", set_text },
    { "pairs", sheet_pairs },   { "table", sheet_table }, { "columns", set_columns },   { "qr", set_qr },
    { "space", set_space },     { "line", set_line },     { "field", set_field },
};

static void set_block(Sheet *sheet, Json block)
{
    const char *kind = json_str(block, "kind");
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        if (text_is(KINDS[i].name, kind)) {
            KINDS[i].set(sheet, block);
            return;
        }
    raise_fault(FAULT_INTERNAL, "reports.block", "no block is called \"%s\"", kind);
}

void sheet_blocks(Sheet *sheet, Json blocks)
{
    json_each (blocks, i, block) {
        set_block(sheet, block);
        sheet_tag(sheet, NULL);
    }
}
