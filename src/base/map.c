/* Open addressing over an ordered array, FNV-1a; grows at three quarters. Keys come from us or are few, so a
 * keyed hash is not needed here; JSON objects from outside use jansson's seeded tables. */
#include "base/map.h"
#include "base/arena.h"
#include "base/text.h"

#include <stdint.h>
#include <string.h>

void vec_add(Vec *vec, void *item)
{
    if (vec->count == vec->room) {
        size_t room = vec->room ? vec->room * 2 : 8;
        void **items = alloc_array(room, sizeof *items);
        if (vec->count)
            memcpy(items, vec->items, vec->count * sizeof *items);
        vec->items = items;
        vec->room = room;
    }
    vec->items[vec->count++] = item;
}

static size_t hash_of(const char *key)
{
    uint64_t h = 14695981039346656037u;
    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 1099511628211u;
    return (size_t)(h ^ h >> 29);
}

static size_t find_slot(const Map *map, const char *key)
{
    size_t mask = map->slot_count - 1, at = hash_of(key) & mask;
    while (map->slots[at] && strcmp(map->entries[map->slots[at] - 1].key, key) != 0)
        at = (at + 1) & mask;
    return at;
}

static void grow(Map *map)
{
    size_t room = map->room ? map->room * 2 : 8;
    MapEntry *entries = alloc_array(room, sizeof *entries);
    if (map->count)
        memcpy(entries, map->entries, map->count * sizeof *entries);
    map->entries = entries;
    map->room = room;
    map->slot_count = room * 2;
    map->slots = alloc_array(map->slot_count, sizeof *map->slots);
    for (size_t i = 0; i < map->count; i++)
        map->slots[find_slot(map, entries[i].key)] = (unsigned)(i + 1);
}

void map_put(Map *map, const char *key, void *value)
{
    if (map->count == map->room)
        grow(map);
    size_t at = find_slot(map, key);
    if (map->slots[at]) {
        map->entries[map->slots[at] - 1].value = value;
        return;
    }
    map->entries[map->count] = (MapEntry){ text_copy(key), value };
    map->slots[at] = (unsigned)++map->count;
}

void *map_get(const Map *map, const char *key)
{
    if (!map->count)
        return NULL;
    unsigned index = map->slots[find_slot(map, key)];
    return index ? map->entries[index - 1].value : NULL;
}
