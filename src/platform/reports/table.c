/* Tables and pairs. A row stays whole where it can; the head is drawn again on every page; a row longer than
 * a page is cut between lines. One layout per column serves all rows, so a long table costs no more memory
 * than a short one. */
#include "platform/reports/sheet.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"

#include <string.h>

static const double PAD = 3;

typedef struct Column {
    const char *title;
    double x, width;
    TextStyle style;
    PangoLayout *layout;
    int next_line; /* of the row that is being drawn */
} Column;

typedef struct Table {
    Sheet *sheet;
    Column *columns;
    size_t count;
} Table;

static PangoAlignment column_align(Json given)
{
    const char *align = json_str(given, "align");
    return text_is(align, "right")    ? PANGO_ALIGN_RIGHT
           : text_is(align, "center") ? PANGO_ALIGN_CENTER
                                      : PANGO_ALIGN_LEFT;
}

static Table table_of(Sheet *sheet, Json given, double size)
{
    Table table = { sheet, NULL, json_array_size(given) };
    double sum = 0, x = sheet->left;
    table.columns = alloc_array(table.count + 1, sizeof *table.columns);
    json_each (given, i, column)
        sum += json_has(column, "width") ? json_num(column, "width") : 1.0 / (double)table.count;
    json_each (given, i, column) {
        double share = json_has(column, "width") ? json_num(column, "width") : 1.0 / (double)table.count;
        Column *c = &table.columns[i];
        *c = (Column){ .title = json_str(column, "title"),
                       .x = x,
                       .width = sheet->width * share / sum,
                       .style = { .size = size, .align = column_align(column) } };
        c->layout = sheet_layout(sheet, "", c->width - 2 * PAD, &c->style);
        x += c->width;
    }
    return table;
}

static void fill_row(Table *table, Json row, bool head)
{
    for (size_t i = 0; i < table->count; i++) {
        Column *c = &table->columns[i];
        TextStyle style = c->style;
        if (head)
            style = (TextStyle){ .size = c->style.size, .bold = true, .align = PANGO_ALIGN_CENTER };
        sheet_layout_set(c->layout, head ? c->title : cell_text(json_array_get(row, i)), c->width - 2 * PAD,
                         &style);
        c->next_line = 0;
    }
}

static double row_height(Table *table)
{
    double highest = 0;
    for (size_t i = 0; i < table->count; i++) {
        double height = layout_height(table->columns[i].layout);
        highest = height > highest ? height : highest;
    }
    return highest + 2 * PAD;
}

static void release_iter(void *iter)
{
    pango_layout_iter_free(iter);
}

/* Draws the lines of one cell from its next_line on that fit into `room`; returns the height they took. */
static double draw_cell(Table *table, Column *c, double room)
{
    Sheet *sheet = table->sheet;
    PangoLayoutIter *iter = pango_layout_get_iter(c->layout);
    double used = 0;
    int number = 0;
    do {
        PangoRectangle box;
        if (number++ < c->next_line)
            continue;
        pango_layout_iter_get_line_extents(iter, NULL, &box);
        double height = (double)box.height / PANGO_SCALE;
        if (used + height > room + 0.01)
            break;
        if (sheet->drawing) {
            double down = (double)(pango_layout_iter_get_baseline(iter) - box.y) / PANGO_SCALE;
            cairo_move_to(sheet->cr, c->x + PAD + (double)box.x / PANGO_SCALE, sheet->y + PAD + used + down);
            pango_cairo_show_layout_line(sheet->cr, pango_layout_iter_get_line_readonly(iter));
        }
        used += height;
        c->next_line++;
    } while (pango_layout_iter_next_line(iter));
    release_iter(iter);
    return used;
}

static void draw_frame(Table *table, double height)
{
    Sheet *sheet = table->sheet;
    if (!sheet->drawing)
        return;
    cairo_set_line_width(sheet->cr, 0.5);
    for (size_t i = 0; i < table->count; i++)
        cairo_rectangle(sheet->cr, table->columns[i].x, sheet->y, table->columns[i].width, height);
    cairo_stroke(sheet->cr);
}

static bool row_done(const Table *table)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->columns[i].next_line < pango_layout_get_line_count(table->columns[i].layout))
            return false;
    return true;
}

/* One piece of a row: all of it, or as many lines as the page still holds. */
static void draw_piece(Table *table, bool framed, const char *tag)
{
    Sheet *sheet = table->sheet;
    double room = sheet->unbroken ? 1e9 : sheet->bottom - sheet->y - 2 * PAD, height = 0;
    if (sheet->drawing)
        cairo_tag_begin(sheet->cr, "TR", NULL);
    for (size_t i = 0; i < table->count; i++) {
        if (sheet->drawing)
            cairo_tag_begin(sheet->cr, tag, NULL);
        double used = draw_cell(table, &table->columns[i], room);
        if (sheet->drawing)
            cairo_tag_end(sheet->cr, tag);
        height = used > height ? used : height;
    }
    if (sheet->drawing)
        cairo_tag_end(sheet->cr, "TR");
    if (framed)
        draw_frame(table, height + 2 * PAD);
    sheet->y += height + (framed ? 2 * PAD : PAD);
}

static void draw_head(Table *table)
{
    fill_row(table, NULL, true);
    draw_piece(table, true, "TH");
}

static void draw_row(Table *table, Json row, bool framed, bool headed)
{
    Sheet *sheet = table->sheet;
    fill_row(table, row, false);
    double height = row_height(table);
    bool broken = !sheet->unbroken && sheet->y + height > sheet->bottom && sheet->y > sheet->top;
    if (broken) {
        sheet_page(sheet);
        if (headed)
            draw_head(table);
        fill_row(table, row, false);
    }
    draw_piece(table, framed, "TD");
    while (!row_done(table)) { /* longer than a page */
        int before = table->columns[0].next_line;
        sheet_page(sheet);
        draw_piece(table, framed, "TD");
        if (before == table->columns[0].next_line && !row_done(table) && sheet->y <= sheet->top + 2 * PAD)
            raise_fault(FAULT_INTERNAL, "reports.table", "a line of a table is higher than a page");
    }
}

void sheet_table(Sheet *sheet, Json block)
{
    Table table =
        table_of(sheet, json_at(block, "columns"), json_has(block, "size") ? json_num(block, "size") : 12);
    Json rows = json_at(block, "rows");
    if (!table.count)
        return;
    fill_row(&table, NULL, true);
    sheet_need(sheet, row_height(&table) * 2); /* a head alone at the foot of a page helps nobody */
    sheet_tag(sheet, "Table");
    draw_head(&table);
    json_each (rows, i, row)
        draw_row(&table, row, true, true);
    sheet_tag(sheet, NULL);
    sheet->y += 3 * MM;
}

void sheet_pairs(Sheet *sheet, Json block)
{
    Json items = json_at(block, "items"), columns = json_list();
    json_add(columns, json_set_num(json_new(), "width", 0.34));
    json_add(columns, json_set_num(json_new(), "width", 0.66));
    Table table = table_of(sheet, columns, 13);
    sheet_tag(sheet, "Table");
    json_each (items, i, item) {
        Json row = json_list();
        json_add_str(row, cell_text(json_at(item, "label")));
        json_add_str(row, cell_text(json_at(item, "value")));
        draw_row(&table, row, false, false);
    }
    sheet_tag(sheet, NULL);
    sheet->y += 1 * MM;
}
