/* Documents for people: PDF by Cairo and Pango, spreadsheets by libxlsxwriter, CSV, QR codes. */
#ifndef SEN_PLATFORM_REPORTS_H
#define SEN_PLATFORM_REPORTS_H

#include "base/json.h"
#include "platform/solution.h"

/* A document is a list of blocks, A4, set in the style of Decree 30/2020:
 *   {"kind":"heading2","left":[lines],"right":[lines]}    the two-column head: agency | national motto
 *   {"kind":"title","text":…}   {"kind":"subtitle","text":…}
 *   {"kind":"text","text":…,"align":"left|center|right|justify","bold":…,"italic":…,"size":…}
 *   {"kind":"pairs","items":[{"label":…,"value":…}]}
 *   {"kind":"table","columns":[{"title":…,"width":0.2,"align":…}],"rows":[[…]]}
 *   {"kind":"columns","items":[[blocks],[blocks]]}        side by side: signatures
 *   {"kind":"qr","text":…,"size_mm":30,"caption":…}   {"kind":"space","mm":…}   {"kind":"line"}
 *   {"kind":"field","name":"ChuKyLanhDao","type":"signature|text","width_mm":70,"height_mm":25,"align":…}
 *
 * A head line is a text or {"text","bold","italic","rule"}; an empty "right" is the national motto. Columns
 * that do not fit one page are set one below the other. Text is plain; its language is the document's. The
 * same blocks and options give the same bytes.
 *
 * Fields: a block "field" keeps room for one. Lines of a "text" or "heading2" that has "fields":true may hold
 * gaps for text fields: "Số: [[So 18]]/QĐ-UBND" keeps 18 mm. The places kept are listed in options->places,
 * and pdf_prepare_places() of the room signatures puts the form fields there. */
typedef struct PdfOptions {
    const char *title, *lang;
    const char *footer;    /* left of the page number */
    const char *watermark; /* NULL, or "CHỮ KÝ THỬ NGHIỆM" */
    int64_t now;
    Json places; /* NULL, or a list that gets [{name, type, page, x_mm, y_mm, width_mm, height_mm}] from the
                    top left corner */
} PdfOptions;
const void *pdf_document(Json blocks, const PdfOptions *options, size_t *size);
/* Gives the caches of fonts back, at the very end of the program, when no other thread makes documents any
 * more. */
void reports_stop(void);

/* A table as CSV (UTF-8 with BOM, cells that begin with = + - @ guarded) or XLSX.
 * `columns`: [{title, kind: text|number|money|date|datetime, name, width}]; a row is an array in their order,
 * or an object read by their names. Dates and moments are UTC ms, shown in local time; money is đồng. */
const void *csv_table(Json columns, Json rows, size_t *size);
const void *xlsx_table(const char *sheet, Json columns, Json rows, size_t *size);

char *qr_svg(const char *text); /* crisp, inline; black on white with quiet zone */
const void *qr_png(const char *text, int module_px, size_t *size);

#endif
