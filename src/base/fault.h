/* Breaking off work that cannot go on.
 *
 * What a person or a program got wrong is an ordinary answer and is returned as one. What nobody can do
 * anything about where it happens (no memory, a full disk, a broken connection, a constraint that the store
 * refuses) is a *fault*: raise_fault() leaves at once for the innermost guard of this thread, as PostgreSQL's
 * ereport does. Guards stand only at the boundaries of work: a request, a transaction, a job, a command, a
 * test. Between the two lies only arena memory and what was given to arena_defer(), so nothing is lost on the
 * way.
 *
 *     Guard g;
 *     guard_enter(&g);
 *     if (setjmp(g.at) == 0) { work(); guard_leave(&g); }
 *     else                   { answer(&g.fault); }            (the guard has already been left)
 */
#ifndef SEN_BASE_FAULT_H
#define SEN_BASE_FAULT_H

#include <setjmp.h>

typedef enum FaultKind {
    FAULT_NONE,
    FAULT_INTERNAL, /* our own mistake, or a component that misbehaves          → 500 */
    FAULT_MEMORY,   /* no memory, or an arena's limit                           → 503 */
    FAULT_STORE,    /* the store cannot write or read: disk full, I/O, lost     → 503 */
    FAULT_CONFLICT, /* a unique key or a reference stands against it            → 409 */
    FAULT_RETRY,    /* serialisation failure or deadlock: the same again may do */
    FAULT_LIMIT,    /* a budget of time or size was used up                     → 503 */
} FaultKind;

typedef struct Fault {
    FaultKind kind;
    char code[64];     /* stable, dotted: "store.full" */
    char message[512]; /* English, for the log; never a secret */
} Fault;

typedef struct Guard {
    jmp_buf at;
    struct Guard *outer;
    struct Arena *arena; /* current when it was entered; made current again by a fault */
    Fault fault;
} Guard;

void guard_enter(Guard *guard);
void guard_leave(Guard *guard);

_Noreturn void raise_fault(FaultKind kind, const char *code, const char *message, ...)
    __attribute__((format(printf, 3, 4)));

/* Passes a caught fault on to the next guard outward. */
_Noreturn void raise_again(const Fault *fault);

/* For a broken rule of our own code: says so and aborts. */
_Noreturn void fault_abort(const char *message);

#endif
