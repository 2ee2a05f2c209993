import Type from 'typebox';
import { Id, Name, Nullable, Timestamp } from './common.ts';
import { Mapping } from './migration.ts';

/** A mapping under a name, to be used by many migrations; each keeps what it was made with. */
export const NamedMapping = Type.Object({
  id: Id,
  name: Name,
  description: Nullable(Type.String()),
  mapping: Mapping,
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type NamedMapping = Type.Static<typeof NamedMapping>;

const description = Type.Optional(Nullable(Type.String({ maxLength: 2000 })));
export const NewNamedMapping = Type.Object(
  { name: Name, description, mapping: Mapping },
  { additionalProperties: false },
);
export const NamedMappingChange = Type.Object(
  { name: Type.Optional(Name), description, mapping: Type.Optional(Mapping) },
  { additionalProperties: false, minProperties: 1 },
);
