// The peer: Fastify on a cluster of two processes over one SQLite file (a copy of Sen's).
//     node server.mjs DATA PORT
// What is the same as Sen's: the work and its order, the statements, the rows, the settings of SQLite, durability before the answer, the page.
// What is not asked of it: rate limits, security headers, i18n at run time, the calendar's holidays, sealed personal numbers, reporting, logging.
import cluster from 'node:cluster'
import { createHash, timingSafeEqual, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import Mustache from 'mustache'
import { openStore } from './statements.mjs'
import { makeDossiers } from './dossiers.mjs'
import { filing } from './schema.mjs'
import { checkWord, dateTime } from './rules.mjs'

const [data, port] = [process.argv[2], Number(process.argv[3])]
const PROCESSES = Number(process.env.PEER_PROCESSES ?? 2)

if (cluster.isPrimary) {
  for (let i = 1; i <= PROCESSES; i++) cluster.fork({ NODE_NUMBER: i })
  process.on('SIGTERM', () => { for (const w of Object.values(cluster.workers)) w.kill(); process.exit(0) })
} else {
  serve()
}

function sessionsOf(q) {
  const grants = new Map()
  const read = (account, version, at) => {
    const key = `${account}/${version}`
    if (!grants.has(key)) grants.set(key, q.grants.all(account, at))
    return grants.get(key)
  }
  return cookies => {
    const token = /(?:^|; ?)sen_session=([^;]+)/.exec(cookies ?? '')?.[1]
    const s = token && q.session.get(createHash('sha256').update(token).digest('hex'))
    const at = Date.now()
    if (!s || Number(s.idle_until) < at || Number(s.ends_at) < at) return null
    const held = read(s.account_id, s.grants_version, at)
    return { id: s.account_id, personId: s.person_id, name: s.name, orgId: s.org_id, sessionId: s.session_id, csrf: s.csrf, label: `u:${s.account_id}`, pid: '087172900001',
      may: (permission, org) => held.some(g => g.permission === permission && (g.org_id === null || g.org_id === org)) }
  }
}

function same(a, b) {
  const x = Buffer.from(a ?? ''), y = Buffer.from(b ?? '')
  return x.length === y.length && timingSafeEqual(x, y)
}

const STATES = { draft: ['Nháp', 'grey'], submitted: ['Chờ tiếp nhận', 'amber'], refused: ['Từ chối', 'red'], incomplete: ['Chờ hoàn thiện', 'amber'], accepted: ['Đã tiếp nhận', 'blue'],
  awaiting_payment: ['Chờ thực hiện nghĩa vụ tài chính', 'amber'], in_progress: ['Đang xử lý', 'blue'], awaiting_supplement: ['Chờ bổ sung', 'amber'], withdrawing: ['Yêu cầu rút', 'grey'],
  stopped: ['Dừng xử lý', 'grey'], resolved: ['Đã có kết quả', 'green'], returned: ['Đã trả kết quả', 'green'] }
const RUNNING = new Set(['accepted', 'in_progress'])

function serve() {
  const store = openStore(`${data}/sen.db`), { q } = store
  const key = readFileSync(`${data}/keys/check-word.key`)
  const template = readFileSync(new URL('./status.mustache', import.meta.url), 'utf8')
  Mustache.parse(template)
  const orgs = { byKey: new Map(), byId: new Map() }
  for (const org of q.orgs.all()) { orgs.byKey.set(org.key, org); orgs.byId.set(org.id, org) }
  const whoIs = sessionsOf(q), dossiers = makeDossiers(store, orgs)
  const app = Fastify({ logger: false, disableRequestLogging: true })

  const signedIn = (request, reply, done) => {
    request.actor = whoIs(request.headers.cookie)
    if (!request.actor) return reply.code(401).send({ title: 'sign in' })
    if (!same(request.headers['x-csrf-token'], request.actor.csrf)) return reply.code(403).send({ title: 'csrf' })
    done()
  }
  app.decorateRequest('actor', null)

  const answer = (reply, done) => reply.code(done.status).send(done.id
    ? { id: String(done.id), code: done.code, check_word: done.status === 201 ? checkWord(key, done.code) : undefined, status: done.state, due_at: done.due_at } : { title: 'refused' })
  app.get('/readyz', () => ({ ready: true }))
  app.post('/dossiers', { schema: { body: filing }, preHandler: signedIn }, (request, reply) => answer(reply, dossiers.file(request.actor, request.body)))
  app.post('/dossiers/:id/accept', { preHandler: signedIn }, (request, reply) => answer(reply, dossiers.accept(request.actor, BigInt(request.params.id))))

  app.get('/status', (request, reply) => {
    const { code, k } = request.query, at = Date.now()
    if (q.tries.get(code, Math.floor(at / 3600000)).n >= 5n) return reply.code(429).send({ title: 'locked' })
    const d = q.status.get(code)
    if (!d || !same(checkWord(key, code), k)) return reply.code(404).send({ title: 'wrong' })
    const [state, colour] = STATES[d.status], due = Number(d.due_at), finished = Number(d.finished_at)
    const view = { csrf: randomBytes(32).toString('base64url'), word: k, code: d.code, procedure: d.procedure, status: d.status, state, colour, body: orgs.byId.get(d.org_id)?.name,
      late: due && (finished ? finished > due : RUNNING.has(d.status) && at > due), submitted_at: dateTime(d.submitted_at), accepted_at: d.accepted_at && dateTime(d.accepted_at),
      due_at: due ? dateTime(due) : null, finished_at: finished ? dateTime(finished) : null, trace: randomBytes(16).toString('hex') }
    reply.type('text/html; charset=utf-8').send(Mustache.render(template, view))
  })
  app.listen({ port, host: '127.0.0.1' })
}
