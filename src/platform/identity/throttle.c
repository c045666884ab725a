/* Two brakes. One on the name: after five failures in a row each further one doubles the wait, up to a
 * quarter of an hour; kept in the store, so it holds on all nodes and after a restart. It is keyed by the
 * digest of what was typed, known or not, so it tells nothing about who has an account. One on the network:
 * GCRA (the leaky bucket as a clock) over /24 and /48, in memory. It counts failures only: at eight in the
 * morning a whole office signs in from one address. A success clears the first, never the second. Nobody from
 * outside can lock an account for good. */
#include "platform/identity/throttle.h"
#include "platform/identity/identity.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>

enum { FREE_FAILURES = 5, LONGEST_S = 15 * 60, FORGET_MS = DAY_MS };
enum { NETWORK_SLOTS = 8192, PER_ATTEMPT_MS = MINUTE_MS / 30, BURST = 30 };

int64_t throttle_delay_s(int64_t failures)
{
    if (failures < FREE_FAILURES)
        return 0;
    int64_t power = failures - FREE_FAILURES;
    return power >= 10 ? LONGEST_S : 1ll << power;
}

static const char *key_of(const char *username)
{
    return sha256_hex(username, strlen(username));
}

int64_t throttle_wait_s(Db *db, const char *username, int64_t now)
{
    int64_t until = db_int(db, "select until_at from iam_throttle where key = ?1", T(key_of(username)));
    return until > now ? (until - now + SECOND_MS - 1) / SECOND_MS : 0;
}

void throttle_failed(Db *db, const char *username, int64_t now)
{
    const char *key = key_of(username);
    int64_t failures = 1 + db_int(db, "select failures from iam_throttle where key = ?1 and last_at > ?2",
                                  T(key), I(now - FORGET_MS));
    db_exec(db,
            "insert into iam_throttle (key, failures, until_at, last_at) values (?1, ?2, ?3, ?4) "
            "on conflict (key) do update set failures = excluded.failures, until_at = excluded.until_at, "
            "last_at = excluded.last_at",
            T(key), I(failures), I(now + throttle_delay_s(failures) * SECOND_MS), I(now));
}

void throttle_clear(Db *db, const char *username)
{
    db_exec(db, "delete from iam_throttle where key = ?1", T(key_of(username)));
}

/* ---- networks ---- */

/* When the network's bucket will be empty, by the digest of its name. Two networks that fall on one slot
 * share it: never less strict. */
static int64_t empty_at[NETWORK_SLOTS];
static pthread_mutex_t networks_lock = PTHREAD_MUTEX_INITIALIZER;

static int64_t *slot_of(const char *network)
{
    unsigned char digest[SHA256_SIZE];
    sha256(network, strlen(network), digest);
    return &empty_at[(digest[0] << 8 | digest[1]) % NETWORK_SLOTS];
}

int64_t throttle_network_s(const char *network, int64_t now)
{
    pthread_mutex_lock(&networks_lock);
    int64_t early = *slot_of(network) - now - (BURST - 1) * PER_ATTEMPT_MS;
    pthread_mutex_unlock(&networks_lock);
    return early > 0 ? (early + SECOND_MS - 1) / SECOND_MS : 0;
}

void throttle_network_failed(const char *network, int64_t now)
{
    pthread_mutex_lock(&networks_lock);
    int64_t *slot = slot_of(network);
    *slot = (*slot > now ? *slot : now) + PER_ATTEMPT_MS;
    pthread_mutex_unlock(&networks_lock);
}

void throttle_network_reset(void)
{
    pthread_mutex_lock(&networks_lock);
    memset(empty_at, 0, sizeof empty_at);
    pthread_mutex_unlock(&networks_lock);
}

char *network_of(const char *ip)
{
    unsigned char bytes[16];
    char text[INET6_ADDRSTRLEN];
    if (ip && inet_pton(AF_INET, ip, bytes) == 1)
        return fmt("%d.%d.%d.0/24", bytes[0], bytes[1], bytes[2]);
    if (!ip || inet_pton(AF_INET6, ip, bytes) != 1)
        return text_copy("?");
    memset(bytes + 6, 0, 10);
    inet_ntop(AF_INET6, bytes, text, sizeof text);
    return fmt("%s/48", text);
}
