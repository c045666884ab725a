/* The objects of two revisions are walked together from the catalog: first the pages, where any difference
 * counts most, then the fields, then the rest. What was visited under a strict rule is not visited again;
 * values that may change are looked at without being marked, so that a locked field cannot hide behind an
 * object that it shares with a free one.
 *
 * A reference to an object that was missing when the document was signed and that a later revision supplies
 * ("shadow attack") shows as a difference like any other: null then, something now. */
#include "platform/signatures/changes.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_DEPTH = 500, MOST_STEPS = 500000, MOST_US = 3000000 };

typedef struct Diff {
    PdfFile *then, *now;
    const Lock *lock;
    FormField *old_fields, *new_fields;
    size_t old_count, new_count;
    unsigned char *visited; /* by number of object */
    size_t numbers;
    long steps;
    int64_t began_us;
    Changes worst;
} Diff;

static void report(Diff *diff, Changes change)
{
    if (change > diff->worst)
        diff->worst = change;
}

static bool exhausted(Diff *diff, int depth)
{
    diff->steps++;
    bool over = depth > MOST_DEPTH || diff->steps > MOST_STEPS || diff->then->error || diff->now->error ||
                ((diff->steps & 1023) == 0 && monotonic_us() - diff->began_us > MOST_US);
    if (over)
        report(diff, CHANGES_UNKNOWN);
    return over || diff->worst == CHANGES_CONTENT;
}

static void mark(Diff *diff, int64_t number)
{
    if (number > 0 && (size_t)number < diff->numbers)
        diff->visited[number] = 1;
}

/* Have both been seen together? Marks them. */
static bool seen(Diff *diff, const PdfObj *a, const PdfObj *b)
{
    if (!a || !b || a->type != PDF_REF || b->type != PDF_REF || a->number != b->number ||
        (size_t)a->number >= diff->numbers)
        return false;
    bool was = diff->visited[a->number];
    diff->visited[a->number] = 1;
    return was;
}

static bool same_reference(const PdfObj *a, const PdfObj *b)
{
    return (!a && !b) || (a && b && a->type == PDF_REF && b->type == PDF_REF && a->number == b->number);
}

/* Ways back up: compared by name only, or the walk would leave its part of the document. */
static bool leads_up(const char *key)
{
    return strcmp(key, "Parent") == 0 || strcmp(key, "P") == 0;
}

static void walk(Diff *diff, PdfObj *a, PdfObj *b, Changes weight, int depth);

typedef bool KeyFn(Diff *diff, const char *key, PdfObj *a, PdfObj *b, void *argument); /* true: dealt with */

/* All members of both; `special` takes those with rules of their own. */
static void walk_members(Diff *diff, PdfObj *a, PdfObj *b, Changes weight, int depth, KeyFn *special,
                         void *argument)
{
    for (int side = 0; side < 2; side++) {
        const PdfObj *from = side ? b : a;
        for (unsigned i = 0; from->type == PDF_DICT && i < from->count; i++) {
            const char *key = from->keys[i];
            PdfObj *old = pdf_member(a, key), *new = pdf_member(b, key);
            if (side && old) /* was seen from the other side */
                continue;
            if (special && special(diff, key, old, new, argument))
                continue;
            if (leads_up(key)) {
                if (!same_reference(old, new))
                    report(diff, weight);
                continue;
            }
            walk(diff, old, new, weight, depth + 1);
        }
    }
}

static bool same_scalar(const PdfObj *a, const PdfObj *b)
{
    switch (a->type) {
    case PDF_NULL:
        return true;
    case PDF_BOOL:
    case PDF_INT:
        return a->number == b->number;
    case PDF_REAL:
        return a->real == b->real;
    case PDF_NAME:
    case PDF_STRING:
        return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
    default:
        return false;
    }
}

static bool same_stream(const PdfObj *a, const PdfObj *b)
{
    return !a->data == !b->data && a->data_size == b->data_size &&
           (!a->data || memcmp(a->data, b->data, a->data_size) == 0);
}

static void walk(Diff *diff, PdfObj *a, PdfObj *b, Changes weight, int depth)
{
    if (exhausted(diff, depth) || seen(diff, a, b))
        return;
    PdfObj *old = pdf_resolve(diff->then, a), *new = pdf_resolve(diff->now, b);
    if (old->type != new->type) {
        report(diff, weight);
    } else if (old->type == PDF_ARRAY) {
        if (old->count != new->count)
            report(diff, weight);
        for (unsigned i = 0; i < old->count && i < new->count; i++)
            walk(diff, old->items[i], new->items[i], weight, depth + 1);
    } else if (old->type == PDF_DICT) {
        if (!same_stream(old, new))
            report(diff, weight);
        walk_members(diff, old, new, weight, depth, NULL, NULL);
    } else if (!same_scalar(old, new)) {
        report(diff, weight);
    }
}

/* Does a value that may change differ? Looks no deeper than its own object. */
static bool differs(Diff *diff, const PdfObj *a, const PdfObj *b)
{
    if (!a || !b)
        return a != b;
    if (a->type == PDF_REF && b->type == PDF_REF) {
        if (a->number != b->number)
            return true;
        size_t n = (size_t)a->number;
        if (n >= diff->then->entry_count || n >= diff->now->entry_count)
            return n < diff->then->entry_count || n < diff->now->entry_count;
        return memcmp(&diff->then->entries[n], &diff->now->entries[n], sizeof(PdfEntry)) != 0;
    }
    Buf x = { 0 }, y = { 0 };
    pdf_write(&x, a);
    pdf_write(&y, b);
    return x.size != y.size || memcmp(x.at, y.at, x.size) != 0;
}

/* ---- Fields ---- */

static const FormField *by_number(const FormField *fields, size_t count, int64_t number)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i].number == number || fields[i].widget_number == number)
            return &fields[i];
    return NULL;
}

static bool is_time_stamp(PdfFile *file, const FormField *field)
{
    return pdf_is_name(pdf_get(file, field->value, "Type"), "DocTimeStamp");
}

typedef struct FieldRule {
    bool locked, is_signed;
} FieldRule;

/* Members of a field or widget. */
static bool field_member(Diff *diff, const char *key, PdfObj *a, PdfObj *b, void *argument)
{
    static const char *const FREE[] = { "V", "AP", "AS", "M", "Lock", "MK" };
    const FieldRule *rule = argument;
    if (strcmp(key, "Kids") == 0) {
        if (differs(diff, a, b))
            report(diff, CHANGES_CONTENT);
        return true;
    }
    if (strcmp(key, "Parent") == 0)
        return false;
    for (size_t i = 0; i < sizeof FREE / sizeof *FREE && !rule->locked && !rule->is_signed; i++)
        if (strcmp(key, FREE[i]) == 0) {
            if (differs(diff, a, b))
                report(diff, CHANGES_PERMITTED);
            return true;
        }
    return false; /* strict: place, flags, and everything of a locked or signed field */
}

static void compare_field(Diff *diff, const FormField *old, const FormField *new)
{
    FieldRule rule = { lock_holds(diff->then, diff->lock, old->name),
                       text_is(old->type, "Sig") && old->value->type == PDF_DICT };
    mark(diff, old->number);
    mark(diff, old->widget_number);
    if (!text_is(old->name, new->name) || !text_is(old->type, new->type) ||
        old->widget_number != new->widget_number)
        report(diff, CHANGES_CONTENT);
    walk_members(diff, old->dict, new->dict, CHANGES_CONTENT, 0, field_member, &rule);
    if (old->widget_number != old->number)
        walk_members(diff, old->widget, new->widget, CHANGES_CONTENT, 0, field_member, &rule);
}

static bool not_kids(Diff *diff, const char *key, PdfObj *a, PdfObj *b, void *argument)
{
    (void)diff;
    (void)a;
    (void)b;
    (void)argument;
    return strcmp(key, "Kids") == 0; /* compared as fields */
}

/* Attributes that a field inherits. */
static void compare_parents(Diff *diff, PdfObj *a, PdfObj *b)
{
    for (int depth = 0; depth < 32; depth++) {
        PdfObj *up_a = pdf_member(a, "Parent"), *up_b = pdf_member(b, "Parent");
        if (!up_a || !same_reference(up_a, up_b) || seen(diff, up_a, up_b))
            return;
        a = pdf_resolve(diff->then, up_a);
        b = pdf_resolve(diff->now, up_b);
        walk_members(diff, a, b, CHANGES_CONTENT, 0, not_kids, NULL);
    }
}

static void new_field(Diff *diff, const FormField *field)
{
    if (is_time_stamp(diff->now, field))
        report(diff, CHANGES_VALIDATION);
    else if (text_is(field->type, "Sig") && field->value->type == PDF_DICT &&
             !lock_holds(diff->then, diff->lock, field->name))
        report(diff, CHANGES_PERMITTED);
    else
        report(diff, CHANGES_CONTENT);
}

static bool form_member(Diff *diff, const char *key, PdfObj *a, PdfObj *b, void *argument)
{
    (void)diff;
    (void)a;
    (void)b;
    (void)argument;
    return strcmp(key, "Fields") == 0 || strcmp(key, "SigFlags") == 0;
}

static void compare_form(Diff *diff, PdfObj *a, PdfObj *b)
{
    PdfObj *old = pdf_resolve(diff->then, a), *new = pdf_resolve(diff->now, b);
    for (size_t i = 0; i < diff->old_count; i++) {
        const FormField *field = by_number(diff->new_fields, diff->new_count, diff->old_fields[i].number);
        if (!field) {
            report(diff, CHANGES_CONTENT);
            continue;
        }
        compare_field(diff, &diff->old_fields[i], field);
        compare_parents(diff, diff->old_fields[i].dict, field->dict);
    }
    for (size_t i = 0; i < diff->new_count; i++)
        if (!by_number(diff->old_fields, diff->old_count, diff->new_fields[i].number))
            new_field(diff, &diff->new_fields[i]);
    if (old->type == PDF_DICT) /* a form that is new has only new fields, which were judged above */
        walk_members(diff, old, new, CHANGES_OTHER, 0, form_member, NULL);
}

/* ---- Pages ---- */

static void compare_annotations(Diff *diff, PdfObj *a, PdfObj *b)
{
    PdfObj *old = pdf_resolve(diff->then, a), *new = pdf_resolve(diff->now, b);
    unsigned before = old->type == PDF_ARRAY ? old->count : 0,
             after = new->type == PDF_ARRAY ? new->count : 0;
    if (after < before)
        report(diff, CHANGES_ANNOTATIONS);
    for (unsigned i = 0; i < after; i++) {
        PdfObj *item = new->items[i];
        int64_t number = item->type == PDF_REF ? item->number : 0;
        if (i >= before) {
            if (!number || !by_number(diff->new_fields, diff->new_count, number) ||
                by_number(diff->old_fields, diff->old_count, number)) /* else judged as a new field */
                report(diff, CHANGES_ANNOTATIONS);
        } else if (number && by_number(diff->old_fields, diff->old_count, number)) {
            if (!same_reference(old->items[i], item))
                report(diff, CHANGES_ANNOTATIONS);
        } else {
            walk(diff, old->items[i], item, CHANGES_ANNOTATIONS, 0);
        }
    }
}

static void compare_pages(Diff *diff, PdfObj *a, PdfObj *b, int depth);

static bool page_member(Diff *diff, const char *key, PdfObj *a, PdfObj *b, void *argument)
{
    if (strcmp(key, "Annots") == 0) {
        compare_annotations(diff, a, b);
        return true;
    }
    if (strcmp(key, "Kids") != 0)
        return false;
    PdfObj *old = pdf_resolve(diff->then, a), *new = pdf_resolve(diff->now, b);
    if (old->type != PDF_ARRAY || new->type != PDF_ARRAY || old->count != new->count)
        report(diff, CHANGES_CONTENT);
    else
        for (unsigned i = 0; i < old->count; i++)
            compare_pages(diff, old->items[i], new->items[i], *(int *)argument + 1);
    return true;
}

static void compare_pages(Diff *diff, PdfObj *a, PdfObj *b, int depth)
{
    PdfObj *old = pdf_resolve(diff->then, a), *new = pdf_resolve(diff->now, b);
    if (exhausted(diff, depth))
        return;
    if (!same_reference(a, b) || old->type != PDF_DICT || new->type != PDF_DICT) {
        report(diff, CHANGES_CONTENT);
        return;
    }
    if (!seen(diff, a, b))
        walk_members(diff, old, new, CHANGES_CONTENT, depth, page_member, &depth);
}

/* ---- The catalog ---- */

static bool catalog_member(Diff *diff, const char *key, PdfObj *a, PdfObj *b, void *argument)
{
    (void)argument;
    if (strcmp(key, "DSS") == 0 || strcmp(key, "Extensions") == 0) {
        if (differs(diff, a, b))
            report(diff, CHANGES_VALIDATION);
        return true;
    }
    return strcmp(key, "Pages") == 0 || strcmp(key, "AcroForm") == 0;
}

Changes changes_between(PdfFile *then, PdfFile *now, const Lock *lock)
{
    Diff diff = { .then = then, .now = now, .lock = lock, .began_us = monotonic_us() };
    diff.numbers = then->entry_count > now->entry_count ? then->entry_count : now->entry_count;
    diff.visited = alloc_array(diff.numbers + 1, 1);
    diff.old_fields = pdf_form_fields(then, &diff.old_count);
    diff.new_fields = pdf_form_fields(now, &diff.new_count);
    PdfObj *old = pdf_catalog(then), *new = pdf_catalog(now);
    if (!same_reference(pdf_member(then->trailer, "Root"), pdf_member(now->trailer, "Root")))
        report(&diff, CHANGES_OTHER);
    mark(&diff, pdf_member(then->trailer, "Root")->number);
    compare_pages(&diff, pdf_member(old, "Pages"), pdf_member(new, "Pages"), 0);
    compare_form(&diff, pdf_member(old, "AcroForm"), pdf_member(new, "AcroForm"));
    walk_members(&diff, old, new, CHANGES_OTHER, 0, catalog_member, NULL);
    if (then->error || now->error)
        report(&diff, CHANGES_UNKNOWN);
    return diff.worst;
}
