import { memoryStore } from '../../src/store/memory-store.js';
import { accountStoreContract, contractClock } from '../contract/account-store.js';
import { usageStoreContract } from '../contract/usage-store.js';

accountStoreContract('memoryStore', () => Promise.resolve(memoryStore(contractClock)));
usageStoreContract('memoryStore', () => Promise.resolve(memoryStore(contractClock)));
