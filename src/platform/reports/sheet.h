/* Inside of reports: the sheet that blocks are set on. Lengths are points (1/72 inch), y grows downwards.
 *
 * A document is set twice: once dry, to count the pages, then drawing. Everything that draws asks `drawing`
 * first; everything that takes room does so in both passes, so that they break pages at the same places. */
#ifndef SEN_PLATFORM_REPORTS_SHEET_H
#define SEN_PLATFORM_REPORTS_SHEET_H

#include "platform/reports/reports.h"

#include <cairo.h>
#include <pango/pangocairo.h>

#define MM (72.0 / 25.4)

typedef struct Sheet {
    const PdfOptions *options;
    cairo_t *cr; /* NULL in the dry pass */
    PangoContext *context;
    double left, width; /* of the column that is being set */
    double top, bottom; /* of the body of every page */
    double y;           /* where the next thing goes */
    int page, pages;    /* pages: 0 until the dry pass has counted */
    bool drawing;
    bool unbroken;   /* inside columns: they were measured to fit, no page ends there */
    const char *tag; /* the structure element that is open, to be closed around a page break */
} Sheet;

typedef struct TextStyle {
    double size;
    bool bold, italic, justify;
    PangoAlignment align;
    double indent;  /* of the first line */
    double leading; /* lines this many times as high as the font asks; 0: 1 */
} TextStyle;

/* An inline field: a gap in a line, "[[So 18]]" in the text of a block that has "fields". */
typedef struct Gap {
    const char *name;
    size_t index; /* byte of the placeholder in the text */
    double width;
} Gap;

/* Asks for a run of `height`; ends the page when there is no room left for it. */
void sheet_need(Sheet *sheet, double height);
void sheet_page(Sheet *sheet);
/* Structure of tagged PDF: "H1", "P", "Table" ...; the tag is closed by the same call with NULL. */
void sheet_tag(Sheet *sheet, const char *tag);
/* Notes the place of a form field for PdfOptions.places. */
void sheet_place(Sheet *sheet, const char *name, const char *type, double x, double y, double width,
                 double height);

/* A paragraph ready to be drawn; released with the arena. */
PangoLayout *sheet_layout(Sheet *sheet, const char *text, double width, const TextStyle *style);
void sheet_layout_set(PangoLayout *layout, const char *text, double width, const TextStyle *style);
double layout_height(PangoLayout *layout);
/* Draws lines at x, breaking pages between them. */
void sheet_lines(Sheet *sheet, PangoLayout *layout, double x, const Gap *gaps, size_t gap_count);
/* A paragraph over the width of the column. */
void sheet_text(Sheet *sheet, const char *text, const TextStyle *style);

/* The blocks that have a file of their own. */
void sheet_blocks(Sheet *sheet, Json blocks);
void sheet_table(Sheet *sheet, Json block);
void sheet_pairs(Sheet *sheet, Json block);
void sheet_head(Sheet *sheet, Json block);
/* Draws a QR code, quiet zone included, into a square. */
void sheet_qr(Sheet *sheet, const char *text, double x, double y, double size);
/* Text of a cell or line: strings as they are, numbers in digits, null empty. */
const char *cell_text(Json cell);

#endif
