/* Secrets of this node and what is done with them: personal numbers sealed at rest, tokens for forms of
 * strangers. */
#ifndef SEN_PLATFORM_IDENTITY_KEYS_H
#define SEN_PLATFORM_IDENTITY_KEYS_H

#include <stdbool.h>
#include <stdint.h>

/* Reads FOLDER/pid.key and FOLDER/csrf.key, making those that are missing (0600); `may_make_pid` false: a
 * missing pid.key raises FAULT_STORE, because the numbers in the store were sealed with it. */
void keys_open(const char *folder, bool may_make_pid);

/* AES-256-GCM, base64url; bound to the person, so that it opens in no other row. */
char *pid_seal(int64_t person_id, const char *pid);
/* NULL when it was not sealed by this key for this person. */
char *pid_unseal(int64_t person_id, const char *sealed);
/* The keyed digest by which a person is found. */
char *pid_index(const char *pid);

/* The last part of a stranger's form token. */
char *csrf_mac(const char *nonce);

#endif
