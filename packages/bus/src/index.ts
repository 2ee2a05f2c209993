export { createLocalBus } from './local.ts';
export { type BusOptions, openBus } from './open.ts';
export { OutboxRelay, type RelayParts } from './outbox-relay.ts';
