/* Inside of signatures: pictures of fields as form XObjects. Text is drawn as paths, so that no font is
 * needed, no viewer may show other letters, and PDF/A stays PDF/A. */
#ifndef SEN_PLATFORM_SIGNATURES_CANVAS_H
#define SEN_PLATFORM_SIGNATURES_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All return the body of a stream object in the arena; sizes in points. */
char *canvas_text_field(double width, double height, const char *text, size_t *size);

typedef struct SignatureLook {
    const char *name, *organisation, *title; /* title may be NULL */
    int64_t at;
    bool sandbox; /* marked "CHỮ KÝ THỬ NGHIỆM" */
} SignatureLook;
/* A person's: blue, with who and when. */
char *canvas_signature(double width, double height, const SignatureLook *look, size_t *size);
/* A body's seal: a red ring with its name, in the middle of the field. */
char *canvas_seal(double width, double height, const SignatureLook *look, size_t *size);

#endif
