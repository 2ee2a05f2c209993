/** Seals secrets at rest. */
export interface Secrets {
  /** @param context what it belongs to (`table:row`): a sealed text moved elsewhere does not open */
  seal(plain: Readonly<Record<string, unknown>>, context: string): string;
  /** @throws GutsError `configuration` when the key is missing or the text was tampered with */
  open(sealed: string, context: string): Readonly<Record<string, unknown>>;
}
