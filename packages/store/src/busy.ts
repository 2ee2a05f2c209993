import type { StoreDialect } from './dialect.ts';

const ATTEMPTS = 60;
const PAUSE_MS = 50;

/** Does it again while another process holds the database: what fails as busy did not happen. */
export async function unlessBusy<T>(
  { isBusy }: Pick<StoreDialect, 'isBusy'>,
  work: () => T | Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || attempt >= ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * (0.5 + Math.random())));
    }
  }
}
