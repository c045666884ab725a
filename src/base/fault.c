/* The guards of a thread form a stack; a fault goes to the top one. Nothing here allocates. */
#include "base/fault.h"
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local Guard *innermost;

void guard_enter(Guard *guard)
{
    guard->outer = innermost;
    guard->arena = arena_current();
    guard->fault.kind = FAULT_NONE;
    innermost = guard;
}

void guard_leave(Guard *guard)
{
    innermost = guard->outer;
}

void raise_again(const Fault *fault)
{
    Guard *guard = innermost;
    if (!guard) {
        fprintf(stderr, "sen: %s (%s)\n", fault->message, fault->code);
        abort();
    }
    if (fault != &guard->fault)
        guard->fault = *fault;
    innermost = guard->outer;
    arena_use(guard->arena);
    longjmp(guard->at, 1);
}

void raise_fault(FaultKind kind, const char *code, const char *message, ...)
{
    Fault fault = { .kind = kind };
    va_list args;
    snprintf(fault.code, sizeof fault.code, "%s", code);
    va_start(args, message);
    vsnprintf(fault.message, sizeof fault.message, message, args);
    va_end(args);
    raise_again(&fault);
}

void fault_abort(const char *message)
{
    fprintf(stderr, "sen: broken rule: %s\n", message);
    abort();
}
