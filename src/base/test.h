/* Unit tests: a table of sentences and functions, run one by one, each in its own arena and behind its own
 * guard; results in TAP, which tests/run.py adds up.
 *
 *     TEST(folding_removes_vietnamese_marks) { CHECK_TEXT(text_fold("Đồng Tháp"), "dong thap"); }
 *     int main(void) { return run_tests((Test[]){ TEST_CASE(folding_removes_vietnamese_marks), { 0 } }); }
 *
 * Tests of what uses the store run once on each engine: see store/test_store.h. */
#ifndef SEN_BASE_TEST_H
#define SEN_BASE_TEST_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct Test {
    const char *name;
    void (*run)(void);
} Test;

#define TEST(name) static void name(void)
#define TEST_CASE(name)                                                                                      \
    {                                                                                                        \
#name, name                                                                                          \
    }

int run_tests(const Test *tests);
void test_skip(const char *reason); /* ends the test, counted as skipped */

void test_check(bool ok, const char *what, const char *file, int line);
void test_text(const char *got, const char *wanted, const char *what, const char *file, int line);
void test_int(int64_t got, int64_t wanted, const char *what, const char *file, int line);

#define CHECK(condition)        test_check((condition), #condition, __FILE__, __LINE__)
#define CHECK_TEXT(got, wanted) test_text((got), (wanted), #got, __FILE__, __LINE__)
#define CHECK_INT(got, wanted)  test_int((got), (wanted), #got, __FILE__, __LINE__)
/* The statement must raise a fault of this kind. */
#define CHECK_FAULT(wanted_kind, statement)                                                                  \
    do {                                                                                                     \
        Guard check_guard_;                                                                                  \
        guard_enter(&check_guard_);                                                                          \
        if (setjmp(check_guard_.at) == 0) {                                                                  \
            statement;                                                                                       \
            guard_leave(&check_guard_);                                                                      \
            test_check(false, #statement " raises " #wanted_kind, __FILE__, __LINE__);                       \
        } else {                                                                                             \
            test_int(check_guard_.fault.kind, (wanted_kind), check_guard_.fault.message, __FILE__,           \
                     __LINE__);                                                                              \
        }                                                                                                    \
    } while (0)

#endif
