#include "store/test_store.h"
#include "base/test.h"
#include "base/arena.h"
#include "base/text.h"
#include <string.h>
typedef struct Thing {
    int64_t id, count;
    const char *name;
    double size;
    bool good;
    Json data;
    int64_t other_id;
} Thing;
static const Field thing_fields[] = { FIELD(ID, Thing, id),       FIELD(INT, Thing, count),
                                      FIELD(TEXT, Thing, name),   FIELD(REAL, Thing, size),
                                      FIELD(BOOL, Thing, good),   FIELD(JSON, Thing, data),
                                      FIELD(ID, Thing, other_id), { 0 } };
static const Migration migrations[] = {
    { "t/0001", "create table thing (id bigint primary key, count bigint not null, name text, size double "
                "precision,\n good boolean, data jsonb, other_id bigint references thing(id));\ncreate "
                "unique index thing_name on thing (name);\n" }
};
static void add(Db *db, void *arg)
{
    Thing t = { .id = 7,
                .count = 3,
                .name = "Đồng Tháp",
                .size = 1.5,
                .good = true,
                .data = json_parse_own("{\"a\":1}", 7, "x") };
    (void)arg;
    db_insert(db, "thing", thing_fields, &t);
}
TEST(basic)
{
    Store *s = test_store_open();
    store_migrate(s, migrations, 1);
    CHECK_INT(store_pending(s, migrations, 1), 0);
    store_write_wait(s, add, NULL);
    CHECK_FAULT(FAULT_CONFLICT, store_write_wait(s, add, NULL));
    Db *db = store_read_begin(s);
    CHECK_TEXT(json_text(db_rows(db, "select * from thing")),
               "[{\"id\":\"7\",\"count\":3,\"name\":\"Đồng "
               "Tháp\",\"size\":1.5,\"good\":true,\"data\":{\"a\":1},\"other_id\":null}]");
    Thing t;
    CHECK(db_get(db, thing_fields, &t, "select * from thing where id = ?1", I(7)));
    CHECK_TEXT(t.name, "Đồng Tháp");
    store_read_end(db);
    CHECK_TEXT(store_integrity(s), "");
    test_store_close(s);
}
int main(void)
{
    return run_tests((Test[]){ TEST_CASE(basic), { 0 } });
}
