/* What a file is, by its content: libmagic's database, and for ZIP archives that it does not name more
 * closely, the names inside. */
#include "platform/files/inside.h"
#include "base/arena.h"

#include <magic.h>
#include <pthread.h>
#include <string.h>

static magic_t database; /* not safe to share: used under the lock; closed by type_stop() */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool ready(void)
{
    if (!database && (database = magic_open(MAGIC_MIME_TYPE | MAGIC_SYMLINK)) &&
        magic_load(database, NULL) != 0) {
        magic_close(database);
        database = NULL;
    }
    return database != NULL;
}

/* Copied into a buffer of ours while the lock is held: nothing is raised under it. */
static bool ask_magic(const char *path, char *type, size_t size)
{
    pthread_mutex_lock(&lock);
    const char *found = ready() ? magic_file(database, path) : NULL;
    if (found)
        strncpy(type, found, size - 1);
    pthread_mutex_unlock(&lock);
    return found != NULL;
}

static const struct {
    const char *name, *type;
} office_parts[] = {
    { "word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
    { "xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
    { "ppt/presentation.xml", "application/vnd.openxmlformats-officedocument.presentationml.presentation" },
};

static bool is_part(Slice name, void *argument)
{
    for (size_t i = 0; i < sizeof office_parts / sizeof *office_parts; i++)
        if (strlen(office_parts[i].name) == name.size &&
            memcmp(office_parts[i].name, name.at, name.size) == 0)
            *(const char **)argument = office_parts[i].type;
    return true;
}

const char *type_of_file(const char *path)
{
    char type[128] = "";
    if (!ask_magic(path, type, sizeof type))
        raise_fault(FAULT_INTERNAL, "files.magic", "libmagic has no database or could not read a file");
    if (!text_is(type, "application/zip") && !text_is(type, "application/octet-stream"))
        return text_copy(type);
    const char *office = NULL;
    Mapped file = file_map(path);
    if (file.at && zip_names(file.at, file.size, is_part, &office) && office)
        return office;
    return text_copy(type);
}

void type_stop(void)
{
    pthread_mutex_lock(&lock);
    if (database)
        magic_close(database);
    database = NULL;
    pthread_mutex_unlock(&lock);
}
