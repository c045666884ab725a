/* Thin layers over OpenSSL 3; failures of the library are faults, never ignored. */
#include "base/crypto.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "base/clock.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* ---- SHA-256 ----
 * OpenSSL looks the algorithm up by name, under locks, in every one-shot call, which takes longer than the
 * digest of a short text. So it is looked up once, and each thread keeps a context. */

static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;
static pthread_key_t context_key;
static EVP_MD *sha256_method; /* until the end of the process */

static void free_context(void *context)
{
    EVP_MD_CTX_free(context);
}

static void free_method(void)
{
    free_context(pthread_getspecific(context_key));
    pthread_setspecific(context_key, NULL);
    EVP_MD_free(sha256_method);
}

static void start_sha256(void)
{
    pthread_key_create(&context_key, free_context);
    sha256_method = EVP_MD_fetch(NULL, "SHA256", NULL);
    atexit(free_method);
}

/* Of the parts one after the other. */
static void sha256_parts(const Slice *parts, size_t count, unsigned char out[SHA256_SIZE])
{
    pthread_once(&sha256_once, start_sha256);
    EVP_MD_CTX *context = pthread_getspecific(context_key);
    if (!context) {
        context = EVP_MD_CTX_new();
        pthread_setspecific(context_key, context);
    }
    bool good = context && sha256_method && EVP_DigestInit_ex2(context, sha256_method, NULL) == 1;
    for (size_t i = 0; good && i < count; i++)
        good = EVP_DigestUpdate(context, parts[i].at, parts[i].size) == 1;
    if (!good || EVP_DigestFinal_ex(context, out, NULL) != 1)
        raise_fault(FAULT_INTERNAL, "crypto.digest", "a digest failed");
}

void sha256(const void *bytes, size_t size, unsigned char out[SHA256_SIZE])
{
    sha256_parts(&(Slice){ bytes, size }, 1, out);
}

char *sha256_hex(const void *bytes, size_t size)
{
    unsigned char digest[SHA256_SIZE];
    sha256(bytes, size, digest);
    return hex_encode(digest, sizeof digest);
}

enum { SHA256_BLOCK = 64 };

/* RFC 2104. */
void hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
                 unsigned char out[SHA256_SIZE])
{
    unsigned char block[2][SHA256_BLOCK], inner[SHA256_SIZE], short_key[SHA256_SIZE];
    if (key_size > SHA256_BLOCK) {
        sha256(key, key_size, short_key);
        key = short_key;
        key_size = sizeof short_key;
    }
    memset(block[0], 0x36, SHA256_BLOCK);
    memset(block[1], 0x5c, SHA256_BLOCK);
    for (size_t i = 0; i < key_size; i++)
        for (int k = 0; k < 2; k++)
            block[k][i] ^= ((const unsigned char *)key)[i];
    sha256_parts((const Slice[]){ { (char *)block[0], SHA256_BLOCK }, { bytes, size } }, 2, inner);
    sha256_parts((const Slice[]){ { (char *)block[1], SHA256_BLOCK }, { (char *)inner, sizeof inner } }, 2,
                 out);
    OPENSSL_cleanse(block, sizeof block);
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
