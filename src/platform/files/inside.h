/* Inside the room of files. */
#ifndef SEN_PLATFORM_FILES_INSIDE_H
#define SEN_PLATFORM_FILES_INSIDE_H

#include "base/text.h"
#include "platform/files/files.h"

/* ---- disk.c ---- */

/* The bytes of a file, mapped; unmapped with the arena. at is NULL when there is no such file; an empty file
 * has size 0. */
typedef struct Mapped {
    const char *at;
    size_t size;
} Mapped;
Mapped file_map(const char *path);

/* Puts a file's bytes durably under their digest, leaving `path` where it is; nothing is written when they
 * are there already. */
void disk_place(const char *path, const char *sha256);
/* The same from memory; returns the digest. */
const char *disk_put(const void *bytes, size_t size);
/* "" when the file stands as written, else what is wrong with it. */
const char *disk_complaint(const char *sha256, int64_t size);
bool sha256_named(const char *name);

/* ---- type.c ---- */

/* Media type by content; never NULL. */
const char *type_of_file(const char *path);
void type_stop(void);

/* ---- inspect.c: on the bytes of a whole file ---- */

bool pdf_encrypted(const char *at, size_t size);
/* Calls `each` with every name in a ZIP's directory until it returns false; false when the directory is
 * malformed. */
bool zip_names(const char *at, size_t size, bool (*each)(Slice name, void *argument), void *argument);
/* A macro in an Office Open XML or OpenDocument file. */
bool office_macro(const char *at, size_t size);

/* ---- clamd.c ---- */

typedef enum Scan { SCAN_CLEAN, SCAN_INFECTED, SCAN_UNKNOWN } Scan;
/* Asks the daemon at "unix:/path" or "host:port"; UNKNOWN when it does not answer, with a line in the log. */
Scan clamd_scan(const char *address, const char *at, size_t size);

/* ---- keep.c ---- */

extern const Job files_jobs[];
bool files_verify(Db *db, Json complaints);

#endif
