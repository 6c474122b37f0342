/** What sessions are called in the record: by connection, and by number where it has several. */
export class SessionNames {
  readonly #connections = new Map<string, { readonly client: string; sessions: number }>();

  add(connection: string, client: string): void {
    this.#connections.set(connection, { client, sessions: 0 });
  }

  remove(connection: string): void {
    this.#connections.delete(connection);
  }

  next(connection: string): { readonly session: string; readonly client: string } {
    const known = this.#connections.get(connection) ?? { client: '', sessions: 0 };
    return { session: `${connection}/${++known.sessions}`, client: known.client };
  }
}
