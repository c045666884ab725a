/* Form schemas: reading any JSON, and checking and showing with what was read. The text up to the first NUL
 * is the schema, the rest what was typed. */
#include "base/arena.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/log.h"
#include "platform/forms/forms.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static int started;
    if (!started++) {
        json_start();
        log_level(LOG_ERROR + 1); /* texts are not loaded here: every message would warn */
    }
    Guard guard;
    char error[200];
    const uint8_t *nul = size ? memchr(bytes, 0, size) : NULL;
    size_t schema_size = nul ? (size_t)(nul - bytes) : size;
    Arena *arena = arena_new(512 * 1024 * 1024);
    arena_use(arena);
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        const Form *form = form_read((const char *)bytes, schema_size, error, sizeof error);
        Json typed =
            nul ? json_parse((const char *)nul + 1, size - schema_size - 1, error, sizeof error) : NULL;
        if (!json_is_object(typed))
            typed = json_new();
        if (form) {
            Json errors = json_list(), data = form_check(form, "vi", typed, NULL, errors);
            form_fields(form, "vi", typed, errors, NULL);
            form_review(form, "vi", data);
        }
        guard_leave(&guard);
    } else if (guard.fault.kind != FAULT_MEMORY) {
        fault_abort(guard.fault.message);
    }
    arena_use(NULL);
    arena_free(arena);
    return 0;
}
