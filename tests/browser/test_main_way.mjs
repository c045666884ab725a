/* The main way in the browser: a citizen on a phone finds a procedure, files, adds a paper and gets the signed result; officials at
   their desks see it come, accept, examine, sign, issue; a stranger checks the result; a leader's figures change by themselves; the
   auditor finds who did what. Every page on the way must leave the console empty and break no content policy. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DESK, PHONE, fits, look, newPage, signIn, startBrowser, startSen, type, wellMade } from './lib.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const PAPER = join(here, '../e2e/paper.pdf');
const PROCEDURE = '1.004222'; /* Đăng ký thường trú: seven working days, 10.000 đ when filed online */
const PEOPLE = { desk: 'mot.cua', specialist: 'chuyen.vien', leader: 'lanh.dao', clerk: 'van.thu', auditor: 'kiem.toan' };
const DETAILS = {
  'applicant.phone': '0901234567',
  'applicant.address': 'Số 5 đường Lê Lợi, phường Mỹ Tho',
  'mover.name': 'Nguyễn Thị Lan',
  'mover.birth_date': '17/05/1990',
  'mover.gender': 'nu',
  'mover.pid': '087190000021',
  'mover.new_address': 'Số 5 đường Lê Lợi, phường Mỹ Tho',
  'household.head_name': 'Nguyễn Văn Tư',
  'household.relation': 'Con',
  request: 'Đăng ký thường trú cùng cha',
};

let sen, browser, folder;
const people = {}; /* name → page */
const way = {}; /* what the steps tell each other: dossier, code, receipt, result … */

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sen-way-'));
  sen = await startSen({ dossiers: 300 });
  browser = await startBrowser();
  people.citizen = await newPage(browser, { url: sen.url, viewport: PHONE });
  for (const [name, account] of Object.entries(PEOPLE)) {
    people[name] = await newPage(browser, { url: sen.url, viewport: DESK });
    await signIn(people[name], account);
  }
});

after(async () => {
  await browser?.close();
  await sen?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/* A step of the way, after which nobody's page may have complained. */
function step(name, run) {
  test(name, async () => {
    await run();
    for (const [who, page] of Object.entries(people)) assert.deepEqual(page.complaints.splice(0), [], `${who}'s page`);
  });
}

async function press(page, test) {
  await Promise.all([page.waitForNavigation(), page.click(`[data-test="${test}"]`)]);
}

/* A form's file under its address, as this person gets it. */
async function download(page, href) {
  const answer = await page.context().request.get(href);
  assert.equal(answer.status(), 200, href);
  assert.match(answer.headers()['content-type'], /application\/pdf/);
  return answer.body();
}

function saved(name, bytes) {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const words = (pdf) => execFileSync('pdftotext', ['-layout', pdf, '-']).toString().replace(/\s+/g, ' ');

function qrCodes(pdf) {
  const stem = pdf.replace(/\.pdf$/, '');
  execFileSync('pdftoppm', ['-r', '150', '-png', pdf, stem]);
  const pictures = execFileSync('sh', ['-c', 'ls "$0"*.png', stem]).toString().split('\n').filter(Boolean);
  const found = spawnSync('zbarimg', ['-q', '--raw', ...pictures]); /* its status tells of pages without a code, too */
  return found.stdout.toString().split('\n').filter(Boolean);
}

async function fillDetails(page, details = DETAILS) {
  await page.selectOption('[data-test="body"]', { label: await page.locator('[data-test="body"] option', { hasText: 'Mỹ Tho' }).first().innerText() });
  for (const [name, value] of Object.entries(details)) await type(page, name, value);
}

step('a citizen finds the procedure by typing without marks', async () => {
  const page = people.citizen;
  await page.goto('/');
  await page.fill('[data-test="search"]', 'chung thuc ban sao');
  await press(page, 'search-go');
  assert.match(await page.locator('[data-test="results"] a').first().innerText(), /^Chứng thực bản sao từ bản chính/);
  await page.fill('[data-test="search"]', 'khai sinh');
  await press(page, 'search-go');
  const found = await page.locator('[data-test="results"] a').allInnerTexts();
  assert.ok(found.length > 1 && found.slice(0, 3).every((name) => /khai sinh/i.test(name)), found.join('; '));
  await page.fill('[data-test="search"]', 'dang ky thuong tru');
  await press(page, 'search-go');
  await page.click(`[data-code="${PROCEDURE}"]`);
  await page.waitForSelector('[data-test="bring"]');
});

step('she reads what to bring, how long it takes and what it costs before she signs in', async () => {
  const page = people.citizen;
  await look(page, 'way-procedure');
  await fits(page, 'procedure');
  assert.equal(await page.innerText('h1'), 'Đăng ký thường trú');
  assert.ok(await page.locator('[data-test="bring"] li').count());
  const cost = await page.innerText('[data-test="cost"]');
  assert.match(cost, /7 ngày làm việc/);
  assert.match(cost, /10\.000/);
  await press(page, 'apply');
  assert.equal(new URL(page.url()).pathname, '/sign-in');
});

step('the sign-in leads back to the form, which knows her name', async () => {
  const page = people.citizen;
  await page.click('[data-fill="cong.dan"]');
  assert.equal(await page.inputValue('input[name="username"]'), 'cong.dan');
  await press(page, 'sign-in');
  await page.waitForSelector('[data-test="apply-form"]');
  assert.match(await page.innerText('#f-applicant-name'), /^Nguyễn Thị Lan/);
});

step('an error stands at its field and in the summary, and what was typed stays', async () => {
  const page = people.citizen;
  await fillDetails(page, { ...DETAILS, 'applicant.phone': '12', 'mover.birth_date': '31/02/1990' });
  await press(page, 'next');
  assert.deepEqual(page.complaints.splice(0).map((c) => c.replace(/\?.*/, '')), [`answer: 422 POST /procedures/${PROCEDURE}/apply`]);
  await look(page, 'way-form-errors');
  await fits(page, 'form with errors');
  const summary = page.locator('[data-error-summary]');
  assert.ok(await summary.evaluate((e) => e === document.activeElement), 'the summary has the focus');
  assert.equal(await summary.locator('li').count(), 2);
  await summary.locator('a[href="#f-applicant-phone"]').click();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'f-applicant-phone', 'its link leads to the field');
  assert.equal(await page.getAttribute('#f-applicant-phone', 'aria-invalid'), 'true');
  assert.ok(await page.isVisible('#f-applicant-phone-error') && (await page.isVisible('#f-mover-birth_date-error')));
  assert.equal(await page.inputValue('#f-applicant-phone'), '12');
  assert.equal(await page.inputValue('#f-mover-birth_date'), '31/02/1990');
  assert.equal(await page.inputValue('[name="request"]'), DETAILS.request);
  await type(page, 'applicant.phone', DETAILS['applicant.phone']);
  await type(page, 'mover.birth_date', DETAILS['mover.birth_date']);
  await press(page, 'next');
});

step('she adds her paper from the phone', async () => {
  const page = people.citizen;
  await look(page, 'way-papers');
  await fits(page, 'papers');
  await page.locator('[data-test="paper-case"]').first().click();
  await page.locator('[data-test="paper"]').first().setInputFiles(PAPER);
  await press(page, 'upload');
  assert.ok(await page.isVisible('[data-test="paper-given"]'), 'the case that was answered stays open');
  assert.match(await page.innerText('[data-test="paper-given"]'), /paper\.pdf/);
  await press(page, 'next');
});

step('she reads everything once more, then files; code, receipt and the reasons of the due date follow', async () => {
  const page = people.citizen;
  await look(page, 'way-review');
  await fits(page, 'review');
  const review = await page.innerText('[data-test="review"]');
  for (const word of ['Nguyễn Thị Lan', '17/05/1990', 'Số 5 đường Lê Lợi', 'Nữ']) assert.ok(review.includes(word), `${word} in ${review}`);
  assert.match(await page.innerText('[data-test="fee"]'), /10\.000 đ/);
  way.list = people.desk;
  await way.list.goto('/dossiers?state=submitted&sort=-submitted_at');
  await people.leader.goto('/steering');
  await press(page, 'submit');
  await page.waitForSelector('[data-test="dossier"]');
  assert.match(await page.innerText('#messages'), /Đã gửi hồ sơ H20\.26-\d{8}-\d{7} đến Bộ phận Một cửa/);
  await look(page, 'way-filed');
  await fits(page, 'dossier');
  way.path = new URL(page.url()).pathname;
  way.code = await page.innerText('.page-head .code');
  assert.match(way.code, /^H20\.26-\d{8}-\d{7}$/);
  assert.equal(await page.getAttribute('[data-test="dossier"]', 'data-status'), 'submitted');
  assert.ok((await page.locator('[data-test="explained"] li').count()) > 3, 'each day is explained');
});

step('the officer\'s open list shows it arrive by itself', async () => {
  await way.list.waitForSelector(`text=${way.code}`, { timeout: 8000 });
  const [counted, ended] = await Promise.all([way.list.innerText('#page-note'), way.list.innerText('.pager-count')]);
  assert.equal(counted.match(/\d+/)[0], ended.match(/\d+/)[0], 'the count at the head has changed with it');
  await look(way.list, 'way-list');
});

step('the one-stop officer asks for one more paper, the citizen adds it', async () => {
  const desk = people.desk, citizen = people.citizen;
  await desk.click(`a:has-text("${way.code}")`);
  await desk.waitForSelector('[data-test="dossier"]');
  await look(desk, 'way-desk');
  await desk.click('#request-supplement summary');
  await desk.fill('#item-1', 'Giấy xác nhận quan hệ cha con');
  await desk.fill('#supplement-ground', 'Điều 20 Luật Cư trú số 68/2020/QH14');
  await press(desk, 'act-request-supplement');
  assert.equal(await desk.getAttribute('[data-test="dossier"]', 'data-status'), 'incomplete');
  await citizen.waitForSelector('#supplement-form', { timeout: 8000 }); /* her open page has been told */
  assert.match(await citizen.innerText('#supplement-form'), /Giấy xác nhận quan hệ cha con/);
  await look(citizen, 'way-supplement');
  await citizen.setInputFiles('#supplement-form input[type="file"]', PAPER);
  await press(citizen, 'act-supplement');
  assert.equal(await citizen.getAttribute('[data-test="dossier"]', 'data-status'), 'submitted');
});

step('the officer accepts, the clock begins, and the receipt says so', async () => {
  const desk = people.desk, citizen = people.citizen;
  await desk.goto(way.path);
  await press(desk, 'act-accept');
  assert.equal(await desk.getAttribute('[data-test="dossier"]', 'data-status'), 'in_progress');
  await citizen.waitForSelector('[data-test="dossier"][data-status="in_progress"]', { timeout: 8000 });
  const explained = await citizen.locator('[data-test="explained"] li').allInnerTexts();
  assert.match(explained[0], /7 ngày làm việc/);
  assert.match(explained.at(-1), /^Hẹn trả: 17:30/);
  way.due = explained.at(-1).match(/\d{2}\/\d{2}(\/\d{4})?/)[0];
  const receipt = saved('receipt.pdf', await download(citizen, await citizen.getAttribute('[data-form-number="01"]', 'href')));
  const text = words(receipt);
  for (const word of ['GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ', way.code, 'Nguyễn Thị Lan', way.due]) assert.ok(text.includes(word), `${word} on the receipt`);
  way.status = qrCodes(receipt).find((url) => url.includes('/status?'));
  assert.ok(way.status, 'a QR code leads to the state');
});

step('the receipt\'s QR code shows anybody the state and no person', async () => {
  const page = await stranger();
  await page.goto(new URL(way.status).pathname + new URL(way.status).search);
  const text = await page.innerText('main');
  assert.ok(text.includes(way.code) && text.includes('Đang xử lý'), text);
  assert.ok(!text.includes('Nguyễn Thị Lan'), 'no name');
  await look(page, 'way-status');
});

async function stranger() {
  await people.stranger?.context().close();
  people.stranger = await newPage(browser, { url: sen.url, viewport: PHONE });
  return people.stranger;
}

step('the specialist examines and drafts', async () => {
  const page = people.specialist;
  await page.goto(way.path);
  await page.fill('#result_title', 'Thông báo kết quả giải quyết đăng ký cư trú');
  await page.fill('#conclusion', 'Đã cập nhật nơi thường trú của bà Nguyễn Thị Lan trong Cơ sở dữ liệu về cư trú.');
  await look(page, 'way-examine');
  await press(page, 'act-examine');
});

/* Weighty acts may ask for the password again, then bring one back to press once more. */
async function pressSurely(page, test, account) {
  await press(page, test);
  if (new URL(page.url()).pathname !== '/sign-in/again') return;
  await page.fill('input[name="password"]', 'sen-demo-2026');
  await Promise.all([page.waitForNavigation(), page.click('main button[type="submit"]')]);
  if (await page.locator(`[data-test="${test}"]`).count()) await press(page, test);
  assert.ok(account);
}

step('the leader signs, the clerk numbers, seals and issues', async () => {
  const { leader, clerk } = people;
  const desk = await leader.context().newPage(); /* the steering page stays open beside it */
  await desk.goto(way.path);
  await look(desk, 'way-sign');
  await pressSurely(desk, 'act-sign', PEOPLE.leader);
  await desk.close();
  await clerk.goto(way.path);
  await look(clerk, 'way-issue');
  await pressSurely(clerk, 'act-issue', PEOPLE.clerk);
  assert.equal(await clerk.getAttribute('[data-test="dossier"]', 'data-status'), 'returned');
});

step('the citizen downloads the result, and pdfsig finds its signatures valid', async () => {
  const page = people.citizen;
  await page.waitForSelector('[data-test="download"]', { timeout: 8000 });
  await look(page, 'way-result');
  await fits(page, 'dossier with result');
  const result = saved('result.pdf', await download(page, await page.getAttribute('[data-test="download"]', 'href')));
  const said = execFileSync('pdfsig', [result]).toString();
  assert.equal(said.match(/Signature is Valid/g)?.length, 2, said);
  assert.match(said, /Huỳnh Quốc Thắng/);
  assert.match(words(result), /Đã cập nhật nơi thường trú của bà Nguyễn Thị Lan/);
  way.verify = qrCodes(result).find((url) => url.includes('/verify/'));
  assert.ok(way.verify, 'a QR code leads to the check');
});

step('a stranger who scans the result sees that it is genuine, and nothing of its content', async () => {
  const page = await stranger();
  await page.goto(new URL(way.verify).pathname);
  await wellMade(page, 'way-verify');
  assert.equal(await page.getAttribute('[data-test="verify"]', 'data-valid'), 'true');
  const text = await page.innerText('main');
  assert.ok(text.includes('Huỳnh Quốc Thắng'), 'who signed');
  assert.ok(!text.includes('Nguyễn Thị Lan') && !text.includes('thường trú'), 'not what it says');
});

step('the leader\'s figures have changed in the open page', async () => {
  const page = people.leader;
  const finished = () => page.locator('[data-test="steering"] .tile').allInnerTexts();
  const shown = await finished();
  await page.reload();
  const fresh = await finished();
  const figures = (tiles) => tiles.map((tile) => tile.split('\n').slice(0, 2).join(' '));
  assert.deepEqual(figures(shown), figures(fresh), 'what stood there without reloading is what the store says');
  await look(page, 'way-steering');
});

step('the auditor finds every step and who took it', async () => {
  const page = people.auditor;
  await page.goto(`/audit?object=dossier:${way.path.split('/').pop()}&limit=200`);
  const text = await page.innerText('main');
  for (const name of ['Nguyễn Thị Lan', 'Trần Thị Ngọc Hạnh', 'Lê Minh Khoa', 'Huỳnh Quốc Thắng', 'Phạm Thị Thu Cúc']) assert.ok(text.includes(name), name);
  await look(page, 'way-audit');
});

/* A figure of the leader's open page, as a number. */
const figure = (page, at) => page.locator('[data-test="steering"] .tile-value').nth(at).innerText().then((text) => Number(text.replace(/\D/g, '')));

step('filing works with JavaScript switched off, and the leader sees the figure change', async () => {
  const before = await figure(people.leader, 0);
  const page = await newPage(browser, { url: sen.url, viewport: PHONE, javaScript: false });
  await signIn(page, 'cong.dan');
  await page.goto(`/procedures/${PROCEDURE}/apply`);
  await fillDetails(page);
  await press(page, 'next');
  await page.locator('[data-test="paper-case"]').first().click();
  await page.locator('[data-test="paper"]').first().setInputFiles(PAPER);
  await press(page, 'next');
  await look(page, 'way-no-script-review');
  await press(page, 'submit');
  assert.equal(await page.getAttribute('[data-test="dossier"]', 'data-status'), 'submitted');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
  await people.leader.waitForFunction((was) => document.querySelector('[data-test="steering"] .tile-value').textContent.replace(/\D/g, '') !== String(was), before, { timeout: 8000 });
  assert.equal(await figure(people.leader, 0), before + 1);
});

/* Tab until the element that `selector` names has the focus; typing goes where a person without a mouse is. */
async function tabTo(page, selector) {
  for (let i = 0; i < 80; i++) {
    if (await page.evaluate((s) => document.activeElement?.matches(s) ?? false, selector)) return;
    await page.keyboard.press('Tab');
    const seen = await page.evaluate(() => {
      const e = document.activeElement;
      if (!e || e === document.body) return true;
      const style = getComputedStyle(e);
      return style.outlineStyle !== 'none' || style.boxShadow !== 'none';
    });
    assert.ok(seen, `the focus can be seen on ${await page.evaluate(() => document.activeElement.outerHTML.slice(0, 120))}`);
  }
  assert.fail(`${selector} is not reached by the keyboard`);
}

/* The picker opens only once the page has settled under the focus; a person would press again, and so does this. */
async function chooserByKeyboard(page) {
  for (let i = 0; i < 5; i++) {
    const opened = page.waitForEvent('filechooser', { timeout: 3000 }).catch(() => null);
    await page.keyboard.press('Space');
    const chooser = await opened;
    if (chooser) return chooser;
  }
  return assert.fail('the space bar does not open the file picker');
}

step('filing works by the keyboard alone', async () => {
  const page = await newPage(browser, { url: sen.url, viewport: DESK });
  await signIn(page, 'cong.dan');
  await page.goto(`/procedures/${PROCEDURE}/apply`);
  await tabTo(page, '[data-test="body"]');
  await page.keyboard.type('UBND phường Mỹ Tho');
  for (const [name, value] of Object.entries(DETAILS)) {
    await tabTo(page, `[name="${name}"]`);
    const kind = await page.evaluate(() => document.activeElement.type);
    if (kind === 'radio') {
      for (let i = 0; i < 5 && (await page.evaluate(() => document.activeElement.value)) !== value; i++) await page.keyboard.press('ArrowDown');
      if (!(await page.evaluate(() => document.activeElement.checked))) await page.keyboard.press('Space');
    } else await page.keyboard.type(value);
  }
  await tabTo(page, '[data-test="next"]');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  await tabTo(page, '[data-test="paper-case"]');
  await page.keyboard.press('Enter');
  await tabTo(page, '[data-test="paper"]');
  await (await chooserByKeyboard(page)).setFiles(PAPER);
  await tabTo(page, '[data-test="next"]');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  await tabTo(page, '[data-test="submit"]');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  await page.waitForSelector('[data-test="dossier"][data-status="submitted"]');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
