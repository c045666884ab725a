/* /certificates: who holds which certificate, until when, and how often it signed; its state may be changed
 * by key custodians. */
#include "platform/signatures/pages.h"
#include "platform/signatures/certificates.h"
#include "platform/audit/audit.h"
#include "platform/identity/identity.h"
#include "platform/lists/lists.h"
#include "base/arena.h"
#include "base/text.h"

static const ListColumn columns[] = {
    { "subject", "c.subject", LIST_TEXT, .link = "/certificates/{id}", .sortable = true },
    { "organisation", "c.organisation", LIST_TEXT, .sortable = true },
    { "status", "c.status", LIST_STATE, .states = "active=green suspended=amber revoked=red expired=grey",
      .sortable = true },
    { "not_before", "c.not_before", LIST_DATE, .hidden = true },
    { "not_after", "c.not_after", LIST_DATE, .sortable = true },
    { "signatures", "(select count(*) from sig_signature s where s.certificate_id = c.id)", LIST_NUMBER,
      .sortable = false },
    { "issuer", "c.issuer", LIST_TEXT, .hidden = true },
    { "serial", "c.serial", LIST_CODE, .hidden = true },
    { 0 },
};

static const ListFilter filters[] = {
    { "status", FILTER_CHOICE, "c.status = ?", "active|suspended|revoked|expired", NULL },
    { 0 },
};

static const List certificates = {
    .name = "signatures.certificates",
    .path = "/certificates",
    .from = "sig_certificate c",
    .key = "c.id",
    .columns = columns,
    .filters = filters,
    .order = "not_after",
};

/* Roots belong to no body: whoever may read certificates sees them. */
static const char *scope(Request *rq)
{
    return fmt("(c.org_id is null or %s)", scope_sql(rq->actor, "signatures.read", "c.org_id"));
}

static Reply certificates_list(Request *rq)
{
    return list_page(rq, &certificates, scope(rq), NULL);
}

static Json find(Request *rq)
{
    return db_row(rq->db,
                  fmt("select c.id, c.sha256, c.subject, c.organisation, c.issuer, c.serial, c.not_before as "
                      "not_before_at, c.not_after "
                      "as not_after_at, c.key_alg, c.key_bits, c.kind, c.role, c.status, c.status_at, "
                      "c.status_reason, c.org_id, (select "
                      "count(*) from sig_signature s where s.certificate_id = c.id) as signatures from "
                      "sig_certificate c where c.id = ?1 "
                      "and %s",
                      scope(rq)),
                  I(path_id(rq, "id")));
}

static Reply certificates_show(Request *rq)
{
    Json model = find(rq);
    if (!model)
        return not_found(rq, "signatures.certificate.missing");
    const char *status = json_str(model, "status");
    bool may = can(rq->actor, "signatures.manage") && !text_is(json_str(model, "role"), "root");
    json_set_str(model, "status_key", fmt("signatures.certificates.status.%s", status));
    json_set_str(model, "colour",
                 text_is(status, "active")      ? "green"
                 : text_is(status, "suspended") ? "amber"
                                                : "red");
    json_set_bool(model, "sandbox", text_is(json_str(model, "kind"), "sandbox"));
    json_set_bool(model, "may_revoke", may && !text_is(status, "revoked"));
    json_set_bool(model, "may_suspend", may && text_is(status, "active"));
    json_set_bool(model, "may_resume", may && text_is(status, "suspended"));
    return page(rq, "signatures/certificate", model);
}

static Reply change(Request *rq, const char *status, const char *action)
{
    Json certificate = find(rq);
    if (!certificate || text_is(json_str(certificate, "role"), "root"))
        return not_found(rq, "signatures.certificate.missing");
    int64_t id = json_id(certificate, "id");
    if (json_id(certificate, "org_id") &&
        !can_for(rq->actor, "signatures.manage", json_id(certificate, "org_id")))
        return forbidden(rq, "signatures.certificate.missing");
    if (!certificate_set_status(rq->db, id, status, in_str(rq, "reason"), rq->now))
        return conflict(rq, "signatures.certificate.ended", NULL);
    Json details = json_set_str(json_new(), "reason", in_str(rq, "reason"));
    json_set_str(details, "before", json_str(certificate, "status"));
    audit(rq, action, fmt("certificate:%lld", (long long)id), details);
    return done(rq, fmt("/certificates/%lld", (long long)id), json_set_str(json_new(), "status", status));
}

static Reply certificates_revoke(Request *rq)
{
    return change(rq, "revoked", "signatures.revoke");
}

static Reply certificates_suspend(Request *rq)
{
    return change(rq, "suspended", "signatures.suspend");
}

static Reply certificates_resume(Request *rq)
{
    return change(rq, "active", "signatures.resume");
}

static const Param reason_params[] = {
    { "reason", PARAM_TEXT, true, 3, 500, NULL, "signatures.certificate.reason" },
    { 0 },
};

static const char SHOW[] = "/certificates/{id}";

const Route signatures_routes[] = {
    { GET, "/certificates", certificates_list, "signatures.read", "Certificates for digital signatures", NULL,
      NULL, ROUTE_OPEN_PARAMS },
    { GET, "/certificates/{id}", certificates_show, "signatures.read", "One certificate", NULL, NULL, 0 },
    { POST, "/certificates/{id}/revoke", certificates_revoke, "signatures.manage",
      "Ends the use of a certificate for ever", reason_params, SHOW, 0 },
    { POST, "/certificates/{id}/suspend", certificates_suspend, "signatures.manage",
      "Interrupts the use of a certificate", reason_params, SHOW, 0 },
    { POST, "/certificates/{id}/resume", certificates_resume, "signatures.manage", "Ends the interruption",
      reason_params, SHOW, 0 },
    { GET, "/signatures/check", signatures_check_form, "public",
      "Form to have the signatures of a PDF checked", NULL, NULL, 0 },
    { POST, "/signatures/check", signatures_check, "public", "Checks every signature of a PDF; keeps nothing",
      signatures_check_params, NULL, ROUTE_SLOW | ROUTE_LARGE_BODY | ROUTE_NO_CSRF },
    { 0 },
};
