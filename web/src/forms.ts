/* Forms keep what was typed: data-draft="key" saves it in this browser as it is typed, gives it back when the page opens
   again, and forgets it when the form is sent. Files, passwords and hidden fields are never kept. Leaving a page with
   something typed and not sent asks first. */
import { message, say } from './messages';

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

function kept(form: HTMLFormElement): Field[] {
  return [...form.elements].filter((element): element is Field => {
    if (!(element instanceof HTMLInputElement)) return element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement;
    return !['hidden', 'password', 'file', 'submit', 'button'].includes(element.type) && element.autocomplete !== 'off';
  });
}

function box(field: Field): field is HTMLInputElement {
  return field instanceof HTMLInputElement && (field.type === 'checkbox' || field.type === 'radio');
}

function key(field: Field): string {
  return box(field) ? `${field.name}=${field.value}` : field.name;
}

function save(form: HTMLFormElement, name: string): void {
  const values: Record<string, string | boolean> = {};
  for (const field of kept(form)) if (field.name) values[key(field)] = box(field) ? field.checked : field.value;
  try {
    localStorage.setItem(name, JSON.stringify(values));
  } catch {
    /* no room, or not allowed: the form works all the same */
  }
}

function stored(name: string): Record<string, string | boolean> | null {
  try {
    return JSON.parse(localStorage.getItem(name) ?? 'null') as Record<string, string | boolean> | null;
  } catch {
    return null;
  }
}

/* Only where the server gave nothing: what was sent and came back with errors is newer than the draft. */
function restore(form: HTMLFormElement, name: string): boolean {
  const values = stored(name);
  let any = false;
  if (!values || form.querySelector('[data-error-summary]')) return false;
  for (const field of kept(form)) {
    const value = values[key(field)];
    if (box(field) && typeof value === 'boolean' && value !== field.checked) {
      field.checked = value;
      any = true;
    } else if (!box(field) && typeof value === 'string' && value && !field.value) {
      field.value = value;
      any = true;
    }
  }
  return any;
}

function keepDraft(form: HTMLFormElement, draft: string): void {
  const name = `draft:${location.pathname}:${draft}`;
  let timer = 0;
  if (restore(form, name)) message(say('draft'), 'blue');
  form.addEventListener('input', () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => save(form, name), 400);
  });
  form.addEventListener('submit', () => {
    clearTimeout(timer);
    localStorage.removeItem(name);
  });
}

function warnUnsaved(form: HTMLFormElement): void {
  let typed = false;
  const ask = (event: BeforeUnloadEvent) => {
    if (typed && form.isConnected) event.preventDefault();
  };
  form.addEventListener('input', () => (typed = true));
  form.addEventListener('submit', () => (typed = false));
  window.addEventListener('beforeunload', ask);
}

export function forms(root: HTMLElement): void {
  for (const form of root.querySelectorAll<HTMLFormElement>('form[data-form]')) {
    if (form.dataset.draft) keepDraft(form, form.dataset.draft);
    warnUnsaved(form);
  }
  root.querySelector<HTMLElement>('[data-error-summary]')?.focus();
}
