/* Full-text search. Text is folded by text_fold() (marks removed, lower case), cut into words at its spaces,
 * and each word is written with its kind before it: "Chứng thực" of a dossier becomes the words
 * "dossier·chung" and "dossier·thuc". A search for words of one kind thus walks only that kind's part of the
 * index, however many millions of rows other kinds have. The words are made here, not by the engines' own
 * parsers, so both find exactly the same.
 *
 *   SQLite      FTS5 without stored content; its ascii tokenizer takes every byte from 0x80 on (so '·' too)
 * as part of a word PostgreSQL  a tsvector written word by word, title words with weight A, others with B,
 * and a GIN index
 *
 * Why nothing a person types can become query language: a folded text holds only letters, digits and single
 * spaces, by construction of text_fold() (it maps everything else to a space); kinds are checked to be a-z,
 * 0-9 and '-'. Neither can hold a quote, an operator or a question mark, and every word stands in quotes.
 * search_find() binds the query besides; search_sql(), which must give plain text for use inside another
 * query, relies on the construction, and checks it. */
#include "platform/search/search.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>

enum {
    MOST_WORDS = 12,          /* of a query; the rest is ignored */
    MOST_WORD_BYTES = 64,     /* longer words are cut, in texts and queries alike */
    MOST_TEXT_BYTES = 200000, /* of one thing; a tsvector may not pass 1 MiB */
    MOST_POSITION = 16383,    /* of a word in a tsvector */
};

#define MARK "\xc2\xb7" /* · between kind and word: neither letter nor digit, so no folded text holds it */

static void check_kind(const char *kind)
{
    size_t n = strspn(kind, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (!n || kind[n] || n > 32)
        raise_fault(FAULT_INTERNAL, "search.kind", "\"%s\" cannot name a kind of things to search", kind);
}

/* Where a text must be cut so that at most `most` bytes stay and no character is halved. */
static size_t cut(const char *text, size_t size, size_t most)
{
    if (size > most)
        for (size = most; size && ((unsigned char)text[size] & 0xc0) == 0x80;)
            size--;
    return size;
}

/* The next word of a folded text; false at the end. */
static bool next_word(const char **text, Slice *word)
{
    *text += strspn(*text, " ");
    size_t size = strcspn(*text, " ");
    *word = (Slice){ *text, cut(*text, size, MOST_WORD_BYTES) };
    *text += size;
    return size > 0;
}

static const char *folded(const char *text)
{
    const char *fold = text_fold(text_or(text, ""));
    size_t size = strlen(fold), kept = cut(fold, size, MOST_TEXT_BYTES);
    return kept < size ? text_copy_n(fold, kept) : fold;
}

/* ---- SQLite ---- */

static const char *words_sqlite(const char *kind, const char *text)
{
    Buf out = { 0 };
    Slice word;
    for (const char *at = folded(text); next_word(&at, &word);) {
        buf_fmt(&out, "%s%s" MARK, out.size ? " " : "", kind);
        buf_add(&out, word.at, word.size);
    }
    return buf_end(&out);
}

static void remove_sqlite(Db *db, const char *kind, int64_t id)
{
    Json old = db_row(db, "delete from search_text where kind = ?1 and id = ?2 returning doc_id, title, body",
                      T(kind), I(id));
    if (old)
        db_exec(db,
                "insert into search_index (search_index, rowid, title, body) values ('delete', ?1, ?2, ?3)",
                I(json_id(old, "doc_id")), T(json_str(old, "title")), T(json_str(old, "body")));
}

static void put_sqlite(Db *db, const char *kind, int64_t id, const char *title, const char *text)
{
    const char *title_words = words_sqlite(kind, title), *text_words = words_sqlite(kind, text);
    remove_sqlite(db, kind, id);
    int64_t doc =
        db_int(db, "insert into search_text (kind, id, title, body) values (?1, ?2, ?3, ?4) returning doc_id",
               T(kind), I(id), T(title_words), T(text_words));
    db_exec(db, "insert into search_index (rowid, title, body) values (?1, ?2, ?3)", I(doc), T(title_words),
            T(text_words));
}

/* ---- PostgreSQL ---- */

static int add_words(Buf *out, const char *kind, const char *text, int position, char weight)
{
    Slice word;
    for (const char *at = folded(text); next_word(&at, &word);) {
        buf_fmt(out, "%s'%s" MARK, out->size ? " " : "", kind);
        buf_add(out, word.at, word.size);
        buf_fmt(out, "':%d%c", position, weight);
        if (position < MOST_POSITION)
            position++;
    }
    return position;
}

static void put_postgres(Db *db, const char *kind, int64_t id, const char *title, const char *text)
{
    Buf doc = { 0 };
    add_words(&doc, kind, text, add_words(&doc, kind, title, 1, 'A'), 'B');
    db_exec(db,
            "insert into search_text (kind, id, doc) values (?1, ?2, cast(?3 as tsvector))"
            " on conflict (kind, id) do update set doc = excluded.doc",
            T(kind), I(id), T(buf_end(&doc)));
}

/* ---- Both ---- */

void search_put(Db *db, const char *kind, int64_t id, const char *title, const char *text)
{
    check_kind(kind);
    if (db_engine(db) == ENGINE_SQLITE)
        put_sqlite(db, kind, id, title, text);
    else
        put_postgres(db, kind, id, title, text);
}

void search_remove(Db *db, const char *kind, int64_t id)
{
    if (db_engine(db) == ENGINE_SQLITE)
        remove_sqlite(db, kind, id);
    else
        db_exec(db, "delete from search_text where kind = ?1 and id = ?2", T(kind), I(id));
}

/* "each word as a prefix, all words", in the engine's query language; "" when there is no word.
 *   SQLite      "dossier·chung"* "dossier·thuc"*          PostgreSQL  'dossier·chung':* & 'dossier·thuc':* */
static const char *query_of(Db *db, const char *kind, const char *typed)
{
    bool sqlite = db_engine(db) == ENGINE_SQLITE;
    Buf out = { 0 };
    Slice word;
    int count = 0;
    check_kind(kind);
    for (const char *at = folded(typed); count < MOST_WORDS && next_word(&at, &word); count++) {
        buf_fmt(&out, sqlite ? "%s\"%s" MARK : "%s'%s" MARK, !count ? "" : sqlite ? " " : " & ", kind);
        buf_add(&out, word.at, word.size);
        buf_text(&out, sqlite ? "\"*" : "':*");
    }
    return buf_end(&out);
}

/* A title word weighs ten times one of the text, as bm25 and ts_rank weigh them. */
static const char *const find_sqlite =
    "select s.id from search_index x join search_text s on s.doc_id = x.rowid"
    " where search_index match ?1 order by bm25(search_index, 10.0, 1.0), s.id desc limit ?2";
static const char *const find_postgres = "select id from search_text, cast(?1 as tsquery) q where doc @@ q"
                                         " order by ts_rank('{0, 0, 0.1, 1}', doc, q) desc, id desc limit ?2";

typedef struct Found {
    int64_t id;
} Found;

size_t search_find(Db *db, const char *kind, const char *typed, size_t limit, int64_t **ids)
{
    static const Field fields[] = { FIELD(INT, Found, id), { 0 } };
    const char *query = query_of(db, kind, typed);
    Found *found = NULL;
    *ids = NULL;
    if (!*query)
        return 0;
    size_t count =
        db_all(db, fields, sizeof *found, &found,
               db_engine(db) == ENGINE_SQLITE ? find_sqlite : find_postgres, T(query), I((int64_t)limit));
    *ids = alloc_array(count, sizeof **ids);
    for (size_t i = 0; i < count; i++)
        (*ids)[i] = found[i].id;
    return count;
}

/* What the construction promises, proved before the text goes into a statement. */
static void check_plain(const char *query)
{
    for (const unsigned char *c = (const unsigned char *)query; *c; c++)
        if (*c < 0x80 && !isalnum(*c) && !strchr(" \"'*&:-", *c))
            raise_fault(FAULT_INTERNAL, "search.query",
                        "a search has a character that folding should have removed");
}

static const char *doubled_quotes(const char *text)
{
    return text_replace(text, "'", "''");
}

const char *search_sql(Db *db, const char *kind, const char *typed, const char *column)
{
    const char *query = query_of(db, kind, typed);
    if (!*query)
        return "1=1";
    check_plain(query);
    if (db_engine(db) == ENGINE_SQLITE)
        return fmt("%s in (select s.id from search_index x join search_text s on s.doc_id = x.rowid where "
                   "search_index match '%s')",
                   column, doubled_quotes(query));
    return fmt("%s in (select id from search_text where doc @@ cast('%s' as tsquery))", column,
               doubled_quotes(query));
}

const Solution search_solution = { .name = "search" };
