/* Looking into files just far enough to refuse what nobody could read (an encrypted PDF) or should open (a
 * macro). All offsets come from outside and are checked against the size before use. */
#include "platform/files/inside.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- PDF (ISO 32000-1, 7.5.5 and 7.5.8) ---- */

static const char *last_of(const char *at, size_t size, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = size >= n ? size - n + 1 : 0; i-- > 0;)
        if (memcmp(at + i, word, n) == 0)
            return at + i;
    return NULL;
}

static bool space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == '\0';
}

/* The number after "startxref": where the newest cross-reference section stands; `size` when it cannot be
 * read. */
static size_t newest_xref(const char *at, size_t size)
{
    const char *word = last_of(at, size, "startxref"), *end = at + size;
    size_t offset = 0, digits = 0;
    if (!word)
        return size;
    for (word += strlen("startxref"); word < end && space(*word);)
        word++;
    for (; word < end && *word >= '0' && *word <= '9' && digits < 15; word++, digits++)
        offset = offset * 10 + (size_t)(*word - '0');
    return digits && offset < size ? offset : size;
}

/* Is there a name /Encrypt, and not one that only begins so (/EncryptMetadata)? */
static bool names_encrypt(const char *at, size_t size)
{
    static const char name[] = "/Encrypt";
    size_t n = sizeof name - 1;
    for (const char *found; (found = memmem(at, size, name, n));) {
        size_t after = (size_t)(found - at) + n;
        if (after < size && (space(at[after]) || at[after] == '<'))
            return true;
        at += after;
        size -= after;
    }
    return false;
}

static size_t until(const char *at, size_t size, const char *word)
{
    const char *found = memmem(at, size, word, strlen(word));
    return found ? (size_t)(found - at) : size;
}

/* The dictionary is that of "trailer" after a table, or of the cross-reference stream itself, which ends at
 * "stream". When the pointer to it is broken, readers rebuild the file from its trailers, so all of them
 * count. */
bool pdf_encrypted(const char *at, size_t size)
{
    size_t xref = newest_xref(at, size);
    const char *section = at + xref;
    size_t left = size - xref;
    while (left && space(*section))
        section++, left--;
    if (left >= 4 && memcmp(section, "xref", 4) == 0) {
        size_t skip = until(section, left, "trailer");
        return names_encrypt(section + skip, until(section + skip, left - skip, "startxref"));
    }
    if (left && *section >= '0' && *section <= '9')
        return names_encrypt(section, until(section, left, "stream"));
    for (size_t skip; (skip = until(at, size, "trailer")) < size; at += skip + 7, size -= skip + 7)
        if (names_encrypt(at + skip, until(at + skip, size - skip, "startxref")))
            return true;
    return false;
}

/* ---- ZIP (APPNOTE 6.3.10, 4.3.12 and 4.3.16) ---- */

enum { END_SIZE = 22, END_MOST_COMMENT = 65535, ENTRY_SIZE = 46 };

static unsigned u16(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;
    return b[0] | (unsigned)b[1] << 8;
}

static size_t u32(const char *at)
{
    return u16(at) | (size_t)u16(at + 2) << 16;
}

static const char *end_of_directory(const char *at, size_t size)
{
    size_t least = size > END_SIZE + END_MOST_COMMENT ? size - END_SIZE - END_MOST_COMMENT : 0;
    if (size < END_SIZE)
        return NULL;
    for (size_t i = size - END_SIZE + 1; i-- > least;)
        if (memcmp(at + i, "PK\5\6", 4) == 0)
            return at + i;
    return NULL;
}

/* The larger directories of ZIP64 count as malformed: no letter to an office has 65,535 parts. */
bool zip_names(const char *at, size_t size, bool (*each)(Slice name, void *argument), void *argument)
{
    const char *end = end_of_directory(at, size);
    if (!end)
        return false;
    size_t count = u16(end + 10), offset = u32(end + 16), limit = (size_t)(end - at);
    for (size_t i = 0; i < count; i++) {
        if (offset > limit || limit - offset < ENTRY_SIZE || memcmp(at + offset, "PK\1\2", 4) != 0)
            return false;
        size_t name = u16(at + offset + 28), rest = (size_t)u16(at + offset + 30) + u16(at + offset + 32);
        if (limit - offset - ENTRY_SIZE < name + rest)
            return false;
        if (!each((Slice){ at + offset + ENTRY_SIZE, name }, argument))
            return true;
        offset += ENTRY_SIZE + name + rest;
    }
    return true;
}

/* Office Open XML keeps macros in vbaProject.bin, OpenDocument in the folders Basic/ and Scripts/. */
static bool no_macro(Slice name, void *argument)
{
    static const char vba[] = "vbaProject.bin";
    size_t n = sizeof vba - 1;
    bool macro = (name.size >= n && strncasecmp(name.at + name.size - n, vba, n) == 0) ||
                 (name.size > 6 && strncasecmp(name.at, "Basic/", 6) == 0) ||
                 (name.size > 8 && strncasecmp(name.at, "Scripts/", 8) == 0);
    *(bool *)argument |= macro;
    return !macro;
}

bool office_macro(const char *at, size_t size)
{
    bool macro = false;
    return !zip_names(at, size, no_macro, &macro) || macro;
}
