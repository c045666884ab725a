/* Thin layers over OpenSSL 3; failures of the library are faults, never ignored. */
#include "base/crypto.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "base/clock.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdatomic.h>
#include <string.h>

void sha256(const void *bytes, size_t size, unsigned char out[SHA256_SIZE])
{
    SHA256(bytes, size, out);
}

char *sha256_hex(const void *bytes, size_t size)
{
    unsigned char digest[SHA256_SIZE];
    sha256(bytes, size, digest);
    return hex_encode(digest, sizeof digest);
}

void hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
                 unsigned char out[SHA256_SIZE])
{
    unsigned n = SHA256_SIZE;
    if (!HMAC(EVP_sha256(), key, (int)key_size, bytes, size, out, &n))
        raise_fault(FAULT_INTERNAL, "crypto.hmac", "HMAC failed");
}

void random_bytes(void *out, size_t size)
{
    if (RAND_bytes(out, (int)size) != 1)
        raise_fault(FAULT_INTERNAL, "crypto.random", "the system gave no random bytes");
}

char *random_token(void)
{
    unsigned char bytes[32];
    random_bytes(bytes, sizeof bytes);
    return base64url_encode(bytes, sizeof bytes);
}

bool equal_secret(const char *a, const char *b)
{
    size_t n = strlen(a);
    return n == strlen(b) && CRYPTO_memcmp(a, b, n) == 0;
}

struct Digest {
    EVP_MD_CTX *context;
};

static void release(void *context)
{
    EVP_MD_CTX_free(context);
}

Digest *digest_new(void)
{
    Digest *digest = alloc(sizeof *digest);
    digest->context = EVP_MD_CTX_new();
    if (!digest->context || EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1)
        raise_fault(FAULT_MEMORY, "crypto.digest", "no memory for a digest");
    arena_defer(release, digest->context);
    return digest;
}

void digest_add(Digest *digest, const void *bytes, size_t size)
{
    if (EVP_DigestUpdate(digest->context, bytes, size) != 1)
        raise_fault(FAULT_INTERNAL, "crypto.digest", "a digest failed");
}

void digest_end(Digest *digest, unsigned char out[SHA256_SIZE])
{
    unsigned n = SHA256_SIZE;
    if (EVP_DigestFinal_ex(digest->context, out, &n) != 1)
        raise_fault(FAULT_INTERNAL, "crypto.digest", "a digest failed");
}

static _Atomic int64_t last_id;
static int this_node;

void id_node(int node)
{
    this_node = node & 1023;
}

int64_t id_new(void)
{
    static const int64_t epoch_ms = 1735689600000; /* 2025-01-01T00:00:00Z */
    int64_t before = atomic_load(&last_id), next;
    do {
        int64_t fresh = (now_ms() - epoch_ms)
                        << 12; /* time and sequence; the node is put between them below */
        next = fresh > before ? fresh : before + 1;
    } while (!atomic_compare_exchange_weak(&last_id, &before, next));
    return (next >> 12) << 22 | (int64_t)this_node << 12 | (next & 4095);
}
