/* The template engine: Mustache (mustache(5) and its specification, github.com/mustache/spec: variables,
 * sections, inverted sections, comments, partials, set delimiters; no lambdas), compiled once into a flat
 * array of nodes, rendered into one buffer.
 *
 * Beyond the specification:
 *   {{filter:name}}                a filter (filters.h); {{t:key}} is a text, {{t:*name}} the text whose key
 * stands in a variable
 *   {{.name}}                      a member of the innermost object only, without looking outward: components
 * use it for what may be missing
 *   {{#rows.length}}               how many items a list has
 *   {{> c/chip text=title colour="green" word=t:chip.ok big=true}}
 *                                  a partial with arguments: they become its innermost object. An argument is
 * a "literal", true, false, a whole number, t:key, a path, or paths of which the first that is there counts:
 * value=typed.name|dossier.name
 *   {{! layout: wall}}             in a page's template: which layout goes around it ("none": it is a whole
 * page itself)
 *   {{> content}}                  in a layout: what it goes around
 * Falsy is what mustache(5) calls falsy, and also null, "", 0 and the empty list and object. A missing
 * variable is empty; a missing partial, an unknown filter, a section left open is an error of whoever wrote
 * the template: compiling raises FAULT_INTERNAL "view.template" with file and line. */
#ifndef SEN_PLATFORM_VIEW_MUSTACHE_H
#define SEN_PLATFORM_VIEW_MUSTACHE_H

#include "base/buf.h"
#include "base/json.h"
#include "platform/view/i18n.h"

#include <stdint.h>

typedef struct Template Template;

/* A name with dots, taken apart: its parts stand one after another, each ended by NUL. */
typedef struct Path {
    const char *parts;
    uint8_t count; /* 0: "." itself */
    bool own;      /* ".name": the innermost object only */
} Path;

typedef enum NodeKind { NODE_TEXT, NODE_VALUE, NODE_SECTION, NODE_INVERTED, NODE_PARTIAL } NodeKind;

enum { MAX_CHOICES = 3 };

typedef enum ArgumentKind { ARGUMENT_JSON, ARGUMENT_PATH, ARGUMENT_KEY } ArgumentKind;

typedef struct Argument {
    const char *name;
    ArgumentKind kind;
    Json value; /* JSON: a literal */
    Path paths[MAX_CHOICES];
    int choices;
    const char *key; /* KEY: of a text */
} Argument;

typedef struct Node {
    uint8_t kind;
    uint8_t filter;
    bool raw;      /* not escaped */
    bool indirect; /* t:*name: `path` holds the key */
    uint32_t end;  /* sections: index of the first node behind it */
    uint32_t line;
    uint32_t size;    /* TEXT: bytes. PARTIAL: number of arguments */
    const char *text; /* TEXT: the bytes. t: and asset: what stands behind the colon. PARTIAL: its name */
    Path path;
    Argument *arguments;
    const Template *partial;
} Node;

struct Template {
    const char *name;   /* "procedures/dossier" */
    const char *file;   /* for messages */
    const char *layout; /* NULL: the usual one */
    Node *nodes;
    uint32_t count;
};

/* Compiles into the current arena. Everything points into `source` or the arena; both must outlive the
 * template. */
Template *template_compile(const char *name, const char *file, const char *source, size_t size);
/* Finds the templates of its partials. */
typedef const Template *TemplateFinder(const char *name, void *context);
void template_link(Template *template, TemplateFinder *find, void *context);

/* What a rendering knows besides the model. */
typedef struct Rendering {
    const char *lang;
    int64_t now;         /* UTC ms, for {{ago:}} */
    Json globals;        /* the outermost object; may be NULL */
    const char *content; /* of a layout: the page, as HTML */
    size_t content_size;
    long max_steps; /* nodes it may pass; 0: 20 million. More raises FAULT_LIMIT */
} Rendering;

void template_render(const Template *template, const Rendering *rendering, Json model, Buf *out);

/* Shared by the compiler and i18n: takes "a.b.c" apart into the current arena; false when it is no path. */
bool path_parse(const char *text, size_t size, Path *path);
bool json_truthy(Json value);

#endif
