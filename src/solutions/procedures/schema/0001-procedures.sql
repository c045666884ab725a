-- Administrative procedures: the catalogue (field → procedure → version → case, component, fee), the dossiers filed under it, and what happens
-- to them (spec 03 §4.2). A dossier keeps the version it was accepted with. Refusals, extensions, stops, hand-overs, opinions and bundles get
-- their tables when their forms do.

-- ---- The catalogue ----

create table prc_field (                    -- lĩnh vực
    id bigint primary key,
    code text unique,                       -- G15-TP07; null where the national portal gives none
    name text not null unique
);

create table prc_procedure (                -- thủ tục hành chính
    id bigint primary key,
    code text not null unique,              -- 1.001193
    name text not null,
    field_id bigint not null references prc_field (id),
    level text not null,                    -- xa | tinh: who decides
    version_id bigint,                      -- the one in force
    created_at bigint not null
);
create index prc_procedure_field on prc_procedure (field_id, code);

create table prc_version (                  -- one publication of a procedure
    id bigint primary key,
    procedure_id bigint not null references prc_procedure (id),
    number integer not null,
    content_hash text not null,             -- of the record it was read from: the same record makes no new version
    agency text,                            -- cơ quan thực hiện, as published
    issuer text,                            -- cơ quan ban hành
    route text not null,                    -- local | ministry | portal: which system owns the status
    online_level text not null,             -- toan_trinh | mot_phan | thong_tin
    process_id text not null,               -- BPMN
    form_id text not null,                  -- form-js
    clock_policy jsonb not null,            -- {"supplement": "pause", "payment": "pause", "legal": …}
    by_hours boolean not null,
    results jsonb not null,
    legal_basis jsonb not null,
    time_text text,
    fee_text text,
    note text,
    sample boolean not null,                -- not read on the national portal: shown with a mark
    source_url text,
    source_note text,
    source_read text,                       -- the date
    effective_from bigint not null,
    effective_to bigint,
    unique (procedure_id, number),
    unique (procedure_id, content_hash)
);

create table prc_case (                     -- trường hợp: a time limit under a condition
    id bigint primary key,
    version_id bigint not null references prc_version (id),
    code text,                              -- 1.001193.02
    channel integer,                        -- null: all
    quantity bigint not null,
    unit text not null,                     -- WORKING_DAY DAY HOUR MONTH SAME_DAY, or OTHER: not a time
    place integer not null
);
create index prc_case_version on prc_case (version_id, place);

create table prc_component_def (            -- thành phần hồ sơ
    id bigint primary key,
    version_id bigint not null references prc_version (id),
    code text,                              -- kept verbatim
    name text not null,
    group_name text not null,
    group_type text not null,               -- ALL_OF: papers everybody brings; ONE_OF: one such group applies
    presented boolean not null,             -- xuất trình: shown, not handed in
    form boolean not null,                  -- the declaration that the e-form replaces
    required boolean not null,
    original_qty integer not null,
    copy_qty integer not null,
    place integer not null
);
create index prc_component_def_version on prc_component_def (version_id, place);

create table prc_fee_def (                  -- phí, lệ phí, giá
    id bigint primary key,
    version_id bigint not null references prc_version (id),
    kind text not null,                     -- FEE SERVICE_FEE PRICE_LEVEL
    channel integer not null,               -- 0: all
    vnd bigint not null,
    first_pages integer not null,
    next_vnd bigint not null,
    cap_vnd bigint not null,
    known boolean not null,
    exemptions boolean not null,
    moment integer not null,                -- 1 at intake, 2 at a supplement, 4 at return
    note text,
    amounts jsonb,                          -- what the text names, when it depends on the case
    place integer not null
);
create index prc_fee_def_version on prc_fee_def (version_id, place);

-- ---- Dossiers ----

create table prc_sequence (                 -- the last number given to an agency on a day (or in a year)
    agency text not null,
    period bigint not null,
    last bigint not null,
    primary key (agency, period)
);

create table prc_dossier (                  -- hồ sơ
    id bigint primary key,
    code text unique,                       -- null while it is a draft
    national_id text,
    procedure_id bigint not null references prc_procedure (id),
    version_id bigint not null references prc_version (id),
    case_id bigint references prc_case (id),
    channel integer not null,               -- 1 counter, 2 online, 3 public post
    applicant_account_id bigint,            -- the applicant, the owner, the representative and the helper are four persons
    applicant_name text not null,
    applicant_pid text,
    applicant_phone text,
    applicant_email text,
    applicant_address text,
    owner_name text not null,
    owner_pid text,
    owner_kind integer not null,            -- 0 citizen, 1 enterprise, 2 household business
    representative_name text,
    representative_pid text,
    authority text,                         -- on what the representation rests
    assisted_by_id bigint,
    support_point text,
    reception_org_id bigint not null,
    org_id bigint not null,                 -- the competent agency
    submitted_at bigint,
    accepted_at bigint,
    original_due_at bigint,
    due_at bigint,
    finished_at bigint,
    returned_at bigint,
    status text not null,                   -- states.c
    status_before text,                     -- where a withdrawal came from
    step text,                              -- the open element of the process
    form_data jsonb not null,
    fee_vnd bigint not null,
    fee_known boolean not null,
    fee_state text not null,                -- none due paid unknown
    owner_system text not null,             -- exactly one: local | portal | a ministry's
    source_time bigint,
    retention text,
    request_id text,                        -- of the submission: the same again gives the same answer
    instance_id bigint,                     -- of the process
    handler_id bigint,                      -- who examines
    handler_name text,
    supplement_count integer not null,
    created_at bigint not null,
    updated_at bigint not null,
    urgent_at bigint not null,              -- the order of work lists: see dossier.c
    event_seq integer not null,             -- the head of its chain of events
    event_hash text not null,
    unique (applicant_account_id, request_id)
);
create index prc_dossier_org on prc_dossier (org_id, urgent_at, id);
create index prc_dossier_urgent on prc_dossier (urgent_at, id);
create index prc_dossier_submitted on prc_dossier (submitted_at, id);
create index prc_dossier_applicant on prc_dossier (applicant_account_id, updated_at);
create index prc_dossier_accepted on prc_dossier (accepted_at);
create index prc_dossier_status on prc_dossier (status, due_at);

create table prc_dossier_component (        -- a paper of a dossier; a file is never replaced, only superseded
    id bigint primary key,
    dossier_id bigint not null references prc_dossier (id),
    component_id bigint references prc_component_def (id),
    name text not null,
    state text not null,                    -- given | superseded
    file_id bigint,
    file_name text,
    sha256 text,
    size bigint,
    copy_kind integer not null,             -- 0 original, 1 copy, 2 electronic copy
    digitised boolean not null,
    reused boolean not null,
    from_national_store boolean not null,
    supplement_id bigint,
    added_by_id bigint,
    added_at bigint not null
);
create index prc_dossier_component_dossier on prc_dossier_component (dossier_id, added_at);

create table prc_dossier_event (            -- what happened; append-only, each sealed by the hash of the one before
    dossier_id bigint not null references prc_dossier (id),
    seq integer not null,
    at bigint not null,
    actor_id bigint,
    actor_name text,
    org_id bigint,
    kind text not null,                     -- states.c: the event of the move, or draft_result sign number …
    from_status text not null,
    to_status text not null,
    note text,
    document_id bigint,                     -- the file it made
    data jsonb,
    hash text not null,
    primary key (dossier_id, seq)
);
create index prc_dossier_event_at on prc_dossier_event (at);

create table prc_supplement (               -- phiếu yêu cầu bổ sung (form 02)
    id bigint primary key,
    dossier_id bigint not null references prc_dossier (id),
    number integer not null,
    stage text not null,                    -- intake | examination
    ground text not null,
    items jsonb not null,
    asked_by_id bigint,
    asked_by_name text,
    asked_at bigint not null,
    due_at bigint,
    answered_at bigint,
    unique (dossier_id, number)
);

create table prc_result (                   -- kết quả; issued bytes never change, a correction is a new row that replaces
    id bigint primary key,
    dossier_id bigint not null references prc_dossier (id),
    token text not null unique,             -- in the QR code of the document
    kind text not null,                     -- positive | negative
    title text not null,
    conclusion text not null,
    state text not null,                    -- drafted signed numbered issued revoked
    number_seq bigint,
    number text,
    dated_at bigint,
    drafted_by_id bigint,
    signer_id bigint,
    signer_name text,
    signed_at bigint,
    sealed_by_id bigint,
    issued_at bigint,
    file_id bigint,
    sha256 text,
    valid_from bigint,
    valid_to bigint,
    replaces_id bigint references prc_result (id),
    revoked_at bigint
);
create index prc_result_dossier on prc_result (dossier_id);

create table prc_delivery (                 -- trả kết quả
    id bigint primary key,
    dossier_id bigint not null references prc_dossier (id),
    result_id bigint references prc_result (id),
    channel integer not null,
    receiver text not null,
    id_check text,                          -- how the receiver was identified
    proof text,
    by_id bigint,
    at bigint not null
);
create index prc_delivery_dossier on prc_delivery (dossier_id);

create table prc_fee_item (
    id bigint primary key,
    dossier_id bigint not null references prc_dossier (id),
    kind text not null,
    vnd bigint not null,
    pages bigint not null,
    copies bigint not null,
    moment integer not null,
    state text not null,                    -- due | paid | exempt
    reference text,                         -- the payment's own number
    paid_at bigint
);
create index prc_fee_item_dossier on prc_fee_item (dossier_id);

create table prc_status_try (               -- wrong check words, by code and hour: the sixth finds the page closed
    code text not null,
    hour bigint not null,
    tries integer not null,
    primary key (code, hour)
);
