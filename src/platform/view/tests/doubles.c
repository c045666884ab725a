/* Stands in for the rooms around view until they are there: only what this room calls of them. */
#include "base/arena.h"
#include "base/map.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/app/assets.h"
#include "platform/identity/identity.h"

#include <string.h>

const Asset *asset_find(const char *name)
{
    for (size_t i = 0; i < asset_count; i++)
        if (text_is(assets[i].name, name))
            return &assets[i];
    return NULL;
}

const char *asset_text(const char *name, size_t *size)
{
    const Asset *a = asset_find(name);
    if (a && size)
        *size = a->size;
    return a ? (const char *)a->bytes : NULL;
}

const char **asset_names(const char *prefix, const char *suffix)
{
    const char **names = alloc_array(asset_count + 1, sizeof *names);
    size_t n = 0;
    for (size_t i = 0; i < asset_count; i++)
        if (text_starts(assets[i].name, prefix) && text_ends(assets[i].name, suffix))
            names[n++] = assets[i].name;
    return names;
}

const Settings *settings(void)
{
    static const Settings s = { .demo = true };
    return &s;
}

static const Solution *const *all;

void solutions_use(const Solution *const *list)
{
    all = list;
}

const Solution *const *solutions(void)
{
    return all;
}

bool can(const Actor *actor, const char *permission)
{
    return actor && text_is(permission, "procedures.read");
}

void reply_header(Reply *reply, const char *name, const char *value)
{
    ReplyHeader *h = alloc(sizeof *h);
    *h = (ReplyHeader){ reply->headers, text_copy(name), text_copy(value) };
    reply->headers = h;
}

void reply_etag(Reply *reply, const char *etag)
{
    reply_header(reply, "ETag", etag);
}

void reply_cookie(Reply *reply, const Request *rq, const char *name, const char *value, int64_t max_age_s, bool readable)
{
    (void)rq, (void)readable;
    reply_header(reply, "Set-Cookie", fmt("%s=%s; Max-Age=%lld", name, value, (long long)max_age_s));
}

const char *cookie(Request *rq, const char *name)
{
    (void)name;
    return rq->work;
}
