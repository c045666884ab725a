/* Builds web/dist/: app.css, app.js, one file for each island, icons.svg, fonts; each text file also as .gz and .br.
 *
 *   npm run build
 *
 * Names are fixed; the program adds the digest of the content when it names them in a page (view/static_files.c). Fonts get a
 * hash in their names here, since the style sheet names them. Tabler's style sheet is cut down to what templates, scripts and
 * components name, so a new class in a template is there after the next build. */
import { build } from 'esbuild';
import postcss from 'postcss';
import { PurgeCSS } from 'purgecss';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..');
const dist = join(here, 'dist');
const BROWSERS = ['chrome123', 'firefox120', 'safari17.5'];
const read = (path) => readFileSync(path, 'utf8');

function walk(folder, wanted) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name === 'dist' ? [] : walk(path, wanted);
      return wanted.test(path) ? [path] : [];
    });
}

const templates = [...walk(join(root, 'src'), /\/views\/[^/]+\.html$/), ...walk(join(here, 'views'), /\.html$/)];
const scripts = walk(join(here, 'src'), /\.ts$/);
const programs = walk(join(root, 'src'), /\.c$/);

/* ---- Styles ---- */

/* Tabler says its colours by light-dark(), which follows the system's choice; what hangs on an attribute that a script would
   set is left out. */
const withoutThemeAttributes = {
  postcssPlugin: 'without-theme-attributes',
  OnceExit(css) {
    css.walkRules(/-theme(=|-)/, (rule) => {
      rule.selectors = rule.selectors.filter((s) => !/-theme(=|-)|theme-(dark|light)/.test(s));
      if (!rule.selector) rule.remove();
    });
  },
};

async function tabler() {
  const css = read(join(here, 'node_modules/@tabler/core/dist/css/tabler.css'));
  const purged = await new PurgeCSS().purge({
    css: [{ raw: css }],
    content: [...templates, ...scripts].map((path) => ({ raw: read(path), extension: 'html' })),
    defaultExtractor: (text) => text.match(/[A-Za-z][\w-]*/g) ?? [],
    safelist: { standard: ['data-bs-theme', 'is-invalid', 'show', 'active', 'disabled'] },
    keyframes: true,
    variables: true,
  });
  return (await postcss([withoutThemeAttributes]).process(purged[0].css, { from: undefined })).css;
}

async function styles() {
  const entry = join(here, 'styles/.tabler.css');
  writeFileSync(entry, await tabler());
  await build({
    entryPoints: [{ in: join(here, 'styles/app.css'), out: 'app' }],
    outdir: dist,
    bundle: true,
    minify: true,
    target: BROWSERS,
    loader: { '.woff2': 'file' },
    assetNames: 'fonts/[name]-[hash]',
    legalComments: 'none',
    logLevel: 'warning',
  });
  rmSync(entry);
}

/* ---- Scripts ---- */

async function modules() {
  const islands = walk(join(here, 'src/islands'), /\.ts$/).map((path) => ({ in: path, out: basename(path, '.ts') }));
  /* The content policy allows no workers from elsewhere, so MapLibre's is a file of its own. */
  const worker = { in: join(here, 'node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs'), out: 'map-worker' };
  await build({
    entryPoints: [{ in: join(here, 'src/app.ts'), out: 'app' }, ...islands, worker],
    outdir: dist,
    bundle: true,
    minify: true,
    format: 'esm',
    target: BROWSERS,
    legalComments: 'none',
    logLevel: 'warning',
  });
}

/* ---- Icons ---- */

const ALIASES = { 'state-green': 'circle-check', 'state-amber': 'clock-hour-4', 'state-red': 'alert-circle', 'state-blue': 'progress', 'state-grey': 'circle' };

function icon(name) {
  const path = join(here, 'node_modules/@tabler/icons/icons/outline', `${name}.svg`);
  if (!existsSync(path)) return null;
  return read(path)
    .replace(/^[\s\S]*?<svg[^>]*>/, '')
    .replace('</svg>', '')
    .replace('<path stroke="none" d="M0 0h24v24H0z" fill="none" />', '')
    .replace(/\s*\n\s*/g, '');
}

/* {{> c/icon name="search"}}, the fourth column of MenuItem tables, "icon"s of models, and what a C file that speaks of icons names. */
function namedIcons() {
  const names = new Set();
  const json = walk(join(root, 'src'), /\/(data|views|forms)\/[^/]+\.json$/);
  for (const path of templates) for (const m of read(path).matchAll(/c\/icon name="([a-z0-9-]+)"/g)) names.add(m[1]);
  for (const path of templates) for (const m of read(path).matchAll(/icon="([a-z0-9-]+)"/g)) names.add(m[1]);
  for (const path of json) for (const m of read(path).matchAll(/icon": *"([a-z0-9-]+)"/g)) names.add(m[1]);
  for (const path of programs) {
    const text = read(path);
    for (const table of text.matchAll(/MenuItem \w+\[\][^;]*;/g)) for (const m of table[0].matchAll(/"([a-z0-9-]+)"/g)) if (icon(m[1])) names.add(m[1]);
    if (/\bicon\b/.test(text)) for (const m of text.matchAll(/"([a-z0-9-]+)"/g)) if (icon(m[1])) names.add(m[1]);
  }
  return names.add('point');
}

function sprite() {
  const symbol = (id, body) =>
    `<symbol id="${id}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${body}</symbol>`;
  const missing = [];
  const symbols = [...namedIcons()].sort().map((name) => {
    const body = icon(name);
    if (!body) missing.push(name);
    return body ? symbol(name, body) : '';
  });
  if (missing.length) throw new Error(`there is no Tabler icon named ${missing.join(', ')}`);
  for (const [id, name] of Object.entries(ALIASES)) symbols.push(symbol(id, icon(name)));
  const mark = lotus();
  symbols.push(`<symbol id="lotus" viewBox="0 0 32 32">${mark}</symbol>`);
  writeFileSync(join(dist, 'icons.svg'), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>\n`);
  writeFileSync(join(dist, 'lotus.svg'), `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" color="#b8325e">${mark}</svg>\n`);
}

/* The mark is drawn once, in its template. */
function lotus() {
  return read(join(here, 'views/c/lotus.html')).match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1];
}

/* ---- Encodings ---- */

function encode() {
  for (const name of readdirSync(dist).filter((f) => /\.(css|js|svg)$/.test(f))) {
    const path = join(dist, name);
    const bytes = readFileSync(path);
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
  }
}

function report() {
  for (const name of readdirSync(dist).filter((f) => /\.(css|js|svg)$/.test(f)).sort())
    console.log(`${name.padEnd(16)} ${String(statSync(join(dist, name)).size).padStart(9)} bytes, ${statSync(join(dist, `${name}.br`)).size} in brotli`);
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
await Promise.all([styles(), modules()]);
sprite();
encode();
report();
