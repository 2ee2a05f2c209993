/** What the console of a target showed when it was last looked at. */
export interface ConsoleText {
  /** As the guest wrote it, escape sequences and all; without NUL, which PostgreSQL does not store. */
  readonly text: string;
  /** What came before it was left out. */
  readonly truncated: boolean;
}

/** As the store has it. */
export interface KeptConsole extends ConsoleText {
  /** When it was looked at last. */
  readonly at: string;
}
