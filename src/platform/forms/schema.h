/* Inside the room of forms: a form-js schema, read.
 *
 *   JSON → read.c (components, refused when unknown) → Form
 *   typed → values.c (text to values) → check.c (hidden, readonly, rules) → clean data
 *   data → show.c (fields for c/field, lines for a review) */
#ifndef SEN_PLATFORM_FORMS_SCHEMA_H
#define SEN_PLATFORM_FORMS_SCHEMA_H

#include "base/map.h"
#include "platform/forms/forms.h"
#include "platform/workflow/feel.h"

typedef enum FormKind {
    FORM_TEXT,
    FORM_TEXTAREA,
    FORM_NUMBER,
    FORM_DATE,
    FORM_SELECT,
    FORM_RADIO,
    FORM_CHECKBOX,
    FORM_CHECKLIST,
    FORM_FILE,
    FORM_STATIC,
    FORM_GROUP,
    FORM_NOTHING, /* separators, spacers, buttons */
} FormKind;

/* What a text or number must be besides. */
typedef enum FormSpecial { PLAIN, PERSONAL_ID, TAX_CODE, PHONE, COMMUNE, MONEY, EMAIL } FormSpecial;

/* What a form says to people: in Vietnamese by form-js's own members (label, description, text), in English
 * by properties.label_en, description_en, text_en; where that is missing, in Vietnamese. */
typedef struct Wording {
    const char *vi, *en;
} Wording;

const char *wording_in(Wording wording, const char *lang);

typedef struct FormOption {
    const char *value;
    Wording label;
} FormOption;

typedef struct FormField {
    FormKind kind;
    FormSpecial special;
    const char *key, *path; /* path: from the root of the data, "applicant.name" */
    Wording label, hint, text;
    const char *unit, *accept, *autocomplete;
    bool required, readonly, multiple, no_past;
    int min_length, max_length; /* -1: none */
    const char *pattern;        /* whole string, POSIX extended */
    bool has_min, has_max;
    double min, max, increment;
    int decimals; /* -1: any */
    int max_files;
    Json preset; /* defaultValue */
    Vec options; /* FormOption * */
    const Feel *options_from, *hide, *computed;
    Vec fields; /* FormField *, of a group */
} FormField;

struct Form {
    const char *id, *title;
    int version; /* schemaVersion */
    Vec fields;  /* FormField * */
};

/* The value of a path in nested data; in typed data a flat member of that name wins. */
Json form_at(Json data, const char *path);
void form_put(Json data, const char *path, Json value);
bool form_empty(Json value);

/* What was typed as a value of the field's type; NULL and *rule when it is none. JSON null for nothing typed.
 */
Json form_value(const FormField *field, const char *lang, Json typed, const char **rule);
/* The options, static or computed. */
Vec form_options(const FormField *field, Json data, int64_t now);
bool form_hidden(const FormField *field, Json data, int64_t now);
/* A JavaScript pattern as POSIX; NULL when it has something that POSIX has not, or that would cost too much.
 */
char *form_pattern(const char *pattern);
bool form_matches(const char *pattern, const char *text);
void form_patterns_forget(void);

/* The communes and wards of the province: code, name. */
const Vec *form_communes(void);
void form_communes_forget(void);
void forms_forget(void);

#endif
