/* The solution as a value: its paths, rights, menu and hooks. Read README.md for the way of a dossier through
 * these files. */
#include "solutions/procedures/procedures.h"
#include "solutions/procedures/catalogue.h"
#include "solutions/procedures/demo.h"
#include "solutions/procedures/filing.h"
#include "solutions/procedures/handling.h"
#include "solutions/procedures/papers.h"
#include "solutions/procedures/public.h"
#include "solutions/procedures/receipts.h"
#include "solutions/procedures/record.h"
#include "solutions/procedures/steering.h"
#include "solutions/procedures/verify.h"
#include "solutions/procedures/worklist.h"

static const Param search_params[] = { { .name = "q", .type = PARAM_TEXT, .max = 200 }, { 0 } };
static const Param save_params[] = { { .name = "save", .type = PARAM_BOOL }, { 0 } };

enum {
    APPLY = ROUTE_SLOW | ROUTE_OPEN_PARAMS | ROUTE_LARGE_BODY,
    FILES = ROUTE_SLOW | ROUTE_OPEN_PARAMS | ROUTE_LARGE_BODY
};

#define RECORD "/dossiers/{id}"

static const Route routes[] = {
    { GET, "/", procedures_home, "public", "The public home page", NULL, NULL, 0 },
    { GET, "/procedures", procedures_search, "public", "Find a procedure", search_params, NULL, 0 },
    { GET, "/procedures/{code}", procedures_show, "public", "What a procedure asks for, takes and costs",
      NULL, NULL, 0 },
    { GET, "/procedures/{code}/apply", apply_show, "signed-in", "The form of a procedure, in three steps",
      NULL, NULL, ROUTE_OPEN_PARAMS },
    { POST, "/procedures/{code}/apply", apply_post, "signed-in", "Save a step of a draft, or submit it",
      apply_params, NULL, APPLY },
    { GET, "/status", status_show, "public", "The state of a dossier by code and check word", status_params,
      NULL, 0 },
    { GET, "/verify/{token}", verify_show, "public", "Is this result genuine? Without its content", NULL,
      NULL, 0 },
    { GET, "/board", board_show, "public", "How punctual each body is", NULL, NULL, 0 },
    { GET, "/steering", steering_show, "procedures.steer", "Figures and late work for leaders", NULL, NULL,
      0 },
    { GET, "/dossiers", dossiers_list, "signed-in", "My dossiers, or the work list", NULL, NULL,
      ROUTE_OPEN_PARAMS },
    { POST, "/dossiers", dossier_file_whole, "signed-in", "File a dossier in one request, for programs",
      intake_params, NULL, 0 },
    { GET, RECORD, dossier_show, "signed-in", "One dossier", NULL, NULL, 0 },
    { GET, RECORD "/stream", dossier_stream, "signed-in", "Told when this dossier changes", NULL, NULL, 0 },
    { GET, RECORD "/files/{file_id}", dossier_file, "signed-in", "A paper or the result", save_params, NULL,
      0 },
    { GET, RECORD "/forms/{form}", dossier_form, "signed-in", "Official form 01 or 02 as PDF", NULL, NULL,
      0 },
    { POST, RECORD "/accept", dossier_accept, "procedures.accept", "Accept: the clock begins", accept_params,
      RECORD, 0 },
    { POST, RECORD "/refuse", dossier_refuse, "procedures.accept", "Refuse intake, on a ground",
      ground_params, RECORD, 0 },
    { POST, RECORD "/request-supplement", dossier_request_supplement, "procedures.read",
      "Ask for more papers", request_supplement_params, RECORD, 0 },
    { POST, RECORD "/supplement", dossier_supplement, "signed-in", "Add what was asked for",
      supplement_params, RECORD, FILES },
    { POST, RECORD "/withdraw", dossier_withdraw, "signed-in", "Ask to withdraw", withdraw_params, RECORD,
      0 },
    { POST, RECORD "/settle-withdrawal", dossier_settle_withdrawal, "procedures.accept",
      "Agree to a withdrawal or not", settle_params, RECORD, 0 },
    { POST, RECORD "/stop", dossier_stop, "procedures.sign", "Stop on a legal ground", ground_params, RECORD,
      0 },
    { POST, RECORD "/pay", dossier_pay, "procedures.accept", "Record that a financial duty was met",
      pay_params, RECORD, 0 },
    { POST, RECORD "/examine", dossier_examine, "procedures.examine",
      "Draft the result and put it up for signature", examine_params, RECORD, 0 },
    { POST, RECORD "/return-draft", dossier_return_draft, "procedures.sign", "Give a draft back",
      return_params, RECORD, 0 },
    { POST, RECORD "/sign", dossier_sign, "procedures.sign", "Sign the result with one's key", NULL, RECORD,
      ROUTE_SLOW },
    { POST, RECORD "/issue", dossier_issue, "procedures.issue", "Number, seal and issue the result", NULL,
      RECORD, ROUTE_SLOW },
    { POST, RECORD "/deliver", dossier_deliver, "procedures.accept", "Hand the result over", deliver_params,
      RECORD, 0 },
    { 0 },
};

static const Permission permissions[] = {
    { "procedures.read", "procedures.permission.read",
      "reception specialist leader clerk director auditor process_owner" },
    { "procedures.accept", "procedures.permission.accept", "reception" },
    { "procedures.examine", "procedures.permission.examine", "specialist" },
    { "procedures.sign", "procedures.permission.sign", "leader" },
    { "procedures.issue", "procedures.permission.issue", "clerk" },
    { "procedures.steer", "procedures.permission.steer", "leader director" },
    { 0 },
};

static const MenuItem menu[] = {
    { "/procedures", "procedures.menu.procedures", "public", "search", 100 },
    { "/dossiers", "procedures.menu.my-dossiers", "citizen", "folders", 110 },
    { "/dossiers", "procedures.menu.dossiers", "procedures.read", "folders", 110 },
    { "/steering", "procedures.menu.steering", "procedures.steer", "chart-bar", 120 },
    { "/status", "procedures.menu.status", "public", "qrcode", 130 },
    { "/board", "procedures.menu.board", "public", "trophy", 140 },
    { 0 },
};

static const Topic topics[] = {
    { "dossiers", "procedures.read" },
    { 0 },
};

static const Metric metrics[] = {
    { "sen_procedures_open_dossiers", "Dossiers that are not finished", open_dossiers },
    { "sen_procedures_late_dossiers", "Dossiers past their due date whose clock runs", late_dossiers },
    { 0 },
};

static void stop(void)
{
    steering_stop();
    public_stop();
}

const Solution procedures_solution = {
    .name = "procedures",
    .title = "procedures.title",
    .routes = routes,
    .permissions = permissions,
    .menu = menu,
    .topics = topics,
    .metrics = metrics,
    .handlers = process_handlers,
    .start = public_start,
    .stop = stop,
    .load_reference = catalogue_load,
    .load_demo = procedures_demo,
    .verify = dossiers_verify,
};
