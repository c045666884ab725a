/* The page of components, in both languages, on a desk and on a phone, light and dark. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESK, PHONE, look, newPage, startBrowser, startSen, wellMade } from './lib.mjs';

let sen, browser;

before(async () => {
  sen = await startSen();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await sen?.stop();
});

async function design(options) {
  const page = await newPage(browser, { url: sen.url, ...options });
  const answer = await page.goto('/design');
  assert.equal(answer.status(), 200);
  return page;
}

async function islandsDrawn(page) {
  await page.waitForSelector('[data-island="chart"] canvas');
  await page.waitForSelector('[data-island="map"][data-ready]', { timeout: 30_000 });
}

for (const lang of ['vi', 'en'])
  for (const [name, viewport] of [['desk', DESK], ['phone', PHONE]])
    for (const dark of [false, true]) {
      const title = `design-${lang}-${name}-${dark ? 'dark' : 'light'}`;
      test(`${title} passes axe, fits, and breaks no policy`, async () => {
        const page = await design({ lang, viewport, dark });
        assert.equal(await page.getAttribute('html', 'lang'), lang);
        await islandsDrawn(page);
        await wellMade(page, title);
        await page.context().close();
      });
    }

test('without JavaScript the figures and the places are there to read', async () => {
  const page = await design({ viewport: PHONE, javaScript: false });
  assert.ok(await page.isVisible('.chart-table td >> nth=0'));
  assert.equal(await page.locator('.map-list li').count(), 102);
  await look(page, 'design-no-script');
  await page.context().close();
});

test('the list obeys the keyboard', async () => {
  const page = await design({});
  await page.waitForFunction(() => document.activeElement !== document.body); /* the error summary has taken the focus */
  const focused = () => page.evaluate(() => document.activeElement?.closest('tr')?.dataset.id ?? document.activeElement?.id);
  await page.keyboard.press('j');
  assert.equal(await focused(), '123');
  await page.keyboard.press('j');
  assert.equal(await focused(), '119');
  await page.keyboard.press('k');
  assert.equal(await focused(), '123');
  await page.keyboard.press('x');
  assert.ok(await page.isChecked('tr[data-id="123"] [data-select]'));
  await page.keyboard.press('?');
  assert.ok(await page.isVisible('#keys'));
  await page.keyboard.press('Escape');
  await page.keyboard.press('/');
  assert.equal(await focused(), 'filter-q');
  await page.keyboard.type('j');
  assert.equal(await page.inputValue('#filter-q'), 'j');
  await page.context().close();
});

test('what cannot be undone waits for its code to be typed', async () => {
  const page = await design({});
  const button = page.locator('#design-dialog .btn-danger');
  await page.click('[data-dialog="design-dialog"]');
  assert.ok(await button.isDisabled());
  await page.fill('#design-dialog-code', '124');
  assert.ok(await button.isDisabled());
  await page.fill('#design-dialog-code', '1245');
  assert.ok(await button.isEnabled());
  await look(page, 'design-dialog');
  await page.context().close();
});

test('a form gives back what was typed and not sent', async () => {
  const page = await design({});
  await page.fill('#f-full_name', 'Nguyễn Ngọc Bảo An');
  await page.waitForTimeout(600);
  page.on('dialog', (dialog) => dialog.accept());
  await page.reload();
  assert.equal(await page.inputValue('#f-full_name'), 'Nguyễn Ngọc Bảo An');
  await page.context().close();
});

test('a place is found by typing without marks', async () => {
  const page = await design({});
  await islandsDrawn(page);
  await page.fill('#design-map-search', 'my tho');
  const shown = await page.locator('.map-list li:not([hidden])').allInnerTexts();
  assert.ok(shown.some((text) => text.includes('Mỹ Tho')), shown.join());
  assert.ok(shown.length < 102);
  await page.context().close();
});

test('the language is changed by a link that comes back to the same page', async () => {
  const page = await design({ lang: 'vi' });
  await page.click('a.language');
  assert.equal(new URL(page.url()).pathname, '/design');
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  await page.context().close();
});

test('a page that is not there says so, calmly, in the language of the reader', async () => {
  const page = await newPage(browser, { url: sen.url, lang: 'en' });
  const answer = await page.goto('/no-such-page');
  assert.equal(answer.status(), 404);
  assert.equal(await page.innerText('h1'), 'This page was not found');
  page.complaints = page.complaints.filter((c) => !c.includes('404'));
  await wellMade(page, 'problem-404');
  await page.context().close();
});
