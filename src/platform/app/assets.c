/* Finding embedded files by name: binary search in the table that tools/embed.py writes.
 *
 * With SEN_ASSETS=DIR in the environment, a file below DIR wins, read afresh each time it is asked for: so
 * that whoever works on templates and texts sees a change after a restart, without building. */
#include "platform/app/assets.h"
#include "platform/app/app.h"
#include "base/fault.h"
#include "base/map.h"
#include "base/text.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Asset *from_folder(const char *folder, const char *name)
{
    char path[1024];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path || strstr(name, ".."))
        return NULL;
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *bytes = alloc((size_t)size + 1);
    size_t got = fread(bytes, 1, (size_t)size, file);
    fclose(file);
    Asset *asset = alloc(sizeof *asset);
    *asset = (Asset){ text_copy(name), (unsigned char *)bytes, got, "dev" };
    return asset;
}

static int by_name(const void *name, const void *asset)
{
    return strcmp(name, ((const Asset *)asset)->name);
}

static const char *own_folder;

static void read_own_folder(void)
{
    own_folder = getenv("SEN_ASSETS");
}

const Asset *asset_find(const char *name)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_own_folder);
    const char *folder = own_folder;
    const Asset *fresh = folder && arena_current() ? from_folder(folder, name) : NULL;
    return fresh ? fresh : bsearch(name, assets, asset_count, sizeof *assets, by_name);
}

const char *asset_text(const char *name, size_t *size)
{
    const Asset *asset = asset_find(name);
    if (size)
        *size = asset ? asset->size : 0;
    return asset ? (const char *)asset->bytes : NULL;
}

/* The first in order of names that does not stand before this prefix. */
static size_t first_from(const char *prefix)
{
    size_t from = 0, to = asset_count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (strcmp(assets[middle].name, prefix) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

const char **asset_names(const char *prefix, const char *suffix)
{
    Vec names = { 0 };
    for (size_t i = first_from(prefix); i < asset_count && text_starts(assets[i].name, prefix); i++)
        if (text_ends(assets[i].name, suffix))
            vec_add(&names, (void *)assets[i].name);
    vec_add(&names, NULL);
    return (const char **)names.items;
}
