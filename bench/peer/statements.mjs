// The statements of Sen's rooms, word for word, on a copy of Sen's own database: same tables, same indexes.
import Database from 'better-sqlite3'

const DOSSIER = ['id', 'code', 'national_id', 'procedure_id', 'version_id', 'case_id', 'channel', 'applicant_account_id', 'applicant_name', 'applicant_pid',
  'applicant_phone', 'applicant_email', 'applicant_address', 'owner_name', 'owner_pid', 'owner_kind', 'representative_name', 'representative_pid', 'authority',
  'assisted_by_id', 'support_point', 'reception_org_id', 'org_id', 'submitted_at', 'accepted_at', 'original_due_at', 'due_at', 'finished_at', 'returned_at', 'status',
  'status_before', 'step', 'form_data', 'fee_vnd', 'fee_known', 'fee_state', 'owner_system', 'source_time', 'retention', 'request_id', 'instance_id', 'handler_id',
  'handler_name', 'supplement_count', 'created_at', 'updated_at', 'urgent_at', 'event_seq', 'event_hash']
const version = `select v.id, v.procedure_id, p.code, p.name, f.name as field, p.level, coalesce(v.agency, '') as agency, v.route, v.online_level, v.process_id, v.form_id,
  v.clock_policy, v.by_hours, v.sample from prc_version v join prc_procedure p on p.id = v.procedure_id join prc_field f on f.id = p.field_id where `
const marks = (n, from = 1) => `(${Array.from({ length: n }, (_, i) => `?${from + i}`).join(', ')})`
const rows = (n, columns) => Array.from({ length: n }, (_, i) => marks(columns, i * columns + 1)).join(', ')
const scopes = n => `insert into wf_scope (id, instance_id, parent_id, flow_scope_id, element_id, type, state, outcome, created_at, ended_at) values ${rows(n, 10)}`
const events = n => `insert into wf_event (instance_id, seq, scope_id, element_id, at, intent, actor_id, payload, prev_hash, hash) values ${rows(n, 10)}`

const sql = {
  session: `select s.id as session_id, s.account_id, a.person_id, a.org_id, a.grants_version, s.auth_time, s.idle_until, s.ends_at, s.last_seen_at, s.csrf, a.kind, a.username,
    p.full_name as name from iam_session s join iam_account a on a.id = s.account_id left join iam_person p on p.id = a.person_id
    where s.token_hash = ?1 and s.revoked_at is null and a.state = 'active'`,
  grants: `select p.permission, g.org_id, g.subtree from iam_assignment g join iam_role_permission p on p.role = g.role where g.account_id = ?1 and g.valid_from <= ?2 and
    (g.valid_to is null or g.valid_to > ?2)`,
  orgs: `select o.id, o.key, n.name, (select substr(d.code, 1, instr(d.code, '-') - 1) from prc_dossier d where d.org_id = o.id and d.code is not null limit 1) as code
    from iam_org o join iam_org_name n on n.org_id = o.id and n.valid_to is null`,
  filed: 'select * from prc_dossier where applicant_account_id = ?1 and request_id = ?2',
  versionInForce: version + 'p.code = ?1 and v.id = p.version_id',
  version: version + 'v.id = ?1',
  pid: 'select pid_sealed from iam_person where id = ?1',
  missing: `select id, name from prc_component_def c where c.version_id = ?1 and c.required and not exists (select 1 from prc_dossier_component g where g.dossier_id = ?2 and
    g.component_id = c.id and g.state = 'given') order by c.place`,
  sequence: `insert into prc_sequence (agency, period, last) values (?1, ?2, 1) on conflict (agency, period) do update set last = prc_sequence.last + 1 returning last`,
  fees: `select kind, channel, vnd, first_pages, next_vnd, cap_vnd, known, exemptions, coalesce(note, '') as note from prc_fee_def where version_id = ?1 order by place`,
  insertDossier: `insert into prc_dossier (${DOSSIER.join(', ')}) values ${marks(DOSSIER.length)}`,
  dossierEvent: `insert into prc_dossier_event (dossier_id, seq, at, actor_id, actor_name, org_id, kind, from_status, to_status, note, document_id, data, hash) values ${marks(13)}`,
  auditHead: 'update audit_head set seq = seq + 1 where stream = ?1 returning seq, row_id, hash',
  audit: `insert into audit (id, stream, seq, at, actor, on_behalf_of, org_id, session_id, action, object, case_id, result, ip_prefix, trace_id, details, prev_id, prev, hash)
    values ${marks(18)}`,
  auditTop: 'update audit_head set row_id = ?2, hash = ?3 where stream = ?1',
  event: `insert into event (id, topic, subject_id, org_id, at, data) values ${marks(6)}`,
  fee: `insert into prc_fee_item (id, dossier_id, kind, vnd, pages, copies, moment, state) values (?1,?2,?3,?4,?5,?6,1,'due')`,
  task: `insert into task (id, module, title, subject, subject_fold, url, subject_id, org_id, role, assignee_id, excluded_id, due_at, step_due_at, instance_id, scope_id,
    element_id, form_id, state, created_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, 'created', ?18)`,
  withRole: `select distinct a.id from iam_assignment g join iam_account a on a.id = g.account_id where g.role = ?1 and a.state = 'active' and g.valid_from <= ?3 and
    (g.valid_to is null or g.valid_to > ?3) and (g.org_id is null or g.org_id = ?2 or (g.subtree and g.org_id in (0, ?2))) order by a.id`,
  notification: `insert into notification (id, account_id, text_key, text_values, url, urgent, created_at, mail_state) values ${marks(8)}`,
  searchFind: 'select doc_id from search_text where kind = ?1 and id = ?2',
  searchText: 'insert into search_text (kind, id) values (?1, ?2) returning doc_id',
  searchWords: 'insert into search_words (doc_id, title, body) values (?1, ?2, ?3)',
  searchIndex: 'insert into search_index (rowid, title, body) values (?1, ?2, ?3)',

  dossier: 'select * from prc_dossier where id = ?1',
  caseOf: `select id, quantity, unit from prc_case where version_id = ?1 and unit <> 'OTHER' and (channel is null or channel = ?2) order by place limit 1`,
  caseById: 'select id, quantity, unit from prc_case where id = ?1 and version_id = ?2',
  eventsOf: 'select at, kind, from_status from prc_dossier_event where dossier_id = ?1 order by seq',
  accepted: `update prc_dossier set case_id = ?1, accepted_at = ?2, original_due_at = ?3, due_at = ?4, status = ?5, status_before = ?6, updated_at = ?7, urgent_at = ?8,
    event_seq = ?9, event_hash = ?10 where id = ?11`,
  handedOver: 'update prc_dossier set status = ?1, status_before = ?2, event_seq = ?3, event_hash = ?4 where id = ?5',
  stepped: 'update prc_dossier set step = ?1, instance_id = ?2 where id = ?3',
  openTask: `select id from task where subject_id = ?1 and state in ('created', 'claimed') and (?2 = '' or element_id = ?2) order by id limit 1`,
  taskById: `select id, module, title, subject, url, subject_id, org_id, role, assignee_id, excluded_id, due_at, step_due_at, instance_id, scope_id, element_id, form_id, state,
    created_at, claimed_at, completed_at, outcome from task where id = ?1`,
  closeTask: `update task set state = ?2, outcome = ?3, completed_by = ?4, completed_at = ?5 where id = ?1 and state in ('created', 'claimed')`,
  definition: `select id from wf_definition where process_id = ?1 and state = 'active' and effective_from <= ?2 order by version desc limit 1`,
  instance: `insert into wf_instance (id, definition_id, process_id, business_key, parent_instance_id, parent_scope_id, root_instance_id, org_id, subject_id, module, subject, url,
    due_at, started_by, state, started_at, ended_at, incident_count, event_seq, event_hash) values ${marks(20)}`,
  scopes3: scopes(3), scopes2: scopes(2), events12: events(12), events6: events(6),
  variable: `insert into wf_variable (scope_id, name, instance_id, value) values (?1, ?2, ?3, ?4) on conflict (scope_id, name) do update set value = excluded.value,
    version = wf_variable.version + 1`,
  subscription: `insert into wf_subscription (id, kind, name, correlation_key, instance_id, scope_id, element_id, interrupting, created_at) values (?1, 'message', ?2, ?3, ?4, ?5, ?6,
    ?7, ?8)`,
  messages: 'select id, published_at, variables, processes from wf_message where name = ?1 and correlation_key = ?2 and ttl_until > ?3 order by id',
  instanceNow: 'update wf_instance set state = ?2, ended_at = ?3, due_at = ?4, incident_count = ?5, event_seq = ?6, event_hash = ?7 where id = ?1',
  scopeNow: 'update wf_scope set parent_id = ?2, state = ?3, outcome = ?4, ended_at = ?5 where id = ?1',

  tries: 'select coalesce(sum(tries), 0) as n from prc_status_try where code = ?1 and hour = ?2',
  status: `select d.code, d.status, d.submitted_at, d.accepted_at, d.due_at, d.finished_at, d.org_id, p.name as procedure from prc_dossier d join prc_procedure p on
    p.id = d.procedure_id where d.code = ?1`
}

// The settings of Sen's own connections.
export function openStore(path) {
  const db = new Database(path, { timeout: 10000 })
  db.pragma('journal_mode = wal')
  db.pragma('synchronous = full')
  db.pragma('foreign_keys = on')
  db.pragma('temp_store = memory')
  db.pragma('mmap_size = 1073741824')
  db.pragma('cache_size = -65536')
  db.pragma('wal_autocheckpoint = 4000')
  const q = Object.fromEntries(Object.entries(sql).map(([name, text]) => [name, prepare(db, text)]))
  return { db, q }
}

// better-sqlite3 takes ?1 for a name, so the numbers are left out; where they are not 1, 2, 3 … in order the arguments are put in their places.
function prepare(db, text) {
  const order = [...text.matchAll(/\?(\d+)/g)].map(m => m[1] - 1)
  const statement = db.prepare(text.replace(/\?\d+/g, '?')).safeIntegers(true)
  if (order.every((place, i) => place === i)) return statement
  const placed = args => order.map(place => args[place])
  return { run: (...args) => statement.run(placed(args)), get: (...args) => statement.get(placed(args)), all: (...args) => statement.all(placed(args)) }
}
