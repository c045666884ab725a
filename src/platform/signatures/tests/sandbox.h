/* For the tests of this room: a token and a store of its own in a folder that goes away with the test. */
#ifndef SEN_TEST_SANDBOX_H
#define SEN_TEST_SANDBOX_H

#include "platform/signatures/signatures.h"

#include <stddef.h>

/* What a command prints, both streams. */
const char *output_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A file that is deleted with the arena. */
char *temp_file(const void *bytes, size_t size, const char *suffix);

/* Opens store and token and enrols "Lê Thị Mai" (account 11, org 7) and "UBND phường Cao Lãnh" (org 7). The
 * token is made once per process. */
Store *sandbox_open(void);
void sandbox_close(Store *store);
const char *sandbox_folder(void); /* the data folder */
const void *read_whole(const char *path, size_t *size);
/* The root certificate as PEM file. */
const char *sandbox_root_file(Store *store);

/* A decision with the four fields of Decree 30, ready to be signed. */
const void *sample_document(size_t *size);

enum { LEADER = 11, AGENCY = 7 };

#endif
