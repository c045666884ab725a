/* How a row gets its place in the chain.
 *
 * There are sixteen chains ("streams"), so that writers on PostgreSQL seldom wait for each other; an actor's
 * rows all stand in one, so what one person did is one unbroken line. A row is sealed by
 *
 *     hash = SHA-256(canonical JSON of all its columns but hash, prev included)         prev = hash of the
 * row before, or 64 zeros
 *
 * The head of a stream (its last seq and hash) is updated in the same transaction. That update comes first:
 * on PostgreSQL it locks the head, so two writers of one stream stand in line instead of both building on the
 * same predecessor; on SQLite there is one writer anyway.
 *
 * The columns and their names in the sealed JSON are the table below: a column that is not in it would not be
 * sealed, so a new column starts here. Keys are written as decimal strings, because JSON numbers end at 2^53.
 */
#include "platform/audit/chain.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

const char audit_genesis[65] = "0000000000000000000000000000000000000000000000000000000000000000";

typedef enum SealedKind { SEAL_AS_IS, SEAL_KEY, SEAL_TIME } SealedKind;

/* In the order of the members' names, which is the order of canonical JSON. */
static const struct Sealed {
    const char *column, *member;
    SealedKind kind;
} sealed[] = {
    { "action", "action", SEAL_AS_IS }, { "actor", "actor", SEAL_AS_IS },
    { "case_id", "case", SEAL_KEY },    { "details", "details", SEAL_AS_IS },
    { "id", "id", SEAL_KEY },           { "ip_prefix", "ip_prefix", SEAL_AS_IS },
    { "object", "object", SEAL_AS_IS }, { "on_behalf_of", "on_behalf_of", SEAL_AS_IS },
    { "org_id", "org", SEAL_KEY },      { "prev", "prev", SEAL_AS_IS },
    { "prev_id", "prev_id", SEAL_KEY }, { "result", "result", SEAL_AS_IS },
    { "seq", "seq", SEAL_AS_IS },       { "session_id", "session", SEAL_KEY },
    { "stream", "stream", SEAL_AS_IS }, { "trace_id", "trace_id", SEAL_AS_IS },
    { "at", "ts", SEAL_TIME },
};

/* Most texts need no escaping and are written as they are: verifying a chain of millions of rows spends its
 * time here. */
static void write_text(Buf *out, Json value)
{
    const char *text = json_string_value(value);
    size_t size = json_string_length(value);
    bool plain = true;
    for (size_t i = 0; i < size && plain; i++)
        plain = (unsigned char)text[i] >= ' ' && (unsigned char)text[i] < 0x7f && text[i] != '"' &&
                text[i] != '\\';
    if (plain)
        buf_fmt(out, "\"%s\"", text);
    else if (utf8_valid(text, size))
        buf_text(out, json_canonical(value));
    else
        buf_fmt(out, "\"bytes %s\"", hex_encode(text, size));
}

/* A value of another type than the column's (SQLite would keep it) is sealed as it stands, so it never passes
 * for the right one. */
static void write_value(Buf *out, Json value, SealedKind kind)
{
    bool whole = json_is_integer(value);
    if (whole && kind == SEAL_KEY)
        buf_fmt(out, "\"%lld\"", (long long)json_integer_value(value));
    else if (whole && kind == SEAL_TIME)
        buf_fmt(out, "\"%s\"", time_iso(json_integer_value(value)));
    else if (whole)
        buf_fmt(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_string(value))
        write_text(out, value);
    else
        buf_text(out, json_canonical(value));
}

char *audit_hash(Json row)
{
    Buf entry = { 0 };
    for (size_t i = 0; i < sizeof sealed / sizeof *sealed; i++) {
        Json value = json_object_get(row, sealed[i].column);
        if (!value || json_is_null(value))
            continue;
        buf_fmt(&entry, "%c\"%s\":", entry.size ? ',' : '{', sealed[i].member);
        write_value(&entry, value, sealed[i].kind);
    }
    buf_char(&entry, '}');
    return sha256_hex(entry.at, entry.size);
}

int audit_stream(const char *actor)
{
    unsigned char digest[SHA256_SIZE];
    sha256(actor, strlen(actor), digest);
    return 1 + digest[0] % AUDIT_STREAMS;
}

/* Reserves the next place of the stream. */
static void take_place(Db *db, Json row, int stream)
{
    Json head = db_row(
        db, "update audit_head set seq = seq + 1 where stream = ?1 returning seq, row_id, hash", I(stream));
    if (!head)
        raise_fault(FAULT_STORE, "audit.head", "the head of audit stream %d is missing; sen verify says more",
                    stream);
    json_set_int(row, "stream", stream);
    json_set_int(row, "seq", json_int(head, "seq"));
    json_set_str(row, "prev", json_str(head, "hash"));
    if (json_has(head, "row_id"))
        json_set_id(row, "prev_id", json_id(head, "row_id"));
}

static Value text_of(Json row, const char *column)
{
    return json_has(row, column) ? T(json_str(row, column)) : N();
}

void audit_append(Db *db, Json row)
{
    int stream = audit_stream(json_str(row, "actor"));
    take_place(db, row, stream);
    int64_t id = id_new();
    json_set_id(row, "id", id);
    const char *hash = audit_hash(row);
    db_exec(db,
            "insert into audit (id, stream, seq, at, actor, on_behalf_of, org_id, session_id, action, "
            "object, case_id, result, ip_prefix, "
            "trace_id, details, prev_id, prev, hash) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
            "?12, ?13, ?14, ?15, ?16, ?17, ?18)",
            I(id), I(stream), I(json_int(row, "seq")), I(json_int(row, "at")), text_of(row, "actor"),
            text_of(row, "on_behalf_of"), ID(json_id(row, "org_id")), ID(json_id(row, "session_id")),
            text_of(row, "action"), text_of(row, "object"), ID(json_id(row, "case_id")),
            text_of(row, "result"), text_of(row, "ip_prefix"), text_of(row, "trace_id"),
            json_has(row, "details") ? J(json_at(row, "details")) : N(), ID(json_id(row, "prev_id")),
            text_of(row, "prev"), T(hash));
    db_exec(db, "update audit_head set row_id = ?2, hash = ?3 where stream = ?1", I(stream), I(id), T(hash));
}

/* ---- What may be kept ---- */

static bool is_secret(const char *name)
{
    static const char *const words[] = { "password", "token", "secret", "cookie", "authorization", "otp" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(name, words[i]))
            return true;
    return false;
}

static size_t digits_at(const char *text)
{
    size_t n = 0;
    while (isdigit((unsigned char)text[n]))
        n++;
    return n;
}

/* Runs of exactly 12 digits are personal numbers until somebody proves otherwise. */
static const char *mask_numbers(const char *text)
{
    Buf out = { 0 };
    while (*text) {
        size_t n = digits_at(text);
        if (n == 12)
            buf_text(&out, text_mask(text_copy_n(text, n)));
        else
            buf_add(&out, text, n ? n : 1);
        text += n ? n : 1;
    }
    return buf_end(&out);
}

static Json scrub_object(Json object)
{
    Json out = json_new();
    const char *name;
    Json value;
    json_object_foreach (object, name, value) {
        if (is_secret(name))
            json_set_str(out, name, "***");
        else if (!json_is_null(value))
            json_set(out, name, audit_scrub(value));
    }
    return out;
}

static Json scrub_array(Json array)
{
    Json out = json_list();
    json_each (array, i, item)
        json_add(out, audit_scrub(item));
    return out;
}

Json audit_scrub(Json details)
{
    if (json_is_object(details))
        return scrub_object(details);
    if (json_is_array(details))
        return scrub_array(details);
    if (json_is_string(details))
        return json_string(mask_numbers(json_string_value(details)));
    if (json_is_real(details))
        return json_string(fmt("%.15g", json_real_value(details)));
    return details ? json_deep_copy(details) : NULL;
}

/* ---- Anchors ---- */

char *audit_root(Json heads)
{
    size_t count = json_array_size(heads);
    if (!count)
        return text_copy(audit_genesis);
    char **level = alloc_array(count, sizeof *level);
    json_each (heads, i, head) {
        const char *leaf = fmt("%lld|%lld|%s", (long long)json_int(head, "stream"),
                               (long long)json_int(head, "seq"), json_str(head, "hash"));
        level[i] = sha256_hex(leaf, strlen(leaf));
    }
    for (; count > 1; count = (count + 1) / 2)
        for (size_t i = 0; i < count; i += 2) {
            const char *pair = i + 1 < count ? fmt("%s%s", level[i], level[i + 1]) : level[i];
            level[i / 2] = i + 1 < count ? sha256_hex(pair, strlen(pair)) : level[i];
        }
    return level[0];
}
