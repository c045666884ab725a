/* What stands around every page, for citizens and for officials: menu, language, account; lists that narrow while one types. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESK, PHONE, newPage, signIn, startBrowser, startSen, wellMade } from './lib.mjs';

let sen, browser;

before(async () => {
  sen = await startSen();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await sen?.stop();
});

async function pageOf(username, options = {}) {
  const page = await newPage(browser, { url: sen.url, ...options });
  if (username) await signIn(page, username);
  return page;
}

test('a stranger sees the public frame, on a phone the menu opens without JavaScript', async () => {
  const page = await pageOf(null, { viewport: PHONE, javaScript: false });
  await page.goto('/');
  assert.ok(await page.locator('html.public').count());
  assert.ok(!(await page.isVisible('.public-menu')));
  await page.click('.menu-toggle summary');
  assert.ok(await page.isVisible('.public-menu a >> nth=0'));
  await page.context().close();
});

for (const [name, viewport, dark] of [['desk', DESK, false], ['phone', PHONE, true]])
  test(`an official's work list is well made on a ${name}`, async () => {
    const page = await pageOf('mot.cua', { viewport, dark });
    await page.goto('/dossiers');
    assert.ok(await page.locator('html.official').count());
    assert.equal(await page.getAttribute('.menu a[href="/dossiers"]', 'aria-current'), 'page');
    await wellMade(page, `frame-list-${name}`);
    await page.context().close();
  });

test('the list narrows while one types, and only the list is replaced', async () => {
  const page = await pageOf('mot.cua');
  await page.goto('/dossiers');
  await page.evaluate(() => (document.querySelector('.page-head').dataset.same = 'yes'));
  const [answer] = await Promise.all([
    page.waitForResponse((r) => r.url().includes('q=zzzzqqq')),
    page.fill('#filter-q', 'zzzzqqq'),
  ]);
  assert.equal(answer.request().headers()['hx-request'], 'true');
  await page.waitForSelector('#list .empty');
  assert.equal(await page.getAttribute('.page-head', 'data-same'), 'yes');
  assert.ok(page.url().includes('q=zzzzqqq'), page.url());
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('the browser comes back to the page as it was', async () => {
  const page = await pageOf('mot.cua');
  await page.goto('/dossiers');
  await page.fill('#filter-q', 'zzzzqqq');
  await page.waitForSelector('#list .empty');
  await page.goBack();
  await page.waitForSelector('#list table');
  await page.context().close();
});

test('a refused sign-in says so at the top and takes the focus there', async () => {
  const page = await pageOf(null, { lang: 'en' });
  await signIn(page, 'mot.cua', 'not the password');
  assert.ok(await page.isVisible('[data-error-summary]'));
  assert.ok(await page.evaluate(() => document.activeElement.matches('[data-error-summary]')));
  assert.match(await page.title(), /^Error: /);
  page.complaints = page.complaints.filter((c) => !c.includes('422') && !c.includes('401'));
  await wellMade(page, 'frame-sign-in-refused');
  await page.context().close();
});

test('one signs out by the account menu', async () => {
  const page = await pageOf('cong.dan');
  await page.click('.account summary');
  await Promise.all([page.waitForNavigation(), page.click('.account-box button')]);
  assert.ok(await page.isVisible('a[href="/sign-in"]'));
  await page.context().close();
});
