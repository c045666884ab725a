/* Inside of signatures: what changed in a document after a signature (spec 25 §7.5). */
#ifndef SEN_PLATFORM_SIGNATURES_CHANGES_H
#define SEN_PLATFORM_SIGNATURES_CHANGES_H

#include "platform/signatures/form.h"

/* In the order of their weight. */
typedef enum Changes {
    CHANGES_NONE,
    CHANGES_VALIDATION,  /* (a) values for validation, document time-stamps */
    CHANGES_PERMITTED,   /* (b) signatures and values of fields that are not locked */
    CHANGES_OTHER,       /* (d) things beside the pages: metadata, outlines, names */
    CHANGES_UNKNOWN,     /* not analysed: too large, too slow, malformed; never taken for clean */
    CHANGES_ANNOTATIONS, /* (c) */
    CHANGES_CONTENT,     /* (d) pages, locked fields, signatures */
} Changes;

/* Compares the document as it was signed with the newest. `lock` is what the signature forbids. */
Changes changes_between(PdfFile *then, PdfFile *now, const Lock *lock);

#endif
