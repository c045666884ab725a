/* What every page loads. Pages work without it; it makes them quicker and kinder: htmx replaces parts, islands come when a
   page asks for one, lists obey the keyboard, forms keep what was typed. Nothing here decides anything: rules live on the
   server. */
import htmx from 'htmx.org';
import { mountIslands } from './islands';
import { listKeys, selection } from './list';
import { forms } from './forms';
import { dialogs } from './dialogs';
import { uploads } from './upload';
import { streams } from './stream';
import { messages } from './messages';

function token(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf"]')?.content ?? '';
}

document.addEventListener('htmx:configRequest', (event) => {
  const detail = (event as CustomEvent).detail;
  if (detail.verb !== 'get') detail.headers['X-CSRF-Token'] = token();
});

document.addEventListener('htmx:load', (event) => {
  const root = (event as CustomEvent).detail.elt as HTMLElement;
  mountIslands(root);
  forms(root);
  dialogs(root);
  uploads(root);
  selection(root);
  streams(htmx);
});

listKeys();
messages();
