-- The engine's tables (spec 23 §4). Only this room reads and writes them. Times are UTC milliseconds; keys come from id_new().

create table wf_deployment (
    id bigint primary key,
    name text not null,
    created_by bigint,
    approved_by bigint,
    effective_from bigint not null,
    note text not null default '',
    sha256 text not null,
    created_at bigint not null
);

create table wf_resource (
    id bigint primary key,
    deployment_id bigint not null references wf_deployment (id),
    name text not null,
    kind text not null,         -- bpmn dmn form test
    body text not null,
    sha256 text not null
);
create index wf_resource_deployment on wf_resource (deployment_id);

create table wf_definition (
    id bigint primary key,
    process_id text not null,
    version integer not null,
    version_tag text,
    name text not null,
    resource_id bigint not null references wf_resource (id),
    state text not null,        -- draft pending active suspended retired
    effective_from bigint not null,
    created_at bigint not null,
    unique (process_id, version)
);

create table wf_instance (
    id bigint primary key,
    definition_id bigint not null references wf_definition (id),
    process_id text not null,
    business_key text,
    parent_instance_id bigint,
    parent_scope_id bigint,
    root_instance_id bigint not null,
    org_id bigint,              -- the agency whose tasks they are
    subject_id bigint,
    module text not null default '',
    subject text not null default '',
    url text not null default '',
    due_at bigint,
    started_by bigint,
    state text not null,        -- active completed terminated suspended
    started_at bigint not null,
    ended_at bigint,
    incident_count integer not null default 0,
    event_seq bigint not null default 0,
    event_hash text not null default ''
);
create index wf_instance_business on wf_instance (business_key, state);
create index wf_instance_definition on wf_instance (definition_id, state);
create index wf_instance_subject on wf_instance (subject_id);

create table wf_scope (
    id bigint primary key,
    instance_id bigint not null references wf_instance (id),
    parent_id bigint,           -- whose life bounds it: a boundary event's is its activity
    flow_scope_id bigint,       -- where its tokens run: process or sub-process
    element_id text not null,
    type text not null,
    state text not null,        -- activating active completing completed terminating terminated
    outcome text,               -- of a user task; of an event gateway: the event that won
    mi_index integer,
    created_at bigint not null,
    ended_at bigint
);
create index wf_scope_instance on wf_scope (instance_id, state);

create table wf_token (
    scope_id bigint not null,   -- flow scope
    flow_id text not null,      -- the flow it waits on, before a join
    instance_id bigint not null,
    count integer not null,
    primary key (scope_id, flow_id)
);
create index wf_token_instance on wf_token (instance_id);

create table wf_variable (
    scope_id bigint not null,
    name text not null,
    instance_id bigint not null,
    value jsonb not null,
    version integer not null default 1,
    primary key (scope_id, name)
);
create index wf_variable_instance on wf_variable (instance_id);

create table wf_job (
    id bigint primary key,
    instance_id bigint not null,
    scope_id bigint not null,
    type text not null,
    retries integer not null,
    attempt integer not null default 0,
    due_at bigint,              -- null: waits for an operator
    locked_by text,
    lock_until bigint,
    error text,
    back_off text,
    headers jsonb
);
create index wf_job_due on wf_job (due_at);
create index wf_job_scope on wf_job (scope_id);

create table wf_timer (
    id bigint primary key,
    instance_id bigint,
    scope_id bigint,
    definition_id bigint,
    element_id text not null,
    due_at bigint not null,
    repetitions_left integer not null default 1,
    spec text not null,
    business boolean not null default false,
    calendar_id text
);
create index wf_timer_due on wf_timer (due_at);
create index wf_timer_scope on wf_timer (scope_id);

create table wf_subscription (
    id bigint primary key,
    kind text not null,         -- message signal condition
    name text not null,
    correlation_key text not null,
    instance_id bigint,
    scope_id bigint,
    definition_id bigint,
    element_id text not null,
    interrupting boolean not null default true,
    created_at bigint not null
);
create index wf_subscription_name on wf_subscription (kind, name, correlation_key);
create index wf_subscription_scope on wf_subscription (scope_id);

create table wf_message (
    id bigint primary key,
    name text not null,
    correlation_key text not null,
    message_id text,
    published_at bigint not null,
    ttl_until bigint not null,
    variables jsonb,
    processes jsonb not null    -- ids of the processes that took it
);
create index wf_message_name on wf_message (name, correlation_key);
create unique index wf_message_once on wf_message (name, message_id);
create index wf_message_ttl on wf_message (ttl_until);

create table wf_incident (
    id bigint primary key,
    instance_id bigint not null,
    scope_id bigint not null,
    element_id text not null,
    type text not null,
    message text not null,
    created_at bigint not null,
    resolved_at bigint,
    resolved_by bigint
);
create index wf_incident_instance on wf_incident (instance_id);

create table wf_event (
    instance_id bigint not null,
    seq bigint not null,
    scope_id bigint not null,
    element_id text not null,
    at bigint not null,
    intent text not null,
    actor_id bigint,
    payload text not null,      -- JSON exactly as it was sealed
    prev_hash text not null,
    hash text not null,
    primary key (instance_id, seq)
);
