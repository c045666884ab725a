/* Inside of signatures: the key store behind PKCS#11 v2.40. Keys are made in the token, found by CKA_ID, and
 * never leave it. */
#ifndef SEN_PLATFORM_SIGNATURES_TOKEN_H
#define SEN_PLATFORM_SIGNATURES_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

enum { KEY_ID_SIZE = 20, MAX_SIGNATURE = 1024 };

typedef enum SignScheme { SCHEME_RSA_PKCS1, SCHEME_RSA_PSS } SignScheme;

/* Loads the module and logs in. `module` NULL: SoftHSM2, whose token is made below data_dir/keys when there
 * is none. False with an English reason when there is no usable token; the program then runs without signing.
 */
bool token_open(const char *module, const char *data_dir, char *reason, size_t reason_size);
void token_close(void);
bool token_is_open(void);

/* Makes an RSA-2048 key pair under this id; false when the token refuses. */
bool token_make_key(const unsigned char id[KEY_ID_SIZE], const char *label);
/* The public key of a pair as DER SubjectPublicKeyInfo in the arena; NULL when there is none. */
unsigned char *token_public_key(const unsigned char id[KEY_ID_SIZE], size_t *size);

/* Signs `data` (hashed with SHA-256 in the token). Returns the signature's length, 0 when the device failed.
 * May be called from any number of threads: each takes a session from the pool. */
size_t token_sign(const unsigned char id[KEY_ID_SIZE], SignScheme scheme, const void *data, size_t size,
                  unsigned char out[MAX_SIGNATURE]);

/* How many times the device was asked to sign: shows that a refusal came before it. */
long token_signings(void);

#endif
