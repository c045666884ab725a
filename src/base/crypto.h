/* The few cryptographic pieces that everybody needs, over OpenSSL: digests, keyed digests, random bytes,
 * identifiers. */
#ifndef SEN_BASE_CRYPTO_H
#define SEN_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32 };

void sha256(const void *bytes, size_t size, unsigned char out[SHA256_SIZE]);
char *sha256_hex(const void *bytes, size_t size);
void hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
                 unsigned char out[SHA256_SIZE]);
void random_bytes(void *out, size_t size);       /* raises FAULT_INTERNAL when the system has none */
char *random_token(void);                        /* 32 random bytes in base64url */
bool equal_secret(const char *a, const char *b); /* constant time for equal lengths */

/* A running digest, for what is streamed. Released with the current arena. */
typedef struct Digest Digest;
Digest *digest_new(void);
void digest_add(Digest *digest, const void *bytes, size_t size);
void digest_end(Digest *digest, unsigned char out[SHA256_SIZE]);

/* A new key: milliseconds since 2025 (41 bits), node (10 bits), sequence (12 bits). Strictly increasing in
 * one process. */
int64_t id_new(void);
void id_node(int node); /* 0..1023; set once at start */

#endif
