/* Inside of signatures: the form of a document (ISO 32000-2 §12.7) and what its signatures lock. */
#ifndef SEN_PLATFORM_SIGNATURES_FORM_H
#define SEN_PLATFORM_SIGNATURES_FORM_H

#include "platform/signatures/pdf.h"
#include "platform/signatures/signatures.h"

typedef struct FormField {
    const char *name; /* full, with the parents' names before dots */
    const char *type; /* "Sig", "Tx", "Btn", "Ch" */
    PdfObj *dict;     /* the field */
    int64_t number;   /* its object */
    PdfObj *widget;   /* what is seen of it; often the same */
    int64_t widget_number;
    PdfObj *value;        /* resolved /V */
    int64_t value_number; /* 0: direct or none */
} FormField;

/* The terminal fields in document order; fields that are not objects of their own are left out. */
FormField *pdf_form_fields(PdfFile *file, size_t *count);
FormField *pdf_form_find(PdfFile *file, const char *name);

/* Which fields a signature dictionary locks (FieldMDP), or may not be changed at all (DocMDP). */
typedef struct Lock {
    enum { LOCK_NONE, LOCK_ALL, LOCK_INCLUDE, LOCK_EXCLUDE } kind;
    PdfObj *names;
    int doc_mdp; /* 0: none; 1 nothing, 2 form filling and signing, 3 annotations too */
} Lock;
Lock lock_of(PdfFile *file, PdfObj *signature);
bool lock_holds(PdfFile *file, const Lock *lock, const char *field);
/* Does any signature of the document lock this field? */
bool form_locked(PdfFile *file, const char *field);

/* The visible page in points: left, bottom, right, top. */
void page_box(PdfFile *file, PdfObj *page, double box[4]);
bool rect_of(PdfFile *file, PdfObj *widget, double *width, double *height);

/* Adds widgets to their pages and to the form's list; used by pdf_prepare() and for an invisible signature
 * field. */
int64_t form_put_fields(PdfUpdate *update, const PdfField *fields, size_t count, const char **refusal);

#endif
