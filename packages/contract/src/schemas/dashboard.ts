import Type from 'typebox';
import { Id, Nullable, Timestamp, Words } from './common.ts';

const closed = { additionalProperties: false } as const;

/** How the dashboard lets people in: at Keystone, or by a one-time link in embedded mode. */
export const LOGIN_KINDS = ['password', 'application_credential', 'link'] as const;
export type LoginKind = (typeof LOGIN_KINDS)[number];

const Text = Type.String({ minLength: 1, maxLength: 255 });
/** Nobody's password is longer; what is would only be work for Keystone. */
const Secret = Type.String({ minLength: 1, maxLength: 4096 });

/** What a person shows to be let in: exactly one of the three. */
export const DashboardLogin = Type.Object(
  {
    password: Type.Optional(
      Type.Object(
        {
          user: Text,
          user_domain: Type.Optional(Text),
          password: Secret,
          project: Text,
          project_domain: Type.Optional(Text),
        },
        closed,
      ),
    ),
    application_credential: Type.Optional(Type.Object({ id: Text, secret: Secret }, closed)),
    link: Type.Optional(Type.Object({ code: Type.String({ minLength: 1, maxLength: 1024 }) }, closed)),
  },
  { ...closed, minProperties: 1, maxProperties: 1 },
);
export type DashboardLogin = Type.Static<typeof DashboardLogin>;

/** Whether somebody is signed in, and who; else how to sign in. */
export const DashboardSession = Type.Object({
  login: Type.Array(Words(LOGIN_KINDS), { description: 'the ways to sign in here' }),
  session: Nullable(
    Type.Object({
      user_id: Nullable(Id),
      user_name: Nullable(Type.String()),
      project_id: Nullable(Id),
      project_name: Nullable(Type.String()),
      roles: Type.Array(Type.String()),
      expires_at: Timestamp,
      csrf_token: Type.String({
        description: 'for the header X-CSRF-Token of every request that is not GET',
      }),
    }),
  ),
});
export type DashboardSession = Type.Static<typeof DashboardSession>;

/** A one-time link to the dashboard. */
export const DashboardLink = Type.Object({
  url: Type.String({ description: 'to be opened in a browser; signs in once' }),
  expires_at: Timestamp,
});
export type DashboardLink = Type.Static<typeof DashboardLink>;

/** Who asks, and what the policy lets them do. */
export const Me = Type.Object({
  user_id: Nullable(Id),
  project_id: Nullable(Id),
  roles: Type.Array(Type.String()),
  system: Type.Boolean({ description: 'the token is of the whole system' }),
  allowed: Type.Array(Type.String(), {
    description:
      'rules of the policy that hold for the caller in this project, such as migration:migrations:create',
  }),
});
export type Me = Type.Static<typeof Me>;

/** Scheme, host and port of a page, as browsers send it (RFC 6454, section 6.2). */
const Origin = Type.String({
  pattern: '^https?://[^/?#@\\s]{1,255}$',
  maxLength: 264,
  description: 'scheme, host and port of the page that opens the stream, as its browser writes it',
});
export const NewEventTicket = Type.Object({ origin: Origin }, closed);
export const EventTicket = Type.Object({
  ticket: Type.String({ description: 'for the query of the event stream' }),
  expires_at: Timestamp,
});
export type EventTicket = Type.Static<typeof EventTicket>;
