-- Who a person is, by which account they come in, for which body they act and what they may do (spec 19 §4).
-- Validity: valid_from <= now < valid_to in UTC ms; null is open on that side.

create table iam_person (
    id bigint primary key,
    pid_sealed text,            -- personal number, AES-256-GCM under keys/pid.key, bound to this id; never read by SQL
    pid_index text unique,      -- keyed digest of it: to find a person by the number without storing it readable
    full_name text not null,
    name_fold text not null,    -- for search: "nguyen thi lan"
    birth_date text,            -- 1990-02-28
    sex text,                   -- male female
    email text,
    phone text,
    source text not null default 'local',
    created_at bigint not null,
    updated_at bigint not null
);
create index iam_person_name on iam_person (name_fold, id);

create table iam_org (
    id bigint primary key,
    key text not null unique,   -- local key of data/organisations.csv: "ubnd-28249"
    kind text not null,         -- of data/organisations.csv; "unit" for rooms inside a body
    level text not null,        -- province commune unit
    code text,                  -- electronic identifier of the agency (QĐ 20/2020/QĐ-TTg), null until given
    unit_code text,             -- administrative unit: "82", "28249"
    parent_id bigint references iam_org (id),
    sort_order integer not null default 0,
    valid_from bigint,
    valid_to bigint,
    created_at bigint not null
);
create index iam_org_parent on iam_org (parent_id);

create table iam_org_name (
    org_id bigint not null references iam_org (id),
    name text not null,
    short_name text not null,
    name_fold text not null,
    valid_from bigint not null, -- 0: from the beginning
    valid_to bigint,
    primary key (org_id, valid_from)
);

create table iam_account (
    id bigint primary key,
    person_id bigint references iam_person (id), -- null: a service
    org_id bigint references iam_org (id),       -- the body an official acts for
    kind text not null,         -- citizen official service
    username text not null unique, -- lower case
    state text not null default 'active', -- invited active locked retired
    lock_reason text,
    title text,                 -- what the person is there: "Chủ tịch"
    locale text not null default 'vi',
    grants_version bigint not null default 1, -- raised by every change of what it may do
    created_at bigint not null,
    created_by bigint,
    last_login_at bigint
);
create index iam_account_person on iam_account (person_id);
create index iam_account_org on iam_account (org_id);

create table iam_credential (
    id bigint primary key,
    account_id bigint not null references iam_account (id),
    type text not null,         -- password token recovery
    material text not null,     -- PHC string of a password; SHA-256 of a token or of a recovery link
    label text,
    created_at bigint not null,
    created_by bigint,
    last_used_at bigint,
    expires_at bigint,
    revoked_at bigint
);
create index iam_credential_account on iam_credential (account_id, type);
create index iam_credential_material on iam_credential (material);

create table iam_role (
    name text primary key,
    title text not null,        -- i18n key
    privileged boolean not null default false
);

create table iam_role_permission (
    role text not null references iam_role (name),
    permission text not null,   -- "procedures.accept"
    primary key (role, permission)
);

create table iam_assignment (
    id bigint primary key,
    account_id bigint not null references iam_account (id),
    role text not null references iam_role (name),
    org_id bigint references iam_org (id), -- null: everywhere in the province
    subtree boolean not null default false,
    valid_from bigint not null,
    valid_to bigint,            -- revoking ends it here
    reason text,
    created_at bigint not null,
    created_by bigint
);
create index iam_assignment_account on iam_assignment (account_id);
create index iam_assignment_role on iam_assignment (role, org_id);

create table iam_session (
    id bigint primary key,
    token_hash text not null unique, -- SHA-256 of the cookie; the cookie itself is nowhere
    account_id bigint not null references iam_account (id),
    csrf text not null,
    lang text,
    created_at bigint not null,
    auth_time bigint not null,  -- last time the person proved who they are
    idle_until bigint not null,
    ends_at bigint not null,
    last_seen_at bigint not null, -- written at most every 30 s
    ip_prefix text,             -- /24 or /48
    ua_family text,             -- "Firefox, Linux"
    revoked_at bigint
);
create index iam_session_account on iam_session (account_id, revoked_at);
create index iam_session_ends on iam_session (ends_at);

create table iam_throttle (
    key text primary key,       -- SHA-256 of the name that was typed, known or not
    failures integer not null,
    until_at bigint not null,   -- before this moment no attempt is looked at
    last_at bigint not null
);
create index iam_throttle_last on iam_throttle (last_at);

create table iam_stamp (
    name text primary key,      -- "orgs" "roles"
    value bigint not null       -- raised by every change; each node reloads when it differs from what it holds
);
