/* Texts by key, in every language for which files are there. A text is compiled into pieces when it is
 * loaded: "Đã nộp {count} hồ sơ, hạn {date:due_at}"      {name} is filled, with any filter of filters.h
 * before it; {count} is grouped: 1.234
 *   {"one": "{count} dossier", "other": "{count} dossiers"}   the form is chosen by "count": "zero" (if
 * there), "one", "other" A brace that begins no such name is itself. A text missing in a language is taken
 * from Vietnamese. */
#ifndef SEN_PLATFORM_VIEW_I18N_H
#define SEN_PLATFORM_VIEW_I18N_H

#include "base/buf.h"
#include "base/json.h"

#include <stdint.h>

typedef struct Texts Texts;

/* An empty collection in the current arena. */
Texts *texts_new(void);
/* Adds the flat object of one file ("src/…/i18n/vi.json": language vi). A key that stands in two files of a
 * language raises FAULT_INTERNAL "view.text" naming both. */
void texts_add(Texts *texts, const char *file, const char *json, size_t size);
/* Logs every Vietnamese text that another language lacks, and every one that only another language has; how
 * many. */
size_t texts_complain(const Texts *texts);
/* The collection that text_in() and templates use; NULL: none. */
void texts_use(const Texts *texts);

/* Gives the value of a name; NULL when there is none. */
typedef Json ValueFinder(void *context, const char *name);
typedef struct TextValues {
    ValueFinder *find;
    void *context;
    int64_t now;
    bool escape; /* values are escaped for HTML, the text itself is not */
} TextValues;

/* Writes a text; false (and nothing written) when it is unknown in this language and in Vietnamese. */
bool text_write(Buf *out, const char *lang, const char *key, const TextValues *values);
/* Languages there are, Vietnamese first, NULL-ended. */
const char *const *text_languages(void);
/* Every Vietnamese key, in the order of loading: for tests. */
size_t text_keys(const char ***keys);

#endif
