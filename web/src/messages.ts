/* What scripts have to say: in the page's live region, so that it is read aloud too. */

export function say(name: string): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="say-${name}"]`)?.content ?? '';
}

export function message(text: string, colour: 'blue' | 'red' | 'green'): void {
  const box = document.getElementById('messages');
  if (!box || !text) return;
  const notice = document.createElement('div');
  notice.className = `notice notice-${colour}`;
  notice.textContent = text;
  box.replaceChildren(notice);
  notice.scrollIntoView({ block: 'nearest' });
}

export function messages(): void {
  document.addEventListener('htmx:responseError', () => message(say('error'), 'red'));
  document.addEventListener('htmx:sendError', () => message(say('offline'), 'red'));
}
