/* Expressions come from models and forms: compiling and evaluating any text must end, within its budget, in a
 * value or a message. */
#include "base/arena.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/text.h"
#include "platform/workflow/feel.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static int started;
    if (!started++)
        json_start();
    if (!utf8_valid((const char *)bytes, size))
        return 0;
    Guard guard;
    char error[200];
    Arena *arena = arena_new(512 * 1024 * 1024);
    arena_use(arena);
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        const char *text = text_copy_n((const char *)bytes, size),
                   *variables = "{\"a\":1,\"b\":\"x\",\"c\":[1,2,{\"d\":3}],\"e\":null,\"f\":0.1}";
        Feel *feel = feel_compile(text, error, sizeof error);
        if (feel)
            json_text(feel_eval(feel, json_parse_own(variables, strlen(variables), "fuzz"), 1795000000000));
        guard_leave(&guard);
    } else if (guard.fault.kind != FAULT_MEMORY) {
        fault_abort(guard.fault.message);
    }
    arena_use(NULL);
    arena_free(arena);
    return 0;
}
