/** Command lines that show how a command is used: for the end of its help (`addHelpText('after', …)`). */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
