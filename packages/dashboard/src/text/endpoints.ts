export const endpointText = {} as const;
