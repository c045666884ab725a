/* jansson's allocator is replaced by one that takes from the current arena and remembers, in a header before
 * each block, whether there is anything to free. */
#include "base/json.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 100 };

typedef struct Header {
    _Alignas(16) bool on_heap;
} Header;

static void *json_take(size_t size)
{
    bool on_heap = !arena_current();
    Header *header = on_heap ? heap_alloc(sizeof *header + size) : alloc(sizeof *header + size);
    header->on_heap = on_heap;
    return header + 1;
}

static void json_give(void *memory)
{
    Header *header = (Header *)memory - 1;
    if (memory && header->on_heap)
        heap_free(header);
}

void json_start(void)
{
    json_object_seed(0);
    json_set_alloc_funcs(json_take, json_give);
}

Json json_new(void)
{
    return json_object();
}

Json json_list(void)
{
    return json_array();
}

static bool too_deep(const char *text, size_t size)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > MAX_DEPTH)
                return true;
        } else if ((c == '}' || c == ']') && depth) {
            depth--;
        }
    }
    return false;
}

Json json_parse(const char *text, size_t size, char *error, size_t error_size)
{
    json_error_t e;
    if (too_deep(text, size)) {
        snprintf(error, error_size, "nested more than %d deep", MAX_DEPTH);
        return NULL;
    }
    Json value = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    if (!value)
        snprintf(error, error_size, "line %d, column %d: %s", e.line, e.column, e.text);
    return value;
}

Json json_parse_own(const char *text, size_t size, const char *name)
{
    char error[200];
    Json value = json_parse(text, size, error, sizeof error);
    if (!value)
        raise_fault(FAULT_INTERNAL, "json.malformed", "%s: %s", name, error);
    return value;
}

static char *dump(Json value, size_t flags)
{
    char *text = json_dumps(value, flags | JSON_ENCODE_ANY);
    if (!text)
        raise_fault(FAULT_INTERNAL, "json.dump", "a value could not be written as JSON");
    if (arena_current())
        return text;
    char *copy = heap_dup(text);
    json_give(text);
    return copy;
}

char *json_text(Json value)
{
    return dump(value, JSON_COMPACT);
}

char *json_text_pretty(Json value)
{
    return dump(value, JSON_INDENT(2));
}

char *json_canonical(Json value)
{
    return dump(value, JSON_COMPACT | JSON_SORT_KEYS);
}

Json json_at(Json object, const char *path)
{
    Json found = json_object_get(object, path);
    const char *dot = found ? NULL : strchr(path, '.');
    if (!dot)
        return found;
    char key[128];
    size_t n = (size_t)(dot - path);
    if (n >= sizeof key)
        return NULL;
    memcpy(key, path, n);
    key[n] = '\0';
    return json_at(json_object_get(object, key), dot + 1);
}

const char *json_str(Json object, const char *path)
{
    const char *text = json_string_value(json_at(object, path));
    return text ? text : "";
}

int64_t json_int(Json object, const char *path)
{
    Json value = json_at(object, path);
    if (json_is_string(value))
        return strtoll(json_string_value(value), NULL, 10);
    if (!json_is_real(value))
        return json_integer_value(value);
    double real = json_real_value(value); /* beyond the range the cast would be undefined */
    return real > -9.2e18 && real < 9.2e18 ? (int64_t)real : 0;
}

int64_t json_id(Json object, const char *path)
{
    return json_int(object, path);
}

double json_num(Json object, const char *path)
{
    return json_number_value(json_at(object, path));
}

bool json_bool(Json object, const char *path)
{
    return json_is_true(json_at(object, path));
}

bool json_has(Json object, const char *path)
{
    Json value = json_at(object, path);
    return value && !json_is_null(value);
}

Json json_set(Json object, const char *key, Json value)
{
    if (json_object_set_new(object, key, value ? value : json_null()) != 0)
        raise_fault(FAULT_INTERNAL, "json.set", "member %s could not be set", key);
    return object;
}

/* Text that is not valid UTF-8 cannot stand in JSON; what reaches us was checked at the edge. */
static Json text_value(const char *value)
{
    if (!value)
        return json_null();
    Json text = json_string(value);
    if (!text)
        raise_fault(FAULT_INTERNAL, "json.utf8", "a text is not valid UTF-8");
    return text;
}

Json json_set_str(Json object, const char *key, const char *value)
{
    return json_set(object, key, text_value(value));
}

Json json_set_int(Json object, const char *key, int64_t value)
{
    return json_set(object, key, json_integer(value));
}

Json json_set_id(Json object, const char *key, int64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)value);
    return json_set(object, key, json_string(digits));
}

Json json_set_num(Json object, const char *key, double value)
{
    return json_set(object, key, json_real(value));
}

Json json_set_bool(Json object, const char *key, bool value)
{
    return json_set(object, key, json_boolean(value));
}

void json_add(Json array, Json value)
{
    if (json_array_append_new(array, value ? value : json_null()) != 0)
        raise_fault(FAULT_INTERNAL, "json.add", "an item could not be added");
}

void json_add_str(Json array, const char *value)
{
    json_add(array, text_value(value));
}

Json json_keep(Json value)
{
    Arena *before = arena_use(NULL);
    Json kept = json_deep_copy(value);
    arena_use(before);
    return kept;
}

void json_drop(Json kept)
{
    json_decref(kept);
}
