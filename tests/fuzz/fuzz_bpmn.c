/* Process models come from people's drawing tools: reading, checking and drawing any bytes must neither crash
 * nor hang. */
#include "base/arena.h"
#include "base/fault.h"
#include "base/json.h"
#include "platform/workflow/bpmn.h"
#include "platform/workflow/diagram.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static int started;
    if (!started++)
        json_start();
    Guard guard;
    Arena *arena = arena_new(256 * 1024 * 1024);
    arena_use(arena);
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        Json problems = json_list();
        Model *model = bpmn_read((const char *)bytes, size, problems);
        if (model)
            diagram_svg(model, "x", NULL, NULL);
        guard_leave(&guard);
    } else if (guard.fault.kind != FAULT_MEMORY) {
        fault_abort(guard.fault.message);
    }
    arena_use(NULL);
    arena_free(arena);
    return 0;
}
