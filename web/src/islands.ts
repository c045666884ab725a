/* An island is one module of src/islands/, built into a file of its own. An element asks for it by data-island="name"; the
   layout says by <meta name="island"> where the server has it (names carry the digest of their content). */

export interface Island {
  mount(element: HTMLElement): void;
}

function link(href: string): Promise<void> {
  return new Promise((resolve) => {
    const css = document.createElement('link');
    css.rel = 'stylesheet';
    css.href = href;
    css.onload = css.onerror = () => resolve();
    document.head.append(css);
  });
}

const styles = new Map<string, Promise<void>>();

export function islandMeta(name: string): HTMLMetaElement | null {
  return document.querySelector<HTMLMetaElement>(`meta[name="island"][content="${name}"]`);
}

async function mount(element: HTMLElement): Promise<void> {
  const meta = islandMeta(element.dataset.island ?? '');
  if (!meta?.dataset.js) return;
  const css = meta.dataset.css;
  if (css && !styles.has(css)) styles.set(css, link(css));
  const [module] = await Promise.all([import(meta.dataset.js) as Promise<Island>, css ? styles.get(css) : undefined]);
  module.mount(element);
}

export function mountIslands(root: HTMLElement): void {
  const elements = [...root.querySelectorAll<HTMLElement>('[data-island]')];
  if (root.dataset.island) elements.unshift(root);
  for (const element of elements) {
    if (element.dataset.mounted) continue;
    element.dataset.mounted = 'yes';
    mount(element).catch((error: unknown) => console.warn('island', element.dataset.island, error));
  }
}
