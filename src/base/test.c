/* See test.h. The first failed check ends its test: later ones would speak of the same thing. */
#include "base/test.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char skip_reason[200];

void test_check(bool ok, const char *what, const char *file, int line)
{
    if (!ok)
        raise_fault(FAULT_INTERNAL, "test", "%s:%d: not so: %s", file, line, what);
}

void test_text(const char *got, const char *wanted, const char *what, const char *file, int line)
{
    if (got == wanted || (got && wanted && strcmp(got, wanted) == 0))
        return;
    raise_fault(FAULT_INTERNAL, "test", "%s:%d: %s is \"%s\", wanted \"%s\"", file, line, what,
                got ? got : "(null)", wanted ? wanted : "(null)");
}

void test_int(int64_t got, int64_t wanted, const char *what, const char *file, int line)
{
    if (got != wanted)
        raise_fault(FAULT_INTERNAL, "test", "%s:%d: %s is %lld, wanted %lld", file, line, what,
                    (long long)got, (long long)wanted);
}

void test_skip(const char *reason)
{
    snprintf(skip_reason, sizeof skip_reason, "%s", reason);
    raise_fault(FAULT_INTERNAL, "test.skip", "%s", reason);
}

static bool run_one(const Test *test, int number)
{
    Guard guard;
    Arena *arena = arena_new(0);
    if (!arena)
        abort();
    arena_use(arena);
    skip_reason[0] = '\0';
    guard_enter(&guard);
    bool ok = setjmp(guard.at) == 0;
    if (ok) {
        test->run();
        guard_leave(&guard);
    }
    alloc_fail_after(0);
    if (skip_reason[0])
        printf("ok %d - %s # SKIP %s\n", number, test->name, skip_reason);
    else if (ok)
        printf("ok %d - %s\n", number, test->name);
    else
        printf("not ok %d - %s\n# %s\n", number, test->name, guard.fault.message);
    fflush(stdout);
    arena_use(NULL);
    arena_free(arena);
    return ok || skip_reason[0];
}

int run_tests(const Test *tests)
{
    int number = 0, failed = 0;
    json_start();
    for (const Test *test = tests; test->name; test++)
        failed += !run_one(test, ++number);
    printf("1..%d\n", number);
    return failed != 0;
}
