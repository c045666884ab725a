/* A limit on the requests of one address: GCRA (the generic cell rate algorithm of ITU-T I.371) in a table of
 * fixed size.
 *
 * For each address only the *theoretical arrival time* of its next request is kept. A request moves it on by
 * the time that one request is worth; it may run ahead of the clock by at most one minute's worth. So an
 * address that was quiet may send its whole minute at once and then one request each interval. The table has
 * sets of four; a new address takes the place of the one that has been quiet the longest. IPv6 customers hold
 * a /64: that is what is counted. */
#include "base/clock.h"
#include "base/crypto.h"
#include "net/inside.h"

#include <string.h>

enum { SETS = 4096, WAYS = 4, LOCKS = 16 };

typedef struct Cell {
    uint64_t who;
    int64_t next_us;
} Cell;

struct Limiter {
    int64_t interval_us, ahead_us;
    uint64_t seed;
    pthread_mutex_t locks[LOCKS];
    Cell cells[SETS][WAYS];
};

Limiter *limiter_new(int per_minute)
{
    Limiter *limiter = heap_alloc(sizeof *limiter);
    limiter->interval_us = (int64_t)60 * 1000000 / per_minute;
    limiter->ahead_us = limiter->interval_us * (per_minute - 1);
    random_bytes(&limiter->seed, sizeof limiter->seed); /* so that nobody can aim at a set */
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_init(&limiter->locks[i], NULL);
    return limiter;
}

void limiter_free(Limiter *limiter)
{
    for (int i = 0; limiter && i < LOCKS; i++)
        pthread_mutex_destroy(&limiter->locks[i]);
    heap_free(limiter);
}

static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u; /* the finaliser of SplitMix64 */
    h = (h ^ h >> 27) * 0x94d049bb133111ebu;
    return h ^ h >> 31;
}

static uint64_t who_is(const Limiter *limiter, const unsigned char address[16])
{
    static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
    uint64_t half[2];
    memcpy(half, address, 16);
    uint64_t h = mix(half[0] ^ limiter->seed);
    if (memcmp(address, mapped, 12) == 0)
        h = mix(h ^ half[1]);
    return h ? h : 1;
}

int limiter_wait_s(Limiter *limiter, const unsigned char address[16], int64_t now_us)
{
    uint64_t who = who_is(limiter, address);
    size_t set = who % SETS;
    pthread_mutex_t *lock = &limiter->locks[set % LOCKS];
    pthread_mutex_lock(lock);
    Cell *cell = &limiter->cells[set][0];
    for (int i = 0; i < WAYS; i++) {
        Cell *other = &limiter->cells[set][i];
        if (other->who == who) {
            cell = other;
            break;
        }
        if (other->next_us < cell->next_us)
            cell = other;
    }
    if (cell->who != who)
        *cell = (Cell){ .who = who };
    int64_t next = cell->next_us > now_us ? cell->next_us : now_us;
    int64_t wait = next - now_us - limiter->ahead_us;
    if (wait <= 0)
        cell->next_us = next + limiter->interval_us;
    pthread_mutex_unlock(lock);
    return wait <= 0 ? 0 : (int)((wait + 999999) / 1000000);
}
