import { fromBytes, toBytes } from '../names.js';
import { extensions, type ExtensionFields } from './extensions.js';
import type { Pair } from './fields.js';
import { Reader } from './reader.js';
import { readFields, writeFields } from './row.js';
import { Writer } from './writer.js';

export type VendorId = ExtensionFields<'vendor-id'>;

const { request: fields } = extensions['vendor-id'];
/** What a `Writer` puts before the fields: the packet's length and type. */
const packetStart = 5;

/** What VERSION or INIT says about a program: the pair's value has the fields of the request. [PROTOCOL 4.15] */
export function vendorIdPair(vendorId: VendorId): Pair {
  const writer = new Writer(0);
  writeFields(fields, writer, vendorId);
  return ['vendor-id', fromBytes(writer.finish().subarray(packetStart))];
}

/**
 * What the value of a peer's pair says.
 * @throws Malformed
 */
export function readVendorId(value: Pair[1]): VendorId {
  return readFields(fields, new Reader(toBytes(value)));
}
