/* Forms: form-js JSON schemas, rendered by the server as plain HTML that works without JavaScript, and
 * checked by it (spec 23 §6.4). */
#ifndef SEN_PLATFORM_FORMS_H
#define SEN_PLATFORM_FORMS_H

#include "net/http.h"
#include "platform/solution.h"

extern const Solution forms_solution;

typedef struct Form Form;
/* A form shipped or deployed by id; NULL when unknown. Long-lived. */
const Form *form_find(const char *id);
/* From a schema's text; NULL and a message when it is malformed or has an unsupported component. In the
 * current arena. */
const Form *form_read(const char *json, size_t size, char *error, size_t error_size);

/* The view model of its fields: [{key, path, label, kind, is_text…, required, value, error, options…}], for
 * partial {{> c/form}}. `locked` names paths that are shown but not typed (verified data). */
Json form_fields(const Form *form, const char *lang, Json data, Json errors, Json locked);
/* Checks what came from outside in the order of §6.4: returns the cleaned data; adds {path, rule, message} to
 * `errors`. Files are in `files`: {path: [upload…]}. */
Json form_check(const Form *form, const char *lang, Json typed, Json files, Json errors);
/* Label–value lines of filled data, for review pages, receipts and PDFs: [{label, value}]. */
Json form_review(const Form *form, const char *lang, Json data);

/* What somebody has typed and not yet sent, kept 90 days. `subject`: what it is for ("procedure:1.004222").
 * {data, updated_at}; NULL when none. */
void form_draft_save(Db *db, int64_t owner, const char *form_id, const char *subject, Json data, int64_t now);
Json form_draft(Db *db, int64_t owner, const char *form_id, const char *subject);
void form_draft_drop(Db *db, int64_t owner, const char *form_id, const char *subject);

#endif
