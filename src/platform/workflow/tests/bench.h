/* What the tests of the engine share: a store with the tables of the rooms involved, some people, and one
 * call for each command. */
#ifndef SEN_TEST_BENCH_H
#define SEN_TEST_BENCH_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/test.h"
#include "base/text.h"
#include "platform/identity/identity.h"
#include "platform/tasks/tasks.h"
#include "platform/workflow/engine.h"
#include "store/test_store.h"

/* Accounts 1 and 2 are specialists (chuyen-vien), 1 and 3 leaders (lanh-dao), 4 is nothing. All of them
 * everywhere. */
Store *bench_open(void);
void bench_close(Store *store);
void bench_people(Store *store); /* into a store of one's own */
/* Tuesday 2026-11-17 08:00, a working day. */
int64_t bench_now(void);

#define BPMN(body)                                                                                           \
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' xmlns:sen='urn:sen:bpmn:1' "           \
    "targetNamespace='t'>"                                                                                   \
    "<message id='m1' name='paid'><extensionElements><sen:message correlationKey='= "                        \
    "key'/></extensionElements></message>"                                                                   \
    "<error id='e1' errorCode='E1'/><process id='p' isExecutable='true'>" body "</process></definitions>"
#define FLOW(id, from, to) "<sequenceFlow id='" id "' sourceRef='" from "' targetRef='" to "'/>"
#define FLOW_IF(id, from, to, if)                                                                            \
    "<sequenceFlow id='" id "' sourceRef='" from "' targetRef='" to                                          \
    "'><conditionExpression>" if "</conditionExpression></sequenceFlow>"
#define USER(id)                                                                                             \
    "<userTask id='" id                                                                                      \
    "'><extensionElements><sen:assignment groups='chuyen-vien'/></extensionElements></userTask>"
#define SERVICE(id, type)                                                                                    \
    "<serviceTask id='" id "'><extensionElements><sen:task type='" type                                      \
    "'/></extensionElements></serviceTask>"

void bench_deploy(Store *store, const char *xml);
int64_t bench_start(Store *store, const char *process, const char *key, const char *variables, int64_t now);
WfAnswer bench_complete(Store *store, int64_t instance, const char *element, int64_t account,
                        const char *outcome, const char *data, int64_t now);
TaskClaim bench_claim(Store *store, int64_t instance, const char *element, int64_t account, int64_t now);
int bench_publish(Store *store, const char *name, const char *key, const char *message_id,
                  const char *variables, int64_t ttl_ms, int64_t now);
bool bench_retry(Store *store, int64_t instance, int64_t now);
void bench_cancel(Store *store, int64_t instance, int64_t now);
void bench_set(Store *store, int64_t instance, const char *name, const char *value);
void bench_due(Store *store, int64_t instance, int64_t due_at);

/* "bd+ tham-dinh+ tre- ky*": + completed, - terminated, * active, ? activating, ! completing; in order of
 * creation. */
const char *bench_path(Store *store, int64_t instance);
const char *bench_state(Store *store, int64_t instance);
const char *bench_incident(Store *store, int64_t instance); /* type of the open one; "" */
int64_t bench_int(Store *store, const char *sql, int64_t id);
const char *bench_text(Store *store, const char *sql, int64_t id);
const char *bench_variable(Store *store, int64_t instance, const char *name); /* as JSON */
const char *bench_file(const char *name);                                     /* of the source tree */

#endif
