/* Files on their way: a form that sends files goes through htmx, which says how far it is; a bar with a number shows it.
   Files can also be dropped on the field. Without this script the browser sends the form as ever. */
import htmx from 'htmx.org';
import { say } from './messages';

function bar(form: HTMLFormElement): HTMLElement {
  let line = form.querySelector<HTMLElement>('.upload-progress');
  if (line) return line;
  line = document.createElement('p');
  line.className = 'upload-progress';
  line.setAttribute('role', 'status');
  line.append(document.createElement('progress'), document.createElement('span'));
  form.append(line);
  return line;
}

function show(form: HTMLFormElement, sent: number, total: number): void {
  const [progress, words] = bar(form).children as unknown as [HTMLProgressElement, HTMLElement];
  progress.max = total;
  progress.value = sent;
  words.textContent = `${say('uploading')}: ${Math.floor((100 * sent) / total)} %`;
}

function dropHere(zone: HTMLElement): void {
  const input = zone.querySelector<HTMLInputElement>('input[type="file"]');
  if (!input) return;
  for (const name of ['dragenter', 'dragover'])
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add('upload-over');
    });
  zone.addEventListener('dragleave', () => zone.classList.remove('upload-over'));
  zone.addEventListener('drop', (event) => {
    event.preventDefault();
    zone.classList.remove('upload-over');
    if (event.dataTransfer?.files.length) input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  });
}

export function uploads(root: HTMLElement): void {
  for (const zone of root.querySelectorAll<HTMLElement>('[data-upload]')) {
    const form = zone.closest('form');
    dropHere(zone);
    if (!form || form.dataset.progress) continue;
    form.dataset.progress = 'yes';
    form.setAttribute('hx-boost', 'true');
    htmx.process(form);
    form.addEventListener('htmx:xhr:progress', (event) => {
      const { loaded, total, lengthComputable } = (event as CustomEvent).detail;
      if (lengthComputable && total > 200_000) show(form, loaded, total);
    });
  }
}
