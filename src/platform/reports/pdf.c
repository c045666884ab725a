/* PDF documents: the pages themselves. What stands on them is set by blocks.c, table.c and head.c.
 *
 * Decree 30/2020, Phụ lục I: A4, margins 20 mm above and below, 30 mm left, 15 mm right, Times New Roman; we
 * use Liberation Serif, which has the same metrics and every Vietnamese letter, and which Debian ships. Page
 * numbers stand in the middle of the top margin from page 2 on (Phụ lục I, mục I.7); a document with a footer
 * has them at the right of it, with the number of all pages.
 *
 * Cairo calls back for each piece of output. A fault must not leap over Cairo's frames, so the bytes collect
 * on the heap, growth failures are told to Cairo, and only the whole is copied into the arena. */
#include "platform/reports/sheet.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"

#include <cairo-pdf.h>
#include <fontconfig/fontconfig.h>
#include <stdlib.h>
#include <string.h>

static const double PAGE_WIDTH = 210 * MM, PAGE_HEIGHT = 297 * MM;
static const double MARGIN_TOP = 20 * MM, MARGIN_BOTTOM = 20 * MM, MARGIN_LEFT = 30 * MM,
                    MARGIN_RIGHT = 15 * MM;

typedef struct Output {
    unsigned char *at;
    size_t size, room;
} Output;

static cairo_status_t take_bytes(void *closure, const unsigned char *bytes, unsigned size)
{
    Output *out = closure;
    if (out->size + size > out->room) {
        size_t room = (out->room ? out->room * 2 : 65536) + size;
        unsigned char *at = realloc(out->at, room);
        if (!at)
            return CAIRO_STATUS_NO_MEMORY;
        out->at = at;
        out->room = room;
    }
    memcpy(out->at + out->size, bytes, size);
    out->size += size;
    return CAIRO_STATUS_SUCCESS;
}

static void release_output(void *what)
{
    free(((Output *)what)->at);
}

static void release_cr(void *cr)
{
    cairo_destroy(cr);
}

static void release_surface(void *surface)
{
    cairo_surface_destroy(surface);
}

/* ---- What every page has ---- */

static void draw_watermark(Sheet *sheet)
{
    TextStyle style = { .size = 50, .bold = true, .align = PANGO_ALIGN_CENTER };
    PangoLayout *layout = sheet_layout(sheet, sheet->options->watermark, PAGE_HEIGHT * 0.8, &style);
    cairo_save(sheet->cr);
    cairo_translate(sheet->cr, PAGE_WIDTH / 2, PAGE_HEIGHT / 2);
    cairo_rotate(sheet->cr, -0.9);
    cairo_set_source_rgb(sheet->cr, 0.93, 0.90, 0.91); /* opaque and first: PDF/A-1 knows no transparency */
    cairo_move_to(sheet->cr, -PAGE_HEIGHT * 0.4, -layout_height(layout) / 2);
    pango_cairo_show_layout(sheet->cr, layout);
    cairo_restore(sheet->cr);
}

static void draw_footer(Sheet *sheet)
{
    double y = PAGE_HEIGHT - MARGIN_BOTTOM + 6 * MM;
    TextStyle style = { .size = 10 };
    cairo_move_to(sheet->cr, MARGIN_LEFT, y);
    pango_cairo_show_layout(sheet->cr,
                            sheet_layout(sheet, sheet->options->footer, sheet->width - 30 * MM, &style));
    style.align = PANGO_ALIGN_RIGHT;
    cairo_move_to(sheet->cr, MARGIN_LEFT, y);
    const char *number = fmt("%d/%d", sheet->page, sheet->pages);
    pango_cairo_show_layout(sheet->cr,
                            sheet_layout(sheet, number, PAGE_WIDTH - MARGIN_LEFT - MARGIN_RIGHT, &style));
}

static void draw_number(Sheet *sheet)
{
    TextStyle style = { .size = 13, .align = PANGO_ALIGN_CENTER };
    cairo_move_to(sheet->cr, MARGIN_LEFT, 8 * MM);
    const char *number = fmt("%d", sheet->page);
    pango_cairo_show_layout(sheet->cr,
                            sheet_layout(sheet, number, PAGE_WIDTH - MARGIN_LEFT - MARGIN_RIGHT, &style));
}

static void begin_page(Sheet *sheet)
{
    sheet->page++;
    sheet->y = sheet->top;
    if (!sheet->drawing)
        return;
    if (sheet->options->watermark)
        draw_watermark(sheet);
    cairo_set_source_rgb(sheet->cr, 0, 0, 0);
    if (sheet->options->footer)
        draw_footer(sheet);
    else if (sheet->page > 1)
        draw_number(sheet);
}

void sheet_page(Sheet *sheet)
{
    const char *tag = sheet->tag;
    sheet_tag(sheet, NULL);
    if (sheet->drawing)
        cairo_show_page(sheet->cr);
    begin_page(sheet);
    sheet_tag(sheet, tag);
}

void sheet_need(Sheet *sheet, double height)
{
    if (!sheet->unbroken && sheet->y + height > sheet->bottom + 0.01 && sheet->y > sheet->top)
        sheet_page(sheet);
}

void sheet_tag(Sheet *sheet, const char *tag)
{
    if (sheet->drawing && sheet->tag)
        cairo_tag_end(sheet->cr, sheet->tag);
    sheet->tag = tag;
    if (sheet->drawing && tag)
        cairo_tag_begin(sheet->cr, tag, NULL);
}

void sheet_place(Sheet *sheet, const char *name, const char *type, double x, double y, double width,
                 double height)
{
    if (!sheet->drawing || !sheet->options->places)
        return;
    Json place = json_set_str(json_new(), "name", name);
    json_set_str(place, "type", type);
    json_set_int(place, "page", sheet->page);
    json_set_num(place, "x_mm", x / MM);
    json_set_num(place, "y_mm", y / MM);
    json_set_num(place, "width_mm", width / MM);
    json_set_num(place, "height_mm", height / MM);
    json_add(sheet->options->places, place);
}

/* ---- The whole ---- */

static PangoContext *new_context(void)
{
    PangoContext *context = pango_font_map_create_context(pango_cairo_font_map_get_default());
    cairo_font_options_t *options = cairo_font_options_create();
    /* Distances on paper do not depend on a screen's pixels. */
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(context, options);
    cairo_font_options_destroy(options);
    pango_cairo_context_set_resolution(context, 72);
    pango_context_set_round_glyph_positions(context, FALSE);
    arena_defer(g_object_unref, context);
    return context;
}

static void set_blocks(Sheet *sheet, Json blocks)
{
    sheet->page = 0;
    sheet->left = MARGIN_LEFT;
    sheet->width = PAGE_WIDTH - MARGIN_LEFT - MARGIN_RIGHT;
    sheet->top = MARGIN_TOP;
    sheet->bottom = PAGE_HEIGHT - MARGIN_BOTTOM;
    begin_page(sheet);
    sheet_blocks(sheet, blocks);
}

static void describe(cairo_surface_t *surface, const PdfOptions *options)
{
    const char *now = time_iso_local(options->now);
    cairo_pdf_surface_restrict_to_version(surface, CAIRO_PDF_VERSION_1_5);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, text_or(options->title, ""));
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Sen");
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, now);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_MOD_DATE, now);
}

/* Cairo 1.16 writes the structure tree but does not say in the catalog that there is one, nor in which
 * language. The catalog is the last object before the table of offsets, so words added to it move nothing but
 * the table itself. */
static const void *finish_catalog(const Output *out, const char *lang, size_t *size)
{
    static const char NAME[] = "<< /Type /Catalog", TABLE[] = "\nxref\n", START[] = "startxref\n";
    Buf done = { 0 };
    const char *at = (const char *)out->at, *end = at + out->size;
    const char *table = memmem(at, out->size, TABLE, strlen(TABLE));
    for (const char *next = table; next; table = next)
        if (!(next = memmem(table + 1, (size_t)(end - table - 1), TABLE, strlen(TABLE))))
            break;
    const char *catalog = table && table - at > 400 ? memmem(table - 400, 400, NAME, strlen(NAME)) : NULL;
    const char *start = catalog ? memmem(table, (size_t)(end - table), START, strlen(START)) : NULL;
    if (!start)
        raise_fault(FAULT_INTERNAL, "reports.pdf", "Cairo wrote a catalog of another shape");
    const char *words = fmt(" /Lang (%s)", text_is(lang, "en") ? "en" : "vi-VN");
    size_t cut = (size_t)(catalog - at) + strlen(NAME);
    buf_add(&done, at, cut);
    buf_text(&done, words);
    buf_add(&done, at + cut, (size_t)(start - at) - cut);
    buf_fmt(&done, "startxref\n%zu\n%%%%EOF\n", (size_t)(table + 1 - at) + strlen(words));
    *size = done.size;
    return done.at;
}

const void *pdf_document(Json blocks, const PdfOptions *options, size_t *size)
{
    Sheet sheet = { .options = options, .context = new_context() };
    pango_context_set_language(sheet.context, pango_language_from_string(text_or(options->lang, "vi")));
    set_blocks(&sheet, blocks);
    sheet.pages = sheet.page;

    Output *out = alloc(sizeof *out);
    arena_defer(release_output, out);
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(take_bytes, out, PAGE_WIDTH, PAGE_HEIGHT);
    arena_defer(release_surface, surface);
    describe(surface, options);
    sheet.cr = cairo_create(surface);
    arena_defer(release_cr, sheet.cr);
    sheet.drawing = true;
    cairo_tag_begin(sheet.cr, "Document", NULL);
    set_blocks(&sheet, blocks);
    cairo_tag_end(sheet.cr, "Document");
    cairo_show_page(sheet.cr);
    cairo_surface_finish(surface);
    cairo_status_t status = cairo_status(sheet.cr) ? cairo_status(sheet.cr) : cairo_surface_status(surface);
    if (status != CAIRO_STATUS_SUCCESS)
        raise_fault(status == CAIRO_STATUS_NO_MEMORY ? FAULT_MEMORY : FAULT_INTERNAL, "reports.pdf",
                    "Cairo: %s", cairo_status_to_string(status));
    return finish_catalog(out, options->lang, size);
}

void reports_stop(void)
{
    pango_cairo_font_map_set_default(NULL);
    cairo_debug_reset_static_data();
    FcFini();
}
