/* Argon2id version 1.3 with 16 bytes of salt and 32 of tag (RFC 9106; parameters of spec 19 §7.1). One hash
 * takes tens of milliseconds and 19 MB on purpose; at eight in the morning eleven people a second sign in. So
 * at most twice as many hashes run as there are processors; whoever finds all places taken waits two seconds
 * and is then told to try again: a flood of sign-ins cannot starve other requests. */
#include "platform/identity/password.h"
#include "platform/identity/identity.h"
#include "platform/identity/passwords_common.h"
#include "base/arena.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/text.h"

#include <argon2.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SALT_SIZE = 16, TAG_SIZE = 32, WAIT_S = 2, MOST_ENCODED = 200 };

typedef struct Cost {
    uint32_t memory_kib, passes, lanes;
} Cost;

static const Cost ordinary = { 19456, 2, 1 }, privileged_cost = { 65536, 3, 1 };

/* ---- places ---- */

static pthread_mutex_t places_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t place_free = PTHREAD_COND_INITIALIZER;
static int places_taken;

static int most_places(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors > 0 ? (int)processors * 2 : 2;
}

static void take_place(void)
{
    struct timespec until;
    int waited = 0, most = most_places();
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&places_lock);
    while (places_taken >= most && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&place_free, &places_lock, &until);
    bool got = places_taken < most;
    places_taken += got;
    pthread_mutex_unlock(&places_lock);
    if (!got)
        raise_fault(FAULT_LIMIT, "identity.hash.busy", "all places for password hashes were taken for %d s",
                    WAIT_S);
}

static void give_place(void)
{
    pthread_mutex_lock(&places_lock);
    places_taken--;
    pthread_cond_signal(&place_free);
    pthread_mutex_unlock(&places_lock);
}

/* ---- hashing ---- */

static void hash_fault(int code)
{
    if (code == ARGON2_MEMORY_ALLOCATION_ERROR)
        raise_fault(FAULT_MEMORY, "identity.hash", "no memory for a password hash");
    if (code != ARGON2_OK)
        raise_fault(FAULT_INTERNAL, "identity.hash", "argon2: %s", argon2_error_message(code));
}

char *password_hash_for(const char *password, bool privileged)
{
    const Cost *cost = privileged ? &privileged_cost : &ordinary;
    unsigned char salt[SALT_SIZE];
    char *encoded = alloc(MOST_ENCODED);
    const char *text = text_nfc(password);
    random_bytes(salt, sizeof salt);
    take_place();
    int code = argon2id_hash_encoded(cost->passes, cost->memory_kib, cost->lanes, text, strlen(text), salt,
                                     sizeof salt, TAG_SIZE, encoded, MOST_ENCODED);
    give_place();
    hash_fault(code);
    return encoded;
}

char *password_hash(const char *password)
{
    return password_hash_for(password, false);
}

/* Of no password that anybody knows: the tags are random bytes. For accounts that do not exist, at either
 * cost. */
static const char *const nobody[] = {
    "$argon2id$v=19$m=19456,t=2,p=1$c2VuLW5vYm9keS1zYWx0IQ$QlVpkGAzD3XUUpSSHpfvtNnJr2VLxJjXQ1sVd0pX8jE",
    "$argon2id$v=19$m=65536,t=3,p=1$c2VuLW5vYm9keS1zYWx0IQ$QlVpkGAzD3XUUpSSHpfvtNnJr2VLxJjXQ1sVd0pX8jE",
};

static bool verify(const char *hash, const char *password)
{
    const char *text = text_nfc(password);
    take_place();
    int code = argon2id_verify(hash, text, strlen(text));
    give_place();
    if (code != ARGON2_VERIFY_MISMATCH)
        hash_fault(code);
    return code == ARGON2_OK;
}

bool password_verify(const char *hash, const char *password)
{
    return verify(hash ? hash : nobody[0], password) && hash;
}

bool password_verify_decoy(const char *password, bool privileged)
{
    verify(nobody[privileged], password);
    return false;
}

bool password_outdated(const char *hash, bool privileged)
{
    const Cost *cost = privileged ? &privileged_cost : &ordinary;
    return !text_starts(hash,
                        fmt("$argon2id$v=19$m=%u,t=%u,p=%u$", cost->memory_kib, cost->passes, cost->lanes));
}

/* ---- weakness ---- */

static bool is_common(const char *folded)
{
    for (const char *const *common = common_passwords; *common; common++)
        if (text_is(*common, folded))
            return true;
    return false;
}

/* "aaaaaaaa", "12345678", "hgfedcba": each byte the same step from the one before. */
static bool is_run(const char *text)
{
    int step = text[1] - text[0];
    for (const char *at = text + 1; *at; at++)
        if (at[0] - at[-1] != step)
            return false;
    return step >= -1 && step <= 1;
}

const char *password_weakness(const char *password, const char *username)
{
    const char *text = text_nfc(password), *lower = text_lower(text);
    if (strlen(text) < 8)
        return "identity.password.short";
    if (strlen(text) > 256)
        return "identity.password.long";
    if (is_common(lower) || is_run(lower))
        return "identity.password.common";
    if (username && strlen(username) >= 4 && strstr(lower, username)) /* "an" stands in too many words */
        return "identity.password.name";
    return NULL;
}
