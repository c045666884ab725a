/* A year of dossiers for a province: 60,000 (setting demo-dossiers), made up from a fixed seed, with the
 * shares of spec 03 §10 and the real procedures, bodies, holidays and time limits. Each has its whole chain
 * of events, sealed as a real one, and its due date is what its clock gives; documents it has none (those are
 * made for the open ones only), and instead of an audit row for each event there is one for each batch. */
#include "solutions/procedures/demo.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/map.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/audit/audit.h"
#include "platform/identity/demo_names.h"
#include "solutions/procedures/bulk.h"
#include "solutions/procedures/codes.h"
#include "solutions/procedures/filing.h"

#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 6000,
    PEOPLE = 4000,
    YEAR_DAYS = 365,
    LATE_PER_MILLE = 35,
    SUPPLEMENT_PER_MILLE = 80,
    WITHDRAWN_PER_MILLE = 20,
    ONLINE_PER_MILLE = 720,
    POST_PER_MILLE = 30,
    PAID_ONLINE_PER_MILLE = 740,
};

/* The mix of spec 03 §10, per mille: certified copies 38%, civil status 22%, residence 14%, land 12%,
 * business 5%, social 5%, other 4%. */
static const struct {
    const char *code;
    int share;
} mix[] = {
    { "2.000815", 310 }, { "2.000884", 50 }, { "2.000908", 20 }, /* chứng thực */
    { "1.001193", 70 },  { "1.004873", 60 }, { "1.000656", 30 }, { "1.000894", 30 },
    { "2.000635", 30 },                                                              /* hộ tịch */
    { "1.004222", 60 },  { "1.004194", 40 }, { "1.010041", 30 }, { "1.010038", 10 }, /* cư trú */
    { "1.115784", 40 },  { "1.115783", 30 }, { "1.115776", 30 }, { "1.115760", 20 }, /* đất đai */
    { "1.001612", 30 },  { "2.000720", 15 }, { "1.001266", 5 },                      /* hộ kinh doanh */
    { "1.001699", 15 },  { "1.001776", 20 }, { "1.014027", 10 }, { "1.011607", 5 },  /* xã hội */
    { "1.013225", 25 },  { "2.002516", 15 },                                         /* khác */
};
enum { MIX = sizeof mix / sizeof *mix };

typedef struct Kind {
    Version v;
    int share;
    struct {
        Limit limit;
        int64_t case_id;
        FeeQuote fee;
    } by_channel[4];
} Kind;

typedef struct Year {
    DemoPlace place;
    Kind kinds[MIX];
    DemoPerson *people;
    size_t count;
    int64_t *submitted; /* sorted */
    Map sequence;       /* "H20.17/20413" → last number */
    Arena *arena;       /* the caller's, where all this lives */
    int64_t now;
} Year;

typedef struct Batch {
    Db *db;
    Year *year;
    uint64_t seed;
    size_t from, to;
    Bulk *dossiers, *events, *fees;
} Batch;

static int64_t between(uint64_t *seed, int64_t least, int64_t most)
{
    return least + (int64_t)demo_random(seed, (uint64_t)(most - least + 1));
}

static bool chance(uint64_t *seed, int per_mille)
{
    return (int)demo_random(seed, 1000) < per_mille;
}

/* ---- What is prepared once ---- */

static void prepare_kinds(Db *db, Year *year)
{
    for (size_t i = 0; i < MIX; i++) {
        Kind *kind = &year->kinds[i];
        kind->share = mix[i].share;
        if (!version_in_force(db, mix[i].code, &kind->v))
            raise_fault(FAULT_INTERNAL, "procedures.demo", "procedure %s is not in the catalogue",
                        mix[i].code);
        for (int channel = CHANNEL_COUNTER; channel <= CHANNEL_POST; channel++) {
            kind->by_channel[channel].limit =
                version_limit(db, &kind->v, channel, &kind->by_channel[channel].case_id);
            kind->by_channel[channel].fee =
                version_fee(db, &kind->v, &(FeeCase){ (Channel)channel, 2, 1, false });
        }
    }
}

static int in_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Online at any hour between 7 and 22; who comes to a desk comes when it is open (see accept_at). Fewer on
 * days off. */
static void prepare_times(Year *year, uint64_t *seed)
{
    int64_t last = local_day(year->now) - 3;
    year->submitted = alloc_array(year->count + 1, sizeof *year->submitted);
    for (size_t i = 0; i < year->count; i++) {
        int64_t day = last - between(seed, 0, YEAR_DAYS - 4);
        if (!calendar_working(calendar(), day_start(day) + 9 * HOUR_MS) && !chance(seed, 150))
            day = last - between(seed, 0, YEAR_DAYS - 4);
        year->submitted[i] = day_start(day) + between(seed, 7 * HOUR_MS, 22 * HOUR_MS);
    }
    qsort(year->submitted, year->count, sizeof *year->submitted, in_time);
}

static Year *prepare(Store *store)
{
    uint64_t seed = 20251121;
    Year *year = alloc(sizeof *year);
    Db *db = store_read_begin(store);
    year->now = now_ms();
    year->count = (size_t)settings()->demo_dossiers;
    year->arena = arena_current();
    year->place = demo_place(db);
    prepare_kinds(db, year);
    store_read_end(db);
    prepare_times(year, &seed);
    year->people = alloc_array(PEOPLE, sizeof *year->people);
    for (int i = 0; i < PEOPLE; i++)
        year->people[i] = demo_person(&seed, demo_random(&seed, 2), 1000 + i);
    return year;
}

/* ---- One dossier ---- */

typedef struct Story {
    Batch *b;
    Dossier d;
    const Kind *kind;
    const Staff *staff;
    Actor applicant;
    Interruption stop;
    size_t stops;
} Story;

static void tell(Story *s, const char *kind, const Actor *actor, int64_t at, const char *note)
{
    const char *from = s->d.status;
    const Move *move = move_find(kind, from);
    if (move) {
        s->d.status = move->to ? move->to : s->d.status_before;
        s->d.status_before = from;
    }
    Event e = { s->d.id, ++s->d.event_seq, at, actor->account_id, kind, from, s->d.status, note, 0, NULL };
    s->d.event_hash = event_seal(s->d.event_hash, &e);
    s->d.updated_at = at;
    bulk_row(s->b->events,
             (Value[]){ ID(e.dossier_id), I(e.seq), I(at), ID(e.actor_id), T(actor->name), ID(actor->org_id),
                        T(kind), T(from), T(s->d.status), T(note), N(), N(), T(s->d.event_hash) });
}

static const Kind *pick_kind(const Year *year, uint64_t *seed)
{
    int at = (int)demo_random(seed, 1000);
    for (size_t i = 0; i < MIX; i++)
        if ((at -= year->kinds[i].share) < 0)
            return &year->kinds[i];
    return &year->kinds[0];
}

static const char *next_code(Batch *b, const Org *org, int64_t at)
{
    const char *key = fmt("%s/%lld", org->code, (long long)local_day(at));
    int64_t last = (int64_t)(intptr_t)map_get(&b->year->sequence, key) + 1;
    Arena *before = arena_use(b->year->arena);
    map_put(&b->year->sequence, key, (void *)(intptr_t)last);
    arena_use(before);
    return dossier_code(org->code, at, last);
}

static void begin(Story *s, Batch *b, int64_t submitted_at, const Kind *kind)
{
    uint64_t *seed = &b->seed;
    const DemoPerson *person = &b->year->people[demo_random(seed, PEOPLE)];
    Dossier *d = &s->d;
    *s = (Story){ .b = b, .kind = kind };
    s->staff = demo_staff(&b->year->place, &s->kind->v, seed);
    d->channel = chance(seed, ONLINE_PER_MILLE) ? CHANNEL_ONLINE
                 : chance(seed, POST_PER_MILLE) ? CHANNEL_POST
                                                : CHANNEL_COUNTER;
    d->id = id_new();
    d->procedure_id = s->kind->v.procedure_id;
    d->version_id = s->kind->v.id;
    d->case_id = s->kind->by_channel[d->channel].case_id;
    d->applicant_name = d->owner_name = person->name;
    d->applicant_pid = d->owner_pid = person->pid;
    d->reception_org_id = d->org_id = s->staff->org->id;
    d->submitted_at =
        d->channel == CHANNEL_ONLINE ? submitted_at : calendar_next_opening(calendar(), submitted_at);
    d->created_at = d->submitted_at;
    d->code = next_code(b, s->staff->org, d->submitted_at);
    d->status = "draft";
    d->form_data = json_new();
    d->owner_system = "local";
    d->event_hash = "";
    s->applicant = (Actor){ .kind = ACTOR_CITIZEN, .name = person->name };
}

static void price(Story *s)
{
    const FeeQuote *fee = &s->kind->by_channel[s->d.channel].fee;
    bool online = chance(&s->b->seed, PAID_ONLINE_PER_MILLE);
    s->d.fee_vnd = fee->vnd;
    s->d.fee_known = fee->known;
    s->d.fee_state = !fee->known ? "unknown" : fee->vnd ? "paid" : "none";
    json_each (fee->lines, i, item)
        if (json_int(item, "vnd"))
            bulk_row(s->b->fees, (Value[]){ ID(id_new()), ID(s->d.id), T(json_str(item, "kind")),
                                            I(json_int(item, "vnd")), I(2), I(1), I(1), T("paid"),
                                            T(online ? "TT trực tuyến" : "Biên lai"), I(s->d.accepted_at) });
}

static void supplement(Story *s)
{
    uint64_t *seed = &s->b->seed;
    const Calendar *c = calendar();
    int64_t asked = calendar_add_time(
        c, s->d.accepted_at,
        s->d.due_at ? calendar_between(c, s->d.accepted_at, s->d.due_at) / 4 + MINUTE_MS : 3 * HOUR_MS);
    int64_t given = calendar_add_time(c, asked, between(seed, 2 * HOUR_MS, 30 * HOUR_MS));
    tell(s, "request_supplement", &s->staff->specialist, asked, "Thành phần hồ sơ chưa đầy đủ theo quy định");
    tell(s, "supplement", &s->applicant, given, NULL);
    s->stop =
        (Interruption){ asked, given, clock_policy(json_str(s->kind->v.clock_policy, "supplement")), NULL };
    s->stops = 1;
    s->d.supplement_count = 1;
}

/* When the result goes out: in its time, or for the few that are late up to three working days after it. */
static int64_t finish_at(Story *s, int64_t from, bool late)
{
    const Calendar *c = calendar();
    uint64_t *seed = &s->b->seed;
    if (!s->d.due_at)
        return calendar_add_time(c, from, between(seed, 2 * HOUR_MS, 40 * HOUR_MS));
    if (late)
        return calendar_add_time(c, s->d.due_at, between(seed, HOUR_MS, 24 * HOUR_MS));
    return calendar_add_time(c, from, calendar_between(c, from, s->d.due_at) * between(seed, 30, 97) / 100);
}

static void withdraw(Story *s)
{
    int64_t at =
        calendar_add_time(calendar(), s->d.accepted_at, between(&s->b->seed, HOUR_MS / 2, 2 * HOUR_MS));
    tell(s, "withdraw", &s->applicant, at, "Tôi xin rút hồ sơ để chuẩn bị lại giấy tờ");
    tell(s, "agree_withdrawal", &s->staff->reception, at + 20 * MINUTE_MS, NULL);
    s->d.finished_at = at + 20 * MINUTE_MS;
}

static void decide(Story *s, int64_t from, bool late)
{
    int64_t end = finish_at(s, from, late);
    int64_t step = (end - from) / 4;
    tell(s, "draft_result", &s->staff->specialist, from + step * 2, NULL);
    tell(s, "sign", &s->staff->leader, from + step * 3, NULL);
    tell(s, "issue", &s->staff->clerk, end, NULL);
    s->d.finished_at = end;
    s->d.returned_at = s->d.channel == CHANNEL_ONLINE
                           ? end
                           : calendar_add_time(calendar(), end, between(&s->b->seed, 0, 8 * HOUR_MS));
    tell(s, "deliver", s->d.channel == CHANNEL_ONLINE ? system_actor() : &s->staff->reception,
         s->d.returned_at, NULL);
}

static void live(Story *s, bool smoothly)
{
    const Calendar *c = calendar();
    const Limit *limit = &s->kind->by_channel[s->d.channel].limit;
    uint64_t *seed = &s->b->seed;
    Dossier *d = &s->d;
    bool late = chance(seed, LATE_PER_MILLE) && !smoothly,
         more = chance(seed, SUPPLEMENT_PER_MILLE) && !smoothly;
    bool leaves = chance(seed, WITHDRAWN_PER_MILLE) && !smoothly;
    tell(s, "submit", &s->applicant, d->submitted_at, NULL);
    d->accepted_at = calendar_add_time(c, calendar_next_opening(c, d->submitted_at),
                                       between(seed, 5 * MINUTE_MS, 5 * HOUR_MS));
    tell(s, "accept", &s->staff->reception, d->accepted_at, NULL);
    tell(s, "hand_over", system_actor(), d->accepted_at, NULL);
    d->due_at = d->original_due_at = clock_due(c, limit, d->accepted_at, NULL, 0, 0);
    price(s);
    d->handler_id = s->staff->specialist.account_id;
    d->handler_name = s->staff->specialist.name;
    if (leaves) {
        withdraw(s);
        return;
    }
    if (more)
        supplement(s);
    d->due_at = clock_due(c, limit, d->accepted_at, &s->stop, s->stops, 0);
    decide(s, s->stops ? s->stop.to : d->accepted_at, late);
}

/* ---- Batches ---- */

/* What would end in the future is told anew as a certified copy of a week before: the past is finished, the
 * present is demo_open.c's. */
static void write_story(Batch *b, int64_t submitted_at)
{
    size_t events = b->events->count, fees = b->fees->count;
    Story s;
    begin(&s, b, submitted_at, pick_kind(b->year, &b->seed));
    live(&s, false);
    for (int weeks = 0; s.d.updated_at >= b->year->now; weeks++) {
        bulk_back(b->events, events);
        bulk_back(b->fees, fees);
        begin(&s, b, submitted_at - weeks * 7 * (int64_t)DAY_MS, &b->year->kinds[0]);
        live(&s, true);
    }
    s.d.urgent_at = dossier_urgency(&s.d);
    bulk_struct(b->dossiers, dossier_fields, &s.d);
    dossier_search(b->db, &s.d, s.kind->v.name);
}

static void write_stories(Batch *b)
{
    b->dossiers = bulk_new(b->db, "prc_dossier", field_columns(dossier_fields, ""));
    b->events = bulk_new(b->db, "prc_dossier_event",
                         "dossier_id, seq, at, actor_id, actor_name, org_id, kind, from_status, to_status, "
                         "note, document_id, data, hash");
    b->fees = bulk_new(b->db, "prc_fee_item",
                       "id, dossier_id, kind, vnd, pages, copies, moment, state, reference, paid_at");
    for (size_t i = b->from; i < b->to; i++)
        write_story(b, b->year->submitted[i]);
    bulk_insert(b->dossiers); /* before what refers to them */
    bulk_insert(b->events);
    bulk_insert(b->fees);
    Json details = json_set_int(json_new(), "count", (int64_t)(b->to - b->from));
    audit_as(b->db, system_actor(), "procedures.demo", fmt("dossiers:%zu-%zu", b->from, b->to), "ok",
             details);
}

static void write_sequences(Db *db, const Year *year)
{
    Bulk *bulk = bulk_new(db, "prc_sequence", "agency, period, last");
    for (size_t i = 0; i < year->sequence.count; i++) {
        char **part = text_split(year->sequence.entries[i].key, '/', NULL);
        int64_t day = 0;
        text_int(part[1], 0, INT64_MAX, &day);
        bulk_row(bulk,
                 (Value[]){ T(part[0]), I(day), I((int64_t)(intptr_t)year->sequence.entries[i].value) });
    }
    bulk_insert(bulk);
}

/* In an arena of its own, which is large and soon given back. */
static void load_batch(Db *db, void *argument)
{
    Batch b = *(Batch *)argument; /* a copy: the work may be run again */
    Arena *arena = arena_new(0), *before = arena_use(arena);
    Guard guard;
    b.db = db;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        write_stories(&b);
        if (b.to == b.year->count)
            write_sequences(db, b.year);
        guard_leave(&guard);
    }
    arena_use(before);
    arena_free(arena);
    if (guard.fault.kind)
        raise_again(&guard.fault);
}

void procedures_demo(Store *store)
{
    Year *year = prepare(store);
    for (size_t from = 0; from < year->count; from += BATCH) {
        size_t to = from + BATCH < year->count ? from + BATCH : year->count;
        Batch b = { .year = year, .seed = 7 + from, .from = from, .to = to };
        store_write_wait(store, load_batch, &b);
    }
    demo_open(store, &year->place);
}
