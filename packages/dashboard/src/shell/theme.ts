import { useSyncExternalStore } from 'react';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'guts.theme';
const DARK = 'pf-v6-theme-dark';
const dark = matchMedia('(prefers-color-scheme: dark)');

function stored(): Theme {
  const value = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === value) ?? 'system';
}

/** The page's own, where a frame around the app has but one. */
const given = (): string | undefined => document.getElementById('guts-root')?.dataset['theme'];

function isDark(): boolean {
  const theme = given() ?? stored();
  return theme === 'dark' || (theme === 'system' && dark.matches);
}

const CHANGED = 'guts-theme';

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  window.dispatchEvent(new Event(CHANGED));
}

function listen(changed: () => void): () => void {
  dark.addEventListener('change', changed);
  window.addEventListener('storage', changed);
  window.addEventListener(CHANGED, changed);
  return () => {
    dark.removeEventListener('change', changed);
    window.removeEventListener('storage', changed);
    window.removeEventListener(CHANGED, changed);
  };
}

/** Shows the page as chosen, now and whenever the choice, here or in another tab, or the system changes. */
export function followTheme(): void {
  const apply = (): void => void document.documentElement.classList.toggle(DARK, isDark());
  apply();
  listen(apply);
}

/** The choice. */
export const useTheme = (): Theme => useSyncExternalStore(listen, stored);
/** What is shown, as pictures that are drawn need to know it. */
export const useDark = (): boolean => useSyncExternalStore(listen, isDark);
