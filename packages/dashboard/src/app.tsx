import type { ApiClient } from '@guts/contract';
import { createContext, use } from 'react';
import type { Boot } from './boot.ts';
import type { SessionClient } from './api/session.ts';

/** What every part of the app stands on. */
export interface App {
  readonly boot: Boot;
  readonly client: ApiClient;
  /** Null inside Horizon, whose session it is. */
  readonly sessions: SessionClient | null;
}

export const AppContext = createContext<App | null>(null);

/** @throws Error outside of the app */
export function useApp(): App {
  const app = use(AppContext);
  if (!app) throw new Error('no app around this component');
  return app;
}
