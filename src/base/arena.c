/* Arenas: blocks of growing size, bump allocation, a list of deferred releases. See arena.h for the rules. */
#include "base/arena.h"
#include "base/fault.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <stdatomic.h>

enum { FIRST_BLOCK = 8 * 1024, LARGEST_BLOCK = 1024 * 1024, ALIGNMENT = 16 };

typedef struct Block {
    struct Block *before;
    size_t size, used;
    _Alignas(ALIGNMENT) unsigned char bytes[];
} Block;

typedef struct Deferred {
    struct Deferred *before;
    void (*release)(void *);
    void *what;
} Deferred;

struct Arena {
    Block *block;
    Deferred *deferred;
    size_t used, limit;
};

static _Thread_local Arena *current;
static atomic_long fail_countdown;

void alloc_fail_after(long n)
{
    atomic_store(&fail_countdown, n);
}

long alloc_failures_left(void)
{
    return atomic_load(&fail_countdown);
}

/* Every byte of the program's own memory passes here, so that a test can make any allocation fail. */
static void *take(size_t size)
{
    if (atomic_load_explicit(&fail_countdown, memory_order_relaxed) > 0 &&
        atomic_fetch_sub(&fail_countdown, 1) == 1)
        return NULL;
    return malloc(size);
}

Arena *arena_new(size_t limit)
{
    Arena *arena = take(sizeof *arena);
    if (arena)
        *arena = (Arena){ .limit = limit };
    return arena;
}

static void run_deferred(Arena *arena)
{
    while (arena->deferred) {
        Deferred *d = arena->deferred;
        arena->deferred = d->before;
        d->release(d->what);
    }
}

static void free_blocks(Block *block)
{
    while (block) {
        Block *before = block->before;
        free(block);
        block = before;
    }
}

void arena_free(Arena *arena)
{
    if (!arena)
        return;
    run_deferred(arena);
    free_blocks(arena->block);
    if (current == arena)
        current = NULL;
    free(arena);
}

void arena_reset(Arena *arena)
{
    run_deferred(arena);
    Block *first = arena->block;
    while (first && first->before) {
        Block *before = first->before;
        free(first);
        first = before;
    }
    if (first)
        first->used = 0;
    arena->block = first;
    arena->used = 0;
}

Arena *arena_use(Arena *arena)
{
    Arena *before = current;
    current = arena;
    return before;
}

Arena *arena_current(void)
{
    return current;
}

static Block *add_block(Arena *arena, size_t least)
{
    size_t size = arena->block ? arena->block->size * 2 : FIRST_BLOCK;
    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (size < least)
        size = least;
    Block *block = take(sizeof *block + size);
    if (!block)
        return NULL;
    *block = (Block){ .before = arena->block, .size = size };
    arena->block = block;
    return block;
}

void *arena_alloc(Arena *arena, size_t size)
{
    if (!arena)
        fault_abort("memory asked for with no current arena");
    if (size > SIZE_MAX / 2)
        raise_fault(FAULT_MEMORY, "memory.size", "an allocation of %zu bytes was refused", size);
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (arena->limit && arena->used + size > arena->limit)
        raise_fault(FAULT_MEMORY, "memory.limit", "the work needs more than its limit of %zu bytes",
                    arena->limit);
    Block *block = arena->block;
    if (!block || block->size - block->used < size)
        block = add_block(arena, size);
    if (!block)
        raise_fault(FAULT_MEMORY, "memory.exhausted", "no memory for %zu bytes", size);
    void *memory = block->bytes + block->used;
    block->used += size;
    arena->used += size;
    return memset(memory, 0, size);
}

void *alloc(size_t size)
{
    return arena_alloc(current, size);
}

void *alloc_array(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / 2 / size)
        raise_fault(FAULT_MEMORY, "memory.size", "an allocation of %zu times %zu bytes was refused", count,
                    size);
    return alloc(count * size);
}

void arena_defer(void (*release)(void *), void *what)
{
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) != 0) { /* no memory to remember it by: it goes now */
        release(what);
        raise_again(&guard.fault);
    }
    Deferred *d = alloc(sizeof *d);
    guard_leave(&guard);
    *d = (Deferred){ .before = current->deferred, .release = release, .what = what };
    current->deferred = d;
}

void *heap_alloc(size_t size)
{
    void *memory = take(size ? size : 1);
    if (!memory)
        raise_fault(FAULT_MEMORY, "memory.exhausted", "no memory for %zu bytes", size);
    return memset(memory, 0, size);
}

void *heap_realloc(void *old, size_t size)
{
    if (atomic_load_explicit(&fail_countdown, memory_order_relaxed) > 0 &&
        atomic_fetch_sub(&fail_countdown, 1) == 1)
        raise_fault(FAULT_MEMORY, "memory.exhausted", "no memory for %zu bytes", size);
    void *memory = realloc(old, size ? size : 1);
    if (!memory)
        raise_fault(FAULT_MEMORY, "memory.exhausted", "no memory for %zu bytes", size);
    return memory;
}

char *heap_dup(const char *text)
{
    size_t n = strlen(text) + 1;
    return memcpy(heap_alloc(n), text, n);
}

void heap_free(void *memory)
{
    free(memory);
}
