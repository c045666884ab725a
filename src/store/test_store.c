/* See test_store.h. The source tree is found from where the test runs or lies, so tests need no settings. */
#include "store/test_store.h"
#include "store/engine.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/text.h"

#include <dirent.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Opening and closing ---- */

typedef struct Folder {
    Store *store;
    char *path; /* heap */
    struct Folder *next;
} Folder;

static Folder *folders;
static pthread_mutex_t folders_lock = PTHREAD_MUTEX_INITIALIZER;

static void remember(Store *store, const char *path)
{
    Folder *folder = heap_alloc(sizeof *folder);
    *folder = (Folder){ store, heap_dup(path), NULL };
    pthread_mutex_lock(&folders_lock);
    folder->next = folders;
    folders = folder;
    pthread_mutex_unlock(&folders_lock);
}

static Folder *forget(Store *store)
{
    pthread_mutex_lock(&folders_lock);
    Folder **link = &folders;
    while (*link && (*link)->store != store)
        link = &(*link)->next;
    Folder *folder = *link;
    if (folder)
        *link = folder->next;
    pthread_mutex_unlock(&folders_lock);
    return folder;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static const char drop_everything[] = "drop schema public cascade;\n"
                                      "create schema public;\n";

static Store *open_url(const char *url)
{
    Store *store = store_open(&(StoreOptions){ .url = url, .readers = 8 });
    if (store_engine(store) == ENGINE_POSTGRES)
        store_script(store, drop_everything);
    return store;
}

Store *test_store_open(void)
{
    const char *url = getenv("SEN_TEST_STORE");
    if (!text_empty(url) && !text_is(url, "sqlite"))
        return open_url(url);
    char *folder = fmt("%s/sen-test-XXXXXX", text_or(getenv("TMPDIR"), "/tmp"));
    if (!mkdtemp(folder))
        raise_fault(FAULT_INTERNAL, "test.folder", "no temporary folder");
    Store *store = open_url(fmt("sqlite:%s/sen.db", folder));
    remember(store, folder);
    return store;
}

void test_store_close(Store *store)
{
    Folder *folder = forget(store);
    store_close(store);
    if (!folder)
        return;
    nftw(folder->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    heap_free(folder->path);
    heap_free(folder);
}

/* ---- Migrations of the source tree ---- */

/* `folder` or the first one above it that holds src/store/store.h; NULL: none. */
static char *root_above(char *folder)
{
    while (folder && access(fmt("%s/src/store/store.h", folder), F_OK) != 0) {
        char *slash = strrchr(folder, '/');
        if (!slash)
            return NULL;
        *slash = '\0';
    }
    return folder;
}

static char *source_root(void)
{
    char *here = alloc(4096), *program = alloc(4096);
    if (getcwd(here, 4096) && (here = root_above(here)))
        return here;
    if (readlink("/proc/self/exe", program, 4095) > 0 && (program = root_above(program)))
        return program;
    raise_fault(FAULT_INTERNAL, "test.source", "the source tree was not found");
}

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        raise_fault(FAULT_INTERNAL, "test.source", "%s cannot be read", path);
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = alloc(size + 1);
    bool whole = fread(text, 1, size, file) == size;
    fclose(file);
    if (!whole)
        raise_fault(FAULT_INTERNAL, "test.source", "%s cannot be read", path);
    return text;
}

static int is_sql(const struct dirent *entry)
{
    return text_ends(entry->d_name, ".sql");
}

/* A room's schema files in the order of their numbers, named "room/0001-thing". */
static size_t add_room(const char *root, const char *room, Migration **all, size_t count)
{
    struct dirent **names;
    char *folder = fmt("%s/%s/schema", root, room);
    int n = scandir(folder, &names, is_sql, alphasort);
    if (n < 0)
        raise_fault(FAULT_INTERNAL, "test.source", "%s cannot be read", folder);
    Migration *more = alloc_array(count + (size_t)n + 1, sizeof *more);
    if (count)
        memcpy(more, *all, count * sizeof *more);
    *all = more;
    const char *slash = strrchr(room, '/');
    for (int i = 0; i < n; i++) {
        const char *name = names[i]->d_name;
        more[count].name = fmt("%s/%.*s", slash ? slash + 1 : room, (int)strlen(name) - 4, name);
        more[count++].sql = read_text(fmt("%s/%s", folder, name));
        free(names[i]);
    }
    free(names);
    return count;
}

void test_store_migrate(Store *store, const char *const *rooms)
{
    Migration *all = NULL;
    size_t count = 0;
    char *root = source_root();
    for (; *rooms; rooms++)
        count = add_room(root, *rooms, &all, count);
    store_migrate(store, all, count);
}
