/** Fields whose value is a secret, wherever they stand in a body. */
const SECRET_FIELD = /secret|passw|token|ticket|credential|private|^key$|_key$|authorization/i;
/** Of a value that is shorter, the mask would hide half the text. */
const SHORTEST = 4;
const MASK = '***';
/** What signs in to the dashboard, in the address of a one-time link. */
const CODE = /(#code=)[\w.-]+/g;
/** What of a body is shown at most; characters. */
const SHOWN = 2000;

/** Takes secrets out of what is shown: those that are known by their value, and what stands in fields for secrets. */
export class Redactor {
  readonly #known = new Set<string>();

  /** Never shows this again. */
  hide(secret: string | undefined): void {
    if (secret !== undefined && secret.length >= SHORTEST) this.#known.add(secret);
  }

  /** A text without what is known to be secret, also as it stands in JSON and addresses. */
  text(text: string): string {
    let shown = text;
    for (const secret of this.#known)
      for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
        shown = shown.replaceAll(form, MASK);
    return shown.replaceAll(CODE, `$1${MASK}`);
  }

  /** A body: JSON with its secret fields masked; of all else only the size. */
  body(body: string): string {
    let tree: unknown;
    try {
      tree = JSON.parse(body);
    } catch {
      return `(${body.length} characters that are no JSON)`;
    }
    const shown = this.text(JSON.stringify(this.#masked(tree)));
    return shown.length <= SHOWN ? shown : `${shown.slice(0, SHOWN)}… (${shown.length} characters)`;
  }

  /** Hides the texts of secret fields from now on, too: they may stand elsewhere. */
  #masked(value: unknown, secret = false): unknown {
    if (Array.isArray(value)) return value.map((one: unknown) => this.#masked(one, secret));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(
        Object.entries(value).map(([key, one]) => [key, this.#masked(one, secret || SECRET_FIELD.test(key))]),
      );
    if (!secret || value === null || typeof value === 'boolean') return value;
    if (typeof value === 'string') this.hide(value);
    return MASK;
  }
}
