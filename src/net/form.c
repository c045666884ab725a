/* application/x-www-form-urlencoded, as queries and simple forms use it (WHATWG URL, §5.1). */
#include "net/inside.h"

#include <string.h>

void members_add(Json into, const char *name, Json value)
{
    Json there = json_object_get(into, name);
    if (!there) {
        json_set(into, name, value);
        return;
    }
    if (!json_is_array(there)) {
        Json list = json_list();
        json_add(list, json_incref(there));
        json_set(into, name, list);
        there = list;
    }
    json_add(there, value);
}

bool urlencoded_parse(const char *text, size_t size, Json into)
{
    const char *end = text + size;
    int members = 0;
    while (text < end) {
        const char *next = memchr(text, '&', (size_t)(end - text));
        const char *stop = next ? next : end;
        const char *equals = memchr(text, '=', (size_t)(stop - text));
        if (stop > text) {
            const char *name_end = equals ? equals : stop;
            char *name = url_decode(text, (size_t)(name_end - text), true);
            char *value = equals ? url_decode(equals + 1, (size_t)(stop - equals - 1), true) : text_copy("");
            if (!name || !value || ++members > MAX_FORM_MEMBERS)
                return false;
            members_add(into, name, json_string(value));
        }
        text = stop + 1;
    }
    return true;
}
