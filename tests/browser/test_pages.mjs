/* Every page that a person can reach, with real things on it, as somebody who may see it: in Vietnamese and in English, on a desk and on a
   phone. The pages come from `sen routes --json`: a new route fails here until it is named below, as a page (with an address) or as no page.
   axe runs once for each page and width (in Vietnamese); what is cheap is checked in both languages. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DESK, PHONE, accessible, fits, look, newPage, signIn, startBrowser, startSen, stateAddress } from './lib.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const CITIZEN = 'cong.dan', DESK_OFFICER = 'mot.cua', SPECIALIST = 'chuyen.vien', LEADER = 'lanh.dao', CLERK = 'van.thu', DIRECTOR = 'giam.doc', ADMIN = 'quan.tri', AUDITOR = 'kiem.toan';
const STRANGER = '';
const NO_PAGES = ['/healthz', '/readyz', '/metrics', '/openapi.json', '/stream', '/language/{lang}', '/dossiers/{id}/stream', '/dossiers/{id}/files/{file_id}', '/dossiers/{id}/forms/{form}'];

/* route → [who, address]; an address may be a function of what JSON answers say. A route may have several. */
const PAGES = {
  '/': [[STRANGER, '/'], [CITIZEN, '/'], [DESK_OFFICER, '/']],
  '/design': [[STRANGER, '/design']],
  '/procedures': [[STRANGER, '/procedures?q=khai+sinh'], [STRANGER, '/procedures'], [STRANGER, '/procedures?q=qqqqq']],
  '/procedures/{code}': [[STRANGER, '/procedures/2.000815'], [STRANGER, '/procedures/1.004222'], [CITIZEN, '/procedures/1.013225']],
  '/procedures/{code}/apply': [[CITIZEN, '/procedures/2.000815/apply'], [CITIZEN, '/procedures/1.001193/apply']],
  '/status': [[STRANGER, '/status'], [STRANGER, async (ask) => stateAddress(ask.as(CITIZEN), await firstId(ask.as(CITIZEN), '/dossiers'))]],
  '/board': [[STRANGER, '/board']],
  '/organisations': [[STRANGER, '/organisations']],
  '/organisations/{id}': [[STRANGER, '/organisations/ubnd-28261'], [STRANGER, '/organisations/ubnd-tinh']],
  '/calendar': [[STRANGER, '/calendar']],
  '/signatures/check': [[STRANGER, '/signatures/check']],
  '/sign-in': [[STRANGER, '/sign-in']],
  '/sign-in/link': [[STRANGER, '/sign-in/link?token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']],
  '/sign-in/again': [[LEADER, '/sign-in/again']],
  '/account': [[CITIZEN, '/account'], [LEADER, '/account']],
  '/notifications': [[CITIZEN, '/notifications'], [DESK_OFFICER, '/notifications']],
  '/dossiers': [[CITIZEN, '/dossiers'], [DESK_OFFICER, '/dossiers'], [DESK_OFFICER, '/dossiers?q=qqqqq']],
  '/dossiers/{id}': [
    [CITIZEN, async (ask) => `/dossiers/${await firstId(ask.as(CITIZEN), '/dossiers')}`],
    [DESK_OFFICER, dossierIn('submitted')],
    [SPECIALIST, dossierIn('in_progress')],
    [CLERK, dossierIn('returned')],
    [LEADER, async (ask) => (await ask.as(LEADER)('/tasks?view=group')).rows?.[0]?.url ?? dossierIn('in_progress')(ask)],
  ],
  '/steering': [[LEADER, '/steering'], [DIRECTOR, '/steering']],
  '/tasks': [[DESK_OFFICER, '/tasks?view=group'], [SPECIALIST, '/tasks?view=overdue'], [SPECIALIST, '/tasks'], [CLERK, '/tasks?view=group']],
  '/audit': [[AUDITOR, '/audit']],
  '/users': [[ADMIN, '/users']],
  '/users/new': [[ADMIN, '/users/new']],
  '/users/{id}': [[ADMIN, async (ask) => `/users/${await firstId(ask.as(ADMIN), '/users')}`]],
  '/events/parked': [[ADMIN, '/events/parked']],
  '/jobs': [[ADMIN, '/jobs']],
  '/jobs/{id}': [[ADMIN, async (ask) => `/jobs/${await firstId(ask.as(ADMIN), '/jobs')}`]],
  '/processes': [[ADMIN, '/processes']],
  '/processes/{key}': [[ADMIN, '/processes/procedures-single-agency']],
  '/process-instances/{id}': [[ADMIN, async (ask) => `/process-instances/${(await ask.as(ADMIN)('/processes/procedures-single-agency')).instances[0].id}`]],
  '/certificates': [[ADMIN, '/certificates']],
  '/certificates/{id}': [[ADMIN, async (ask) => `/certificates/${await firstId(ask.as(ADMIN), '/certificates')}`]],
};
/* A result is checked on the main way (test_main_way.mjs); an event is parked only by trouble. */
const ELSEWHERE = ['/verify/{token}', '/events/parked/{id}'];

const first = (model) => (model.items ?? model.rows ?? model.users ?? [])[0];
const firstId = async (ask, path) => first(await ask(path))?.id;

function dossierIn(state) {
  return async (ask) => `/dossiers/${await firstId(ask.as(DESK_OFFICER), `/dossiers?state=${state}`)}`;
}

let sen, browser;
const contexts = {}; /* who-lang-width → page */

before(async () => {
  sen = await startSen({ dossiers: 300 });
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await sen?.stop();
});

async function pageOf(who, lang, viewport) {
  const key = `${who}-${lang}-${viewport.width}`;
  if (!contexts[key]) {
    contexts[key] = await newPage(browser, { url: sen.url, lang, viewport });
    if (who) await signIn(contexts[key], who);
  }
  return contexts[key];
}

/* JSON as a person of this name gets it. */
const ask = {
  as: (who) =>
    Object.assign(
      async (path) => {
        const page = await pageOf(who, 'vi', DESK);
        const answer = await page.context().request.get(path, { headers: { Accept: 'application/json' } });
        assert.equal(answer.status(), 200, `${path} for ${who}`);
        return answer.json();
      },
      { context: async () => (await pageOf(who, 'vi', DESK)).context() },
    ),
};

/* ---- Words ---- */

function roomsOfTexts() {
  const rooms = new Set(['ui']);
  for (const floor of ['src/platform', 'src/solutions'])
    for (const room of readdirSync(join(root, floor))) {
      try {
        for (const key of Object.keys(JSON.parse(readFileSync(join(root, floor, room, 'i18n/vi.json'), 'utf8')))) rooms.add(key.split('.')[0]);
      } catch {
        /* a room without texts */
      }
    }
  return [...rooms].join('|');
}

const KEY = new RegExp(`(?:^|[\\s(“"])((?:${roomsOfTexts()})\\.[a-z][\\w.-]*[a-z0-9])`, 'm');
const ENGLISH = /\b(the|and|of|for|with|from|your|this|search|submit|sign in|sign out|accept|refuse|more|next|all|user|users|settings|language|delete|edit|save|cancel|close|open|filter|rows?|page)\b/i;
const VIETNAMESE = /[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]/i;

/* What is seen: codes, and what people or the register wrote, apart. */
async function seen(page) {
  return page.evaluate(() => {
    const words = (selector, except) =>
      [...document.querySelectorAll(selector)]
        .filter((e) => e.offsetParent !== null && !e.closest(except ?? 'x'))
        .map((e) => {
          const copy = e.cloneNode(true);
          copy.querySelectorAll('code, .code, kbd, [lang], select, script, .account-name').forEach((c) => c.remove());
          return copy.textContent.replace(/\s+/g, ' ').trim();
        });
    const text = words('body')[0] ?? '';
    return {
      text: `${text} ${document.title}`,
      chrome: [...words('header.top a, header.top summary, nav a, nav p, footer p, h1, label, legend, thead th, dt, button, main summary', '.demo-accounts, .results, [lang], .brand, [data-registered]')],
      firm: words('header.top a, nav a, footer p, thead th, button, .filter > label', '.account, [lang], .brand, [data-registered]'),
      headings: document.querySelectorAll('h1').length,
      title: document.title,
      lang: document.documentElement.lang,
    };
  });
}

function checkWords(words, lang, name) {
  assert.equal(words.headings, 1, `${name} has one h1`);
  assert.ok(words.title.trim().length > 3, `${name} has a title`);
  assert.equal(words.lang, lang, name);
  const key = words.text.match(KEY);
  assert.ok(!key, `${name} shows the key ${key?.[1]}`);
  assert.ok(!/\{\{|\}\}|\{[a-z_]+\}|\bundefined\b|\bNaN\b|\[object /.test(words.text), `${name} shows a placeholder: ${words.text.match(/.{0,40}(\{\{|\}\}|\{[a-z_]+\}|undefined|NaN|\[object ).{0,40}/)?.[0]}`);
  if (lang === 'vi') for (const line of words.chrome) assert.ok(!ENGLISH.test(line), `${name} has English words: ${line}`);
  else for (const line of words.firm) assert.ok(!VIETNAMESE.test(line), `${name} has Vietnamese words: ${line}`);
}

/* The first stops of the Tab key can be seen. */
async function focusSeen(page, name) {
  for (let i = 0; i < 8; i++) {
    await page.keyboard.press('Tab');
    const hidden = await page.evaluate(() => {
      const e = document.activeElement;
      if (!e || e === document.body) return null;
      const style = getComputedStyle(e);
      const box = e.getBoundingClientRect();
      return (style.outlineStyle === 'none' && style.boxShadow === 'none') || box.width * box.height === 0 ? e.outerHTML.slice(0, 160) : null;
    });
    assert.equal(hidden, null, `${name}: the focus cannot be seen`);
  }
}

/* ---- The pages ---- */

const routes = JSON.parse(execFileSync(process.env.SEN_BINARY ?? join(root, 'build/sen'), ['routes', '--json'])).filter((r) => r.method === 'GET').map((r) => r.path);

test('every route is named here, as a page or as none', () => {
  assert.deepEqual(routes.filter((path) => !NO_PAGES.includes(path) && !PAGES[path] && !ELSEWHERE.includes(path)), []);
});

async function check(who, path, lang, width, viewport) {
  const page = await pageOf(who, lang, viewport);
  page.complaints.splice(0);
  const name = `${path} for ${who || 'a stranger'}, ${lang}, ${width}`;
  const answer = await page.goto(path);
  const expected = path.startsWith('/sign-in/link') ? [410, 404, 403, 400, 422] : [200];
  assert.ok(expected.includes(answer.status()), `${name}: ${answer.status()}`);
  assert.equal(new URL(page.url()).pathname, path.split('?')[0], `${name} is not sent elsewhere`);
  await look(page, `page-${who || 'stranger'}-${path.replace(/[^a-z0-9.]+/gi, '-').replace(/^-|-$/g, '').slice(0, 50) || 'home'}-${lang}-${width}`);
  const words = await seen(page);
  if (path !== '/design') checkWords(words, lang, name);
  await fits(page, name);
  if (lang === 'vi' && path !== '/design') { /* which has a test of its own */
    await accessible(page, name);
    await focusSeen(page, name);
  }
  assert.deepEqual(page.complaints.filter((c) => answer.status() === 200 || !c.startsWith('answer:')), [], name);
}

for (const [route, examples] of Object.entries(PAGES))
  for (const [who, address] of examples)
    test(`${route} is well made for ${who || 'a stranger'}${typeof address === 'string' && address !== route ? ` at ${address}` : ''}`, async (t) => {
      const path = typeof address === 'string' ? address : await address(ask);
      if (!path) return t.skip('nothing to show');
      const wrong = [];
      for (const lang of ['vi', 'en'])
        for (const [width, viewport] of [['desk', DESK], ['phone', PHONE]]) await check(who, path, lang, width, viewport).catch((error) => wrong.push(error.message));
      assert.deepEqual(wrong, []);
    });
