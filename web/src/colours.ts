/* Colours of drawings come from the style sheet, so that light and dark are decided in one place. */

export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function onThemeChange(redraw: () => void): void {
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
}
