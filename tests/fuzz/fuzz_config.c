/* The configuration file: any text is either accepted or refused with a message that names its line. */
#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "platform/app/config.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[300] = "";
    Arena *arena = arena_new(64 << 20);
    arena_use(arena);
    bool accepted = config_check(text_copy_n((const char *)data, size), error, sizeof error);
    if (!accepted && !text_starts(error, "text:"))
        fault_abort("a refusal without its line");
    arena_use(NULL);
    arena_free(arena);
    return 0;
}
