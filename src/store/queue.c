/* Writes wait here, in order, in a ring of fixed size: asking for a write costs no memory, and a store that
 * cannot keep up says so (FAULT_LIMIT, "503, try again") instead of growing until the machine falls over. */
#include "store/engine.h"
#include "base/arena.h"

void queue_open(Queue *queue)
{
    queue->ring = heap_alloc(QUEUE_MOST * sizeof *queue->ring);
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->filled, NULL);
}

void queue_put(Queue *queue, const Write *write)
{
    pthread_mutex_lock(&queue->lock);
    bool closed = queue->closed, full = queue->count == QUEUE_MOST;
    if (!closed && !full) {
        queue->ring[(queue->first + queue->count) % QUEUE_MOST] = *write;
        queue->count++;
        pthread_cond_signal(&queue->filled);
    }
    pthread_mutex_unlock(&queue->lock);
    if (closed)
        raise_fault(FAULT_STORE, "store.closed", "the store is being closed");
    if (full)
        raise_fault(FAULT_LIMIT, "store.queue", "%d writes are waiting already", QUEUE_MOST);
}

size_t queue_take(Queue *queue, Write *out, size_t most)
{
    size_t n = 0;
    pthread_mutex_lock(&queue->lock);
    while (!queue->count && !queue->closed)
        pthread_cond_wait(&queue->filled, &queue->lock);
    for (; n < most && queue->count; n++, queue->count--) {
        out[n] = queue->ring[queue->first];
        queue->first = (queue->first + 1) % QUEUE_MOST;
    }
    pthread_mutex_unlock(&queue->lock);
    return n;
}

void queue_close(Queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}

void queue_free(Queue *queue)
{
    if (!queue->ring)
        return;
    heap_free(queue->ring);
    pthread_mutex_destroy(&queue->lock);
    pthread_cond_destroy(&queue->filled);
}
