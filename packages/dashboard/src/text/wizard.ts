export const wizardText = {} as const;
