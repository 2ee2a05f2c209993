/** Who there is: domains, projects, users, roles, credentials, tokens. */
import { randomBytes, randomUUID } from 'node:crypto';

/** 32 hexadecimal digits, the form of Keystone's ids. */
export const hexId = (): string => randomUUID().replaceAll('-', '');

export interface Project {
  readonly id: string;
  name: string;
  readonly domainId: string;
  description: string;
  enabled: boolean;
}

export interface User {
  readonly id: string;
  readonly name: string;
  password: string;
  readonly domainId: string;
  enabled: boolean;
  defaultProjectId: string | undefined;
}

export interface Role {
  readonly id: string;
  readonly name: string;
}

export interface ApplicationCredential {
  readonly id: string;
  readonly name: string;
  readonly secret: string;
  readonly description: string | null;
  readonly userId: string;
  readonly projectId: string;
  readonly roles: readonly Role[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined;
  readonly unrestricted: boolean;
}

export interface Token {
  readonly id: string;
  readonly user: User;
  /** Undefined for an unscoped token. */
  readonly project: Project | undefined;
  readonly roles: readonly Role[];
  readonly methods: readonly string[];
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly auditIds: readonly string[];
  readonly applicationCredential: ApplicationCredential | undefined;
}

export interface Domain {
  readonly id: string;
  readonly name: string;
}

/** Roles that a role brings along, as Keystone's bootstrap sets them up. */
const IMPLIED: Readonly<Record<string, readonly string[]>> = {
  admin: ['member', 'reader'],
  member: ['reader'],
};

export class IdentityState {
  readonly domains: readonly Domain[] = [{ id: 'default', name: 'Default' }];
  readonly projects = new Map<string, Project>();
  readonly users = new Map<string, User>();
  readonly roles = new Map<string, Role>();
  readonly applicationCredentials = new Map<string, ApplicationCredential>();
  readonly tokens = new Map<string, Token>();
  /** `user id/project id` to role names. */
  readonly assignments = new Map<string, Set<string>>();
  readonly #lifetime: number;

  constructor(tokenLifetimeSeconds: number) {
    this.#lifetime = tokenLifetimeSeconds * 1000;
    for (const name of ['admin', 'member', 'reader', 'service']) this.role(name);
  }

  /** The role of this name; made when missing. */
  role(name: string): Role {
    const known = [...this.roles.values()].find((role) => role.name === name);
    if (known) return known;
    const role = { id: hexId(), name };
    this.roles.set(role.id, role);
    return role;
  }

  project(name: string): Project {
    const known = [...this.projects.values()].find((project) => project.name === name);
    if (known) return known;
    const project = { id: hexId(), name, domainId: 'default', description: '', enabled: true };
    this.projects.set(project.id, project);
    return project;
  }

  user(name: string): User | undefined {
    return [...this.users.values()].find((user) => user.name === name);
  }

  addUser(name: string, password: string, project: Project): User {
    const user: User = {
      id: hexId(),
      name,
      password,
      domainId: 'default',
      enabled: true,
      defaultProjectId: project.id,
    };
    this.users.set(user.id, user);
    return user;
  }

  assign(user: User, project: Project, role: string): void {
    const key = `${user.id}/${project.id}`;
    const names = this.assignments.get(key) ?? new Set<string>();
    for (const name of [role, ...(IMPLIED[role] ?? [])]) names.add(this.role(name).name);
    this.assignments.set(key, names);
  }

  rolesOf(user: User, project: Project): Role[] {
    return [...(this.assignments.get(`${user.id}/${project.id}`) ?? [])].map((name) => this.role(name));
  }

  projectsOf(user: User): Project[] {
    return [...this.projects.values()].filter((project) => this.rolesOf(user, project).length > 0);
  }

  issue(
    token: Pick<Token, 'user' | 'project' | 'roles' | 'methods' | 'applicationCredential'> & {
      readonly parent?: Token | undefined;
    },
  ): Token {
    const { parent, ...given } = token;
    const issuedAt = Date.now();
    const chain = parent?.auditIds.at(-1);
    const made: Token = {
      ...given,
      id: `gAAAAA${randomBytes(132).toString('base64url')}`,
      issuedAt,
      // A token made from a token lives no longer than it.
      expiresAt: parent?.expiresAt ?? issuedAt + this.#lifetime,
      auditIds: [randomBytes(16).toString('base64url'), ...(chain === undefined ? [] : [chain])],
    };
    this.tokens.set(made.id, made);
    return made;
  }

  /** The token of this id while it lives. */
  live(id: string): Token | undefined {
    const token = this.tokens.get(id);
    if (!token) return undefined;
    if (Date.now() < token.expiresAt && token.user.enabled && token.project?.enabled !== false) return token;
    this.tokens.delete(id);
    return undefined;
  }

  /** Ends tokens now, those of one user or all; the next request with one is answered 401. */
  revoke(userName?: string): number {
    const doomed = [...this.tokens.values()].filter(
      (token) => userName === undefined || token.user.name === userName,
    );
    for (const token of doomed) this.tokens.delete(token.id);
    return doomed.length;
  }
}

export const isAdmin = (token: Token): boolean => token.roles.some((role) => role.name === 'admin');
