#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { main } from '../cli/server/main.js';

// Buffers count as heap to V8, and next to a heap this small a transfer's buffers call for a full collection every few
// MiB. A heap that may grow fivefold before that takes less than half the CPU (docs/decisions/memory-of-transfers.md).
setFlagsFromString('--heap-growing-percent=400');

await main(async () => (await import('../app.js')).startApp);
