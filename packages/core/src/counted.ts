/** A number of things, for people. @param one what one of them is called; more of them end in an `s` */
export const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;
