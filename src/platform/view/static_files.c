/* See static_files.h. Encodings were made at build time: app.css.br and app.css.gz stand beside app.css. */
#include "platform/view/static_files.h"
#include "platform/view/view.h"
#include "platform/app/app.h"
#include "platform/app/assets.h"
#include "base/text.h"

#include <string.h>

#define DIST "web/dist/"

static const struct {
    const char *suffix, *type;
} types[] = {
    { ".css", "text/css; charset=utf-8" },  { ".js", "text/javascript; charset=utf-8" },
    { ".svg", "image/svg+xml" },            { ".woff2", "font/woff2" },
    { ".json", "application/json" },        { ".png", "image/png" },
    { ".jpg", "image/jpeg" },               { ".webp", "image/webp" },
    { ".ico", "image/x-icon" },             { ".txt", "text/plain; charset=utf-8" },
    { ".wasm", "application/wasm" },        { ".html", "text/html; charset=utf-8" },
    { ".glb", "model/gltf-binary" },        { ".webmanifest", "application/manifest+json" },
};

static const char *type_of(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (text_ends(name, types[i].suffix))
            return types[i].type;
    return NULL;
}

/* Files below a folder keep their plain names: other files of web/dist name them. */
static bool is_hashed(const char *name)
{
    return !strchr(name, '/') && strrchr(name, '.');
}

const char *asset_path(const char *name)
{
    const Asset *asset = is_hashed(name) ? asset_find(fmt(DIST "%s", name)) : NULL;
    const char *dot = strrchr(name, '.');
    if (!asset)
        return fmt("/assets/%s", name);
    return fmt("/assets/%.*s-%s%s", (int)(dot - name), name, asset->digest, dot);
}

Json asset_islands(void)
{
    Json islands = json_list();
    for (const char **file = asset_names(DIST, ".js"); *file; file++) {
        const char *base = *file + strlen(DIST);
        if (!is_hashed(base) || text_is(base, "app.js"))
            continue;
        const char *name = text_copy_n(base, strlen(base) - 3), *css = fmt("%s.css", name);
        Json island = json_set_str(json_set_str(json_new(), "name", name), "js", asset_path(base));
        if (asset_find(fmt(DIST "%s", css)))
            json_set_str(island, "css", asset_path(css));
        json_add(islands, island);
    }
    return islands;
}

/* "app-<digest>.css" → the asset app.css, when that is its digest. */
static const Asset *find_hashed(const char *name)
{
    const char *dot = strrchr(name, '.'), *dash = dot;
    while (dash && dash > name && *dash != '-')
        dash--;
    if (!is_hashed(name) || dash == name)
        return NULL;
    const Asset *asset = asset_find(fmt(DIST "%.*s%s", (int)(dash - name), name, dot));
    return asset && text_is(asset->digest, text_copy_n(dash + 1, (size_t)(dot - dash - 1))) ? asset : NULL;
}

/* The neighbour in the best encoding that the client takes, or the file itself. */
static const Asset *encoded(const Asset *asset, bool gzip, bool brotli, Reply *reply)
{
    const Asset *br = asset_find(fmt("%s.br", asset->name)), *gz = asset_find(fmt("%s.gz", asset->name));
    const Asset *chosen = brotli && br ? br : gzip && gz ? gz : asset;
    if (chosen != asset)
        reply_header(reply, "Content-Encoding", chosen == br ? "br" : "gzip");
    if (br || gz)
        reply_header(reply, "Vary", "Accept-Encoding");
    return chosen;
}

bool view_asset(const char *name, bool gzip, bool brotli, Reply *reply)
{
    const Asset *asset = find_hashed(name);
    bool for_ever = asset && !text_is(asset->digest, "dev");
    if (!asset)
        asset = asset_find(fmt(DIST "%s", name));
    const char *type = type_of(name);
    if (!asset || !type || strstr(name, ".."))
        return false;
    *reply = (Reply){ .status = 200, .kind = REPLY_BYTES, .type = type };
    reply_header(reply, "Cache-Control", for_ever ? "public, max-age=31536000, immutable" : "public, max-age=86400");
    reply_etag(reply, asset->digest);
    const Asset *body = encoded(asset, gzip, brotli, reply);
    reply->bytes = body->bytes;
    reply->size = body->size;
    return true;
}
