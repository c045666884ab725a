/* Files: content-addressed (SHA-256) below DATA/files/ab/cdef…, written and fsynced before the row that names
 * them. */
#ifndef SEN_PLATFORM_FILES_H
#define SEN_PLATFORM_FILES_H

#include "net/http.h"
#include "platform/solution.h"

extern const Solution files_solution;

typedef struct FileRef {
    int64_t id;
    const char *sha256, *name, *type; /* type found by content (libmagic), not by name */
    int64_t size;
} FileRef;

/* What an upload may be. Refusals are i18n keys: files.too-large, files.type, files.encrypted, files.macro,
 * files.infected, files.empty. */
typedef struct FileRules {
    const char
        *types; /* "application/pdf image/jpeg image/png"; NULL: these three and OpenDocument/Office text */
    int64_t max_size; /* 0: 50 MiB */
} FileRules;

/* Checks an upload by content; NULL when good, else the refusal's i18n key. Slow (reads the file; asks
 * clamd). */
const char *files_check(const Upload *upload, const FileRules *rules);
/* Moves an upload's bytes into the store of files (durable) and adds its row in this transaction. */
FileRef files_take(Db *db, const Upload *upload, int64_t owner_account, int64_t org_id);
/* The same from memory: generated documents. */
FileRef files_put(Db *db, const void *bytes, size_t size, const char *name, const char *type,
                  int64_t owner_account, int64_t org_id);
bool files_find(Db *db, int64_t id, FileRef *out);
char *files_path(const char *sha256);
/* All bytes, in the arena. Raises FAULT_STORE when missing or when the digest differs. */
const void *files_read(const char *sha256, size_t *size);
Reply files_reply(Request *rq, const FileRef *file, bool save);

#endif
