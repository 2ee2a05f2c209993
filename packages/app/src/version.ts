/** This version, as services report it. */
export const VERSION = '0.1.0';
