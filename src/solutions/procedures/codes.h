/* Codes that regulations fix: of dossiers, and the check word that goes with one on paper. Pure. */
#ifndef SEN_PROCEDURES_CODES_H
#define SEN_PROCEDURES_CODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct DossierCode {
    const char *agency; /* "H20.17" */
    int64_t day;        /* local day of the code */
    int64_t sequence;   /* within the agency and day */
    bool legacy;        /* the form of Circular 01/2018/TT-VPCP, article 19 */
} DossierCode;

/* {agency}-{YYYYMMDD}-{NNNNNNN} for the local day of `at`: "H20.17-20261120-0000123". */
char *dossier_code(const char *agency, int64_t at, int64_t sequence);
/* That form, and the legacy "000.00.17.H20-181220-0042"; false for anything else. */
bool dossier_code_parse(const char *code, DossierCode *out);
/* "1.001193" (Circular 03/2025/TT-VPCP). */
bool procedure_code_valid(const char *code);

/* The eight letters printed beside a code, without which the public page shows nothing (spec 03 §7.6):
 * base32 of the first five bytes of HMAC-SHA256(key, code). */
char *check_word(const void *key, size_t key_size, const char *code);

#endif
