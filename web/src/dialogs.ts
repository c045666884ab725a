/* Native dialogs, opened by an element with data-dialog="ID"; and acts that cannot be undone, whose button works only when the
   code beside it has been typed. */

function confirmByTyping(form: HTMLFormElement, code: string): void {
  const input = form.querySelector<HTMLInputElement>('[data-confirm-input]');
  const button = form.querySelector<HTMLButtonElement>('button[type="submit"]:not([formmethod])');
  if (!input || !button) return;
  const check = () => (button.disabled = input.value.trim() !== code);
  input.addEventListener('input', check);
  check();
}

export function dialogs(root: HTMLElement): void {
  for (const opener of root.querySelectorAll<HTMLElement>('[data-dialog]'))
    opener.addEventListener('click', (event) => {
      const dialog = document.getElementById(opener.dataset.dialog ?? '');
      if (!(dialog instanceof HTMLDialogElement)) return;
      event.preventDefault();
      dialog.showModal();
    });
  for (const form of root.querySelectorAll<HTMLFormElement>('form[data-confirm]')) confirmByTyping(form, form.dataset.confirm ?? '');
}
