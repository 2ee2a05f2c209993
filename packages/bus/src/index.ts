export { createLocalBus } from './local.ts';
export { Notifier } from './notifications/notifier.ts';
export { openNotifications } from './notifications/open.ts';
export { type BusOptions, openBus } from './open.ts';
export { OutboxRelay, type RelayParts } from './outbox-relay.ts';
