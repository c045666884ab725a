/* Colours of drawings come from the style sheet, so that light and dark are decided in one place. */

/* A property such as light-dark(#fff, #000) is only resolved where it is used as a colour, so a hidden element uses it. */
export function colour(name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(--${name})`;
  probe.hidden = true;
  document.body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

export function onThemeChange(redraw: () => void): void {
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
}
