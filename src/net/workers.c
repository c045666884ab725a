/* The threads that handlers run on: a queue, first come first served. A server has two such pools: one for
 * ordinary routes, and one for those that do long work (ROUTE_SLOW), so that a rush of sign-ins never keeps a
 * page from being shown. */
#include "base/clock.h"
#include "net/inside.h"

#include <time.h>

struct Workers {
    Server *server;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    Exchange *first, *last;
    int idle, count;
    bool closed;
    pthread_t threads[];
};

static _Thread_local const Server *mine;

static Exchange *take(Workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    while (!workers->first && !workers->closed) {
        workers->idle++;
        pthread_cond_wait(&workers->wake, &workers->lock);
        workers->idle--;
    }
    Exchange *ex = workers->first;
    if (ex)
        workers->first = ex->next;
    pthread_mutex_unlock(&workers->lock);
    return ex;
}

static void *work(void *argument)
{
    Workers *workers = argument;
    mine = workers->server;
    for (Exchange *ex; (ex = take(workers));) {
        answer_run(ex);
        exchange_release(ex);
    }
    server_release(workers->server);
    return NULL;
}

Workers *workers_start(Server *server, int count)
{
    Workers *workers = heap_alloc(sizeof *workers + (size_t)count * sizeof(pthread_t));
    workers->server = server;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->wake, NULL);
    for (; workers->count < count; workers->count++) {
        atomic_fetch_add(&server->owners, 1);
        if (pthread_create(&workers->threads[workers->count], NULL, work, workers) != 0) {
            atomic_fetch_sub(&server->owners, 1);
            break;
        }
    }
    return workers;
}

bool workers_push(Workers *workers, Exchange *ex)
{
    ex->next = NULL;
    pthread_mutex_lock(&workers->lock);
    bool closed = workers->closed;
    if (!closed) {
        if (workers->first)
            workers->last->next = ex;
        else
            workers->first = ex;
        workers->last = ex;
    }
    bool wake = !closed && workers->idle;
    pthread_mutex_unlock(&workers->lock);
    if (wake)
        pthread_cond_signal(&workers->wake);
    return !closed;
}

bool workers_mine(const Server *server)
{
    return mine == server;
}

int workers_count(const Workers *workers)
{
    return workers->count;
}

void workers_stop(Workers *workers, int64_t until_us)
{
    struct timespec until; /* this one call knows only the wall clock */
    clock_gettime(CLOCK_REALTIME, &until);
    int64_t at_ns = until.tv_nsec + (until_us - monotonic_us()) * 1000;
    until.tv_sec += at_ns / 1000000000 - (at_ns < 0);
    until.tv_nsec = at_ns % 1000000000 + (at_ns % 1000000000 < 0 ? 1000000000 : 0);
    pthread_mutex_lock(&workers->lock);
    workers->closed = true;
    pthread_cond_broadcast(&workers->wake);
    pthread_mutex_unlock(&workers->lock);
    for (int i = 0; i < workers->count; i++)
        if (pthread_timedjoin_np(workers->threads[i], NULL, &until) != 0)
            pthread_detach(workers->threads[i]);
}

void workers_free(Workers *workers)
{
    if (!workers)
        return;
    pthread_mutex_destroy(&workers->lock);
    pthread_cond_destroy(&workers->wake);
    heap_free(workers);
}
