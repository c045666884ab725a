/* JSON over jansson, with its memory in the current arena.
 *
 * A Json made while an arena is current dies with that arena: no reference counting, no decref. One made with
 * json_keep(), or while no arena is current, lives on the heap until json_drop(). Never put an arena value
 * into a kept one.
 *
 * Readers take a key and never fail: a missing or wrongly typed member reads as "", 0, false or NULL.
 * 64-bit keys are decimal strings in JSON (JavaScript loses integers above 2^53); json_id() and json_set_id()
 * keep to it. */
#ifndef SEN_BASE_JSON_H
#define SEN_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef json_t *Json;

/* Must be called once, before any other thread starts. */
void json_start(void);

Json json_new(void);  /* {} */
Json json_list(void); /* [] */

/* Parsing with limits; NULL and a message (English, with line and column) when malformed.
 * Refused: duplicate keys, depth over 100, NUL, invalid UTF-8. */
Json json_parse(const char *text, size_t size, char *error, size_t error_size);
/* For text that is ours: raises FAULT_INTERNAL when malformed. */
Json json_parse_own(const char *text, size_t size, const char *name);

char *json_text(Json value); /* compact, keys in insertion order */
char *json_text_pretty(Json value);
char *json_canonical(Json value); /* RFC 8785 for the values we use: keys sorted, compact, integers only */

/* Reading members. `path` may have dots: "applicant.name". */
Json json_at(Json object, const char *path); /* NULL when missing */
const char *json_str(Json object, const char *path);
int64_t json_int(Json object, const char *path); /* a number, or a string holding one */
int64_t json_id(Json object, const char *path);  /* the same, for keys */
double json_num(Json object, const char *path);
bool json_bool(Json object, const char *path);
bool json_has(Json object, const char *path); /* there, and not null */

/* Writing members; each returns `object`. A NULL text or value becomes null. */
Json json_set(Json object, const char *key, Json value);
Json json_set_str(Json object, const char *key, const char *value);
Json json_set_int(Json object, const char *key, int64_t value);
Json json_set_id(Json object, const char *key, int64_t value);
Json json_set_num(Json object, const char *key, double value);
Json json_set_bool(Json object, const char *key, bool value);
void json_add(Json array, Json value);
void json_add_str(Json array, const char *value);

/* A deep copy on the heap, owned by the caller until json_drop(). */
Json json_keep(Json value);
void json_drop(Json kept);

/* `array` must be a variable: it is read at every step. `break` leaves only the present item. */
#define json_each(array, index, item)                                                                        \
    for (size_t index = 0; index < json_array_size(array); index++)                                          \
        for (Json item = json_array_get(array, index); item; item = NULL)

#endif
