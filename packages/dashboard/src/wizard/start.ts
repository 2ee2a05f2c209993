import { type ApiClient, type BulkAnswer, made, type NewMigration } from '@guts/contract';

/** The same for the same text, another one for nearly every other (FNV-1a, 32 bits). */
function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(16);
}

/**
 * Makes the migrations of a draft. Asked for twice (a second tab, an answer that was lost) they are made once: the key
 * says that it is the same draft.
 * @throws ApiCallError
 */
export async function startMigrations(
  client: ApiClient,
  draftId: string,
  bodies: readonly NewMigration[],
): Promise<BulkAnswer> {
  const [only] = bodies;
  const single = bodies.length === 1 && only !== undefined;
  const body = JSON.stringify(single ? only : { migrations: bodies });
  const answer = await client.send(single ? '/v1/migrations' : '/v1/migrations/bulk', {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', 'idempotency-key': `${draftId}-${digest(body)}` },
  });
  const told: unknown = JSON.parse(await answer.text());
  if (!single) return told as BulkAnswer;
  const migration = made(told as object);
  return { created: 1, refused: 0, results: [{ index: 0, migration, error: null }] };
}
