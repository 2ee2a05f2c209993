import { InvalidArgumentError } from 'commander';

/** Reads an option that is a whole number within bounds. @throws InvalidArgumentError */
export const wholeNumber =
  (least: number, most: number) =>
  (given: string): number => {
    const value = /^\d{1,15}$/.test(given) ? Number(given) : NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`A whole number from ${least} to ${most} is needed.`);
  };
