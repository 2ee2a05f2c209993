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

/** Shows the page as chosen; again whenever the choice, here or in another tab, or the system changes. */
export function applyTheme(): void {
  document.documentElement.classList.toggle(DARK, isDark());
}

const CHANGED = 'guts-theme';

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  applyTheme();
  window.dispatchEvent(new Event(CHANGED));
}

function subscribe(changed: () => void): () => void {
  const again = (): void => {
    applyTheme();
    changed();
  };
  dark.addEventListener('change', again);
  window.addEventListener('storage', again);
  window.addEventListener(CHANGED, again);
  return () => {
    dark.removeEventListener('change', again);
    window.removeEventListener('storage', again);
    window.removeEventListener(CHANGED, again);
  };
}

/** The choice. */
export const useTheme = (): Theme => useSyncExternalStore(subscribe, stored);
/** What is shown, as pictures that are drawn need to know it. */
export const useDark = (): boolean => useSyncExternalStore(subscribe, isDark);
