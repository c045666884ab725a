/* Two containers, both in the current arena of the moment they grow: a vector of pointers and a map from
 * text. */
#ifndef SEN_BASE_MAP_H
#define SEN_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Vec {
    void **items;
    size_t count, room;
} Vec;

void vec_add(Vec *vec, void *item);

/* Keeps the order of first insertion; a key is copied. Zero-initialise to make an empty one. */
typedef struct MapEntry {
    const char *key;
    void *value;
} MapEntry;

typedef struct Map {
    MapEntry *entries; /* entries[0..count) in order */
    size_t count, room;
    unsigned *slots; /* index + 1, 0 = free; a power of two */
    size_t slot_count;
} Map;

void map_put(Map *map, const char *key, void *value);
void *map_get(const Map *map, const char *key); /* NULL when absent */

#endif
