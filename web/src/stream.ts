/* Live pages: an element with data-topic="dossiers" is fetched again when the server tells of a change. Its stream is
   /stream?topics=…, or the address in data-stream for what not everybody may hear of. Events have names that differ from
   module to module, which EventSource cannot listen to all at once, so the stream is read with fetch; the element's id says
   what is replaced, and the server decides what it shows. */
import { message, say } from './messages';

interface Htmx {
  ajax(verb: string, path: string, options: object): Promise<void>;
}

const open = new Map<string, AbortController>();
const WAIT_MS = 3000;

function elementsOf(address: string): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('[data-topic], [data-stream]')].filter((e) => addressOf(e) === address && e.id);
}

function addressOf(element: HTMLElement): string {
  return element.dataset.stream ?? `/stream?topics=${encodeURIComponent(element.dataset.topic ?? '')}`;
}

/* What somebody is typing, has typed and not sent, or has opened to answer is not taken from under the hands. */
function busy(element: HTMLElement): boolean {
  const focus = document.activeElement;
  const typing = element.contains(focus) && focus?.matches('input:not([type="checkbox"]), textarea, select');
  return Boolean(typing || element.querySelector('form[data-typed], dialog[open]'));
}

function refresh(htmx: Htmx, address: string): void {
  for (const element of elementsOf(address)) {
    if (busy(element)) {
      message(say('changed'), 'blue');
      continue;
    }
    const id = CSS.escape(element.id);
    void htmx.ajax('GET', location.pathname + location.search, { target: `#${id}`, select: `#${id}`, selectOOB: '#page-note', swap: 'outerHTML' });
  }
}

async function listen(htmx: Htmx, address: string, control: AbortController): Promise<void> {
  const response = await fetch(address, { headers: { Accept: 'text/event-stream' }, signal: control.signal });
  if (!response.ok || !response.body) {
    control.abort();
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  let timer = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text = (text + value).slice(-4096);
    if (!/^data:/m.test(text) || !text.includes('\n\n')) continue;
    text = '';
    clearTimeout(timer);
    timer = window.setTimeout(() => refresh(htmx, address), 200); /* many changes at once are one */
  }
}

async function keep(htmx: Htmx, address: string, control: AbortController): Promise<void> {
  while (!control.signal.aborted && elementsOf(address).length) {
    await listen(htmx, address, control).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
  open.delete(address);
}

document.addEventListener('input', (event) => {
  const form = event.target instanceof Element ? event.target.closest('form') : null;
  if (form) form.dataset.typed = 'yes';
});

export function streams(htmx: Htmx): void {
  for (const element of document.querySelectorAll<HTMLElement>('[data-topic], [data-stream]')) {
    const address = addressOf(element);
    if (open.has(address) || !element.id) continue;
    const control = new AbortController();
    open.set(address, control);
    void keep(htmx, address, control);
  }
}
