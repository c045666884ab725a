/* The files that the program carries inside itself; the table is written at build time by tools/embed.py. */
#ifndef SEN_PLATFORM_APP_ASSETS_H
#define SEN_PLATFORM_APP_ASSETS_H

#include <stddef.h>

typedef struct Asset {
    const char *name;           /* path in the source tree: "web/dist/app.css" */
    const unsigned char *bytes; /* followed by a NUL that is not counted */
    size_t size;
    const char *digest; /* 16 hex digits of its SHA-256 */
} Asset;

extern const Asset assets[]; /* sorted by name */
extern const size_t asset_count;

/* NULL when there is none. With SEN_ASSETS=DIR in the environment, files below DIR win over embedded ones
 * (for work on templates). */
const Asset *asset_find(const char *name);

#endif
