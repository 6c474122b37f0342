#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

// What a transfer moves dies young, unless the young generation grows: then it waits, 64 KiB a buffer, for a collection of
// the old one (docs/decisions/client-memory.md). Before the program is loaded, which makes it grow already.
setFlagsFromString('--semi-space-growth-factor=1');

const { collectSpentBuffers } = await import('../cli/client/spent-buffers.js');
collectSpentBuffers();

const { main } = await import('../cli/client/main.js');
await main();
