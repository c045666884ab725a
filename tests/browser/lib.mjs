/* What the browser tests stand on: a Sen in a folder of its own, Chromium, people who sign in, pictures, and the checks that every
   page must pass: nothing serious for axe, nothing on the console, nothing that the content policy had to stop.

   SEN_BINARY   the program (default build/sen)          SEN_URL      a Sen that runs already, instead of an own one
   SEN_PICTURES a folder that gets a picture of each look()  */
import axe from 'axe-core';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const PASSWORD = 'sen-demo-2026';

export const DESK = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

async function ready(url, process) {
  for (let i = 0; i < 600; i++) {
    if (process.exitCode !== null) break;
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('sen did not become ready');
}

/* Starts a demonstration; {url, stop()}. */
export async function startSen({ dossiers = 200 } = {}) {
  if (process.env.SEN_URL) return { url: process.env.SEN_URL, stop: () => {} };
  const binary = process.env.SEN_BINARY ?? join(root, 'build/sen');
  const folder = mkdtempSync(join(tmpdir(), 'sen-browser-'));
  const settings = ['--data', join(folder, 'data'), '--demo', '--demo-dossiers', String(dossiers), '--rate-per-minute', '0'];
  execFileSync(binary, ['init', ...settings], { stdio: ['ignore', 'ignore', 'pipe'] });
  const port = await freePort();
  const program = spawn(binary, ['serve', ...settings, '--listen', `127.0.0.1:${port}`], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  await ready(url, program);
  return {
    url,
    stop: () =>
      new Promise((resolve) => {
        program.once('exit', () => {
          rmSync(folder, { recursive: true, force: true });
          resolve();
        });
        program.kill('SIGTERM');
      }),
  };
}

export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  });
}

/* A page of a new person; `page.complaints` gathers what went wrong in it. */
export async function newPage(browser, { url, lang = 'vi', viewport = DESK, dark = false, javaScript = true } = {}) {
  const context = await browser.newContext({
    baseURL: url,
    viewport,
    locale: lang === 'vi' ? 'vi-VN' : 'en-GB',
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    javaScriptEnabled: javaScript,
    bypassCSP: false,
    timezoneId: 'Asia/Ho_Chi_Minh',
  });
  await context.addCookies([{ name: 'lang', value: lang, url }]);
  const page = await context.newPage();
  page.complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !/GL Driver Message|GPU stall|swiftshader|Failed to load resource/i.test(message.text())) page.complaints.push(`console: ${message.text()}`);
  });
  page.on('response', (answer) => {
    if (answer.status() >= 400) page.complaints.push(`answer: ${answer.status()} ${answer.request().method()} ${answer.url().slice(url.length)}`);
  });
  page.on('pageerror', (error) => page.complaints.push(`script: ${error.message}`));
  page.on('requestfailed', (request) => {
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') page.complaints.push(`request: ${request.url()} ${request.failure()?.errorText}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url())) page.complaints.push(`another host: ${request.url()}`);
  });
  return page;
}

export async function signIn(page, username, password = PASSWORD) {
  await page.goto('/sign-in');
  await page.fill('input[name="username"]', username);
  await page.fill('input[name="password"]', password);
  await Promise.all([page.waitForNavigation(), page.click('main form button[type="submit"]')]);
}

/* Gives a form's field its value as a person would: types, chooses, or ticks. */
export async function type(page, name, value) {
  const field = page.locator(`[name="${name}"]`).first();
  const kind = await field.evaluate((e) => (e.tagName === 'SELECT' ? 'select' : e.type));
  if (kind === 'select') await field.selectOption(value);
  else if (kind === 'radio') await page.check(`[name="${name}"][value="${value}"]`);
  else await field.fill(value);
}

/* Saves a picture, when a folder for them was named. */
export async function look(page, name) {
  const folder = process.env.SEN_PICTURES;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  const shoot = () => page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  await shoot().catch(shoot); /* Chromium now and then cannot, on a busy machine */
}

/* axe (WCAG 2.2 AA and its best practices): nothing serious or critical. Its script comes in past the content policy, through the debugger. */
export async function accessible(page, name) {
  const client = await page.context().newCDPSession(page);
  await client.send('Runtime.evaluate', { expression: axe.source });
  const { result, exceptionDetails } = await client.send('Runtime.evaluate', {
    expression: `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then((r) => JSON.stringify(r.violations))`,
    awaitPromise: true,
  });
  assert.ok(!exceptionDetails, exceptionDetails?.exception?.description);
  const bad = JSON.parse(result.value).filter((v) => ['serious', 'critical'].includes(v.impact));
  const told = bad.map((v) => `${v.id} (${v.impact}): ${v.help}\n${v.nodes.slice(0, 5).map((n) => `    ${n.target.join(' ')}  ${n.failureSummary.replace(/\s+/g, ' ')}`).join('\n')}`);
  assert.equal(bad.length, 0, `${name}: ${told.join('\n')}`);
}

/* Nothing sticks out at the side. */
export async function fits(page, name) {
  const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= seen, `${name} is ${wide} px wide in a window of ${seen} px`);
}

/* All of what every page must pass. */
export async function wellMade(page, name) {
  await look(page, name);
  await fits(page, name);
  await accessible(page, name);
  assert.deepEqual(page.complaints, [], name);
}

/* Where a receipt's QR code leads to: the state of a dossier, for whoever holds the paper. The check word is read from form 01. */
export async function stateAddress(ask, id) {
  const { code } = await ask(`/dossiers/${id}`);
  const form = await (await ask.context()).request.get(`/dossiers/${id}/forms/01.pdf`);
  const text = execFileSync('pdftotext', ['-layout', '-', '-'], { input: await form.body() }).toString();
  return `/status?code=${code}&k=${text.match(/Mã tra cứu: ([A-Z2-7]{8})/)[1]}`;
}
