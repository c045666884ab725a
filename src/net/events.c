/* Server-sent events (WHATWG HTML §9.2): streams that hold no thread.
 *
 * A stream is a response whose bytes come from read_stream(). When its queue is empty it suspends its
 * connection; bus_publish() puts the message (made once, shared by all) into the queue of each stream of the
 * topic and resumes those that wait. A queue holds QUEUE messages; when a client is too slow for that, its
 * oldest are dropped, and it is told how many before the next one ("lost"), so that it can load the page
 * anew. A ticker sends a comment to quiet streams, which keeps proxies patient and finds clients that have
 * gone.
 *
 * A Stream is heap memory, owned by its response and by the exchange of its connection; the later one frees
 * it. Locks are taken in this order: bus, stream, libmicrohttpd's own. */
#include "base/clock.h"
#include "net/inside.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { QUEUE = 64, MAX_TOPICS = 16, BUCKETS = 1024, HEARTBEAT_US = 20 * 1000000 };

typedef struct Message {
    atomic_int owners;
    size_t size;
    char text[];
} Message;

typedef struct Subscriber {
    struct Subscriber *before, *after; /* in its bucket */
    Stream *stream;
    const char *topic;
    size_t bucket;
} Subscriber;

struct Stream {
    Bus *bus;
    Stream *before, *after;
    atomic_int owners;
    pthread_mutex_t lock; /* over all below */
    struct MHD_Connection *connection;
    Message *queue[QUEUE];
    size_t first, count;
    Message *current; /* being written, or NULL */
    const char *text; /* what is being written: of current, or `note` */
    size_t left;
    char note[96];
    int64_t lost, next_beat_us;
    bool waiting, ended, beat;
    size_t topics;
    Subscriber subscribers[];
};

struct Bus {
    pthread_mutex_t lock;
    pthread_cond_t stop;
    Subscriber *buckets[BUCKETS];
    Stream *streams;
    int64_t count;
    bool closed;
    pthread_t ticker;
    bool ticking;
};

static void drop_message(Message *message)
{
    if (message && atomic_fetch_sub(&message->owners, 1) == 1)
        heap_free(message);
}

/* ---- One stream ---- */

/* With the stream's lock held. */
static void wake(Stream *stream)
{
    if (!stream->waiting)
        return;
    stream->waiting = false;
    MHD_resume_connection(stream->connection);
}

/* Also the response's free callback. */
static void release_stream(void *cls)
{
    Stream *stream = cls;
    if (atomic_fetch_sub(&stream->owners, 1) != 1)
        return;
    while (stream->count) {
        drop_message(stream->queue[stream->first]);
        stream->first = (stream->first + 1) % QUEUE;
        stream->count--;
    }
    drop_message(stream->current);
    pthread_mutex_destroy(&stream->lock);
    heap_free(stream);
}

static void deliver(Stream *stream, Message *message)
{
    pthread_mutex_lock(&stream->lock);
    if (!stream->ended) {
        if (stream->count == QUEUE) {
            drop_message(stream->queue[stream->first]);
            stream->first = (stream->first + 1) % QUEUE;
            stream->count--;
            stream->lost++;
        }
        atomic_fetch_add(&message->owners, 1);
        stream->queue[(stream->first + stream->count++) % QUEUE] = message;
        wake(stream);
    }
    pthread_mutex_unlock(&stream->lock);
}

static void write_note(Stream *stream, const char *note)
{
    snprintf(stream->note, sizeof stream->note, "%s", note);
    stream->text = stream->note;
    stream->left = strlen(stream->note);
}

/* What comes next to be written; false when there is nothing. */
static bool next_text(Stream *stream)
{
    drop_message(stream->current);
    stream->current = NULL;
    if (stream->lost) {
        char note[96];
        snprintf(note, sizeof note, "event: lost\ndata: {\"count\":%lld}\n\n", (long long)stream->lost);
        stream->lost = 0;
        write_note(stream, note);
    } else if (stream->count) {
        stream->current = stream->queue[stream->first];
        stream->first = (stream->first + 1) % QUEUE;
        stream->count--;
        stream->text = stream->current->text;
        stream->left = stream->current->size;
    } else if (stream->beat) {
        write_note(stream, ":\n\n");
    } else {
        return false;
    }
    stream->beat = false;
    stream->next_beat_us = monotonic_us() + HEARTBEAT_US;
    return true;
}

/* libmicrohttpd asks for the next bytes of the response. */
static ssize_t read_stream(void *cls, uint64_t position, char *out, size_t room)
{
    Stream *stream = cls;
    size_t size = 0;
    (void)position;
    pthread_mutex_lock(&stream->lock);
    while (size < room && (stream->left || next_text(stream))) {
        size_t n = stream->left < room - size ? stream->left : room - size;
        memcpy(out + size, stream->text, n);
        stream->text += n;
        stream->left -= n;
        size += n;
    }
    ssize_t result = (ssize_t)size;
    if (!size && stream->ended) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (!size) {
        stream->waiting = true;
        MHD_suspend_connection(stream->connection);
    }
    pthread_mutex_unlock(&stream->lock);
    return result;
}

/* ---- The bus ---- */

static size_t bucket_of(const char *topic)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (; *topic; topic++)
        h = (h ^ (unsigned char)*topic) * 16777619u;
    return h % BUCKETS;
}

static void enter(Bus *bus, Stream *stream)
{
    pthread_mutex_lock(&bus->lock);
    stream->after = bus->streams;
    if (stream->after)
        stream->after->before = stream;
    bus->streams = stream;
    bus->count++;
    stream->ended = bus->closed;
    for (size_t i = 0; i < stream->topics; i++) {
        Subscriber *subscriber = &stream->subscribers[i], **bucket = &bus->buckets[subscriber->bucket];
        subscriber->after = *bucket;
        if (*bucket)
            (*bucket)->before = subscriber;
        *bucket = subscriber;
    }
    pthread_mutex_unlock(&bus->lock);
}

static void leave(Stream *stream)
{
    Bus *bus = stream->bus;
    pthread_mutex_lock(&bus->lock);
    for (size_t i = 0; i < stream->topics; i++) {
        Subscriber *subscriber = &stream->subscribers[i];
        if (subscriber->before)
            subscriber->before->after = subscriber->after;
        else
            bus->buckets[subscriber->bucket] = subscriber->after;
        if (subscriber->after)
            subscriber->after->before = subscriber->before;
    }
    if (stream->before)
        stream->before->after = stream->after;
    else
        bus->streams = stream->after;
    if (stream->after)
        stream->after->before = stream->before;
    bus->count--;
    pthread_mutex_unlock(&bus->lock);
}

Stream *stream_open(Bus *bus, struct MHD_Connection *connection, const char *const *topics)
{
    size_t count = 0, bytes = 0;
    for (; topics && topics[count] && count < MAX_TOPICS; count++)
        bytes += strlen(topics[count]) + 1;
    Stream *stream = heap_alloc(sizeof *stream + count * sizeof(Subscriber) + bytes);
    char *name = (char *)&stream->subscribers[count];
    stream->bus = bus;
    stream->connection = connection;
    stream->topics = count;
    stream->next_beat_us = monotonic_us() + HEARTBEAT_US;
    atomic_init(&stream->owners, 1);
    pthread_mutex_init(&stream->lock, NULL);
    write_note(stream, "retry: 3000\n\n");
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(topics[i]) + 1;
        stream->subscribers[i] = (Subscriber){ .stream = stream,
                                               .topic = memcpy(name, topics[i], n),
                                               .bucket = bucket_of(topics[i]) };
        name += n;
    }
    enter(bus, stream);
    return stream;
}

struct MHD_Response *stream_response(Stream *stream)
{
    atomic_fetch_add(&stream->owners, 1);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream, stream, release_stream);
    if (!response)
        release_stream(stream);
    return response;
}

void stream_gone(Stream *stream)
{
    leave(stream);
    pthread_mutex_lock(&stream->lock);
    stream->ended = true;
    stream->waiting = false;
    pthread_mutex_unlock(&stream->lock);
    release_stream(stream);
}

/* The text of an event; `data` may have several lines. */
static Message *message_new(const char *event, const char *data)
{
    size_t lines = 1;
    for (const char *c = data; *c; c++)
        lines += *c == '\n';
    size_t room = strlen(event) + strlen(data) + 7 * lines + 16;
    Message *message = heap_alloc(sizeof *message + room);
    atomic_init(&message->owners, 1);
    size_t n = (size_t)snprintf(message->text, room, "event: %s\n", event);
    for (const char *line = data;; line++) {
        size_t size = strcspn(line, "\n");
        n += (size_t)snprintf(message->text + n, room - n, "data: %.*s\n", (int)size, line);
        line += size;
        if (!*line)
            break;
    }
    message->text[n++] = '\n';
    message->size = n;
    return message;
}

void bus_publish(Bus *bus, const char *topic, const char *event, const char *data)
{
    Message *message = message_new(event, data);
    pthread_mutex_lock(&bus->lock);
    for (Subscriber *s = bus->buckets[bucket_of(topic)]; s; s = s->after)
        if (text_is(s->topic, topic))
            deliver(s->stream, message);
    pthread_mutex_unlock(&bus->lock);
    drop_message(message);
}

int64_t bus_streams(Bus *bus)
{
    pthread_mutex_lock(&bus->lock);
    int64_t count = bus->count;
    pthread_mutex_unlock(&bus->lock);
    return count;
}

/* ---- Heartbeats ---- */

static void beat_all(Bus *bus, int64_t now_us)
{
    for (Stream *stream = bus->streams; stream; stream = stream->after) {
        pthread_mutex_lock(&stream->lock);
        if (stream->waiting && now_us >= stream->next_beat_us) {
            stream->beat = true;
            wake(stream);
        }
        pthread_mutex_unlock(&stream->lock);
    }
}

static void *tick(void *cls)
{
    Bus *bus = cls;
    pthread_mutex_lock(&bus->lock);
    while (!bus->closed) {
        int64_t until = monotonic_us() + 1000000;
        struct timespec at = { until / 1000000, until % 1000000 * 1000 };
        pthread_cond_clockwait(&bus->stop, &bus->lock, CLOCK_MONOTONIC, &at);
        beat_all(bus, monotonic_us());
    }
    pthread_mutex_unlock(&bus->lock);
    return NULL;
}

Bus *bus_new(void)
{
    Bus *bus = heap_alloc(sizeof *bus);
    pthread_mutex_init(&bus->lock, NULL);
    pthread_cond_init(&bus->stop, NULL);
    bus->ticking = pthread_create(&bus->ticker, NULL, tick, bus) == 0;
    return bus;
}

void bus_close(Bus *bus)
{
    pthread_mutex_lock(&bus->lock);
    bus->closed = true;
    pthread_cond_broadcast(&bus->stop);
    for (Stream *stream = bus->streams; stream; stream = stream->after) {
        pthread_mutex_lock(&stream->lock);
        stream->ended = true;
        wake(stream);
        pthread_mutex_unlock(&stream->lock);
    }
    pthread_mutex_unlock(&bus->lock);
    if (bus->ticking)
        pthread_join(bus->ticker, NULL);
    bus->ticking = false;
}

void bus_free(Bus *bus)
{
    if (!bus)
        return;
    bus_close(bus);
    pthread_mutex_destroy(&bus->lock);
    pthread_cond_destroy(&bus->stop);
    heap_free(bus);
}
