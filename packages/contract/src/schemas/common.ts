import Type, { type Static, type TSchema } from 'typebox';
import { ERROR_CODES, type ErrorCode } from '@guts/core';

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
/** One of a list of words. */
export const Words = <const T extends string>(words: readonly T[]) =>
  Type.Unsafe<T>({ type: 'string', enum: [...words] });

export const Id = Type.String({ minLength: 1, maxLength: 64 });
export const Name = Type.String({ minLength: 1, maxLength: 255 });
export const Timestamp = Type.String({ format: 'date-time' });
export const Bytes = Type.Integer({ minimum: 0, description: 'bytes' });
const Key = { minLength: 1, maxLength: 255 };
/**
 * By keys that users choose. Written out: as a record, a key is only looked at when a pattern fits it, which fits no
 * line break, and its bounds are lost.
 */
export const mapOf = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Record<string, Static<T>>>({
    type: 'object',
    propertyNames: Key,
    additionalProperties: schema,
  });
export const FreeForm = mapOf(Type.Unknown());

/** An error as stored in a resource. */
export const StoredFault = Type.Object({
  code: Words(Object.keys(ERROR_CODES) as ErrorCode[]),
  message: Type.String(),
  remedy: Type.Optional(Type.String()),
  field: Type.Optional(Type.String()),
  details: Type.Optional(FreeForm),
  causes: Type.Optional(Type.Array(Type.String(), { description: 'outermost first' })),
});

/** The envelope of every answer that is an error. */
export const ErrorBody = Type.Object({
  error: Type.Object({
    code: Type.Integer({ description: 'HTTP status' }),
    title: Type.String(),
    guts_code: Words(Object.keys(ERROR_CODES) as ErrorCode[]),
    message: Type.String({ description: 'what is wrong' }),
    remedy: Nullable(Type.String({ description: 'what to do' })),
    field: Nullable(Type.String({ description: 'the field at fault' })),
    details: Nullable(FreeForm),
    request_id: Type.String(),
  }),
});
export type ErrorBody = Type.Static<typeof ErrorBody>;

/** Paging by key: `marker` is the last id of the page before. */
export const PageQuery = {
  limit: Type.Optional(
    Type.String({ pattern: '^[1-9][0-9]{0,3}$', description: 'at most 1000; default 100' }),
  ),
  marker: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
};
export const Links = Type.Object({ next: Nullable(Type.String()) });
