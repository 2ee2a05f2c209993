import { tellFailure } from './failure.ts';
import { createProgram } from './program.ts';

const json = process.argv.includes('--json');
try {
  await createProgram(json).parseAsync(process.argv);
} catch (error) {
  process.exitCode = tellFailure(error, json, { err: process.stderr, env: process.env });
}
