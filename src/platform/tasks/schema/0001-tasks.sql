-- The inbox of all modules (spec 23 §5.5; there wf_user_task).

create table task (
    id bigint primary key,
    module text not null,
    title text not null,        -- i18n key or text
    subject text not null,
    subject_fold text not null, -- title and subject without marks, for search
    url text not null,
    subject_id bigint,
    org_id bigint,
    role text not null,
    assignee_id bigint,
    excluded_id bigint,
    due_at bigint,
    step_due_at bigint,
    priority integer not null default 50,
    instance_id bigint,
    scope_id bigint,
    element_id text not null default '',
    form_id text,
    state text not null,        -- created claimed completed canceled
    created_at bigint not null,
    claimed_at bigint,
    completed_at bigint,
    completed_by bigint,
    outcome text
);
create index task_assignee on task (assignee_id, state, due_at);
create index task_group on task (org_id, role, state, due_at);
create index task_subject on task (subject_id, state);
create index task_scope on task (scope_id);
create index task_instance on task (instance_id, element_id);
create index task_done on task (completed_by, completed_at);
