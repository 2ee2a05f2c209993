import {
  type ConnectContext,
  type DestinationConnection,
  type DestinationDriver,
  type Endpoint,
  type EndpointConfig,
  type EndpointSide,
  type EndpointStore,
  GutsError,
  type Secrets,
  type SourceConnection,
  type SourceDriver,
} from '@guts/core';

/** Something put around a connection or another port; gives an object of the same shape. */
export type Watch = <T extends object>(name: string, target: T) => T;

/** Opens connections to stored sources and destinations. */
export class Connections {
  readonly sources: readonly SourceDriver[];
  readonly destinations: readonly DestinationDriver[];
  readonly #store: EndpointStore;
  readonly #secrets: Secrets;
  readonly #watch: Watch;

  /** @param parts.watch puts something around each connection, such as the points where tests kill; see app */
  constructor(parts: {
    sources: readonly SourceDriver[];
    destinations: readonly DestinationDriver[];
    store: EndpointStore;
    secrets: Secrets;
    watch?: Watch;
  }) {
    this.#watch = parts.watch ?? ((_name, connection) => connection);
    this.sources = parts.sources;
    this.destinations = parts.destinations;
    this.#store = parts.store;
    this.#secrets = parts.secrets;
  }

  async openSource(id: string, context: ConnectContext): Promise<SourceConnection> {
    const { endpoint, config } = await this.#config('source', id);
    const driver = this.sources.find((one) => one.schemas.name === endpoint.driver);
    if (!driver) throw this.#noDriver(endpoint);
    return this.#watch('source', await driver.connect(config, context));
  }

  async openDestination(
    id: string,
    context: ConnectContext & { readonly targetProject: string | null },
  ): Promise<DestinationConnection> {
    const { endpoint, config } = await this.#config('destination', id);
    const driver = this.destinations.find((one) => one.schemas.name === endpoint.driver);
    if (!driver) throw this.#noDriver(endpoint);
    return this.#watch('destination', await driver.connect(config, context));
  }

  async #config(side: EndpointSide, id: string): Promise<{ endpoint: Endpoint; config: EndpointConfig }> {
    const endpoint = await this.#store.getEndpoint(side, id, { projectId: null });
    const sealed = await this.#store.sealedSecret(side, id);
    if (!endpoint || sealed === null) throw new GutsError('not_found', `there is no ${side} ${id}`);
    const secret = this.#secrets.open(sealed, `${side}:${id}`);
    return { endpoint, config: { settings: endpoint.settings, secret } };
  }

  #noDriver(endpoint: Endpoint): GutsError {
    return new GutsError('configuration', `this worker has no ${endpoint.side} driver '${endpoint.driver}'`);
  }
}
