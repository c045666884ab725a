/* Tables for programs that calculate: CSV and XLSX.
 *
 * CSV (RFC 4180) begins with a byte order mark, without which spreadsheets read Vietnamese as Latin-1. A text
 * cell that a spreadsheet would take for a formula gets an apostrophe before it (OWASP: CSV injection). XLSX
 * cells keep their kind: a number can be summed, a date sorted. */
#include "platform/reports/sheet.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xlsxwriter.h>

typedef enum CellKind { CELL_TEXT, CELL_NUMBER, CELL_MONEY, CELL_DATE, CELL_DATETIME, CELL_KINDS } CellKind;

static const struct {
    const char *name, *format;
    double width;
} KINDS[CELL_KINDS] = {
    [CELL_TEXT] = { "text", NULL, 30 },
    [CELL_NUMBER] = { "number", NULL, 12 },
    [CELL_MONEY] = { "money", "#,##0\\ \"đ\"", 16 },
    [CELL_DATE] = { "date", "dd/mm/yyyy", 12 },
    [CELL_DATETIME] = { "datetime", "dd/mm/yyyy hh:mm", 18 },
};

static CellKind kind_of(Json column)
{
    for (int kind = 0; kind < CELL_KINDS; kind++)
        if (text_is(json_str(column, "kind"), KINDS[kind].name))
            return (CellKind)kind;
    return CELL_TEXT;
}

static Json cell_of(Json row, Json column, size_t i)
{
    return json_is_array(row) ? json_array_get(row, i) : json_at(row, json_str(column, "name"));
}

/* ---- CSV ---- */

static bool is_formula(const char *text)
{
    return *text && strchr("=+-@\t\r", *text);
}

static void csv_text(Buf *out, const char *text, bool guard)
{
    guard = guard && is_formula(text);
    bool quoted = strpbrk(text, ",\"\r\n;") || guard;
    if (quoted)
        buf_char(out, '"');
    if (guard)
        buf_char(out, '\'');
    for (; *text; text++) {
        if (*text == '"')
            buf_char(out, '"');
        buf_char(out, *text);
    }
    if (quoted)
        buf_char(out, '"');
}

static void csv_cell(Buf *out, Json cell, CellKind kind)
{
    if (json_is_integer(cell) && kind == CELL_DATE)
        buf_text(out, date_iso(json_integer_value(cell)));
    else if (json_is_integer(cell) && kind == CELL_DATETIME)
        buf_text(out, time_iso_local(json_integer_value(cell)));
    else
        csv_text(out, cell_text(cell), json_is_string(cell));
}

const void *csv_table(Json columns, Json rows, size_t *size)
{
    Buf out = { 0 };
    buf_text(&out, "\xef\xbb\xbf");
    json_each (columns, i, column) {
        buf_text(&out, i ? "," : "");
        csv_text(&out, json_str(column, "title"), true);
    }
    buf_text(&out, "\r\n");
    json_each (rows, r, row) {
        json_each (columns, i, column) {
            buf_text(&out, i ? "," : "");
            csv_cell(&out, cell_of(row, column, i), kind_of(column));
        }
        buf_text(&out, "\r\n");
    }
    *size = out.size;
    return out.at;
}

/* ---- XLSX ---- */

typedef struct Book {
    lxw_workbook *workbook; /* NULL once closed */
    lxw_worksheet *sheet;
    lxw_format *head, *formats[CELL_KINDS];
    int fd; /* a file that only this process sees and that has no name: libxlsxwriter 1.1.4 writes to paths
               only */
} Book;

static void release_book(void *what)
{
    Book *book = what;
    if (book->workbook)
        workbook_close(book->workbook);
    close(book->fd);
}

static Book *open_book(const char *name)
{
    Book *book = alloc(sizeof *book);
    book->fd = memfd_create("sheet", MFD_CLOEXEC);
    if (book->fd < 0)
        raise_fault(FAULT_MEMORY, "reports.xlsx", "no memory for a spreadsheet");
    arena_defer(release_book, book);
    book->workbook = workbook_new(fmt("/proc/self/fd/%d", book->fd));
    /* Excel: at most 31 characters, none of []:*?/\ */
    char *safe = text_shorten(name, 30);
    for (char *c = safe; *c; c++)
        if (strchr("[]:*?/\\'", *c))
            *c = ' ';
    book->sheet = workbook_add_worksheet(book->workbook, *safe ? safe : NULL);
    if (!book->sheet)
        raise_fault(FAULT_INTERNAL, "reports.xlsx", "a sheet could not be made");
    book->head = workbook_add_format(book->workbook);
    format_set_bold(book->head);
    format_set_bottom(book->head, LXW_BORDER_THIN);
    format_set_text_wrap(book->head);
    for (int kind = CELL_MONEY; kind < CELL_KINDS; kind++) {
        book->formats[kind] = workbook_add_format(book->workbook);
        format_set_num_format(book->formats[kind], KINDS[kind].format);
    }
    return book;
}

/* Serial days of Excel's calendar: 1899-12-30 is day 0 for every date after 1900-02-28. */
static double excel_days(int64_t ms, bool with_time)
{
    int64_t day = local_day(ms);
    double days = (double)(day + 25569);
    return with_time ? days + (double)(ms - day_start(day)) / DAY_MS : days;
}

static void xlsx_cell(Book *book, lxw_row_t r, lxw_col_t c, Json cell, CellKind kind)
{
    lxw_format *format = book->formats[kind];
    if (!cell || json_is_null(cell))
        worksheet_write_blank(book->sheet, r, c, format);
    else if (json_is_number(cell) && (kind == CELL_DATE || kind == CELL_DATETIME))
        worksheet_write_number(book->sheet, r, c,
                               excel_days((int64_t)json_number_value(cell), kind == CELL_DATETIME), format);
    else if (json_is_number(cell))
        worksheet_write_number(book->sheet, r, c, json_number_value(cell), format);
    else
        worksheet_write_string(book->sheet, r, c, text_shorten(cell_text(cell), 32000), NULL);
}

static void *read_back(Book *book, size_t *size)
{
    struct stat st;
    if (fstat(book->fd, &st) != 0 || st.st_size <= 0)
        raise_fault(FAULT_INTERNAL, "reports.xlsx", "a spreadsheet came out empty");
    char *bytes = alloc((size_t)st.st_size + 1);
    if (pread(book->fd, bytes, (size_t)st.st_size, 0) != st.st_size)
        raise_fault(FAULT_INTERNAL, "reports.xlsx", "a spreadsheet could not be read back");
    *size = (size_t)st.st_size;
    return bytes;
}

const void *xlsx_table(const char *sheet, Json columns, Json rows, size_t *size)
{
    Book *book = open_book(sheet);
    json_each (columns, i, column) {
        CellKind kind = kind_of(column);
        double width = json_has(column, "width") ? json_num(column, "width") : KINDS[kind].width;
        worksheet_set_column(book->sheet, (lxw_col_t)i, (lxw_col_t)i, width, NULL);
        worksheet_write_string(book->sheet, 0, (lxw_col_t)i, json_str(column, "title"), book->head);
    }
    worksheet_freeze_panes(book->sheet, 1, 0);
    json_each (rows, r, row)
        json_each (columns, i, column)
            xlsx_cell(book, (lxw_row_t)(r + 1), (lxw_col_t)i, cell_of(row, column, i), kind_of(column));
    lxw_workbook *workbook = book->workbook;
    book->workbook = NULL;
    lxw_error error = workbook_close(workbook);
    if (error != LXW_NO_ERROR)
        raise_fault(FAULT_INTERNAL, "reports.xlsx", "libxlsxwriter: %s", lxw_strerror(error));
    return read_back(book, size);
}
