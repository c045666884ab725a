/* Inside of signatures: the files around a token: SoftHSM2's configuration and the PINs. */
#ifndef SEN_PLATFORM_SIGNATURES_SOFTHSM_H
#define SEN_PLATFORM_SIGNATURES_SOFTHSM_H

#include <stdbool.h>
#include <stddef.h>

/* Writes data_dir/keys/softhsm/softhsm2.conf, points SOFTHSM2_CONF at it and returns the path of the module,
 * or NULL when SoftHSM2 is not installed. */
const char *softhsm_prepare(const char *data_dir);

/* The PIN of data_dir/keys/<name>, made at random when the file is missing and `make`; NULL when there is
 * none. */
char *pin_read(const char *data_dir, const char *name, bool make);

#endif
