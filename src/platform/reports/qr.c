/* QR codes by libqrencode: the same symbol as SVG for pages, PNG for mail, and rectangles in a PDF. Error
 * correction M, quiet zone of four modules (ISO/IEC 18004). */
#include "platform/reports/sheet.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/text.h"

#include <cairo.h>
#include <errno.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

enum { QUIET = 4, DARK = 1 };

static void release_code(void *code)
{
    QRcode_free(code);
}

static QRcode *encode(const char *text)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (!code)
        raise_fault(errno == ENOMEM ? FAULT_MEMORY : FAULT_INTERNAL, "reports.qr",
                    "%zu bytes do not become a QR code", strlen(text));
    arena_defer(release_code, code);
    return code;
}

/* Calls run(x, y, length) for every horizontal run of dark modules. */
typedef void RunFn(void *to, int x, int y, int length);
static void each_run(const QRcode *code, RunFn *run, void *to)
{
    for (int y = 0; y < code->width; y++) {
        const unsigned char *row = code->data + y * code->width;
        for (int x = 0, length; x < code->width; x += length + 1) {
            for (length = 0; x + length < code->width && (row[x + length] & DARK); length++)
                ;
            if (length)
                run(to, x + QUIET, y + QUIET, length);
        }
    }
}

static void svg_run(void *to, int x, int y, int length)
{
    buf_fmt(to, "M%d %dh%dv1h-%dz", x, y, length, length);
}

char *qr_svg(const char *text)
{
    QRcode *code = encode(text);
    Buf out = { 0 };
    int size = code->width + 2 * QUIET;
    buf_fmt(&out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\" "
            "role=\"img\">",
            size, size);
    buf_fmt(&out, "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path fill=\"#000\" d=\"", size, size);
    each_run(code, svg_run, &out);
    buf_text(&out, "\"/></svg>");
    return out.at;
}

static void cairo_run(void *to, int x, int y, int length)
{
    cairo_rectangle(to, x, y, length, 1);
}

static void draw(cairo_t *cr, const QRcode *code)
{
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_rectangle(cr, 0, 0, code->width + 2 * QUIET, code->width + 2 * QUIET);
    cairo_fill(cr);
    cairo_set_source_rgb(cr, 0, 0, 0);
    each_run(code, cairo_run, cr);
    cairo_fill(cr);
}

void sheet_qr(Sheet *sheet, const char *text, double x, double y, double size)
{
    QRcode *code = encode(text);
    double scale = size / (code->width + 2 * QUIET);
    cairo_save(sheet->cr);
    cairo_translate(sheet->cr, x, y);
    cairo_scale(sheet->cr, scale, scale);
    draw(sheet->cr, code);
    cairo_restore(sheet->cr);
}

/* Cairo must not be leapt over by a fault: a failed growth is told to it. */
typedef struct Png {
    unsigned char *at;
    size_t size;
} Png;

static void release_png(void *png)
{
    free(((Png *)png)->at);
}

static cairo_status_t png_bytes(void *closure, const unsigned char *bytes, unsigned size)
{
    Png *png = closure;
    unsigned char *at = realloc(png->at, png->size + size);
    if (!at)
        return CAIRO_STATUS_NO_MEMORY;
    png->at = at;
    memcpy(at + png->size, bytes, size);
    png->size += size;
    return CAIRO_STATUS_SUCCESS;
}

static void release_surface(void *surface)
{
    cairo_surface_destroy(surface);
}

static void release_cr(void *cr)
{
    cairo_destroy(cr);
}

const void *qr_png(const char *text, int module_px, size_t *size)
{
    QRcode *code = encode(text);
    int side = (code->width + 2 * QUIET) * module_px;
    Png *png = alloc(sizeof *png);
    arena_defer(release_png, png);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, side, side);
    arena_defer(release_surface, surface);
    cairo_t *cr = cairo_create(surface);
    arena_defer(release_cr, cr);
    cairo_scale(cr, module_px, module_px);
    cairo_set_antialias(cr, CAIRO_ANTIALIAS_NONE);
    draw(cr, code);
    if (cairo_surface_write_to_png_stream(surface, png_bytes, png) != CAIRO_STATUS_SUCCESS)
        raise_fault(FAULT_MEMORY, "reports.png", "a picture could not be written");
    *size = png->size;
    return text_copy_n((const char *)png->at, png->size);
}
