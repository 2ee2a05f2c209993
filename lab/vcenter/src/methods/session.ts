import { product } from '../model/world.ts';
import { textOf } from '../soap/parse.ts';
import { bool, data, refValue, str, time, type Ref, type Value } from '../soap/values.ts';
import type { Session } from '../sessions.ts';
import type { Methods, Vim } from '../vim.ts';

/** Singletons that clients find in the ServiceContent. */
export const SINGLETONS = {
  propertyCollector: { type: 'PropertyCollector', id: 'propertyCollector' },
  viewManager: { type: 'ViewManager', id: 'ViewManager' },
  sessionManager: { type: 'SessionManager', id: 'SessionManager' },
  authorizationManager: { type: 'AuthorizationManager', id: 'AuthorizationManager' },
  taskManager: { type: 'TaskManager', id: 'TaskManager' },
  searchIndex: { type: 'SearchIndex', id: 'SearchIndex' },
  ovfManager: { type: 'OvfManager', id: 'OvfManager' },
} as const satisfies Record<string, Ref>;

export const SERVICE_INSTANCE: Ref = { type: 'ServiceInstance', id: 'ServiceInstance' };

/** ServiceContent, its fields in the schema's order. */
export function serviceContent(rootFolder: Ref, apiVersion: string): Value {
  return data('ServiceContent', {
    rootFolder: refValue(rootFolder),
    propertyCollector: refValue(SINGLETONS.propertyCollector),
    viewManager: refValue(SINGLETONS.viewManager),
    about: product(
      'VMware vCenter Server',
      `VMware vCenter Server ${apiVersion} (GUTS fake)`,
      'vpx',
      'VirtualCenter',
      apiVersion,
    ),
    sessionManager: refValue(SINGLETONS.sessionManager),
    authorizationManager: refValue(SINGLETONS.authorizationManager),
    taskManager: refValue(SINGLETONS.taskManager),
    searchIndex: refValue(SINGLETONS.searchIndex),
    ovfManager: refValue(SINGLETONS.ovfManager),
  });
}

/** Methods that anybody may call. */
export const OPEN_METHODS: ReadonlySet<string> = new Set([
  'RetrieveServiceContent',
  'RetrieveInternalContent',
  'Login',
  'CurrentTime',
]);

export const sessionMethods: Methods = {
  RetrieveServiceContent: (call) => serviceContent(call.vim.world.root.ref, call.vim.settings.apiVersion),
  CurrentTime: () => time(new Date()),
  Login: (call) => {
    const session = call.vim.sessions.login(
      textOf(call.args, 'userName') ?? '',
      textOf(call.args, 'password') ?? '',
    );
    call.setCookie(session.cookie);
    return userSession(call.vim, session);
  },
  Logout: (call) => {
    if (call.session !== undefined) call.vim.sessions.end(call.session);
    return undefined;
  },
  SessionIsActive: (call) =>
    bool(call.session !== undefined && call.session.key === textOf(call.args, 'sessionID')),
};

export function userSession(vim: Vim, session: Session): Value {
  return data('UserSession', {
    key: str(session.key),
    userName: str(vim.settings.username),
    fullName: str(vim.settings.username),
    loginTime: time(session.loginTime),
    lastActiveTime: time(new Date(session.lastActive)),
    locale: str('en'),
    messageLocale: str('en'),
    extensionSession: bool(false),
    ipAddress: str('127.0.0.1'),
    userAgent: str(''),
    callCount: { kind: 'scalar', type: 'long', text: '1' },
  });
}
