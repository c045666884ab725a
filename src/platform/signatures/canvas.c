/* Pango shapes the text, Cairo turns it into paths, and the paths are written as operators of a content
 * stream. The recording surface draws nothing; it only gives Cairo a place to stand. */
#include "platform/signatures/canvas.h"
#include "platform/signatures/pdf.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"

#include <cairo.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>

typedef struct Canvas {
    Buf out;
    double width, height;
    cairo_t *cr;
    PangoLayout *layout;
} Canvas;

static void release_cr(void *cr)
{
    cairo_destroy(cr);
}

static void release_surface(void *surface)
{
    cairo_surface_destroy(surface);
}

static Canvas *canvas_new(double width, double height)
{
    Canvas *canvas = alloc(sizeof *canvas);
    canvas->width = width;
    canvas->height = height;
    cairo_surface_t *surface = cairo_recording_surface_create(CAIRO_CONTENT_COLOR, NULL);
    arena_defer(release_surface, surface);
    canvas->cr = cairo_create(surface);
    arena_defer(release_cr, canvas->cr);
    canvas->layout = pango_cairo_create_layout(canvas->cr);
    arena_defer(g_object_unref, canvas->layout);
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    PangoContext *context = pango_layout_get_context(canvas->layout);
    pango_cairo_context_set_font_options(context, options);
    cairo_font_options_destroy(options);
    pango_cairo_context_set_resolution(context, 72);
    pango_context_set_round_glyph_positions(context, FALSE);
    return canvas;
}

static void colour(Canvas *canvas, double r, double g, double b)
{
    buf_fmt(&canvas->out, "%.3f %.3f %.3f rg %.3f %.3f %.3f RG\n", r, g, b, r, g, b);
}

static void point(Canvas *canvas, const cairo_path_data_t *p)
{
    buf_fmt(&canvas->out, "%.2f %.2f ", p->point.x, canvas->height - p->point.y); /* y upwards in PDF */
}

static void release_path(void *path)
{
    cairo_path_destroy(path);
}

/* Writes the current path of Cairo and paints it with `operator`. */
static void paint(Canvas *canvas, const char *operator)
{
    cairo_path_t *path = cairo_copy_path(canvas->cr);
    arena_defer(release_path, path);
    if (path->status != CAIRO_STATUS_SUCCESS)
        raise_fault(FAULT_MEMORY, "signatures.path", "Cairo: %s", cairo_status_to_string(path->status));
    for (int i = 0; i < path->num_data; i += path->data[i].header.length) {
        const cairo_path_data_t *p = &path->data[i];
        int points = p->header.type == CAIRO_PATH_CURVE_TO     ? 3
                     : p->header.type == CAIRO_PATH_CLOSE_PATH ? 0
                                                               : 1;
        for (int k = 1; k <= points; k++)
            point(canvas, p + k);
        buf_text(&canvas->out, points == 3                            ? "c\n"
                               : points == 0                          ? "h\n"
                               : p->header.type == CAIRO_PATH_MOVE_TO ? "m\n"
                                                                      : "l\n");
    }
    buf_fmt(&canvas->out, "%s\n", operator);
    cairo_new_path(canvas->cr);
}

static void set_font(Canvas *canvas, double size, bool bold, bool italic)
{
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family_static(font, "Liberation Serif,DejaVu Serif,serif");
    pango_font_description_set_size(font, (int)(size * PANGO_SCALE));
    pango_font_description_set_weight(font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_style(font, italic ? PANGO_STYLE_ITALIC : PANGO_STYLE_NORMAL);
    pango_layout_set_font_description(canvas->layout, font);
    pango_font_description_free(font);
}

static void extents(Canvas *canvas, double *width, double *height)
{
    PangoRectangle box;
    pango_layout_get_extents(canvas->layout, NULL, &box);
    *width = (double)box.width / PANGO_SCALE;
    *height = (double)box.height / PANGO_SCALE;
}

typedef struct Line {
    const char *text;
    double size;
    bool bold, italic;
    int align; /* 0 left, 1 centre */
} Line;

/* One line within the width, made smaller when it is too long. Returns its height. */
static double put_line(Canvas *canvas, double x, double y, double width, Line line)
{
    double w, h;
    pango_layout_set_text(canvas->layout, line.text, -1);
    set_font(canvas, line.size, line.bold, line.italic);
    extents(canvas, &w, &h);
    if (w > width && w > 0) {
        set_font(canvas, line.size * width / w * 0.99, line.bold, line.italic);
        extents(canvas, &w, &h);
    }
    cairo_move_to(canvas->cr, line.align ? x + (width - w) / 2 : x, y);
    pango_cairo_layout_path(canvas->cr, canvas->layout);
    paint(canvas, "f");
    return h;
}

static char *finish(Canvas *canvas, size_t *size)
{
    size_t packed_size;
    char *packed = pdf_deflate(buf_end(&canvas->out), canvas->out.size, &packed_size);
    Buf body = { 0 };
    buf_fmt(&body,
            "<< /Type /XObject /Subtype /Form /BBox [0 0 %.3f %.3f] /Resources << /ProcSet [/PDF] >> /Filter "
            "/FlateDecode "
            "/Length %zu >>\nstream\n",
            canvas->width, canvas->height, packed_size);
    buf_add(&body, packed, packed_size);
    buf_text(&body, "\nendstream");
    *size = body.size;
    return body.at;
}

char *canvas_text_field(double width, double height, const char *text, size_t *size)
{
    Canvas *canvas = canvas_new(width, height);
    double font = height * 0.87 > 13 ? 13 : height * 0.87, w, h; /* 13 pt in a line of 15 */
    colour(canvas, 0, 0, 0);
    buf_text(&canvas->out, "/Tx BMC\n");
    pango_layout_set_text(canvas->layout, text, -1);
    set_font(canvas, font, false, false);
    extents(canvas, &w, &h);
    put_line(canvas, 0, (height - h) / 2, width, (Line){ text, font, false, false, 1 });
    buf_text(&canvas->out, "EMC\n");
    return finish(canvas, size);
}

/* dd/mm/yyyy HH:MM:SS +07:00, as Decree 30 writes the time of a signature */
static const char *moment(int64_t at)
{
    LocalTime t = local_time(at);
    return fmt("%02d/%02d/%04d %02d:%02d:%02d +07:00", t.day, t.month, t.year, t.hour, t.minute, t.second);
}

char *canvas_signature(double width, double height, const SignatureLook *look, size_t *size)
{
    Canvas *canvas = canvas_new(width, height);
    double small = height / 8 > 8 ? 8 : height / 8, y = height * 0.02;
    if (width < 1 || height < 1)
        return finish(canvas, size);
    colour(canvas, 0.05, 0.15, 0.55); /* the leader's signature is blue: Decree 30, Phụ lục I, mục II.7.d */
    y += put_line(canvas, 0, y, width, (Line){ look->name, height * 0.34, false, true, 1 });
    y = height - small * 1.25 * (look->sandbox ? 4 : 3) - 1;
    y += put_line(canvas, 0, y, width, (Line){ fmt("Ký bởi: %s", look->name), small, false, false, 1 });
    const char *office = look->title ? fmt("%s – %s", look->title, look->organisation) : look->organisation;
    y += put_line(canvas, 0, y, width, (Line){ text_or(office, ""), small, false, false, 1 });
    y += put_line(canvas, 0, y, width,
                  (Line){ fmt("Thời gian ký: %s", moment(look->at)), small, false, false, 1 });
    colour(canvas, 0.75, 0.1, 0.1);
    if (look->sandbox)
        put_line(canvas, 0, y, width, (Line){ "CHỮ KÝ THỬ NGHIỆM", small, true, false, 1 });
    return finish(canvas, size);
}

/* Letters along a circle, upright at the top, from `from` over the angle they need (at most `most`). */
static void ring_text(Canvas *canvas, double cx, double cy, double radius, const char *text, double font,
                      double most)
{
    double w, h, total;
    set_font(canvas, font, true, false);
    pango_layout_set_text(canvas->layout, text, -1);
    extents(canvas, &total, &h);
    double angle = total / radius * 1.12;
    if (angle > most) {
        font *= most / angle;
        angle = most;
        set_font(canvas, font, true, false);
    }
    double at = -angle / 2, step = angle / total, shrink = 1;
    extents(canvas, &w, &h);
    shrink = w / total;
    step = angle / (total * shrink);
    for (const char *c = text; *c;) {
        size_t n = 1;
        while ((c[n] & 0xc0) == 0x80)
            n++;
        pango_layout_set_text(canvas->layout, c, (int)n);
        extents(canvas, &w, &h);
        cairo_save(canvas->cr);
        cairo_translate(canvas->cr, cx, cy);
        cairo_rotate(canvas->cr, at + w * step / 2);
        cairo_move_to(canvas->cr, -w / 2, -radius - h * 0.78);
        pango_cairo_layout_path(canvas->cr, canvas->layout);
        cairo_restore(canvas->cr);
        paint(canvas, "f");
        at += w * step;
        c += n;
    }
}

static void circle(Canvas *canvas, double cx, double cy, double radius, double line)
{
    buf_fmt(&canvas->out, "%.2f w\n", line);
    cairo_arc(canvas->cr, cx, cy, radius, 0, 2 * M_PI);
    paint(canvas, "s");
}

char *canvas_seal(double width, double height, const SignatureLook *look, size_t *size)
{
    Canvas *canvas = canvas_new(width, height);
    double side = width < height ? width : height, cx = width / 2, cy = height / 2, radius = side / 2 - 1;
    if (side < 4)
        return finish(canvas, size);
    colour(canvas, 0.85, 0.05, 0.05);
    circle(canvas, cx, cy, radius, side / 40);
    circle(canvas, cx, cy, radius * 0.93, side / 120);
    circle(canvas, cx, cy, radius * 0.62, side / 120);
    ring_text(canvas, cx, cy, radius * 0.69, text_nfc(look->name), side * 0.085, 5.6);
    double inner = radius * 1.02, line = side * 0.075, y = cy - line * 1.9, x = cx - inner / 2;
    if (look->sandbox) {
        y += put_line(canvas, x, y, inner, (Line){ "CHỮ KÝ", line, true, false, 1 });
        y += put_line(canvas, x, y, inner, (Line){ "THỬ NGHIỆM", line, true, false, 1 });
    }
    put_line(canvas, x, y + line * 0.1, inner * 0.96,
             (Line){ date_vi(look->at), line * 0.8, false, false, 1 });
    return finish(canvas, size);
}
