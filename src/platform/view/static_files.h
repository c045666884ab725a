/* The built files of web/dist, which the program carries inside itself. A page asks for
 * /assets/app-<digest>.css, which browsers may keep for ever because another content has another name. Files
 * below a folder (fonts/…), which style sheets name, got such names when they were built. */
#ifndef SEN_PLATFORM_VIEW_STATIC_FILES_H
#define SEN_PLATFORM_VIEW_STATIC_FILES_H

#include "base/json.h"

/* "app.css" → "/assets/app-0123456789abcdef.css"; the plain path for what is not there. Arena memory. */
const char *asset_path(const char *name);
/* The islands there are: [{name, js, css}], for the loader in web/src/app.ts. */
Json asset_islands(void);
/* Keeps them from here on, so that no page has to look for them; and forgets them again. */
void asset_islands_keep(void);
void asset_islands_forget(void);

#endif
