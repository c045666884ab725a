/* The chain itself, for audit's own files and its tests. A row is a Json with the columns of table audit as
 * members. */
#ifndef SEN_PLATFORM_AUDIT_CHAIN_H
#define SEN_PLATFORM_AUDIT_CHAIN_H

#include "base/json.h"
#include "store/store.h"

enum { AUDIT_STREAMS = 16 };

/* What stands before the first row of a stream: 64 zeros. */
extern const char audit_genesis[65];

/* The hash of a row: SHA-256 over the canonical JSON of all its columns but the hash itself (null ones left
 * out). */
char *audit_hash(Json row);
/* 1..16 by the actor's digest. */
int audit_stream(const char *actor);
/* Gives the row its place at the end of its stream and inserts it. Needs actor, action, object, result, at;
 * sets the rest. */
void audit_append(Db *db, Json row);
/* Details as they may be kept: secrets struck out, personal numbers masked, fractions as text (PostgreSQL
 * would rewrite them). */
Json audit_scrub(Json details);
/* The Merkle root over the heads, as hex: what an anchor fixes for a day. `heads`: rows of audit_head in the
 * order of streams. */
char *audit_root(Json heads);

#endif
