/* GET /stream?topics=dossiers,me: server-sent events for pages that are open. A topic is heard only by who
 * holds its permission (Solution.topics); "me" is the listener's own account. Topics that are not theirs are
 * left out without a word: a page keeps working when a right has gone. */
#include "platform/app/stream.h"
#include "platform/identity/identity.h"
#include "platform/solution.h"
#include "base/map.h"
#include "base/text.h"

enum { MOST_TOPICS = 16 };

static bool may_hear(const Actor *actor, const char *name)
{
    for (const Solution *const *solution = solutions(); *solution; solution++)
        for (const Topic *topic = (*solution)->topics; topic && topic->name; topic++)
            if (text_is(topic->name, name))
                return text_is(topic->permission, "public") ||
                       (actor->kind != ACTOR_STRANGER &&
                        (text_is(topic->permission, "signed-in") || can(actor, topic->permission)));
    return false;
}

const Param stream_params[] = { { "topics", PARAM_TEXT, .required = true, .max = 500 }, { 0 } };

Reply stream(Request *rq)
{
    Vec topics = { 0 };
    for (char **name = text_split(in_str(rq, "topics"), ',', NULL); *name && topics.count < MOST_TOPICS;
         name++) {
        if (text_is(*name, "me") && rq->actor->account_id)
            vec_add(&topics, fmt("account:%lld", (long long)rq->actor->account_id));
        else if (may_hear(rq->actor, *name))
            vec_add(&topics, *name);
    }
    if (!topics.count)
        return forbidden(rq, "http.forbidden");
    vec_add(&topics, NULL);
    return events_reply(rq, (const char **)topics.items);
}
