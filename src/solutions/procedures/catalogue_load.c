/* From data/procedures.json and data/local-rules.json to the tables of the catalogue, at each start.
 *
 * A version is known by the hash of the record it was read from (with its local rules): unchanged content
 * makes nothing new, changed content makes the next version and closes the one before. Dossiers keep theirs.
 * Records that nobody has read on the national portal are loaded as samples and shown with a mark; what they
 * do not say stays unsaid. */
#include "solutions/procedures/catalogue.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/search/search.h"

#include <string.h>

enum { LEAST_REAL_FEE_VND = 1000 }; /* the portal has a few "100" and "45": thousands left out, or not đồng */

static Json shipped(const char *name)
{
    size_t size;
    const char *text = asset_text(name, &size);
    if (!text)
        raise_fault(FAULT_INTERNAL, "procedures.data", "%s is not in the program", name);
    return json_parse_own(text, size, name);
}

/* The most particular rule that has this member: of the procedure, of its field, of all. */
static Json rule(Json rules, Json record, const char *member)
{
    Json places[] = { json_object_get(json_object_get(rules, "procedures"), json_str(record, "code")),
                      json_object_get(json_object_get(rules, "fields"), json_str(record, "field.name")),
                      json_object_get(rules, "default") };
    for (size_t i = 0; i < 3; i++)
        if (json_object_get(places[i], member))
            return json_object_get(places[i], member);
    return NULL;
}

static int64_t channel_number(const char *name)
{
    return text_is(name, "truc_tiep")       ? CHANNEL_COUNTER
           : text_is(name, "truc_tuyen")    ? CHANNEL_ONLINE
           : text_starts(name, "buu_chinh") ? CHANNEL_POST
                                            : 0;
}

/* ---- The parts of a version ---- */

static void add_case(Db *db, int64_t version, Json limit, int64_t channel, int place)
{
    db_exec(db,
            "insert into prc_case (id, version_id, code, channel, quantity, unit, place) values "
            "(?1,?2,?3,?4,?5,?6,?7)",
            ID(id_new()), ID(version), T(json_has(limit, "case_code") ? json_str(limit, "case_code") : NULL),
            channel ? I(channel) : N(), I(json_int(limit, "qty")), T(json_str(limit, "unit")), I(place));
}

static void add_cases(Db *db, int64_t version, Json record, Json rules)
{
    int place = 0;
    json_each (rule(rules, record, "limits"), i, limit)
        add_case(db, version, limit, 0, place++);
    json_each (json_at(record, "channels"), i, channel) {
        json_each (json_at(channel, "limits"), k, limit)
            add_case(db, version, limit, channel_number(json_str(channel, "channel")), place++);
    }
    json_each (json_at(record, "cases"), i, limit)
        add_case(db, version, limit, 0, place++);
}

/* Amounts that stand beside each other for one kind and channel depend on the case: none of them is *the*
 * amount. */
static bool one_amount(Json fees, Json fee)
{
    size_t same = 0;
    json_each (fees, i, other)
        same += text_is(json_str(other, "type"), json_str(fee, "type"));
    return same == 1;
}

static bool amount_known(Json fees, Json fee)
{
    int64_t vnd = json_int(fee, "vnd");
    if (json_has(fee, "amounts_vnd") || !one_amount(fees, fee))
        return false;
    return vnd >= LEAST_REAL_FEE_VND || (vnd == 0 && text_is(json_str(fee, "note"), "miễn"));
}

static void add_fees(Db *db, int64_t version, Json fees, int64_t channel, int *place)
{
    json_each (fees, i, fee)
        db_exec(db,
                "insert into prc_fee_def (id, version_id, kind, channel, vnd, first_pages, next_vnd, "
                "cap_vnd, known, exemptions,"
                " moment, note, amounts, place) values (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,1,?11,?12,?13)",
                ID(id_new()), ID(version), T(json_str(fee, "type")), I(channel), I(json_int(fee, "vnd")),
                I(json_int(fee, "first_pages")), I(json_int(fee, "next_vnd")), I(json_int(fee, "cap_vnd")),
                B(amount_known(fees, fee)), B(json_bool(fee, "exemptions")),
                T(json_has(fee, "note") ? json_str(fee, "note") : NULL), J(json_at(fee, "amounts_vnd")),
                I((*place)++));
}

static void add_all_fees(Db *db, int64_t version, Json record, Json rules)
{
    int place = 0;
    Json local = rule(rules, record, "fees");
    add_fees(db, version, local, 0, &place);
    if (local)
        return;
    json_each (json_at(record, "channels"), i, channel)
        add_fees(db, version, json_at(channel, "fees"), channel_number(json_str(channel, "channel")), &place);
}

/* What the e-form stands in for. */
static bool is_form(const char *name)
{
    static const char *const begins[] = { "Tờ khai",      "Mẫu ",          "Đơn ",
                                          "Giấy đề nghị", "Phiếu đề nghị", "Văn bản đề nghị cấp" };
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (text_starts(name, begins[i]))
            return true;
    return false;
}

/* Papers that only some bring say so at their beginning. */
static bool is_conditional(const char *name)
{
    static const char *const begins[] = { "Trường hợp", "Đối với", "Văn bản ủy quyền", "Giấy ủy quyền" };
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (text_starts(name, begins[i]))
            return true;
    return strstr(name, "(nếu ") != NULL;
}

/* The portal uses groups in two ways: "to hand in / to show", and one group for each case of which one
 * applies. */
static void add_component(Db *db, int64_t version, Json paper, bool local, int place)
{
    const char *name = json_str(paper, "name"), *group = json_str(paper, "group");
    bool presented = text_is(group, "Giấy tờ phải xuất trình");
    bool all_of =
        !*group || presented || text_is(group, "Giấy tờ phải nộp") || text_is(group, "Thành phần hồ sơ");
    bool form = is_form(name);
    bool required = local ? json_bool(paper, "required")
                          : text_is(group, "Giấy tờ phải nộp") && !form && !is_conditional(name);
    db_exec(db,
            "insert into prc_component_def (id, version_id, code, name, group_name, group_type, presented, "
            "form, required,"
            " original_qty, copy_qty, place) values (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
            ID(id_new()), ID(version), T(json_has(paper, "code") ? json_str(paper, "code") : NULL), T(name),
            T(group), T(all_of ? "ALL_OF" : "ONE_OF"), B(presented), B(form), B(required),
            I(json_int(paper, "original")), I(json_int(paper, "copy")), I(place));
}

static void add_components(Db *db, int64_t version, Json record, Json rules)
{
    int place = 0;
    Json local = rule(rules, record, "components");
    json_each (local ? local : json_at(record, "components"), i, paper)
        add_component(db, version, paper, local, place++);
}

/* ---- A version ---- */

static const char *text_or_null(Json record, const char *path)
{
    return json_has(record, path) ? json_str(record, path) : NULL;
}

static const char *online_level(Json record)
{
    json_each (json_at(record, "channels"), i, channel)
        if (text_is(json_str(channel, "channel"), "truc_tuyen"))
            return "toan_trinh";
    return "mot_phan";
}

static int64_t add_version(Db *db, int64_t procedure, Json record, Json rules, const char *hash, int64_t now)
{
    int64_t id = id_new();
    Json local = json_object_get(json_object_get(rules, "procedures"), json_str(record, "code"));
    Json empty = json_list(), results = json_at(record, "results"), basis = json_at(record, "legal_basis");
    int64_t number = db_int(
        db, "select coalesce(max(number), 0) + 1 from prc_version where procedure_id = ?1", ID(procedure));
    db_exec(db,
            "insert into prc_version (id, procedure_id, number, content_hash, agency, issuer, route, "
            "online_level, process_id,"
            " form_id, clock_policy, by_hours, results, legal_basis, time_text, fee_text, note, sample, "
            "source_url, source_note,"
            " source_read, effective_from) values "
            "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22)",
            ID(id), ID(procedure), I(number), T(hash), T(text_or_null(record, "agency")),
            T(text_or_null(record, "issuer")), T(json_string_value(rule(rules, record, "route"))),
            T(online_level(record)), T(json_string_value(rule(rules, record, "process"))),
            T(json_string_value(rule(rules, record, "form"))), J(rule(rules, record, "clock")), B(false),
            J(results ? results : empty), J(basis ? basis : empty), T(text_or_null(record, "time_text")),
            T(text_or_null(record, "fee_text")), T(text_or_null(record, "note")),
            B(!json_has(record, "source.url")), T(text_or_null(record, "source.url")),
            T(local && json_has(local, "source") ? json_str(local, "source")
                                                 : text_or_null(record, "source.note")),
            T(text_or_null(record, "source.read")), I(now));
    add_cases(db, id, record, rules);
    add_all_fees(db, id, record, rules);
    add_components(db, id, record, rules);
    return id;
}

static int64_t field_id(Db *db, Json record)
{
    const char *name = json_str(record, "field.name"), *code = text_or_null(record, "field.code");
    db_exec(db, "insert into prc_field (id, code, name) values (?1,?2,?3) on conflict (name) do nothing",
            ID(id_new()), T(code), T(name));
    return db_int(db, "select id from prc_field where name = ?1", T(name));
}

static int64_t procedure_id(Db *db, Json record, int64_t now)
{
    db_exec(
        db,
        "insert into prc_procedure (id, code, name, field_id, level, created_at) values (?1,?2,?3,?4,?5,?6)"
        " on conflict (code) do update set name = excluded.name, field_id = excluded.field_id, level = "
        "excluded.level",
        ID(id_new()), T(json_str(record, "code")), T(json_str(record, "name")), ID(field_id(db, record)),
        T(json_str(record, "level")), I(now));
    return db_int(db, "select id from prc_procedure where code = ?1", T(json_str(record, "code")));
}

static char *content_hash(Json record, Json rules)
{
    static const char *const members[] = {
        "process", "form", "route", "clock", "limits", "fees", "components"
    };
    Json content = json_new();
    json_object_set(content, "record", record);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (rule(rules, record, members[i]))
            json_object_set(content, members[i], rule(rules, record, members[i]));
    const char *text = json_canonical(content);
    return sha256_hex(text, strlen(text));
}

static void load_one(Db *db, Json record, Json rules, int64_t now)
{
    const char *hash = content_hash(record, rules), *code = json_str(record, "code");
    if (db_int(db,
               "select count(*) from prc_procedure p join prc_version v on v.id = p.version_id"
               " where p.code = ?1 and v.content_hash = ?2",
               T(code), T(hash)))
        return;
    int64_t procedure = procedure_id(db, record, now);
    db_exec(db, "update prc_version set effective_to = ?1 where procedure_id = ?2 and effective_to is null",
            I(now), ID(procedure));
    /* Content that was in force before and comes back is that version again. */
    int64_t version = db_int(db, "select id from prc_version where procedure_id = ?1 and content_hash = ?2",
                             ID(procedure), T(hash));
    if (version)
        db_exec(db, "update prc_version set effective_to = null where id = ?1", ID(version));
    else
        version = add_version(db, procedure, record, rules, hash, now);
    db_exec(db, "update prc_procedure set version_id = ?1 where id = ?2", ID(version), ID(procedure));
    search_put(db, "procedure", procedure, fmt("%s %s", json_str(record, "name"), code),
               fmt("%s %s", json_str(record, "field.name"), json_str(record, "name_short")));
}

void catalogue_load(Db *db)
{
    Json all = shipped("data/procedures.json"),
         rules = shipped("src/solutions/procedures/data/local-rules.json");
    int64_t now = now_ms();
    json_each (json_at(all, "procedures"), i, record)
        load_one(db, record, rules, now);
}
