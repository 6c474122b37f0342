#!/usr/bin/env node
import { main } from '../cli/client/main.js';

await main();
