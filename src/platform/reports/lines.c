/* Text on the sheet: paragraphs become lines by Pango, and lines are put one by one, so that a page may end
 * between any two. */
#include "platform/reports/sheet.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"

#include <string.h>

/* Times' metrics first; DejaVu has what it lacks (arrows, ticks). */
static const char FONT[] = "Liberation Serif,DejaVu Serif,serif";

void sheet_layout_set(PangoLayout *layout, const char *text, double width, const TextStyle *style)
{
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family_static(font, FONT);
    pango_font_description_set_size(font, (int)(style->size * PANGO_SCALE));
    pango_font_description_set_weight(font, style->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_style(font, style->italic ? PANGO_STYLE_ITALIC : PANGO_STYLE_NORMAL);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_alignment(layout, style->align);
    pango_layout_set_justify(layout, style->justify);
    pango_layout_set_indent(layout, (int)(style->indent * PANGO_SCALE));
    pango_layout_set_line_spacing(layout, (float)(style->leading > 0 ? style->leading : 1));
    pango_layout_set_text(layout, text, -1);
}

PangoLayout *sheet_layout(Sheet *sheet, const char *text, double width, const TextStyle *style)
{
    PangoLayout *layout = pango_layout_new(sheet->context);
    arena_defer(g_object_unref, layout);
    sheet_layout_set(layout, text, width, style);
    return layout;
}

double layout_height(PangoLayout *layout)
{
    PangoRectangle logical;
    pango_layout_get_extents(layout, NULL, &logical);
    return (double)logical.height / PANGO_SCALE;
}

/* The form fields whose gap lies in this line. */
static void note_gaps(Sheet *sheet, PangoLayoutLine *line, double x, double height, const Gap *gaps,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t first = (size_t)line->start_index, after = first + (size_t)line->length;
        if (gaps[i].index < first || gaps[i].index >= after)
            continue;
        int offset;
        pango_layout_line_index_to_x(line, (int)gaps[i].index, FALSE, &offset);
        sheet_place(sheet, gaps[i].name, "text", x + (double)offset / PANGO_SCALE, sheet->y, gaps[i].width,
                    height);
    }
}

static void release_iter(void *iter)
{
    pango_layout_iter_free(iter);
}

void sheet_lines(Sheet *sheet, PangoLayout *layout, double x, const Gap *gaps, size_t gap_count)
{
    PangoLayoutIter *iter = pango_layout_get_iter(layout);
    arena_defer(release_iter, iter);
    do {
        PangoRectangle box;
        pango_layout_iter_get_line_extents(iter, NULL, &box);
        double height = (double)box.height / PANGO_SCALE, left = x + (double)box.x / PANGO_SCALE;
        double down = (double)(pango_layout_iter_get_baseline(iter) - box.y) / PANGO_SCALE;
        sheet_need(sheet, height);
        PangoLayoutLine *line = pango_layout_iter_get_line_readonly(iter);
        if (sheet->drawing) {
            cairo_move_to(sheet->cr, left, sheet->y + down);
            pango_cairo_show_layout_line(sheet->cr, line);
        }
        note_gaps(sheet, line, left, height, gaps, gap_count);
        sheet->y += height;
    } while (pango_layout_iter_next_line(iter));
}

void sheet_text(Sheet *sheet, const char *text, const TextStyle *style)
{
    sheet_lines(sheet, sheet_layout(sheet, text, sheet->width, style), sheet->left, NULL, 0);
}

const char *cell_text(Json cell)
{
    if (json_is_string(cell))
        return json_string_value(cell);
    if (json_is_integer(cell))
        return fmt("%lld", (long long)json_integer_value(cell));
    if (json_is_real(cell))
        return fmt("%.15g", json_real_value(cell));
    if (json_is_boolean(cell))
        return json_is_true(cell) ? "x" : "";
    return "";
}
