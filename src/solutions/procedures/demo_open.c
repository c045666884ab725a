/* The present of the demonstration: dossiers that are open now, made by the same functions that people's acts
 * go through, with their processes, tasks, notices and documents. Each line of `scenes` is one state in which
 * somebody has something to do. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/identity/demo_names.h"
#include "platform/reports/reports.h"
#include "platform/tasks/tasks.h"
#include "solutions/procedures/demo.h"
#include "solutions/procedures/filing.h"
#include "solutions/procedures/handling.h"
#include "solutions/procedures/papers.h"
#include "solutions/procedures/results.h"

#include <string.h>

/* ---- Who works where ---- */

static Actor official(Db *db, const char *role, const Org *org)
{
    int64_t *accounts;
    Actor actor = { .kind = ACTOR_OFFICIAL, .org_id = org->id, .org_name = org->name };
    size_t count = accounts_with_role(db, role, org->id, &accounts);
    if (count) {
        actor.account_id = accounts[0];
        actor.name = account_name(db, accounts[0]);
    }
    return actor;
}

static Staff staff_of(Db *db, const Org *org, int64_t weight)
{
    return (Staff){ .org = org,
                    .reception = official(db, "reception", org),
                    .specialist = official(db, "specialist", org),
                    .leader = official(db, "leader", org),
                    .clerk = official(db, "clerk", org),
                    .weight = weight };
}

/* One line of data/admin-units.csv begins "2,28249,": the population stands in its tenth column. Names with
 * commas are quoted and come later. */
static int64_t population(const char *csv, const char *unit)
{
    const char *line = strstr(csv, fmt("\n2,%s,", unit));
    int64_t people = 0;
    if (!line)
        return 10000;
    size_t count;
    char **cells = text_split(text_copy_n(line + 1, strcspn(line + 1, "\n")), ',', &count);
    return count > 9 && text_int(cells[9], 1, 10000000, &people) ? people : 10000;
}

DemoPlace demo_place(Db *db)
{
    DemoPlace place = { 0 };
    const Org **orgs;
    size_t count = orgs_all(&orgs);
    const char *csv = asset_text("data/admin-units.csv", NULL);
    place.communes = alloc_array(count, sizeof *place.communes);
    place.departments = alloc_array(count, sizeof *place.departments);
    for (size_t i = 0; i < count; i++) {
        if (text_is(orgs[i]->kind, "people_committee_commune")) {
            Staff staff = staff_of(db, orgs[i], population(csv, orgs[i]->unit_code));
            place.communes[place.commune_count++] = staff;
            place.people += staff.weight;
        } else if (text_is(orgs[i]->kind, "department")) {
            place.departments[place.department_count++] = staff_of(db, orgs[i], 1);
        }
    }
    return place;
}

const Staff *demo_staff_at(const DemoPlace *place, const char *org_key)
{
    for (size_t i = 0; i < place->commune_count; i++)
        if (text_is(place->communes[i].org->key, org_key))
            return &place->communes[i];
    for (size_t i = 0; i < place->department_count; i++)
        if (text_is(place->departments[i].org->key, org_key))
            return &place->departments[i];
    return &place->communes[0];
}

const Staff *demo_staff(const DemoPlace *place, const Version *v, uint64_t *seed)
{
    if (!text_is(v->level, "xa"))
        return demo_staff_at(place, version_department(v));
    int64_t at = (int64_t)demo_random(seed, (uint64_t)place->people);
    for (size_t i = 0; i < place->commune_count; i++)
        if ((at -= place->communes[i].weight) < 0)
            return &place->communes[i];
    return &place->communes[0];
}

/* ---- The open dossiers ---- */

typedef enum Stage {
    AT_SUBMITTED,
    AT_INCOMPLETE,
    AT_EXAMINE,
    AT_SUPPLEMENT,
    AT_SUPPLEMENTED,
    AT_SIGN,
    AT_ISSUE,
    AT_WITHDRAWING,
} Stage;

typedef struct Scene {
    Stage stage;
    const char *procedure;
    int count;
    int days_ago; /* working days since it was filed */
    bool citizen; /* filed by the demonstration's citizen */
} Scene;

static const Scene known_scenes[] = {
    { AT_SUBMITTED, "2.000815", 3, 0, false },    { AT_SUBMITTED, "1.001193", 2, 0, false },
    { AT_SUBMITTED, "1.004873", 1, 0, true },     { AT_INCOMPLETE, "1.001612", 1, 1, false },
    { AT_EXAMINE, "1.001193", 2, 0, false },      { AT_EXAMINE, "1.004222", 3, 3, false },
    { AT_EXAMINE, "1.000656", 2, 9, false },      { AT_EXAMINE, "1.115760", 1, 6, false },
    { AT_SUPPLEMENT, "1.004222", 1, 2, true },    { AT_SUPPLEMENT, "1.004873", 2, 2, false },
    { AT_SUPPLEMENTED, "1.004873", 1, 3, false }, { AT_SIGN, "1.004873", 2, 1, false },
    { AT_SIGN, "1.004222", 2, 4, false },         { AT_SIGN, "1.001193", 1, 3, false },
    { AT_ISSUE, "1.004873", 2, 2, false },        { AT_WITHDRAWING, "1.004222", 1, 1, false },
};

/* At every other commune. */
static const Scene usual_scenes[] = {
    { AT_SUBMITTED, "2.000815", 1, 0, false },
    { AT_EXAMINE, "1.004222", 1, 3, false },
    { AT_EXAMINE, "1.004873", 1, 5, false },
};

typedef struct Opening {
    const DemoPlace *place;
    const Staff *staff;
    const Scene *scenes;
    size_t scene_count;
    uint64_t seed;
    int64_t now;
    int64_t to_sign[8]; /* out: dossiers whose result the leader has still to sign */
    size_t sign_count;
} Opening;

static int64_t working_days_ago(int64_t now, int days, uint64_t *seed)
{
    int64_t at = calendar_add_days(calendar(), now, -(days + 1)) - (int64_t)demo_random(seed, 7 * HOUR_MS);
    return calendar_next_opening(calendar(), at);
}

static Actor applicant(Db *db, const Scene *scene, DemoPerson person)
{
    Actor actor = { .kind = ACTOR_CITIZEN, .name = person.name };
    if (!scene->citizen)
        return actor;
    actor.account_id = db_int(db, "select id from iam_account where username = 'cong.dan'");
    actor.name = actor.account_id ? account_name(db, actor.account_id) : person.name;
    return actor;
}

/* What a scan of a paper would be: one page that says that it is none. */
static FileRef sample_paper(Db *db, const Opening *o, const Actor *who)
{
    Json blocks = json_list(), title = json_new(), text = json_new();
    size_t size;
    json_set_str(json_set_str(title, "kind", "title"), "text", "GIẤY TỜ MẪU");
    json_set_str(
        json_set_str(text, "kind", "text"), "text",
        "Trang này thay cho bản chụp giấy tờ trong dữ liệu trình diễn. Không phải giấy tờ thật, không có "
        "giá trị pháp lý.");
    json_add(blocks, title);
    json_add(blocks, text);
    const void *pdf = pdf_document(
        blocks, &(PdfOptions){ .title = "Giấy tờ mẫu", .lang = "vi", .watermark = "BẢN TRÌNH DIỄN" }, &size);
    return files_put(db, pdf, size, "giay-to-mau.pdf", "application/pdf", who->account_id, o->staff->org->id);
}

static Dossier file_one(Db *db, Opening *o, const Scene *scene, Actor *who, int64_t at)
{
    Version v;
    DemoPerson person =
        demo_person(&o->seed, demo_random(&o->seed, 2), 6000 + (int)demo_random(&o->seed, 3000));
    version_in_force(db, scene->procedure, &v);
    *who = applicant(db, scene, person);
    Json data = json_new(), applicant_data = json_new();
    json_set_str(applicant_data, "name", who->name);
    json_set_str(applicant_data, "pid", person.pid);
    const char *phone = fmt("09%08lld", (long long)demo_random(&o->seed, 100000000));
    const char *address = fmt("Số %d, %s", 1 + (int)demo_random(&o->seed, 200),
                              text_replace(o->staff->org->short_name, "UBND ", ""));
    json_set_str(applicant_data, "phone", phone);
    json_set_str(applicant_data, "address", address);
    json_set(data, "applicant", applicant_data);
    Dossier d = { .id = id_new(),
                  .procedure_id = v.procedure_id,
                  .version_id = v.id,
                  .channel = CHANNEL_ONLINE,
                  .applicant_account_id = who->account_id,
                  .applicant_name = who->name,
                  .applicant_pid = person.pid,
                  .applicant_phone = phone,
                  .applicant_address = address,
                  .owner_name = who->name,
                  .owner_pid = person.pid,
                  .reception_org_id = o->staff->org->id,
                  .org_id = o->staff->org->id,
                  .status = "draft",
                  .form_data = data,
                  .fee_state = "none",
                  .owner_system = "local",
                  .created_at = at,
                  .updated_at = at,
                  .event_hash = "" };
    d.fresh = true;
    filing_enter(db, &d, &v, NULL, who, at);
    FileRef paper = sample_paper(db, o, who);
    papers_fill(db, &d, &paper, who->account_id, at);
    return d;
}

static void accept_one(Db *db, Opening *o, Dossier *d, int64_t at)
{
    Version v;
    version_find(db, d->version_id, &v);
    version_limit(db, &v, d->channel, &d->case_id);
    dossier_move(db, d, "accept", &(Act){ .actor = &o->staff->reception, .now = at });
    int64_t task = tasks_open(db, d->id, "receive");
    if (task)
        tasks_close(db, task, "completed", "accept", o->staff->reception.account_id, at);
    process_start(db, d, &v, &o->staff->reception, at);
}

static void ask_more(Db *db, Opening *o, Dossier *d, const char *event, int64_t at)
{
    Json items = json_list();
    json_add_str(items, "Giấy tờ chứng minh nơi cư trú hiện tại");
    handling_ask(
        db, d, event, "Thành phần hồ sơ chưa đầy đủ theo quy định của thủ tục", items,
        &(Act){ .actor = text_is(event, "ask_completion") ? &o->staff->reception : &o->staff->specialist,
                .now = at });
}

static void draft_one(Db *db, Opening *o, Dossier *d, int64_t at)
{
    Json results =
        json_at(db_row(db, "select results from prc_version where id = ?1", ID(d->version_id)), "results");
    const char *title =
        text_or(json_string_value(json_array_get(results, 0)), "Kết quả giải quyết thủ tục hành chính");
    handling_draft(db, d, "positive", title,
                   "Qua thẩm định, hồ sơ đủ điều kiện giải quyết theo quy định của pháp luật hiện hành.",
                   false, &(Act){ .actor = &o->staff->specialist, .now = at });
}

static void open_one(Db *db, Opening *o, const Scene *scene)
{
    Actor who;
    int64_t at = scene->days_ago ? working_days_ago(o->now, scene->days_ago, &o->seed)
                                 : o->now - (int64_t)demo_random(&o->seed, 3 * HOUR_MS);
    Dossier d = file_one(db, o, scene, &who, at);
    int64_t step = (o->now - at) / 8;
    if (scene->stage == AT_SUBMITTED)
        return;
    if (scene->stage == AT_INCOMPLETE) {
        ask_more(db, o, &d, "ask_completion", at + step);
        return;
    }
    accept_one(db, o, &d, at + step);
    if (scene->stage == AT_SUPPLEMENT || scene->stage == AT_SUPPLEMENTED)
        ask_more(db, o, &d, "request_supplement", at + 2 * step);
    if (scene->stage == AT_SUPPLEMENTED)
        handling_answer(db, &d, "supplement", &(Act){ .actor = &who, .now = at + 3 * step });
    if (scene->stage == AT_WITHDRAWING)
        handling_withdraw(db, &d, &(Act){ .actor = &who, .now = at + 2 * step, .note = "Tôi xin rút hồ sơ" });
    if (scene->stage == AT_SIGN || scene->stage == AT_ISSUE)
        draft_one(db, o, &d, at + 2 * step);
    if (scene->stage == AT_ISSUE && o->sign_count < sizeof o->to_sign / sizeof *o->to_sign)
        o->to_sign[o->sign_count++] = d.id;
}

static void open_all(Db *db, void *argument)
{
    Opening *o = argument;
    o->seed = 4711 + (uint64_t)o->staff->org->id % 1000; /* set here: the work may be run again */
    o->sign_count = 0;
    for (size_t i = 0; i < o->scene_count; i++)
        for (int n = 0; n < o->scenes[i].count; n++)
            open_one(db, o, &o->scenes[i]);
}

/* ---- Those that wait for the clerk carry the leader's real signature ---- */

typedef struct Signing {
    Dossier d;
    Result r;
    Signed done;
    const Staff *staff;
    int64_t now;
} Signing;

static void keep_signature(Db *db, void *argument)
{
    Signing *s = argument;
    dossier_find(db, s->d.id, &s->d);
    result_signed(db, &s->d, &s->r, &s->done, &s->staff->leader, s->now);
    process_complete(db, &s->d, &s->staff->leader, "sign", "sign", NULL, s->now);
    process_follow(db, &s->d, s->now);
}

static void sign_one(Store *store, const Staff *staff, int64_t dossier_id, int64_t now)
{
    Signing s = { .staff = staff, .now = now };
    Db *db = store_read_begin(store);
    bool there = dossier_find(db, dossier_id, &s.d) && result_of(db, dossier_id, &s.r);
    if (there)
        s.done = result_sign(db, &s.d, &s.r, &staff->leader, now);
    store_read_end(db);
    if (there && s.done.pdf)
        store_write_wait(store, keep_signature, &s);
}

void demo_open(Store *store, const DemoPlace *place)
{
    int64_t now = now_ms();
    const Staff *known = demo_staff_at(place, "ubnd-28261");
    for (size_t i = 0; i < place->commune_count; i++) {
        bool is_known = &place->communes[i] == known;
        Opening o = { .place = place,
                      .staff = &place->communes[i],
                      .scenes = is_known ? known_scenes : usual_scenes,
                      .scene_count = is_known ? sizeof known_scenes / sizeof *known_scenes
                                              : sizeof usual_scenes / sizeof *usual_scenes,
                      .now = now };
        store_write_wait(store, open_all, &o);
        for (size_t k = 0; k < o.sign_count; k++)
            sign_one(store, o.staff, o.to_sign[k], now);
    }
}
