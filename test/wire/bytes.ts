/** Bytes written out by hand: hexadecimal digits, and ASCII between quotes. */
export function bytes(notation: string): Buffer {
  const parts = notation.match(/"[^"]*"|[0-9a-f]+|\S/g) ?? [];
  return Buffer.concat(
    parts.map((part) => {
      if (part.startsWith('"')) return Buffer.from(part.slice(1, -1), 'latin1');
      const decoded = Buffer.from(part, 'hex');
      if (decoded.length * 2 !== part.length) throw new Error(`'${part}' in a notation of bytes`);
      return decoded;
    }),
  );
}

/** The packet as it goes over the wire: its uint32 length before it. */
export function packet(body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}
