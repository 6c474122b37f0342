/** What the operating system said, in its words and without the path: `permission denied (EACCES)`. For operators only. */
export function systemWords(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const [, code, words] = /^([A-Z][A-Z0-9]+): ([^,]+)/.exec(thrown.message) ?? [];
  return code === undefined || words === undefined ? thrown.message : `${words} (${code})`;
}
