/* See static_files.h. Encodings were made at build time: app.css.br and app.css.gz stand beside app.css. */
#include "platform/view/static_files.h"
#include "platform/view/view.h"
#include "platform/app/app.h"
#include "platform/app/assets.h"
#include "base/crypto.h"
#include "base/text.h"

#include <string.h>

#define DIST "web/dist/"

static const struct {
    const char *suffix, *type;
} types[] = {
    { ".css", "text/css; charset=utf-8" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".svg", "image/svg+xml" },
    { ".woff2", "font/woff2" },
    { ".json", "application/json" },
    { ".png", "image/png" },
    { ".jpg", "image/jpeg" },
    { ".webp", "image/webp" },
    { ".ico", "image/x-icon" },
    { ".txt", "text/plain; charset=utf-8" },
    { ".wasm", "application/wasm" },
    { ".html", "text/html; charset=utf-8" },
    { ".glb", "model/gltf-binary" },
    { ".webmanifest", "application/manifest+json" },
};

static const char *type_of(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (text_ends(name, types[i].suffix))
            return types[i].type;
    return NULL;
}

/* Files below a folder carry a hash in their own names, given at build time: style sheets of web/dist name
 * them. */
static bool is_hashed_here(const char *name)
{
    return !strchr(name, '/') && strrchr(name, '.');
}

/* A file of SEN_ASSETS is hashed when it is asked for. */
static const char *digest_of(const Asset *asset)
{
    if (!text_is(asset->digest, "dev"))
        return asset->digest;
    return text_copy_n(sha256_hex(asset->bytes, asset->size), 16);
}

/* "fonts/be-vietnam-pro-latin-400.woff2" → "/assets/fonts/be-vietnam-pro-latin-400-ABCD1234.woff2" */
static const char *path_below(const char *name)
{
    const char *dot = strrchr(name, '.');
    const char *stem = dot ? fmt(DIST "%.*s-", (int)(dot - name), name) : "";
    const char **found = dot ? asset_names(stem, dot) : NULL;
    return fmt("/assets/%s", found && *found ? *found + strlen(DIST) : name);
}

const char *asset_path(const char *name)
{
    if (!is_hashed_here(name))
        return path_below(name);
    const Asset *asset = asset_find(fmt(DIST "%s", name));
    const char *dot = strrchr(name, '.');
    return asset ? fmt("/assets/%.*s-%s%s", (int)(dot - name), name, digest_of(asset), dot)
                 : fmt("/assets/%s", name);
}

static Json islands_kept; /* made by asset_islands_keep(): every page has them in its head */

static Json find_islands(void)
{
    Json islands = json_list();
    for (const char **file = asset_names(DIST, ".js"); *file; file++) {
        const char *base = *file + strlen(DIST);
        if (!is_hashed_here(base) || text_is(base, "app.js"))
            continue;
        const char *name = text_copy_n(base, strlen(base) - 3), *css = fmt("%s.css", name);
        Json island = json_set_str(json_set_str(json_new(), "name", name), "js", asset_path(base));
        if (asset_find(fmt(DIST "%s", css)))
            json_set_str(island, "css", asset_path(css));
        json_add(islands, island);
    }
    return islands;
}

void asset_islands_keep(void)
{
    asset_islands_forget();
    islands_kept = json_keep(find_islands());
}

void asset_islands_forget(void)
{
    if (islands_kept)
        json_drop(islands_kept);
    islands_kept = NULL;
}

/* Without a count for each page: arena values never give theirs back. */
Json asset_islands(void)
{
    return islands_kept ? islands_kept : find_islands();
}

/* "app-<digest>.css" → the asset app.css, when that is its digest; "fonts/…" → itself. */
static const Asset *find(const char *name)
{
    const char *dot = strrchr(name, '.'), *dash = dot;
    if (!is_hashed_here(name))
        return asset_find(fmt(DIST "%s", name));
    while (dash > name && *dash != '-')
        dash--;
    const Asset *asset = dash > name ? asset_find(fmt(DIST "%.*s%s", (int)(dash - name), name, dot)) : NULL;
    return asset && text_is(digest_of(asset), text_copy_n(dash + 1, (size_t)(dot - dash - 1))) ? asset : NULL;
}

/* The neighbour in the best encoding that the client takes, or the file itself. */
static const Asset *encoded(const Asset *asset, bool gzip, bool brotli, Reply *reply)
{
    const Asset *br = asset_find(fmt("%s.br", asset->name)), *gz = asset_find(fmt("%s.gz", asset->name));
    const Asset *chosen = brotli && br ? br : gzip && gz ? gz : asset;
    if (chosen != asset)
        reply_header(reply, "Content-Encoding", chosen == br ? "br" : "gzip");
    return chosen;
}

/* Cache-Control and Vary are net's: whatever stands below /assets/ never changes under its name. */
bool view_asset(const char *name, bool gzip, bool brotli, Reply *reply)
{
    const char *type = type_of(name);
    const Asset *asset = type && !strstr(name, "..") ? find(name) : NULL;
    if (!asset)
        return false;
    *reply = (Reply){ .status = 200, .kind = REPLY_BYTES, .type = type };
    const Asset *body = encoded(asset, gzip, brotli, reply);
    reply->bytes = body->bytes;
    reply->size = body->size;
    return true;
}
