/* Inside of signatures: writing DER (X.690) from the inside out. Each call adds one whole element to `out`.
 */
#ifndef SEN_PLATFORM_SIGNATURES_DER_H
#define SEN_PLATFORM_SIGNATURES_DER_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    DER_INTEGER = 0x02,
    DER_BITS = 0x03,
    DER_OCTETS = 0x04,
    DER_UTF8 = 0x0c,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT = 0xa0, /* constructed, plus its number */
};

void der(Buf *out, int tag, const void *content, size_t size);
void der_wrap(Buf *out, int tag, const Buf *content);
void der_oid(Buf *out, const char *dotted);
void der_int(Buf *out, int64_t value);
/* An unsigned number of any size. */
void der_number(Buf *out, const unsigned char *bytes, size_t size);
void der_null(Buf *out);
void der_true(Buf *out);
/* BIT STRING of whole bytes. */
void der_bits(Buf *out, const void *bytes, size_t size);
/* UTCTime to 2049, then GeneralizedTime (RFC 5280 §4.1.2.5). */
void der_time(Buf *out, int64_t ms);

/* AlgorithmIdentifier of SHA-256 and of a signature with it (RFC 5754, RFC 4055). */
void der_sha256(Buf *out);
void der_sign_algorithm(Buf *out, bool pss);

/* Reading: the element at `at`. False when it is not whole or not definite. */
typedef struct DerItem {
    int tag;
    const unsigned char *start, *content;
    size_t total, size;
} DerItem;
bool der_read(const unsigned char *at, size_t room, DerItem *item);

#endif
