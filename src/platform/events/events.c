/* The outbox (architecture: "Events: an outbox table written in the same transaction as the change").
 *
 *   events_publish()  in the transaction of the change: one row in `event`, one in `event_pending` for every
 * subscriber whose topic matches; after the commit  the dispatcher (dispatcher.c) is woken, and gives each
 * pending event to its subscriber in a transaction of its own that also deletes the pending row: what a
 * subscriber does in the store happens exactly once, whatever crashes when.
 *
 * events_tell() is the light way, for browsers: nothing is stored, the message leaves when the commit is
 * durable and is lost with the process. Messages of transactions that are undone must vanish without anybody
 * telling us so; they wait in a ring of fixed size whose oldest message gives way to the newest, so that none
 * can pile up. */
#include "platform/events/events.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "net/server.h"
#include "platform/app/app.h"
#include "platform/events/dispatcher.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* "a.b.c" matches itself, "a.b.*" all below it. */
static bool topic_matches(const char *pattern, const char *topic)
{
    size_t n = strlen(pattern);
    if (n >= 2 && text_ends(pattern, ".*"))
        return strncmp(pattern, topic, n - 1) == 0;
    return text_is(pattern, topic);
}

const Subscription *events_subscription(const char *name)
{
    for (const Solution *const *solution = solutions(); solution && *solution; solution++)
        for (const Subscription *s = (*solution)->subscribes; s && s->topic; s++)
            if (text_is(s->name, name))
                return s;
    return NULL;
}

static void add_pending(Db *db, const Subscription *subscription, int64_t event_id, int64_t order_id,
                        int64_t now)
{
    db_exec(
        db,
        "insert into event_pending (id, subscriber, event_id, order_id, next_at) values (?1, ?2, ?3, ?4, ?5)",
        I(id_new()), T(subscription->name), I(event_id), I(order_id), I(now));
}

void events_publish(Db *db, const char *topic, int64_t subject_id, int64_t org_id, Json data)
{
    int64_t id = id_new(), now = now_ms();
    bool wanted = false;
    db_exec(db, "insert into event (id, topic, subject_id, org_id, at, data) values (?1, ?2, ?3, ?4, ?5, ?6)",
            I(id), T(topic), ID(subject_id), ID(org_id), I(now), J(data ? data : json_new()));
    for (const Solution *const *solution = solutions(); solution && *solution; solution++)
        for (const Subscription *s = (*solution)->subscribes; s && s->topic; s++)
            if (topic_matches(s->topic, topic)) {
                add_pending(db, s, id, subject_id ? subject_id : id, now);
                wanted = true;
            }
    if (wanted)
        db_after_commit(db, events_wake, NULL);
}

/* ---- Telling browsers ---- */

enum { RING_SIZE = 4096 };

typedef struct Message {
    int64_t number; /* 0: the place is empty */
    char *topic, *event, *data;
} Message;

static Message ring[RING_SIZE]; /* heap texts, owned by the ring until sent or overtaken */
static int64_t last_number;
static pthread_mutex_t ring_lock = PTHREAD_MUTEX_INITIALIZER;

static void message_free(Message *message)
{
    heap_free(message->topic);
    heap_free(message->event);
    heap_free(message->data);
    *message = (Message){ 0 };
}

static int64_t ring_put(Message message)
{
    pthread_mutex_lock(&ring_lock);
    message.number = ++last_number;
    Message *place = &ring[message.number % RING_SIZE];
    message_free(place);
    *place = message;
    pthread_mutex_unlock(&ring_lock);
    return message.number;
}

static Message ring_take(int64_t number)
{
    Message message = { 0 };
    pthread_mutex_lock(&ring_lock);
    Message *place = &ring[number % RING_SIZE];
    if (place->number == number) {
        message = *place;
        *place = (Message){ 0 };
    }
    pthread_mutex_unlock(&ring_lock);
    return message;
}

/* On a store thread, after the commit. */
static void send_told(void *argument)
{
    Message message = ring_take((int64_t)(intptr_t)argument);
    Server *server = app_server();
    if (message.number && server)
        server_publish(server, message.topic, message.event, message.data);
    message_free(&message);
}

void events_tell(Db *db, const char *topic, const char *event, Json data)
{
    const char *text = data ? json_text(data) : "{}";
    int64_t number =
        ring_put((Message){ .topic = heap_dup(topic), .event = heap_dup(event), .data = heap_dup(text) });
    db_after_commit(db, send_told, (void *)(intptr_t)number);
}

void events_forget_told(void)
{
    for (int i = 0; i < RING_SIZE; i++)
        message_free(&ring[i]);
}
