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

/* Takes the words of a thing out of the index; its row there, 0 when it has none. */
static int64_t take_out(Db *db, const char *kind, int64_t id)
{
    int64_t doc = db_int(db, "select doc_id from search_text where kind = ?1 and id = ?2", T(kind), I(id));
    Json old =
        doc ? db_row(db, "delete from search_words where doc_id = ?1 returning title, body", I(doc)) : NULL;
    if (old)
        db_exec(db,
                "insert into search_index (search_index, rowid, title, body) values ('delete', ?1, ?2, ?3)",
                I(doc), T(json_str(old, "title")), T(json_str(old, "body")));
    return doc;
}

static void remove_sqlite(Db *db, const char *kind, int64_t id)
{
    if (take_out(db, kind, id))
        db_exec(db, "delete from search_text where kind = ?1 and id = ?2", T(kind), I(id));
}

/* What is replaced keeps its row, and so its place among the newest. */
static void put_sqlite(Db *db, const char *kind, int64_t id, const char *title, const char *text)
{
    const char *title_words = words_sqlite(kind, title), *text_words = words_sqlite(kind, text);
    int64_t doc = take_out(db, kind, id);
    if (!doc)
        doc =
            db_int(db, "insert into search_text (kind, id) values (?1, ?2) returning doc_id", T(kind), I(id));
    db_exec(db, "insert into search_words (doc_id, title, body) values (?1, ?2, ?3)", I(doc), T(title_words),
            T(text_words));
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

/* Ranking looks at every match, so it is for searches that say something: a title word weighs ten times one
 * of the text, as bm25 and ts_rank weigh them. Where more match than MOST_RANKED ("nguyen"), the newest come
 * first, those that match by their title before the others; the cost is then that of a few rows. */
enum { MOST_RANKED = 5000 };

typedef struct Statements {
    const char *probe, *ranked, *by_title, *newest; /* ?1 the query, ?2 the limit */
} Statements;

static const Statements sqlite_sql = {
    "select count(*) from (select rowid from search_index where search_index match ?1 limit ?2)",
    "select s.id from search_index x join search_text s on s.doc_id = x.rowid where search_index match ?1"
    " order by bm25(search_index, 10.0, 1.0), s.id desc limit ?2",
    "select s.id from (select rowid as doc_id from search_index where search_index match '{title} : (' || ?1 "
    "|| ')'"
    " order by rowid desc limit ?2) x join search_text s on s.doc_id = x.doc_id order by x.doc_id desc",
    "select s.id from (select rowid as doc_id from search_index where search_index match ?1 order by rowid "
    "desc limit ?2) x"
    " join search_text s on s.doc_id = x.doc_id order by x.doc_id desc",
};
static const Statements postgres_sql = {
    "select count(*) from (select 1 from search_text where doc @@ cast(?1 as tsquery) limit ?2) m",
    "select id from search_text, cast(?1 as tsquery) q where doc @@ q order by ts_rank('{0, 0, 0.1, 1}', "
    "doc, q) desc, id desc"
    " limit ?2",
    "select id from search_text where doc @@ cast(replace(?1, ':*', ':*A') as tsquery) order by id desc "
    "limit ?2",
    "select id from search_text where doc @@ cast(?1 as tsquery) order by id desc limit ?2",
};

typedef struct Found {
    int64_t id;
} Found;

/* Adds the rows of a statement that are not among the first `count` ids yet. */
static size_t add_rows(Db *db, const char *sql, const char *query, int64_t *ids, size_t count, size_t limit)
{
    static const Field fields[] = { FIELD(INT, Found, id), { 0 } };
    Found *found;
    size_t more = db_all(db, fields, sizeof *found, &found, sql, T(query), I((int64_t)limit));
    for (size_t i = 0; i < more && count < limit; i++) {
        size_t at = 0;
        while (at < count && ids[at] != found[i].id)
            at++;
        if (at == count)
            ids[count++] = found[i].id;
    }
    return count;
}

size_t search_find(Db *db, const char *kind, const char *typed, size_t limit, int64_t **ids)
{
    const Statements *sql = db_engine(db) == ENGINE_SQLITE ? &sqlite_sql : &postgres_sql;
    const char *query = query_of(db, kind, typed);
    *ids = alloc_array(limit ? limit : 1, sizeof **ids);
    if (!*query)
        return 0;
    if (db_int(db, sql->probe, T(query), I(MOST_RANKED + 1)) <= MOST_RANKED)
        return add_rows(db, sql->ranked, query, *ids, 0, limit);
    return add_rows(db, sql->newest, query, *ids, add_rows(db, sql->by_title, query, *ids, 0, limit), limit);
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
