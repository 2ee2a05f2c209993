import { serviceContent, SERVICE_INSTANCE, SINGLETONS, userSession } from './methods/session.ts';
import { list, refs, time } from './soap/values.ts';
import type { Properties } from './model/inventory.ts';
import type { Vim } from './vim.ts';

/** Puts the service instance and the managers into the inventory. */
export function addSingletons(vim: Vim): void {
  const properties: Partial<Record<keyof typeof SINGLETONS, Properties>> = {
    propertyCollector: { filter: () => refs([]) },
    viewManager: { viewList: () => refs([]) },
    sessionManager: {
      sessionList: () =>
        list(
          'UserSession',
          vim.sessions.all.map((session) => userSession(vim, session)),
        ),
      currentSession: (sessionKey) => {
        const session = vim.sessions.all.find((s) => s.key === sessionKey);
        return session === undefined ? undefined : userSession(vim, session);
      },
    },
    taskManager: { recentTask: () => refs([]) },
    ovfManager: {
      ovfImportOption: () => list('OvfOptionInfo', []),
      ovfExportOption: () => list('OvfOptionInfo', []),
    },
  };
  for (const [name, ref] of Object.entries(SINGLETONS)) {
    vim.inventory.add({ ref, properties: properties[name as keyof typeof SINGLETONS] ?? {} });
  }
  vim.inventory.add({
    ref: SERVICE_INSTANCE,
    properties: {
      content: () => serviceContent(vim.world.root.ref, vim.settings.apiVersion),
      serverClock: () => time(new Date()),
    },
  });
}
