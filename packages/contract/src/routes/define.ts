import Type, { type TObject, type TSchema } from 'typebox';
import { Id, Links, PageQuery, Words } from '../schemas/common.ts';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With `:name` for parameters. */
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  readonly params: TObject;
  readonly query: TObject;
  readonly body: TSchema | null;
  readonly status: number;
  /** Of the same answer, when the request asked for less. */
  readonly otherStatus?: number;
  readonly answer: TSchema | null;
  /** What may be asked for and this version does not do is answered with 501. */
  readonly refusesUnsupported?: boolean;
  /** It makes something: takes the header Idempotency-Key. */
  readonly creates?: boolean;
  /** Bytes; 1 MiB unless told. */
  readonly bodyLimit?: number;
}

export const closed = { additionalProperties: false } as const;
export const none = Type.Object({}, closed);
export const byId = Type.Object({ id: Id }, closed);
/** The query of a list: its page, its filters, and by what it is sorted. */
export const page = <T extends Record<string, TSchema>, const K extends string>(
  more: T,
  sortKeys: readonly K[],
) => Type.Object({ ...PageQuery, ...sortQuery(sortKeys), ...more }, closed);
const sortQuery = <const K extends string>(keys: readonly K[]) => ({
  sort: Type.Optional(
    Type.String({ maxLength: 64, description: `KEY or KEY:DIRECTION; keys: ${keys.join(', ')}` }),
  ),
  sort_key: Type.Optional(Words(keys)),
  sort_dir: Type.Optional(Words(['asc', 'desc'])),
});
export const listOf = <K extends string, T extends TSchema>(key: K, item: T) =>
  Type.Object({ [key]: Type.Array(item), links: Links } as Record<K, ReturnType<typeof Type.Array<T>>> & {
    links: typeof Links;
  });
export const named = { name: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })) };
export const IdQuery = Type.Optional(Id);
export const Statuses = Type.Optional(
  Type.String({ maxLength: 255, description: 'statuses, separated by commas' }),
);

/** A route as it is, with its types. */
export function route<
  P extends TObject,
  Q extends TObject,
  B extends TSchema | null,
  A extends TSchema | null,
>(definition: {
  method: Route['method'];
  path: string;
  summary: string;
  tag: string;
  params: P;
  query: Q;
  body: B;
  status: number;
  otherStatus?: number;
  answer: A;
  refusesUnsupported?: boolean;
  creates?: boolean;
  bodyLimit?: number;
}) {
  return definition;
}

/** A filter whose value is compared as it is. */
export const exactly = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 255, description }));
export const Since = Type.Optional(Type.String({ format: 'date-time', description: 'then or later' }));
