export const inventoryText = {} as const;
