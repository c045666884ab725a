/* Loading: each file of texts becomes, per language, a map from key to a compiled text. Writing: pieces are
 * copied, placeholders filled. After loading nothing changes, so all threads read without locks. */
#include "platform/view/i18n.h"
#include "platform/view/filters.h"
#include "platform/view/mustache.h"
#include "platform/view/view.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/map.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>

enum { MAX_LANGUAGES = 8 };

typedef enum Form { FORM_ZERO, FORM_ONE, FORM_OTHER, FORM_COUNT } Form;

typedef struct Piece {
    const char *text; /* literal bytes, or the placeholder's name */
    size_t size;
    bool is_value;
    Filter filter;
} Piece;

typedef struct Pattern {
    Piece *pieces; /* NULL: this form is not there */
    size_t count;
} Pattern;

typedef struct Text {
    Pattern forms[FORM_COUNT];
    const char *file;
} Text;

typedef struct Language {
    const char *code;
    Map texts;
} Language;

struct Texts {
    Language languages[MAX_LANGUAGES]; /* the first is Vietnamese */
    size_t count;
    const char *codes[MAX_LANGUAGES + 1];
};

static const Texts *in_use;

Texts *texts_new(void)
{
    Texts *texts = alloc(sizeof *texts);
    texts->languages[0].code = texts->codes[0] = "vi";
    texts->count = 1;
    return texts;
}

void texts_use(const Texts *texts)
{
    in_use = texts;
}

/* ---- Loading ---- */

static Language *language(Texts *texts, const char *code)
{
    for (size_t i = 0; i < texts->count; i++)
        if (text_is(texts->languages[i].code, code))
            return &texts->languages[i];
    if (texts->count == MAX_LANGUAGES)
        raise_fault(FAULT_INTERNAL, "view.text", "there are more than %d languages", MAX_LANGUAGES);
    Language *added = &texts->languages[texts->count];
    added->code = texts->codes[texts->count++] = text_copy(code);
    return added;
}

/* The placeholder that begins at `at` ("{name}", "{date:name}", "{t:name}" for what may be the key of another
 * text): its length, or 0 when the brace is only a
 * brace. */
static size_t placeholder(const char *at, Piece *piece)
{
    const char *close = strchr(at, '}');
    if (!close)
        return 0;
    Slice inside = { at + 1, (size_t)(close - at - 1) };
    const char *colon = memchr(inside.at, ':', inside.size);
    Filter filter = FILTER_NONE;
    if (colon) {
        filter = filter_named(inside.at, (size_t)(colon - inside.at));
        if (filter == FILTER_NONE || filter == FILTER_CSRF)
            return 0;
        inside = (Slice){ colon + 1, (size_t)(close - colon - 1) };
    }
    Path path;
    if (!path_parse(inside.at, inside.size, &path) || !path.count || path.own)
        return 0;
    *piece = (Piece){ slice_text(inside), inside.size, true, filter };
    return (size_t)(close + 1 - at);
}

static Pattern compile(const char *text)
{
    size_t braces = 0;
    for (const char *c = text; *c; c++)
        braces += *c == '{';
    Pattern pattern = { alloc_array(2 * braces + 1, sizeof(Piece)), 0 };
    const char *from = text, *at = text;
    while ((at = strchr(at, '{'))) {
        Piece piece;
        size_t size = placeholder(at, &piece);
        if (!size) {
            at++;
            continue;
        }
        if (at > from)
            pattern.pieces[pattern.count++] =
                (Piece){ .text = text_copy_n(from, (size_t)(at - from)), .size = (size_t)(at - from) };
        pattern.pieces[pattern.count++] = piece;
        from = at += size;
    }
    if (*from)
        pattern.pieces[pattern.count++] = (Piece){ .text = text_copy(from), .size = strlen(from) };
    return pattern;
}

static Text *load_text(const char *file, const char *key, Json value)
{
    static const char *const names[FORM_COUNT] = { "zero", "one", "other" };
    Text *text = alloc(sizeof *text);
    text->file = file;
    if (json_is_string(value))
        text->forms[FORM_OTHER] = compile(json_string_value(value));
    for (int i = 0; i < FORM_COUNT && json_is_object(value); i++)
        if (json_is_string(json_object_get(value, names[i])))
            text->forms[i] = compile(json_str(value, names[i]));
    if (!text->forms[FORM_OTHER].pieces)
        raise_fault(FAULT_INTERNAL, "view.text", "%s: \"%s\" is neither a text nor {\"one\":…,\"other\":…}",
                    file, key);
    return text;
}

/* "src/…/i18n/vi.json" → "vi" */
static const char *code_of(const char *file)
{
    const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file, *dot = strchr(base, '.');
    return text_copy_n(base, dot ? (size_t)(dot - base) : strlen(base));
}

void texts_add(Texts *texts, const char *file, const char *json, size_t size)
{
    Json object = json_parse_own(json, size, file);
    if (!json_is_object(object))
        raise_fault(FAULT_INTERNAL, "view.text", "%s: texts are one flat object", file);
    Language *into = language(texts, code_of(file));
    const char *key, *name = text_copy(file);
    Json value;
    json_object_foreach (object, key, value) {
        const Text *before = map_get(&into->texts, key);
        if (before)
            raise_fault(FAULT_INTERNAL, "view.text", "\"%s\" stands in %s and in %s", key, before->file,
                        file);
        map_put(&into->texts, key, load_text(name, key, value));
    }
}

static size_t complain_about(const Language *has, const Language *lacks)
{
    size_t count = 0;
    for (size_t i = 0; i < has->texts.count; i++) {
        const MapEntry *entry = &has->texts.entries[i];
        if (map_get(&lacks->texts, entry->key))
            continue;
        log_warn("view.text.missing", "language", lacks->code, "text", entry->key, "file",
                 ((const Text *)entry->value)->file, NULL);
        count++;
    }
    return count;
}

size_t texts_complain(const Texts *texts)
{
    size_t count = 0;
    for (size_t i = 1; i < texts->count; i++)
        count += complain_about(&texts->languages[0], &texts->languages[i]) +
                 complain_about(&texts->languages[i], &texts->languages[0]);
    return count;
}

const char *const *text_languages(void)
{
    static const char *const only[] = { "vi", NULL };
    return in_use ? in_use->codes : only;
}

size_t text_keys(const char ***keys)
{
    const Map *texts = &in_use->languages[0].texts;
    *keys = alloc_array(texts->count + 1, sizeof **keys);
    for (size_t i = 0; i < texts->count; i++)
        (*keys)[i] = texts->entries[i].key;
    return texts->count;
}

/* ---- Writing ---- */

static const Text *find_text(const char *lang, const char *key)
{
    const Text *text = NULL;
    for (size_t i = 0; in_use && !text && i < in_use->count; i++)
        if (text_is(in_use->codes[i], lang))
            text = map_get(&in_use->languages[i].texts, key);
    return text || !in_use ? text : map_get(&in_use->languages[0].texts, key);
}

/* Vietnamese has one form for all numbers; English a second for exactly one (Unicode CLDR, plural rules). */
static const Pattern *choose_form(const Text *text, const TextValues *values)
{
    const Pattern *other = &text->forms[FORM_OTHER];
    if ((!text->forms[FORM_ONE].pieces && !text->forms[FORM_ZERO].pieces) || !values->find)
        return other;
    Json count = values->find(values->context, "count");
    double n = json_is_string(count) ? strtod(json_string_value(count), NULL) : json_number_value(count);
    if (n == 0 && count && text->forms[FORM_ZERO].pieces)
        return &text->forms[FORM_ZERO];
    return n == 1 && text->forms[FORM_ONE].pieces ? &text->forms[FORM_ONE] : other;
}

static void write_placeholder(Buf *out, const char *lang, const Piece *piece, const TextValues *values)
{
    Json value = values->find ? values->find(values->context, piece->text) : NULL;
    Filter filter = piece->filter;
    if (filter == FILTER_NONE && text_is(piece->text, "count"))
        filter = FILTER_NUMBER;
    const char *shown = filter ? filter_show(filter, lang, values->now, value) : value_plain(value);
    if (filter == FILTER_TEXT && text_known(lang, shown))
        shown = text_in(lang, shown, NULL);
    if (values->escape)
        buf_html(out, shown);
    else
        buf_text(out, shown);
}

bool text_write(Buf *out, const char *lang, const char *key, const TextValues *values)
{
    const Text *text = find_text(lang, key);
    if (!text) {
        log_warn("view.text.unknown", "language", lang, "text", key, NULL);
        return false;
    }
    const Pattern *pattern = choose_form(text, values);
    for (size_t i = 0; i < pattern->count; i++) {
        const Piece *piece = &pattern->pieces[i];
        if (piece->is_value)
            write_placeholder(out, lang, piece, values);
        else
            buf_add(out, piece->text, piece->size);
    }
    return true;
}

static Json member(void *context, const char *name)
{
    return json_at(context, name);
}

char *text_in(const char *lang, const char *key, Json values)
{
    Buf out = { 0 };
    TextValues from = { member, values, now_ms(), false };
    if (!text_write(&out, lang, key, &from))
        return text_copy(key);
    return text_copy(buf_end(&out));
}

bool text_known(const char *lang, const char *key)
{
    return find_text(lang, key) != NULL;
}
