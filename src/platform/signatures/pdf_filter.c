/* Streams: FlateDecode by zlib, bounded, and the predictors that cross-reference streams use (ISO 32000-2
 * §7.4.4). */
#include "platform/signatures/pdf.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void release_inflate(void *z)
{
    inflateEnd(z);
}

static char *inflate_all(PdfFile *file, const char *data, size_t size, size_t *out_size)
{
    z_stream *z = alloc(sizeof *z);
    Buf out = { 0 };
    char piece[16384];
    int status = inflateInit(z);
    if (status != Z_OK)
        raise_fault(FAULT_MEMORY, "signatures.inflate", "no memory to inflate");
    arena_defer(release_inflate, z);
    z->next_in = (Bytef *)data;
    z->avail_in = (uInt)size;
    do {
        z->next_out = (Bytef *)piece;
        z->avail_out = sizeof piece;
        status = inflate(z, Z_NO_FLUSH);
        size_t n = sizeof piece - z->avail_out;
        file->decoded += n;
        if ((status != Z_OK && status != Z_STREAM_END) || file->decoded > PDF_MOST_DECODED)
            return NULL;
        buf_add(&out, piece, n);
    } while (status != Z_STREAM_END && (z->avail_in || !z->avail_out));
    if (status != Z_STREAM_END)
        return NULL;
    *out_size = out.size;
    buf_add(&out, "", 0);
    return out.at;
}

static int paeth(int a, int b, int c)
{
    int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/* One row of PNG prediction: `row` in place, `up` the row before it (NULL: zeros). */
static bool unfilter(int kind, unsigned char *row, const unsigned char *up, size_t width, size_t pixel)
{
    for (size_t i = 0; i < width; i++) {
        int left = i >= pixel ? row[i - pixel] : 0, above = up ? up[i] : 0;
        int corner = up && i >= pixel ? up[i - pixel] : 0, add;
        switch (kind) {
        case 0:
            add = 0;
            break;
        case 1:
            add = left;
            break;
        case 2:
            add = above;
            break;
        case 3:
            add = (left + above) / 2;
            break;
        case 4:
            add = paeth(left, above, corner);
            break;
        default:
            return false;
        }
        row[i] = (unsigned char)(row[i] + add);
    }
    return true;
}

static char *unpredict(PdfFile *file, PdfObj *parameters, char *bytes, size_t *size)
{
    int64_t predictor = pdf_get(file, parameters, "Predictor")->number;
    PdfObj *columns_obj = pdf_get(file, parameters, "Columns"),
           *colors_obj = pdf_get(file, parameters, "Colors");
    PdfObj *bits_obj = pdf_get(file, parameters, "BitsPerComponent");
    int64_t columns = columns_obj->type == PDF_INT ? columns_obj->number : 1;
    int64_t colors = colors_obj->type == PDF_INT ? colors_obj->number : 1;
    int64_t bits = bits_obj->type == PDF_INT ? bits_obj->number : 8;
    if (predictor <= 1)
        return bytes;
    if (predictor < 10 || columns < 1 || columns > 1 << 20 || colors < 1 || colors > 32 || bits < 1 ||
        bits > 16)
        return NULL;
    size_t pixel = (size_t)(colors * bits + 7) / 8, width = (size_t)(columns * colors * bits + 7) / 8;
    size_t rows = *size / (width + 1);
    unsigned char *from = (unsigned char *)bytes, *to = from, *up = NULL;
    for (size_t r = 0; r < rows; r++) {
        int kind = *from++;
        memmove(to, from, width);
        if (!unfilter(kind, to, up, width, pixel))
            return NULL;
        up = to;
        to += width;
        from += width;
    }
    *size = rows * width;
    return bytes;
}

char *pdf_decode(PdfFile *file, PdfObj *stream, size_t *size)
{
    PdfObj *filter = pdf_get(file, stream, "Filter"), *parameters = pdf_get(file, stream, "DecodeParms");
    if (!stream->data)
        return NULL;
    if (filter->type == PDF_ARRAY && filter->count > 1)
        return NULL;
    if (filter->type == PDF_ARRAY)
        filter = pdf_item(file, filter, 0);
    if (parameters->type == PDF_ARRAY)
        parameters = pdf_item(file, parameters, 0);
    *size = stream->data_size;
    if (filter->type == PDF_NULL)
        return text_copy_n(stream->data, stream->data_size);
    if (!pdf_is_name(filter, "FlateDecode"))
        return NULL;
    char *bytes = inflate_all(file, stream->data, stream->data_size, size);
    return bytes && parameters->type == PDF_DICT ? unpredict(file, parameters, bytes, size) : bytes;
}

char *pdf_deflate(const void *bytes, size_t size, size_t *out_size)
{
    uLongf room = compressBound(size);
    char *out = alloc(room);
    if (compress2((Bytef *)out, &room, bytes, size, 6) != Z_OK)
        raise_fault(FAULT_MEMORY, "signatures.deflate", "no memory to deflate");
    *out_size = room;
    return out;
}
