/* Inside of signatures: as much of PDF (ISO 32000-2 §7) as incremental updates and their checking need.
 *
 * Files come from strangers, so reading is strict and bounded: what is malformed is refused, nothing is
 * guessed or repaired, because a guess that differs from a viewer's is how forgeries work. Objects are read
 * when asked for and live in the arena that was current then. */
#ifndef SEN_PLATFORM_SIGNATURES_PDF_H
#define SEN_PLATFORM_SIGNATURES_PDF_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PDF_MOST_OBJECTS = 500000,
    PDF_MOST_NODES = 1000000,
    PDF_MOST_DEPTH = 100,
    PDF_MOST_SECTIONS = 1000,
    PDF_MOST_DECODED = 64 * 1024 * 1024,
};

typedef enum PdfType {
    PDF_NULL,
    PDF_BOOL,
    PDF_INT,
    PDF_REAL,
    PDF_STRING,
    PDF_NAME,
    PDF_ARRAY,
    PDF_DICT,
    PDF_REF,
} PdfType;

typedef struct PdfObj PdfObj;
struct PdfObj {
    PdfType type;
    unsigned count;    /* ARRAY, DICT */
    int64_t number;    /* INT, BOOL; REF: the object's number */
    double real;       /* INT, REAL */
    const char *text;  /* STRING: decoded bytes; NAME: without the slash; both with a NUL after them */
    size_t size;       /* of text */
    PdfObj **items;    /* ARRAY, DICT */
    const char **keys; /* DICT */
    const char *data;  /* a stream is a DICT with raw data; NULL: none */
    size_t data_size;
    size_t start, end; /* where it stands in the file; 0, 0 when inside an object stream */
};

typedef struct PdfEntry {
    unsigned char kind; /* 0 free, 1 at an offset, 2 in an object stream */
    unsigned short generation;
    unsigned index; /* kind 2: its place there */
    uint64_t at;    /* kind 1: offset; kind 2: number of the object stream */
} PdfEntry;

typedef struct PdfFile {
    const char *bytes;
    size_t size;
    size_t startxref;     /* offset of the newest section */
    bool table_is_stream; /* the newest section is a cross-reference stream */
    PdfEntry *entries;
    size_t entry_count; /* numbers below this may be in use */
    PdfObj *trailer;    /* the newest */
    PdfObj **cache;
    unsigned char *reading;     /* objects that are being read: loops */
    struct PdfBundle **bundles; /* object streams taken apart, by number */
    size_t nodes, decoded;
    const char *error; /* an i18n key once something was wrong */
} PdfFile;

/* Reads the table of objects. NULL, and an i18n key in *error, for what is malformed, encrypted or too large.
 */
PdfFile *pdf_open(const void *bytes, size_t size, const char **error);

/* The object of this number, NULL when there is none or it is malformed (file->error then says so). */
PdfObj *pdf_object(PdfFile *file, int64_t number);
/* The thing itself: follows references (at most 32 of them). Never NULL: PDF_NULL instead. */
PdfObj *pdf_resolve(PdfFile *file, PdfObj *obj);
/* Members, not resolved (NULL: none) and resolved (never NULL). */
PdfObj *pdf_member(const PdfObj *dict, const char *key);
PdfObj *pdf_get(PdfFile *file, PdfObj *dict, const char *key);
PdfObj *pdf_item(PdfFile *file, PdfObj *array, size_t i);
bool pdf_is_name(const PdfObj *obj, const char *name);
/* A text string as UTF-8; "" when it is none. */
char *pdf_text(const PdfObj *obj);
PdfObj *pdf_catalog(PdfFile *file);
/* A page's dictionary and number of object, counted from 1; NULL when there is none. */
PdfObj *pdf_page(PdfFile *file, int page, int64_t *number);

/* Reading one object from text. `file` counts nodes and takes errors; positions are kept when `in_file`. */
typedef struct PdfLex {
    PdfFile *file;
    const char *bytes;
    size_t size, at;
    bool in_file;
} PdfLex;
PdfObj *pdf_parse(PdfLex *lex, int depth);
void pdf_skip_space(PdfLex *lex);
bool pdf_keyword(PdfLex *lex, const char *word); /* steps over it when it stands here */
bool pdf_whole_number(PdfLex *lex, int64_t *out);
PdfObj *pdf_node(PdfFile *file, PdfType type);
void pdf_fail(PdfFile *file, const char *error);

/* After a dictionary: the keyword and exactly /Length raw bytes, which become its data. `dict` itself, NULL
 * when malformed. */
PdfObj *pdf_stream_data(PdfLex *lex, PdfObj *dict);
/* The bytes of a stream with FlateDecode (or none) and predictors undone; NULL when it cannot be. */
char *pdf_decode(PdfFile *file, PdfObj *stream, size_t *size);
char *pdf_deflate(const void *bytes, size_t size, size_t *out_size);

/* ---- Writing ---- */

void pdf_write(Buf *out, const PdfObj *obj);
void pdf_write_name(Buf *out, const char *name);
/* A text string: UTF-16BE in hexadecimal. */
char *pdf_text_string(const char *utf8);
/* An object from our own text. */
PdfObj *pdf_own(PdfFile *file, const char *text);
PdfObj *pdf_copy_dict(PdfFile *file, const PdfObj *dict);
void pdf_set(PdfFile *file, PdfObj *dict, const char *key, PdfObj *value);
void pdf_append(PdfFile *file, PdfObj *array, PdfObj *item);
PdfObj *pdf_ref(PdfFile *file, int64_t number);

/* An incremental update: the bytes so far, then objects, then a section of the same kind as the newest. */
typedef struct PdfUpdate {
    PdfFile *file;
    Buf out;
    struct PdfWritten {
        int64_t number;
        unsigned short generation;
        uint64_t at;
    } * written;
    size_t written_count, written_room;
    int64_t next_number;
} PdfUpdate;
/* `more`: about how many bytes will be added. */
void pdf_update_begin(PdfUpdate *update, PdfFile *file, size_t more);
int64_t pdf_update_new(PdfUpdate *update);
/* Returns the offset of the first byte of `body` in the output. */
size_t pdf_update_put(PdfUpdate *update, int64_t number, const char *body, size_t size);
void pdf_update_object(PdfUpdate *update, int64_t number, const PdfObj *obj);
void pdf_update_end(PdfUpdate *update);

#endif
