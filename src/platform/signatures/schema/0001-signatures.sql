-- Keys' certificates, requests to sign, signatures made, and the evidence of each (spec 25 §4).
-- Private keys are never here: key_id names them in the token of the source.

create table sig_key_source (
    id bigint primary key,
    kind text not null check (kind in ('pkcs11', 'desk', 'csc', 'pkcs12')),
    name text not null,
    settings jsonb,
    health text not null default 'good',
    checked_at bigint not null
);

create table sig_certificate (
    id bigint primary key,
    sha256 text not null unique,
    der bytea not null,
    subject text not null,
    organisation text,
    issuer text not null,
    serial text not null,
    not_before bigint not null,
    not_after bigint not null,
    key_alg text not null,
    key_bits integer not null,
    kind text not null check (kind in ('official', 'public', 'internal', 'sandbox')),
    role text not null check (role in ('root', 'issuing', 'signer')),
    account_id bigint,
    org_id bigint,
    source_id bigint references sig_key_source (id),
    key_id text,
    status text not null check (status in ('active', 'suspended', 'revoked', 'expired')),
    status_at bigint not null,
    status_reason text,
    bound_by bigint,
    second_by bigint,
    created_at bigint not null
);
create index sig_certificate_account on sig_certificate (account_id, status);
create index sig_certificate_org on sig_certificate (org_id, status);
create index sig_certificate_end on sig_certificate (not_after);

create table sig_request (
    id bigint primary key,
    purpose text not null,
    caller_id bigint,
    document_sha256 text not null,
    format text not null,
    level text not null,
    packaging text not null,
    policy text not null,
    field text,
    state text not null,
    certificate_id bigint not null references sig_certificate (id),
    dtbs_hash text not null unique,
    alg text not null,
    expires_at bigint not null,
    result_sha256 text,
    error text,
    created_at bigint not null
);
create index sig_request_open on sig_request (state, expires_at);

create table sig_signature (
    id bigint primary key,
    request_id bigint not null references sig_request (id),
    document_sha256 text not null,
    ordinal integer not null,
    field text,
    certificate_id bigint not null references sig_certificate (id),
    signed_at bigint not null,
    best_time bigint,
    level text not null
);
create index sig_signature_document on sig_signature (document_sha256);
create index sig_signature_certificate on sig_signature (certificate_id, signed_at);

create table sig_evidence (
    id bigint primary key,
    seq bigint not null unique,
    request_id bigint not null references sig_request (id),
    items jsonb not null,
    prev_hash text not null,
    hash text not null,
    created_at bigint not null
);
