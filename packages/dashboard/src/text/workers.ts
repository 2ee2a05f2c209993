export const workerText = {} as const;
