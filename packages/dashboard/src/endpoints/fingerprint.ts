/** The SHA-256 fingerprint that an error about a certificate names; null: it names none. */
export function fingerprintIn(message: string | null): string | null {
  return /\b(?:[0-9A-F]{2}:){31}[0-9A-F]{2}\b/i.exec(message ?? '')?.[0] ?? null;
}
