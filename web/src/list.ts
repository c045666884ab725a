/* Lists by keyboard: / to the search box, j and k from row to row, Enter opens, x marks, ? shows the keys. And marking of
   many rows at once. Where one is, is the focus itself, on the row's first link, so that screen readers follow. */

function rows(): HTMLTableRowElement[] {
  return [...document.querySelectorAll<HTMLTableRowElement>('table[data-list] tbody tr')];
}

function currentRow(): HTMLTableRowElement | null {
  return document.activeElement?.closest<HTMLTableRowElement>('table[data-list] tbody tr') ?? null;
}

function move(step: number): void {
  const all = rows();
  if (!all.length) return;
  const now = currentRow();
  const index = now ? all.indexOf(now) + step : step > 0 ? 0 : all.length - 1;
  const row = all[Math.min(Math.max(index, 0), all.length - 1)];
  const target = row.querySelector<HTMLElement>('a[href], input[data-select]') ?? row;
  if (target === row) row.tabIndex = -1;
  target.focus();
  row.scrollIntoView({ block: 'nearest' });
}

function mark(): void {
  const box = currentRow()?.querySelector<HTMLInputElement>('input[data-select]');
  box?.click();
}

function open(): void {
  const row = currentRow();
  if (row && !document.activeElement?.matches('a, button')) row.querySelector<HTMLAnchorElement>('a[href]')?.click();
}

const keys: Record<string, () => void> = {
  '/': () => document.querySelector<HTMLElement>('[data-search], #top-q')?.focus(),
  j: () => move(1),
  k: () => move(-1),
  x: mark,
  Enter: open,
  '?': () => document.querySelector<HTMLDialogElement>('dialog[data-keys]')?.showModal(),
};

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const box = target instanceof HTMLInputElement && ['checkbox', 'radio', 'button', 'submit'].includes(target.type);
  return !box && target.matches('input, textarea, select, [contenteditable], .no-keys *');
}

export function listKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector('dialog[open]')) return;
    const act = keys[event.key];
    if (!act || (event.key === 'Enter' && (event.target as HTMLElement).matches('a, button, input, summary'))) return;
    if (event.key !== 'Enter') event.preventDefault();
    act();
  });
}

export function selection(root: HTMLElement): void {
  for (const all of root.querySelectorAll<HTMLInputElement>('input[data-select-all]')) {
    const boxes = () => [...(all.closest('table')?.querySelectorAll<HTMLInputElement>('input[data-select]') ?? [])];
    const show = () => {
      const marked = boxes().filter((box) => box.checked).length;
      all.checked = marked > 0 && marked === boxes().length;
      all.indeterminate = marked > 0 && !all.checked;
    };
    all.addEventListener('change', () => {
      for (const box of boxes()) box.checked = all.checked;
      show();
    });
    all.closest('table')?.addEventListener('change', show);
  }
}
