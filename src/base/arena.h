/* Memory that dies together.
 *
 * An arena hands out memory and frees it all at once. Every thread that does work has a *current* arena: a
 * request's, a job's, a command's. alloc(), fmt() and the JSON values of this thread take from it, so no code
 * frees anything by hand and nothing leaks when work is broken off in the middle. What must outlive the work
 * is made with heap_dup() or json_keep() and has an owner that its header names. There are no other
 * lifetimes.
 *
 * Running out of memory (or past an arena's limit) raises FAULT_MEMORY (see fault.h): no caller checks for
 * NULL. */
#ifndef SEN_BASE_ARENA_H
#define SEN_BASE_ARENA_H

#include <stddef.h>
#include <stdbool.h>

typedef struct Arena Arena;

/* A new, empty arena. `limit` is the number of bytes it may grow to, 0 for none. NULL when memory has run
 * out. */
Arena *arena_new(size_t limit);

/* Runs what was deferred, last first, then gives all memory back. NULL is allowed. */
void arena_free(Arena *arena);

/* The same, but keeps the first block for the next user. */
void arena_reset(Arena *arena);

/* Makes `arena` the current one of this thread and returns the one before (NULL: none). */
Arena *arena_use(Arena *arena);
Arena *arena_current(void);

/* Zeroed memory, aligned for any type, from the current arena. Never NULL. */
void *alloc(size_t size);
void *alloc_array(size_t count, size_t size);

/* alloc() from a given arena. */
void *arena_alloc(Arena *arena, size_t size);

/* Calls release(what) when the current arena dies: for files, XML trees, keys: whatever is not arena memory.
 * When there is no memory to remember it by, it is released at once and the fault goes on. */
void arena_defer(void (*release)(void *what), void *what);

/* Memory outside any arena, owned by the caller, freed with heap_free(). Raises FAULT_MEMORY. */
void *heap_alloc(size_t size);
void *heap_realloc(void *old, size_t size);
char *heap_dup(const char *text);
void heap_free(void *memory);

/* Tests: the n-th allocation from now on fails (0: none), once; alloc_failures_left() is 0 when it has
 * failed. */
void alloc_fail_after(long n);
long alloc_failures_left(void);

#endif
