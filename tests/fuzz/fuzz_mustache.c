/* The template engine and the texts: any template, any model, any text of a language. The input is up to
 * three parts with a NUL between them: a template (which may include itself as "self"), a model as JSON, a
 * file of texts as JSON. Templates come from us, so what is looked for here is a wrong one that is not
 * refused but breaks the program. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/view/i18n.h"
#include "platform/view/mustache.h"

#include <stdlib.h>
#include <string.h>

enum { MEMORY = 32 * 1024 * 1024, STEPS = 20000 };

static const Template *find_self(const char *name, void *template)
{
    return text_is(name, "self") ? template : NULL;
}

static Slice next_part(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *from = *at, *zero = from < end ? memchr(from, 0, (size_t)(end - from)) : NULL;
    *at = zero ? zero + 1 : end;
    return (Slice){ (const char *)from, (size_t)((zero ? zero : end) - from) };
}

static void run(const uint8_t *data, size_t size)
{
    const uint8_t *at = data, *end = data + size;
    Slice source = next_part(&at, end), model = next_part(&at, end), texts = next_part(&at, end);
    char error[200];
    if (!utf8_valid(source.at, source.size))
        return;
    if (texts.size) {
        Texts *made = texts_new();
        texts_add(made, "fuzz/i18n/vi.json", texts.at, texts.size);
        texts_use(made);
    }
    Template *template = template_compile("self", "self.html", source.at, source.size);
    template_link(template, find_self, template);
    Json values = json_parse(model.at, model.size, error, sizeof error);
    Rendering rendering = { .lang = "vi", .now = 1795249800000, .content = "", .max_steps = STEPS };
    Buf out = { 0 };
    template_render(template, &rendering, values, &out);
    if (strlen(buf_end(&out)) != out.size)
        abort(); /* a NUL came out of text that had none */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool started;
    if (!started) {
        json_start();
        log_level(LOG_ERROR);
        started = true;
    }
    Guard guard;
    Arena *arena = arena_new(MEMORY);
    arena_use(arena);
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        run(data, size);
        guard_leave(&guard);
    }
    texts_use(NULL);
    arena_use(NULL);
    arena_free(arena);
    return 0;
}
