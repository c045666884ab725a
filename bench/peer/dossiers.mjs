// Filing and accepting: each one immediate transaction that reads and writes what Sen's does, row for row.
import { createHash } from 'node:crypto'
import { newId, sha256, canonical, seal, searchWords, fold, localDay, dateCode, dueAt } from './rules.mjs'

const HOUR = 3600000
const json = value => JSON.stringify(value, (_, v) => typeof v === 'bigint' ? String(v) : v)

export function makeDossiers({ db, q }, orgs) {
  const streamOf = actor => 1 + createHash('sha256').update(actor).digest()[0] % 16

  function audit(actor, action, object, details, at) {
    const stream = streamOf(actor.label), head = q.auditHead.get(stream), id = newId(), text = json(details)
    const row = { seq: Number(head.seq), at: new Date(at).toISOString(), actor: actor.label, org_id: actor.orgId && String(actor.orgId), session_id: actor.sessionId && String(actor.sessionId),
      action, object, result: 'ok', details, prev_id: head.row_id && String(head.row_id), prev: head.hash }
    const hash = sha256(JSON.stringify(row, (_, v) => typeof v === 'bigint' ? String(v) : v))
    q.audit.run(id, stream, head.seq, at, actor.label, null, actor.orgId ?? null, actor.sessionId ?? null, action, object, null, 'ok', null, null, text, head.row_id, head.hash, hash)
    q.auditTop.run(stream, id, hash)
  }

  function addEvent(d, kind, from, actor, at) {
    const seq = Number(d.event_seq) + 1
    d.event_hash = seal(d.event_hash, { dossier_id: String(d.id), seq, at, actor_id: String(actor.id ?? 0), kind, from, to: d.status, note: null, document_id: '0' })
    d.event_seq = seq
    return () => q.dossierEvent.run(d.id, seq, at, actor.id ?? null, actor.name, actor.orgId ?? null, kind, from, d.status, null, null, null, d.event_hash)
  }

  function tell(d, kind, actor, at) {
    const data = { id: String(d.id), code: d.code, status: d.status, kind }
    audit(actor, `procedures.${kind}`, `dossier:${d.id}`, data, at)
    q.event.run(newId(), `procedures.dossier.${kind}`, d.id, d.org_id, at, json(data))
  }

  function notify(account, key, values, url, at) {
    q.notification.run(newId(), account, key, json(values), url, 0, at, 'off')
  }

  function addTask(d, title, role, element, fields, at) {
    const id = newId(), subject = `${d.code} · ${d.procedure} · ${d.applicant_name}`
    q.task.run(id, 'procedures', title, subject, fold(`${title} ${subject}`), `/dossiers/${d.id}`, d.id, d.org_id, role, fields.assignee ?? null, fields.excluded ?? null, fields.due, null,
      fields.instance ?? null, fields.scope ?? null, element, null, at)
    const data = { task_id: String(id), title, subject, due_at: fields.due }
    q.event.run(newId(), 'workflow.task.created', id, d.org_id, at, json(data))
    return data
  }

  function feeOf(version) {
    for (const rule of q.fees.all(version.id))
      if (rule.known && (rule.channel === 0n || rule.channel === 2n)) return rule
    return null
  }

  const file = db.transaction((actor, body) => {
    const at = Date.now()
    const before = q.filed.get(actor.id, body.request_id)
    if (before) return { status: 200, id: before.id, code: before.code, state: before.status }
    const v = q.versionInForce.get(body.procedure), org = orgs.byKey.get(body.org)
    if (!v || !org || v.route !== 'local') return { status: 422 }
    q.pid.get(actor.personId)
    const d = { id: newId(), event_seq: 0, event_hash: '', status: 'submitted', org_id: org.id, procedure: v.name, applicant_name: actor.name }
    if (q.missing.all(v.id, d.id).length) return { status: 422 }
    const number = q.sequence.get(org.code, localDay(at)).last
    d.code = `${org.code}-${dateCode(at)}-${String(number).padStart(7, '0')}`
    const fee = feeOf(v), form = { ...body.form, applicant: { name: actor.name, pid: actor.pid, ...body.form.applicant }, for_another: false }
    const writeEvent = addEvent(d, 'submit', 'draft', actor, at), a = form.applicant
    q.insertDossier.run(d.id, d.code, null, v.procedure_id, v.id, null, 2, actor.id, actor.name, a.pid, a.phone, a.email ?? '', a.address, actor.name, a.pid, 0, null, null, null, null, null,
      org.id, org.id, at, null, null, null, null, null, 'submitted', 'draft', null, json(form), fee?.vnd ?? 0, 1, fee ? 'due' : 'none', 'local', null, null, body.request_id, null, null, null, 0,
      at, at, at, d.event_seq, d.event_hash)
    writeEvent()
    tell(d, 'submit', actor, at)
    if (fee) q.fee.run(newId(), d.id, fee.kind, fee.vnd, 1, 1)
    const task = addTask(d, 'procedures.task.receive', 'reception', 'receive', { excluded: actor.id, due: at + 8 * HOUR }, at)
    for (const { id } of q.withRole.all('reception', org.id, at)) notify(id, 'tasks.notice.new', task, `/dossiers/${d.id}`, at)
    if (!q.searchFind.get('dossier', d.id)) {
      const doc = q.searchText.get('dossier', d.id).doc_id, title = searchWords(`${d.code} ${actor.name}`), text = searchWords(`${actor.name} ${v.name}`)
      q.searchWords.run(doc, title, text)
      q.searchIndex.run(doc, title, text)
    }
    notify(actor.id, 'procedures.notice.submit', { code: d.code, procedure: v.name }, `/dossiers/${d.id}`, at)
    return { status: 201, id: d.id, code: d.code, state: 'submitted' }
  })

  // ---- The process: the same scopes, variables and sealed events as Sen's engine leaves ----

  function history(instance, actor, at) {
    const h = { seq: 0, hash: '', waiting: [] }
    h.log = (scope, element, intent, payload) => {
      const text = json(payload), before = h.hash
      h.hash = sha256(before + canonical({ instance: String(instance), seq: ++h.seq, scope: String(scope), element, at, intent, actor: String(actor.id), payload: text }))
      h.waiting.push(instance, h.seq, scope, element, at, intent, actor.id, text, before, h.hash)
    }
    h.write = statement => { statement.run(h.waiting); h.waiting = [] }
    return h
  }

  function enter(h, scope, element, parent, flow) {
    h.log(scope, element, 'activating', { parent_id: parent, flow_scope_id: flow })
    h.log(scope, element, 'active', {})
  }

  function startProcess(d, v, actor, at) {
    const process = v.process_id, definition = q.definition.get(process, at).id, instance = newId()
    q.event.run(newId(), 'workflow.instance.started', instance, d.org_id, at, json({ process }))
    const [root, begin, handOver, examine, boundary] = [newId(), newId(), newId(), newId(), newId()]
    const h = history(instance, actor, at)
    h.log(root, process, 'activating', { parent_id: 0n, flow_scope_id: 0n })
    const variables = { channel: 2, code: d.code, procedure: v.code, tax: false }
    for (const [name, value] of Object.entries(variables)) h.log(root, process, 'variable', { name, value })
    h.log(root, process, 'active', {})
    enter(h, begin, 'accepted', root, root)
    h.log(begin, 'accepted', 'completing', {})
    h.log(begin, 'accepted', 'completed', {})
    enter(h, handOver, 'hand_over', root, root)
    q.instance.run(instance, definition, process, d.code, null, null, instance, d.org_id, d.id, 'procedures', `${d.code} · ${v.name} · ${d.applicant_name}`, `/dossiers/${d.id}`, d.due_at,
      actor.id, 'active', at, null, 0, h.seq, h.hash)
    q.scopes3.run(root, instance, null, null, process, 'process', 'active', null, at, null, begin, instance, root, root, 'accepted', 'startEvent', 'completed', null, at, at,
      handOver, instance, root, root, 'hand_over', 'serviceTask', 'active', null, at, null)
    for (const [name, value] of Object.entries(variables)) q.variable.run(root, name, instance, json(value))
    h.write(q.events12)
    handOverTo(d, at)
    h.log(handOver, 'hand_over', 'completing', {})
    h.log(handOver, 'hand_over', 'completed', {})
    enter(h, examine, 'examine', root, root)
    enter(h, boundary, 'supplement_asked', examine, root)
    const assignee = q.withRole.all('specialist', d.org_id, at)[0]?.id ?? null
    const task = addTask(d, 'Thẩm định, dự thảo kết quả', 'specialist', 'examine', { assignee, due: d.due_at, instance, scope: examine }, at)
    if (assignee) notify(assignee, 'tasks.notice.assigned', task, `/dossiers/${d.id}`, at)
    q.subscription.run(newId(), 'procedures.supplement', d.code, instance, boundary, 'supplement_asked', 1, at)
    q.messages.all('procedures.supplement', d.code, at)
    q.instanceNow.run(instance, 'active', null, d.due_at, 0, h.seq, h.hash)
    q.scopes2.run(examine, instance, root, root, 'examine', 'userTask', 'active', null, at, null, boundary, instance, examine, root, 'supplement_asked', 'boundaryEvent', 'active', null, at, null)
    q.scopeNow.run(handOver, root, 'completed', null, at)
    h.write(q.events6)
    q.dossier.get(d.id)
    q.openTask.get(d.id, 'examine')
    q.stepped.run('examine', instance, d.id)
  }

  const system = { label: 'system', name: 'Sen' }

  function handOverTo(d, at) {
    q.dossier.get(d.id)
    d.status = 'in_progress'
    addEvent(d, 'hand_over', 'accepted', system, at)()
    q.handedOver.run('in_progress', 'accepted', d.event_seq, d.event_hash, d.id)
    tell(d, 'hand_over', system, at)
  }

  const accept = db.transaction((actor, id) => {
    const at = Date.now(), d = q.dossier.get(id)
    if (!d || !actor.may('procedures.accept', d.org_id)) return { status: 404 }
    if (d.status !== 'submitted') return { status: 409 }
    const v = q.version.get(d.version_id), chosen = q.caseOf.get(v.id, d.channel)
    JSON.parse(d.form_data)
    if (q.missing.all(v.id, d.id).length) return { status: 422 }
    d.status = 'accepted'
    d.procedure = v.name
    addEvent(d, 'accept', 'submitted', actor, at)()
    q.version.get(d.version_id)
    const limit = q.caseById.get(chosen.id, v.id)
    q.eventsOf.all(d.id)
    d.due_at = dueAt(at, Number(limit.quantity))
    q.accepted.run(chosen.id, at, d.due_at, d.due_at, 'accepted', 'submitted', at, d.due_at, d.event_seq, d.event_hash, d.id)
    tell(d, 'accept', actor, at)
    const task = q.openTask.get(d.id, 'receive')
    if (task) {
      const row = q.taskById.get(task.id)
      q.closeTask.run(task.id, 'completed', 'accept', actor.id, at)
      q.event.run(newId(), 'workflow.task.completed', task.id, d.org_id, at, json({ task_id: String(task.id), title: row.title, subject: row.subject, due_at: Number(row.due_at), outcome: 'accept' }))
    }
    startProcess(d, v, actor, at)
    if (d.applicant_account_id) notify(d.applicant_account_id, 'procedures.notice.accept', { code: d.code, note: '', due_at: d.due_at }, `/dossiers/${d.id}`, at)
    return { status: 200, id: d.id, code: d.code, state: d.status, due_at: d.due_at }
  })

  return { file: (...a) => file.immediate(...a), accept: (...a) => accept.immediate(...a) }
}
