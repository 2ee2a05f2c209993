/** How Keystone shows what it holds. */
import type { Call } from '../http/service.ts';
import type { World } from '../world.ts';
import { catalog } from './catalog.ts';
import type { ApplicationCredential, Project, Token, User } from './state.ts';

const DOMAIN = { id: 'default', name: 'Default' };
const time = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}.000000Z`;

export function tokenView(world: World, call: Call, token: Token): unknown {
  const { user, project, applicationCredential } = token;
  return {
    token: {
      methods: token.methods,
      user: { domain: DOMAIN, id: user.id, name: user.name, password_expires_at: null },
      audit_ids: token.auditIds,
      expires_at: time(token.expiresAt),
      issued_at: time(token.issuedAt),
      ...(project && {
        project: { domain: DOMAIN, id: project.id, name: project.name },
        is_domain: false,
        roles: token.roles,
        ...(!call.query.has('nocatalog') && { catalog: catalog(call.origin, world.region, project.id) }),
      }),
      ...(applicationCredential && {
        application_credential: {
          id: applicationCredential.id,
          name: applicationCredential.name,
          restricted: !applicationCredential.unrestricted,
        },
      }),
    },
  };
}

const self = (call: Call, path: string): unknown => ({ self: `${call.origin}/identity/v3/${path}` });

export function projectView(call: Call, project: Project): Record<string, unknown> {
  return {
    id: project.id,
    name: project.name,
    domain_id: project.domainId,
    description: project.description,
    enabled: project.enabled,
    parent_id: project.domainId,
    is_domain: false,
    tags: [],
    options: {},
    links: self(call, `projects/${project.id}`),
  };
}

export function userView(call: Call, user: User): Record<string, unknown> {
  return {
    id: user.id,
    name: user.name,
    domain_id: user.domainId,
    enabled: user.enabled,
    default_project_id: user.defaultProjectId,
    password_expires_at: null,
    options: {},
    links: self(call, `users/${user.id}`),
  };
}

export function credentialView(call: Call, credential: ApplicationCredential): Record<string, unknown> {
  return {
    id: credential.id,
    name: credential.name,
    description: credential.description,
    project_id: credential.projectId,
    roles: credential.roles.map((role) => ({ ...role, domain_id: null })),
    expires_at: credential.expiresAt === undefined ? null : time(credential.expiresAt).slice(0, -1),
    unrestricted: credential.unrestricted,
    system: null,
    links: self(call, `users/${credential.userId}/application_credentials/${credential.id}`),
  };
}
