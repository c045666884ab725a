/* The head of official documents (Decree 30/2020, Phụ lục I, mục II.1–4): the agency on the left, the
 * national name and motto on the right, below them number and place with date.
 *
 * Of the left lines, those before the one that begins with "Số" name agencies: the upper one plain, the
 * issuing one bold with a rule of 1/3 to 1/2 of its length. On the right the first is the national name,
 * bold; the second the motto, bold with a rule as long as itself; what follows is the place and date, italic.
 * A line may say otherwise for itself. */
#include "platform/reports/sheet.h"
#include "base/arena.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

typedef struct HeadLine {
    const char *text;
    TextStyle style;
    double rule; /* as a share of the text's width */
} HeadLine;

static size_t agency_lines(Json lines)
{
    json_each (lines, i, line) {
        const char *text = json_is_object(line) ? json_str(line, "text") : cell_text(line);
        if (text_starts(text, "Số"))
            return i;
    }
    return json_array_size(lines);
}

static HeadLine left_line(Json lines, size_t i)
{
    size_t agencies = agency_lines(lines);
    bool issuing = i + 1 == agencies;
    return (HeadLine){ .style = { .size = i < agencies ? 12 : 13, .bold = issuing },
                       .rule = issuing ? 0.4 : 0 };
}

static HeadLine right_line(size_t i)
{
    static const HeadLine LINES[] = { { .style = { .size = 12, .bold = true } },
                                      { .style = { .size = 13, .bold = true }, .rule = 1 },
                                      { .style = { .size = 13, .italic = true } } };
    return LINES[i < 2 ? i : 2];
}

static HeadLine said(HeadLine line, Json given)
{
    line.style.align = PANGO_ALIGN_CENTER;
    line.text = json_is_object(given) ? json_str(given, "text") : cell_text(given);
    if (json_has(given, "bold"))
        line.style.bold = json_bool(given, "bold");
    if (json_has(given, "italic"))
        line.style.italic = json_bool(given, "italic");
    if (json_has(given, "rule"))
        line.rule = json_bool(given, "rule") ? 0.4 : 0;
    return line;
}

static void draw_rule(Sheet *sheet, double share, PangoLayout *layout)
{
    PangoRectangle box;
    pango_layout_get_extents(layout, NULL, &box);
    double width = (double)box.width / PANGO_SCALE * share, x = sheet->left + (sheet->width - width) / 2;
    if (sheet->drawing) {
        cairo_set_line_width(sheet->cr, 0.7);
        cairo_move_to(sheet->cr, x, sheet->y + 2);
        cairo_line_to(sheet->cr, x + width, sheet->y + 2);
        cairo_stroke(sheet->cr);
    }
    sheet->y += 6;
}

/* A line with gaps for fields is set by the block "text", which knows them. */
static void set_gapped(Sheet *sheet, const HeadLine *line)
{
    Json block = json_set_str(json_new(), "kind", "text");
    json_set_str(block, "text", line->text);
    json_set_str(block, "align", "center");
    json_set_num(block, "size", line->style.size);
    json_set_bool(block, "bold", line->style.bold);
    json_set_bool(block, "italic", line->style.italic);
    json_set_bool(block, "fields", true);
    Json blocks = json_list();
    json_add(blocks, block);
    sheet_blocks(sheet, blocks);
}

static void set_line(Sheet *sheet, const HeadLine *line, bool fields)
{
    if (fields && strstr(line->text, "[[")) {
        set_gapped(sheet, line);
        return;
    }
    sheet_tag(sheet, "P");
    PangoLayout *layout = sheet_layout(sheet, line->text, sheet->width, &line->style);
    sheet_lines(sheet, layout, sheet->left, NULL, 0);
    sheet_tag(sheet, NULL);
    if (line->rule > 0)
        draw_rule(sheet, line->rule, layout);
}

static Json national(void)
{
    Json lines = json_list();
    json_add_str(lines, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM");
    json_add_str(lines, "Độc lập - Tự do - Hạnh phúc");
    return lines;
}

/* Number and place stand on one height, below the longer of the two heads. */
static double set_side(Sheet *sheet, Json lines, bool right, bool fields, size_t from, size_t to)
{
    for (size_t i = from; i < to && i < json_array_size(lines); i++) {
        Json given = json_array_get(lines, i);
        HeadLine line = said(right ? right_line(i) : left_line(lines, i), given);
        set_line(sheet, &line, fields);
    }
    return sheet->y;
}

void sheet_head(Sheet *sheet, Json block)
{
    Json left = json_at(block, "left"), right = json_at(block, "right");
    bool fields = json_bool(block, "fields"), unbroken = sheet->unbroken;
    double x = sheet->left, width = sheet->width, split = width * 0.42, low_left, low_right;
    if (!json_array_size(right))
        right = national();
    sheet_need(sheet, 40 * MM);
    sheet->unbroken = true;
    size_t cuts[2][3] = { { 0, agency_lines(left), SIZE_MAX }, { 0, 2, SIZE_MAX } };
    for (int part = 0; part < 2; part++) {
        double top = sheet->y;
        sheet->width = split - 2 * MM;
        low_left = set_side(sheet, left, false, fields, cuts[0][part], cuts[0][part + 1]);
        sheet->y = top;
        sheet->left = x + split;
        sheet->width = width - split;
        low_right = set_side(sheet, right, true, fields, cuts[1][part], cuts[1][part + 1]);
        sheet->left = x;
        sheet->y = (low_left > low_right ? low_left : low_right) + 2;
    }
    sheet->width = width;
    sheet->unbroken = unbroken;
    sheet->y += 2 * MM;
}
